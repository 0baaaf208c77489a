/** The first live order of the day, read back in full before it goes out. */

import { t } from '../../format/i18n.js';
import { h } from '../../widgets/dom.js';

/**
 * @param {import('../context.js').Ctx} ctx
 * @param {string} text the server's sentence: account, broker, user
 * @returns {Promise<boolean>} whether the user goes on
 */
export function readBack(ctx, text) {
  return new Promise((resolve) => {
    let yes = false;
    const go = h('button', { type: 'button', class: 'primary down', on: { click: () => {
      yes = true;
      sheet.close();
    } } }, t('readback.yes'));
    const sheet = ctx.sheet(t('readback.title'), h('div', { class: 'stack' }, h('p', null, h('span', { class: 'pill live' }, 'LIVE')), h('p', null, text), h('p', { class: 'muted' }, t('readback.once')), go), { onClose: () => resolve(yes) });
  });
}
