/**
 * A column of values to points in device pixels. Where many rows share a pixel column, its lowest, highest and last stay.
 *
 * @module chart/view/line
 */

/**
 * @import { PriceScale } from '../model/price-scale.js'
 * @import { TimeScale } from '../model/time-scale.js'
 */

/** Points, x then y; a y of NaN lifts the pen. Reused from frame to frame. */
export class LineItems {
  count = 0;
  points = new Float32Array(0);

  /** @param {number} size points */
  reserve(size) {
    if (this.points.length < size * 2) this.points = new Float32Array(size * 3);
  }

  /** @param {number} x @param {number} y */
  add(x, y) {
    this.points[this.count * 2] = x;
    this.points[this.count * 2 + 1] = y;
    this.count += 1;
  }
}

/**
 * @param {LineItems} items
 * @param {Float64Array} values NaN = not known
 * @param {TimeScale} time
 * @param {PriceScale} scale
 * @param {number} ratio device px a CSS px
 */
export function layLine(items, values, time, scale, ratio) {
  items.count = 0;
  if (time.to < time.from || scale.height <= 0) return;
  const from = Math.max(0, time.from - 1); // one beyond each edge, so the line runs off the plot
  const to = Math.min(time.count - 1, time.to + 1);
  const k = (scale.height * ratio) / (scale.hi - scale.lo);
  const spacing = time.spacing * ratio;
  const left = time.x(0) * ratio;
  const { hi } = scale;
  if (spacing >= 1) {
    items.reserve(to - from + 1);
    for (let i = from; i <= to; i += 1) items.add(left + i * spacing, (hi - values[i]) * k);
    return;
  }
  items.reserve(Math.ceil(time.width * ratio + 4) * 3);
  let column = Math.floor(left + from * spacing);
  let [low, high, last, lowFirst] = [Infinity, -Infinity, NaN, false];
  const flush = () => {
    if (high >= low) {
      if (high > low) {
        items.add(column, (hi - (lowFirst ? low : high)) * k);
        items.add(column, (hi - (lowFirst ? high : low)) * k);
      }
      items.add(column, (hi - last) * k);
    }
  };
  for (let i = from; i <= to; i += 1) {
    const here = Math.floor(left + i * spacing);
    if (here !== column) {
      flush();
      column = here;
      [low, high] = [Infinity, -Infinity];
    }
    const value = values[i];
    if (value !== value) continue;
    if (value < low) {
      low = value;
      lowFirst = false;
    }
    if (value > high) {
      high = value;
      lowFirst = true;
    }
    last = value;
  }
  flush();
}
