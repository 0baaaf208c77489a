/** Small parts that several pages use: chips, tabs, badges, meters, figures, empty states. */

import { h, icon, setAttr, setClass, setText } from './dom.js';

/**
 * One of several, as chips. Arrow keys move, as in a radio group.
 * @template {string} V
 * @param {{ label: string, options: { value: V, label: string, title?: string }[], value: V, onChange: (value: V) => void, cls?: string }} spec
 */
export function chips({ label, options, value, onChange, cls = '' }) {
  let current = value;
  const buttons = options.map((option) => h('button', {
    type: 'button', role: 'radio', class: 'chip', title: option.title, on: { click: () => pick(option.value, true) },
  }, option.label));
  const el = h('div', { role: 'radiogroup', 'aria-label': label, class: `chips ${cls}`.trim() }, buttons);
  el.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const shown = options.filter((_, i) => !buttons[i]?.hidden);
    const at = shown.findIndex((option) => option.value === current);
    const next = shown[(at + step + shown.length) % shown.length];
    if (next) pick(next.value, true, true);
  });

  /** @param {V} next @param {boolean} [tell] @param {boolean} [focus] */
  function pick(next, tell = false, focus = false) {
    const changed = next !== current;
    current = next;
    options.forEach((option, i) => {
      const button = /** @type {HTMLButtonElement} */ (buttons[i]);
      const on = option.value === current;
      button.setAttribute('aria-checked', String(on));
      button.tabIndex = on ? 0 : -1;
      if (on && focus) button.focus();
    });
    if (tell && changed) onChange(next);
  }
  pick(value);
  return {
    el,
    set: (/** @type {V} */ next) => pick(next),
    get: () => current,
    /** Show only these values. @param {(value: V) => boolean} allowed */
    allow(allowed) {
      options.forEach((option, i) => {
        /** @type {HTMLButtonElement} */ (buttons[i]).hidden = !allowed(option.value);
      });
    },
  };
}

/**
 * Tabs over panels that the caller shows.
 * @param {{ label: string, tabs: { id: string, label: string }[], value: string, onChange: (id: string) => void }} spec
 */
export function tabs({ label, tabs: list, value, onChange }) {
  let current = value;
  const buttons = list.map((tab) => h('button', {
    type: 'button', role: 'tab', class: 'tab', on: { click: () => pick(tab.id, true) },
  }, h('span', null, tab.label), h('b', { class: 'tab-count' })));
  const el = h('div', { role: 'tablist', 'aria-label': label, class: 'tabs' }, buttons);
  el.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = list.findIndex((tab) => tab.id === current);
    const next = (at + step + list.length) % list.length;
    pick(/** @type {{ id: string }} */ (list[next]).id, true);
    buttons[next]?.focus();
  });

  /** @param {string} id @param {boolean} [tell] */
  function pick(id, tell = false) {
    const changed = id !== current;
    current = id;
    list.forEach((tab, i) => {
      const on = tab.id === current;
      buttons[i]?.setAttribute('aria-selected', String(on));
      if (buttons[i]) buttons[i].tabIndex = on ? 0 : -1;
    });
    if (tell && changed) onChange(id);
  }
  pick(value);
  return {
    el,
    set: (/** @type {string} */ id) => pick(id),
    /** Number beside a tab's name; empty hides it. @param {string} id @param {string} text */
    count(id, text) {
      const i = list.findIndex((tab) => tab.id === id);
      const badge = buttons[i]?.querySelector('.tab-count');
      if (badge) setText(badge, text);
    },
  };
}

/**
 * A label over a value, kept up to date.
 * @param {string} label
 * @param {{ big?: boolean, title?: string }} [options]
 */
export function figure(label, { big = false, title } = {}) {
  const value = h('span', { class: 'figure-value' });
  const note = h('span', { class: 'figure-note' });
  const el = h('div', { class: big ? 'figure big' : 'figure', title }, h('span', { class: 'figure-label' }, label), value, note);
  return {
    el,
    /** @param {string} text @param {string} [cls] @param {string} [below] */
    set(text, cls = '', below = '') {
      setText(value, text);
      setClass(value, `figure-value ${cls}`.trim());
      setText(note, below);
      note.hidden = below === '';
    },
  };
}

/**
 * A line of label and value, as on the ticket.
 * @param {string} label
 */
export function line(label) {
  const name = h('dt', null, label);
  const value = h('dd', null);
  const el = h('div', { class: 'line' }, name, value);
  return {
    el,
    /** @param {string} text @param {string} [cls] @param {string} [title] */
    set(text, cls = '', title = '') {
      setText(value, text);
      setClass(value, cls);
      setAttr(value, 'title', title || null);
    },
    /** @param {string} text */
    rename: (text) => setText(name, text),
  };
}

/** A bar that fills, with words for those who do not see it. @param {string} label */
export function meter(label) {
  const bar = h('span', { class: 'meter-bar' });
  const el = h('div', { class: 'meter', role: 'meter', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100', 'aria-valuenow': '0' }, bar);
  return {
    el,
    /** @param {number} share 0..1 @param {string} [cls] @param {string} [words] */
    set(share, cls = '', words = '') {
      const percent = Math.max(0, Math.min(100, Number.isFinite(share) ? share * 100 : 0));
      bar.style.setProperty('inline-size', `${percent}%`);
      setAttr(el, 'aria-valuenow', percent.toFixed(0));
      setAttr(el, 'aria-valuetext', words || `${percent.toFixed(0)}%`);
      setClass(bar, `meter-bar ${cls}`.trim());
    },
  };
}

/**
 * A page's empty state: what will be here, and one button.
 * @param {{ icon: string, title: string, text: string, action?: string, run?: () => void }} spec
 */
export function empty({ icon: name, title, text, action, run }) {
  return h('div', { class: 'empty' }, icon(name, 'empty-icon'), h('p', { class: 'empty-title' }, title), h('p', { class: 'empty-text' }, text),
    action && run ? h('button', { type: 'button', class: 'button', on: { click: run } }, action) : null);
}

/**
 * A panel with a title.
 * @param {string} title
 * @param {...(Node | null)} children
 */
export function panel(title, ...children) {
  return h('section', { class: 'panel', 'aria-label': title }, h('h2', { class: 'panel-title' }, title), children);
}

/**
 * A pill such as PAPER or Simulated market.
 * @param {string} text
 * @param {string} tone
 */
export function pill(text, tone) {
  return h('span', { class: `pill ${tone}` }, text);
}
