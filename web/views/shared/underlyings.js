/** Which index or share: all that have options, indices first, by a few letters. */

import { t } from '../../format/i18n.js';
import { market } from '../../store/selectors.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { walkable } from '../../widgets/list.js';
import { errorText } from './text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Underlying} Underlying */

/** @param {Ctx} ctx @param {{ onPick: (one: Underlying) => void }} on */
export function openUnderlyings(ctx, { onPick }) {
  const input = h('input', { type: 'text', role: 'searchbox', class: 'search-input', placeholder: t('chain.find'), 'aria-label': t('chain.find'), autocomplete: 'off', spellcheck: 'false' });
  const results = h('ul', { class: 'search-results' });
  const said = h('p', { class: 'search-said', role: 'status' });
  /** @type {Underlying[]} */
  let all = [];

  function draw() {
    const word = input.value.trim().toLowerCase();
    const found = all.filter((one) => `${one.name} ${one.title}`.toLowerCase().includes(word));
    fill(results, found.map((one) => h('li', null, h('button', { type: 'button', class: 'search-row', on: { click: () => {
      sheet.close();
      onPick(one);
    } } }, h('span', { class: 'search-name' }, one.name), h('span', { class: 'search-sub' }, one.title === one.name ? '' : one.title), h('span', { class: 'search-kind' }, t(`kind.${one.kind}`))))));
    if (all.length > 0) setText(said, found.length === 0 ? t('search.nothing') : '');
  }

  async function ask() {
    try {
      all = (await ctx.api.underlyings(market(ctx.store)?.id ?? '')).items;
      if (all.length === 0) setText(said, t('chain.noUnderlyings'));
      draw();
    } catch (error) {
      setText(said, errorText(error));
    }
  }

  input.addEventListener('input', draw);
  input.addEventListener('keydown', (event) => {
    const first = /** @type {HTMLElement | null} */ (results.querySelector('button'));
    if (event.key === 'ArrowDown') first?.focus();
    else if (event.key === 'Enter') first?.click();
    else return;
    event.preventDefault();
  });
  walkable(results, '.search-row');
  const sheet = ctx.sheet(t('chain.underlying'), h('div', { class: 'search' }, h('label', { class: 'search-field' }, icon('search'), input), said, results));
  input.focus();
  void ask();
}
