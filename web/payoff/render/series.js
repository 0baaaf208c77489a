/**
 * The curves. Each has its own stroke, not only its own colour: expiry is thick and whole, now is thin and whole, the chosen
 * date is dashed; loss is hatched where profit is plain.
 *
 * @module payoff/render/series
 */

/** @typedef {{ up: string, down: string, accent: string, text: string, muted: string, warn: string, surface: string, font: string }} Look */
/** @typedef {import('./base.js').Frame} Frame */

/** Dashes of what is compared, in CSS px. */
export const OTHER_DASH = Object.freeze([[7, 3, 1.5, 3], [2, 3], [12, 4], [4, 2, 1, 2, 1, 2]]);

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {{ points: Float32Array, style: string, index: number }[]} curves
 * @param {number} zero CSS px of nothing gained
 * @param {Look} look
 */
export function drawSeries(context, frame, curves, zero, look) {
  const { width, height, ratio, plot, top, bottom } = frame;
  context.clearRect(0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(0, top, plot, bottom - top);
  context.clip();
  context.translate(0, top);
  const ground = zero * ratio;
  const whole = { width: plot, height: bottom - top, ratio };
  for (const { points, style, index } of curves) {
    if (style === 'expiry') drawExpiry(context, whole, points, ground, look);
    else if (style === 'now') stroke(context, points, ratio, look.accent, 1.5, []);
    else if (style === 'date') stroke(context, points, ratio, look.accent, 2.25, [6, 4]);
    else stroke(context, points, ratio, look.muted, 1.75, OTHER_DASH[index % OTHER_DASH.length] ?? []);
  }
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {{ width: number, height: number, ratio: number }} frame @param {Float32Array} points @param {number} ground @param {Look} look */
function drawExpiry(context, { width, height, ratio }, points, ground, look) {
  for (const [colour, top, bottom, loss] of /** @type {[string, number, number, boolean][]} */ ([[look.up, 0, ground, false], [look.down, ground, height, true]])) {
    context.save();
    context.beginPath();
    context.rect(0, top, width, bottom - top);
    context.clip();
    trace(context, points, ratio);
    context.lineTo(points[points.length - 2] * ratio, ground);
    context.lineTo(points[0] * ratio, ground);
    context.closePath();
    context.globalAlpha = 0.13;
    context.fillStyle = colour;
    context.fill();
    if (loss) hatch(context, { width, top, bottom, ratio }, colour);
    context.globalAlpha = 1;
    stroke(context, points, ratio, colour, 2.25, []);
    context.restore();
  }
}

/** Slanted lines inside the path just filled. @param {CanvasRenderingContext2D} context @param {{ width: number, top: number, bottom: number, ratio: number }} box @param {string} colour */
function hatch(context, { width, top, bottom, ratio }, colour) {
  context.save();
  context.clip();
  context.globalAlpha = 0.32;
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, 0.75 * ratio);
  const tall = bottom - top;
  context.beginPath();
  for (let x = -tall; x < width; x += 7 * ratio) {
    context.moveTo(x, bottom);
    context.lineTo(x + tall, top);
  }
  context.stroke();
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Float32Array} points @param {number} ratio @param {string} colour @param {number} wide CSS px @param {readonly number[]} dash CSS px */
function stroke(context, points, ratio, colour, wide, dash) {
  context.strokeStyle = colour;
  context.lineWidth = wide * ratio;
  context.lineJoin = 'round';
  context.setLineDash(dash.map((one) => one * ratio));
  trace(context, points, ratio);
  context.stroke();
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {Float32Array} points @param {number} ratio */
function trace(context, points, ratio) {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    if (i === 0) context.moveTo(points[i] * ratio, points[i + 1] * ratio);
    else context.lineTo(points[i] * ratio, points[i + 1] * ratio);
  }
}
