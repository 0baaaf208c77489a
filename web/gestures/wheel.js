/**
 * The wheel, and the trackpad's pinch, which browsers send as a wheel with Ctrl held.
 *
 * @module gestures/wheel
 */

/**
 * @import { WheelDelta } from './deltas.js'
 */

const LINE = 16; // px of a line, for browsers that count in lines
const PAGE = 400; // px of a page
const NOTCH = 480; // px of wheel that double the scale
const PINCH = 70; // px of trackpad pinch that double it: its steps are far smaller
const MOST = 240; // px one event may count for

/**
 * Up and down scale (`scale` above 1 = closer), sideways and Shift move.
 * @param {{deltaX: number, deltaY: number, deltaMode: number, ctrlKey: boolean, shiftKey: boolean}} event
 * @param {{x: number, y: number, zone: string}} at
 * @returns {WheelDelta}
 */
export function wheel(event, at) {
  const unit = event.deltaMode === 1 ? LINE : event.deltaMode === 2 ? PAGE : 1;
  const limit = (/** @type {number} */ px) => Math.max(-MOST, Math.min(MOST, px * unit));
  const [dx, dy] = [limit(event.deltaX), limit(event.deltaY)];
  /** @type {WheelDelta} */
  const delta = { type: 'wheel', dx: 0, dy: 0, scale: 1, ...at, pointer: 'mouse' };
  if (event.ctrlKey) delta.scale = 2 ** (-dy / PINCH);
  else if (event.shiftKey) delta.dx = -(dx || dy);
  else if (Math.abs(dx) > Math.abs(dy)) delta.dx = -dx;
  else delta.scale = 2 ** (-dy / NOTCH);
  return delta;
}
