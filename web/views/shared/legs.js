/** The tray's legs changed by the builder: another strike, expiry or side; equal contracts become one. Pure. */

import { EMPTY_TRAY, signed, withLeg } from '../../store/tray.js';

/** @typedef {import('../../store/tray.js').TrayLeg} TrayLeg */

/**
 * Legs with one put on another contract. Where the new contract is there already, the two become one.
 * @param {readonly TrayLeg[]} legs
 * @param {string} from key
 * @param {string} to key
 * @returns {TrayLeg[]}
 */
export function moved(legs, from, to) {
  // a limit belongs to the contract it was set for
  return merged(legs.map((leg) => (leg.key === from && from !== to ? { ...leg, key: to, price: null } : leg)));
}

/** Equal contracts as one leg, in the order they stand. @param {readonly TrayLeg[]} legs @returns {TrayLeg[]} */
export function merged(legs) {
  let tray = { ...EMPTY_TRAY };
  for (const leg of legs) tray = { ...withLeg(tray, leg) };
  return [...tray.legs];
}

/** The lots all legs have in common: 1 lot of an iron condor has four legs of one. @param {readonly Pick<TrayLeg, 'lots'>[]} legs */
export function commonLots(legs) {
  const common = legs.reduce((a, leg) => gcd(a, leg.lots), 0);
  return Math.max(1, common);
}

/** All legs scaled to another number of common lots. @param {readonly TrayLeg[]} legs @param {number} lots @param {number} most @returns {TrayLeg[]} */
export function scaled(legs, lots, most) {
  const common = commonLots(legs);
  const largest = Math.max(1, ...legs.map((leg) => leg.lots / common));
  const count = Math.max(1, Math.min(Math.floor(most / largest), Math.round(lots) || 1));
  return legs.map((leg) => ({ ...leg, lots: (leg.lots / common) * count }));
}

/** The other side of everything: what closes it, or the opposite view. @param {readonly TrayLeg[]} legs @returns {TrayLeg[]} */
export const turned = (legs) => legs.map((leg) => ({ ...leg, side: leg.side === 'BUY' ? 'SELL' : 'BUY', price: null }));

/** As the server is asked about them. @param {readonly TrayLeg[]} legs @returns {import('../../format/strategies.js').LegAsked[]} */
export const asked = (legs) => legs.map(({ key, side, lots, price }) => (price === null ? { key, side, lots } : { key, side, lots, price }));

/** From what the server made of a template, or moved. @param {readonly { key: string, side: 'BUY' | 'SELL', lots: number }[]} legs @returns {TrayLeg[]} */
export const trayLegs = (legs) => merged(legs.map(({ key, side, lots }) => ({ key, side, lots, price: null })));

/** What tells two sets of legs apart. @param {readonly TrayLeg[]} legs */
export const shapeOf = (legs) => legs.map((leg) => `${leg.key}${signed(leg)}@${leg.price ?? ''}`).join('|');

/** @param {number} a @param {number} b @returns {number} */
const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));
