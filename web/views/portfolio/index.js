/** Portfolio: what is held, what it is worth now, what the day has brought. */

import { t } from '../../format/i18n.js';
import { profit, rupees, direction } from '../../format/numbers.js';
import { dayProfit, positionNow } from '../../store/selectors.js';
import { h } from '../../widgets/dom.js';
import { empty, figure, tabs } from '../../widgets/parts.js';
import { positionTable, swipeHint } from '../shared/positions.js';

const TABS = ['positions', 'holdings'];

/** @param {import('../context.js').Ctx} ctx @param {URLSearchParams} params @returns {import('../context.js').Page} */
export function create(ctx, params) {
  let tab = TABS.includes(params.get('tab') ?? '') ? /** @type {string} */ (params.get('tab')) : 'positions';
  const bar = tabs({ label: t('portfolio.title'), value: tab, tabs: TABS.map((id) => ({ id, label: t(`portfolio.${id}`) })), onChange: (id) => ctx.go('portfolio', { tab: id }) });
  const figures = { day: figure(t('pnl.day'), { big: true }), open: figure(t('pnl.open')), realised: figure(t('pnl.realised')), charges: figure(t('pnl.charges')) };
  const positions = positionTable(ctx, { label: t('portfolio.positions'), empty: empty({ icon: 'portfolio', title: t('portfolio.emptyTitle'), text: t('portfolio.emptyText'), action: t('orders.emptyAction'), run: () => ctx.go('home') }) });
  const holdings = positionTable(ctx, { label: t('portfolio.holdings'), holdings: true, empty: empty({ icon: 'portfolio', title: t('holdings.emptyTitle'), text: t('holdings.emptyText') }) });
  const worth = figure(t('holdings.value'));
  const hint = swipeHint();
  const panes = /** @type {Record<string, HTMLElement>} */ ({
    positions: h('div', { class: 'stack', role: 'tabpanel' }, h('section', { class: 'panel', 'aria-label': t('portfolio.positions') }, positions.el), hint),
    holdings: h('div', { class: 'stack', role: 'tabpanel' }, h('div', { class: 'figures' }, worth.el), h('section', { class: 'panel', 'aria-label': t('portfolio.holdings') }, holdings.el)),
  });
  const el = h('div', { class: 'page portfolio' }, h('div', { class: 'page-head' }, h('h1', { class: 'page-title' }, t('portfolio.title'))),
    h('div', { class: 'figures hero' }, Object.values(figures).map((one) => one.el)), bar.el, Object.values(panes));

  function lists() {
    const { state } = ctx.store;
    // open positions first, then what was closed today
    const sorted = [...state.positions].sort((a, b) => Number(a.quantity === 0) - Number(b.quantity === 0) || (a.key < b.key ? -1 : 1));
    positions.update(sorted);
    holdings.update(state.holdings);
    const live = sorted.filter((one) => one.quantity !== 0).length;
    bar.count('positions', live ? String(live) : '');
    hint.hidden = live === 0;
    ctx.watch('portfolio', [...sorted, ...state.holdings].map((one) => one.key));
    ctx.ensure([...sorted, ...state.holdings].map((one) => one.key));
    totals();
  }

  function totals() {
    const now = dayProfit(ctx.store);
    figures.day.set(profit(now?.day), direction(now?.day));
    figures.open.set(profit(now?.open), direction(now?.open));
    figures.realised.set(profit(now?.realised), direction(now?.realised));
    figures.charges.set(rupees(now?.charges));
    let value = 0;
    for (const one of ctx.store.state.holdings) value += positionNow(ctx.store, one).value ?? 0;
    worth.set(rupees(value));
  }

  /** @param {string} id */
  function show(id) {
    tab = id;
    bar.set(id);
    for (const [name, pane] of Object.entries(panes)) pane.hidden = name !== id;
    if (id === 'holdings') void ctx.load('holdings');
  }

  const off = ctx.store.on(['positions', 'holdings', 'overview', 'instruments', 'account', 'loaded'], lists);
  const offQuotes = ctx.store.on(['quotes', 'clock', 'link'], () => {
    positions.refresh();
    holdings.refresh();
    totals();
  });
  show(tab);
  lists();
  return {
    el,
    update: (next) => show(TABS.includes(next.get('tab') ?? '') ? /** @type {string} */ (next.get('tab')) : 'positions'),
    destroy() {
      off();
      offQuotes();
      positions.destroy();
      holdings.destroy();
      ctx.watch('portfolio', []);
    },
  };
}
