/**
 * The lowest layer: ground, grid, session breaks and the words of both axes.
 *
 * @module chart/render/base
 */

/**
 * @typedef {object} BaseLook
 * @property {string} surface
 * @property {string} line
 * @property {string} muted
 * @property {string} faint
 * @property {string} font
 */

/**
 * @typedef {object} BaseFrame
 * @property {number} width device px
 * @property {number} height device px
 * @property {number} plot device px width of the plot
 * @property {number} foot device px where the time axis begins
 * @property {number} ratio device px a CSS px
 * @property {number[]} separators device px y between panes
 */

/**
 * @typedef {{at: number, label: string, strong: boolean}} Mark
 */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {BaseFrame} frame
 * @param {{prices: Mark[][], times: Mark[], breaks: number[]}} grid
 * @param {BaseLook} look
 */
export function drawBase(context, frame, grid, look) {
  const { width, height, plot, foot, ratio, separators } = frame;
  const hair = Math.max(1, Math.floor(ratio));
  context.fillStyle = look.surface;
  context.fillRect(0, 0, width, height);
  context.fillStyle = look.line;
  context.globalAlpha = 0.6;
  for (const marks of grid.prices) for (const mark of marks) context.fillRect(0, Math.round(mark.at * ratio), plot, hair);
  for (const mark of grid.times) {
    if (!mark.strong) context.fillRect(Math.round(mark.at * ratio), 0, hair, foot);
  }
  context.globalAlpha = 1;
  drawBreaks(context, grid.breaks, foot, ratio, hair);
  for (const y of separators) context.fillRect(0, y, width, hair);
  context.fillRect(0, foot, width, hair);
  context.fillRect(plot, 0, hair, foot);
  drawWords(context, frame, grid, look);
}

/** Session breaks: short dashes, so that they are not taken for grid. @param {CanvasRenderingContext2D} context @param {number[]} breaks @param {number} foot @param {number} ratio @param {number} hair */
function drawBreaks(context, breaks, foot, ratio, hair) {
  const dash = Math.round(4 * ratio);
  for (const at of breaks) {
    const x = Math.round(at * ratio);
    for (let y = 0; y < foot; y += dash * 2) context.fillRect(x, y, hair, Math.min(dash, foot - y));
  }
}

/** @param {CanvasRenderingContext2D} context @param {BaseFrame} frame @param {{prices: Mark[][], times: Mark[]}} grid @param {BaseLook} look */
function drawWords(context, { plot, foot, height, ratio }, grid, look) {
  context.font = `${11 * ratio}px ${look.font}`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.fillStyle = look.muted;
  for (const marks of grid.prices) for (const mark of marks) context.fillText(mark.label, plot + 8 * ratio, Math.round(mark.at * ratio));
  context.textAlign = 'center';
  const y = Math.round((foot + height) / 2);
  for (const mark of grid.times) {
    const x = Math.round(mark.at * ratio);
    if (x < 18 * ratio || x > plot - 12 * ratio) continue;
    context.font = `${mark.strong ? '600 ' : ''}${11 * ratio}px ${look.font}`;
    context.fillText(mark.label, x, y);
  }
}
