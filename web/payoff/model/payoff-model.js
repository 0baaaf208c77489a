/**
 * What the payoff chart shows: legs, the market they are valued in, the date and volatility chosen, the spot under the
 * finger, and the part of the world in view. It knows no pixels but the size of its plot.
 *
 * @module payoff/model/payoff-model
 */

import { CURSOR, FULL, Invalidation, LIGHT } from '../../chart/model/invalidation.js';
import { Book } from './book.js';
import { outcomeOf } from './outcome.js';
import { bands, lawOf } from './probability.js';

/**
 * @import { Band, Other, Outcome, PayoffLeg, ScrubAt, Setting } from '../types.js'
 */

const POINTS = 220; // of each curve, besides the corners
const MARGIN = 0.12; // share of height left free above and below
const WIDEST = 0.6; // share of the spot on either side
const NARROWEST = 0.004;
const AROUND = 0.75; // share of the own height that others may add above and below
const LEAST_MONEY = 1; // rupees of height, so that a flat nothing does not divide by zero

/** @typedef {{ name: string, at: number, shift: number, style: 'expiry' | 'date' | 'now' | 'other', index: number, spots: Float64Array, values: Float64Array }} Curve */
/** @typedef {{ at: number, kind: 'strike' | 'breakeven' | 'spot' }} Mark */

export class PayoffModel {
  stale = new Invalidation();
  width = 0; // px of the plot
  height = 0;
  from = 0; // spots in view
  to = 1;
  low = -1; // rupees in view
  high = 1;
  after = 0; // years ahead of the date chosen
  shift = 0; // of volatility
  /** @type {number | null} spot under the finger */
  cursor = null;
  /** @type {Book | null} */
  book = null;
  /** @type {Outcome | null} */
  outcome = null;
  /** @type {Band[]} */
  bands = [];
  /** @type {Curve[]} */
  curves = [];
  /** @type {readonly Other[]} */
  others = [];
  /** @type {{ leg: string, strike: number } | null} a handle being dragged */
  drag = null;
  #ownView = false; // the user zoomed: keep it

  /** Whether there is anything to draw. */
  get known() {
    return this.book !== null && this.book.legs.length > 0;
  }

  /** Spot the figures stand for: the finger's, else the market's. */
  get spot() {
    return this.cursor ?? this.book?.setting.spot ?? 0;
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    this.width = width;
    this.height = height;
    this.stale.raise(FULL);
  }

  /** @param {readonly PayoffLeg[]} legs @param {Setting} setting */
  set(legs, setting) {
    const before = this.book;
    this.book = new Book(legs, setting);
    this.outcome = this.known ? outcomeOf(this.book) : null;
    this.after = Math.min(this.after, this.book.firstExpiry);
    this.bands = this.known && this.book.firstExpiry > 0 ? bands(lawOf(this.book)) : [];
    const moved = before !== null && Math.abs(before.setting.spot - setting.spot) > (this.to - this.from) * 0.25;
    if (!this.#ownView || moved) this.fitView();
    this.stale.raise(FULL);
  }

  /** Other legs in the same market and view. @param {readonly PayoffLeg[]} legs */
  preview(legs) {
    if (this.book === null) return;
    this.book = new Book(legs, this.book.setting);
    this.outcome = this.known ? outcomeOf(this.book) : null;
    this.stale.raise(LIGHT);
  }

  /** @param {readonly Other[]} others */
  compare(others) {
    this.others = others;
    this.stale.raise(LIGHT);
  }

  /** @param {number} after years ahead @param {number} shift of volatility */
  setScenario(after, shift) {
    const wanted = Math.max(0, Math.min(this.book?.firstExpiry ?? 0, after));
    if (wanted === this.after && shift === this.shift) return false;
    this.after = wanted;
    this.shift = shift;
    this.stale.raise(LIGHT);
    return true;
  }

  /** The range that shows the strikes, the breakevens that are near, and two deviations. */
  fitView() {
    this.#ownView = false;
    const { book } = this;
    if (book === null) return;
    const { spot } = book.setting;
    const near = (this.outcome?.breakevens ?? []).filter((at) => Math.abs(at / spot - 1) < WIDEST);
    const wide = this.bands[1];
    const low = Math.min(spot * 0.985, ...book.strikes, ...near, wide?.low ?? spot);
    const high = Math.max(spot * 1.015, ...book.strikes, ...near, wide?.high ?? spot);
    const pad = (high - low) * 0.06;
    this.from = Math.max(spot * (1 - WIDEST), low - pad);
    this.to = Math.min(spot * (1 + WIDEST), high + pad);
    this.stale.raise(FULL);
  }

  /** @param {number} factor above 1 = closer @param {number} x px that stays where it is */
  zoom(factor, x) {
    if (!this.known) return;
    const { spot } = /** @type {Book} */ (this.book).setting;
    const at = this.spotAt(x);
    const span = Math.max(spot * NARROWEST, Math.min(spot * WIDEST * 2, (this.to - this.from) / factor));
    const share = (at - this.from) / (this.to - this.from);
    this.#show(at - share * span, span);
  }

  /** @param {number} pixels to the right */
  pan(pixels) {
    if (this.known && this.width > 0) this.#show(this.from - (pixels / this.width) * (this.to - this.from), this.to - this.from);
  }

  /** @param {number} from @param {number} span */
  #show(from, span) {
    this.#ownView = true;
    this.from = Math.max(1e-6, from);
    this.to = this.from + span;
    this.stale.raise(FULL);
  }

  /** @param {number | null} spot @returns {Mark[]} strikes and breakevens passed on the way, for a tick under the finger */
  scrub(spot) {
    const before = this.cursor;
    if (!this.known || before === spot) return [];
    this.cursor = spot === null ? null : Math.max(this.from, Math.min(this.to, spot));
    this.stale.raise(CURSOR);
    if (before === null || this.cursor === null) return [];
    const [a, b] = before < this.cursor ? [before, this.cursor] : [this.cursor, before];
    return this.marks.filter((mark) => mark.kind !== 'spot' && mark.at > a && mark.at <= b);
  }

  /** Places worth a tick or a stop by key, rising. @returns {Mark[]} */
  get marks() {
    const { book } = this;
    if (book === null) return [];
    /** @type {Mark[]} */
    const all = [...book.strikes.map((at) => /** @type {Mark} */ ({ at, kind: 'strike' })), ...(this.outcome?.breakevens ?? []).map((at) => /** @type {Mark} */ ({ at, kind: 'breakeven' })), { at: book.setting.spot, kind: 'spot' }];
    return all.sort((a, b) => a.at - b.at);
  }

  /** Figures at the spot the finger is on, or the market's. @returns {ScrubAt | null} */
  read() {
    const { book } = this;
    if (book === null || !this.known) return null;
    const { spot } = this;
    return { spot, now: book.profit(spot, 0), date: book.profit(spot, this.after, this.shift), expiry: book.profit(spot, book.firstExpiry), greeks: book.greeks(spot, Math.min(this.after, Math.max(0, book.firstExpiry - 1 / 8760)), this.shift), scrubbing: this.cursor !== null };
  }

  /** Work the curves out anew and fit the height. @returns {boolean} whether the height changed */
  fit() {
    const { book } = this;
    if (book === null || !this.known) {
      this.curves = [];
      return false;
    }
    const spots = this.#spots(book);
    const end = book.firstExpiry;
    /** @type {Curve[]} */
    const curves = [{ name: 'now', at: 0, shift: 0, style: 'now', index: 0, spots, values: book.curve(spots, 0) }];
    if (this.after > 0 || this.shift !== 0) curves.push({ name: 'date', at: this.after, shift: this.shift, style: 'date', index: 0, spots, values: book.curve(spots, this.after, this.shift) });
    curves.push({ name: 'expiry', at: end, shift: 0, style: 'expiry', index: 0, spots, values: book.curve(spots, end) });
    this.others.forEach((other, index) => {
      const theirs = new Book(other.legs, book.setting);
      if (theirs.legs.length === 0) return;
      const at = this.#spots(theirs);
      curves.push({ name: other.name, at: theirs.firstExpiry, shift: 0, style: 'other', index, spots: at, values: theirs.curve(at, theirs.firstExpiry) });
    });
    this.curves = curves;
    let [low, high] = [0, 0];
    for (const { values, style } of curves) if (style !== 'other') for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    // what is compared may lead out of sight, but never squeezes the position that is built
    const [deep, tall] = [low - (high - low) * AROUND, high + (high - low) * AROUND];
    for (const { values, style } of curves) if (style === 'other') for (const value of values) {
      if (value < low) low = Math.max(value, deep);
      if (value > high) high = Math.min(value, tall);
    }
    const pad = Math.max(LEAST_MONEY, (high - low) * MARGIN);
    const changed = low - pad !== this.low || high + pad !== this.high;
    this.low = low - pad;
    this.high = high + pad;
    return changed;
  }

  /** Evenly spread spots with the strikes among them, so that corners are sharp. @param {Book} book */
  #spots(book) {
    const { from, to } = this;
    const all = Array.from({ length: POINTS }, (_, i) => from + ((to - from) * i) / (POINTS - 1));
    for (const strike of book.strikes) if (strike > from && strike < to) all.push(strike);
    return Float64Array.from(all).sort();
  }

  /** @param {number} spot */
  x(spot) {
    return ((spot - this.from) / (this.to - this.from)) * this.width;
  }

  /** @param {number} x */
  spotAt(x) {
    return this.from + (x / Math.max(1, this.width)) * (this.to - this.from);
  }

  /** @param {number} money */
  y(money) {
    return ((this.high - money) / (this.high - this.low)) * this.height;
  }
}
