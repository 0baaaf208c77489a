/** Another price for an order sent in parts: every part at work is changed. */

import { t } from '../../format/i18n.js';
import { h } from '../../widgets/dom.js';
import { stepper } from '../../widgets/stepper.js';
import { sendButton } from '../shared/confirm.js';
import { isPrice, stepPrice } from '../shared/orderform.js';
import { errorText, labelOf, tickOf } from '../shared/text.js';

/** @param {import('../context.js').Ctx} ctx @param {import('../../format/wire.js').Parent} one */
export function openReprice(ctx, one) {
  let price = one.price ?? '';
  const said = h('p', { class: 'ticket-result bad', role: 'alert', hidden: true });
  const field = stepper({ label: t('ticket.price'), less: t('ticket.priceLess'), more: t('ticket.priceMore'), mode: 'decimal', value: price, onChange: (value) => {
    price = value;
    draw();
  }, step: (value, direction, big) => stepPrice(value || price, tickOf(ctx, one.key), direction, big) });
  const send = sendButton(ctx, () => void change());
  const sheet = ctx.sheet(t('parent.repriceTitle', { name: labelOf(ctx, one.key) }), h('div', { class: 'stack' }, h('p', { class: 'muted' }, t('parent.repriceHelp')), field.el, said, send.el));

  function draw() {
    send.set({ text: t('parent.repriceTo', { price }), off: !isPrice(price) || price === one.price });
  }

  async function change() {
    try {
      await ctx.api.repriceParent(one.id, price);
      await ctx.load('parents');
      sheet.close();
    } catch (error) {
      said.textContent = errorText(error);
      said.hidden = false;
    }
  }
  draw();
}
