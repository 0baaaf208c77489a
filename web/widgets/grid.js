/**
 * A grid of figures on one canvas, as tall as what is seen: the browser scrolls, the canvas stands still and is drawn anew.
 * A cell is drawn only when what it shows has changed; a burst of changes is spread over frames, so that no frame is long.
 * Measured against DOM cells in front.md: 2 to 3 times cheaper from 300 changed cells a frame (tests/bench/bench_chain_grid.py).
 *
 * For a screen reader it is an ARIA grid: the heads and the row that has the focus stand beside the canvas as text.
 */

import { dropFrame, nextFrame } from '../chart/scheduler.js';
import { watchSize } from '../chart/size.js';
import { h, setAttr, setText } from './dom.js';
import { gridInput } from './grid-input.js';
import { CellPainter, clearCell, emptyCell, readGridTheme, shapeOf } from './grid-paint.js';

/** @typedef {import('./grid-paint.js').GridCell} GridCell */
/** @typedef {{ id: string, label: string, width: number, align: import('./grid-paint.js').Align, head?: boolean }} GridColumn width: CSS px; head: it names its row */

/**
 * @typedef {object} GridSpec
 * @property {string} label what the grid is, for a screen reader
 * @property {string} [keys] which keys it takes, for a screen reader
 * @property {(row: number, column: number, cell: GridCell) => void} cell fill in what a cell shows; it comes cleared
 * @property {(row: number, column: number, place: { x: number, width: number, pointer: string }) => void} onTap x: px within the cell
 * @property {(row: number, column: number) => void} onHold
 * @property {(by: 1 | -1) => void} onStep a sideways swipe or wheel
 * @property {(event: KeyboardEvent, row: number, column: number) => boolean} onKey true = taken
 * @property {() => [number, number]} start the cell that has the focus first
 * @property {() => void} [onScroll] the user scrolled
 * @property {(width: number, height: number) => void} onSize the room there is, CSS px; the caller then sets columns
 * @property {(row: number, column: number) => boolean} [canTap] for the pointer's shape
 */

/** ms a frame may spend on changed cells before the rest waits for the next one. */
const BUDGET_MS = 3;
const LOOK_EVERY = 8; // cells between two looks at the clock
const SAID_MS = 1000;

let made = 0;

/** @param {GridSpec} spec */
export function createGrid({ label, keys, cell, onTap, onHold, onStep, onKey, start, onScroll, onSize, canTap }) {
  const name = `grid${(made += 1)}`;
  const canvas = h('canvas', { class: 'grid-canvas', 'aria-hidden': 'true' });
  const heads = h('div', { role: 'row' });
  const said = h('div', { role: 'row' });
  const face = h('div', { class: 'grid-face', role: 'grid', tabindex: '0', 'aria-label': label, 'aria-description': keys }, canvas, h('div', { class: 'visually-hidden' }, heads, said));
  const space = h('div', { class: 'grid-space', 'aria-hidden': 'true' });
  const el = h('div', { class: 'grid' }, face, space);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  const painter = new CellPainter(context);
  let theme = readGridTheme(document.body);
  /** @type {GridColumn[]} */
  let columns = [];
  /** @type {number[]} left edges of the columns and the right edge of the last, device px */
  let edges = [0];
  let rows = 0;
  let rowHeight = 36;
  let size = 13;
  let width = 0;
  let height = 0;
  let deviceWidth = 1;
  let deviceHeight = 1;
  let ratio = 1;
  /** @type {string[]} what each cell shows on the canvas; '' when it must be drawn */
  let shapes = [];
  let flags = new Uint8Array(0);
  /** @type {number[]} */
  let queue = [];
  let whole = true;
  let [row, column] = [-1, -1];
  let focused = false;
  let ringed = false; // a pointer needs no ring about what it touches
  let saidAt = -Infinity;
  let mine = -Infinity; // when the grid last scrolled by itself
  const out = emptyCell();
  const stats = { drawn: 0, frames: 0 };

  const total = () => rows * rowHeight;
  const top = () => Math.round(el.scrollTop * ratio);
  const line = (/** @type {number} */ at) => Math.round(at * rowHeight * ratio);
  /** First and last row seen. @returns {[number, number]} */
  const seen = () => [Math.max(0, Math.floor(el.scrollTop / rowHeight)), Math.min(rows - 1, Math.floor((el.scrollTop + height - 1) / rowHeight))];

  function ask() {
    nextFrame(paint);
  }

  /** @param {number} now */
  function paint(now) {
    if (width === 0 || columns.length === 0) return;
    painter.begin(theme, ratio, { size, tall: rowHeight >= 44 });
    stats.frames += 1;
    stats.drawn = 0;
    if (whole) paintAll();
    else paintQueue();
    if (focused && now - saidAt > SAID_MS) sayRow();
  }

  function paintAll() {
    whole = false;
    shapes.fill('');
    flags.fill(0);
    queue = [];
    const [first, last] = seen();
    for (let r = first; r <= last; r += 1) for (let c = 0; c < columns.length; c += 1) paintCell(r, c);
    const end = line(rows) - top();
    if (end < deviceHeight) {
      context.fillStyle = theme.surface;
      context.fillRect(0, Math.max(0, end), deviceWidth, deviceHeight - Math.max(0, end));
    }
  }

  function paintQueue() {
    const [first, last] = seen();
    const count = columns.length;
    const began = performance.now();
    let looked = 0;
    let at = 0;
    for (; at < queue.length; at += 1) {
      const index = /** @type {number} */ (queue[at]);
      flags[index] = 0;
      const r = Math.floor(index / count);
      if (r < first || r > last) {
        shapes[index] = '';
        continue;
      }
      paintCell(r, index % count);
      looked += 1;
      if (looked % LOOK_EVERY === 0 && performance.now() - began > BUDGET_MS) {
        at += 1;
        break;
      }
    }
    queue = at < queue.length ? queue.slice(at) : [];
    if (queue.length > 0) ask();
  }

  /** @param {number} r @param {number} c */
  function paintCell(r, c) {
    const index = r * columns.length + c;
    clearCell(out);
    cell(r, c, out);
    const shape = shapeOf(out);
    if (shapes[index] === shape) return;
    shapes[index] = shape;
    stats.drawn += 1;
    const x = /** @type {number} */ (edges[c]);
    const w = /** @type {number} */ (edges[c + 1]) - x;
    const y = line(r) - top();
    const high = line(r + 1) - line(r);
    painter.cell(out, x, y, w, high, /** @type {GridColumn} */ (columns[c]).align);
    if (ringed && r === row && c === column) painter.focus(x, y, w, high, theme.buy);
  }

  /** @param {number} r @param {number} c */
  function dirty(r, c) {
    if (r < 0 || r >= rows || c < 0 || c >= columns.length) return;
    const index = r * columns.length + c;
    if (flags[index] === 1) return;
    flags[index] = 1;
    queue.push(index);
    if (queue.length === 1) ask();
  }

  /** Draw a cell again though it shows the same: the ring about it came or went. @param {number} r @param {number} c */
  function again(r, c) {
    if (r < 0 || c < 0) return;
    shapes[r * columns.length + c] = '';
    dirty(r, c);
  }

  function all() {
    whole = true;
    ask();
  }

  function layOut() {
    space.style.blockSize = `${Math.max(0, total() - height)}px`;
    shapes = new Array(rows * columns.length).fill('');
    flags = new Uint8Array(rows * columns.length);
    queue = [];
    let sum = 0;
    edges = [0, ...columns.map((one) => Math.round((sum += one.width) * ratio))];
    setAttr(face, 'aria-rowcount', String(rows + 1));
    setAttr(face, 'aria-colcount', String(columns.length));
    row = Math.min(row, rows - 1);
    column = Math.min(column, columns.length - 1);
    all();
  }

  function sayHeads() {
    heads.replaceChildren(...columns.map((one, i) => h('span', { role: 'columnheader', 'aria-colindex': String(i + 1) }, one.label)));
    said.replaceChildren(...columns.map((one, i) => h('span', { role: one.head ? 'rowheader' : 'gridcell', id: `${name}-${i}`, 'aria-colindex': String(i + 1) })));
    sayRow();
  }

  /** The focused row as text; before any has had the focus, the one that will. */
  function sayRow() {
    saidAt = performance.now();
    const spoken = row < 0 ? Math.min(rows - 1, start()[0]) : row;
    if (spoken < 0) return;
    setAttr(said, 'aria-rowindex', String(spoken + 2));
    columns.forEach((one, i) => {
      clearCell(out);
      cell(spoken, i, out);
      const text = [one.head ? '' : one.label, out.text, out.sub, out.badge].filter(Boolean).join(' ');
      const place = said.children[i];
      if (place) setText(place, text);
    });
    setAttr(face, 'aria-activedescendant', column < 0 ? null : `${name}-${column}`);
  }

  /** @param {number} r @param {number} c */
  function move(r, c) {
    const [oldRow, oldColumn] = [row, column];
    row = Math.max(0, Math.min(rows - 1, r));
    column = Math.max(0, Math.min(columns.length - 1, c));
    if (rows === 0) row = -1;
    again(oldRow, oldColumn);
    again(row, column);
    scrollTo(row, 'near');
    sayRow();
  }

  /** @param {number} r @param {'centre' | 'near'} how */
  function scrollTo(r, how) {
    mine = performance.now();
    const y = r * rowHeight;
    if (how === 'centre') el.scrollTop = y - (height - rowHeight) / 2;
    else if (y < el.scrollTop) el.scrollTop = y;
    else if (y + rowHeight > el.scrollTop + height) el.scrollTop = y + rowHeight - height;
  }

  /** @param {number} x px in the grid's box @param {number} y @returns {[number, number]} row and column, -1 outside */
  function at(x, y) {
    const r = Math.floor((y + el.scrollTop) / rowHeight);
    const px = x * ratio;
    const c = edges.findIndex((edge, i) => px >= edge && px < (edges[i + 1] ?? -1));
    return [r >= 0 && r < rows ? r : -1, c];
  }

  const unlisten = gridInput(el, {
    onTap(x, y, pointer) {
      const [r, c] = at(x, y);
      if (r < 0 || c < 0) return;
      face.focus({ preventScroll: true });
      ringed = false;
      move(r, c);
      const left = /** @type {number} */ (edges[c]) / ratio;
      onTap(r, c, { x: x - left, width: /** @type {number} */ (edges[c + 1]) / ratio - left, pointer });
    },
    onHold(x, y) {
      const [r, c] = at(x, y);
      if (r < 0 || c < 0) return;
      move(r, c);
      onHold(r, c);
    },
    onStep,
    onHover(x, y) {
      const [r, c] = at(x, y);
      face.classList.toggle('can', r >= 0 && c >= 0 && (canTap?.(r, c) ?? true));
    },
  });
  face.addEventListener('focus', () => {
    focused = true;
    ringed = face.matches(':focus-visible');
    if (row < 0 || column < 0) move(...start());
    else move(row, column);
  });
  face.addEventListener('blur', () => {
    focused = ringed = false;
    again(row, column);
  });
  face.addEventListener('keydown', (event) => {
    if (event.altKey || rows === 0) return;
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    const wide = event.ctrlKey || event.metaKey;
    /** @type {Record<string, [number, number]>} */
    const moves = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      PageUp: [row - page, column], PageDown: [row + page, column], Home: [wide ? 0 : row, 0], End: [wide ? rows - 1 : row, columns.length - 1],
    };
    const to = moves[event.key];
    ringed = true;
    if (to && !(wide && event.key.startsWith('Arrow'))) {
      onScroll?.();
      move(...to);
    } else if (wide || !onKey(event, row, column)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  el.addEventListener('scroll', () => {
    whole = true;
    ask();
    if (performance.now() - mine > 300) onScroll?.();
  }, { passive: true });
  const unwatch = watchSize(el, ([cssWidth, cssHeight, w, high]) => {
    width = cssWidth;
    height = cssHeight;
    ratio = cssWidth > 0 ? w / cssWidth : 1;
    deviceWidth = Math.max(1, w);
    deviceHeight = Math.max(1, high);
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
    canvas.style.inlineSize = `${cssWidth}px`;
    canvas.style.blockSize = `${cssHeight}px`;
    face.style.blockSize = `${cssHeight}px`;
    onSize(cssWidth, cssHeight);
    layOut();
  });

  return {
    el,
    face,
    stats,
    /** Whether all that changed has been drawn. */
    settled: () => !whole && queue.length === 0,
    dirty,
    all,
    at,
    seen,
    /** @param {number} r */
    dirtyRow(r) {
      for (let c = 0; c < columns.length; c += 1) dirty(r, c);
    },
    /** @param {GridColumn[]} next */
    setColumns(next) {
      const labels = columns.map((one) => one.label).join('|');
      columns = next;
      if (labels !== next.map((one) => one.label).join('|')) sayHeads();
      layOut();
      if (focused) sayRow();
    },
    /** @param {number} count @param {number} high CSS px @param {number} [text] CSS px of the type */
    setRows(count, high, text = size) {
      if (count === rows && high === rowHeight && text === size) return;
      rows = count;
      rowHeight = high;
      size = text;
      layOut();
    },
    /** The cell that has the focus, -1 where none has had it. @returns {[number, number]} */
    place: () => [row, column],
    /** @param {number} r @param {number} c */
    setPlace(r, c) {
      move(r, c);
    },
    /** Bring a row into view; the scroll event that follows is not the user's. */
    scrollTo,
    /** Place of a row within the scrolled content, CSS px. @param {number} r */
    topOf: (r) => r * rowHeight,
    theme() {
      theme = readGridTheme(document.body);
      all();
    },
    destroy() {
      dropFrame(paint);
      unlisten();
      unwatch();
      canvas.width = 1;
      canvas.height = 1;
    },
  };
}
