/**
 * Ground, bands, grid and the words of both axes; the words of money are drawn apart, for they lie over the curves. Plain places in, pixels out.
 *
 * @module payoff/render/base
 */

/** @typedef {{ width: number, height: number, ratio: number, plot: number, top: number, bottom: number }} Frame device px; the plot lies between top and bottom */
/** @typedef {{ surface: string, line: string, muted: string, accent: string, text: string, font: string }} Look */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {{ spots: { at: number, label: string }[], money: { at: number, label: string }[], bands: { left: number, right: number, label: string, sigmas: number }[], zero: number }} items
 * @param {Look} look
 */
export function drawBase(context, frame, items, look) {
  const { width, height, ratio, plot, top, bottom } = frame;
  const hair = Math.max(1, Math.floor(ratio));
  context.fillStyle = look.surface;
  context.fillRect(0, 0, width, height);
  context.font = `${11 * ratio}px ${look.font}`;
  context.textBaseline = 'middle';
  for (const band of items.bands) {
    const [left, right] = [Math.round(band.left * ratio), Math.round(band.right * ratio)];
    context.globalAlpha = band.sigmas === 1 ? 0.1 : 0.06;
    context.fillStyle = look.accent;
    context.fillRect(left, top, right - left, bottom - top);
    // an edge as well: two tints alone are hard to tell apart
    context.globalAlpha = 0.45;
    for (const x of [left, right - hair]) {
      if (x <= 0 || x >= plot - hair * 2) continue;
      const dash = Math.round((band.sigmas === 1 ? 5 : 2) * ratio);
      for (let y = top; y < bottom; y += dash * 2) context.fillRect(x, y, hair, Math.min(dash, bottom - y));
    }
    context.globalAlpha = 1;
    context.fillStyle = look.muted;
    context.textAlign = 'left';
    if (left > 0) context.fillText(band.label, left + 4 * ratio, top + 9 * ratio);
    context.textAlign = 'right';
    if (right < plot) context.fillText(band.label, right - 4 * ratio, top + 9 * ratio);
  }
  context.fillStyle = look.line;
  context.globalAlpha = 0.7;
  for (const mark of items.money) context.fillRect(0, top + Math.round(mark.at * ratio), plot, hair);
  context.globalAlpha = 1;
  context.fillRect(0, bottom, width, hair);
  context.fillStyle = look.muted;
  context.fillRect(0, top + Math.round(items.zero * ratio), plot, hair);
  context.textAlign = 'center';
  for (const mark of items.spots) {
    const x = Math.round(mark.at * ratio);
    if (x > 24 * ratio && x < plot - 24 * ratio) context.fillText(mark.label, x, bottom + 12 * ratio);
  }
}

/**
 * What the lines of money say, over the curves, with the ground about each letter so that no curve runs through it.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {{ at: number, label: string }[]} money
 * @param {Look} look
 */
export function drawMoney(context, { ratio, top, bottom }, money, look) {
  context.font = `${11 * ratio}px ${look.font}`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.lineJoin = 'round';
  context.lineWidth = 3 * ratio;
  context.strokeStyle = look.surface;
  context.fillStyle = look.muted;
  for (const mark of money) {
    const y = top + Math.round(mark.at * ratio);
    if (y <= top + 14 * ratio || y >= bottom - 6 * ratio) continue;
    context.strokeText(mark.label, 4 * ratio, y - 7 * ratio);
    context.fillText(mark.label, 4 * ratio, y - 7 * ratio);
  }
}
