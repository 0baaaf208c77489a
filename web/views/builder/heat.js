/** Profit by spot and date as a table that is also a heat map: the figure says it, its sign says it, the tint only helps. */

import { day } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { number, percent, profit } from '../../format/numbers.js';
import { fill, h } from '../../widgets/dom.js';

/** @typedef {import('../../payoff/model/book.js').Book} Book */

const ROWS = 15;
const COLUMNS = 7;
const FULL = 0.34; // share of colour in the strongest cell: words stay readable on it

/**
 * Spots and moments of the table.
 * @param {Book} book
 * @param {{ from: number, to: number }} range
 * @param {readonly { date: string, years: number }[]} days
 */
export function heatGrid(book, range, days) {
  const step = roundStep((range.to - range.from) / (ROWS + 1));
  const middle = Math.round(book.setting.spot / step) * step;
  const spots = Array.from({ length: ROWS }, (_, i) => middle + (Math.floor(ROWS / 2) - i) * step).filter((spot) => spot > 0);
  const last = days.length - 1;
  const picked = [...new Set(Array.from({ length: Math.min(COLUMNS, days.length) }, (_, i, { length } = { length: Math.min(COLUMNS, days.length) }) => (length === 1 ? last : Math.round((i * last) / (length - 1)))))];
  return { spots, columns: picked.map((i) => /** @type {{ date: string, years: number }} */ (days[i])) };
}

/** A round step of 1, 2, 2.5 or 5. @param {number} rough */
export function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-6)));
  for (const factor of [1, 2, 2.5, 5]) if (factor * power >= rough) return factor * power;
  return 10 * power;
}

/** @param {{ onPick: (spot: number, column: number, years: number) => void }} on */
export function createHeat({ onPick }) {
  const body = h('div', { class: 'profits-box', tabindex: '0', role: 'region', 'aria-label': t('builder.table') });
  return {
    el: body,
    /**
     * @param {Book | null} book
     * @param {{ from: number, to: number }} range
     * @param {readonly { date: string, years: number }[]} days
     * @param {number} shift of volatility
     */
    set(book, range, days, shift) {
      if (book === null || book.legs.length === 0 || days.length === 0) {
        fill(body, h('p', { class: 'muted' }, t('payoff.empty')));
        return;
      }
      const { spots, columns } = heatGrid(book, range, days);
      const values = spots.map((spot) => columns.map((one) => book.profit(spot, Math.min(one.years, book.firstExpiry), shift)));
      const most = Math.max(1, ...values.flat().map(Math.abs));
      const { spot: market } = book.setting;
      const nearest = spots.reduce((best, spot) => (Math.abs(spot - market) < Math.abs(best - market) ? spot : best), spots[0] ?? market);
      fill(body, h('table', { class: 'heat' }, h('thead', null, h('tr', null, h('th', { scope: 'col' }, t('builder.spot')), columns.map((one, i) => h('th', { scope: 'col' }, i === 0 ? t('payoff.now') : i === columns.length - 1 ? t('payoff.expiry') : day(one.date))))),
        h('tbody', null, spots.map((spot, r) => h('tr', { class: spot === nearest ? 'here' : '' }, h('th', { scope: 'row' }, number(spot, 0), h('small', null, percent((spot / market - 1) * 100, 1))), columns.map((one, c) => {
          const value = values[r]?.[c] ?? 0;
          const cell = h('td', { class: value >= 0 ? 'gain' : 'loss' }, h('button', { type: 'button', tabindex: '-1', on: { click: () => onPick(spot, c, one.years) } }, profit(value, 0)));
          cell.style.setProperty('--heat', `${((Math.abs(value) / most) * FULL * 100).toFixed(0)}%`);
          return cell;
        }))))));
    },
  };
}
