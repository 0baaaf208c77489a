/**
 * Simple moving average of the close.
 *
 * @module chart/indicators/sma
 */

/**
 * @import { IndicatorKind } from './index.js'
 */

/** @type {IndicatorKind} */
export const sma = {
  kind: 'sma',
  title: 'SMA',
  pane: 'price',
  params: { period: 50 },
  outputs: [{ name: 'sma', tone: 'warn' }],
  compute({ c, count }, { period }, [out], from) {
    for (let i = from; i < count; i += 1) {
      if (i < period - 1) out[i] = NaN;
      else if (i >= period) out[i] = out[i - 1] + (c[i] - c[i - period]) / period;
      else {
        let sum = 0;
        for (let k = 0; k < period; k += 1) sum += c[k];
        out[i] = sum / period;
      }
    }
  },
};
