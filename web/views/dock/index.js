/** Positions and orders under the chart, on wide screens. */

import { t } from '../../format/i18n.js';
import { profit, direction } from '../../format/numbers.js';
import { dayProfit, orderBook } from '../../store/selectors.js';
import { h, setClass, setText } from '../../widgets/dom.js';
import { tabs } from '../../widgets/parts.js';
import { orderTable } from '../shared/orders.js';
import { positionTable } from '../shared/positions.js';

/** @param {import('../context.js').Ctx} ctx @returns {import('../context.js').Page} */
export function create(ctx) {
  let tab = 'positions';
  const bar = tabs({ label: t('dock.label'), value: tab, tabs: [{ id: 'positions', label: t('portfolio.positions') }, { id: 'orders', label: t('orders.title') }], onChange: (id) => {
    tab = id;
    show();
  } });
  const day = h('b', null);
  const positions = positionTable(ctx, { label: t('portfolio.positions'), empty: h('p', { class: 'muted pad' }, t('portfolio.emptyTitle')) });
  const orders = orderTable(ctx, { label: t('orders.title'), empty: h('p', { class: 'muted pad' }, t('orders.emptyTitle')) });
  const el = h('section', { class: 'dock', 'aria-label': t('dock.label') }, h('div', { class: 'dock-head' }, bar.el, h('span', { class: 'dock-day' }, `${t('pnl.day')} `, day)), h('div', { class: 'dock-body' }, positions.el, orders.el));

  function lists() {
    const live = ctx.store.state.positions.filter((one) => one.quantity !== 0);
    const book = orderBook(ctx.store);
    positions.update(ctx.store.state.positions);
    orders.update([...book.unknown, ...book.open, ...book.done].slice(0, 60));
    bar.count('positions', live.length ? String(live.length) : '');
    const open = book.unknown.length + book.open.length;
    bar.count('orders', open ? String(open) : '');
    ctx.watch('dock', ctx.store.state.positions.map((one) => one.key));
    totals();
  }

  function totals() {
    const now = dayProfit(ctx.store);
    setText(day, profit(now?.day));
    setClass(day, direction(now?.day));
  }

  function show() {
    positions.el.hidden = tab !== 'positions';
    orders.el.hidden = tab !== 'orders';
  }

  const off = ctx.store.on(['positions', 'orders', 'instruments', 'account', 'overview'], lists);
  const offQuotes = ctx.store.on(['quotes', 'clock', 'link'], () => {
    if (tab === 'positions') positions.refresh();
    totals();
  });
  show();
  lists();
  return { el, destroy() {
    off();
    offQuotes();
    positions.destroy();
    orders.destroy();
    ctx.watch('dock', []);
  } };
}
