/** What the server says of volatility, as plots: figures in, series with dash, shape and name out. */

import { day, dayYear, hourMinute } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, number, quantity } from '../../format/numbers.js';
import { roundMoments } from './straddle.js';

/** @typedef {import('../../format/wire.js').Smile} Smile */
/** @typedef {import('./plot.js').PlotData} PlotData */
/** @typedef {import('./plot.js').Series} Series */

/** Each expiry looks its own way: colour, dash and shape. */
const LOOKS = /** @type {const} */ ([
  { tone: 'accent', dash: [], shape: 'circle' },
  { tone: 'warn', dash: [7, 4], shape: 'square' },
  { tone: 'sim', dash: [2, 3], shape: 'triangle' },
  { tone: 'text', dash: [9, 3, 2, 3], shape: 'diamond' },
]);

/** A fraction as a percentage. @param {number | null | undefined} value */
export function percentText(value) {
  return value === null || value === undefined ? DASH : t('chain.percent', { n: number(value * 100, 1) });
}

const yText = (/** @type {number} */ y) => number(y * 100, 1);

/**
 * Smiles over strikes: the chosen expiry with its quotes' bid-ask, the others as curves with points.
 * @param {Smile[]} smiles
 * @param {number | null} spot
 * @param {string} chosen expiry whose quotes are drawn in full
 * @returns {PlotData}
 */
export function smilePlot(smiles, spot, chosen) {
  /** @type {Series[]} */
  const series = [];
  const main = smiles.find((one) => one.expiry === chosen) ?? smiles[0];
  smiles.slice(0, LOOKS.length).forEach((one, i) => {
    const look = /** @type {typeof LOOKS[number]} */ (LOOKS[i]);
    const name = day(one.expiry);
    if (one === main) series.push({ label: t('vol.quotes', { date: name }), kind: 'range', x: one.points.strike, low: one.points.bid_iv, high: one.points.ask_iv, tone: look.tone, quiet: true });
    // the quotes of the chosen expiry; of another one only where it has no curve
    if (one === main || one.curve.strike.length === 0) series.push({ label: t('vol.market', { date: name }), kind: 'points', x: one.points.strike, y: one.points.iv, tone: look.tone, shape: look.shape });
    if (one.curve.strike.length > 0) series.push({ label: t('vol.curve', { date: name }), kind: 'line', x: one.curve.strike, y: one.curve.iv, tone: look.tone, dash: look.dash, ...(one === main ? {} : { shape: look.shape, sparse: true }) });
  });
  return {
    series, xText: (x) => quantity(Math.round(x)), yText,
    marks: spot === null ? [] : [{ x: spot, label: t('plot.spotAt', { n: number(spot, 0) }) }],
    table: () => ({
      heads: [t('chain.expiry'), t('chain.strike'), t('vol.right'), t('chain.part.iv'), t('vol.bidIv'), t('vol.askIv'), t('vol.fitted')],
      rows: smiles.flatMap((one) => one.points.strike.map((strike, i) => [day(one.expiry), quantity(strike), one.points.right[i] ?? DASH, percentText(one.points.iv[i]), percentText(one.points.bid_iv[i]), percentText(one.points.ask_iv[i]), percentText(along(one.curve.strike, one.curve.iv, strike))])),
    }),
  };
}

/**
 * A curve's value between its points; null outside it.
 * @param {readonly number[]} x ascending
 * @param {readonly (number | null)[]} y
 * @param {number} at
 */
export function along(x, y, at) {
  const right = x.findIndex((one) => one >= at);
  if (right < 0) return null;
  const [x1, y1] = [/** @type {number} */ (x[right]), y[right] ?? null];
  if (x1 === at || right === 0) return x1 === at ? y1 : null;
  const [x0, y0] = [/** @type {number} */ (x[right - 1]), y[right - 1] ?? null];
  return y0 === null || y1 === null ? null : y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}

/** Days are drawn by their root: volatility grows with it, and the near expiries have room. @param {number} days */
const root = (days) => Math.sqrt(Math.max(0, days));
const daysText = (/** @type {number} */ x) => t('age.days', { n: number(x * x, x < 1.5 ? 1 : 0) });

/** At-the-money IV by days to expiry. @param {import('../../format/wire.js').TermStructure} term @returns {PlotData} */
export function termPlot(term) {
  const points = term.points.filter((one) => one.days !== null && one.atm_iv !== null);
  const x = points.map((one) => root(/** @type {number} */ (one.days)));
  return {
    series: [{ label: t('chain.atmIv'), kind: 'line', x, y: points.map((one) => one.atm_iv), tone: 'accent', shape: 'circle' }],
    xText: daysText, yText, xTicks: x,
    table: () => ({ heads: [t('chain.expiry'), t('vol.days'), t('chain.atmIv'), t('chain.forward'), t('chain.straddle'), t('chain.move')],
      rows: term.points.map((one) => [dayYear(one.expiry), number(one.days, 1), percentText(one.atm_iv), number(one.forward, 2), number(one.straddle, 2), number(one.expected_move, 1)]) }),
  };
}

/** How volatility has been over windows of days, and where it is now. @param {import('../../format/wire.js').VolatilityReport} report @returns {PlotData} */
export function conePlot({ cone, atm_iv: iv }) {
  const x = cone.map((one) => root(one.window));
  const column = (/** @type {'min' | 'p25' | 'median' | 'p75' | 'max' | 'now'} */ name) => cone.map((one) => one[name]);
  return {
    series: [
      { label: t('vol.range'), kind: 'band', x, low: column('min'), high: column('max'), tone: 'muted' },
      { label: t('vol.half'), kind: 'band', x, low: column('p25'), high: column('p75'), tone: 'accent' },
      { label: t('vol.median'), kind: 'line', x, y: column('median'), tone: 'text', dash: [6, 4] },
      { label: t('vol.realisedNow'), kind: 'line', x, y: column('now'), tone: 'warn', shape: 'square' },
      ...(iv === null ? [] : [{ label: t('vol.ivNow'), kind: /** @type {const} */ ('line'), x, y: x.map(() => iv), tone: /** @type {const} */ ('sim'), dash: [2, 3] }]),
    ],
    xText: daysText, yText, xTicks: x,
    table: () => ({ heads: [t('vol.window'), t('vol.min'), '25%', t('vol.median'), '75%', t('vol.max'), t('vol.now')],
      rows: cone.map((one) => [t('age.days', { n: one.window }), ...[one.min, one.p25, one.median, one.p75, one.max, one.now].map(percentText)]) }),
  };
}

/** IV and realised volatility by day. @param {import('../../format/wire.js').VolatilityReport} report @returns {PlotData} */
export function historyPlot({ history }) {
  return {
    series: [
      { label: t('chain.part.iv'), kind: 'line', x: history.t, y: history.iv, tone: 'accent' },
      { label: t('vol.realised20'), kind: 'line', x: history.t, y: history.realised, tone: 'warn', dash: [6, 4] },
    ],
    xText: (at) => day(at), yText, xTicks: spaced(history.t, 5),
    table: () => ({ heads: [t('vol.dayOf'), t('chain.part.iv'), t('vol.realised20')], rows: history.t.map((at, i) => [dayYear(at), percentText(history.iv[i]), percentText(history.realised[i])]) }),
  };
}

/** At-the-money IV through the day. @param {import('../../format/wire.js').StraddleDay} one @returns {PlotData} */
export function ivDayPlot(one) {
  return {
    series: [{ label: t('chain.part.iv'), kind: 'line', x: one.t, y: one.iv, tone: 'sim', dash: [] }],
    xText: (at) => hourMinute(at), yText, xTicks: roundMoments(one.t),
    table: () => ({ heads: [t('plot.time'), t('chain.part.iv')], rows: one.t.map((at, i) => [hourMinute(at), percentText(one.iv[i])]) }),
  };
}

/** Some of these, evenly apart. @param {readonly number[]} all @param {number} count */
function spaced(all, count) {
  const step = Math.max(1, Math.ceil(all.length / count));
  return all.filter((_, i) => i % step === 0);
}
