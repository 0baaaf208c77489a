/**
 * The model as places in CSS px, which the renderers draw without knowing what they mean.
 *
 * @module payoff/view/layout
 */

import { priceTicks } from '../../chart/model/price-ticks.js';
import { compactRupees, number } from '../../format/numbers.js';

/**
 * @import { PayoffModel } from '../model/payoff-model.js'
 */

const X_GAP = 62;
const Y_GAP = 44;
const HANDLE = 46; // px between handles that would cover one another

/** Row of the spots under the plot, and of the strikes' handles under that. */
export const AXIS = 22;
export const HANDLES = 44;
/** Line over the plot for the words of bands and spot. */
export const HEAD = 20;

/** @typedef {{ at: number, label: string }} Mark px and words */
/** @typedef {{ left: number, right: number, label: string, sigmas: number }} BandBox */
/** @typedef {{ points: Float32Array, style: 'expiry' | 'date' | 'now' | 'other', index: number }} Polyline */
/** @typedef {{ leg: string, x: number, row: number, label: string, bought: boolean, dragged: boolean }} Handle */

/** Grid, bands and words of the lowest layer. @param {PayoffModel} model */
export function layBase(model) {
  const { width, height } = model;
  if (!model.known) return { spots: [], money: [], bands: [], zero: -10 };
  const across = priceTicks(model.from, model.to, width, 0, X_GAP);
  const up = priceTicks(model.low, model.high, height, 0, Y_GAP);
  /** @type {Mark[]} */
  const spots = [];
  for (let i = 0; i < across.count; i += 1) {
    const spot = across.first + i * across.step;
    spots.push({ at: model.x(spot), label: number(spot, across.step < 1 ? 2 : 0) });
  }
  /** @type {Mark[]} */
  const money = [];
  for (let i = 0; i < up.count; i += 1) {
    const value = up.first + i * up.step;
    money.push({ at: model.y(value), label: Math.abs(value) < up.step / 1e6 ? '0' : compactRupees(Math.round(value)) });
  }
  /** @type {BandBox[]} */
  const bands = model.bands.map((band) => ({ left: Math.max(0, model.x(band.low)), right: Math.min(width, model.x(band.high)), label: `${band.sigmas}σ`, sigmas: band.sigmas })).filter((box) => box.right > box.left).reverse();
  return { spots, money, bands, zero: model.y(0) };
}

/** @param {PayoffModel} model @returns {Polyline[]} the ones drawn first come first */
export function layCurves(model) {
  const order = { other: 0, expiry: 1, now: 2, date: 3 };
  return [...model.curves].sort((a, b) => order[a.style] - order[b.style]).map(({ spots, values, style, index }) => {
    const points = new Float32Array(spots.length * 2);
    for (let i = 0; i < spots.length; i += 1) {
      points[i * 2] = model.x(spots[i]);
      points[i * 2 + 1] = model.y(values[i]);
    }
    return { points, style, index };
  });
}

/** Handles of the option legs under the axis; those that would cover each other go into the second row. @param {PayoffModel} model @returns {Handle[]} */
export function layHandles(model) {
  const { book, drag } = model;
  if (book === null) return [];
  /** @type {Handle[]} */
  const handles = [];
  const ends = [-Infinity, -Infinity];
  for (const leg of [...book.legs].filter((one) => one.kind === 'OPTION').sort((a, b) => a.strike - b.strike || Number(a.call) - Number(b.call))) {
    const strike = drag?.leg === leg.key ? drag.strike : leg.strike;
    const x = model.x(strike);
    if (x < -HANDLE || x > model.width + HANDLE) continue;
    const row = x - ends[0] >= HANDLE ? 0 : x - ends[1] >= HANDLE ? 1 : ends[0] <= ends[1] ? 0 : 1;
    ends[row] = x;
    handles.push({ leg: leg.key, x, row, label: `${leg.units > 0 ? '+' : '−'}${leg.call ? 'C' : 'P'}`, bought: leg.units > 0, dragged: drag?.leg === leg.key });
  }
  return handles;
}

/** What moves: the spot, the finger's line, breakevens, handles. @param {PayoffModel} model @param {string} spotWord */
export function layOverlay(model, spotWord) {
  const { book, outcome } = model;
  if (book === null || !model.known) return null;
  const inside = (/** @type {number} */ at) => at >= model.from && at <= model.to;
  const { spot } = book.setting;
  const read = model.read();
  return {
    spot: inside(spot) ? { x: model.x(spot), label: `${spotWord} ${number(spot, 2)}`.trim() } : null,
    cursor: model.cursor === null || read === null ? null : { x: model.x(model.cursor), label: number(model.cursor, 0), date: model.y(read.date), expiry: model.y(read.expiry) },
    breakevens: (outcome?.breakevens ?? []).filter(inside).map((at) => ({ x: model.x(at), y: model.y(0), label: number(at, 0) })),
    handles: layHandles(model),
    strike: model.drag === null ? null : { x: model.x(model.drag.strike), label: number(model.drag.strike, Number.isInteger(model.drag.strike) ? 0 : 2) },
  };
}
