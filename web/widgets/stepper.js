/** A number field with - and + buttons; holding a button repeats. The field itself takes typing, arrows and Page keys. */

import { h, icon, setAttr, setText } from './dom.js';

/**
 * @typedef {object} StepperSpec
 * @property {string} label
 * @property {string} less name of the minus button
 * @property {string} more name of the plus button
 * @property {string} value
 * @property {(value: string, direction: 1 | -1, big: boolean) => string} step the next value
 * @property {(value: string) => void} onChange
 * @property {'numeric' | 'decimal'} mode
 */

/** @param {StepperSpec} spec */
export function stepper({ label, less, more, value, step, onChange, mode }) {
  const name = h('span', { class: 'field-label' }, label);
  const input = h('input', { class: 'stepper-input', inputmode: mode, autocomplete: 'off', spellcheck: 'false', value, 'aria-label': label, enterkeyhint: 'done' });
  const hint = h('span', { class: 'field-hint' });
  const minus = button(less, 'minus', -1);
  const plus = button(more, 'plus', 1);
  const el = h('div', { class: 'field' }, name, h('div', { class: 'stepper' }, input, minus, plus), hint);

  input.addEventListener('input', () => onChange(clean(input.value)));
  input.addEventListener('focus', () => input.select());
  input.addEventListener('keydown', (event) => {
    const direction = event.key === 'ArrowUp' || event.key === 'PageUp' ? 1 : event.key === 'ArrowDown' || event.key === 'PageDown' ? -1 : 0;
    if (direction === 0) return;
    event.preventDefault();
    move(direction, event.key.startsWith('Page') || event.shiftKey);
  });

  /** @param {1 | -1} direction @param {boolean} [big] */
  function move(direction, big = false) {
    if (input.disabled) return;
    input.value = step(clean(input.value), direction, big);
    onChange(clean(input.value));
  }

  /** @param {string} title @param {string} name_ @param {1 | -1} direction */
  function button(title, name_, direction) {
    const el_ = h('button', { type: 'button', class: 'stepper-button', 'aria-label': title }, icon(name_));
    let timer = 0;
    let repeated = false;
    const stop = () => clearTimeout(timer);
    const again = () => {
      repeated = true;
      move(direction);
      timer = setTimeout(again, 90);
    };
    el_.addEventListener('pointerdown', () => {
      repeated = false;
      timer = setTimeout(again, 450);
    });
    for (const event of ['pointerup', 'pointerleave', 'pointercancel']) el_.addEventListener(event, stop);
    el_.addEventListener('click', () => {
      if (!repeated) move(direction);
      repeated = false;
    });
    return el_;
  }

  return {
    el,
    input,
    get: () => clean(input.value),
    /** @param {string} next */
    set(next) {
      if (clean(input.value) !== next) input.value = next;
    },
    /** @param {string} text */
    label(text) {
      setText(name, text);
      setAttr(input, 'aria-label', text);
    },
    /** Which keys a phone shows. @param {'numeric' | 'decimal'} which */
    mode(which) {
      setAttr(input, 'inputmode', which);
    },
    /** @param {string} text @param {boolean} [bad] */
    hint(text, bad = false) {
      setText(hint, text);
      hint.hidden = text === '';
      setAttr(input, 'aria-invalid', bad ? 'true' : null);
      el.classList.toggle('bad', bad);
    },
    /** @param {boolean} off */
    disable(off) {
      input.disabled = off;
      minus.disabled = off;
      plus.disabled = off;
    },
  };
}

/** Typed text as a plain decimal: grouping commas and spaces go. @param {string} text */
function clean(text) {
  return text.replace(/[,\s]/g, '').replace('\u2212', '-');
}
