/** An error in one page must not take the screen: it is said in place, with a way on, and told to the console once. */

import { t } from '../format/i18n.js';
import { h, icon } from '../widgets/dom.js';

/**
 * @param {unknown} error
 * @param {() => void} again
 */
export function faultPage(error, again) {
  report(error);
  return h('div', { class: 'empty', role: 'alert' }, icon('warn', 'empty-icon'), h('p', { class: 'empty-title' }, t('fault.title')), h('p', { class: 'empty-text' }, t('fault.text')),
    h('code', { class: 'fault-code' }, error instanceof Error ? error.message : String(error)), h('button', { type: 'button', class: 'button', on: { click: again } }, t('fault.again')));
}

/** @param {unknown} error */
export function report(error) {
  console.error(error);
}
