/** Slide to send: the thumb must be drawn across; letting go early sends nothing. By key: hold nothing, press Enter twice. */

import { h, icon, setText } from './dom.js';

/**
 * @param {{ label: string, confirm: string, onSend: () => void }} spec confirm: the words after the first Enter
 */
export function slide({ label, confirm, onSend }) {
  const thumb = h('span', { class: 'slide-thumb', 'aria-hidden': 'true' }, icon('chevrons'));
  const words = h('span', { class: 'slide-label' }, label);
  const el = h('button', { type: 'button', class: 'slide' }, thumb, words);
  let text = label;
  let armed = -Infinity; // when the first Enter came
  let x0 = 0;
  let reach = 0;
  let dx = 0;
  let pointer = -1;

  el.addEventListener('pointerdown', (event) => {
    if (el.disabled || event.button !== 0) return;
    pointer = event.pointerId;
    x0 = event.clientX;
    reach = el.clientWidth - thumb.offsetWidth - 8;
    dx = 0;
    el.setPointerCapture(pointer);
  });
  el.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    dx = Math.max(0, Math.min(reach, event.clientX - x0));
    thumb.style.setProperty('translate', `${dx}px 0`);
  });
  const end = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== pointer) return;
    pointer = -1;
    thumb.style.removeProperty('translate');
    if (event.type === 'pointerup' && reach > 0 && dx >= reach * 0.92) onSend();
  };
  el.addEventListener('pointerup', end);
  el.addEventListener('pointercancel', end);
  el.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.repeat) return;
    event.preventDefault();
    if (performance.now() - armed < 4000) {
      armed = -Infinity;
      setText(words, text);
      onSend();
    } else {
      armed = performance.now();
      setText(words, confirm);
    }
  });
  el.addEventListener('blur', () => {
    armed = -Infinity;
    setText(words, text);
  });

  return {
    el,
    /** @param {string} next */
    label(next) {
      text = next;
      if (armed === -Infinity) setText(words, next);
    },
    /** @param {boolean} off */
    disable(off) {
      el.disabled = off;
    },
  };
}
