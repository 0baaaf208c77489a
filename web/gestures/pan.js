/**
 * One finger drags. Ends with the speed it had, so that the thing dragged may glide on.
 *
 * @module gestures/pan
 */

import { NONE, slop, travelled } from './gesture.js';

/**
 * @import { Delta } from './deltas.js'
 * @import { Gesture, Point } from './gesture.js'
 */

const REST = 50; // ms without a move after which letting go has no speed
const MEMORY = 4; // places the speed is taken from

/**
 * @param {(zone: string) => boolean} here zones it works in
 * @returns {Gesture}
 */
export function pan(here) {
  let running = false;
  let x = 0;
  let y = 0;
  /** @type {{x: number, y: number, t: number}[]} */
  let trail = [];
  /** @type {Point | null} */
  let last = null;

  /** @param {Point} point */
  const remember = (point) => {
    trail.push({ x: point.x, y: point.y, t: point.t });
    if (trail.length > MEMORY) trail.shift();
    last = point;
  };
  /** @param {'start' | 'move' | 'end'} phase @param {Point} point @param {number} vx @param {number} vy @returns {Delta} */
  const delta = (phase, point, vx = 0, vy = 0) => {
    /** @type {Delta} */
    const made = { type: 'pan', phase, dx: point.x - x, dy: point.y - y, vx, vy, fromX: point.startX, fromY: point.startY, x: point.x, y: point.y,
      zone: point.zone, pointer: point.type };
    x = point.x;
    y = point.y;
    return made;
  };
  const forget = () => {
    running = false;
    trail = [];
    last = null;
  };

  return {
    name: 'pan',
    active: () => running,
    reset() {
      const ended = running && last ? [delta('end', last)] : NONE;
      forget();
      return ended;
    },
    down(points) {
      if (points.length !== 1 || !here(points[0].zone)) return NONE;
      forget();
      x = points[0].x;
      y = points[0].y;
      remember(points[0]);
      return NONE;
    },
    move(points) {
      if (points.length !== 1 || !here(points[0].zone)) return NONE;
      const point = points[0];
      if (last === null) { // one finger of a pinch is left: carry on from where it lies
        x = point.x;
        y = point.y;
        running = true;
        remember(point);
        return [delta('start', point)];
      }
      if (!running && travelled(point) < slop(point.type)) return NONE;
      remember(point);
      if (running) return [delta('move', point)];
      running = true;
      const swallowed = slop(point.type) / travelled(point); // the slop alone, so nothing jumps and nothing is lost
      x = point.startX + (point.x - point.startX) * swallowed;
      y = point.startY + (point.y - point.startY) * swallowed;
      return [delta('start', point)];
    },
    up(points, lifted) {
      if (!running || points.length > 0) return NONE;
      const first = trail[0];
      const latest = trail[trail.length - 1];
      const span = latest.t - first.t;
      const resting = lifted.t - latest.t > REST || span <= 0;
      const end = delta('end', lifted, resting ? 0 : (latest.x - first.x) / span, resting ? 0 : (latest.y - first.y) / span);
      forget();
      return [end];
    },
  };
}
