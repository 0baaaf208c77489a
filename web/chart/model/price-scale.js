/**
 * Where prices lie down a pane. Automatic (fits what is in view, with air above and below) until the user scales it.
 *
 * @module chart/model/price-scale
 */

const TOP = 0.1; // share of the height left free above the highest
const BOTTOM = 0.08;

export class PriceScale {
  height = 0;
  lo = 0;
  hi = 1;
  auto = true;
  known = false; // something was in view to fit to

  /**
   * @param {number} tick least step of the price
   * @param {{top?: number, bottom?: number, floor?: number}} [air] shares left free; `floor` pins the low end
   */
  constructor(tick, { top = TOP, bottom = BOTTOM, floor } = {}) {
    this.tick = tick;
    this.top = top;
    this.bottom = bottom;
    this.floor = floor;
  }

  /**
   * Fit an extent, if automatic. Infinite ends mean nothing is in view: the scale stays.
   * @param {number} lo
   * @param {number} hi
   * @returns {boolean} whether the scale moved
   */
  fit(lo, hi) {
    if (!this.auto || !Number.isFinite(lo) || !Number.isFinite(hi)) return false;
    this.known = true;
    const flat = hi - lo <= Math.abs(hi) * 1e-12;
    const half = flat ? Math.max(this.tick * 5, Math.abs(hi) * 0.002) : 0;
    const [low, high] = [this.floor ?? lo - half, hi + half];
    const span = high - low > 0 ? high - low : 1;
    const inner = 1 - this.top - this.bottom;
    const newHi = high + (span * this.top) / inner;
    const newLo = this.floor ?? low - (span * this.bottom) / inner;
    const moved = newHi !== this.hi || newLo !== this.lo;
    this.hi = newHi;
    this.lo = newLo;
    return moved;
  }

  /** @param {number} price @returns {number} px from the pane's top */
  y(price) {
    return ((this.hi - price) / (this.hi - this.lo)) * this.height;
  }

  /** @param {number} y px from the pane's top */
  price(y) {
    return this.hi - (y / Math.max(1, this.height)) * (this.hi - this.lo);
  }

  /**
   * A price put on the tick.
   * @param {number} price
   */
  onTick(price) {
    const steps = Math.round(price / this.tick);
    const places = decimals(this.tick);
    return Number((steps * this.tick).toFixed(places));
  }

  /** @param {number} factor above 1 = taller @param {number} y px that keeps its price */
  zoom(factor, y) {
    const kept = this.price(y);
    const span = this.hi - this.lo;
    const least = Math.max(this.tick * 2, (Math.abs(this.hi) + Math.abs(this.lo)) * 1e-9);
    const limited = Math.max(least, Math.min(span * 1e3, span / factor)) / span;
    if (!Number.isFinite(limited)) return;
    this.auto = false;
    this.hi = kept + (this.hi - kept) * limited;
    this.lo = kept - (kept - this.lo) * limited;
  }

  /** Move the content down by dy px; only where the user has scaled. @param {number} dy */
  pan(dy) {
    if (this.auto) return;
    const by = (dy / Math.max(1, this.height)) * (this.hi - this.lo);
    this.hi += by;
    this.lo += by;
  }
}

/**
 * Decimals a price step needs: 0.05 -> 2, 1 -> 0, 0.0025 -> 4.
 * @param {number} tick
 */
export function decimals(tick) {
  for (let places = 0; places < 8; places += 1) {
    const scaled = tick * 10 ** places;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * Math.max(1, scaled)) return places;
  }
  return 8;
}
