/**
 * The words over the panes: open, high, low, close, change and volume of one bar, and the indicators' values there.
 *
 * @module chart/view/legend
 */

import { compact, number, percent, placesOf, signed } from '../../format/numbers.js';
import { crossTime } from './overlay.js';

/**
 * @import { ChartModel } from '../model/chart-model.js'
 */

/**
 * @typedef {object} LegendPart
 * @property {string} name
 * @property {string} value
 * @property {'' | 'up' | 'down' | 'accent' | 'warn' | 'muted'} tone
 */

/**
 * @typedef {object} Legend
 * @property {LegendPart[][]} rows one list a pane; empty where it has nothing to say
 */

/**
 * @param {ChartModel} model
 * @returns {Legend}
 */
export function layLegend(model) {
  const { bars, cross, panes, tick } = model;
  const index = cross?.index ?? bars.count - 1;
  if (index < 0 || index >= bars.count) return { rows: panes.map(() => []) };
  const places = placesOf(tick);
  const rows = panes.map((pane) => {
    /** @type {LegendPart[]} */
    const parts = [];
    if (pane.id === 'price') parts.push(...priceParts(model, index));
    if (pane.id === 'volume') parts.push({ name: 'V', value: compact(bars.v[index]), tone: 'muted' });
    for (const indicator of pane.indicators) {
      indicator.kind.outputs.forEach((output, i) => {
        const value = indicator.columns[i][index];
        parts.push({ name: i === 0 ? indicator.title : '', value: number(value, places), tone: output.tone });
      });
    }
    return parts;
  });
  return { rows };
}

/** @param {ChartModel} model @param {number} index @returns {LegendPart[]} */
function priceParts({ bars, candles, kind, tick }, index) {
  const places = placesOf(tick);
  const rows = kind === 'heikin' ? candles : bars;
  const before = index > 0 ? bars.c[index - 1] : bars.o[index];
  const change = bars.c[index] - before;
  const tone = change >= 0 ? 'up' : 'down';
  const share = before !== 0 ? ` (${percent((change / Math.abs(before)) * 100)})` : '';
  /** @type {LegendPart[]} */
  const parts = [];
  const figures = kind === 'line' || kind === 'area' ? /** @type {const} */ (['c']) : /** @type {const} */ (['o', 'h', 'l', 'c']);
  for (const key of figures) parts.push({ name: key.toUpperCase(), value: number(rows[key][index], places), tone });
  parts.push({ name: '', value: signed(change, places) + share, tone });
  return parts;
}

/**
 * One bar in a sentence, for a screen reader.
 * @param {ChartModel} model
 * @param {number} index
 */
export function speak(model, index) {
  const { bars, tick, interval } = model;
  if (index < 0 || index >= bars.count) return '';
  const places = placesOf(tick);
  const figure = (/** @type {number} */ value) => number(value, places);
  return `${crossTime(bars.t[index], interval)}: O ${figure(bars.o[index])}, H ${figure(bars.h[index])}, L ${figure(bars.l[index])}, C ${figure(bars.c[index])}, V ${compact(bars.v[index])}`;
}
