/**
 * The page's colours for the canvas, read once from its custom properties.
 *
 * @module chart/theme
 */

/**
 * @import { ChartTheme } from './types.js'
 */

const NAMES = /** @type {const} */ (['surface', 'raised', 'line', 'text', 'muted', 'faint', 'accent', 'up', 'down', 'warn']);

/**
 * Read again after the page changed between light and dark, and give it to `chart.setTheme`.
 * @param {Element} element any element under the theme
 * @returns {ChartTheme}
 */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const found = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return /** @type {ChartTheme} */ ({ ...found, accentBg: style.getPropertyValue('--accent-bg').trim(), font: style.fontFamily });
}
