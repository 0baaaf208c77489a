/** A sheet from below on a phone, a dialog on a desktop. One <dialog>, so focus stays inside and Escape closes. */

import { h, icon } from './dom.js';

/** @type {HTMLDialogElement[]} */
const open = [];

/** @type {HTMLElement | null} */
let above = null;

/** Keep an element in the top sheet, or in the page when there is none: anything else is hidden and dead under a sheet. @param {HTMLElement} el */
export function keepAbove(el) {
  above = el;
  lift();
}

function lift() {
  const layer = open[open.length - 1] ?? document.body;
  if (above && above.parentElement !== layer) layer.append(above);
}

/**
 * @param {{ title: string, closeLabel: string, body: HTMLElement, wide?: boolean, bare?: boolean, onClose?: () => void }} spec
 * @returns {{ el: HTMLDialogElement, close: () => void, setTitle: (text: string) => void }}
 */
export function openSheet({ title, closeLabel, body, wide = false, bare = false, onClose }) {
  const from = /** @type {HTMLElement | null} */ (document.activeElement);
  const heading = h('h2', { class: 'sheet-title' }, title);
  const grip = h('div', { class: 'sheet-grip', 'aria-hidden': 'true' });
  const shut = h('button', { type: 'button', class: 'icon-button', 'aria-label': closeLabel, on: { click: () => close() } }, icon('close'));
  const head = h('div', { class: 'sheet-head' }, heading, shut);
  const dialog = h('dialog', { class: `sheet${wide ? ' wide' : ''}${bare ? ' bare' : ''}`, 'aria-label': title }, grip, bare ? null : head, h('div', { class: 'sheet-body' }, body));
  let closed = false;

  function close() {
    if (closed) return;
    closed = true;
    const at = open.indexOf(dialog);
    if (at >= 0) open.splice(at, 1);
    lift();
    dialog.close();
    dialog.remove();
    onClose?.();
    if (from?.isConnected) from.focus({ preventScroll: true });
  }

  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener('pointerdown', (event) => {
    if (event.target !== dialog) return;
    // a press that starts and ends on the backdrop closes; sliding away from it does not
    dialog.addEventListener('pointerup', (up) => {
      if (up.target === dialog) close();
    }, { once: true });
  });
  drag(grip, dialog, close);
  drag(head, dialog, close);

  document.body.append(dialog);
  open.push(dialog);
  dialog.showModal();
  lift();
  return {
    el: dialog,
    close,
    setTitle(text) {
      heading.textContent = text;
      dialog.setAttribute('aria-label', text);
    },
  };
}

/**
 * Pull the sheet down to close it.
 * @param {HTMLElement} handle
 * @param {HTMLElement} sheet
 * @param {() => void} close
 */
function drag(handle, sheet, close) {
  handle.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' || /** @type {Element} */ (event.target).closest('button')) return;
    const y0 = event.clientY;
    handle.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ e) => sheet.style.setProperty('translate', `0 ${Math.max(0, e.clientY - y0)}px`);
    const end = (/** @type {PointerEvent} */ e) => {
      handle.removeEventListener('pointermove', move);
      sheet.style.removeProperty('translate');
      if (e.type === 'pointerup' && e.clientY - y0 > 90) close();
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', end, { once: true });
    handle.addEventListener('pointercancel', end, { once: true });
  });
}
