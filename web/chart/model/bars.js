/**
 * The bars, column by column in typed arrays with room at the end, so that a live bar costs O(log n) and no garbage.
 *
 * Only finite, time-ordered rows get in: whatever reads the columns needs no check of its own.
 *
 * @module chart/model/bars
 */

import { Pyramid } from './pyramid.js';

/**
 * @import { Bar, BarColumns } from '../types.js'
 */

const SPARE = 512; // rows of room at least; a session of minutes has 375

export class Bars {
  count = 0;
  t = new Float64Array(0);
  o = new Float64Array(0);
  h = new Float64Array(0);
  l = new Float64Array(0);
  c = new Float64Array(0);
  v = new Float64Array(0);
  extent = new Pyramid(this.h, this.l, 0);
  volume = new Pyramid(this.v, this.v, 0);
  /** @type {Pyramid | null} */
  #closes = null;

  /** @param {BarColumns} columns */
  set(columns) {
    this.#take([columns]);
  }

  /**
   * Put older bars in front; those not older than the first held are left out.
   * @param {BarColumns} columns
   * @returns {number} bars added
   */
  prepend(columns) {
    const before = this.count;
    const held = { t: this.t.subarray(0, before), o: this.o.subarray(0, before), h: this.h.subarray(0, before), l: this.l.subarray(0, before),
      c: this.c.subarray(0, before), v: this.v.subarray(0, before) };
    this.#take([before > 0 ? olderThan(columns, held.t[0]) : columns, held]);
    return this.count - before;
  }

  /**
   * Replace the bar with the same start, or append a later one.
   * @param {Bar} bar
   * @returns {number} its index, or -1 when it is neither, or not finite
   */
  update(bar) {
    if (!fit(bar.t, bar.o, bar.h, bar.l, bar.c)) return -1;
    const last = this.count - 1;
    let at = last;
    if (last < 0 || bar.t > this.t[last]) at = this.#append();
    else if (bar.t < this.t[last]) {
      at = this.at(bar.t);
      if (at < 0 || this.t[at] !== bar.t) return -1;
    }
    this.#write(at, bar.t, bar.o, bar.h, bar.l, bar.c, bar.v);
    this.extent.set(at);
    this.volume.set(at);
    this.#closes?.set(at);
    return at;
  }

  /**
   * Index of the bar that `time` falls in: the last whose start is not later; -1 when it is before all.
   * @param {number} time ms
   */
  at(time) {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.t[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Extent of the closes, for kinds that show nothing else; made when first asked for. */
  get closes() {
    this.#closes ??= new Pyramid(this.c, this.c, this.count);
    return this.#closes;
  }

  /**
   * @param {number} index
   * @returns {Bar}
   */
  bar(index) {
    return { t: this.t[index], o: this.o[index], h: this.h[index], l: this.l[index], c: this.c[index], v: this.v[index] };
  }

  /** @param {BarColumns[]} parts oldest first */
  #take(parts) {
    const total = parts.reduce((sum, part) => sum + part.t.length, 0);
    this.#allocate(total + Math.max(SPARE, total >> 4));
    this.count = 0;
    for (const part of parts) {
      const { t, o, h, l, c, v } = part;
      for (let i = 0; i < t.length; i += 1) {
        if (!fit(t[i], o[i], h[i], l[i], c[i])) continue;
        const last = this.count - 1;
        if (last >= 0 && t[i] < this.t[last]) continue;
        const at = last >= 0 && t[i] === this.t[last] ? last : this.count; // of two alike the later is the truer
        this.count = at + 1;
        this.#write(at, t[i], o[i], h[i], l[i], c[i], v?.[i]);
      }
    }
    this.#index();
  }

  #append() {
    if (this.count === this.t.length) {
      const old = [this.t, this.o, this.h, this.l, this.c, this.v];
      this.#allocate(this.count + Math.max(SPARE, this.count >> 3));
      [this.t, this.o, this.h, this.l, this.c, this.v].forEach((column, i) => column.set(old[i]));
      this.#index();
    }
    this.count += 1;
    return this.count - 1;
  }

  /** @param {number} size */
  #allocate(size) {
    this.t = new Float64Array(size);
    this.o = new Float64Array(size);
    this.h = new Float64Array(size);
    this.l = new Float64Array(size);
    this.c = new Float64Array(size);
    this.v = new Float64Array(size);
  }

  #index() {
    this.extent = new Pyramid(this.h, this.l, this.count);
    this.volume = new Pyramid(this.v, this.v, this.count);
    this.#closes = null;
  }

  /** @param {number} at @param {number} t @param {number} o @param {number} h @param {number} l @param {number} c @param {number} [v] */
  #write(at, t, o, h, l, c, v) {
    this.t[at] = t;
    this.o[at] = o;
    this.h[at] = Math.max(o, h, l, c); // a high below its own close would draw a wick inside the body
    this.l[at] = Math.min(o, h, l, c);
    this.c[at] = c;
    this.v[at] = v !== undefined && Number.isFinite(v) && v > 0 ? v : 0;
  }
}

/** @param {number} t @param {number} o @param {number} h @param {number} l @param {number} c */
const fit = (t, o, h, l, c) => Number.isFinite(t) && Number.isFinite(o) && Number.isFinite(h) && Number.isFinite(l) && Number.isFinite(c);

/**
 * @param {BarColumns} columns
 * @param {number} time
 * @returns {BarColumns}
 */
function olderThan(columns, time) {
  let end = columns.t.length;
  while (end > 0 && columns.t[end - 1] >= time) end -= 1;
  const cut = (/** @type {ArrayLike<number>} */ column) => Array.prototype.slice.call(column, 0, end);
  const { t, o, h, l, c, v } = columns;
  return { t: cut(t), o: cut(o), h: cut(h), l: cut(l), c: cut(c), v: v ? cut(v) : undefined };
}
