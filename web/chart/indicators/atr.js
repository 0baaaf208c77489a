/**
 * Average true range by Wilder: how far a bar moves, gaps included, smoothed with weight 1 / period.
 *
 * @module chart/indicators/atr
 */

/**
 * @import { IndicatorKind } from './index.js'
 */

/** @type {IndicatorKind} */
export const atr = {
  kind: 'atr',
  title: 'ATR',
  pane: 'own',
  params: { period: 14 },
  outputs: [{ name: 'atr', tone: 'accent' }],
  scratch: 1,
  compute({ h, l, c, count }, { period }, [out, mean], from) {
    for (let i = from; i < count; i += 1) {
      const range = i === 0 ? h[i] - l[i] : Math.max(h[i], c[i - 1]) - Math.min(l[i], c[i - 1]);
      const before = i > 0 ? mean[i - 1] : 0;
      mean[i] = i < period ? before + range / period : before + (range - before) / period;
      out[i] = i < period - 1 ? NaN : mean[i];
    }
  },
};
