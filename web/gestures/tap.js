/**
 * A short touch that stays where it is. Fires when the finger lifts; sliding away cancels it.
 *
 * @module gestures/tap
 */

import { LONG_PRESS } from './longpress.js';
import { NONE, slop, travelled } from './gesture.js';

/**
 * @import { Gesture, Point } from './gesture.js'
 */

/**
 * Whether this lifted pointer was a tap.
 * @param {Point} lifted
 */
export const isTap = (lifted) => lifted.t - lifted.startT < LONG_PRESS && travelled(lifted) <= slop(lifted.type);

/** @returns {Gesture} */
export function tap() {
  let possible = false;
  const reset = () => {
    possible = false;
    return NONE;
  };
  return {
    name: 'tap',
    active: () => false,
    reset,
    down(points) {
      possible = points.length === 1;
      return NONE;
    },
    up(points, lifted) {
      const fires = possible && points.length === 0 && isTap(lifted);
      possible = false;
      return fires ? [{ type: 'tap', x: lifted.x, y: lifted.y, zone: lifted.zone, pointer: lifted.type }] : NONE;
    },
  };
}
