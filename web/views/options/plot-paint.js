/** Draws a plot: grid, bands, lines, points, marks and the cross-hair; from figures to pixels, nothing else. */

/** @typedef {import('./plot.js').PlotData} PlotData */
/** @typedef {import('./plot.js').Series} Series */
/** @typedef {Record<import('./plot.js').PlotTone, string> & { surface: string, line: string, font: string }} PlotTheme */

const LEFT = 6;
const RIGHT = 52;
const TOP = 14;
const BOTTOM = 22;

/** @param {Element} element @returns {PlotTheme} */
export function readPlotTheme(element) {
  const style = getComputedStyle(element);
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return { surface: of('surface'), line: of('line'), text: of('text'), muted: of('muted'), accent: of('accent'), warn: of('warn'), sim: of('sim'), up: of('up'), down: of('down'), font: style.fontFamily };
}

/**
 * Places of figures, CSS px.
 * @param {PlotData} data
 * @param {number} width
 * @param {number} height
 */
export function scaleOf(data, width, height) {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const one of data.series) {
    for (let i = 0; i < one.x.length; i += 1) {
      const found = [one.y?.[i], one.low?.[i], one.high?.[i]].filter((value) => value !== null && value !== undefined);
      if (found.length === 0) continue;
      const x = /** @type {number} */ (one.x[i]);
      x0 = Math.min(x0, x);
      x1 = Math.max(x1, x);
      y0 = Math.min(y0, ...(/** @type {number[]} */ (found)));
      y1 = Math.max(y1, ...(/** @type {number[]} */ (found)));
    }
  }
  const any = Number.isFinite(x0) && Number.isFinite(y0);
  if (!any) [x0, x1, y0, y1] = [0, 1, 0, 1];
  if (x0 === x1) [x0, x1] = [x0 - 1, x1 + 1];
  if (data.zero) y0 = Math.min(0, y0);
  const room = (y1 - y0 || Math.abs(y1) || 1) * 0.08;
  const step = niceStep((y1 - y0 + 2 * room) / Math.max(3, Math.floor((height - TOP - BOTTOM) / 30)));
  const low = data.zero && y0 === 0 ? 0 : y0 - room;
  const high = y1 + room;
  const wide = Math.max(1, width - LEFT - RIGHT);
  const tall = Math.max(1, height - TOP - BOTTOM);
  /** @type {number[]} */
  const ticks = [];
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) ticks.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return {
    any, ticks, wide, tall, x0, x1,
    px: (/** @type {number} */ x) => LEFT + ((x - x0) / (x1 - x0)) * wide,
    py: (/** @type {number} */ y) => TOP + (1 - (y - low) / (high - low)) * tall,
    xOf: (/** @type {number} */ px) => x0 + ((px - LEFT) / wide) * (x1 - x0),
  };
}

/** 1, 2 or 5 times a power of ten, not below `least`. @param {number} least */
export function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  const part = least / power;
  return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * power;
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {{ width: number, height: number, ratio: number, theme: PlotTheme, data: PlotData, at: number | null }} view
 */
export function paintPlot(c, { width, height, ratio, theme, data, at }) {
  const scale = scaleOf(data, width, height);
  const { px, py } = scale;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.fillStyle = theme.surface;
  c.fillRect(0, 0, width, height);
  c.font = `400 11px ${theme.font}`;
  c.textBaseline = 'middle';
  if (!scale.any) return;
  const right = LEFT + scale.wide;
  const bottom = TOP + scale.tall;
  const sharp = (/** @type {number} */ v) => (Math.round(v * ratio) + 0.5) / ratio;
  c.lineWidth = 1 / ratio;
  c.strokeStyle = theme.line;
  c.fillStyle = theme.muted;
  c.textAlign = 'left';
  for (const tick of scale.ticks) {
    const y = sharp(py(tick));
    stroke(c, [[LEFT, y], [right, y]]);
    c.fillText(data.yText(tick), right + 6, y);
  }
  c.textBaseline = 'alphabetic';
  c.textAlign = 'center';
  for (const x of fitting(c, data, scale)) c.fillText(data.xText(x), Math.max(18, Math.min(right - 4, px(x))), height - 6);
  c.save();
  c.beginPath();
  c.rect(0, 0, right + 2, bottom + 2);
  c.clip();
  for (const one of data.series) if (one.kind === 'band') band(c, one, px, py, theme[one.tone]);
  for (const one of data.series) {
    c.strokeStyle = c.fillStyle = theme[one.tone];
    if (one.kind === 'line') line(c, one, px, py);
    else if (one.kind === 'range') ranges(c, one, px, py);
    else if (one.kind === 'points') points(c, one, px, py);
  }
  c.restore();
  for (const mark of data.marks ?? []) {
    if (mark.x < scale.x0 || mark.x > scale.x1) continue;
    const x = sharp(px(mark.x));
    c.strokeStyle = theme.text;
    c.lineWidth = 1;
    c.setLineDash([2, 3]);
    stroke(c, [[x, TOP], [x, bottom]]);
    c.setLineDash([]);
    c.fillStyle = theme.text;
    const half = c.measureText(mark.label).width / 2 + 2;
    c.fillText(mark.label, Math.max(half, Math.min(width - half, x)), 10);
  }
  if (at !== null) {
    const x = sharp(px(at));
    c.strokeStyle = theme.muted;
    c.lineWidth = 1;
    stroke(c, [[x, TOP], [x, bottom]]);
    for (const one of data.series) {
      const i = one.x.indexOf(at);
      const y = i < 0 ? null : (one.y?.[i] ?? null);
      if (y === null || one.quiet) continue;
      c.fillStyle = theme[one.tone];
      c.beginPath();
      c.arc(x, py(y), 4, 0, 7);
      c.fill();
    }
  }
}

/** Ticks whose words do not touch. @param {CanvasRenderingContext2D} c @param {PlotData} data @param {ReturnType<typeof scaleOf>} scale */
function fitting(c, data, scale) {
  const wanted = data.xTicks ?? even(scale.x0, scale.x1, Math.max(2, Math.floor(scale.wide / 60)));
  /** @type {number[]} */
  const kept = [];
  let free = -Infinity;
  for (const x of wanted) {
    const half = c.measureText(data.xText(x)).width / 2 + 5;
    const at = Math.max(18, scale.px(x));
    if (at - half < free || x < scale.x0 || x > scale.x1) continue;
    kept.push(x);
    free = at + half;
  }
  return kept;
}

/** @param {number} from @param {number} to @param {number} count */
function even(from, to, count) {
  const step = niceStep((to - from) / count);
  /** @type {number[]} */
  const out = [];
  for (let v = Math.ceil(from / step) * step; v <= to; v += step) out.push(v);
  return out;
}

/** @param {CanvasRenderingContext2D} c @param {[number, number][]} path */
function stroke(c, path) {
  c.beginPath();
  path.forEach(([x, y], i) => (i === 0 ? c.moveTo(x, y) : c.lineTo(x, y)));
  c.stroke();
}

/** @typedef {(value: number) => number} Place */

/** @param {CanvasRenderingContext2D} c @param {Series} one @param {Place} px @param {Place} py */
function line(c, one, px, py) {
  c.lineWidth = 2;
  c.lineJoin = 'round';
  c.setLineDash([...(one.dash ?? [])]);
  c.beginPath();
  let open = false;
  one.x.forEach((x, i) => {
    const y = one.y?.[i] ?? null;
    if (y === null) {
      open = false;
      return;
    }
    if (open) c.lineTo(px(x), py(y));
    else c.moveTo(px(x), py(y));
    open = true;
  });
  c.stroke();
  c.setLineDash([]);
  if (one.shape) points(c, one, px, py);
}

/** @param {CanvasRenderingContext2D} c @param {Series} one @param {Place} px @param {Place} py @param {string} colour */
function band(c, one, px, py, colour) {
  const there = one.x.map((_, i) => i).filter((i) => one.low?.[i] != null && one.high?.[i] != null);
  if (there.length === 0) return;
  c.globalAlpha = 0.16;
  c.fillStyle = colour;
  c.beginPath();
  for (const i of there) c.lineTo(px(/** @type {number} */ (one.x[i])), py(/** @type {number} */ (one.high?.[i])));
  for (const i of [...there].reverse()) c.lineTo(px(/** @type {number} */ (one.x[i])), py(/** @type {number} */ (one.low?.[i])));
  c.fill();
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Series} one @param {Place} px @param {Place} py */
function ranges(c, one, px, py) {
  c.lineWidth = 1;
  one.x.forEach((at, i) => {
    const [low, high] = [one.low?.[i] ?? null, one.high?.[i] ?? null];
    if (low === null || high === null) return;
    const x = px(at);
    stroke(c, [[x, py(low)], [x, py(high)]]);
  });
}

/** Marks on a line of many points. */
const FEW = 9;

/** @param {CanvasRenderingContext2D} c @param {Series} one @param {Place} px @param {Place} py */
function points(c, one, px, py) {
  const every = one.sparse ? Math.max(1, Math.floor(one.x.length / FEW)) : 1;
  one.x.forEach((at, i) => {
    if (i % every !== Math.floor(every / 2)) return;
    const value = one.y?.[i] ?? null;
    if (value === null) return;
    const [x, y, r] = [px(at), py(value), 3.2];
    c.beginPath();
    if (one.shape === 'square') c.rect(x - r + 0.4, y - r + 0.4, 2 * r - 0.8, 2 * r - 0.8);
    else if (one.shape === 'triangle') path(c, [[x, y - r - 0.6], [x + r + 0.4, y + r - 0.6], [x - r - 0.4, y + r - 0.6]]);
    else if (one.shape === 'diamond') path(c, [[x, y - r - 1], [x + r + 1, y], [x, y + r + 1], [x - r - 1, y]]);
    else c.arc(x, y, r, 0, 7);
    c.fill();
  });
}

/** @param {CanvasRenderingContext2D} c @param {[number, number][]} corners */
function path(c, corners) {
  corners.forEach(([x, y], i) => (i === 0 ? c.moveTo(x, y) : c.lineTo(x, y)));
  c.closePath();
}
