/**
 * Quantities as traders write them: the server counts whole units, and an instrument says what one unit is (1 for shares
 * and contracts, 0.00001 for a coin in such steps). Whole units and decimal text turn into each other digit by digit;
 * no float comes between.
 */

import { DASH, group, MINUS } from './numbers.js';

/** @typedef {string | null | undefined} Unit */

/** The digits of a unit and how many of them stand behind the point: 0.25 -> [25n, 2]. @type {Map<string, [bigint, number]>} */
const read = new Map();

/** @param {Unit} unit @returns {[bigint, number]} */
function partsOf(unit) {
  const text = unit || '1';
  const known = read.get(text);
  if (known) return known;
  const found = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  let digits = BigInt(found ? found[1] + (found[2] ?? '') : 1);
  let places = found ? (found[2] ?? '').length - Number(found[3] ?? 0) : 0;
  while (places < 0) [digits, places] = [digits * 10n, places + 1];
  while (places > 0 && digits % 10n === 0n) [digits, places] = [digits / 10n, places - 1];
  /** @type {[bigint, number]} */
  const parts = digits > 0n ? [digits, places] : [1n, 0];
  read.set(text, parts);
  return parts;
}

/** Whether it trades in fractions. @param {Unit} unit */
export function fractional(unit) {
  const [digits, places] = partsOf(unit);
  return digits !== 1n || places > 0;
}

/**
 * Units as plain decimal text, as a field holds it: 1500 of 0.00001 -> 0.015.
 * @param {number} units
 * @param {Unit} unit
 */
export function plainSize(units, unit) {
  const [digits, places] = partsOf(unit);
  const whole = BigInt(Math.round(units)) * digits;
  const text = (whole < 0n ? -whole : whole).toString().padStart(places + 1, '0');
  const rest = places > 0 ? text.slice(-places).replace(/0+$/, '') : '';
  const head = places > 0 ? text.slice(0, -places) : text;
  return `${whole < 0n ? '-' : ''}${head}${rest ? `.${rest}` : ''}`;
}

/**
 * Typed text as whole units; null while it is no number, or no whole number of steps.
 * @param {string} text
 * @param {Unit} unit
 */
export function unitsOf(text, unit) {
  const found = /^(\d+)(?:\.(\d*))?$|^\.(\d+)$/.exec(text);
  if (!found) return null;
  const [digits, places] = partsOf(unit);
  const behind = (found[2] ?? found[3] ?? '').replace(/0+$/, '');
  const scale = Math.max(places, behind.length);
  const value = BigInt((found[1] ?? '0') + behind.padEnd(scale, '0'));
  const step = digits * 10n ** BigInt(scale - places);
  if (value % step !== 0n) return null;
  const units = Number(value / step);
  return Number.isSafeInteger(units) ? units : null;
}

/** Whether the text is a number at all, though perhaps between two steps. @param {string} text */
export function isSize(text) {
  return /^(\d+\.?\d*|\.\d+)$/.test(text);
}

/**
 * A quantity for people: grouped, with as many digits as say something.
 * @param {number | null | undefined} units
 * @param {Unit} [unit]
 */
export function size(units, unit) {
  if (units === null || units === undefined || !Number.isFinite(units)) return DASH;
  const text = plainSize(units, unit);
  const [whole, rest] = text.replace('-', '').split('.');
  return `${text.startsWith('-') ? MINUS : ''}${group(whole)}${rest ? `.${rest}` : ''}`;
}

/**
 * A quantity held: always with its sign.
 * @param {number | null | undefined} units
 * @param {Unit} [unit]
 */
export function heldSize(units, unit) {
  const text = size(units, unit);
  return units !== null && units !== undefined && units > 0 ? `+${text}` : text;
}

/**
 * Units as a number, for sums that are only shown.
 * @param {number} units
 * @param {Unit} [unit]
 */
export function decimalOf(units, unit) {
  return fractional(unit) ? Number(plainSize(units, unit)) : units;
}
