/** A keyed list: rows are made once, moved when the order changes, and told their new item; nothing is redrawn whole. */

/**
 * @template T
 * @typedef {{ el: HTMLElement, update: (item: T) => void, destroy?: () => void }} Row
 */

/**
 * @template T
 * @param {HTMLElement} root
 * @param {{ key: (item: T) => string, make: (item: T) => Row<T> }} options
 */
export function createList(root, { key, make }) {
  /** @type {Map<string, { row: Row<T>, item: T }>} */
  let rows = new Map();

  return {
    /** @param {readonly T[]} items in the order they are to stand */
    update(items) {
      /** @type {Map<string, { row: Row<T>, item: T }>} */
      const next = new Map();
      for (const item of items) {
        const id = key(item);
        if (next.has(id)) continue;
        const held = rows.get(id);
        const row = held?.row ?? make(item);
        row.update(item);
        next.set(id, { row, item });
        rows.delete(id);
      }
      for (const { row } of rows.values()) {
        row.destroy?.();
        row.el.remove();
      }
      rows = next;
      let at = root.firstElementChild;
      for (const { row } of rows.values()) {
        if (row.el === at) at = at.nextElementSibling;
        else root.insertBefore(row.el, at);
      }
    },
    /** Tell rows their item again: all, or those of `keys`. @param {ReadonlySet<string>} [keys] */
    refresh(keys) {
      if (keys) {
        for (const id of keys) {
          const held = rows.get(id);
          held?.row.update(held.item);
        }
      } else {
        for (const { row, item } of rows.values()) row.update(item);
      }
    },
    /** @param {string} id @returns {HTMLElement | undefined} */
    element: (id) => rows.get(id)?.row.el,
    destroy() {
      for (const { row } of rows.values()) row.destroy?.();
      rows.clear();
    },
  };
}

/**
 * Arrow keys walk the focusable rows of a list.
 * @param {HTMLElement} root
 * @param {string} selector
 */
export function walkable(root, selector) {
  root.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = [...root.querySelectorAll(selector)];
    const at = rows.findIndex((row) => row === document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    /** @type {HTMLElement | undefined} */ (rows[at + step])?.focus();
  });
}
