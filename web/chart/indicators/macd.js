/**
 * Moving average convergence and divergence: a fast less a slow exponential average, its own average, and their difference.
 *
 * @module chart/indicators/macd
 */

import { smooth } from './ema.js';

/**
 * @import { IndicatorKind } from './index.js'
 */

/** @type {IndicatorKind} */
export const macd = {
  kind: 'macd',
  title: 'MACD',
  pane: 'own',
  params: { fast: 12, slow: 26, signal: 9 },
  outputs: [
    { name: 'histogram', tone: 'muted', shape: 'columns' },
    { name: 'macd', tone: 'accent' },
    { name: 'signal', tone: 'warn' },
  ],
  scratch: 2,
  compute({ c, count }, { fast, slow, signal }, [histogram, line, average, quick, lazy], from) {
    smooth(c, quick, fast, from, count);
    smooth(c, lazy, slow, from, count);
    for (let i = from; i < count; i += 1) line[i] = quick[i] - lazy[i];
    smooth(line, average, signal, from, count, Math.max(fast, slow) - 1);
    for (let i = from; i < count; i += 1) histogram[i] = line[i] - average[i];
  },
};
