/**
 * Whether a price may be believed. Judged per instrument, by the session: under 2 s nothing is said, 2-5 s the age is shown,
 * above 5 s in session (or read back from storage, or with the server silent) it is stale and nothing may be sent on it.
 * In a closed market a price is closed, not stale.
 */

export const AGEING_S = 2;
export const STALE_S = 5;
const CLOSED_FLAG = 2;
const STALE_FLAG = 1;

/** @typedef {'fresh' | 'ageing' | 'stale' | 'closed' | 'none'} Level */
/** @typedef {{ level: Level, age: number | null, cause: '' | 'age' | 'restored' | 'down' | 'paused' | 'unknown' }} Freshness age in seconds */
/** @typedef {Pick<import('./state.js').State, 'link'>} LinkPart */

/**
 * Whether the server has been silent too long for anything to be called live.
 * @param {import('./state.js').LinkState} link
 * @param {number} now steady ms
 */
export function linkLost(link, now) {
  return link.state !== 'live' || now - link.heard > link.heartbeat * 3;
}

/**
 * @param {import('./quotes.js').Quote | undefined} quote
 * @param {LinkPart} part
 * @param {Pick<import('./state.js').MarketNow, 'phase' | 'state'> | undefined} market
 * @param {number} now steady ms
 * @returns {Freshness}
 */
export function freshness(quote, part, market, now) {
  if (!quote || quote.ltp === null) return { level: 'none', age: null, cause: 'unknown' };
  const age = Math.max(0, (now - quote.seen) / 1000);
  if (quote.restored) return { level: 'stale', age, cause: 'restored' };
  if (linkLost(part.link, now)) return { level: 'stale', age, cause: 'down' };
  if (market && closed(market.phase)) return { level: 'closed', age, cause: '' };
  if (market && market.state !== 'running' && age > STALE_S) return { level: 'stale', age, cause: 'paused' };
  if (quote.flags & CLOSED_FLAG) return { level: 'closed', age, cause: '' };
  if (age > STALE_S || quote.flags & STALE_FLAG) return { level: 'stale', age, cause: 'age' };
  if (age > AGEING_S) return { level: 'ageing', age, cause: '' };
  return { level: 'fresh', age, cause: '' };
}

/**
 * Whether no prices are made in this phase of the day.
 * @param {import('../format/wire.js').Phase | undefined} phase
 */
export function closed(phase) {
  return phase === 'closed' || phase === 'post_close';
}
