/**
 * The indicators the chart can draw. One file each; a new one is added to the list below and nowhere else.
 *
 * @module chart/indicators
 */

import { atr } from './atr.js';
import { bollinger } from './bollinger.js';
import { ema } from './ema.js';
import { macd } from './macd.js';
import { rsi } from './rsi.js';
import { sma } from './sma.js';
import { vwap } from './vwap.js';

/**
 * @import { Bars } from '../model/bars.js'
 */

/**
 * @typedef {object} Output
 * @property {string} name
 * @property {'accent' | 'warn' | 'muted' | 'up' | 'down'} tone
 * @property {'line' | 'columns'} [shape] default line; columns stand on zero
 */

/**
 * `compute` fills rows `from`..count-1 of `columns`: first the outputs, then `scratch` columns of its own. Rows before `from`
 * are already right, so a live bar costs one row. A value that is not known yet is NaN and is not drawn.
 * @typedef {object} IndicatorKind
 * @property {string} kind
 * @property {string} title short name in the legend
 * @property {'price' | 'own'} pane over the candles, or in a pane of its own
 * @property {Record<string, number>} params with their defaults
 * @property {Output[]} outputs
 * @property {number} [scratch] columns of working memory
 * @property {number[]} [levels] dashed lines at these values
 * @property {[number, number]} [range] fixed extent of the pane
 * @property {(bars: Bars, params: Record<string, number>, columns: Float64Array[], from: number) => void} compute
 */

/** @type {Map<string, IndicatorKind>} */
export const INDICATORS = new Map([ema, sma, vwap, bollinger, rsi, macd, atr].map((kind) => [kind.kind, kind]));
