/**
 * Numbers as an Indian trader reads them: 4,51,206.40, 22.4L, 1.2Cr, true minus, sign on every profit.
 *
 * Every function takes what the wire gives (number, decimal string, null) and never shows NaN, undefined or -0.00:
 * what is not known is a dash.
 */

export const DASH = '\u2014';
export const MINUS = '\u2212';
export const RUPEE = '\u20b9';

/** @typedef {number | string | null | undefined} Numeric */

const SIGNS = Object.freeze(/** @type {Record<string, string>} */ ({ INR: RUPEE, USD: '$', EUR: '\u20ac', GBP: '\u00a3' }));

/** @type {{ short: boolean, currency: string }} whether large amounts may be written 22.4L, by the user's setting; the account's currency */
const style = { short: true, currency: 'INR' };

/**
 * The currency of amounts that do not say theirs: that of the account on screen.
 * @param {string} code ISO code or asset, as USDT
 */
export function setCurrency(code) {
  style.currency = code || 'INR';
}

/**
 * Switch the short forms of large numbers on or off for all callers of `compact`.
 * @param {boolean} on
 */
export function useShortForms(on) {
  style.short = on;
}

/**
 * The number a wire value stands for; null when there is none.
 * @param {Numeric} value
 * @returns {number | null}
 */
export function toNumber(value) {
  if (value === null || value === undefined || value === '') return null;
  const number = typeof value === 'number' ? value : Number(value);
  return Number.isFinite(number) ? number : null;
}

/**
 * Digits in Indian groups: 1234567 -> 12,34,567.
 * @param {string} digits an unsigned whole number
 */
export function group(digits) {
  if (digits.length <= 3) return digits;
  const head = digits.slice(0, -3);
  return `${head.replace(/\B(?=(\d{2})+(?!\d))/g, ',')},${digits.slice(-3)}`;
}

/**
 * A plain number with `places` decimals.
 * @param {Numeric} value
 * @param {number} [places]
 */
export function number(value, places = 2) {
  const n = toNumber(value);
  if (n === null) return DASH;
  const text = Math.abs(n).toFixed(places);
  const dot = text.indexOf('.');
  const whole = dot < 0 ? text : text.slice(0, dot);
  const rest = dot < 0 ? '' : text.slice(dot);
  const negative = n < 0 && Number(text) !== 0;
  return `${negative ? MINUS : ''}${group(whole)}${rest}`;
}

/**
 * The same with a sign always, except on zero.
 * @param {Numeric} value
 * @param {number} [places]
 */
export function signed(value, places = 2) {
  const n = toNumber(value);
  if (n === null) return DASH;
  const text = number(n, places);
  return n > 0 && Number(n.toFixed(places)) !== 0 ? `+${text}` : text;
}

/**
 * Decimals that a tick size asks for: 0.05 -> 2, 0.0025 -> 4, 1 -> 2 (money always shows paise).
 * @param {Numeric} tick
 */
export function placesOf(tick) {
  const n = toNumber(tick);
  if (n === null || n <= 0) return 2;
  const [text, power] = n.toString().split('e-');
  const dot = text.indexOf('.');
  return Math.max(2, (dot < 0 ? 0 : text.length - dot - 1) + Number(power ?? 0));
}

/**
 * A price: tick's own decimals, no rupee sign.
 * @param {Numeric} value
 * @param {Numeric} [tick]
 */
export function price(value, tick) {
  return number(value, placesOf(tick ?? 0.05));
}

/**
 * An amount of money: with the rupee sign.
 * @param {Numeric} value
 * @param {number} [places]
 */
export function rupees(value, places = 2) {
  const n = toNumber(value);
  if (n === null) return DASH;
  return signOf(number(n, places), style.currency);
}

/**
 * An amount in a currency that is said: $1,234.50, 12.5 USDT.
 * @param {Numeric} value
 * @param {string} currency
 */
export function money(value, currency) {
  const n = toNumber(value);
  return n === null ? DASH : signOf(number(n, 2), currency || style.currency);
}

/**
 * A profit or loss in a currency that is said.
 * @param {Numeric} value
 * @param {string} currency
 */
export function profitIn(value, currency) {
  const n = toNumber(value);
  if (n === null) return DASH;
  const text = money(n, currency);
  return n > 0 && Number(n.toFixed(2)) !== 0 ? `+${text}` : text;
}

/** A figure with its currency's sign before it, or its code behind. @param {string} text @param {string} currency */
function signOf(text, currency) {
  const sign = SIGNS[currency];
  if (sign === undefined) return `${text} ${currency}`;
  return text.startsWith(MINUS) ? `${MINUS}${sign}${text.slice(1)}` : `${sign}${text}`;
}

/**
 * A profit or loss: sign, rupee, amount.
 * @param {Numeric} value
 * @param {number} [places]
 */
export function profit(value, places = 2) {
  const n = toNumber(value);
  if (n === null) return DASH;
  const text = rupees(n, places);
  return n > 0 && Number(n.toFixed(places)) !== 0 ? `+${text}` : text;
}

/**
 * A percentage with its sign: +0.62%.
 * @param {Numeric} value in percent
 * @param {number} [places]
 */
export function percent(value, places = 2) {
  const text = signed(value, places);
  return text === DASH ? text : `${text}%`;
}

/**
 * A quantity: whole, grouped.
 * @param {Numeric} value
 */
export function quantity(value) {
  return number(value, 0);
}

/**
 * A quantity held: always with its sign.
 * @param {Numeric} value
 */
export function held(value) {
  return signed(value, 0);
}

/**
 * Short form of a large number: 22.4L, 1.2Cr; plain when the user turned short forms off.
 * @param {Numeric} value
 */
export function compact(value) {
  const n = toNumber(value);
  if (n === null) return DASH;
  const size = Math.abs(n);
  if (!style.short || size < 1e5) return number(n, Number.isInteger(n) ? 0 : 2);
  // 99,95,000 would round to 100.0L, so crore begins where the rounding does
  const [unit, name] = size >= 9_995_000 ? [1e7, 'Cr'] : [1e5, 'L'];
  const scaled = n / unit;
  return `${number(scaled, Math.abs(scaled) >= 1000 ? 0 : 1)}${name}`;
}

/**
 * Rupees in short form: ₹22.4L.
 * @param {Numeric} value
 */
export function compactRupees(value) {
  const n = toNumber(value);
  if (n === null) return DASH;
  return signOf(compact(n), style.currency);
}

/**
 * Bytes as a person reads them.
 * @param {Numeric} value
 */
export function bytes(value) {
  const n = toNumber(value);
  if (n === null) return DASH;
  if (n < 1024) return `${number(n, 0)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let scaled = n;
  let unit = -1;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${number(scaled, scaled < 10 ? 1 : 0)} ${units[unit]}`;
}

/**
 * Milliseconds: 0.4 ms, 12 ms, 1.2 s.
 * @param {Numeric} value
 */
export function millis(value) {
  const n = toNumber(value);
  if (n === null) return DASH;
  if (n >= 1000) return `${number(n / 1000, 1)} s`;
  return `${number(n, n < 10 ? 1 : 0)} ms`;
}

/**
 * Which way a number points, for colour: 'up', 'down' or ''.
 * @param {Numeric} value
 * @returns {'up' | 'down' | ''}
 */
export function direction(value) {
  const n = toNumber(value);
  if (n === null || Math.abs(n) < 1e-6) return ''; // the dust of floating point is no loss
  return n > 0 ? 'up' : 'down';
}
