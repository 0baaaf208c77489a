/** All accounts together: funds, positions, holdings, profit; each with its age. Paper and live, rupees and dollars stay apart. */

import { age } from '../../format/dates.js';
import { t, tn } from '../../format/i18n.js';
import { DASH, direction, money, profitIn } from '../../format/numbers.js';
import { fill, h } from '../../widgets/dom.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../../format/brokers.js').AccountTold} AccountTold */
/** @typedef {import('../../format/brokers.js').HeldTold} HeldTold */

const EVERY_MS = 5000;

/** @param {import('../context.js').Ctx} ctx */
export function togetherPanel(ctx) {
  const totals = h('div', { class: 'cards' });
  const list = h('div', { class: 'stack' });
  const fault = h('p', { class: 'note warn', role: 'alert', hidden: true });
  const refresh = h('button', { type: 'button', class: 'button', on: { click: () => void read(true) } }, t('together.refresh'));
  const el = h('section', { class: 'stack', 'aria-label': t('brokers.together') }, h('div', { class: 'page-head' }, h('span', { class: 'grow' }), refresh), fault, totals, list);
  let timer = 0;
  let gone = false;

  /** @param {boolean} [now] */
  async function read(now = false) {
    clearTimeout(timer);
    try {
      const found = await ctx.api.portfolio(now);
      if (gone) return;
      fault.hidden = true;
      fill(totals, found.totals.map((one) => h('div', { class: 'panel pad stack tight card' },
        h('div', { class: 'card-head' }, h('strong', { class: 'grow' }, tn('together.sum', one.accounts, { currency: one.currency })), badge(one.mode)),
        h('dl', { class: 'lines' }, line(t('together.available'), money(one.available, one.currency)), line(t('together.profit'), profitIn(one.profit, one.currency), direction(one.profit)), line(t('together.value'), money(one.value, one.currency))),
        one.missing > 0 ? h('p', { class: 'note warn' }, tn('together.missing', one.missing)) : null,
        one.old > 0 ? h('p', { class: 'note warn' }, tn('together.old', one.old)) : null)));
      fill(list, found.accounts.map(section));
    } catch (error) {
      fault.textContent = errorText(error);
      fault.hidden = false;
    }
    if (!gone) timer = setTimeout(() => void read(), EVERY_MS);
  }
  void read();
  return { el, destroy() {
    gone = true;
    clearTimeout(timer);
  } };
}

/** @param {string} mode */
const badge = (mode) => h('span', { class: `pill ${mode === 'LIVE' ? 'live' : 'paper'}` }, mode);

/** @param {AccountTold} one */
function section(one) {
  const down = one.state !== 'connected';
  return h('section', { class: down ? 'panel pad stack tight dull' : 'panel pad stack tight', 'aria-label': one.title },
    h('div', { class: 'card-head' }, h('h2', { class: 'card-title grow' }, one.title), badge(one.mode),
      h('span', { class: down ? 'badge bad' : 'badge good' }, t(`link.${one.state}`))),
    h('p', { class: down ? 'note warn' : 'muted' }, down && one.problem ? `${one.problem} ` : '', one.age === null ? t('together.never') : t('together.asOf', { age: age(Math.round(one.age)) })),
    h('dl', { class: 'lines' }, one.funds.map((f) => line(t('together.fundsOf', { segment: f.segment }), f.available === null ? DASH : money(f.available, f.currency)))),
    held(t('together.positions'), one.positions), held(t('together.holdings'), one.holdings));
}

/** @param {string} title @param {HeldTold[]} rows */
function held(title, rows) {
  if (rows.length === 0) return h('p', { class: 'muted' }, t('together.nothing', { what: title }));
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': title }, h('table', { class: 'figures-table' }, h('caption', null, title),
    h('thead', null, h('tr', null, [t('col.instrument'), t('col.product'), t('col.qty'), t('col.avg'), t('col.ltp'), t('together.profit')].map((text, i) => h('th', { scope: 'col', class: i > 1 ? 'num' : '' }, text)))),
    h('tbody', null, rows.map((row) => h('tr', null, h('th', { scope: 'row' }, row.key ? row.key.slice(row.key.indexOf(':') + 1) : row.symbol), h('td', null, row.product),
      h('td', { class: 'num' }, row.quantity), h('td', { class: 'num' }, row.average ?? DASH), h('td', { class: 'num' }, row.last ?? DASH),
      h('td', { class: `num ${direction(row.profit)}` }, row.profit === null ? DASH : profitIn(row.profit, row.currency)))))));
}

/** @param {string} label @param {string} value @param {string} [tone] */
const line = (label, value, tone = '') => h('div', { class: 'line' }, h('dt', null, label), h('dd', { class: tone }, value));
