/** Instruments of the connected brokers: search, who carries how many, what has no canonical symbol, where brokers differ. */

import { t } from '../../format/i18n.js';
import { quantity } from '../../format/numbers.js';
import { fill, h } from '../../widgets/dom.js';
import { empty } from '../../widgets/parts.js';
import { searchBox } from '../shared/search.js';
import { errorText } from '../shared/text.js';

/** @param {import('../context.js').Ctx} ctx */
export function mastersPanel(ctx) {
  const list = h('div', { class: 'stack' });
  const search = searchBox(ctx, { label: t('masters.search'), onPick: (one) => ctx.detail(one.key) });
  const el = h('section', { class: 'stack', 'aria-label': t('brokers.masters') }, h('div', { class: 'panel pad' }, search.el), list);
  ctx.api.masters().then(({ items }) => {
    fill(list, items.length > 0 ? items.map(section) : empty({ icon: 'layers', title: t('masters.none'), text: t('masters.noneText') }));
  }, (error) => fill(list, h('p', { class: 'note warn' }, errorText(error))));
  return { el };
}

/** @param {import('../../format/brokers.js').MasterTold} one */
function section(one) {
  const unmapped = Object.entries(one.unmapped).flatMap(([account, reasons]) => Object.entries(reasons).map(([reason, n]) => `${account}: ${reason} (${quantity(n)})`));
  return h('section', { class: 'panel pad stack tight' }, h('h2', { class: 'card-title' }, t(`market.${one.market}`)),
    h('p', null, t('masters.count', { n: quantity(one.instruments) })),
    h('dl', { class: 'lines' }, Object.entries(one.carriers).map(([account, n]) => h('div', { class: 'line' }, h('dt', null, account), h('dd', null, quantity(n))))),
    lines(t('masters.unmapped'), unmapped), lines(t('masters.conflicts'), one.conflicts),
    lines(t('masters.switches'), Object.entries(one.switches).map(([way, n]) => `${way.replace('>', ' → ')}: ${quantity(n)}`)));
}

/** @param {string} title @param {string[]} rows */
const lines = (title, rows) => (rows.length === 0 ? null : h('details', null, h('summary', null, `${title} (${rows.length})`), h('ul', { class: 'bullets' }, rows.map((row) => h('li', null, row)))));
