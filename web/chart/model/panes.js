/**
 * How the chart's area is shared: panes one under the other, the price axis at the right, the time axis below.
 *
 * @module chart/model/panes
 */

import { PriceScale } from './price-scale.js';

/**
 * @import { Indicator } from './indicator.js'
 */

export const TIME_AXIS = 28; // px
const SMALLEST = 44; // px a lower pane needs; below, it is left out
const LOWER = 0.17; // share of the height a lower pane takes
const PRICE_LEAST = 0.45; // share the price pane keeps

/**
 * @typedef {object} Pane
 * @property {string} id price, volume, or the indicator's id
 * @property {PriceScale} scale
 * @property {Indicator[]} indicators drawn in it
 * @property {number} top px from the chart's top
 * @property {number} height px; 0 = no room for it
 */

/** @param {string} id @param {PriceScale} scale @param {Indicator[]} indicators @returns {Pane} */
export const pane = (id, scale, indicators) => ({ id, scale, indicators, top: 0, height: 0 });

/**
 * Give each pane its place. The first keeps most; the rest share what is left, and the last are dropped when there is no room.
 * @param {Pane[]} panes
 * @param {number} height px of the whole chart
 */
export function layOut(panes, height) {
  const room = Math.max(0, height - TIME_AXIS);
  const fits = Math.min(panes.length - 1, Math.floor((room * (1 - PRICE_LEAST)) / SMALLEST));
  const each = fits > 0 ? Math.max(SMALLEST, Math.floor(room * Math.min(LOWER, (1 - PRICE_LEAST) / fits))) : 0;
  let top = 0;
  panes.forEach((one, i) => {
    one.top = top;
    one.height = i === 0 ? room - fits * each : i <= fits ? each : 0;
    one.scale.height = one.height;
    top += one.height;
  });
}

/**
 * The pane at a height, or null.
 * @param {Pane[]} panes
 * @param {number} y px from the chart's top
 */
export const paneAt = (panes, y) => panes.find((one) => y >= one.top && y < one.top + one.height) ?? null;
