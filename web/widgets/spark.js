/** A small line of recent prices. It carries no words: the figures beside it do. */

import { s, setAttr, setClass } from './dom.js';

const WIDTH = 48;
const HEIGHT = 24;

/** @param {string} [cls] */
export function spark(cls = '') {
  const path = s('path', { class: 'spark-line', 'vector-effect': 'non-scaling-stroke' });
  const el = s('svg', { class: `spark ${cls}`.trim(), viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, path);
  return {
    el,
    /** @param {readonly number[] | undefined} values oldest first @param {string} tone up, down or '' */
    set(values, tone) {
      setClass(el, `spark ${cls} ${tone}`.trim());
      setAttr(path, 'd', values && values.length > 1 ? line(values, WIDTH, HEIGHT, 2) : 'M0 0');
    },
  };
}

/**
 * The path of a line through values spread evenly.
 * @param {readonly number[]} values
 * @param {number} width
 * @param {number} height
 * @param {number} pad
 */
export function line(values, width, height, pad) {
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const step = width / (values.length - 1);
  return values.map((value, i) => `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${(pad + (height - 2 * pad) * (1 - (value - low) / range)).toFixed(1)}`).join('');
}

/** A curve with its zero line and the area under it, for the day's profit. */
export function curve() {
  const zero = s('line', { class: 'curve-zero', x1: 0, x2: 100, 'vector-effect': 'non-scaling-stroke' });
  const area = s('path', { class: 'curve-area' });
  const path = s('path', { class: 'curve-line', 'vector-effect': 'non-scaling-stroke' });
  const el = s('svg', { class: 'curve', viewBox: '0 0 100 40', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, area, zero, path);
  return {
    el,
    /** @param {readonly [number, number][]} points time and value, oldest first */
    set(points) {
      const values = points.map(([, value]) => value);
      el.classList.toggle('blank', values.length < 2);
      if (values.length < 2) return;
      const low = Math.min(0, ...values);
      const high = Math.max(0, ...values);
      const range = high - low || 1;
      const y = (/** @type {number} */ value) => 38 - ((value - low) / range) * 36;
      const first = /** @type {[number, number]} */ (points[0])[0];
      const span = /** @type {[number, number]} */ (points[points.length - 1])[0] - first || 1;
      const d = points.map(([time, value], i) => `${i === 0 ? 'M' : 'L'}${(((time - first) / span) * 100).toFixed(2)} ${y(value).toFixed(2)}`).join('');
      setAttr(path, 'd', d);
      setAttr(area, 'd', `${d}L100 ${y(0).toFixed(2)}L0 ${y(0).toFixed(2)}Z`);
      setAttr(zero, 'y1', y(0).toFixed(2));
      setAttr(zero, 'y2', y(0).toFixed(2));
      const last = values[values.length - 1] ?? 0;
      setClass(el, `curve ${last > 0 ? 'up' : last < 0 ? 'down' : ''}`.trim());
    },
  };
}
