/** Command palette: pages, actions and instruments by a few letters. */

import { t } from '../../format/i18n.js';
import { market } from '../../store/selectors.js';
import { fill, h, icon } from '../../widgets/dom.js';

/** @typedef {{ label: string, hint: string, icon: string, run: () => void, words?: string }} Command */

/**
 * @param {import('../context.js').Ctx} ctx
 * @param {Command[]} commands
 */
export function openPalette(ctx, commands) {
  const input = h('input', { type: 'text', class: 'search-input', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'palette-list', 'aria-label': t('palette.label'), placeholder: t('palette.hint'), autocomplete: 'off', spellcheck: 'false' });
  const list = h('ul', { class: 'search-results', id: 'palette-list', role: 'listbox', 'aria-label': t('palette.label') });
  const body = h('div', { class: 'search palette' }, h('label', { class: 'search-field' }, icon('search'), input), list);
  /** @type {Command[]} */
  let found = [];
  /** @type {Command[]} */
  let instruments = [];
  let answered = '';
  let at = 0;
  let turn = 0;
  let timer = 0;

  function draw() {
    const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    /** @param {Command} one */
    const fits = (one) => words.every((word) => `${one.label} ${one.hint} ${one.words ?? ''}`.toLowerCase().includes(word));
    // until the server has answered for these letters, Enter must not take what it found for fewer
    found = words.length === 0 ? commands : [...commands.filter(fits).slice(0, 6), ...(answered === input.value.trim() ? instruments : instruments.filter(fits))];
    at = Math.min(at, Math.max(0, found.length - 1));
    fill(list, found.map((one, i) => h('li', { role: 'option', id: `palette-${i}`, class: i === at ? 'search-row on' : 'search-row', 'aria-selected': String(i === at), on: { click: () => run(one) } },
      icon(one.icon), h('span', { class: 'search-name' }, one.label), h('span', { class: 'search-sub' }, one.hint))));
    if (found.length === 0) list.append(h('li', { class: 'search-said', role: 'option', 'aria-disabled': 'true' }, t('search.nothing')));
    input.setAttribute('aria-activedescendant', found.length ? `palette-${at}` : '');
    list.querySelector('.on')?.scrollIntoView({ block: 'nearest' });
  }

  async function ask() {
    const q = input.value.trim();
    const id = market(ctx.store)?.id;
    const mine = (turn += 1);
    if (!q || !id) {
      instruments = [];
      answered = q;
      draw();
      return;
    }
    try {
      const { items } = await ctx.api.instruments({ market: id, q, limit: 12 });
      if (mine !== turn) return;
      instruments = items.map((one) => ({ label: one.label, hint: one.sub || one.title, icon: 'charts', run: () => ctx.detail(one.key, { byKey: true }) }));
    } catch {
      instruments = []; // pages and actions still work without the server
    }
    if (mine !== turn) return;
    answered = q;
    draw();
  }

  /** @param {Command | undefined} one */
  function run(one) {
    if (!one) return;
    sheet.close();
    one.run();
  }

  input.addEventListener('input', () => {
    at = 0;
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), 100);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      at = (at + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % Math.max(1, found.length);
      draw();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found[at]);
    }
  });
  const sheet = ctx.sheet(t('palette.label'), body, { bare: true, wide: true });
  draw();
  input.focus();
}
