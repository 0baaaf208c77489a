/**
 * The payoff's elements: the surface that takes keys and touches, and the figures that go with the finger.
 *
 * @module payoff/dom
 */

import { number, profit, direction } from '../format/numbers.js';

/**
 * @import { PayoffWords, ScrubAt } from './types.js'
 */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} className
 * @param {Record<string, string>} [attributes]
 */
function make(tag, className, attributes = {}) {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/**
 * @param {HTMLElement} host
 * @param {PayoffWords} words
 */
export function buildDom(host, words) {
  const root = make('div', 'payoff');
  const surface = make('div', 'payoff-surface', { tabindex: '0', role: 'slider', 'aria-label': words.label, 'aria-description': words.keys, 'aria-valuemin': '0', 'aria-valuemax': '0', 'aria-valuenow': '0' });
  const readout = make('div', 'payoff-readout', { 'aria-hidden': 'true' });
  readout.hidden = true;
  const message = make('div', 'payoff-message');
  root.append(surface, readout, message);
  host.append(root);
  return { root, surface, readout, message };
}

/** Figures beside the finger. Only texts that changed are written. */
export class Readout {
  #el;
  #words;
  /** @type {HTMLElement} */
  #head;
  /** @type {{ value: HTMLElement, row: HTMLElement }[]} */
  #rows;

  /** @param {HTMLElement} el @param {PayoffWords} words */
  constructor(el, words) {
    this.#el = el;
    this.#words = words;
    this.#head = make('strong', 'payoff-readout-head');
    this.#rows = ['date', 'expiry', 'delta', 'gamma', 'theta', 'vega'].map((name) => {
      const row = make('span', `payoff-readout-row is-${name}`);
      const label = make('span', 'payoff-readout-name');
      label.textContent = { date: words.now, expiry: words.atExpiry, delta: words.delta, gamma: words.gamma, theta: words.theta, vega: words.vega }[name] ?? '';
      const value = make('b', '');
      row.append(label, value);
      return { value, row };
    });
    el.append(this.#head, ...this.#rows.map((one) => one.row));
  }

  /**
   * @param {ScrubAt | null} read
   * @param {{ x: number, width: number, base: number, dated: boolean }} place px of the finger and of the plot; base: the market's spot
   */
  show(read, { x, width, base, dated }) {
    this.#el.hidden = read === null || !read.scrubbing;
    if (read === null || !read.scrubbing) return;
    const moved = ((read.spot - base) / base) * 100;
    write(this.#head, `${number(read.spot, 0)}  ${moved >= 0 ? '+' : '−'}${number(Math.abs(moved), 1)}%`);
    const label = this.#rows[0].row.firstElementChild;
    if (label) write(label, dated ? this.#words.date : this.#words.now);
    const texts = [profit(read.date, 0), profit(read.expiry, 0), number(read.greeks.delta, 1), number(read.greeks.gamma, 3), number(read.greeks.theta, 0), number(read.greeks.vega, 0)];
    texts.forEach((text, i) => write(this.#rows[i].value, text));
    this.#rows[0].value.className = direction(read.date);
    this.#rows[1].value.className = direction(read.expiry);
    // on the far side of the finger, so that the hand does not cover it
    const right = x < width / 2;
    this.#el.style.transform = right ? `translateX(${Math.round(x + 14)}px)` : `translateX(${Math.round(x - 14)}px) translateX(-100%)`;
  }
}

/** @param {Element} el @param {string} text */
function write(el, text) {
  if (el.textContent !== text) el.textContent = text;
}
