/**
 * Heikin-Ashi bars beside the true ones: close = mean of the four prices, open = middle of the bar before.
 *
 * @module chart/model/heikin
 */

import { Pyramid } from './pyramid.js';

/**
 * @import { Bars } from './bars.js'
 */

export class Heikin {
  o = new Float64Array(0);
  h = new Float64Array(0);
  l = new Float64Array(0);
  c = new Float64Array(0);
  extent = new Pyramid(this.h, this.l, 0);

  /** @param {Bars} bars all of them */
  constructor(bars) {
    this.#build(bars);
  }

  /**
   * Bar `index` changed, so it and all after it are made anew.
   * @param {Bars} bars
   * @param {number} index
   */
  update(bars, index) {
    if (bars.t.length !== this.o.length) {
      this.#build(bars);
      return;
    }
    for (let i = index; i < bars.count; i += 1) {
      this.#one(bars, i);
      this.extent.set(i);
    }
  }

  /** @param {Bars} bars */
  #build(bars) {
    const size = bars.t.length;
    this.o = new Float64Array(size);
    this.h = new Float64Array(size);
    this.l = new Float64Array(size);
    this.c = new Float64Array(size);
    for (let i = 0; i < bars.count; i += 1) this.#one(bars, i);
    this.extent = new Pyramid(this.h, this.l, bars.count);
  }

  /** @param {Bars} bars @param {number} i */
  #one({ o, h, l, c }, i) {
    this.c[i] = (o[i] + h[i] + l[i] + c[i]) / 4;
    this.o[i] = i === 0 ? (o[0] + c[0]) / 2 : (this.o[i - 1] + this.c[i - 1]) / 2;
    this.h[i] = Math.max(h[i], this.o[i], this.c[i]);
    this.l[i] = Math.min(l[i], this.o[i], this.c[i]);
  }
}
