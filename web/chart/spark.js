/**
 * A line of a few values, as small as a word: watchlists and tiles.
 *
 * @module chart/spark
 */

import { nextFrame } from './scheduler.js';

/**
 * Draw values over the whole canvas, sharp at its CSS size. Fewer than two values leave it empty. Rows beyond 4 a pixel are thinned.
 * @param {HTMLCanvasElement} canvas with a CSS size; its words for a screen reader are the caller's
 * @param {ArrayLike<number>} values oldest first; what is not finite is skipped
 * @param {{colour: string, width?: number, fill?: boolean, base?: number}} look `base` draws a faint level, yesterday's close say
 */
export function drawSpark(canvas, values, { colour, width = 1.5, fill = false, base }) {
  nextFrame(() => paint(canvas, values, colour, width, fill, base));
}

/** @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} values @param {string} colour @param {number} width @param {boolean} fill @param {number} [base] */
function paint(canvas, values, colour, width, fill, base) {
  const ratio = window.devicePixelRatio;
  const [w, h] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  const context = canvas.getContext('2d');
  if (context === null || w === 0 || h === 0) return;
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  } else context.clearRect(0, 0, w, h);

  let lo = base ?? Infinity;
  let hi = base ?? -Infinity;
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] < lo) lo = values[i];
    if (values[i] > hi) hi = values[i];
  }
  if (values.length < 2 || !Number.isFinite(hi - lo)) return;
  const edge = width * ratio;
  const y = (/** @type {number} */ value) => (hi > lo ? edge + ((hi - value) / (hi - lo)) * (h - edge * 2) : h / 2);
  const step = Math.max(1, Math.floor(values.length / (w * 4)));
  if (base !== undefined) {
    context.globalAlpha = 0.35;
    context.fillStyle = colour;
    context.fillRect(0, Math.round(y(base)), w, Math.max(1, Math.floor(ratio)));
    context.globalAlpha = 1;
  }
  context.beginPath();
  let started = false;
  for (let i = 0; i < values.length; i += step) {
    if (!Number.isFinite(values[i])) continue;
    const x = (i / (values.length - 1)) * (w - edge) + edge / 2;
    if (started) context.lineTo(x, y(values[i]));
    else context.moveTo(x, y(values[i]));
    started = true;
  }
  context.lineJoin = 'round';
  context.lineWidth = edge;
  context.strokeStyle = colour;
  context.stroke();
  if (!fill) return;
  context.lineTo(w - edge / 2, h);
  context.lineTo(edge / 2, h);
  context.globalAlpha = 0.12;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
}
