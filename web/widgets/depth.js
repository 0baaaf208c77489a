/** Five levels of the book, bids left, asks right; each level is a button that gives its price. */

import { h, setAttr, setText } from './dom.js';

const LEVELS = 5;

/**
 * @param {{ label: string, bidLabel: string, askLabel: string, onPrice: (price: number, side: 'bid' | 'ask') => void }} spec
 */
export function depthTable({ label, bidLabel, askLabel, onPrice }) {
  const bids = side('bid');
  const asks = side('ask');
  const el = h('div', { class: 'depth', role: 'group', 'aria-label': label }, h('div', { class: 'depth-side' }, bids.map((row) => row.el)), h('div', { class: 'depth-side' }, asks.map((row) => row.el)));

  /** @param {'bid' | 'ask'} which */
  function side(which) {
    return Array.from({ length: LEVELS }, () => {
      const bar = h('i', { class: 'depth-bar', 'aria-hidden': 'true' });
      const quantity = h('span', { class: 'depth-quantity' });
      const price = h('span', { class: 'depth-price' });
      /** @type {number | null} */
      let value = null;
      const el_ = h('button', { type: 'button', class: `depth-row ${which}`, disabled: true, 'aria-hidden': 'true', on: { click: () => {
        if (value !== null) onPrice(value, which);
      } } }, bar, which === 'bid' ? [quantity, price] : [price, quantity]);
      return {
        el: el_,
        /** @param {number | null} price_ @param {string} text @param {string} quantity_ @param {number} share */
        set(price_, text, quantity_, share) {
          value = price_;
          setText(price, text);
          setText(quantity, quantity_);
          bar.style.setProperty('inline-size', `${(share * 100).toFixed(0)}%`);
          if (el_.disabled !== (price_ === null)) el_.disabled = price_ === null;
          setAttr(el_, 'aria-hidden', price_ === null ? 'true' : null); // a level nobody quotes is no button to name
          setAttr(el_, 'aria-label', price_ === null ? null : `${which === 'bid' ? bidLabel : askLabel} ${text}, ${quantity_}`);
        },
      };
    });
  }

  return {
    el,
    /**
     * @param {{ bids: [number, number][], asks: [number, number][] } | undefined} book
     * @param {(price: number) => string} asPrice
     * @param {(quantity: number) => string} asQuantity
     */
    set(book, asPrice, asQuantity) {
      const most = Math.max(1, ...(book?.bids ?? []).map(([, q]) => q), ...(book?.asks ?? []).map(([, q]) => q));
      for (const [rows, levels] of /** @type {const} */ ([[bids, book?.bids], [asks, book?.asks]])) {
        rows.forEach((row, i) => {
          const level = levels?.[i];
          if (level) row.set(level[0], asPrice(level[0]), asQuantity(level[1]), level[1] / most);
          else row.set(null, '', '', 0);
        });
      }
    },
  };
}
