/**
 * A small chart of curves, points and bands over one axis, drawn on a canvas. Every series has a dash, a shape and a name at
 * hand beside its colour; a cross-hair reads values out to the eye and the ear; the same figures stand below as a table.
 */

import { dropFrame, nextFrame } from '../../chart/scheduler.js';
import { watchSize } from '../../chart/size.js';
import { t } from '../../format/i18n.js';
import { fill, h, s, setAttr, setText } from '../../widgets/dom.js';
import { paintPlot, readPlotTheme, scaleOf } from './plot-paint.js';

/** @typedef {'accent' | 'warn' | 'sim' | 'muted' | 'up' | 'down' | 'text'} PlotTone */
/** @typedef {'circle' | 'square' | 'triangle' | 'diamond'} Shape */

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {'line' | 'points' | 'band' | 'range'} kind band: between low and high; range: a stroke from low to high
 * @property {readonly number[]} x ascending
 * @property {readonly (number | null)[]} [y]
 * @property {readonly (number | null)[]} [low]
 * @property {readonly (number | null)[]} [high]
 * @property {PlotTone} tone
 * @property {readonly number[]} [dash] of a line, CSS px
 * @property {Shape} [shape] of points, and of marks along a line
 * @property {boolean} [sparse] a line of many points: only some carry their mark
 * @property {boolean} [quiet] left out of the legend and the reading
 */

/**
 * @typedef {object} PlotData
 * @property {readonly Series[]} series
 * @property {(x: number) => string} xText
 * @property {(y: number) => string} yText
 * @property {readonly number[]} [xTicks] where the axis is written; worked out when not given
 * @property {readonly { x: number, label: string }[]} [marks] upright lines with a word
 * @property {boolean} [zero] the value axis begins at nothing
 * @property {() => { heads: string[], rows: string[][] }} table the same figures as text
 */

/** @type {PlotData} */
const NOTHING = { series: [], xText: String, yText: String, table: () => ({ heads: [], rows: [] }) };

/** @param {{ label: string, high?: number }} spec high: CSS px */
export function createPlot({ label, high = 220 }) {
  const canvas = h('canvas', { class: 'plot-canvas', 'aria-hidden': 'true' });
  const surface = h('div', { class: 'plot-surface', role: 'application', tabindex: '0', 'aria-label': label, 'aria-description': t('plot.keys') }, canvas);
  const reading = h('p', { class: 'plot-reading', 'aria-live': 'polite' });
  const legend = h('ul', { class: 'plot-legend' });
  const note = h('p', { class: 'plot-note' });
  const box = h('div', { class: 'plot-table', tabindex: '0', role: 'region', 'aria-label': t('plot.tableOf', { name: label }) });
  const details = h('details', { class: 'plot-details' }, h('summary', null, t('plot.table')), box);
  const el = h('figure', { class: 'plot' }, legend, h('div', { class: 'plot-face' }, surface, reading), note, details);
  surface.style.blockSize = `${high}px`;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  /** @type {PlotData} */
  let data = NOTHING;
  let theme = readPlotTheme(document.body);
  let [width, height, ratio] = [0, 0, 1];
  /** Where the cross-hair stands on the x axis; null for none. @type {number | null} */
  let at = null;
  let legendShape = '';

  function paint() {
    if (width === 0) return;
    paintPlot(context, { width, height, ratio, theme, data, at });
  }
  const ask = () => nextFrame(paint);

  /** All x where something has a value, ascending. */
  function stops() {
    const all = new Set(data.series.filter((one) => !one.quiet).flatMap((one) => one.x.filter((_, i) => valuesAt(one, i).length > 0)));
    return [...all].sort((a, b) => a - b);
  }

  /** @param {number | null} x */
  function look(x) {
    const places = stops();
    at = x === null || places.length === 0 ? null : places.reduce((best, one) => (Math.abs(one - x) < Math.abs(best - x) ? one : best), /** @type {number} */ (places[0]));
    setText(reading, at === null ? '' : read(at));
    reading.hidden = at === null;
    ask();
  }

  /** @param {number} x */
  function read(x) {
    const { series, xText, yText } = data;
    const parts = series.filter((one) => !one.quiet).flatMap((one) => {
      const i = one.x.indexOf(x);
      const found = i < 0 ? [] : valuesAt(one, i);
      return found.length === 0 ? [] : [`${one.label} ${found.map(yText).join('–')}`];
    });
    return [xText(x), ...parts].join(' · ');
  }

  function drawTable() {
    if (!details.open) return;
    const { heads, rows } = data.table();
    fill(box, h('table', null, h('thead', null, h('tr', null, heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', null, rows.map((row) => h('tr', null, row.map((text, i) => (i === 0 ? h('th', { scope: 'row' }, text) : h('td', null, text))))))));
  }

  surface.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' || event.buttons > 0) pointAt(event);
  });
  surface.addEventListener('pointerdown', pointAt);
  surface.addEventListener('pointerleave', (event) => {
    if (event.pointerType === 'mouse' && document.activeElement !== surface) look(null);
  });
  /** @param {PointerEvent} event */
  function pointAt(event) {
    const scale = scaleOf(data, width, height);
    look(scale.xOf(event.clientX - surface.getBoundingClientRect().left));
  }
  surface.addEventListener('keydown', (event) => {
    const places = stops();
    if (places.length === 0) return;
    const now = at === null ? -1 : places.indexOf(at);
    const big = Math.max(1, Math.round(places.length / 10));
    const to = { ArrowRight: now + 1, ArrowLeft: now < 0 ? places.length - 1 : now - 1, PageDown: now + big, PageUp: now - big, Home: 0, End: places.length - 1 }[event.key];
    if (event.key === 'Escape' && at !== null) look(null);
    else if (to === undefined) return;
    else look(/** @type {number} */ (places[Math.max(0, Math.min(places.length - 1, to))]));
    event.preventDefault();
    event.stopPropagation();
  });
  details.addEventListener('toggle', drawTable);
  const unwatch = watchSize(surface, ([cssWidth, cssHeight, w, tall]) => {
    width = cssWidth;
    height = cssHeight;
    ratio = cssWidth > 0 ? w / cssWidth : 1;
    canvas.width = Math.max(1, w);
    canvas.height = Math.max(1, tall);
    canvas.style.inlineSize = `${cssWidth}px`;
    canvas.style.blockSize = `${cssHeight}px`;
    paint();
  });

  return {
    el,
    /** @param {PlotData} next @param {{ label?: string, note?: string }} [words] */
    set(next, words = {}) {
      data = next;
      if (words.label !== undefined) setAttr(surface, 'aria-label', words.label);
      setText(note, words.note ?? '');
      note.hidden = !words.note;
      const named = next.series.filter((one) => !one.quiet);
      const shape = named.map((one) => `${one.label}${one.tone}${one.kind}`).join('|');
      if (shape !== legendShape) {
        legendShape = shape;
        fill(legend, named.map((one) => h('li', null, swatch(one), one.label)));
        legend.hidden = named.length < 2;
      }
      look(at);
      drawTable();
    },
    theme() {
      theme = readPlotTheme(document.body);
      ask();
    },
    destroy() {
      dropFrame(paint);
      unwatch();
      canvas.width = 1;
      canvas.height = 1;
    },
  };
}

/** @param {Series} one @param {number} i @returns {number[]} */
function valuesAt(one, i) {
  const found = one.y ? [one.y[i]] : [one.low?.[i], one.high?.[i]];
  return /** @type {number[]} */ (found.filter((value) => value !== null && value !== undefined));
}

/** The mark of a series in the legend: its dash and its shape. @param {Series} one */
function swatch(one) {
  const inner = one.kind === 'band' ? s('rect', { x: 1, y: 3, width: 22, height: 8, class: 'plot-fill' })
    : one.kind === 'range' ? s('path', { d: 'M12 1v12M9 1h6M9 13h6' })
      : one.kind === 'points' ? s('path', { d: SHAPES[one.shape ?? 'circle'], class: 'plot-fill' })
        : s('path', { d: 'M1 7h22', 'stroke-dasharray': (one.dash ?? []).join(' ') || null });
  const mark = one.kind === 'line' && one.shape ? s('path', { d: SHAPES[one.shape], class: 'plot-fill' }) : null;
  return s('svg', { class: `plot-swatch tone-${one.tone}`, viewBox: '0 0 24 14', 'aria-hidden': 'true' }, inner, mark);
}

const SHAPES = Object.freeze({
  circle: 'M8 7a4 4 0 1 0 8 0a4 4 0 1 0-8 0z', square: 'M8.5 3.5h7v7h-7z', triangle: 'M12 2.5l4.5 8h-9z', diamond: 'M12 2l5 5-5 5-5-5z',
});
