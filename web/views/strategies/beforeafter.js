/** Two expiry profiles over one axis: what is held dashed, what it would become whole and filled. */

import { t } from '../../format/i18n.js';
import { compactRupees, number } from '../../format/numbers.js';
import { h, s, setAttr, setText } from '../../widgets/dom.js';

/** @typedef {import('../../format/strategies.js').PayoffLite} PayoffLite */

const WIDTH = 200;
const HEIGHT = 80;

export function createBeforeAfter() {
  const [up, down, zero, before, after] = ['both-up', 'both-down', 'both-zero', 'both-before', 'both-after'].map((cls) => s('path', { class: cls, 'vector-effect': 'non-scaling-stroke' }));
  const svg = s('svg', { class: 'both-plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, [up, down, zero, before, after].filter((one) => one !== undefined));
  const [high, low, from, to] = ['trend-high', 'trend-low', 'trend-from', 'trend-to'].map((cls) => h('span', { class: cls }));
  const el = h('figure', { class: 'both', role: 'img', 'aria-label': t('adjust.chart') }, h('figcaption', { class: 'build-legend' }, h('span', { class: 'legend-key is-before' }, t('adjust.before')), h('span', { class: 'legend-key is-after' }, t('adjust.after'))), h('div', { class: 'trend-box' }, svg, high ?? null, low ?? null), h('div', { class: 'trend-times' }, from ?? null, to ?? null));
  return {
    el,
    /** @param {PayoffLite | null} was @param {PayoffLite | null} is */
    set(was, is) {
      el.hidden = was === null || is === null;
      if (was === null || is === null || is.spots.length < 2) return;
      const all = [...was.expiry, ...is.expiry, 0];
      const [least, most] = [Math.min(...all), Math.max(...all)];
      const pad = (most - least || 1) * 0.08;
      const y = (/** @type {number} */ value) => HEIGHT - ((value - least + pad) / (most - least + 2 * pad)) * HEIGHT;
      const x = (/** @type {number} */ i) => (i / (is.spots.length - 1)) * WIDTH;
      const trace = (/** @type {number[]} */ values) => values.map((value, i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join('');
      const shut = `L${WIDTH} ${y(0).toFixed(1)}L0 ${y(0).toFixed(1)}Z`;
      const set = (/** @type {SVGPathElement | undefined} */ path, /** @type {string} */ d) => path && setAttr(path, 'd', d);
      set(up, trace(is.expiry.map((value) => Math.max(0, value))) + shut);
      set(down, trace(is.expiry.map((value) => Math.min(0, value))) + shut);
      set(zero, `M0 ${y(0).toFixed(1)}H${WIDTH}`);
      set(before, trace(was.expiry));
      set(after, trace(is.expiry));
      if (high) setText(high, compactRupees(Math.round(most)));
      if (low) setText(low, compactRupees(Math.round(least)));
      if (from) setText(from, number(is.spots[0], 0));
      if (to) setText(to, number(is.spots[is.spots.length - 1], 0));
    },
  };
}
