/** Boot: builds the wiring, the frame and the pages' context, then follows the address. */

import { age, hourMinute, stamp } from '../format/dates.js';
import { t, tn } from '../format/i18n.js';
import { quantity } from '../format/numbers.js';
import { linkLost } from '../store/freshness.js';
import { doubtElsewhere, routeOf, watchlist } from '../store/selectors.js';
import { h } from '../widgets/dom.js';
import { openSheet } from '../widgets/sheet.js';
import { toast } from '../widgets/toast.js';
import { openDetail } from '../views/detail/index.js';
import { engage, killBar, openRelease } from '../views/kill/index.js';
import { readBack } from '../views/shared/readback.js';
import { errorText, orderSentence } from '../views/shared/text.js';
import { createTicket } from '../views/ticket/index.js';
import { faultPage, report } from './boundary.js';
import { createFrame } from './frame.js';
import { listenKeys } from './keys.js';
import { createRouter } from './router.js';
import { scriptUrl } from './trusted.js';
import { createWiring } from './wiring.js';

/** @typedef {import('../views/context.js').Ctx} Ctx */
/** @typedef {import('../views/context.js').Page} Page */
/** @typedef {{ create: (ctx: Ctx, params: URLSearchParams) => Page }} PageModule */

/** @type {Record<string, () => Promise<PageModule>>} pages are loaded when first opened */
const MODULES = {
  home: () => import('../views/dashboard/index.js'),
  async charts() {
    await Promise.all([style('/chart/chart.css'), style('/views/charts/charts.css')]);
    return import('../views/charts/index.js');
  },
  async options() {
    await style('/views/options/options.css');
    return import('../views/options/index.js');
  },
  async builder() {
    await Promise.all(['/payoff/payoff.css', '/views/shared/payoff.css', '/views/builder/builder.css'].map(style));
    return import('../views/builder/index.js');
  },
  async strategies() {
    await Promise.all(['/payoff/payoff.css', '/views/shared/payoff.css', '/views/strategies/strategies.css'].map(style));
    return import('../views/strategies/index.js');
  },
  orders: () => import('../views/orders/index.js'),
  portfolio: () => import('../views/portfolio/index.js'),
  wallet: () => import('../views/wallet/index.js'),
  async brokers() {
    await style('/views/brokers/brokers.css');
    return import('../views/brokers/index.js');
  },
  system: () => import('../views/system/index.js'),
  settings: () => import('../views/settings/index.js'),
};
const PATIENCE_MS = 5000;
const PHONE = matchMedia('(max-width: 699px)');
const WIDE = matchMedia('(min-width: 1100px)');

const wiring = createWiring({ onLanguage: () => rebuild(), onReadBack: (text, request) => readBack(ctx, text, request), onOrder, onFill: (order) => tell(order), onError: report });
const { store, api } = wiring;
let count = 0;
/** @type {ReturnType<typeof createFrame> | null} */
let frame = null;
/** @type {Page | null} */
let page = null;
/** @type {Page | null} */
let dock = null;
/** @type {ReturnType<typeof createTicket> | null} */
let ticket = null;
let shown = '';
let turn = 0;

/** @type {Ctx} */
const ctx = {
  store,
  api,
  feed: wiring.feed,
  go: (name, params) => router.go(name, params),
  ticket: openTicket,
  detail(key, { byKey = false } = {}) {
    store.set('selected', key);
    if (!WIDE.matches || router.solo) openDetail(ctx, key);
    else {
      showSide(key);
      if (byKey) ticket?.focus();
    }
  },
  toast,
  problem: (problem, prefix = '') => toast({ text: `${prefix}${errorText(problem)}`, level: 'bad' }),
  watch: wiring.sets.watch,
  depth: wiring.sets.depth,
  chains: wiring.sets.chains,
  sheet(title, el, options = {}) {
    return openSheet({ title, body: el, closeLabel: t('close'), ...options });
  },
  uid,
  command,
  send: wiring.send,
  load: (...names) => wiring.load(...names).catch(() => undefined),
  ensure: wiring.ensure,
  prefer: wiring.prefer,
  async saveWatchlists(lists) {
    try {
      await wiring.saveWatchlists(lists);
    } catch (error) {
      toast({ text: t('watch.notSaved', { why: errorText(error) }), level: 'bad' });
    }
  },
  useAccount(id) {
    wiring.useAccount(id);
    void ctx.load('orders', 'positions', 'funds', 'overview', 'trades');
    ticket?.destroy();
    ticket = null;
    frame?.side.replaceChildren(sideEmpty());
  },
  marketIs: wiring.marketIs,
  phone: () => PHONE.matches,
  wide: () => WIDE.matches && !router.solo,
  detach(name) {
    window.open(`/${name === 'home' ? '' : name}?solo=1`, '_blank', 'popup,width=1100,height=760');
  },
};

const router = createRouter((route) => void open(route.name, route.params));

/** Styles of one page, loaded with it. @param {string} href @returns {Promise<void>} */
function style(href) {
  const found = document.querySelector(`link[href="${href}"]`);
  if (found) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.addEventListener('load', () => resolve());
    link.addEventListener('error', () => {
      link.remove();
      reject(new Error(`${href} did not load`));
    });
    link.href = href;
    document.head.append(link);
  });
}

/** An id that needs no secure context. */
function uid() {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  count += 1;
  return `w${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}${count.toString(36)}`;
}

/** @param {string} name @param {URLSearchParams} params */
async function open(name, params) {
  if (name === shown && page) {
    page.update?.(params);
    return;
  }
  const mine = (turn += 1);
  shown = name;
  frame?.mark(name);
  document.title = `${t(`nav.${name}`)} · Sauda`;
  try {
    const module = await /** @type {() => Promise<PageModule>} */ (MODULES[name])();
    if (mine !== turn || !frame) return;
    page?.destroy?.();
    page = null;
    page = module.create(ctx, params);
    // every page has one first heading; a page that draws none to the edge has it for screen readers
    if (!page.el.querySelector('h1')) page.el.prepend(h('h1', { class: 'visually-hidden' }, t(`nav.${name}`)));
    frame.main.replaceChildren(page.el);
  } catch (error) {
    if (mine !== turn || !frame) return;
    page = null;
    shown = '';
    frame.main.replaceChildren(faultPage(error, () => void open(name, params)));
  }
  frame.main.scrollTop = 0;
  await placeDock(name, mine);
}

/** Positions and orders stand under the chart and under Home where there is room. @param {string} name @param {number} mine */
async function placeDock(name, mine) {
  const wanted = (name === 'charts' || name === 'home') && ctx.wide();
  if (wanted && !dock) {
    const { create } = await import('../views/dock/index.js');
    if (mine !== turn || !frame || dock) return;
    dock = create(ctx);
    frame.dock.replaceChildren(dock.el);
  } else if (!wanted && dock) {
    dock.destroy?.();
    dock = null;
    frame?.dock.replaceChildren();
  }
}

/** The ticket: right panel on a desktop, sheet elsewhere. @param {import('../views/context.js').TicketSpec} spec @param {boolean} [byKey] asked for by keyboard */
function openTicket(spec, byKey = false) {
  if (!spec.modify) beginIn(spec.key);
  store.set('selected', spec.key);
  if (ctx.wide()) {
    if (store.state.preferences.sideShut) ctx.prefer({ sideShut: false });
    showSide(spec.key, spec);
    if (byKey) ticket?.focus();
    return;
  }
  /** @type {import('../views/context.js').SheetHandle} */
  let sheet;
  const made = createTicket(ctx, spec, { onDone: () => sheet.close(), onClose: () => sheet.close() });
  sheet = ctx.sheet(t('ticket.title'), made.el, { bare: true, onClose: () => made.destroy() });
}

/** A new ticket begins in the account that the user's rule names for its segment. @param {string} key */
function beginIn(key) {
  const to = routeOf(store, key);
  if (!to) return;
  ctx.useAccount(to.id);
  toast({ text: t('routing.moved', { segment: key.slice(0, key.indexOf(':')), title: to.title }), level: 'good' });
}

/** @param {string} key @param {import('../views/context.js').TicketSpec} [spec] */
function showSide(key, spec) {
  if (!spec && ticket?.key === key) return;
  ticket?.destroy();
  ticket = createTicket(ctx, spec ?? { key }, { onDone: () => {
    if (spec?.modify) showSide(key, { key });
  } });
  frame?.side.replaceChildren(ticket.el);
}

function sideEmpty() {
  return h('div', { class: 'empty' }, h('p', { class: 'empty-title' }, t('ticket.emptyTitle')), h('p', { class: 'empty-text' }, t('ticket.emptyText')));
}

/** @param {string} name */
function command(name) {
  if (name === 'palette' || name === 'keys') void palette(name === 'keys');
  else if (name === 'market') void marketSheet();
  else if (name === 'basket') void import('../views/basket/index.js').then(({ openBasket }) => openBasket(ctx));
  else if (name === 'kill-now') void engage(ctx);
  else if (name === 'kill') {
    const bar = killBar(ctx);
    ctx.sheet(t('kill.label'), h('div', { class: 'stack' }, h('p', null, t('kill.help')), bar.el), { onClose: bar.destroy });
  } else if (name === 'release') openRelease(ctx);
  else if (name === 'theme') ctx.prefer({ theme: document.documentElement.dataset['theme'] === 'dark' ? 'light' : 'dark' });
}

async function marketSheet() {
  const { create } = await import('../views/market/index.js');
  const made = create(ctx);
  ctx.sheet(t('market.open'), made.el, { onClose: () => made.destroy?.() });
}

/** @param {boolean} keys */
async function palette(keys) {
  if (keys) {
    ctx.go('settings');
    return;
  }
  const { openPalette } = await import('../views/palette/index.js');
  const pages = Object.keys(MODULES).map((name) => ({ label: t(`nav.${name}`), hint: t('palette.page'), icon: name, run: () => ctx.go(name) }));
  const selected = store.state.selected || watchlist(store)?.keys[0] || '';
  openPalette(ctx, [
    ...pages,
    ...(selected ? [{ label: t('palette.buy', { name: nameOf(selected) }), hint: t('palette.action'), icon: 'plus', run: () => openTicket({ key: selected, side: 'BUY' }, true) },
      { label: t('palette.sell', { name: nameOf(selected) }), hint: t('palette.action'), icon: 'minus', run: () => openTicket({ key: selected, side: 'SELL' }, true) }] : []),
    ...chained(selected),
    { label: t('basket.new'), hint: t('palette.action'), icon: 'layers', run: () => command('basket') },
    { label: t('market.open'), hint: t('palette.action'), icon: 'sliders', run: () => command('market') },
    { label: t('palette.theme'), hint: t('palette.action'), icon: 'moon', run: () => command('theme') },
    { label: t('palette.detach'), hint: t('palette.action'), icon: 'window', run: () => ctx.detach(shown) },
    store.state.kill.engaged ? { label: t('kill.release'), hint: t('palette.action'), icon: 'stop', run: () => command('release') } : { label: t('kill.label'), hint: t('palette.action'), icon: 'stop', run: () => command('kill') },
  ]);
}

/** Chain and volatility of what the selected instrument hangs on. @param {string} key */
function chained(key) {
  const one = store.state.instruments.get(key);
  if (!one || !['INDEX', 'FUTURE', 'OPTION', 'EQUITY'].includes(one.kind)) return [];
  const underlying = one.underlying || one.key;
  return [{ tab: 'chain', text: t('palette.chain', { name: one.name }) }, { tab: 'volatility', text: t('palette.volatility', { name: one.name }) }].map(({ tab, text }) => (
    { label: text, hint: t('palette.action'), icon: 'options', run: () => ctx.go('options', { underlying, ...(tab === 'chain' ? {} : { tab }) }) }));
}

/** @param {string} key */
const nameOf = (key) => store.state.instruments.get(key)?.label ?? key;

/** What an order event says to a user who looks elsewhere. @param {string} event @param {import('../format/wire.js').Order} order */
function onOrder(event, order) {
  if (['rejected', 'unknown', 'resolved', 'expired', 'triggered', 'denied'].includes(event)) tell(order);
}

/** @param {import('../format/wire.js').Order} order */
function tell(order) {
  const bad = order.state === 'REJECTED' || order.state === 'DENIED';
  // what happens in another account is told with its name
  const elsewhere = order.account === store.state.account ? '' : `${titleOf(order.account)}: `;
  toast({ id: order.id, text: `${elsewhere}${orderSentence(ctx, order)}`, level: bad ? 'bad' : order.state === 'UNKNOWN' ? 'warn' : 'good' });
}

/** @param {string} id */
const titleOf = (id) => store.state.session?.accounts.find((one) => one.id === id)?.title ?? id;

function drawBanners() {
  const { state } = store;
  /** @type {import('../widgets/banners.js').Banner[]} */
  const list = [];
  if (state.kill.engaged) list.push({ id: 'kill', tone: 'down', text: t('kill.banner', { time: hourMinute(state.kill.since), reason: state.kill.reason }), action: t('kill.release'), run: () => command('release') });
  if (state.restored !== null) list.push({ id: 'restored', tone: 'warn', text: t('banner.restored', { age: age(Math.round((Date.now() - state.restored) / 1000)) }) });
  // while the first connection is being made nothing is amiss yet
  else if (state.session && linkLost(state.link, store.now()) && (Number.isFinite(state.link.heard) || store.now() > PATIENCE_MS)) list.push({ id: 'down', tone: 'warn', text: t('banner.down') });
  for (const [account, ends] of Object.entries(state.session?.ending ?? {})) list.push({ id: `session ${account}`, tone: 'warn', action: t('accounts.signIn'), run: () => ctx.go('brokers', { tab: 'accounts' }),
    text: ends === null ? t('banner.sessionEnded', { title: titleOf(account) }) : t('banner.sessionEnds', { title: titleOf(account), time: stamp(ends, Date.now()) }) });
  for (const { account, count } of doubtElsewhere(store)) list.push({ id: `doubt ${account}`, tone: 'warn', text: tn('banner.doubt', count, { n: quantity(count), title: titleOf(account) }), action: t('banner.doubtShow'), run: () => {
    ctx.useAccount(account);
    ctx.go('orders');
  } });
  frame?.notices.set(list);
}

/** Everything is drawn again: first start, another language. */
function rebuild() {
  const root = document.getElementById('root');
  if (!root || !started) return;
  page?.destroy?.();
  dock?.destroy?.();
  ticket?.destroy();
  page = dock = ticket = null;
  shown = '';
  frame?.destroy();
  frame = createFrame(ctx, { solo: router.solo });
  frame.side.replaceChildren(sideEmpty());
  root.replaceChildren(frame.el);
  if (store.state.selected && ctx.wide()) showSide(store.state.selected);
  const route = router.now();
  void open(route.name, route.params);
  drawBanners();
}

let started = false;

async function boot() {
  addEventListener('error', (event) => report(event.error ?? event.message));
  addEventListener('unhandledrejection', (event) => report(event.reason));
  await wiring.start();
  started = true;
  rebuild();
  store.on(['link', 'kill', 'restored', 'session', 'clock', 'orders', 'account'], drawBanners);
  store.on(['selected'], () => {
    const { selected } = store.state;
    if (selected && ctx.wide() && ticket?.key !== selected) showSide(selected);
  });
  store.on(['watchlists', 'account'], () => {
    // a desktop opens with the first thing that can be traded on the ticket, never an empty panel
    if (store.state.selected || !ctx.wide()) return;
    const first = watchlist(store)?.keys.find((key) => !key.includes('_INDEX:'));
    if (first) store.set('selected', first);
  });
  WIDE.addEventListener('change', rebuild);
  listenKeys({ go: (name) => ctx.go(name), command, trade(side) {
    if (store.state.selected) openTicket({ key: store.state.selected, side }, true);
  }, onHold(share) {
    document.documentElement.style.setProperty('--kill-share', String(share));
    document.documentElement.classList.toggle('killing', share > 0);
  } });
  // the first screen comes first: keeping the files for later can wait
  setTimeout(() => void keepFiles(), 4000);
}

/** The service worker keeps the app's files; a newer version is offered, never forced under a trader's hands. */
async function keepFiles() {
  if (!('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('message', (event) => {
    if (event.data === 'newer') toast({ id: 'newer', text: t('app.newer'), action: t('app.reload'), seconds: 30, run: () => serviceWorker.controller?.postMessage('use') });
    if (event.data === 'used') location.reload();
  });
  try {
    await serviceWorker.register(scriptUrl('/sw.js'));
    serviceWorker.controller?.postMessage('check');
  } catch (error) {
    console.info('The app will not open offline:', error); // a self-signed certificate or a private window: everything else works
  }
}

void boot();
