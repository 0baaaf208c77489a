/** Orders: the book with UNKNOWN on top, trades, kept triggers (GTT), baskets. */

import { clock } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { price, profit, quantity, rupees, direction } from '../../format/numbers.js';
import { size } from '../../format/sizes.js';
import { orderBook } from '../../store/selectors.js';
import { h, icon } from '../../widgets/dom.js';
import { empty, tabs } from '../../widgets/parts.js';
import { createTable } from '../../widgets/table.js';
import { openOrder, orderTable } from '../shared/orders.js';
import { openReprice } from './reprice.js';
import { errorText, labelOf, sideWord, stateView, tickOf } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */

const TABS = ['book', 'trades', 'gtt', 'parents', 'baskets'];

/** @param {Ctx} ctx @param {URLSearchParams} params @returns {import('../context.js').Page} */
export function create(ctx, params) {
  const asked = params.get('tab') ?? 'book';
  let tab = TABS.includes(asked) ? asked : 'book';
  const bar = tabs({ label: t('orders.title'), value: tab, tabs: TABS.map((id) => ({ id, label: t(`orders.${id}`) })), onChange: (id) => ctx.go('orders', { tab: id }) });
  const compose = h('button', { type: 'button', class: 'button', on: { click: () => ctx.command('basket') } }, icon('plus'), t('basket.new'));
  const unknown = orderTable(ctx, { label: t('orders.unknown') });
  const open = orderTable(ctx, { label: t('orders.open') });
  const done = orderTable(ctx, { label: t('orders.done'), done: true });
  const none = empty({ icon: 'orders', title: t('orders.emptyTitle'), text: t('orders.emptyText'), action: t('orders.emptyAction'), run: () => ctx.go('home') });
  const unknownBox = h('section', { class: 'panel warned', 'aria-label': t('orders.unknown') }, h('h2', { class: 'panel-title warn' }, icon('warn'), t('orders.unknown')), h('p', { class: 'muted pad' }, t('orders.unknownHelp')), unknown.el);
  const openBox = h('section', { class: 'panel', 'aria-label': t('orders.open') }, h('h2', { class: 'panel-title' }, t('orders.open')), open.el);
  const doneBox = h('section', { class: 'panel', 'aria-label': t('orders.done') }, h('h2', { class: 'panel-title' }, t('orders.done')), done.el);
  const trades = createTable({
    label: t('orders.trades'),
    empty: empty({ icon: 'orders', title: t('trades.emptyTitle'), text: t('trades.emptyText') }),
    key: (/** @type {import('../../format/wire.js').Trade} */ trade) => trade.fill.execution,
    onOpen: (trade) => openOrder(ctx, trade.fill.order),
    columns: [
      { id: 'time', label: t('col.time'), width: '10ch', cell: ({ fill }) => clock(fill.at_market), place: 'sub' },
      { id: 'name', label: t('col.instrument'), width: 'minmax(0, 2fr)', cell: ({ fill }) => ({ text: labelOf(ctx, fill.key), cls: 'strong' }), place: 'title' },
      { id: 'side', label: t('col.side'), width: '8ch', cell: ({ fill }) => ({ text: sideWord(fill.side), cls: fill.side === 'BUY' ? 'accent' : 'down' }), place: 'sub' },
      { id: 'qty', label: t('col.qty'), num: true, cell: ({ fill }) => size(fill.quantity, fill.unit), place: 'sub' },
      { id: 'price', label: t('col.price'), num: true, cell: ({ fill }) => price(fill.price, tickOf(ctx, fill.key)), place: 'main' },
      { id: 'charges', label: t('col.charges'), num: true, cell: ({ charges_total }) => rupees(charges_total), place: 'sub' },
      { id: 'realised', label: t('col.realised'), num: true, cell: ({ realised }) => ({ text: profit(realised), cls: direction(realised) }) },
    ],
  });
  const gtt = createTable({
    label: t('orders.gtt'),
    empty: empty({ icon: 'clock', title: t('gtt.emptyTitle'), text: t('gtt.emptyText') }),
    key: (/** @type {import('../../format/wire.js').Trigger} */ trigger) => trigger.id,
    columns: [
      { id: 'name', label: t('col.instrument'), width: 'minmax(0, 2fr)', cell: (one) => ({ text: labelOf(ctx, one.key), cls: 'strong' }), place: 'title' },
      { id: 'kind', label: t('col.kind'), width: '13ch', cell: (one) => t(`gtt.${one.kind}`), place: 'sub' },
      { id: 'legs', label: t('col.when'), width: 'minmax(0, 2.5fr)', cell: (one) => one.legs.map((leg) => t('gtt.leg', { side: sideWord(leg.side), quantity: size(leg.quantity, one.unit), trigger: price(leg.trigger, tickOf(ctx, one.key)), price: price(leg.price, tickOf(ctx, one.key)) })).join(' · '), place: 'note' },
      { id: 'state', label: t('col.state'), width: '15ch', cell: (one) => ({ text: t(`gttState.${one.state}`), title: one.reason ?? '' }), place: 'main' },
    ],
    actionsLabel: t('col.actions'),
    actions: (one) => (one.state === 'ACTIVE' ? [{ label: t('gtt.drop'), tone: 'down', run: () => void drop(one.id) }] : []),
  });
  const parents = createTable({
    label: t('orders.parents'),
    empty: empty({ icon: 'layers', title: t('parent.emptyTitle'), text: t('parent.emptyText') }),
    key: (/** @type {import('../../format/wire.js').Parent} */ one) => one.id,
    columns: [
      { id: 'name', label: t('col.instrument'), width: 'minmax(0, 1.4fr)', cell: (one) => ({ text: labelOf(ctx, one.key), cls: 'strong' }), place: 'title' },
      { id: 'kind', label: t('col.kind'), width: '10ch', cell: (one) => t(`variety.${one.kind}`), place: 'sub' },
      { id: 'terms', label: t('col.when'), width: 'minmax(0, 4fr)', cell: (one) => ({ text: termsOf(one), title: termsOf(one), cls: 'wrap' }), place: 'note' },
      { id: 'filled', label: t('col.filled'), num: true, cell: (one) => `${size(one.filled, one.unit)} / ${size(one.quantity, one.unit)}`, place: 'sub' },
      { id: 'state', label: t('col.state'), width: '12ch', cell: (one) => ({ text: t(`parentState.${one.state}`), title: one.reason, cls: one.state === 'STOPPED' ? 'warn' : '' }), place: 'main' },
    ],
    actionsLabel: t('col.actions'),
    actions: (one) => (one.state === 'RUNNING' ? [
      ...(one.kind === 'slices' && one.price !== null ? [{ label: t('parent.reprice'), run: () => openReprice(ctx, one) }] : []),
      { label: t(one.kind === 'slices' ? 'parent.cancelAll' : one.kind === 'iceberg' ? 'parent.stop' : 'parent.close'), tone: /** @type {const} */ ('down'), run: () => void close(one.id) },
    ] : []),
  });
  const baskets = createTable({
    label: t('orders.baskets'),
    empty: empty({ icon: 'layers', title: t('basket.emptyTitle'), text: t('basket.emptyText'), action: t('basket.new'), run: () => ctx.command('basket') }),
    key: (/** @type {import('../../format/wire.js').Basket} */ one) => one.id,
    columns: [
      { id: 'name', label: t('col.name'), width: 'minmax(0, 2fr)', cell: (one) => ({ text: one.name, cls: 'strong' }), place: 'title' },
      { id: 'legs', label: t('col.legs'), num: true, cell: (one) => quantity(one.legs.length), place: 'sub' },
      { id: 'policy', label: t('col.policy'), width: 'minmax(0, 1.5fr)', cell: (one) => t(`basket.on.${one.on_failure}`), place: 'note' },
      { id: 'why', label: t('col.reason'), width: 'minmax(0, 2fr)', cell: (one) => one.legs.find((leg) => leg.reason)?.reason ?? '' },
      { id: 'state', label: t('col.state'), width: '15ch', cell: (one) => ({ text: t(`basketState.${one.state}`) }), place: 'main' },
    ],
  });
  const panes = /** @type {Record<string, HTMLElement>} */ ({
    book: h('div', { class: 'stack', role: 'tabpanel' }, unknownBox, openBox, doneBox, none),
    trades: h('div', { class: 'panel', role: 'tabpanel' }, trades.el),
    gtt: h('div', { class: 'panel', role: 'tabpanel' }, gtt.el),
    parents: h('div', { class: 'panel', role: 'tabpanel' }, parents.el),
    baskets: h('div', { class: 'panel', role: 'tabpanel' }, baskets.el),
  });
  const el = h('div', { class: 'page orders' }, h('div', { class: 'page-head' }, h('h1', { class: 'page-title' }, t('orders.title')), h('span', { class: 'grow' }), compose), bar.el, Object.values(panes));

  /** @param {import('../../format/wire.js').Parent} one */
  function termsOf(one) {
    const tick = tickOf(ctx, one.key);
    const what = { side: sideWord(one.side), quantity: size(one.quantity, one.unit), price: one.price === null ? t('type.MARKET') : price(one.price, tick), slice: size(one.slice, one.unit), stop: price(one.stop, tick), target: price(one.target, tick) };
    const terms = t(`parent.terms.${one.kind}`, { ...what, parts: one.slice ? Math.ceil(one.quantity / one.slice) : 0 });
    if (one.kind === 'slices') return [terms, partsNow(one), one.reason].filter(Boolean).join(' · ');
    return one.reason ? `${terms} · ${one.reason}` : terms;
  }

  /** How the parts of a sliced order stand, by the orders themselves. @param {import('../../format/wire.js').Parent} one */
  function partsNow(one) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const id of one.orders) {
      const order = ctx.store.state.orders.get(id);
      if (order) counts.set(stateView(order).text, (counts.get(stateView(order).text) ?? 0) + 1);
    }
    return [...counts].map(([state, n]) => t('parent.parts', { n: quantity(n), state })).join(', ');
  }

  /** @param {string} id */
  async function close(id) {
    try {
      await ctx.api.closeParent(id);
      await ctx.load('parents');
      ctx.toast({ text: t('parent.closing') });
    } catch (error) {
      ctx.toast({ text: errorText(error), level: 'bad' });
    }
  }

  /** @param {string} id */
  async function drop(id) {
    try {
      await ctx.api.dropTrigger(id);
      await ctx.load('triggers');
      ctx.toast({ text: t('gtt.dropped') });
    } catch (error) {
      ctx.toast({ text: errorText(error), level: 'bad' });
    }
  }

  function draw() {
    const book = orderBook(ctx.store);
    unknown.update(book.unknown);
    open.update(book.open);
    done.update(book.done);
    unknownBox.hidden = book.unknown.length === 0;
    openBox.hidden = book.open.length === 0;
    doneBox.hidden = book.done.length === 0;
    none.hidden = book.unknown.length + book.open.length + book.done.length > 0 || !ctx.store.state.loaded.has('orders');
    const live = book.unknown.length + book.open.length;
    bar.count('book', live > 0 ? String(live) : '');
    trades.update(ctx.store.state.trades);
    gtt.update(ctx.store.state.triggers);
    parents.update(ctx.store.state.parents);
    const running = ctx.store.state.parents.filter((one) => one.state === 'RUNNING' || one.state === 'CLOSING').length;
    bar.count('parents', running > 0 ? String(running) : '');
    baskets.update(ctx.store.state.baskets);
  }

  /** @param {string} id */
  function show(id) {
    tab = id;
    bar.set(id);
    for (const [name, pane] of Object.entries(panes)) pane.hidden = name !== id;
    if (id === 'trades') void ctx.load('trades');
    if (id === 'gtt') void ctx.load('triggers');
    if (id === 'parents') void ctx.load('parents');
    if (id === 'baskets') void ctx.load('baskets');
  }

  const off = ctx.store.on(['orders', 'trades', 'triggers', 'parents', 'baskets', 'instruments', 'account', 'loaded'], draw);
  show(tab);
  draw();
  return {
    el,
    update: (next) => show(TABS.includes(next.get('tab') ?? '') ? /** @type {string} */ (next.get('tab')) : 'book'),
    destroy() {
      off();
      for (const table of [unknown, open, done]) table.destroy();
    },
  };
}
