/**
 * The tray: option, future or share legs picked in the chain and carried to the builder or into a basket. One leg an
 * instrument; a leg on the other side of the same instrument takes lots off. The tray belongs to a market: in another
 * market it is empty.
 */

import { market } from './selectors.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('../format/wire.js').Instrument} Instrument */

/**
 * @typedef {object} TrayLeg
 * @property {string} key instrument
 * @property {'BUY' | 'SELL'} side
 * @property {number} lots whole, from 1 to MOST_LOTS; units are lots x the instrument's lot
 * @property {string | null} price limit as a decimal string; null: at the market
 */

/** @typedef {{ market: string, underlying: string, legs: readonly TrayLeg[] }} Tray underlying: key of the index or share the legs hang on */

/** @type {Readonly<Tray>} */
export const EMPTY_TRAY = Object.freeze({ market: '', underlying: '', legs: Object.freeze([]) });

/** As many legs as a basket takes, and as many lots as a stepper goes. */
export const MOST_LEGS = 20;
export const MOST_LOTS = 999;

/**
 * A tray with one more leg. The same instrument on the same side adds lots; on the other side it takes them off, turns the
 * leg round, or removes it when nothing is left. A tray that is full, or lots that are no whole number above zero, changes nothing.
 * @param {Tray} tray
 * @param {TrayLeg} leg
 * @returns {Tray}
 */
export function withLeg(tray, leg) {
  if (!Number.isInteger(leg.lots) || leg.lots < 1) return tray;
  const old = tray.legs.find((one) => one.key === leg.key);
  if (!old) return tray.legs.length >= MOST_LEGS ? tray : { ...tray, legs: [...tray.legs, { ...leg, lots: Math.min(MOST_LOTS, leg.lots) }] };
  const net = signed(old) + signed(leg);
  if (net === 0) return withoutLeg(tray, leg.key);
  return { ...tray, legs: tray.legs.map((one) => (one === old ? { key: one.key, side: net > 0 ? 'BUY' : 'SELL', lots: Math.min(MOST_LOTS, Math.abs(net)), price: leg.price ?? (net > 0 === signed(old) > 0 ? old.price : null) } : one)) };
}

/** @param {Tray} tray @param {string} key @returns {Tray} */
export function withoutLeg(tray, key) {
  return { ...tray, legs: tray.legs.filter((one) => one.key !== key) };
}

/**
 * A tray with one leg changed; lots outside their range are brought into it, anything but a whole number is left alone.
 * @param {Tray} tray
 * @param {string} key
 * @param {Partial<Omit<TrayLeg, 'key'>>} change
 * @returns {Tray}
 */
export function changedLeg(tray, key, change) {
  const { lots, ...rest } = change;
  const count = Number.isInteger(lots) ? { lots: Math.max(1, Math.min(MOST_LOTS, /** @type {number} */ (lots))) } : {};
  return { ...tray, legs: tray.legs.map((one) => (one.key === key ? { ...one, ...rest, ...count } : one)) };
}

/**
 * What the legs cost at the prices they would trade at now: a buy at the ask, a sell at the bid, a limit at its own price,
 * the last price where a side has no quote. Above zero is paid, below zero received, in rupees.
 * @param {Tray} tray
 * @param {(key: string) => { ltp: number | null, bid: number | null, ask: number | null } | undefined} quoteOf
 * @param {(key: string) => Pick<Instrument, 'lot'> | undefined} instrumentOf
 * @returns {number | null} null when a leg has no price or its lot is not known
 */
export function netPremium(tray, quoteOf, instrumentOf) {
  let sum = 0;
  for (const leg of tray.legs) {
    const quote = quoteOf(leg.key);
    const lot = instrumentOf(leg.key)?.lot;
    const each = leg.price === null ? ((leg.side === 'BUY' ? quote?.ask : quote?.bid) ?? quote?.ltp ?? null) : Number(leg.price);
    if (lot === undefined || each === null || !Number.isFinite(each)) return null;
    sum += signed(leg) * lot * each;
  }
  return sum;
}

/** Lots with their sign: bought above zero, sold below. @param {Pick<TrayLeg, 'side' | 'lots'>} leg */
export const signed = (leg) => (leg.side === 'BUY' ? leg.lots : -leg.lots);

/** The tray of the market that is open; empty when it was filled in another one. @param {Store} store @returns {Tray} */
export function trayOf(store) {
  const id = market(store)?.id;
  const { tray } = store.state;
  return id === undefined || tray.market !== id ? { ...EMPTY_TRAY, market: id ?? '' } : tray;
}

/**
 * Add a leg of an underlying; legs of another underlying are put away first, for one strategy hangs on one underlying.
 * @param {Store} store
 * @param {string} underlying
 * @param {{ key: string, side: 'BUY' | 'SELL', lots?: number, price?: string | null }} leg
 * @returns {boolean} whether the tray changed
 */
export function addLeg(store, underlying, { key, side, lots = 1, price = null }) {
  const now = trayOf(store);
  const base = now.underlying === underlying ? now : { ...now, underlying, legs: [] };
  const next = withLeg(base, { key, side, lots, price });
  if (next === base) return false;
  store.set('tray', next);
  return true;
}

/** Put these legs in place of what is there. @param {Store} store @param {string} underlying @param {readonly TrayLeg[]} legs */
export function setLegs(store, underlying, legs) {
  store.set('tray', { ...trayOf(store), underlying, legs: [...legs] });
}

/** @param {Store} store @param {string} key @param {Partial<Omit<TrayLeg, 'key'>>} change */
export function changeLeg(store, key, change) {
  store.set('tray', changedLeg(trayOf(store), key, change));
}

/** @param {Store} store @param {string} key */
export function dropLeg(store, key) {
  store.set('tray', withoutLeg(trayOf(store), key));
}

/** @param {Store} store */
export function clearTray(store) {
  store.set('tray', { ...trayOf(store), legs: [] });
}

/**
 * The basket that sends the legs: limits at their price, the others at the market; products that carry overnight.
 * @param {Tray} tray
 * @param {(key: string) => Pick<Instrument, 'lot' | 'kind'> | undefined} instrumentOf
 * @returns {import('../format/ports.js').BasketLeg[]} legs whose instrument is known
 */
export function basketLegs(tray, instrumentOf) {
  return tray.legs.flatMap((leg) => {
    const one = instrumentOf(leg.key);
    if (!one) return [];
    const product = one.kind === 'EQUITY' ? (leg.side === 'BUY' ? 'CNC' : 'MIS') : 'NRML';
    return [{ key: leg.key, side: leg.side, quantity: leg.lots * one.lot, product: /** @type {'NRML' | 'MIS' | 'CNC'} */ (product), ...(leg.price === null ? { type: /** @type {const} */ ('MARKET') } : { type: /** @type {const} */ ('LIMIT'), price: leg.price }) }];
  });
}
