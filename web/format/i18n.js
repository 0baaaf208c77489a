/**
 * Texts by key in the user's language. English is always there; another language is loaded when chosen.
 */

import { texts as english } from './locale/en.js';

/** @typedef {Record<string, string | number>} Vars */

/** @type {Record<string, string>} */
const fallback = english;
/** @type {Record<string, string>} */
let current = english;
/** What the server says in English, by its code. @type {Readonly<Record<string, string>>} */
let refusals = {};
let code = 'en';

export const LANGUAGES = Object.freeze({ en: 'English', hi: 'हिन्दी' });

/**
 * Switch the language; the caller redraws.
 * @param {string} language 'en' or 'hi'
 */
export async function setLanguage(language) {
  if (language === code) return;
  if (language === 'hi') {
    const [{ texts }, told] = await Promise.all([import('./locale/hi.js'), import('./locale/hi-refusals.js')]);
    current = texts;
    refusals = told.refusals;
    code = 'hi';
  } else {
    current = english;
    refusals = {};
    code = 'en';
  }
}

/** The language in use. */
export function language() {
  return code;
}

/**
 * The text of `key` with {name} replaced by vars.name.
 * @param {string} key
 * @param {Vars} [vars]
 */
export function t(key, vars) {
  const text = current[key] ?? fallback[key] ?? key;
  return vars ? fill(text, vars) : text;
}

/**
 * The text for a count: catalogue value 'one|many', {n} is the count.
 * @param {string} key
 * @param {number} n
 * @param {Vars} [vars]
 */
export function tn(key, n, vars) {
  const forms = (current[key] ?? fallback[key] ?? key).split('|');
  const form = n === 1 ? forms[0] : (forms[1] ?? forms[0]);
  return fill(form ?? key, { n, ...vars });
}

/**
 * A refusal in the user's language, remedy included; empty where the server's own words serve.
 * @param {{ code: string, value?: string, limit?: string, headroom?: string }} problem
 */
export function refusal({ code: which, value = '', limit = '', headroom = '' }) {
  return fill(refusals[which] ?? '', { value, limit, headroom });
}

/**
 * Whether the catalogue has a text for the key.
 * @param {string} key
 */
export function has(key) {
  return key in fallback;
}

/**
 * @param {string} text
 * @param {Vars} vars
 */
function fill(text, vars) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in vars ? String(vars[name]) : whole));
}
