/**
 * Moments as the trader's clock shows them: India Standard Time, which has no summer time, so a fixed shift is exact.
 */

import { DASH, number } from './numbers.js';
import { t } from './i18n.js';

const SHIFT = 19_800_000;

/** @typedef {number | string | null | undefined} Moment milliseconds since the epoch or ISO text */

/**
 * Milliseconds since the epoch; null when there is no such moment.
 * @param {Moment} value
 * @returns {number | null}
 */
export function toMs(value) {
  if (value === null || value === undefined || value === '') return null;
  const ms = typeof value === 'number' ? value : Date.parse(value);
  return Number.isFinite(ms) ? ms : null;
}

/** @param {number} n */
const two = (n) => (n < 10 ? `0${n}` : `${n}`);

/** @param {number} ms */
const ist = (ms) => new Date(ms + SHIFT);

/**
 * 12:41:07
 * @param {Moment} value
 */
export function clock(value) {
  const ms = toMs(value);
  if (ms === null) return DASH;
  const d = ist(ms);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
}

/**
 * 12:41
 * @param {Moment} value
 */
export function hourMinute(value) {
  const text = clock(value);
  return text === DASH ? text : text.slice(0, 5);
}

/**
 * 26 Nov
 * @param {Moment} value a moment, or a plain date such as 2026-11-26
 */
export function day(value) {
  const d = calendar(value);
  return d === null ? DASH : `${d.getUTCDate()} ${month(d)}`;
}

/**
 * 26 Nov 2026
 * @param {Moment} value
 */
export function dayYear(value) {
  const d = calendar(value);
  return d === null ? DASH : `${d.getUTCDate()} ${month(d)} ${d.getUTCFullYear()}`;
}

/**
 * 26 Nov 12:41:07, or the clock alone when it is the same IST day as `now`.
 * @param {Moment} value
 * @param {Moment} [now]
 */
export function stamp(value, now) {
  const ms = toMs(value);
  if (ms === null) return DASH;
  const other = toMs(now);
  if (other !== null && isoDay(ms) === isoDay(other)) return clock(ms);
  return `${day(ms)} ${clock(ms)}`;
}

/**
 * The IST calendar date, 2026-11-26.
 * @param {number} ms
 */
export function isoDay(ms) {
  const d = ist(ms);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/**
 * How old something is: 0.1 s, 12 s, 3 min, 2 h, 4 d.
 * @param {number | null | undefined} seconds
 */
export function age(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH;
  const s = Math.max(0, seconds);
  if (s < 10) return t('age.seconds', { n: number(s, 1) });
  if (s < 100) return t('age.seconds', { n: number(s, 0) });
  if (s < 5400) return t('age.minutes', { n: number(s / 60, 0) });
  if (s < 129_600) return t('age.hours', { n: number(s / 3600, 0) });
  return t('age.days', { n: number(s / 86_400, 0) });
}

/**
 * @param {Moment} value
 * @returns {Date | null}
 */
function calendar(value) {
  // a bare date names a calendar day already: shifting it would be wrong
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)) return new Date(`${value}T00:00:00Z`);
  const ms = toMs(value);
  return ms === null ? null : ist(ms);
}

/** @param {Date} d */
const month = (d) => t('months').split(' ')[d.getUTCMonth()] ?? '';
