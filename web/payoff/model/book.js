/**
 * Legs together: what they are worth at any spot, any time ahead, any shift of volatility. Everything the finger moves is
 * worked out here, so that no movement waits for the server.
 *
 * A spot that moves takes the forward of each expiry along in proportion; the carry left shrinks with the time left. Each
 * leg keeps its own volatility by strike, shifted by the same points.
 *
 * @module payoff/model/book
 */

import { optionGreeks, optionPrice } from './price.js';

/**
 * @import { Greeks, PayoffLeg, Setting, Term } from '../types.js'
 */

const DAYS = 365; // theta is told a calendar day
const LEAST_SIGMA = 0.005; // a shift towards zero volatility stops here
/** Years below which only what exercise brings is left: 30 ms. */
export const SETTLED = 1e-9;

export class Book {
  /** @type {readonly PayoffLeg[]} */
  legs;
  /** @type {Setting} */
  setting;

  /**
   * Legs that cannot be valued (no such expiry, a figure that is none) are left out.
   * @param {readonly PayoffLeg[]} legs
   * @param {Setting} setting
   */
  constructor(legs, setting) {
    this.setting = setting;
    this.legs = legs.filter((leg) => leg.units !== 0 && Number.isFinite(leg.price) && (leg.kind === 'EQUITY' || setting.terms[leg.expiry] !== undefined) && (leg.kind !== 'OPTION' || (leg.strike > 0 && Number.isFinite(leg.sigma))));
  }

  /** Years to the first expiry among the legs; 0 when none expires. */
  get firstExpiry() {
    return this.#years().reduce((least, one) => Math.min(least, one), Infinity) || 0;
  }

  get lastExpiry() {
    return Math.max(0, ...this.#years());
  }

  #years() {
    return this.legs.filter((leg) => leg.kind !== 'EQUITY').map((leg) => /** @type {Term} */ (this.setting.terms[leg.expiry]).years);
  }

  /** Strikes of the options, rising, each once. */
  get strikes() {
    return [...new Set(this.legs.filter((leg) => leg.kind === 'OPTION').map((leg) => leg.strike))].sort((a, b) => a - b);
  }

  /** What the legs cost at entry, rupees; above zero is paid. */
  get cost() {
    return this.legs.reduce((sum, leg) => sum + leg.units * leg.price, 0);
  }

  /**
   * Profit or loss of all legs, rupees.
   * @param {number} spot
   * @param {number} after years from now
   * @param {number} [shift] added to every volatility, 0.01 = a point
   */
  profit(spot, after, shift = 0) {
    let sum = 0;
    for (const leg of this.legs) sum += leg.units * (this.#worth(leg, spot, after, shift) - leg.price);
    return sum;
  }

  /**
   * Profits at many spots.
   * @param {ArrayLike<number>} spots
   * @param {number} after
   * @param {number} [shift]
   * @returns {Float64Array}
   */
  curve(spots, after, shift = 0) {
    const out = new Float64Array(spots.length);
    for (let i = 0; i < spots.length; i += 1) out[i] = this.profit(spots[i], after, shift);
    return out;
  }

  /**
   * @param {number} spot
   * @param {number} after
   * @param {number} [shift]
   * @returns {Greeks}
   */
  greeks(spot, after, shift = 0) {
    let [delta, gamma, theta, vega] = [0, 0, 0, 0];
    for (const leg of this.legs) {
      if (leg.kind === 'EQUITY') {
        delta += leg.units;
        continue;
      }
      const term = /** @type {Term} */ (this.setting.terms[leg.expiry]);
      const left = Math.max(0, term.years - after);
      const drift = this.#drift(term);
      const grown = left > SETTLED ? Math.exp(drift * left) : 1;
      if (leg.kind === 'FUTURE') {
        delta += leg.units * grown;
        theta -= (leg.units * drift * spot * grown) / DAYS;
        continue;
      }
      const sigma = Math.max(LEAST_SIGMA, leg.sigma + shift);
      if (left <= SETTLED) {
        const inside = leg.call ? spot > leg.strike : spot < leg.strike;
        delta += inside ? (leg.call ? leg.units : -leg.units) : 0;
        continue;
      }
      const forward = spot * grown;
      const one = optionGreeks(forward, leg.strike, left, term.rate, sigma, leg.call);
      const worth = optionPrice(forward, leg.strike, left, term.rate, sigma, leg.call);
      delta += leg.units * one.delta * grown;
      gamma += leg.units * one.gamma * grown * grown;
      vega += leg.units * one.vega * 0.01;
      theta += (leg.units * (term.rate * worth - one.delta * forward * drift - 0.5 * one.gamma * forward * forward * sigma * sigma)) / DAYS;
    }
    return { delta, gamma, theta, vega };
  }

  /** What the forward grows at, a year. @param {Term} term */
  #drift(term) {
    return term.years > 0 ? Math.log(term.forward / this.setting.spot) / term.years : 0;
  }

  /** Worth of a unit. @param {PayoffLeg} leg @param {number} spot @param {number} after @param {number} shift */
  #worth(leg, spot, after, shift) {
    if (leg.kind === 'EQUITY') return spot;
    const term = /** @type {Term} */ (this.setting.terms[leg.expiry]);
    const left = term.years - after;
    if (left <= SETTLED) return leg.kind === 'FUTURE' ? spot : Math.max(0, leg.call ? spot - leg.strike : leg.strike - spot);
    const forward = spot * Math.exp(this.#drift(term) * left);
    if (leg.kind === 'FUTURE') return forward;
    return optionPrice(forward, leg.strike, left, term.rate, Math.max(LEAST_SIGMA, leg.sigma + shift), leg.call);
  }
}
