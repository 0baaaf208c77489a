/** The sheet that chooses the chain's columns. */

import { t } from '../../format/i18n.js';
import { fill, h, icon } from '../../widgets/dom.js';
import { cleanColumns, KINDS } from './columns.js';

/** @typedef {import('../context.js').Ctx} Ctx */

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
