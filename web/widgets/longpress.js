/** Press and hold a row: 350 ms without moving, with a short buzz where the device has one. The click after it is dropped. */

const HOLD_MS = 350;
const SLOP = 10;

/**
 * @param {HTMLElement} element
 * @param {() => void} onHold
 */
export function longPress(element, onHold) {
  let timer = 0;
  let x = 0;
  let y = 0;
  let held = false;
  const stop = () => clearTimeout(timer);
  element.addEventListener('pointerdown', (event) => {
    held = false;
    if (event.button !== 0 || event.pointerType === 'mouse') return;
    x = event.clientX;
    y = event.clientY;
    stop();
    timer = setTimeout(() => {
      held = true;
      navigator.vibrate?.(12);
      onHold();
    }, HOLD_MS);
  });
  element.addEventListener('pointermove', (event) => {
    if (Math.hypot(event.clientX - x, event.clientY - y) > SLOP) stop();
  });
  for (const name of ['pointerup', 'pointercancel', 'pointerleave']) element.addEventListener(name, stop);
  element.addEventListener('contextmenu', (event) => {
    if (held) event.preventDefault();
  });
  element.addEventListener('click', (event) => {
    if (!held) return;
    held = false;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
}
