/**
 * What a gesture is: a small machine that sees pointers and gives deltas. It knows no chart and no other gesture.
 *
 * @module gestures/gesture
 */

/**
 * @import { Delta } from './deltas.js'
 */

/**
 * A pointer that is down. Places are CSS px relative to the element, times are event time stamps in ms.
 * @typedef {object} Point
 * @property {number} id
 * @property {number} x
 * @property {number} y
 * @property {number} startX
 * @property {number} startY
 * @property {number} startT
 * @property {number} t
 * @property {string} type mouse, touch or pen
 * @property {string} zone where it went down
 */

/**
 * @typedef {object} Gesture
 * @property {string} name
 * @property {string[]} [takesOver] gestures it may end while they run
 * @property {number} [wait] ms after the first finger at which `timeout` is called, if it still lies there
 * @property {() => boolean} active it has begun and the others must keep still
 * @property {() => Delta[]} reset forget everything; an `end` delta if it was running
 * @property {(points: Point[]) => Delta[]} [down] a finger was added; it is the last
 * @property {(points: Point[]) => Delta[]} [move]
 * @property {(points: Point[], lifted: Point) => Delta[]} [up] a finger was lifted, `points` are those left
 * @property {(points: Point[]) => Delta[]} [timeout]
 */

/** No deltas, shared so that a quiet frame makes no garbage. */
export const NONE = /** @type {Delta[]} */ ([]);

/** Px a finger may wander and still be a tap; a mouse hardly wanders. */
export const slop = (/** @type {string} */ pointer) => (pointer === 'mouse' ? 3 : 8);

/**
 * How far a pointer is from where it went down.
 * @param {Point} point
 */
export const travelled = (point) => Math.hypot(point.x - point.startX, point.y - point.startY);
