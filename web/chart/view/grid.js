/**
 * Axis marks with their words, and the lines behind the bars.
 *
 * @module chart/view/grid
 */

import { day, hourMinute, clock } from '../../format/dates.js';
import { compact, number, placesOf } from '../../format/numbers.js';
import { t } from '../../format/i18n.js';
import { decimals } from '../model/price-scale.js';
import { priceTicks } from '../model/price-ticks.js';
import { CLOCK, DATE, DAY, MONTH, dayStarts, timeMarks } from '../model/time-ticks.js';

/**
 * @import { ChartModel } from '../model/chart-model.js'
 * @import { Pane } from '../model/panes.js'
 */

const PRICE_GAP = 44; // px between price marks
const LOWER_GAP = 26; // in the lower panes
const TIME_GAP = 76;
const BREAK_GAP = 36; // px a session must be wide for its break to show

/**
 * @typedef {object} Mark
 * @property {number} at CSS px: y in the chart for prices, x in the plot for times
 * @property {string} label
 * @property {boolean} strong
 */

/**
 * @typedef {object} Grid
 * @property {Mark[][]} prices one list a pane
 * @property {Mark[]} times
 * @property {number[]} breaks x of session breaks
 */

/**
 * @param {ChartModel} model
 * @returns {Grid}
 */
export function layGrid(model) {
  const { time, bars, interval } = model;
  const gap = TIME_GAP / time.spacing;
  const times = timeMarks(bars, time.from, time.to, gap, interval).map((mark) => ({
    at: time.x(mark.index), label: timeLabel(mark.t, mark.weight, interval), strong: mark.weight > CLOCK,
  }));
  const most = Math.floor(time.width / BREAK_GAP);
  const breaks = interval < DAY ? dayStarts(bars, time.from, time.to, most).map((index) => time.x(index - 0.5)) : [];
  return { prices: model.panes.map((pane) => priceMarks(pane, model.tick)), times, breaks };
}

/** @param {Pane} pane @param {number} tick @returns {Mark[]} */
function priceMarks(pane, tick) {
  const { scale, top, height } = pane;
  const main = pane.id === 'price';
  if (!scale.known) return [];
  const levels = pane.indicators[0]?.kind.levels;
  if (!main && levels) return levels.map((level) => ({ at: top + scale.y(level), label: `${level}`, strong: false }));
  const { first, step, count } = priceTicks(scale.lo, scale.hi, height, main ? tick : 0, main ? PRICE_GAP : LOWER_GAP);
  const places = main ? placesOf(tick) : decimals(step);
  const marks = [];
  for (let i = 0; i < count; i += 1) {
    const price = first + i * step;
    const y = scale.y(price);
    if (y < 8 || y > height - 8) continue; // its words would be cut
    if (pane.id === 'volume' && i !== count - 1 && count > 2) continue; // one figure tells enough
    marks.push({ at: top + y, label: pane.id === 'volume' ? compact(price) : number(Math.abs(price) < step / 1e6 ? 0 : price, places), strong: false });
  }
  return marks;
}

/** @param {number} time @param {number} weight @param {number} interval */
function timeLabel(time, weight, interval) {
  if (weight === CLOCK) return interval < 60_000 ? clock(time) : hourMinute(time);
  if (weight === DATE) return day(time);
  const date = new Date(time + 19_800_000);
  return weight === MONTH ? t('months').split(' ')[date.getUTCMonth()] : `${date.getUTCFullYear()}`;
}
