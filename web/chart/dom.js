/**
 * The chart's elements: the surface that takes keys and touches, the words over it, the button back to now.
 *
 * @module chart/dom
 */

/**
 * @import { ChartWords } from './types.js'
 * @import { Legend, LegendPart } from './view/legend.js'
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
 * @param {ChartWords} words
 */
export function buildDom(host, words) {
  const root = make('div', 'chart');
  const surface = make('div', 'chart-surface', {
    tabindex: '0', role: 'application', 'aria-label': words.label, 'aria-description': words.keys,
  });
  const legend = make('div', 'chart-legend');
  const live = make('button', 'chart-live', { type: 'button' });
  live.textContent = words.goLive;
  live.hidden = true;
  const message = make('div', 'chart-message');
  const spoken = make('div', 'chart-spoken', { 'aria-live': 'polite' });
  root.append(surface, legend, message, live, spoken);
  host.append(root);
  return { root, surface, legend, live, message, spoken };
}

/** Legend words in the page; touches only texts that changed. */
export class LegendDom {
  #host;
  /** @type {{row: HTMLElement, shape: string, values: Text[]}[]} */
  #rows = [];

  /** @param {HTMLElement} host */
  constructor(host) {
    this.#host = host;
  }

  /**
   * @param {Legend} legend
   * @param {number[]} tops px of each row
   */
  show({ rows }, tops) {
    while (this.#rows.length < rows.length) {
      const row = make('div', 'chart-legend-row');
      this.#host.append(row);
      this.#rows.push({ row, shape: '', values: [] });
    }
    while (this.#rows.length > rows.length) this.#rows.pop()?.row.remove();
    rows.forEach((parts, i) => this.#fill(this.#rows[i], parts, tops[i]));
  }

  /** @param {{row: HTMLElement, shape: string, values: Text[]}} held @param {LegendPart[]} parts @param {number} top */
  #fill(held, parts, top) {
    const shape = `${top} ${parts.map((part) => `${part.name}:${part.tone}`).join(' ')}`;
    if (held.shape !== shape) {
      held.shape = shape;
      held.row.style.top = `${top}px`;
      held.values = parts.map(() => document.createTextNode(''));
      held.row.replaceChildren(...parts.map((part, i) => {
        const item = make('span', `chart-legend-item tone-${part.tone || 'plain'}`);
        if (part.name !== '') {
          const name = make('span', 'chart-legend-name');
          name.textContent = part.name;
          item.append(name);
        }
        item.append(held.values[i]);
        return item;
      }));
    }
    parts.forEach((part, i) => {
      if (held.values[i].data !== part.value) held.values[i].data = part.value;
    });
  }
}
