/** The intervals a chart can be drawn in, as the server names them. */

/** @typedef {{ id: string, ms: number, label: string }} Interval */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {readonly Interval[]} label: as traders write it, the same in every language */
export const INTERVALS = Object.freeze([
  { id: '1s', ms: SECOND, label: '1s' },
  { id: '5s', ms: 5 * SECOND, label: '5s' },
  { id: '15s', ms: 15 * SECOND, label: '15s' },
  { id: '30s', ms: 30 * SECOND, label: '30s' },
  { id: '1m', ms: MINUTE, label: '1m' },
  { id: '3m', ms: 3 * MINUTE, label: '3m' },
  { id: '5m', ms: 5 * MINUTE, label: '5m' },
  { id: '15m', ms: 15 * MINUTE, label: '15m' },
  { id: '30m', ms: 30 * MINUTE, label: '30m' },
  { id: '1h', ms: HOUR, label: '1h' },
  { id: '1d', ms: DAY, label: 'D' },
  { id: '1w', ms: 7 * DAY, label: 'W' },
  { id: '1M', ms: 30 * DAY, label: 'M' },
]);

/** Shown as buttons; the others stand in the list beside them. */
export const FAVOURITES = Object.freeze(['1m', '3m', '5m', '15m', '1d']);

/** @param {string} id @returns {Interval} the minute when there is no such interval */
export const intervalOf = (id) => INTERVALS.find((one) => one.id === id) ?? /** @type {Interval} */ (INTERVALS[4]);
