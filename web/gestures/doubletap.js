/**
 * Two taps in one place, soon after each other. The first has already fired as a tap.
 *
 * @module gestures/doubletap
 */

import { NONE } from './gesture.js';
import { isTap } from './tap.js';

/**
 * @import { Gesture, Point } from './gesture.js'
 */

const SOON = 400; // ms between the two
const NEAR = 30; // px between the two

/** @returns {Gesture} */
export function doubletap() {
  let possible = false;
  /** @type {Point | null} */
  let first = null;

  return {
    name: 'doubletap',
    active: () => false,
    reset() {
      possible = false;
      first = null;
      return NONE;
    },
    down(points) {
      possible = points.length === 1;
      if (!possible) first = null;
      return NONE;
    },
    up(points, lifted) {
      if (!possible || points.length > 0 || !isTap(lifted)) {
        first = null;
        return NONE;
      }
      possible = false;
      const second = first !== null && first.zone === lifted.zone && lifted.t - first.t < SOON && Math.hypot(lifted.x - first.x, lifted.y - first.y) < NEAR;
      first = second ? null : { ...lifted };
      return second ? [{ type: 'doubletap', x: lifted.x, y: lifted.y, zone: lifted.zone, pointer: lifted.type }] : NONE;
    },
  };
}
