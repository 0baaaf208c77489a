/**
 * Swipe a list row sideways. A full swipe arms a side; it never acts by itself, the caller asks for a tap after it.
 *
 * Up and down stay with the page (`touch-action: pan-y`). A mouse drags rows as well; keys are the caller's (E and T).
 *
 * @module gestures/swipe
 */

/**
 * @typedef {object} SwipeOptions
 * @property {(dx: number, armed: 'left' | 'right' | '') => void} onMove px the row is off its place, and the side it would arm
 * @property {(side: 'left' | 'right') => void} onArm let go beyond the threshold: left = exit, right = stop and target
 * @property {() => void} onCancel let go before it, or the browser took the pointer
 * @property {number} [threshold] share of the row's width that arms; default 0.35, at least 72 px
 * @property {('left' | 'right')[]} [sides] sides that exist; default both
 */

const SLOP = 10; // px before a press becomes a swipe, so that a tap keeps being one

/**
 * @param {HTMLElement} element the row
 * @param {SwipeOptions} options
 * @returns {() => void} stops listening
 */
export function swipe(element, { onMove, onArm, onCancel, threshold = 0.35, sides = ['left', 'right'] }) {
  const listening = new AbortController();
  const { signal } = listening;
  let pointer = -1;
  let x0 = 0;
  let y0 = 0;
  let dx = 0;
  let moving = false;

  const needed = () => Math.max(72, element.clientWidth * threshold);
  const side = () => (Math.abs(dx) < needed() ? '' : dx < 0 ? 'left' : 'right');
  /** @param {boolean} armed whether letting go here may arm */
  const finish = (armed) => {
    const was = moving;
    const which = side();
    pointer = -1;
    moving = false;
    if (!was) return;
    swallowClick(element);
    if (armed && which !== '') onArm(which);
    else onCancel();
  };

  element.style.touchAction = 'pan-y';
  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || pointer !== -1) return;
    pointer = event.pointerId;
    x0 = event.clientX;
    y0 = event.clientY;
    dx = 0;
  }, { signal });
  element.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    dx = event.clientX - x0;
    if (dx < 0 && !sides.includes('left')) dx = 0;
    if (dx > 0 && !sides.includes('right')) dx = 0;
    if (!moving) {
      const dy = Math.abs(event.clientY - y0);
      if (dy > SLOP && dy > Math.abs(dx)) pointer = -1; // the page scrolls
      if (Math.abs(dx) < SLOP || Math.abs(dx) < dy) return;
      moving = true;
      element.setPointerCapture(event.pointerId);
    }
    onMove(dx, side());
  }, { signal });
  element.addEventListener('pointerup', (event) => {
    if (event.pointerId === pointer) finish(true);
  }, { signal });
  element.addEventListener('pointercancel', (event) => {
    if (event.pointerId === pointer) finish(false);
  }, { signal });

  return () => {
    finish(false);
    listening.abort();
  };
}

/**
 * The click that follows a swipe must not open the row.
 * @param {HTMLElement} element
 */
function swallowClick(element) {
  const stop = (/** @type {Event} */ event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  element.addEventListener('click', stop, { capture: true, once: true });
  setTimeout(() => element.removeEventListener('click', stop, { capture: true }), 50);
}
