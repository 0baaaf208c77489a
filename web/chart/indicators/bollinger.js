/**
 * Bollinger bands: simple average of the close and `width` population standard deviations to either side.
 *
 * @module chart/indicators/bollinger
 */

/**
 * @import { IndicatorKind } from './index.js'
 */

/** @type {IndicatorKind} */
export const bollinger = {
  kind: 'bollinger',
  title: 'BB',
  pane: 'price',
  params: { period: 20, width: 2 },
  outputs: [
    { name: 'upper', tone: 'muted' },
    { name: 'middle', tone: 'warn' },
    { name: 'lower', tone: 'muted' },
  ],
  compute({ c, count }, { period, width }, [upper, middle, lower], from) {
    for (let i = from; i < count; i += 1) {
      if (i < period - 1) {
        upper[i] = middle[i] = lower[i] = NaN;
        continue;
      }
      let sum = 0;
      for (let k = i - period + 1; k <= i; k += 1) sum += c[k];
      const mean = sum / period;
      let squares = 0;
      for (let k = i - period + 1; k <= i; k += 1) squares += (c[k] - mean) ** 2;
      const away = width * Math.sqrt(squares / period);
      middle[i] = mean;
      upper[i] = mean + away;
      lower[i] = mean - away;
    }
  },
};
