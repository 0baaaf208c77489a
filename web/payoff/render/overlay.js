/**
 * What moves over the curves: the spot, the finger's line, breakevens and the handles of the strikes.
 *
 * @module payoff/render/overlay
 */

/** @typedef {import('./base.js').Frame} Frame */
/** @typedef {{ surface: string, raised: string, line: string, text: string, muted: string, accent: string, up: string, down: string, font: string }} Look */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame & { handles: number }} frame handles: device px where their rows begin
 * @param {any} items as `layOverlay` gives them
 * @param {Look} look
 * @param {(text: string) => number} widthOf device px of a text
 */
export function drawOverlay(context, frame, items, look, widthOf) {
  const { width, height, ratio, plot, top, bottom } = frame;
  context.clearRect(0, 0, width, height);
  if (items === null) return;
  const hair = Math.max(1, Math.floor(ratio));
  context.font = `600 ${11 * ratio}px ${look.font}`;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  if (items.spot) {
    const x = Math.round(items.spot.x * ratio);
    context.fillStyle = look.text;
    const dash = Math.round(2 * ratio);
    for (let y = top; y < bottom; y += dash * 2) context.fillRect(x, y, Math.max(hair, Math.round(1.25 * ratio)), Math.min(dash, bottom - y));
    if (!items.cursor) context.fillText(items.spot.label, keep(x, widthOf(items.spot.label), plot), Math.round(top / 2));
  }
  context.font = `${11 * ratio}px ${look.font}`;
  let taken = -Infinity;
  for (const one of items.breakevens) {
    const [x, y] = [one.x * ratio, top + one.y * ratio];
    dot(context, x, y, 4 * ratio, look.text, look.surface, ratio);
    const wide = widthOf(one.label);
    const at = keep(x, wide, plot);
    if (at - wide / 2 < taken + 4 * ratio) continue;
    taken = at + wide / 2;
    tag(context, at, y + 14 * ratio, wide, one.label, look.surface, look.text, ratio, 0.82);
  }
  if (items.cursor) {
    const x = Math.round(items.cursor.x * ratio);
    context.fillStyle = look.accent;
    context.fillRect(x, top, Math.max(hair, Math.round(1.5 * ratio)), bottom - top);
    context.save();
    context.beginPath();
    context.rect(0, top - 6 * ratio, plot, bottom - top + 12 * ratio);
    context.clip();
    dot(context, x, top + items.cursor.expiry * ratio, 4.5 * ratio, look.surface, look.text, ratio);
    dot(context, x, top + items.cursor.date * ratio, 4.5 * ratio, look.accent, look.surface, ratio);
    context.restore();
    context.font = `600 ${11 * ratio}px ${look.font}`;
    const wide = widthOf(items.cursor.label);
    tag(context, keep(x, wide + 8 * ratio, plot), bottom + 12 * ratio, wide, items.cursor.label, look.accent, look.surface, ratio, 1);
  }
  drawHandles(context, frame, items, look, widthOf);
}

/** @param {CanvasRenderingContext2D} context @param {Frame & { handles: number }} frame @param {any} items @param {Look} look @param {(text: string) => number} widthOf */
function drawHandles(context, { ratio, plot, handles, top, bottom }, items, look, widthOf) {
  context.font = `600 ${11 * ratio}px ${look.font}`;
  for (const one of items.handles) {
    const x = one.x * ratio;
    const y = handles + (10 + one.row * 22) * ratio;
    const colour = one.bought ? look.accent : look.down;
    const [w, h] = [17 * ratio, 9 * ratio];
    context.beginPath();
    context.moveTo(x, y - h - 5 * ratio);
    context.lineTo(x + 5 * ratio, y - h);
    context.lineTo(x - 5 * ratio, y - h);
    context.closePath();
    context.fillStyle = colour;
    context.fill();
    context.beginPath();
    context.roundRect(x - w, y - h, w * 2, h * 2, 5 * ratio);
    // bought is an outline, sold is filled: told apart without colour
    context.fillStyle = one.bought ? look.surface : colour;
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = (one.dragged ? 2.5 : 1.25) * ratio;
    context.stroke();
    context.fillStyle = one.bought ? colour : look.surface;
    context.textAlign = 'center';
    context.fillText(one.label, x, y + 0.5 * ratio);
  }
  if (items.strike) {
    const x = Math.round(items.strike.x * ratio);
    context.fillStyle = look.text;
    context.fillRect(x, top, Math.max(1, Math.round(ratio)), bottom - top);
    const wide = widthOf(items.strike.label);
    tag(context, keep(x, wide + 8 * ratio, plot), bottom + 12 * ratio, wide, items.strike.label, look.text, look.surface, ratio, 1);
  }
}

/** Centre of a text so that it stays in the plot. @param {number} x @param {number} wide @param {number} plot */
const keep = (x, wide, plot) => Math.max(wide / 2 + 2, Math.min(plot - wide / 2 - 2, x));

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius @param {string} fill @param {string} edge @param {number} ratio */
function dot(context, x, y, radius, fill, edge, ratio) {
  context.beginPath();
  context.arc(x, y, radius, 0, Math.PI * 2);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 1.75 * ratio;
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} wide @param {string} text @param {string} ground @param {string} ink @param {number} ratio @param {number} opacity */
function tag(context, x, y, wide, text, ground, ink, ratio, opacity) {
  context.globalAlpha = opacity;
  context.fillStyle = ground;
  context.beginPath();
  context.roundRect(x - wide / 2 - 5 * ratio, y - 8.5 * ratio, wide + 10 * ratio, 17 * ratio, 4 * ratio);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = ink;
  context.textAlign = 'center';
  context.fillText(text, x, y + 0.5 * ratio);
}
