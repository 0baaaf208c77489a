/**
 * Round prices for the axis, on steps of 1, 2, 2.5 or 5 that are whole multiples of the instrument's tick.
 *
 * @module chart/model/price-ticks
 */

const STEPS = [1, 2, 2.5, 5, 10];
const MOST = 64; // ticks drawn at most, whatever the figures

/**
 * @param {number} lo
 * @param {number} hi
 * @param {number} height px between them
 * @param {number} tick the instrument's price step; 0 = none
 * @param {number} gap px wanted between ticks
 * @returns {{first: number, step: number, count: number}} tick k = first + k * step
 */
export function priceTicks(lo, hi, height, tick, gap) {
  const span = hi - lo;
  if (!(span > 0) || !Number.isFinite(span) || height < gap / 2) return { first: 0, step: 1, count: 0 };
  const step = niceStep((span * gap) / height, tick);
  const first = Math.ceil(lo / step - 1e-9) * step;
  const count = Math.max(0, Math.min(MOST, Math.floor((hi - first) / step + 1e-9) + 1));
  return { first, step, count };
}

/**
 * The least round step not below `rough`.
 * @param {number} rough
 * @param {number} tick
 */
function niceStep(rough, tick) {
  const least = Math.max(rough, tick, Number.MIN_VALUE * 1e10);
  let power = 10 ** Math.floor(Math.log10(least));
  for (let decade = 0; decade < 4; decade += 1, power *= 10) {
    for (const factor of STEPS) {
      const step = factor * power;
      if (step >= least * (1 - 1e-9) && onTick(step, tick)) return step;
    }
  }
  return Math.ceil(least / tick) * tick; // a tick no round step fits, 0.03 say
}

/** @param {number} step @param {number} tick */
function onTick(step, tick) {
  if (!(tick > 0)) return true;
  const ratio = step / tick;
  return Math.abs(ratio - Math.round(ratio)) < Math.max(1e-6, ratio * 1e-12);
}
