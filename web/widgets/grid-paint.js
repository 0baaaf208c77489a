/**
 * Draws one cell of a grid onto its canvas: ground, bar, text with a second line, ring. Everything is in device pixels, so
 * that hairlines and figures are sharp; the fonts are set once a pass, not once a cell.
 */

/**
 * What a cell shows. One object is filled again and again, so every member is always set.
 * @typedef {object} GridCell
 * @property {string} text
 * @property {string} sub second line, where the row is high enough
 * @property {Tone} tone of the text
 * @property {Tone} subTone
 * @property {boolean} strong
 * @property {'' | 'in' | 'centre' | 'mark' | 'buy' | 'sell'} back ground: in the money, the centre column, the marked centre, a leg
 * @property {number} bar 0..1 of the cell's width; 0 for none
 * @property {'start' | 'end'} from the edge the bar grows from
 * @property {Tone} barTone
 * @property {'' | 'buy' | 'sell'} ring
 * @property {string} badge a short word in the corner, such as a leg's lots
 */

/** @typedef {'' | 'muted' | 'faint' | 'up' | 'down' | 'warn' | 'accent'} Tone */
/** @typedef {'start' | 'centre' | 'end'} Align */

/**
 * Colours and type of a grid, read once a theme.
 * @typedef {object} GridTheme
 * @property {string} surface
 * @property {string} centre
 * @property {string} inside ground of cells in the money
 * @property {string} mark
 * @property {string} line
 * @property {string} buy
 * @property {string} sell
 * @property {string} buyBack
 * @property {string} sellBack
 * @property {string} onMark text on a badge
 * @property {Record<Tone, string>} tones
 * @property {string} font family
 */

/** @returns {GridCell} */
export function emptyCell() {
  return { text: '', sub: '', tone: '', subTone: 'faint', strong: false, back: '', bar: 0, from: 'start', barTone: '', ring: '', badge: '' };
}

/** Back to nothing, in place. @param {GridCell} cell */
export function clearCell(cell) {
  cell.text = '';
  cell.sub = '';
  cell.tone = '';
  cell.subTone = 'muted';
  cell.strong = false;
  cell.back = '';
  cell.bar = 0;
  cell.from = 'start';
  cell.barTone = '';
  cell.ring = '';
  cell.badge = '';
}

/** What would be drawn, as one text: an equal one need not be drawn again. @param {GridCell} cell */
export function shapeOf(cell) {
  return `${cell.text}\u0001${cell.sub}\u0001${cell.tone}${cell.subTone}${cell.strong ? 1 : 0}${cell.back}|${cell.bar === 0 ? '' : cell.bar.toFixed(3)}${cell.barTone}|${cell.ring}${cell.badge}`;
}

/** @param {Element} element @returns {GridTheme} */
export function readGridTheme(element) {
  const style = getComputedStyle(element);
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    surface: of('surface'), centre: of('sunken'), inside: of('itm'), mark: of('accent-bg'), line: of('line'),
    buy: of('accent'), sell: of('down'), buyBack: of('accent-bg'), sellBack: of('down-bg'), onMark: of('on-accent'),
    tones: { '': of('text'), muted: of('muted'), faint: of('muted'), up: of('up'), down: of('down'), warn: of('warn'), accent: of('accent') },
    font: style.fontFamily,
  };
}

const PAD = 8;
const BAR = 4;

export class CellPainter {
  /** @param {CanvasRenderingContext2D} context */
  constructor(context) {
    this.context = context;
    this.ratio = 1;
    /** @type {GridTheme | null} */
    this.theme = null;
    this.fonts = { plain: '', strong: '', sub: '', badge: '' };
    this.size = 13;
    this.tall = false;
    this.font = '';
  }

  /**
   * Before the first cell of a pass, and after the canvas was resized.
   * @param {GridTheme} theme
   * @param {number} ratio device px a CSS px
   * @param {{ size: number, tall: boolean, rtl?: boolean }} shape size: CSS px of the text; tall: two lines
   */
  begin(theme, ratio, { size, tall }) {
    this.theme = theme;
    this.ratio = ratio;
    this.size = size;
    this.tall = tall;
    const px = (/** @type {number} */ n) => `${Math.round(n * ratio * 10) / 10}px`;
    this.fonts = { plain: `400 ${px(size)} ${theme.font}`, strong: `600 ${px(size)} ${theme.font}`, sub: `400 ${px(11)} ${theme.font}`, badge: `600 ${px(9)} ${theme.font}` };
    this.font = '';
    this.context.textBaseline = 'alphabetic';
    if ('fontKerning' in this.context) this.context.fontKerning = 'none'; // figures need none, and it saves shaping
  }

  /** @param {string} font */
  #use(font) {
    if (this.font === font) return;
    this.font = font;
    this.context.font = font;
  }

  /**
   * @param {GridCell} cell
   * @param {number} x device px
   * @param {number} y
   * @param {number} w
   * @param {number} h
   * @param {Align} align
   */
  cell(cell, x, y, w, h, align) {
    const { context: c, ratio } = this;
    const theme = /** @type {GridTheme} */ (this.theme);
    const hair = Math.max(1, Math.round(ratio));
    c.fillStyle = ground(theme, cell.back);
    c.fillRect(x, y, w, h - hair);
    c.fillStyle = theme.line;
    c.fillRect(x, y + h - hair, w, hair);
    if (cell.bar > 0) {
      const length = Math.max(1, Math.round(Math.min(1, cell.bar) * w));
      const high = Math.round(BAR * ratio);
      c.fillStyle = theme.tones[cell.barTone];
      c.fillRect(cell.from === 'start' ? x : x + w - length, y + h - hair - high, length, high);
    }
    const two = this.tall && cell.sub !== '';
    const middle = y + h / 2;
    const rise = Math.round(this.size * ratio * 0.36);
    const at = align === 'centre' ? x + w / 2 : align === 'end' ? x + w - PAD * ratio : x + PAD * ratio;
    c.textAlign = align === 'centre' ? 'center' : align === 'end' ? 'right' : 'left';
    if (cell.text !== '') {
      this.#use(cell.strong ? this.fonts.strong : this.fonts.plain);
      c.fillStyle = theme.tones[cell.tone];
      c.fillText(cell.text, Math.round(at), Math.round(two ? middle - 2 * ratio : middle + rise));
    }
    if (two) {
      this.#use(this.fonts.sub);
      c.fillStyle = theme.tones[cell.subTone];
      c.fillText(cell.sub, Math.round(at), Math.round(middle + 12 * ratio));
    }
    if (cell.ring !== '') this.#ring(x, y, w, h, cell.ring === 'buy' ? theme.buy : theme.sell);
    if (cell.badge !== '') this.#badge(cell.badge, x, y, cell.ring === 'sell' ? theme.sell : theme.buy, theme.onMark);
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h @param {string} colour */
  #ring(x, y, w, h, colour) {
    const { context: c, ratio } = this;
    const line = Math.max(1, Math.round(1.5 * ratio));
    c.strokeStyle = colour;
    c.lineWidth = line;
    c.beginPath();
    c.roundRect(x + 2 * ratio, y + 2 * ratio, w - 4 * ratio, h - 5 * ratio, 6 * ratio);
    c.stroke();
  }

  /** @param {string} text @param {number} x @param {number} y @param {string} back @param {string} colour */
  #badge(text, x, y, back, colour) {
    const { context: c, ratio } = this;
    this.#use(this.fonts.badge);
    const width = c.measureText(text).width + 6 * ratio;
    c.fillStyle = back;
    c.beginPath();
    c.roundRect(x + ratio, y + ratio, width, 12 * ratio, 4 * ratio);
    c.fill();
    c.fillStyle = colour;
    c.textAlign = 'left';
    c.fillText(text, Math.round(x + 4 * ratio), Math.round(y + 10.5 * ratio));
  }

  /** The focus ring, drawn over a cell. @param {number} x @param {number} y @param {number} w @param {number} h @param {string} colour */
  focus(x, y, w, h, colour) {
    const { context: c, ratio } = this;
    const line = Math.max(2, Math.round(2 * ratio));
    c.strokeStyle = colour;
    c.lineWidth = line;
    c.strokeRect(x + line / 2, y + line / 2, w - line, h - line);
  }
}

/** @param {GridTheme} theme @param {GridCell['back']} back */
function ground(theme, back) {
  switch (back) {
    case 'in': return theme.inside;
    case 'centre': return theme.centre;
    case 'mark': return theme.mark;
    case 'buy': return theme.buyBack;
    case 'sell': return theme.sellBack;
    default: return theme.surface;
  }
}
