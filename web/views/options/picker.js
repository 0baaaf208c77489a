/** Sheets of the options pages: which underlying, and which columns. */

import { t } from '../../format/i18n.js';
import { market } from '../../store/selectors.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { walkable } from '../../widgets/list.js';
import { errorText } from '../shared/text.js';
import { cleanColumns, KINDS } from './columns.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Underlying} Underlying */

/** Everything that has options, indices first. @param {Ctx} ctx @param {{ onPick: (one: Underlying) => void }} on */
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

/** Which columns, and in which order from the strike outwards. @param {Ctx} ctx @param {{ onChange: (columns: string[]) => void }} on */
export function openColumns(ctx, { onChange }) {
  let chosen = cleanColumns(ctx.store.state.preferences.chain.columns);
  const list = h('ul', { class: 'column-list' });

  /** @param {string[]} next */
  function use(next) {
    if (next.length === 0) return;
    chosen = next;
    onChange(next);
    draw();
  }

  function draw() {
    const rows = [...chosen, ...KINDS.map((kind) => kind.id).filter((id) => !chosen.includes(id))];
    const focus = document.activeElement?.getAttribute('data-id');
    fill(list, rows.map((id) => {
      const at = chosen.indexOf(id);
      const name = t(`chain.column.${id}`);
      const box = h('input', { type: 'checkbox', checked: at >= 0, disabled: at >= 0 && chosen.length === 1, on: { change: () => use(at >= 0 ? chosen.filter((one) => one !== id) : [...chosen, id]) } });
      return h('li', { class: 'column-row' }, h('label', { class: 'check grow' }, box, name),
        at > 0 ? h('button', { type: 'button', class: 'icon-button', data: { id }, 'aria-label': t('watch.up', { name }), on: { click: () => {
          const next = [...chosen];
          [next[at - 1], next[at]] = [/** @type {string} */ (next[at]), /** @type {string} */ (next[at - 1])];
          use(next);
        } } }, icon('up')) : null);
    }));
    if (focus) /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${focus}"]`))?.focus();
  }
  draw();
  ctx.sheet(t('chain.columns'), h('div', { class: 'stack' }, h('p', { class: 'muted' }, t('chain.columnsHelp')), list));
}
