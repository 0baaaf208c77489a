/** A price on screen: changes quietly, is greyed when it may not be believed, and carries its age when that matters. */

import { h, setAttr, setClass, setText } from './dom.js';

/** Texts come from the caller, so that this stays a plain part. @typedef {{ text: string, level: string, note: string, title?: string }} PriceView */

/**
 * @param {{ cls?: string, tag?: 'span' | 'strong' }} [options]
 */
export function priceCell({ cls = '', tag = 'span' } = {}) {
  const value = h(tag, { class: 'price-value' });
  const note = h('span', { class: 'price-age' });
  const el = h('span', { class: `price ${cls}`.trim() }, value, note);
  let before = '';
  let timer = 0;
  return {
    el,
    /** @param {PriceView} view @param {'up' | 'down' | ''} [moved] tint the change for a moment */
    set({ text, level, note: words, title }, moved = '') {
      setText(value, text);
      setText(note, words);
      note.hidden = words === '';
      setClass(el, `price ${cls} ${level}`.trim());
      setAttr(el, 'title', title);
      if (moved && before !== '' && before !== text) {
        setClass(value, `price-value tint-${moved}`);
        clearTimeout(timer);
        timer = setTimeout(() => setClass(value, 'price-value'), 400);
      }
      before = text;
    },
  };
}
