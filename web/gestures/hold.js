/**
 * Press and hold on a button until it acts: the kill switch and nothing lighter. Pointer, Space and Enter alike.
 *
 * Letting go early, leaving the button or losing focus gives it up; it acts once, while still held, when the time is full.
 *
 * @module gestures/hold
 */

/**
 * @typedef {object} HoldOptions
 * @property {number} [ms] how long to hold; default 1000
 * @property {(share: number) => void} [onProgress] 0..1, once a frame while held, and 0 when it is given up
 * @property {() => void} onDone
 * @property {() => void} [onCancel]
 */

/**
 * @param {HTMLElement} element the button
 * @param {HoldOptions} options
 * @returns {() => void} stops listening
 */
export function hold(element, { ms = 1000, onProgress, onDone, onCancel }) {
  const listening = new AbortController();
  const { signal } = listening;
  let since = -1;
  let frame = 0;

  /** @param {number} now */
  const step = (now) => {
    if (since === 0) since = now;
    const share = Math.min(1, (now - since) / ms);
    onProgress?.(share);
    if (share < 1) {
      frame = requestAnimationFrame(step);
      return;
    }
    since = -1;
    onDone();
  };
  const start = () => {
    if (since >= 0) return;
    since = 0; // the first frame sets the true start, so a slow frame never shortens the hold
    frame = requestAnimationFrame(step);
  };
  const stop = () => {
    if (since < 0) return;
    since = -1;
    cancelAnimationFrame(frame);
    onProgress?.(0);
    onCancel?.();
  };

  element.style.touchAction = 'none';
  element.addEventListener('pointerdown', (event) => {
    if (event.button === 0 && event.isPrimary) start();
  }, { signal });
  for (const name of ['pointerup', 'pointerleave', 'pointercancel', 'blur']) element.addEventListener(name, stop, { signal });
  element.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (!event.repeat) start();
  }, { signal });
  element.addEventListener('keyup', (event) => {
    if (event.key === ' ' || event.key === 'Enter') stop();
  }, { signal });
  element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });

  return () => {
    stop();
    listening.abort();
  };
}
