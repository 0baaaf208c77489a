/** A line over time with its zero, its last value and its times: premium or profit of a strategy through its days. */

import { day, hourMinute, isoDay } from '../../format/dates.js';
import { h, s, setAttr, setText } from '../../widgets/dom.js';

const WIDTH = 100;
const HEIGHT = 40;

/**
 * Points as an SVG path over their order: closed hours take no room. Missing values break the line.
 * @param {readonly (number | null)[]} values
 * @param {number} low
 * @param {number} high
 */
export function trendPath(values, low, high) {
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  let pen = false;
  let path = '';
  values.forEach((value, i) => {
    if (value === null || !Number.isFinite(value)) {
      pen = false;
      return;
    }
    const y = HEIGHT - ((value - low) / (high - low || 1)) * HEIGHT;
    path += `${pen ? 'L' : 'M'}${(i * step).toFixed(2)} ${y.toFixed(2)}`;
    pen = true;
  });
  return path;
}

/** @param {{ label: string, text: (value: number) => string, zero?: boolean, empty: string }} spec zero: whether nothing gained is in view */
export function createTrend({ label, text, zero = false, empty }) {
  const path = s('path', { class: 'trend-line', 'vector-effect': 'non-scaling-stroke' });
  const ground = s('line', { class: 'trend-zero', x1: 0, x2: WIDTH, 'vector-effect': 'non-scaling-stroke' });
  const svg = s('svg', { class: 'trend-plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ground, path);
  const [top, bottom, from, to] = ['trend-high', 'trend-low', 'trend-from', 'trend-to'].map((cls) => h('span', { class: cls }));
  const said = h('p', { class: 'muted trend-said' }, empty);
  const el = h('figure', { class: 'trend', role: 'img', 'aria-label': label }, h('figcaption', { class: 'field-label' }, label), h('div', { class: 'trend-box' }, svg, top ?? null, bottom ?? null, said), h('div', { class: 'trend-times' }, from ?? null, to ?? null));
  return {
    el,
    /** @param {readonly number[]} t moments, ms @param {readonly (number | null)[]} values */
    set(t, values) {
      const known = values.filter((value) => value !== null && Number.isFinite(value)).map(Number);
      const some = known.length > 1;
      said.hidden = some;
      setAttr(svg, 'visibility', some ? null : 'hidden');
      for (const one of [top, bottom, from, to]) if (one) one.hidden = !some;
      if (!some) return;
      let [low, high] = [Math.min(...known), Math.max(...known)];
      if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
      if (high === low) [low, high] = [low - 1, high + 1];
      setAttr(path, 'd', trendPath(values, low, high));
      const y = HEIGHT - ((0 - low) / (high - low)) * HEIGHT;
      setAttr(ground, 'y1', y.toFixed(2));
      setAttr(ground, 'y2', y.toFixed(2));
      setAttr(ground, 'visibility', low <= 0 && high >= 0 ? null : 'hidden');
      const [first, last] = [t[0] ?? 0, t[t.length - 1] ?? 0];
      const same = isoDay(first) === isoDay(last);
      if (top) setText(top, text(high));
      if (bottom) setText(bottom, text(low));
      if (from) setText(from, same ? hourMinute(first) : day(first));
      if (to) setText(to, same ? hourMinute(last) : day(last));
      setAttr(el, 'aria-label', `${label}: ${text(known[known.length - 1] ?? 0)}`);
    },
  };
}
