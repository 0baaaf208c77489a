/** The date and the volatility of the dashed curve, by slider, finger and key; a tick under the finger at each day and at today's volatility. */

import { day } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { number, signed } from '../../format/numbers.js';
import { buzz } from '../../payoff/index.js';
import { h, icon, setAttr, setText } from '../../widgets/dom.js';

/** @typedef {{ after: number, shift: number, word: string }} Scenario years ahead, points of volatility / 100, the date in words */

const FEW_DAYS = 3; // below it a step is an hour or two, not a day
const FINE = 24;
const MOST_POINTS = 15;

/** @param {{ onChange: (scenario: Scenario) => void }} on */
export function createScenario({ onChange }) {
  /** @type {{ date: string, years: number }[]} */
  let days = [];
  const dateValue = h('output', { class: 'slider-value' });
  const ivValue = h('output', { class: 'slider-value' });
  const date = slider(t('builder.date'), 0, 1, 1, dateValue, changed);
  const iv = slider(t('builder.iv'), -MOST_POINTS, MOST_POINTS, 0.5, ivValue, changed);
  const reset = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('builder.reset'), title: t('builder.reset'), on: { click: () => {
    date.input.value = '0';
    iv.input.value = '0';
    changed();
  } } }, icon('undo'));
  const el = h('div', { class: 'scenario', role: 'group', 'aria-label': t('builder.scenario') }, date.el, iv.el, reset);
  let told = '';

  const steps = () => (days.length - 1 >= FEW_DAYS ? days.length - 1 : FINE);

  /** @returns {Scenario} */
  function read() {
    const at = Number(date.input.value);
    const shift = Number(iv.input.value) / 100;
    const last = days[days.length - 1];
    if (at === 0 || !last) return { after: 0, shift, word: t('payoff.now') };
    if (at >= steps()) return { after: last.years, shift, word: t('payoff.expiry') };
    if (days.length - 1 >= FEW_DAYS) return { after: days[at]?.years ?? 0, shift, word: day(days[at]?.date) };
    return { after: (last.years * at) / FINE, shift, word: t('builder.inHours', { n: number((last.years * 8760 * at) / FINE, 0) }) };
  }

  function changed() {
    const now = read();
    const shape = `${date.input.value}|${iv.input.value}`;
    if (told !== '' && shape !== told) {
      const zero = iv.input.value === '0' && !told.endsWith('|0');
      if (told.split('|')[0] !== date.input.value || zero) buzz();
    }
    told = shape;
    draw(now);
    onChange(now);
  }

  /** @param {Scenario} now */
  function draw(now) {
    setText(dateValue, now.word);
    setText(ivValue, now.shift === 0 ? t('builder.ivSame') : t('builder.points', { n: signed(now.shift * 100, 1) }));
    setAttr(date.input, 'aria-valuetext', dateValue.textContent);
    setAttr(iv.input, 'aria-valuetext', ivValue.textContent);
    reset.disabled = now.after === 0 && now.shift === 0;
  }

  draw(read());
  return {
    el,
    read,
    /** Days up to the first expiry, as the server counts them. @param {{ date: string, years: number }[]} next */
    setDays(next) {
      const same = next.length === days.length && next[0]?.date === days[0]?.date && next[next.length - 1]?.date === days[days.length - 1]?.date;
      days = next;
      date.input.disabled = days.length === 0;
      if (!same) {
        date.input.max = String(steps());
        date.input.value = '0';
      }
      const now = read();
      draw(now);
      onChange(now);
    },
    days: () => days,
  };
}

/** @param {string} label @param {number} min @param {number} max @param {number} step @param {HTMLElement} value @param {() => void} onInput */
function slider(label, min, max, step, value, onInput) {
  const input = h('input', { type: 'range', class: 'range', min: String(min), max: String(max), step: String(step), value: '0', 'aria-label': label, on: { input: onInput } });
  return { el: h('label', { class: 'slider' }, h('span', { class: 'slider-head' }, h('span', { class: 'field-label' }, label), value), input), input };
}
