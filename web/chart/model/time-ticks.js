/**
 * Where the time axis has marks: at round IST times, weightier ones (day, month, year) first.
 *
 * Marks are looked up by binary search on the bars' times, so the cost follows the marks, not the bars.
 *
 * @module chart/model/time-ticks
 */

/**
 * @import { Bars } from './bars.js'
 */

const IST = 19_800_000; // India has no summer time, so a fixed shift is exact
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const STEPS = [5, 10, 15, 30].map((n) => n * SECOND).concat([1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), [HOUR, 2 * HOUR]);

/** Weights of a mark: the greater wins the room. */
export const CLOCK = 0;
export const DATE = 1;
export const MONTH = 2;
export const YEAR = 3;

/**
 * @typedef {object} TimeMark
 * @property {number} index bar it stands at
 * @property {number} weight
 * @property {number} t start of that bar, ms
 */

/**
 * @param {Bars} bars
 * @param {number} from first bar in view
 * @param {number} to last bar in view
 * @param {number} gap bars wanted between marks
 * @param {number} interval ms of a bar
 * @returns {TimeMark[]} in order of index
 */
export function timeMarks(bars, from, to, gap, interval) {
  if (to < from) return [];
  const [start, end] = [bars.t[from], bars.t[to]];
  /** @type {TimeMark[]} */
  const marks = [];
  const taken = (/** @type {number} */ index) => marks.some((mark) => Math.abs(mark.index - index) < gap);
  /** @param {number} time @param {number} weight */
  const mark = (time, weight) => {
    const index = bars.at(time - 1) + 1;
    if (index >= from && index <= to && index > 0 && !taken(index)) marks.push({ index, weight, t: bars.t[index] });
  };
  const days = (end - start) / DAY;
  const wanted = (to - from + 1) / gap; // marks there is room for
  const months = days / 30.4;

  for (const [time] of calendar(start, end, stride(months / 12, wanted) * 12)) mark(time, YEAR);
  if (months / 12 < wanted) for (const [time, month] of calendar(start, end, stride12(months, wanted))) mark(time, month === 0 ? YEAR : MONTH);
  if (days < wanted * 20) {
    const step = days <= wanted * 1.6 ? 1 : days <= wanted * 8 ? 5 : 10;
    for (let day = midnight(start); day <= end; day += step * DAY) mark(day, DATE);
  }
  if (interval < DAY) {
    const roomy = STEPS.filter((s) => s / interval >= gap * 0.999);
    const step = roomy.find((s) => s % interval === 0) ?? roomy[0];
    if (step !== undefined && (end - start) / step < 4000) {
      const late = Math.max(interval, step / 2);
      for (let time = Math.ceil((start + IST) / step) * step - IST; time <= end; time += step) {
        const index = bars.at(time - 1) + 1;
        if (index <= to && bars.t[index] - time < late) mark(time, CLOCK); // else the boundary lies in closed hours
      }
    }
  }
  return marks.sort((a, b) => a.index - b.index);
}

/**
 * First bars of the IST days in view, without the very first bar held.
 * @param {Bars} bars
 * @param {number} from
 * @param {number} to
 * @param {number} most give up (empty) when there are more
 * @returns {number[]}
 */
export function dayStarts(bars, from, to, most) {
  if (to < from || (bars.t[to] - bars.t[from]) / DAY > most * 3) return [];
  /** @type {number[]} */
  const found = [];
  for (let day = midnight(bars.t[from]); day <= bars.t[to]; day += DAY) {
    const index = bars.at(day - 1) + 1;
    if (index > 0 && index >= from && index <= to && index !== found[found.length - 1]) found.push(index);
    if (found.length > most) return [];
  }
  return found;
}

/** The IST midnight at or before. @param {number} time */
const midnight = (time) => Math.floor((time + IST) / DAY) * DAY - IST;

/**
 * Starts of months, every `step` months counted from January.
 * @param {number} start @param {number} end @param {number} step
 * @returns {Generator<[number, number]>} ms and month 0..11
 */
function* calendar(start, end, step) {
  const date = new Date(start + IST);
  let month = date.getUTCFullYear() * 12 + Math.floor(date.getUTCMonth() / step) * step;
  if (step > 12) month = Math.floor(month / step) * step;
  for (;; month += step) {
    const time = Date.UTC(Math.floor(month / 12), month % 12, 1) - IST;
    if (time > end) return;
    if (time >= start - 31 * DAY) yield [time, month % 12];
  }
}

/** @param {number} years @param {number} wanted */
const stride = (years, wanted) => [1, 2, 5, 10, 20, 50].find((step) => years / step <= wanted) ?? 100;
/** @param {number} months @param {number} wanted */
const stride12 = (months, wanted) => [1, 3, 6].find((step) => months / step <= wanted) ?? 12;
