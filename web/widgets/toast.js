/** One message at the foot of the screen, said aloud; with an undo where something can be undone. */

import { h } from './dom.js';
import { keepAbove } from './sheet.js';

const polite = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });

/** @typedef {{ text: string, level?: 'good' | 'info' | 'warn' | 'bad', id?: string, action?: string, run?: () => void, seconds?: number }} ToastSpec */

/** @param {ToastSpec} spec */
export function toast({ text, level = 'info', id, action, run, seconds }) {
  keepAbove(polite);
  if (id) for (const old of polite.querySelectorAll('.toast')) if (old.getAttribute('data-id') === id) old.remove();
  const el = h('div', { class: `toast ${level}`, data: id ? { id } : {} }, h('span', { class: 'toast-text' }, text));
  /** @type {number} */
  let timer = 0;
  const gone = () => {
    clearTimeout(timer);
    el.remove();
  };
  if (action && run) {
    el.append(h('button', { type: 'button', class: 'toast-action', on: { click: () => {
      gone();
      run();
    } } }, action));
  }
  el.addEventListener('click', (event) => {
    if (!(/** @type {Element} */ (event.target).closest('button'))) gone();
  });
  while (polite.childElementCount >= 3) polite.firstElementChild?.remove();
  polite.append(el);
  // enough time to read: longer sentences stay longer
  timer = setTimeout(gone, (seconds ?? Math.max(4, Math.min(12, text.length / 14))) * 1000);
}
