/**
 * Breakevens, largest profit and largest loss at the first expiry. With one expiry the profit is a line broken at the
 * strikes, so corners and crossings are exact; with several, crossings are sought on a fine ladder and closed in on.
 *
 * @module payoff/model/outcome
 */

import { SETTLED } from './book.js';

/**
 * @import { Book } from './book.js'
 * @import { Outcome } from '../types.js'
 */

const STEPS = 1200; // rungs between 0.5 and 1.5 of the spot when the profit is curved
const CLOSE = 1e-9; // share of the spot a crossing is closed in to
const LEVEL = 1e-9; // rupees a point below which a slope is none

/** @param {Book} book @returns {Outcome} */
export function outcomeOf(book) {
  const { spot } = book.setting;
  const after = book.firstExpiry;
  const curved = book.lastExpiry - after > SETTLED;
  const nodes = [...new Set([0, ...book.strikes, ...(curved ? ladder(spot) : []), spot])].sort((a, b) => a - b);
  const top = nodes[nodes.length - 1];
  const beyond = top * 2 + spot;
  const profit = (/** @type {number} */ at) => book.profit(at, after);
  const values = nodes.map(profit);
  // beyond the last strike the line runs on straight: the shares and futures, and every call bought or sold
  const units = book.legs.reduce((sum, leg) => sum + (leg.kind !== 'OPTION' || leg.call ? leg.units : 0), 0);
  // as many calls bought as sold: what is left of a slope far out is interest between two expiries, no view of the market
  const slope = curved && units !== 0 ? (profit(beyond * 4) - profit(beyond * 2)) / (beyond * 2) : units;
  const high = Math.max(...values);
  const low = Math.min(...values);
  /** @type {number[]} */
  const breakevens = [];
  const push = (/** @type {number} */ at) => {
    if (at > 0 && !breakevens.some((one) => Math.abs(one - at) < spot * 1e-7)) breakevens.push(at);
  };
  const flat = Math.max(1e-6, (high - low) * 1e-10);
  for (let i = 1; i < nodes.length; i += 1) {
    if (Math.abs(values[i - 1]) < flat !== Math.abs(values[i]) < flat) push(Math.abs(values[i]) < flat ? nodes[i] : nodes[i - 1]);
    else if (values[i - 1] * values[i] < 0) push(curved ? closeIn(profit, nodes[i - 1], nodes[i]) : nodes[i - 1] - (values[i - 1] * (nodes[i] - nodes[i - 1])) / (values[i] - values[i - 1]));
  }
  const last = values[values.length - 1];
  if (Math.abs(slope) > LEVEL && last * slope < 0) push(curved ? closeIn(profit, top, reach(profit, top, beyond)) : top - last / slope);
  breakevens.sort((a, b) => a - b);
  const maxProfit = slope > LEVEL ? null : high;
  const maxLoss = slope < -LEVEL ? null : low;
  return { breakevens, maxProfit, maxLoss, rewardToRisk: maxProfit === null || maxLoss === null || maxLoss >= 0 ? null : maxProfit / -maxLoss };
}

/** @param {number} spot */
function ladder(spot) {
  return Array.from({ length: STEPS + 1 }, (_, i) => spot * (0.5 + i / STEPS));
}

/** A spot far enough that the sign has turned. @param {(at: number) => number} profit @param {number} from @param {number} to */
function reach(profit, from, to) {
  const sign = Math.sign(profit(from));
  let at = to;
  for (let i = 0; i < 60 && Math.sign(profit(at)) === sign; i += 1) at *= 2;
  return at;
}

/** Halve the gap until the crossing is known. @param {(at: number) => number} profit @param {number} low @param {number} high */
function closeIn(profit, low, high) {
  let [a, b] = [low, high];
  const sign = Math.sign(profit(a));
  while (b - a > CLOSE * b) {
    const middle = (a + b) / 2;
    if (Math.sign(profit(middle)) === sign) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}
