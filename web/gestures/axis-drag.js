/**
 * A drag along an axis scales that axis alone: away from the middle stretches, towards it squeezes.
 *
 * @module gestures/axis-drag
 */

import { NONE, slop, travelled } from './gesture.js';

/**
 * @import { Delta } from './deltas.js'
 * @import { Gesture, Point } from './gesture.js'
 */

const DOUBLE = 160; // px of drag that double the scale

/**
 * @param {Record<string, 'x' | 'y'>} axes the direction each zone scales in
 * @returns {Gesture}
 */
export function axisDrag(axes) {
  let running = false;
  let at = 0;
  /** @type {Point | null} */
  let last = null;

  /** @param {'start' | 'move' | 'end'} phase @param {Point} point @returns {Delta} */
  const delta = (phase, point) => {
    const along = axes[point.zone] === 'x';
    const now = along ? point.x : point.y;
    const scale = 2 ** ((at - now) / DOUBLE); // up and to the left stretch
    at = now;
    last = point;
    return { type: 'axisdrag', phase, sx: along ? scale : 1, sy: along ? 1 : scale, x: point.x, y: point.y, zone: point.zone, pointer: point.type };
  };
  const end = () => {
    const ended = running && last ? [delta('end', last)] : NONE;
    running = false;
    last = null;
    return ended;
  };

  return {
    name: 'axisdrag',
    active: () => running,
    reset: end,
    move(points) {
      const [point] = points;
      if (points.length !== 1 || axes[point.zone] === undefined) return NONE;
      if (running) return [delta('move', point)];
      if (travelled(point) < slop(point.type)) return NONE;
      running = true;
      at = axes[point.zone] === 'x' ? point.x : point.y;
      return [delta('start', point)];
    },
    up: end,
  };
}
