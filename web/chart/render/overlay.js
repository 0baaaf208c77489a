/**
 * The top layer: lines with their labels, and the crosshair.
 *
 * @module chart/render/overlay
 */

/**
 * @typedef {object} Level
 * @property {number} y
 * @property {number} labelY
 * @property {string} label
 * @property {string} tag
 * @property {string} note
 * @property {'up' | 'down' | 'accent' | 'warn' | 'muted'} tone
 * @property {'solid' | 'dashed' | 'ghost'} stroke
 * @property {'' | 'above' | 'below'} off
 * @property {boolean} grip
 * @property {boolean} strong
 */

/**
 * @typedef {{surface: string, raised: string, line: string, text: string, muted: string, accent: string, up: string, down: string, warn: string, font: string}} OverlayLook
 * @typedef {{x: number, y: number, label: string, time: string, tracking: boolean}} Cross
 * @typedef {{width: number, height: number, plot: number, foot: number, ratio: number, words: number[]}} OverlayFrame `words`: y of the axis' own words
 */

const LABEL = 20; // CSS px high
const TAG = 22;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {OverlayFrame} frame device px
 * @param {{levels: Level[], cross: Cross | null}} items CSS px
 * @param {OverlayLook} look
 * @param {(text: string) => number} widthOf device px of words in the label font
 */
export function drawOverlay(context, frame, { levels, cross }, look, widthOf) {
  const { width, height, plot, foot, ratio } = frame;
  context.clearRect(0, 0, width, height);
  context.font = `${11 * ratio}px ${look.font}`;
  context.textBaseline = 'middle';
  for (const level of levels) if (level.off === '') drawStroke(context, level, plot, ratio, look);
  if (cross) drawCross(context, cross, plot, foot, ratio, look);
  coverWords(context, frame, levels, look.surface);
  for (const level of levels) {
    if (level.stroke === 'ghost') continue;
    if (level.tag !== '' && level.off === '') drawTag(context, level, ratio, look, widthOf);
    if (level.off !== '') outlineLabel(context, level, plot, width, ratio, look);
    else fillLabel(context, level.label, plot, Math.round(level.labelY * ratio), width - plot, ratio, look[level.tone], look.surface);
  }
  if (cross) drawCrossLabels(context, cross, frame, look, widthOf);
}

/** Words of the axis that a label would cut in half are covered whole. @param {CanvasRenderingContext2D} context @param {OverlayFrame} frame @param {Level[]} levels @param {string} surface */
function coverWords(context, { words, plot, width, ratio }, levels, surface) {
  const near = (LABEL / 2 + 6) * ratio;
  const edge = Math.max(1, Math.floor(ratio));
  context.fillStyle = surface;
  for (const y of words) {
    if (!levels.some((level) => level.stroke !== 'ghost' && Math.abs(level.labelY * ratio - y) < near)) continue;
    context.fillRect(plot + edge, Math.round(y - 8 * ratio), width - plot - edge, Math.round(16 * ratio));
  }
}

/** @param {CanvasRenderingContext2D} context @param {Level} level @param {number} plot @param {number} ratio @param {OverlayLook} look */
function drawStroke(context, level, plot, ratio, look) {
  const hair = Math.max(1, Math.floor(ratio)) * (level.strong ? 2 : 1);
  const y = Math.round(level.y * ratio);
  context.fillStyle = look[level.tone];
  context.globalAlpha = level.stroke === 'ghost' ? 0.45 : 1;
  if (level.stroke === 'solid') context.fillRect(0, y, plot, hair);
  else {
    const dash = Math.round(5 * ratio);
    for (let x = 0; x < plot; x += dash + Math.round(4 * ratio)) context.fillRect(x, y, Math.min(dash, plot - x), hair);
  }
  context.globalAlpha = 1;
}

/** Words in an outlined box at the left, with three dots when it can be dragged. @param {CanvasRenderingContext2D} context @param {Level} level @param {number} ratio @param {OverlayLook} look @param {(text: string) => number} widthOf */
function drawTag(context, level, ratio, look, widthOf) {
  const words = level.note === '' ? level.tag : `${level.tag}   ${level.note}`;
  const grip = level.grip ? 12 * ratio : 0;
  const w = Math.round(widthOf(words) + 16 * ratio + grip);
  const h = Math.round(TAG * ratio);
  const x = Math.round(12 * ratio);
  const y = Math.round(level.y * ratio - h / 2);
  const edge = Math.max(1, Math.floor(ratio));
  context.fillStyle = level.strong ? look[level.tone] : look.surface;
  context.strokeStyle = look[level.tone];
  context.lineWidth = edge;
  context.beginPath();
  context.roundRect(x + edge / 2, y + edge / 2, w, h, 4 * ratio);
  context.fill();
  context.stroke();
  context.fillStyle = level.strong ? look.surface : look[level.tone];
  if (level.grip) {
    const dot = Math.max(1, Math.round(1.5 * ratio));
    for (let k = -1; k <= 1; k += 1) context.fillRect(x + Math.round(8 * ratio), Math.round(y + h / 2 + k * 4 * ratio - dot / 2), dot, dot);
  }
  context.textAlign = 'left';
  context.fillText(words, x + 8 * ratio + grip, y + h / 2 + edge);
}

/** @param {CanvasRenderingContext2D} context @param {string} label @param {number} plot @param {number} y @param {number} w @param {number} ratio @param {string} fill @param {string} ink */
function fillLabel(context, label, plot, y, w, ratio, fill, ink) {
  const h = Math.round(LABEL * ratio);
  context.fillStyle = fill;
  context.fillRect(plot, Math.round(y - h / 2), w, h);
  context.fillStyle = ink;
  context.textAlign = 'left';
  context.fillText(label, plot + 8 * ratio, y + Math.round(ratio / 2));
}

/** A line out of view keeps its label at the edge, outlined, with an arrow. @param {CanvasRenderingContext2D} context @param {Level} level @param {number} plot @param {number} width @param {number} ratio @param {OverlayLook} look */
function outlineLabel(context, level, plot, width, ratio, look) {
  const y = Math.round(level.labelY * ratio);
  fillLabel(context, level.label, plot, y, width - plot, ratio, look.surface, look[level.tone]);
  context.strokeStyle = look[level.tone];
  context.lineWidth = Math.max(1, Math.floor(ratio));
  const h = Math.round(LABEL * ratio);
  context.strokeRect(plot + 0.5, Math.round(y - h / 2) + 0.5, width - plot - 1, h - 1);
  const way = level.off === 'above' ? -1 : 1;
  context.fillStyle = look[level.tone];
  context.beginPath();
  context.moveTo(plot + 4.5 * ratio, y + way * 3 * ratio);
  context.lineTo(plot + 2 * ratio, y - way * 2 * ratio);
  context.lineTo(plot + 7 * ratio, y - way * 2 * ratio);
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {Cross} cross @param {number} plot @param {number} foot @param {number} ratio @param {OverlayLook} look */
function drawCross(context, cross, plot, foot, ratio, look) {
  const hair = Math.max(1, Math.floor(ratio));
  const dash = Math.round(3 * ratio);
  const x = Math.round(cross.x * ratio - hair / 2);
  const y = Math.round(cross.y * ratio);
  context.fillStyle = look.muted;
  for (let at = 0; at < foot; at += dash * 2) context.fillRect(x, at, hair, dash);
  if (cross.label === '') return;
  for (let at = 0; at < plot; at += dash * 2) context.fillRect(at, y, dash, hair);
  if (!cross.tracking) return;
  const r = Math.round(4 * ratio);
  context.fillStyle = look.accent;
  context.beginPath();
  context.arc(x + hair / 2, y + hair / 2, r, 0, Math.PI * 2);
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {Cross} cross @param {OverlayFrame} frame @param {OverlayLook} look @param {(text: string) => number} widthOf */
function drawCrossLabels(context, cross, { plot, foot, width, height, ratio }, look, widthOf) {
  if (cross.label !== '') fillLabel(context, cross.label, plot, Math.round(cross.y * ratio), width - plot, ratio, look.text, look.surface);
  const w = Math.round(widthOf(cross.time) + 16 * ratio);
  const h = Math.round(LABEL * ratio);
  const x = Math.round(Math.max(0, Math.min(plot - w, cross.x * ratio - w / 2)));
  const y = Math.round((foot + height - h) / 2);
  context.fillStyle = look.text;
  context.fillRect(x, y, w, h);
  context.fillStyle = look.surface;
  context.textAlign = 'center';
  context.fillText(cross.time, x + w / 2, y + h / 2);
}
