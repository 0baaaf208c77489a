/** Edit watchlists: rename, add and drop lists, move and drop instruments. Every move also has a button. */

import { t } from '../../../format/i18n.js';
import { watchlist } from '../../../store/selectors.js';
import { fill, h, icon } from '../../../widgets/dom.js';
import { labelOf } from '../text.js';

/** @param {import('../../context.js').Ctx} ctx */
export function editLists(ctx) {
  const body = h('div', { class: 'stack' });

  function draw() {
    const lists = ctx.store.state.watchlists;
    const current = watchlist(ctx.store);
    fill(body,
      h('div', { class: 'edit-lists' }, lists.map((one) => h('div', { class: 'edit-row' },
        h('input', { class: 'input', value: one.name, maxlength: '24', 'aria-label': t('watch.name'), on: { change: (/** @type {Event} */ event) => {
          const name = /** @type {HTMLInputElement} */ (event.target).value.trim();
          if (name) save(lists.map((other) => (other.id === one.id ? { ...other, name } : other)));
        } } }),
        h('button', { type: 'button', class: 'icon-button', 'aria-label': t('watch.drop', { name: one.name }), on: { click: () => save(lists.filter((other) => other.id !== one.id)) } }, icon('trash')))),
      h('button', { type: 'button', class: 'button', on: { click: () => {
        const id = ctx.uid();
        ctx.prefer({ watchlist: id });
        save([...lists, { id, name: t('watch.numbered', { n: lists.length + 1 }), keys: [] }]);
      } } }, icon('plus'), t('watch.newList'))),
      current ? h('h3', { class: 'sub-title' }, current.name) : null,
      h('ul', { class: 'edit-keys' }, (current?.keys ?? []).map((key, i, keys) => h('li', { class: 'edit-row' }, h('span', { class: 'grow' }, labelOf(ctx, key)),
        h('button', { type: 'button', class: 'icon-button', disabled: i === 0, 'aria-label': t('watch.up', { name: labelOf(ctx, key) }), on: { click: () => move(i, -1) } }, icon('up')),
        h('button', { type: 'button', class: 'icon-button', disabled: i === keys.length - 1, 'aria-label': t('watch.down', { name: labelOf(ctx, key) }), on: { click: () => move(i, 1) } }, icon('down')),
        h('button', { type: 'button', class: 'icon-button', 'aria-label': t('watch.remove', { name: labelOf(ctx, key) }), on: { click: () => keep(keys.filter((other) => other !== key)) } }, icon('close'))))));
  }

  /** @param {import('../../../format/wire.js').Watchlist[]} lists */
  function save(lists) {
    void ctx.saveWatchlists(lists);
    draw();
  }

  /** @param {string[]} keys */
  function keep(keys) {
    const current = watchlist(ctx.store);
    if (current) save(ctx.store.state.watchlists.map((one) => (one.id === current.id ? { ...one, keys } : one)));
  }

  /** @param {number} i @param {number} by */
  function move(i, by) {
    const keys = [...(watchlist(ctx.store)?.keys ?? [])];
    const [key] = keys.splice(i, 1);
    if (key !== undefined) keys.splice(i + by, 0, key);
    keep(keys);
  }

  const off = ctx.store.on(['watchlists'], draw);
  draw();
  ctx.sheet(t('watch.edit'), body, { onClose: off });
}
