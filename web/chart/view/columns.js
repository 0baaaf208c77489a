/**
 * Values that stand on zero, as volume does, to rectangles in device pixels.
 *
 * @module chart/view/columns
 */

import { barWidths } from './candles.js';

/**
 * @import { Pyramid } from '../model/pyramid.js'
 * @import { PriceScale } from '../model/price-scale.js'
 * @import { TimeScale } from '../model/time-scale.js'
 */

/** Reused from frame to frame. */
export class ColumnItems {
  count = 0;
  width = 1;
  x = new Int32Array(0);
  top = new Int32Array(0);
  bottom = new Int32Array(0);
  up = new Uint8Array(0);

  /** @param {number} size */
  reserve(size) {
    if (this.x.length >= size) return;
    const room = size + (size >> 1);
    for (const key of /** @type {const} */ (['x', 'top', 'bottom'])) this[key] = new Int32Array(room);
    this.up = new Uint8Array(room);
  }
}

/**
 * @param {ColumnItems} items
 * @param {Float64Array} values NaN = not drawn
 * @param {Pyramid} extent of the same values
 * @param {(first: number, last: number) => boolean} rising colour of the rows first..last
 * @param {TimeScale} time
 * @param {PriceScale} scale
 * @param {number} ratio
 */
export function layColumns(items, values, extent, rising, time, scale, ratio) {
  items.count = 0;
  const { from, to } = time;
  if (to < from || scale.height <= 0) return;
  const k = (scale.height * ratio) / (scale.hi - scale.lo);
  const spacing = time.spacing * ratio;
  const zero = Math.round(scale.hi * k);
  const left = time.x(0) * ratio;
  /** @param {number} x @param {number} value @param {boolean} up */
  const add = (x, value, up) => {
    const y = Math.round((scale.hi - value) * k);
    const n = items.count;
    items.x[n] = x;
    items.top[n] = Math.min(y, zero);
    items.bottom[n] = Math.max(y, zero);
    items.up[n] = up ? 1 : 0;
    items.count = n + 1;
  };
  if (spacing >= 1) {
    items.reserve(to - from + 1);
    items.width = barWidths(spacing, ratio).body;
    for (let i = from; i <= to; i += 1) {
      if (values[i] === values[i] && values[i] !== 0) add(Math.round(left + i * spacing - items.width / 2), values[i], rising(i, i));
    }
    return;
  }
  items.reserve(Math.ceil(time.width * ratio) + 2);
  items.width = 1;
  let a = from;
  while (a <= to) {
    const column = Math.floor(left + a * spacing);
    const b = Math.min(to, Math.max(a, Math.ceil((column + 1 - left) / spacing) - 1));
    extent.range(a, b);
    if (extent.hi >= extent.lo) add(column, Math.abs(extent.lo) > extent.hi ? extent.lo : extent.hi, rising(a, b));
    a = b + 1;
  }
}
