/**
 * A table whose figures line up. Wide: columns under a head. Narrow: each row becomes two lines, by the columns' places.
 * Only cells whose text or class changed are written.
 */

import { h, setAttr, setClass, setText, fill } from './dom.js';
import { createList, walkable } from './list.js';

/** @typedef {string | { text: string, cls?: string, title?: string }} Cell */

/**
 * @template T
 * @typedef {object} Column
 * @property {string} id
 * @property {string} label
 * @property {(item: T) => Cell} cell
 * @property {string} [width] grid track, default 1fr
 * @property {boolean} [num] right-aligned figures
 * @property {'title' | 'sub' | 'main' | 'note'} [place] where it stands when narrow; without one it is left out there
 */

/** @typedef {{ label: string, run: () => void, tone?: 'down' }} Action */

/**
 * @template T
 * @typedef {object} TableOptions
 * @property {string} label what the table is, for a screen reader
 * @property {Column<T>[]} columns
 * @property {(item: T) => string} key
 * @property {(item: T) => void} [onOpen] tap or Enter
 * @property {(item: T) => Action[]} [actions] buttons at the row's end
 * @property {string} [actionsLabel] head of that column, for a screen reader
 * @property {(item: T, key: string) => boolean} [onKey] a key on a focused row; true = taken
 * @property {(item: T) => string} [rowClass]
 * @property {(el: HTMLElement, item: () => T) => () => void} [dress] add behaviour to a row; gives the undo
 * @property {Node} [empty] shown when there are no rows
 */

/**
 * @template T
 * @param {TableOptions<T>} options
 */
export function createTable({ label, columns, key, onOpen, actions, actionsLabel = label, onKey, rowClass, dress, empty }) {
  const body = h('div', { role: 'rowgroup', class: 'table-body' });
  const tracks = columns.map((column) => column.width ?? 'minmax(0, 1fr)');
  if (actions) tracks.push('max-content');
  const head = h('div', { role: 'rowgroup', class: 'table-head' }, h('div', { role: 'row', class: 'table-row' },
    columns.map((column) => h('span', { role: 'columnheader', class: column.num ? 'cell num' : 'cell' }, column.label)),
    actions ? h('span', { role: 'columnheader', class: 'cell actions' }, h('span', { class: 'visually-hidden' }, actionsLabel)) : null));
  const table = h('div', { role: 'table', 'aria-label': label, class: actions ? 'table acting' : 'table' }, head, body);
  const el = h('div', { class: 'table-box' }, table);
  if (empty) el.append(empty);
  table.style.setProperty('--tracks', tracks.join(' '));
  if (onOpen) walkable(body, '.table-row');

  /** @param {T} first */
  function makeRow(first) {
    let item = first;
    const cells = columns.map((column) => h('span', { role: 'cell', class: 'cell', data: { place: column.place ?? 'none', label: column.label } }));
    const row = h('div', { role: 'row', class: 'table-row', tabindex: onOpen ? '0' : null }, cells);
    /** @type {HTMLElement | null} */
    let buttons = null;
    let drawn = '';
    if (actions) {
      buttons = h('span', { role: 'cell', class: 'cell actions' });
      row.append(buttons);
    }
    if (onOpen) row.addEventListener('click', (event) => {
      if (!(/** @type {Element} */ (event.target).closest('button'))) onOpen(item);
    });
    row.addEventListener('keydown', (event) => {
      if (event.target !== row) return;
      if (event.key === 'Enter' && onOpen) onOpen(item);
      else if (!onKey || !onKey(item, event.key)) return;
      event.preventDefault();
    });
    const undress = dress?.(row, () => item);
    return {
      el: row,
      /** @param {T} next */
      update(next) {
        item = next;
        setClass(row, `table-row ${rowClass?.(next) ?? ''}`.trim());
        columns.forEach((column, i) => {
          const cell = /** @type {HTMLElement} */ (cells[i]);
          const value = column.cell(next);
          const text = typeof value === 'string' ? value : value.text;
          const cls = typeof value === 'string' ? '' : (value.cls ?? '');
          setText(cell, text);
          setClass(cell, `cell${column.num ? ' num' : ''}${cls ? ` ${cls}` : ''}`);
          setAttr(cell, 'title', typeof value === 'string' ? null : value.title);
        });
        if (buttons && actions) {
          const list = actions(next);
          const shape = list.map((action) => action.label).join('|');
          if (shape !== drawn) {
            drawn = shape;
            fill(buttons, list.map((action, i) => h('button', {
              class: `link ${action.tone ?? ''}`, type: 'button', on: { click: () => actions(item)[i]?.run() },
            }, action.label)));
          }
        }
      },
      destroy: undress,
    };
  }

  const list = createList(body, { key, make: makeRow });
  return {
    el,
    /** @param {readonly T[]} items */
    update(items) {
      list.update(items);
      table.hidden = items.length === 0 && Boolean(empty);
      if (empty) /** @type {HTMLElement} */ (empty).hidden = items.length > 0;
    },
    refresh: list.refresh,
    destroy: list.destroy,
  };
}
