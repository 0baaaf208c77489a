/**
 * Rows to candles in device pixels. Where bars are narrower than a pixel, one column a pixel with the extent of its bars.
 *
 * @module chart/view/candles
 */

/**
 * @import { Pyramid } from '../model/pyramid.js'
 * @import { PriceScale } from '../model/price-scale.js'
 * @import { TimeScale } from '../model/time-scale.js'
 */

/**
 * What the candles are read from: the bars themselves, or Heikin-Ashi.
 * @typedef {{o: Float64Array, h: Float64Array, l: Float64Array, c: Float64Array, extent: Pyramid}} CandleRows
 */

/** Beyond this many device px nothing is seen, and Int32 stays far away. */
const FAR = 100_000;

/** Plain numbers to draw, reused from frame to frame. */
export class CandleItems {
  count = 0;
  body = 1; // width
  wick = 1;
  x = new Int32Array(0); // left edge of the body
  high = new Int32Array(0);
  low = new Int32Array(0);
  top = new Int32Array(0); // of the body
  bottom = new Int32Array(0);
  up = new Uint8Array(0);

  /** @param {number} size */
  reserve(size) {
    if (this.x.length >= size) return;
    const room = size + (size >> 1);
    for (const key of /** @type {const} */ (['x', 'high', 'low', 'top', 'bottom'])) this[key] = new Int32Array(room);
    this.up = new Uint8Array(room);
  }
}

/**
 * Width of a body and a wick of equal parity, so that the wick stands in the middle, with a gap to the neighbour.
 * @param {number} spacing device px from bar to bar
 * @param {number} ratio device px a CSS px
 */
export function barWidths(spacing, ratio) {
  const wick = Math.max(1, Math.floor(ratio));
  if (spacing < 3) return { body: 1, wick: 1 };
  const wanted = Math.round(spacing * 0.68);
  const body = Math.max(wick, Math.min(wanted, Math.floor(spacing) - 1));
  return { body: body > wick && (body - wick) % 2 === 1 ? body - 1 : body, wick: Math.min(wick, body) };
}

/**
 * @param {CandleItems} items
 * @param {CandleRows} rows
 * @param {TimeScale} time
 * @param {PriceScale} scale
 * @param {number} ratio device px a CSS px
 */
export function layCandles(items, rows, time, scale, ratio) {
  items.count = 0;
  const { from, to } = time;
  if (to < from || scale.height <= 0) return;
  const k = (scale.height * ratio) / (scale.hi - scale.lo);
  const { hi: top } = scale;
  const y = (/** @type {number} */ price) => {
    const at = Math.round((top - price) * k);
    return at > FAR ? FAR : at < -FAR ? -FAR : at;
  };
  const spacing = time.spacing * ratio;
  if (spacing < 1) layColumns(items, rows, time, ratio, y);
  else layBars(items, rows, time, ratio, y);
}

/** @param {CandleItems} items @param {CandleRows} rows @param {TimeScale} time @param {number} ratio @param {(price: number) => number} y */
function layBars(items, { o, h, l, c }, time, ratio, y) {
  const { from, to } = time;
  const spacing = time.spacing * ratio;
  const { body, wick } = barWidths(spacing, ratio);
  items.reserve(to - from + 1);
  items.body = body;
  items.wick = wick;
  const half = body / 2;
  const left = time.x(0) * ratio;
  let n = 0;
  for (let i = from; i <= to; i += 1) {
    const open = y(o[i]);
    const close = y(c[i]);
    items.x[n] = Math.round(left + i * spacing - half);
    items.high[n] = y(h[i]);
    items.low[n] = y(l[i]);
    items.top[n] = open < close ? open : close;
    items.bottom[n] = open < close ? close : open;
    items.up[n] = c[i] >= o[i] ? 1 : 0;
    n += 1;
  }
  items.count = n;
}

/** @param {CandleItems} items @param {CandleRows} rows @param {TimeScale} time @param {number} ratio @param {(price: number) => number} y */
function layColumns(items, { o, c, extent }, time, ratio, y) {
  const { from, to } = time;
  const per = 1 / (time.spacing * ratio); // bars a column
  const first = Math.max(0, Math.floor(time.x(from) * ratio));
  const last = Math.min(Math.ceil(time.width * ratio), Math.ceil(time.x(to) * ratio));
  items.reserve(last - first + 1);
  items.body = 1;
  items.wick = 1;
  const origin = time.index(0);
  let n = 0;
  let a = Math.max(from, Math.floor(origin + first * per));
  for (let column = first; column <= last; column += 1) {
    const b = Math.min(to, Math.floor(origin + (column + 1) * per));
    if (b < a) continue;
    extent.range(a, b);
    items.x[n] = column;
    items.high[n] = items.top[n] = y(extent.hi);
    items.low[n] = items.bottom[n] = y(extent.lo);
    items.up[n] = c[b] >= o[a] ? 1 : 0;
    n += 1;
    a = b + 1;
  }
  items.count = n;
}
