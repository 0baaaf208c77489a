/** Home: am I all right? Day's profit with its curve, indices, margin, open risk, alerts, breadth; on a phone the watchlist too. */

import { stamp } from '../../format/dates.js';
import { t, tn } from '../../format/i18n.js';
import { compactRupees, direction, percent, profit, quantity, rupees, toNumber } from '../../format/numbers.js';
import { dayProfit, marketMs } from '../../store/selectors.js';
import { fill, h, icon, setClass, setText } from '../../widgets/dom.js';
import { createList } from '../../widgets/list.js';
import { figure, meter, panel } from '../../widgets/parts.js';
import { priceCell } from '../../widgets/price.js';
import { curve, spark } from '../../widgets/spark.js';
import { changeView, labelOf, priceView } from '../shared/text.js';
import { create as createWatchlist } from '../shared/watchlist/index.js';

/** @typedef {import('../context.js').Ctx} Ctx */

/** @param {Ctx} ctx @returns {import('../context.js').Page} */
export function create(ctx) {
  const tiles = h('div', { class: 'tiles', role: 'list', 'aria-label': t('home.indices') });
  const day = figure(t('pnl.day'), { big: true });
  const figures = { open: figure(t('pnl.open')), realised: figure(t('pnl.realised')), charges: figure(t('pnl.charges')) };
  const line = curve();
  const lineNote = h('p', { class: 'muted curve-note' }, t('home.curveEmpty'));
  const used = meter(t('funds.used'));
  const usedText = h('span', { class: 'figure-value' });
  const free = figure(t('funds.free'));
  const risk = { positions: figure(t('home.positions')), orders: figure(t('home.orders')), unknown: figure(t('home.unknown')) };
  const alerts = h('ul', { class: 'alerts' });
  const up = h('i', { class: 'breadth-up' });
  const flat = h('i', { class: 'breadth-flat' });
  const breadth = { advances: figure(t('breadth.advances')), declines: figure(t('breadth.declines')), unchanged: figure(t('breadth.unchanged')), highs: figure(t('breadth.highs')), lows: figure(t('breadth.lows')) };
  const breadthBar = h('div', { class: 'breadth', 'aria-hidden': 'true' }, up, flat, h('i', { class: 'breadth-down' }));
  const breadthNote = h('span', { class: 'muted' });
  const phoneList = h('div', { class: 'home-watch panel' });
  const el = h('div', { class: 'page home' }, h('h1', { class: 'visually-hidden' }, t('nav.home')),
    h('section', { class: 'panel home-pnl', 'aria-label': t('pnl.day') }, h('div', { class: 'home-pnl-head' }, day.el, h('div', { class: 'figures' }, Object.values(figures).map((one) => one.el))), h('div', { class: 'curve-box' }, line.el, lineNote)),
    tiles, phoneList,
    h('div', { class: 'home-grid' },
      panel(t('home.margin'), h('div', { class: 'pad' }, h('div', { class: 'meter-head' }, usedText), used.el, free.el)),
      panel(t('home.risk'), h('div', { class: 'figures pad' }, link(risk.positions.el, 'portfolio'), link(risk.orders.el, 'orders'), link(risk.unknown.el, 'orders'))),
      panel(t('home.breadth'), h('div', { class: 'pad' }, breadthBar, h('div', { class: 'figures' }, Object.values(breadth).map((one) => one.el)), breadthNote)),
      panel(t('home.alerts'), alerts)));

  /** A figure that leads to a page. @param {HTMLElement} child @param {string} page */
  function link(child, page) {
    return h('a', { class: 'figure-link', href: `/${page}` }, child);
  }

  /** @param {string} first */
  function makeTile(first) {
    const key = first;
    const name = h('span', { class: 'tile-name' });
    const cell = priceCell({ cls: 'tile-price' });
    const moved = h('span', { class: 'tile-change' });
    const small = spark();
    const tile = h('div', { role: 'listitem', class: 'tile-box' }, h('button', { type: 'button', class: 'tile', on: { click: () => ctx.detail(key) } }, h('span', { class: 'tile-top' }, name, small.el), cell.el, moved));
    return {
      el: tile,
      update() {
        setText(name, labelOf(ctx, key));
        const view = priceView(ctx, key);
        cell.set(view);
        const change = changeView(ctx, key);
        setText(moved, change.both);
        setClass(moved, `tile-change ${view.level === 'stale' || view.level === 'none' ? 'dull' : change.tone}`);
        const told = ctx.store.state.overview?.indices.find((one) => one.key === key)?.spark ?? [];
        small.set(told, view.level === 'stale' ? '' : change.tone);
      },
    };
  }
  const tileList = createList(tiles, { key: (/** @type {string} */ key) => key, make: makeTile });

  function overview() {
    const found = ctx.store.state.overview;
    const keys = (found?.indices ?? []).map((one) => one.key);
    ctx.ensure(keys);
    ctx.watch('home', [...keys, ...ctx.store.state.positions.map((one) => one.key)]);
    tileList.update(keys);
    const points = (found?.pnl.curve ?? []).map(([time, value]) => /** @type {[number, number]} */ ([time, Number(value)]));
    const moved = points.some(([, value]) => value !== 0);
    line.set(moved ? points : []);
    lineNote.hidden = moved && points.length > 1;
    const share = toNumber(found?.margin_share) ?? 0;
    used.set(share, share > 0.9 ? 'down' : share > 0.7 ? 'warn' : '', percent(share * 100, 1).replace('+', ''));
    setText(usedText, found ? t('home.marginOf', { used: compactRupees(found.funds.margin), share: percent(share * 100, 1).replace('+', '') }) : '');
    free.set(rupees(found?.funds.free));
    const b = found?.breadth;
    const all = b ? b.advances + b.declines + b.unchanged : 0;
    up.style.setProperty('flex-grow', String(all ? (b?.advances ?? 0) : 0));
    flat.style.setProperty('flex-grow', String(all ? (b?.unchanged ?? 0) : 1));
    /** @type {HTMLElement} */ (breadthBar.lastElementChild).style.setProperty('flex-grow', String(all ? (b?.declines ?? 0) : 0));
    breadth.advances.set(quantity(b?.advances), 'up');
    breadth.declines.set(quantity(b?.declines), 'down');
    breadth.unchanged.set(quantity(b?.unchanged));
    breadth.highs.set(quantity(b?.at_high));
    breadth.lows.set(quantity(b?.at_low));
    setText(breadthNote, b ? t('breadth.of', { n: quantity(b.universe) }) : '');
    risks();
    notices();
  }

  function risks() {
    const { orders, positions } = ctx.store.state;
    const mine = [...orders.values()].filter((order) => order.account === ctx.store.state.account);
    const working = mine.filter((order) => order.state === 'OPEN' || order.state === 'PARTIAL' || order.state === 'SUBMITTING').length;
    const unknown = mine.filter((order) => order.state === 'UNKNOWN').length;
    risk.positions.set(quantity(positions.filter((one) => one.quantity !== 0).length));
    risk.orders.set(quantity(working));
    risk.unknown.set(quantity(unknown), unknown > 0 ? 'warn' : '');
  }

  function notices() {
    const seen = new Set();
    const all = [...ctx.store.state.notices, ...(ctx.store.state.overview?.alerts ?? [])].filter((one) => {
      const id = `${one.at}|${one.text}`;
      return seen.has(id) ? false : seen.add(id);
    }).slice(0, 6);
    const now = marketMs(ctx.store);
    fill(alerts, all.length === 0 ? h('li', { class: 'muted pad' }, t('home.noAlerts')) : all.map((one) => h('li', { class: `alert ${one.level}` },
      icon(one.level === 'info' ? 'info' : 'warn'), h('span', { class: 'grow' }, one.text), h('span', { class: 'faint' }, stamp(one.at, now)))));
  }

  function profits() {
    const now = dayProfit(ctx.store);
    const held = ctx.store.state.positions.filter((one) => one.quantity !== 0).length;
    day.set(profit(now?.day), direction(now?.day), now ? (held ? tn('home.held', held) : t('home.flat')) : '');
    figures.open.set(profit(now?.open), direction(now?.open));
    figures.realised.set(profit(now?.realised), direction(now?.realised));
    figures.charges.set(rupees(now?.charges));
  }

  /** @type {import('../context.js').Page | null} */
  let watch = null;
  function place() {
    // the desktop has the list beside the page already
    const wanted = !ctx.wide();
    phoneList.hidden = !wanted;
    if (wanted && !watch) phoneList.append((watch = createWatchlist(ctx, { owner: 'home-watch' })).el);
    else if (!wanted && watch) {
      watch.destroy?.();
      watch.el.remove();
      watch = null;
    }
  }
  addEventListener('resize', place);

  const off = ctx.store.on(['overview', 'account', 'notices', 'orders', 'positions', 'instruments'], overview);
  const offQuotes = ctx.store.on(['quotes', 'clock', 'link', 'overview', 'positions'], (changed, keys) => {
    if (changed.size === 1 && changed.has('quotes')) tileList.refresh(keys);
    else tileList.refresh();
    profits();
  });
  place();
  overview();
  profits();
  return {
    el,
    destroy() {
      removeEventListener('resize', place);
      off();
      offQuotes();
      watch?.destroy?.();
      tileList.destroy();
      ctx.watch('home', []);
    },
  };
}
