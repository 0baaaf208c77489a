/**
 * Exponential moving average of the close: weight 2 / (period + 1), seeded with the simple average of the first period.
 *
 * @module chart/indicators/ema
 */

/**
 * @import { IndicatorKind } from './index.js'
 */

/**
 * One column smoothed into another.
 * @param {Float64Array} source its first `skip` rows are not known
 * @param {Float64Array} into
 * @param {number} period
 * @param {number} from
 * @param {number} count
 * @param {number} [skip]
 */
export function smooth(source, into, period, from, count, skip = 0) {
  const weight = 2 / (period + 1);
  const first = skip + period - 1;
  for (let i = from; i < count; i += 1) {
    if (i < first) into[i] = NaN;
    else if (i > first) into[i] = into[i - 1] + weight * (source[i] - into[i - 1]);
    else {
      let sum = 0;
      for (let k = skip; k <= i; k += 1) sum += source[k];
      into[i] = sum / period;
    }
  }
}

/** @type {IndicatorKind} */
export const ema = {
  kind: 'ema',
  title: 'EMA',
  pane: 'price',
  params: { period: 20 },
  outputs: [{ name: 'ema', tone: 'accent' }],
  compute: (bars, { period }, [out], from) => smooth(bars.c, out, period, from, bars.count),
};
