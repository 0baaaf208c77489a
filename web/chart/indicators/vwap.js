/**
 * Volume-weighted average of the typical price (h + l + c) / 3, begun anew each IST day. Unknown until something traded.
 *
 * @module chart/indicators/vwap
 */

/**
 * @import { IndicatorKind } from './index.js'
 */

const IST = 19_800_000;
const DAY = 86_400_000;

/** @type {IndicatorKind} */
export const vwap = {
  kind: 'vwap',
  title: 'VWAP',
  pane: 'price',
  params: {},
  outputs: [{ name: 'vwap', tone: 'warn' }],
  scratch: 2,
  compute({ t, h, l, c, v, count }, _params, [out, value, volume], from) {
    for (let i = from; i < count; i += 1) {
      const same = i > 0 && Math.floor((t[i] + IST) / DAY) === Math.floor((t[i - 1] + IST) / DAY);
      value[i] = (same ? value[i - 1] : 0) + ((h[i] + l[i] + c[i]) / 3) * v[i];
      volume[i] = (same ? volume[i - 1] : 0) + v[i];
      out[i] = volume[i] > 0 ? value[i] / volume[i] : NaN;
    }
  },
};
