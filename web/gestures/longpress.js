/**
 * A finger that lies still for a while, then drags something relative to where it lies, so that it does not cover it.
 *
 * @module gestures/longpress
 */

import { NONE, slop, travelled } from './gesture.js';

/**
 * @import { Delta } from './deltas.js'
 * @import { Gesture, Point } from './gesture.js'
 */

export const LONG_PRESS = 350; // ms

/**
 * @param {(zone: string) => boolean} here
 * @returns {Gesture}
 */
export function longpress(here) {
  let running = false;
  let waiting = false;
  let x = 0;
  let y = 0;
  /** @type {Point | null} */
  let last = null;

  /** @param {'start' | 'move' | 'end'} phase @param {Point} point @returns {Delta} */
  const delta = (phase, point) => {
    /** @type {Delta} */
    const made = { type: 'longpress', phase, dx: point.x - x, dy: point.y - y, x: point.x, y: point.y, zone: point.zone, pointer: point.type };
    x = point.x;
    y = point.y;
    last = point;
    return made;
  };
  const end = () => {
    const ended = running && last ? [delta('end', last)] : NONE;
    running = false;
    waiting = false;
    last = null;
    return ended;
  };

  return {
    name: 'longpress',
    wait: LONG_PRESS,
    active: () => running,
    reset: end,
    down(points) {
      waiting = points.length === 1 && points[0].type !== 'mouse' && here(points[0].zone);
      return NONE;
    },
    move(points) {
      if (running) return [delta('move', points[0])];
      if (waiting && travelled(points[0]) > slop(points[0].type)) waiting = false;
      return NONE;
    },
    up: end,
    timeout(points) {
      if (!waiting || points.length !== 1) return NONE;
      waiting = false;
      running = true;
      x = points[0].x;
      y = points[0].y;
      return [delta('start', points[0])];
    },
  };
}
