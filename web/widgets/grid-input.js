/**
 * Pointers on a grid: tap, press and hold, sideways steps. Up and down stay with the browser's own scrolling. A press that
 * slides away cancels; a mouse's second button holds.
 */

const HOLD_MS = 350;
const SLOP = 10;
const STEP = 44; // px sideways that make one step
const WHEEL_MS = 180;

/**
 * @param {HTMLElement} element
 * @param {{ onTap: (x: number, y: number, pointer: string) => void, onHold: (x: number, y: number) => void, onStep: (by: 1 | -1) => void, onHover?: (x: number, y: number) => void }} on places in px of the element's box
 * @returns {() => void} stops listening
 */
export function gridInput(element, { onTap, onHold, onStep, onHover }) {
  const listening = new AbortController();
  const { signal } = listening;
  let pointer = -1;
  let x0 = 0;
  let y0 = 0;
  let moved = false;
  let held = false;
  let stepped = 0;
  let timer = 0;
  let wheeled = 0;
  let sum = 0;

  /** @param {PointerEvent | MouseEvent} event @returns {[number, number]} */
  const place = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const stop = () => {
    clearTimeout(timer);
    pointer = -1;
  };

  element.style.touchAction = 'pan-y';
  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary || /** @type {Element} */ (event.target).closest('button')) return;
    pointer = event.pointerId;
    x0 = event.clientX;
    y0 = event.clientY;
    moved = held = false;
    stepped = 0;
    clearTimeout(timer);
    if (event.pointerType === 'mouse') return;
    const at = place(event);
    timer = setTimeout(() => {
      if (pointer === -1 || moved) return;
      stop();
      held = true;
      navigator.vibrate?.(12);
      onHold(...at);
    }, HOLD_MS);
  }, { signal });
  element.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) {
      if (event.pointerType === 'mouse' && event.buttons === 0) onHover?.(...place(event));
      return;
    }
    const dx = event.clientX - x0;
    const dy = event.clientY - y0;
    if (!moved && Math.hypot(dx, dy) > SLOP) {
      moved = true;
      clearTimeout(timer);
    }
    if (!moved || event.pointerType === 'mouse' || Math.abs(dx) < Math.abs(dy)) return;
    const steps = Math.trunc(-dx / STEP);
    while (stepped !== steps) {
      const by = steps > stepped ? 1 : -1;
      stepped += by;
      onStep(by);
    }
  }, { signal });
  element.addEventListener('pointerup', (event) => {
    if (event.pointerId === pointer) stop();
  }, { signal });
  // the click comes last: what a tap opens under the finger is not clicked by the same tap
  element.addEventListener('click', (event) => {
    if (moved || held || /** @type {Element} */ (event.target).closest('button')) return;
    onTap(...place(event), /** @type {PointerEvent} */ (event).pointerType);
  }, { signal });
  element.addEventListener('pointercancel', stop, { signal });
  element.addEventListener('contextmenu', (event) => {
    if (/** @type {Element} */ (event.target).closest('button')) return;
    event.preventDefault(); // on a touch screen it follows the hold, which has acted already
    if (/** @type {PointerEvent} */ (event).pointerType === 'mouse' || event.button === 2) onHold(...place(event));
  }, { signal });
  element.addEventListener('wheel', (event) => {
    if (Math.abs(event.deltaX) <= Math.abs(event.deltaY) && !event.shiftKey) return;
    event.preventDefault();
    if (event.timeStamp - wheeled > WHEEL_MS) sum = 0;
    wheeled = event.timeStamp;
    sum += event.deltaX || event.deltaY;
    while (Math.abs(sum) >= STEP) {
      const by = sum > 0 ? 1 : -1;
      sum -= by * STEP;
      onStep(by);
    }
  }, { signal, passive: false });

  return () => {
    stop();
    listening.abort();
  };
}
