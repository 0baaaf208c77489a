/** Instrument search: words as traders type them ("nif 24500", "rel"), results by the server's catalogue. */

import { t } from '../../format/i18n.js';
import { market } from '../../store/selectors.js';
import { withInstruments } from '../../store/reducers.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { walkable } from '../../widgets/list.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Instrument} Instrument */

const WAIT_MS = 120;

/**
 * A search box with its results.
 * @param {Ctx} ctx
 * @param {{ onPick: (instrument: Instrument) => void, query?: string, tradable?: boolean, label?: string, mark?: (key: string) => boolean }} spec
 */
export function searchBox(ctx, { onPick, query = '', tradable = false, label, mark }) {
  const input = h('input', {
    type: 'text', role: 'searchbox', class: 'search-input', placeholder: t('search.hint'), value: query, autocomplete: 'off', spellcheck: 'false',
    'aria-label': label ?? t('search.label'), enterkeyhint: 'search',
  });
  const results = h('ul', { class: 'search-results' });
  const said = h('p', { class: 'search-said', role: 'status' });
  const el = h('div', { class: 'search' }, h('label', { class: 'search-field' }, icon('search'), input), said, results);
  let timer = 0;
  let asked = 0;

  async function ask() {
    const id = market(ctx.store)?.id;
    if (!id) return;
    const turn = (asked += 1);
    try {
      const { items } = await ctx.api.instruments({ market: id, q: input.value.trim(), limit: 40 });
      if (turn !== asked) return;
      const shown = tradable ? items.filter((one) => one.tradable) : items;
      ctx.store.update('instruments', (known) => withInstruments(known, items));
      fill(results, shown.map(row));
      setText(said, shown.length === 0 ? t('search.nothing') : '');
    } catch {
      if (turn === asked) setText(said, t('search.failed'));
    }
  }

  /** @param {Instrument} one */
  function row(one) {
    const marked = mark?.(one.key) ?? false;
    return h('li', null, h('button', {
      type: 'button', class: marked ? 'search-row on' : 'search-row', on: { click: (/** @type {Event} */ event) => {
        onPick(one);
        if (mark) /** @type {Element} */ (event.currentTarget).classList.toggle('on', mark(one.key));
      } },
    },
    h('span', { class: 'search-name' }, one.label), h('span', { class: 'search-sub' }, one.sub || one.title),
    h('span', { class: 'search-kind' }, t(`kind.${one.kind}`)), mark ? icon(marked ? 'check' : 'plus') : null));
  }

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      /** @type {HTMLElement | null} */ (results.querySelector('button'))?.focus();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      /** @type {HTMLElement | null} */ (results.querySelector('button'))?.click();
    }
  });
  input.addEventListener('focus', () => el.classList.remove('folded'));
  walkable(results, '.search-row');
  void ask();
  return {
    el,
    input,
    /** The choice is made: the list gives its room back until the box is touched again. */
    fold() {
      el.classList.add('folded');
    },
  };
}

/**
 * The same in a sheet.
 * @param {Ctx} ctx
 * @param {{ title: string, onPick: (instrument: Instrument, close: () => void) => void, query?: string, tradable?: boolean, mark?: (key: string) => boolean, onClose?: () => void }} spec
 */
export function openSearch(ctx, { title, onPick, query, tradable, mark, onClose }) {
  /** @type {import('../context.js').SheetHandle} */
  let sheet;
  const box = searchBox(ctx, { onPick: (one) => onPick(one, () => sheet.close()), query, tradable, mark, label: title });
  sheet = ctx.sheet(title, box.el, { onClose });
  box.input.focus();
}
