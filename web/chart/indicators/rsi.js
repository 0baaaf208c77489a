/**
 * Relative strength index by Wilder: average rise against average fall, smoothed with weight 1 / period.
 *
 * @module chart/indicators/rsi
 */

/**
 * @import { IndicatorKind } from './index.js'
 */

/** @type {IndicatorKind} */
export const rsi = {
  kind: 'rsi',
  title: 'RSI',
  pane: 'own',
  params: { period: 14 },
  outputs: [{ name: 'rsi', tone: 'accent' }],
  scratch: 2,
  levels: [30, 70],
  range: [0, 100],
  compute({ c, count }, { period }, [out, rise, fall], from) {
    for (let i = from; i < count; i += 1) {
      const change = i > 0 ? c[i] - c[i - 1] : 0;
      const [up, down] = [Math.max(0, change), Math.max(0, -change)];
      if (i <= period) { // plain means while the first period fills
        rise[i] = (i > 0 ? rise[i - 1] : 0) + up / period;
        fall[i] = (i > 0 ? fall[i - 1] : 0) + down / period;
      } else {
        rise[i] = rise[i - 1] + (up - rise[i - 1]) / period;
        fall[i] = fall[i - 1] + (down - fall[i - 1]) / period;
      }
      const both = rise[i] + fall[i];
      out[i] = i < period ? NaN : both > 0 ? (100 * rise[i]) / both : 50;
    }
  },
};
