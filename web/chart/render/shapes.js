/**
 * Bars, columns and lines on a canvas, in device pixels. Whole rectangles instead of paths: measured twice as fast.
 *
 * @module chart/render/shapes
 */

/**
 * @typedef {object} CandleBatch
 * @property {number} count
 * @property {number} body
 * @property {number} wick
 * @property {Int32Array} x
 * @property {Int32Array} high
 * @property {Int32Array} low
 * @property {Int32Array} top
 * @property {Int32Array} bottom
 * @property {Uint8Array} up
 */

/**
 * @param {CanvasRenderingContext2D} context already moved to the pane's top
 * @param {CandleBatch} batch
 * @param {string} up colour
 * @param {string} down colour
 */
export function drawCandles(context, batch, up, down) {
  const { body, wick } = batch;
  const inset = (body - wick) >> 1;
  let colour = -1;
  for (let i = 0; i < batch.count; i += 1) {
    const high = batch.high[i];
    const top = batch.top[i];
    if (batch.up[i] !== colour) {
      colour = batch.up[i];
      context.fillStyle = colour === 1 ? up : down;
    }
    context.fillRect(batch.x[i] + inset, high, wick, Math.max(1, batch.low[i] - high));
    if (body > wick) context.fillRect(batch.x[i], top, body, Math.max(1, batch.bottom[i] - top));
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{count: number, width: number, x: Int32Array, top: Int32Array, bottom: Int32Array, up: Uint8Array}} batch
 * @param {string} up colour
 * @param {string} down colour
 * @param {number} opacity 0..1
 */
export function drawColumns(context, batch, up, down, opacity) {
  context.globalAlpha = opacity;
  let colour = -1;
  for (let i = 0; i < batch.count; i += 1) {
    if (batch.up[i] !== colour) {
      colour = batch.up[i];
      context.fillStyle = colour === 1 ? up : down;
    }
    context.fillRect(batch.x[i], batch.top[i], batch.width, Math.max(1, batch.bottom[i] - batch.top[i]));
  }
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{count: number, points: Float32Array}} batch
 * @param {string} colour
 * @param {number} width device px
 */
export function drawLine(context, batch, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = 'round';
  context.beginPath();
  trace(context, batch);
  context.stroke();
}

/**
 * A line with the ground under it tinted, fading downwards.
 * @param {CanvasRenderingContext2D} context
 * @param {{count: number, points: Float32Array}} batch
 * @param {string} colour
 * @param {number} width device px
 * @param {number} bottom device px of the pane's foot
 */
export function drawArea(context, batch, colour, width, bottom) {
  if (batch.count > 1) {
    context.beginPath();
    trace(context, batch);
    context.lineTo(batch.points[(batch.count - 1) * 2], bottom);
    context.lineTo(batch.points[0], bottom);
    context.closePath();
    context.globalAlpha = 0.14;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }
  drawLine(context, batch, colour, width);
}

/** @param {CanvasRenderingContext2D} context @param {{count: number, points: Float32Array}} batch */
function trace(context, { count, points }) {
  let down = false;
  for (let i = 0; i < count; i += 1) {
    const y = points[i * 2 + 1];
    if (y !== y) down = false;
    else if (down) context.lineTo(points[i * 2], y);
    else {
      context.moveTo(points[i * 2], y);
      down = true;
    }
  }
  if (count === 1) context.lineTo(points[0] + 0.01, points[1]); // one bar alone is a dot
}
