/**
 * Keeps the pointers, asks each gesture in turn, lets one run at a time and hands its deltas on.
 *
 * @module gestures/manager
 */

import { axisDrag } from './axis-drag.js';
import { doubletap } from './doubletap.js';
import { longpress } from './longpress.js';
import { pan } from './pan.js';
import { pinch } from './pinch.js';
import { tap } from './tap.js';
import { wheel } from './wheel.js';

/**
 * @import { Delta } from './deltas.js'
 * @import { Gesture, Point } from './gesture.js'
 */

/**
 * @typedef {object} ManageOptions
 * @property {(x: number, y: number) => string} zoneAt names the part of the element at a place
 * @property {Record<string, 'x' | 'y'>} axes zones whose drag scales along one direction
 * @property {(delta: Delta) => void} onDelta gets each step
 */

/**
 * @param {HTMLElement} element
 * @param {ManageOptions} options
 * @returns {{reset: () => void, destroy: () => void}}
 */
export function manageGestures(element, { zoneAt, axes, onDelta }) {
  const free = (/** @type {string} */ zone) => axes[zone] === undefined;
  const gestures = [pinch(), longpress(free), axisDrag(axes), pan(free), doubletap(), tap()];
  const listening = new AbortController();
  const { signal } = listening;
  /** @type {Point[]} */
  let points = [];
  /** @type {Gesture | null} */
  let current = null;
  let timer = 0;
  let box = element.getBoundingClientRect();

  /** @param {Delta[]} deltas */
  const give = (deltas) => {
    for (const delta of deltas) onDelta(delta);
  };
  /** @param {(gesture: Gesture) => Delta[] | undefined} ask */
  const each = (ask) => {
    for (const gesture of gestures) {
      if (current !== null && current !== gesture && !gesture.takesOver?.includes(current.name)) continue;
      const deltas = ask(gesture) ?? [];
      if (gesture.active() && current !== gesture) {
        for (const other of gestures) if (other !== gesture) give(other.reset());
        current = gesture;
      }
      give(deltas);
      if (current === gesture && !gesture.active()) current = null;
    }
  };
  const stopTimer = () => {
    clearTimeout(timer);
    timer = 0;
  };
  const reset = () => {
    stopTimer();
    points = [];
    current = null;
    for (const gesture of gestures) give(gesture.reset());
  };
  /** @param {PointerEvent} event */
  const down = (event) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    if (event.isPrimary && points.length > 0) reset(); // an up was lost, as on a native dialogue
    box = element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const at = { startX: x, startY: y, startT: event.timeStamp };
    points.push({ id: event.pointerId, x, y, ...at, t: event.timeStamp, type: event.pointerType, zone: zoneAt(x, y) });
    element.setPointerCapture(event.pointerId);
    stopTimer();
    if (points.length === 1) {
      for (const gesture of gestures) {
        if (gesture.wait !== undefined) timer = window.setTimeout(() => each((g) => g.timeout?.(points)), gesture.wait);
      }
    }
    each((gesture) => gesture.down?.(points));
  };
  /** @param {PointerEvent} event */
  const move = (event) => {
    const point = points.find((p) => p.id === event.pointerId);
    if (point === undefined) {
      if (event.pointerType === 'mouse' && points.length === 0) hover(event, true);
      return;
    }
    point.x = event.clientX - box.left;
    point.y = event.clientY - box.top;
    point.t = event.timeStamp;
    each((gesture) => gesture.move?.(points));
  };
  /** @param {PointerEvent} event */
  const up = (event) => {
    const lifted = points.find((p) => p.id === event.pointerId);
    if (lifted === undefined) return;
    stopTimer();
    points = points.filter((p) => p !== lifted);
    lifted.t = event.timeStamp;
    each((gesture) => gesture.up?.(points, lifted));
  };
  /** @param {PointerEvent} event @param {boolean} inside */
  const hover = (event, inside) => {
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    onDelta({ type: 'hover', x, y, inside, zone: zoneAt(x, y), pointer: event.pointerType });
  };

  element.style.touchAction = 'none';
  element.addEventListener('pointerdown', down, { signal });
  element.addEventListener('pointermove', move, { signal });
  element.addEventListener('pointerup', up, { signal });
  element.addEventListener('pointercancel', reset, { signal });
  element.addEventListener('pointerenter', () => { box = element.getBoundingClientRect(); }, { signal });
  element.addEventListener('pointerleave', (event) => {
    if (event.pointerType === 'mouse' && points.length === 0) hover(event, false);
  }, { signal });
  element.addEventListener('wheel', (event) => {
    event.preventDefault();
    box = element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    onDelta(wheel(event, { x, y, zone: zoneAt(x, y) }));
  }, { signal, passive: false });
  element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });

  return {
    reset,
    destroy() {
      reset();
      listening.abort();
    },
  };
}
