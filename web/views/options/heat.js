/**
 * The volatility surface as a table whose ground grows darker with the figure: each cell carries its number, so that nothing
 * hangs on colour.
 */

import { day } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, number } from '../../format/numbers.js';
import { fill, h } from '../../widgets/dom.js';

const STEPS = 6;
/** Columns of figures that fit: one takes about this much, CSS px, and the heads of the rows twice that. */
const EACH = 46;

/** @param {string} label */
export function heatTable(label) {
  const box = h('div', { class: 'heat-box', tabindex: '0', role: 'region', 'aria-label': t('plot.tableOf', { name: label }) });
  const note = h('p', { class: 'plot-note' });
  const el = h('div', { class: 'heat' }, box, note);
  return {
    el,
    /** @param {import('../../format/wire.js').Surface} surface */
    set({ moneyness, expiries, days, iv }) {
      const fit = Math.max(5, Math.floor((box.clientWidth || 330) / EACH) - 2);
      const every = Math.max(1, Math.ceil(moneyness.length / fit));
      const middle = moneyness.reduce((best, one, i) => (Math.abs(one - 1) < Math.abs(/** @type {number} */ (moneyness[best]) - 1) ? i : best), 0);
      const columns = moneyness.map((_, i) => i).filter((i) => (i - middle) % every === 0);
      const all = iv.flat().filter((value) => value !== null);
      const low = Math.min(...all);
      const high = Math.max(...all);
      /** @param {number | null | undefined} value */
      const cell = (value) => {
        if (value === null || value === undefined) return h('td', null, DASH);
        const step = high > low ? Math.min(STEPS - 1, Math.floor(((value - low) / (high - low)) * STEPS)) : 0;
        return h('td', { class: `heat-${step}` }, number(value * 100, 1));
      };
      fill(box, h('table', { class: 'heat-table' },
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, t('chain.expiry')), columns.map((i) => h('th', { scope: 'col', class: i === middle ? 'accent' : '' }, number(/** @type {number} */ (moneyness[i]) * 100, 0))))),
        h('tbody', null, expiries.map((date, r) => h('tr', null, h('th', { scope: 'row' }, day(date), h('small', null, days[r] == null ? '' : ` ${t('age.days', { n: number(days[r], 0) })}`)), columns.map((i) => cell(iv[r]?.[i])))))));
      note.textContent = t('vol.surfaceNote', { low: number(low * 100, 1), high: number(high * 100, 1) });
    },
  };
}
