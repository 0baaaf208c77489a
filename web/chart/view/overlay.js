/**
 * What lies over the bars: the last price, the lines of orders and positions, the crosshair, and their labels on the axes.
 *
 * @module chart/view/overlay
 */

import { clock, day, dayYear, hourMinute } from '../../format/dates.js';
import { number, price as priceText } from '../../format/numbers.js';
import { paneAt } from '../model/panes.js';
import { DAY } from '../model/time-ticks.js';

/**
 * @import { ChartModel } from '../model/chart-model.js'
 * @import { LineEdit } from '../model/line-edit.js'
 * @import { PriceLine } from '../types.js'
 */

export const LABEL = 20; // px a label on the axis is high

/**
 * A line across the plot with a label on the price axis. All places are CSS px from the chart's top left.
 * @typedef {object} LevelItem
 * @property {string} id
 * @property {number} y
 * @property {number} labelY middle of its label, moved apart from the others
 * @property {string} label
 * @property {string} tag words in the plot, '' = none
 * @property {string} note words under the finger while it is dragged
 * @property {'up' | 'down' | 'accent' | 'warn' | 'muted'} tone
 * @property {'solid' | 'dashed' | 'ghost'} stroke
 * @property {'' | 'above' | 'below'} off where its price is out of view
 * @property {boolean} grip shows that it can be dragged
 * @property {boolean} strong being dragged, armed or chosen by key
 */

/**
 * @typedef {object} CrossItem
 * @property {number} x
 * @property {number} y
 * @property {string} label price under it, '' when in no pane
 * @property {string} time
 * @property {boolean} tracking
 */

/**
 * @param {ChartModel} model
 * @param {LineEdit} edit
 * @param {string} tapToSend words on an armed line
 * @returns {{levels: LevelItem[], cross: CrossItem | null}}
 */
export function layOverlay(model, edit, tapToSend) {
  const { bars } = model;
  /** @type {LevelItem[]} */
  const levels = [];
  for (const line of model.lines) {
    const edited = edit.id === line.id && edit.phase !== 'idle';
    if (edited && edit.price !== line.price) levels.push(level(model, { ...line, label: '', tone: 'muted' }, line.price, 'ghost'));
    const item = level(model, line, edited ? edit.price : line.price, line.dashed === false ? 'solid' : 'dashed');
    item.strong = edited || edit.id === line.id;
    if (edit.id === line.id) item.note = edit.phase === 'armed' ? `${tapToSend} ${edit.note}`.trim() : edit.note;
    levels.push(item);
  }
  if (bars.count > 0) {
    const last = bars.c[bars.count - 1];
    const item = level(model, { id: '', price: last, label: '', tone: 'accent' }, last, 'solid');
    if (item.off === '') levels.push(item);
  }
  spread(levels.filter((item) => item.stroke !== 'ghost'), model.main.height);
  return { levels, cross: layCross(model) };
}

/**
 * The line whose words or stroke lie within reach of a place, the nearest first.
 * @param {ChartModel} model
 * @param {LineEdit} edit a line being moved lies where it was moved to
 * @param {number} y
 * @param {number} reach px to either side
 */
export function lineAt(model, edit, y, reach) {
  /** @type {PriceLine | null} */
  let found = null;
  let best = reach;
  for (const line of model.lines) {
    const price = edit.id === line.id && edit.phase !== 'idle' ? edit.price : line.price;
    const away = Math.abs(model.main.top + model.main.scale.y(price) - y);
    if (line.draggable && away <= best) {
      best = away;
      found = line;
    }
  }
  return found;
}

/** @param {ChartModel} model @param {PriceLine} line @param {number} price @param {LevelItem['stroke']} stroke @returns {LevelItem} */
function level(model, line, price, stroke) {
  const { top, height, scale } = model.main;
  const y = scale.y(price);
  const off = y < 0 ? 'above' : y > height ? 'below' : '';
  const at = top + Math.max(LABEL / 2, Math.min(height - LABEL / 2, y));
  return {
    id: line.id, y: top + y, labelY: at, label: priceText(price, model.tick), tag: [line.label, line.detail].filter(Boolean).join('   '),
    note: '', tone: line.tone ?? 'accent', stroke, off, grip: line.draggable === true, strong: false,
  };
}

/**
 * Push labels apart so that none covers another: from the top down, then back up from the bottom.
 * @param {LevelItem[]} items
 * @param {number} height px of the pane
 */
function spread(items, height) {
  const sorted = [...items].sort((a, b) => a.labelY - b.labelY);
  for (let i = 1; i < sorted.length; i += 1) sorted[i].labelY = Math.max(sorted[i].labelY, sorted[i - 1].labelY + LABEL);
  let limit = height - LABEL / 2;
  for (let i = sorted.length - 1; i >= 0 && sorted[i].labelY > limit; i -= 1) {
    sorted[i].labelY = limit;
    limit -= LABEL;
  }
}

/** @param {ChartModel} model @returns {CrossItem | null} */
function layCross({ cross, bars, time, panes, tick, interval }) {
  if (cross === null || cross.index >= bars.count) return null;
  const pane = paneAt(panes, cross.y);
  let label = '';
  if (pane !== null) {
    const value = pane.scale.price(cross.y - pane.top);
    label = pane.id === 'price' ? priceText(pane.scale.onTick(value), tick) : number(value, Math.abs(value) < 1000 ? 2 : 0);
  }
  return { x: time.x(cross.index), y: cross.y, label, time: crossTime(bars.t[cross.index], interval), tracking: cross.tracking };
}

/**
 * The moment of a bar in words, as exact as the interval needs.
 * @param {number} time ms
 * @param {number} interval ms
 */
export function crossTime(time, interval) {
  if (interval >= DAY) return dayYear(time);
  return `${day(time)} ${interval < 60_000 ? clock(time) : hourMinute(time)}`;
}
