/** Answers worked out from the state: no DOM, no fetch. */

import { decimalOf } from '../format/sizes.js';
import { freshness, linkLost } from './freshness.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('../format/wire.js').Order} Order */
/** @typedef {import('../format/wire.js').Position} Position */

const LIVE = new Set(['SUBMITTING', 'UNKNOWN', 'OPEN', 'PARTIAL']);

/** @param {Store} store @returns {import('../format/wire.js').Account | undefined} */
export function account(store) {
  return store.state.session?.accounts.find((one) => one.id === store.state.account);
}

/** The market of the active account. @param {Store} store @returns {import('./state.js').MarketNow | undefined} */
export function market(store) {
  const id = account(store)?.market;
  return id === undefined ? undefined : store.state.markets[id];
}

/** Market time now, ms since the epoch; it runs on between two beats. @param {Store} store */
export function marketMs(store) {
  const one = market(store);
  if (!one) return null;
  if (one.state !== 'running' || linkLost(store.state.link, store.now())) return one.ms;
  return one.ms + (store.now() - one.at) * one.speed;
}

/** @param {Store} store @param {string} key */
export function quoteFreshness(store, key) {
  return freshness(store.quotes.get(key), store.state, market(store), store.now());
}

/**
 * The account in which a new ticket begins by the user's rule, when it is another than the one in use. A rule moves between
 * live accounts of one market only, and never away from where the instrument is held or ordered.
 * @param {Store} store
 * @param {string} key
 * @returns {import('../format/wire.js').Account | null}
 */
export function routeOf(store, key) {
  const { state } = store;
  const mine = account(store);
  const to = state.session?.accounts.find((one) => one.id === state.session?.order_routes?.[key.slice(0, key.indexOf(':'))]);
  if (!mine || !to || to.id === mine.id || to.mode !== 'LIVE' || mine.mode !== 'LIVE' || to.market !== mine.market) return null;
  const busy = state.positions.some((one) => one.key === key && one.quantity !== 0) || state.holdings.some((one) => one.key === key)
    || [...state.orders.values()].some((one) => one.account === mine.id && one.key === key && working(one));
  return busy ? null : to;
}

/** @param {Order} order */
export function working(order) {
  return LIVE.has(order.state);
}

/**
 * Orders of the active account in the order a trader wants them: unknown first, then working, then done; newest first.
 * @param {Store} store
 */
export function orderBook(store) {
  const mine = [...store.state.orders.values()].filter((order) => order.account === store.state.account);
  mine.sort((a, b) => rank(a) - rank(b) || (a.created < b.created ? 1 : -1));
  return {
    unknown: mine.filter((order) => order.state === 'UNKNOWN'),
    open: mine.filter((order) => working(order) && order.state !== 'UNKNOWN'),
    done: mine.filter((order) => !working(order)),
  };
}

/**
 * Orders in doubt in accounts that are not on screen: the user must know of them all the same.
 * @param {Store} store
 * @returns {{ account: string, count: number }[]}
 */
export function doubtElsewhere(store) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const order of store.state.orders.values()) {
    if (order.state === 'UNKNOWN' && order.account !== store.state.account) counts.set(order.account, (counts.get(order.account) ?? 0) + 1);
  }
  return [...counts].map(([account, count]) => ({ account, count }));
}

/** @param {Order} order */
const rank = (order) => (order.state === 'UNKNOWN' ? 0 : working(order) ? 1 : 2);

/**
 * A position's figures at the last price: what the server said, moved along with the stream.
 * @param {Store} store
 * @param {Position} position
 * @returns {{ ltp: number | null, average: number | null, open: number | null, realised: number, charges: number, total: number | null, value: number | null }}
 */
export function positionNow(store, position) {
  const then = number(position.ltp);
  const ltp = store.quotes.get(position.key)?.ltp ?? then;
  const average = number(position.average);
  const realised = number(position.realised) ?? 0;
  let open = number(position.mtm);
  const held = decimalOf(position.quantity, position.unit);
  if (position.quantity === 0) open = 0;
  else if (open !== null && then !== null && ltp !== null) open += held * (ltp - then);
  else if (ltp !== null && average !== null) open = held * (ltp - average);
  return {
    ltp,
    average,
    open,
    realised,
    charges: number(position.charges) ?? 0,
    total: open === null ? null : open + realised,
    value: ltp === null ? null : held * ltp,
  };
}

/**
 * Day's profit or loss now, charges taken off: the server's figure, moved along with the prices since it was read.
 * @param {Store} store
 * @returns {{ day: number, open: number, realised: number, charges: number } | null} null before the first answer
 */
export function dayProfit(store) {
  const { overview, positions, holdings, marks } = store.state;
  if (!overview) return null;
  let moved = 0;
  for (const position of [...positions, ...holdings]) {
    const then = marks.get(position.key);
    const now = store.quotes.get(position.key)?.ltp;
    if (then !== undefined && now !== undefined && now !== null) moved += decimalOf(position.quantity, position.unit) * (now - then);
  }
  const { pnl } = overview;
  return { day: (number(pnl.day) ?? 0) + moved, open: (number(pnl.unrealised) ?? 0) + moved, realised: number(pnl.realised) ?? 0, charges: number(pnl.charges) ?? 0 };
}

/**
 * Change against the previous close.
 * @param {import('./quotes.js').Quote | undefined} quote
 * @returns {{ change: number | null, percent: number | null }}
 */
export function change(quote) {
  if (!quote || quote.ltp === null || quote.close === null || quote.close === 0) return { change: null, percent: null };
  const difference = quote.ltp - quote.close;
  return { change: difference, percent: (difference / quote.close) * 100 };
}

/** The open watchlist. @param {Store} store @returns {import('../format/wire.js').Watchlist | undefined} */
export function watchlist(store) {
  const { watchlists, preferences, instruments } = store.state;
  const chosen = watchlists.find((list) => list.id === preferences.watchlist) ?? watchlists[0];
  // in a replay the user's lists may hold nothing that was recorded: then what was recorded is shown
  const recorded = watchlists.find((list) => list.id === RECORDED);
  return recorded && chosen && !chosen.keys.some((key) => instruments.has(key)) ? recorded : chosen;
}

/** The list of a replay's own instruments; made here, never saved. */
export const RECORDED = 'recorded';

/** Seconds since the newest price of the market reached us. @param {Store} store @returns {number | null} */
export function dataAge(store) {
  const now = store.now();
  const one = market(store);
  const told = one && one.tickAge !== null ? one.tickAge + (now - one.at) / 1000 : null;
  const seen = Number.isFinite(store.quotes.newest) ? (now - store.quotes.newest) / 1000 : null;
  if (told === null) return seen;
  return seen === null ? told : Math.max(0, Math.min(told, seen));
}

/** @param {string | number | null | undefined} value @returns {number | null} */
function number(value) {
  if (value === null || value === undefined || value === '') return null;
  const n = Number(value);
  return Number.isFinite(n) ? n : null;
}
