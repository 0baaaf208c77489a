/**
 * Two fingers stretch. Each direction scales by the fingers' own distance in it, so spreading sideways leaves the height alone.
 *
 * @module gestures/pinch
 */

import { NONE } from './gesture.js';

/**
 * @import { PinchDelta } from './deltas.js'
 * @import { Gesture, Point } from './gesture.js'
 */

const APART = 40; // px the fingers must lie apart in a direction before that direction scales
const START = 6; // px of change before it begins

/** @returns {Gesture} */
export function pinch() {
  let running = false;
  let ready = false;
  let [wide, high, x, y] = [0, 0, 0, 0];
  /** @type {PinchDelta | null} */
  let last = null;

  /** @param {Point[]} points @returns {[number, number, number, number]} */
  const measure = ([a, b]) => [Math.abs(a.x - b.x), Math.abs(a.y - b.y), (a.x + b.x) / 2, (a.y + b.y) / 2];
  /** @param {number} now @param {number} before */
  const ratio = (now, before) => (now < APART || before < APART ? 1 : now / before);
  const end = () => {
    /** @type {PinchDelta[]} */
    const ended = running && last ? [{ ...last, phase: 'end', sx: 1, sy: 1, dx: 0, dy: 0 }] : [];
    running = false;
    ready = false;
    last = null;
    return ended;
  };

  return {
    name: 'pinch',
    takesOver: ['pan', 'axisdrag', 'longpress'],
    active: () => running,
    reset: end,
    down(points) {
      if (points.length !== 2) return end();
      [wide, high, x, y] = measure(points);
      ready = true;
      return NONE;
    },
    move(points) {
      if (!ready || points.length !== 2) return NONE;
      const [w, h, mx, my] = measure(points);
      if (!running && Math.abs(w - wide) + Math.abs(h - high) + Math.abs(mx - x) + Math.abs(my - y) < START) return NONE;
      /** @type {PinchDelta} */
      const delta = {
        type: 'pinch', phase: running ? 'move' : 'start', sx: ratio(w, wide), sy: ratio(h, high), dx: mx - x, dy: my - y,
        x: mx, y: my, zone: points[0].zone, pointer: points[0].type,
      };
      [wide, high, x, y] = [w, h, mx, my];
      running = true;
      last = delta;
      return [delta];
    },
    up: end,
  };
}
