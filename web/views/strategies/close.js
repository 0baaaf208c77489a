/** Close the whole: what goes out in which order, at what price about; shorts are bought back first. */

import { t, tn } from '../../format/i18n.js';
import { direction, price, profit, quantity } from '../../format/numbers.js';
import { fill, h, setText } from '../../widgets/dom.js';
import { line } from '../../widgets/parts.js';
import { sendButton } from '../shared/confirm.js';
import { legsLock } from '../shared/legslock.js';
import { errorText, labelOf, sideWord, tickOf } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/strategies.js').StrategyNow} StrategyNow */

/** @param {Ctx} ctx @param {() => StrategyNow} current */
export function openClose(ctx, current) {
  const { strategy } = current();
  const lines = { pnl: line(t('position.pnlNow')) };
  const order = h('ol', { class: 'send-order', 'aria-label': t('basket.order') });
  const problems = h('div', { class: 'ticket-problems', role: 'alert' });
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  let sending = false;
  let fault = '';

  const legs = () => current().strategy.legs.filter((leg) => leg.quantity !== 0).sort((a, b) => a.quantity - b.quantity);
  const why = () => legsLock(ctx, legs()) || (legs().length === 0 ? t('strategies.noneOpen') : '');

  const send = sendButton(ctx, async () => {
    if (sending || why()) return;
    sending = true;
    draw();
    try {
      const answer = await ctx.api.closeStrategy(strategy.id, { type: 'MARKET' });
      void ctx.load('strategies', 'baskets', 'orders', 'positions');
      ctx.toast({ text: tn('strategies.closing', answer.basket.legs.length, { name: strategy.name }), level: 'good' });
      sheet.close();
    } catch (error) {
      fault = t('ticket.notSent', { why: errorText(error) });
    } finally {
      sending = false;
      draw();
    }
  });

  function draw() {
    const now = current();
    fill(order, legs().map((leg) => h('li', null, h('span', { class: `send-side ${leg.quantity < 0 ? 'buy' : 'sell'}` }, sideWord(leg.quantity < 0 ? 'BUY' : 'SELL')), h('span', { class: 'grow' }, h('strong', null, labelOf(ctx, leg.key)), ' ', h('span', { class: 'muted' }, quantity(Math.abs(leg.quantity)))),
      h('span', { class: 'muted' }, t('builder.about', { price: price(ctx.store.quotes.get(leg.key)?.ltp, tickOf(ctx, leg.key)) })))));
    lines.pnl.set(profit(now.live?.profit, 0), direction(now.live?.profit));
    fill(problems, fault ? h('p', null, fault) : null);
    const reason = why();
    setText(lock, reason);
    lock.hidden = reason === '';
    send.set({ text: sending ? t('ticket.sending') : tn('strategies.closeNow', legs().length), tone: 'sell', off: sending || reason !== '' });
  }

  const off = ctx.store.on(['quotes', 'link', 'kill', 'strategies'], draw);
  const sheet = ctx.sheet(t('strategies.closeTitle', { name: strategy.name }), h('div', { class: 'stack' }, h('p', { class: 'muted' }, t('strategies.closeHelp')), order, h('dl', { class: 'lines' }, lines.pnl.el), problems, h('div', { class: 'sheet-foot column' }, lock, send.el)), { onClose: off });
  draw();
}
