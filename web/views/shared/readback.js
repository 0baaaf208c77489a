/** The first live order of the day, read back in full before it goes out. */

import { t } from '../../format/i18n.js';
import { price, quantity } from '../../format/numbers.js';
import { h } from '../../widgets/dom.js';
import { labelOf, sideWord, tickOf } from './text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {{ key?: string, side?: 'BUY' | 'SELL', quantity?: number, type?: string, price?: string | null, trigger?: string | null, product?: string, validity?: string, stop?: string, target?: string, legs?: Asked[] }} Asked */

/**
 * @param {Ctx} ctx
 * @param {string} text the server's sentence: account, broker, user
 * @param {unknown} request what is to go out
 * @returns {Promise<boolean>} whether the user goes on
 */
export function readBack(ctx, text, request) {
  return new Promise((resolve) => {
    let yes = false;
    const go = h('button', { type: 'button', class: 'primary down', on: { click: () => {
      yes = true;
      sheet.close();
    } } }, t('readback.yes'));
    const lines = linesOf(ctx, /** @type {Asked} */ (request ?? {}));
    const sheet = ctx.sheet(t('readback.title'), h('div', { class: 'stack read-back' }, h('p', null, h('span', { class: 'pill live' }, 'LIVE')),
      lines.length > 0 ? h('ul', { class: 'read-back-lines' }, lines.map((one) => h('li', null, one))) : null,
      h('p', null, text), h('p', { class: 'muted' }, t('readback.once')), go), { onClose: () => resolve(yes) });
  });
}

/** What goes out, a line an order, every term of it. @param {Ctx} ctx @param {Asked} asked @returns {string[]} */
function linesOf(ctx, asked) {
  if (asked.legs && !asked.key) return asked.legs.map((leg) => lineOf(ctx, leg));
  if (!asked.key) return [];
  if (asked.legs) return asked.legs.map((leg) => lineOf(ctx, { ...leg, key: asked.key, product: asked.product }));
  return [lineOf(ctx, asked)];
}

/** @param {Ctx} ctx @param {Asked} one */
function lineOf(ctx, one) {
  const key = one.key ?? '';
  const tick = tickOf(ctx, key);
  if (!one.side || !one.quantity) return t('readback.exit', { name: labelOf(ctx, key), product: t(`product.${one.product}`) });
  const terms = [one.price ? t('readback.at', { price: price(one.price, tick) }) : t('readback.atMarket')];
  if (one.trigger) terms.push(t('readback.trigger', { price: price(one.trigger, tick) }));
  if (one.stop) terms.push(t('readback.stop', { price: price(one.stop, tick) }));
  if (one.target) terms.push(t('readback.target', { price: price(one.target, tick) }));
  if (one.product) terms.push(t(`product.${one.product}`));
  if (one.validity) terms.push(t(`validity.${one.validity}`));
  return `${sideWord(one.side)} ${quantity(one.quantity)} ${labelOf(ctx, key)} ${terms.join(', ')}`;
}
