/**
 * The glide after a flick: a closed form of time, so that a dropped frame changes nothing but what is seen.
 *
 * @module chart/model/kinetic
 */

const DECAY = 0.997; // share of the speed left after 1 ms
const SLOWEST = 0.2; // px/ms below which a flick is none
const FASTEST = 6;
const REST = 0.02; // px/ms at which it has come to rest

/**
 * @param {number} speed px/ms at the moment of letting go
 * @returns {{travel: (ms: number) => number, done: (ms: number) => boolean} | null} px gone after so many ms; null = no glide
 */
export function glide(speed) {
  if (Math.abs(speed) < SLOWEST) return null;
  const v = Math.max(-FASTEST, Math.min(FASTEST, speed));
  const rate = -Math.log(DECAY);
  const length = Math.log(Math.abs(v) / REST) / rate;
  return {
    travel: (ms) => (v * (1 - DECAY ** Math.min(ms, length))) / rate,
    done: (ms) => ms >= length,
  };
}
