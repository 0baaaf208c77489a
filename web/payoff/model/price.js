/**
 * An option's worth on a forward (F. Black, "The pricing of commodity contracts", 1976), and how it moves.
 *
 * @module payoff/model/price
 */

import { cdf, density } from './normal.js';

/**
 * @param {number} forward
 * @param {number} strike
 * @param {number} years left; 0 or less gives what exercise is worth
 * @param {number} rate continuously compounded
 * @param {number} sigma 0 gives the discounted intrinsic value
 * @param {boolean} call
 */
export function optionPrice(forward, strike, years, rate, sigma, call) {
  const sign = call ? 1 : -1;
  if (!(years > 0)) return Math.max(0, sign * (forward - strike));
  const discount = Math.exp(-rate * years);
  const total = sigma * Math.sqrt(years);
  if (!(total > 1e-9) || forward <= 0) return discount * Math.max(0, sign * (forward - strike));
  const d1 = Math.log(forward / strike) / total + 0.5 * total;
  return discount * sign * (forward * cdf(sign * d1) - strike * cdf(sign * (d1 - total)));
}

/**
 * Delta and gamma with the forward, vega per 1.00 of volatility.
 * @param {number} forward
 * @param {number} strike
 * @param {number} years
 * @param {number} rate
 * @param {number} sigma
 * @param {boolean} call
 * @returns {{ delta: number, gamma: number, vega: number }}
 */
export function optionGreeks(forward, strike, years, rate, sigma, call) {
  const sign = call ? 1 : -1;
  const total = sigma * Math.sqrt(Math.max(0, years));
  if (!(total > 1e-9) || forward <= 0) return { delta: sign * (forward - strike) > 0 ? sign * Math.exp(-rate * Math.max(0, years)) : 0, gamma: 0, vega: 0 };
  const discount = Math.exp(-rate * years);
  const d1 = Math.log(forward / strike) / total + 0.5 * total;
  const slope = discount * density(d1);
  return { delta: discount * sign * cdf(sign * d1), gamma: slope / (forward * total), vega: slope * forward * Math.sqrt(years) };
}
