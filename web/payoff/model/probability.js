/**
 * Chances when the logarithm of the price is normal around the forward: quick figures while a finger moves. The server's own,
 * from the fitted smile, stand beside them once they have come.
 *
 * @module payoff/model/probability
 */

import { cdf } from './normal.js';

/**
 * @import { Book } from './book.js'
 * @import { Band } from '../types.js'
 */

/**
 * @typedef {{ forward: number, total: number }} Lognormal total: volatility times the root of the years
 */

/** Chance of a price below x. @param {Lognormal} law @param {number} x */
export function below({ forward, total }, x) {
  if (x <= 0) return 0;
  if (!(total > 0)) return x > forward ? 1 : 0;
  return cdf(Math.log(x / forward) / total + 0.5 * total);
}

/**
 * Where the price lies with the chance of one and two deviations.
 * @param {Lognormal} law
 * @returns {Band[]}
 */
export function bands({ forward, total }) {
  return [1, 2].map((sigmas) => ({ sigmas, low: forward * Math.exp(-sigmas * total - 0.5 * total * total), high: forward * Math.exp(sigmas * total - 0.5 * total * total) }));
}

/**
 * Chance that the legs make money at the first expiry.
 * @param {Book} book
 * @param {readonly number[]} breakevens
 * @param {Lognormal} law
 */
export function chanceOfProfit(book, breakevens, law) {
  const after = book.firstExpiry;
  const edges = [0, ...breakevens, Infinity];
  let chance = 0;
  for (let i = 1; i < edges.length; i += 1) {
    const [low, high] = [edges[i - 1], edges[i]];
    const inside = high === Infinity ? Math.max(low * 1.5, book.setting.spot * 2) : (low + high) / 2;
    if (book.profit(inside, after) > 0) chance += (high === Infinity ? 1 : below(law, high)) - below(law, low);
  }
  return Math.max(0, Math.min(1, chance));
}

/** The law of the underlying at the first expiry of a book. @param {Book} book @returns {Lognormal} */
export function lawOf(book) {
  const years = book.firstExpiry;
  const term = Object.values(book.setting.terms).find((one) => Math.abs(one.years - years) < 1e-12);
  return { forward: term?.forward ?? book.setting.spot, total: book.setting.sigma * Math.sqrt(Math.max(0, years)) };
}
