/** How a message or an answer changes the state: pure functions from old value to new. */

/** @typedef {import('../format/wire.js').Order} Order */
/** @typedef {import('../format/wire.js').Trade} Trade */

const NOTICES = 50;

/**
 * Put an order in, unless a later state of it is already there: answers and events may cross.
 * @param {Map<string, Order>} orders
 * @param {Order} order
 */
export function withOrder(orders, order) {
  const old = orders.get(order.id);
  if (old && !later(order, old)) return orders;
  return new Map(orders).set(order.id, order);
}

/**
 * The list as read from the server, keeping any order the stream has brought further.
 * @param {Map<string, Order>} orders
 * @param {Order[]} read
 * @param {string} account whose orders were read
 */
export function withOrders(orders, read, account) {
  /** @type {Map<string, Order>} */
  const next = new Map();
  for (const order of read) next.set(order.id, order);
  for (const [id, old] of orders) {
    if (old.account !== account) {
      if (old.state === 'UNKNOWN') next.set(id, old); // one in doubt is not forgotten because another account is looked at
      continue;
    }
    const fresh = next.get(id);
    if (!fresh || !later(fresh, old)) next.set(id, old);
  }
  return next;
}

/**
 * Orders in doubt of an account that is not on screen, as the server has them.
 * @param {ReadonlyMap<string, Order>} orders
 * @param {readonly Order[]} open its open orders
 * @param {string} account
 */
export function withDoubt(orders, open, account) {
  const next = new Map([...orders].filter(([, old]) => old.account !== account));
  for (const order of open) if (order.state === 'UNKNOWN') next.set(order.id, order);
  return next;
}

/** @param {Order} a @param {Order} b @returns {boolean} whether `a` is not older than `b` */
function later(a, b) {
  if (a.filled !== b.filled && a.updated === b.updated) return a.filled > b.filled;
  return a.updated >= b.updated;
}

/**
 * @param {import('../format/wire.js').Notice[]} notices
 * @param {import('../format/wire.js').Notice} notice
 */
export function withNotice(notices, notice) {
  return [notice, ...notices].slice(0, NOTICES);
}

/**
 * A market as told whole (session, welcome, control) at steady-clock moment `at`.
 * @param {Record<string, import('./state.js').MarketNow>} markets
 * @param {import('../format/wire.js').Market} market
 * @param {number} at
 */
export function withMarket(markets, market, at) {
  const ms = Date.parse(market.market_time);
  const old = markets[market.id];
  return { ...markets, [market.id]: { ...market, ms: Number.isFinite(ms) ? ms : (old?.ms ?? 0), at, tickAge: old?.tickAge ?? null } };
}

/**
 * A market as a heartbeat tells it.
 * @param {Record<string, import('./state.js').MarketNow>} markets
 * @param {{ id: string, market_ms: number, phase: import('../format/wire.js').Phase, last_tick_age: number | null, state: any, speed: number }[]} beats
 * @param {number} at
 */
export function withBeat(markets, beats, at) {
  const next = { ...markets };
  for (const beat of beats) {
    const old = next[beat.id];
    if (!old) continue;
    next[beat.id] = { ...old, ms: beat.market_ms, phase: beat.phase, state: beat.state, speed: beat.speed, tickAge: beat.last_tick_age, at };
  }
  return next;
}

/**
 * Instruments joined to those known.
 * @param {Map<string, import('../format/wire.js').Instrument>} known
 * @param {import('../format/wire.js').Instrument[]} more
 */
export function withInstruments(known, more) {
  if (more.every((one) => known.has(one.key))) return known;
  const next = new Map(known);
  for (const one of more) next.set(one.key, one);
  return next;
}
