/**
 * The last look before the orders go: their order, the margin on the way and at the end, what the checks object to. The
 * strategy is kept first and then sent, so that what happens to its orders is followed from the first.
 */

import { t, tn } from '../../format/i18n.js';
import { price, rupees } from '../../format/numbers.js';
import { basketLegs, clearTray, trayOf } from '../../store/tray.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { chips, line } from '../../widgets/parts.js';
import { sendButton } from '../shared/confirm.js';
import { generalLock } from '../shared/lock.js';
import { legsLock } from '../shared/legslock.js';
import { premiumText } from '../shared/payoff.js';
import { touchOf } from '../shared/legprice.js';
import { errorText, labelOf, problemText, sideWord, tickOf } from '../shared/text.js';
import { asked } from '../shared/legs.js';

/** @typedef {import('../context.js').Ctx} Ctx */

/**
 * @param {Ctx} ctx
 * @param {{ name: string, template: string, final: string | null, premium: string | null }} strategy final: margin once all is filled; premium: paid above zero, received below
 */
export function openSend(ctx, { name, template, final, premium }) {
  const { store } = ctx;
  const legs = trayOf(store).legs;
  /** @type {'MARKET' | 'LIMIT'} */
  let type = 'MARKET';
  /** @type {'stop' | 'unwind'} */
  let policy = 'stop';
  let buyFirst = true;
  let fault = '';
  let sending = false;
  let sent = false;
  /** @type {import('../../format/ports.js').BasketPreview | null} */
  let preview = null;
  let asking = new AbortController();

  const title = h('input', { class: 'input', maxlength: '40', value: name, 'aria-label': t('builder.name') });
  const order = h('ol', { class: 'send-order', 'aria-label': t('basket.order') });
  // margin, premium and charges make up what is taken: said apart, so that the sum can be followed
  const lines = { final: line(t('basket.marginFinal')), premium: line(t('builder.premium')), charges: line(t('ticket.charges')), required: line(t('builder.taken')) };
  const problems = h('div', { class: 'ticket-problems', role: 'alert' });
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  const first = h('input', { type: 'checkbox', checked: true, on: { change: () => {
    buyFirst = first.checked;
    void ask();
  } } });
  const send = sendButton(ctx, () => void submit());
  const body = h('div', { class: 'stack builder-send' }, order, h('label', { class: 'check' }, first, t('basket.buyFirst')),
    h('dl', { class: 'lines' }, Object.values(lines).map((one) => one.el)),
    h('details', { class: 'send-more' }, h('summary', null, icon('down'), t('builder.howSent')), h('div', { class: 'stack' }, h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('builder.name')), title),
      h('div', { class: 'field' }, h('span', { class: 'field-label' }, t('builder.orderType')), chips({ label: t('builder.orderType'), value: 'MARKET', options: [{ value: 'MARKET', label: t('type.MARKET') }, { value: 'LIMIT', label: t('type.LIMIT'), title: t('builder.limitHelp') }], onChange(value) {
        type = /** @type {'MARKET' | 'LIMIT'} */ (value);
        draw();
      } }).el, h('span', { class: 'field-hint' }, t('builder.limitHelp'))),
      h('div', { class: 'field' }, h('span', { class: 'field-label' }, t('basket.policy')), chips({ label: t('basket.policy'), value: 'stop', options: [{ value: 'stop', label: t('basket.on.stop') }, { value: 'unwind', label: t('basket.on.unwind') }], onChange(value) {
        policy = /** @type {'stop' | 'unwind'} */ (value);
      } }).el))),
    problems, h('div', { class: 'sheet-foot column' }, lock, send.el));

  const request = () => ({ account: store.state.account, name: title.value.trim() || name, on_failure: policy, buy_first: buyFirst, legs: basketLegs({ ...trayOf(store), legs }, (key) => store.state.instruments.get(key)) });

  async function ask() {
    asking.abort();
    const turn = (asking = new AbortController());
    if (generalLock(ctx)) return;
    try {
      const answer = await ctx.api.previewBasket(request(), turn.signal);
      if (turn.signal.aborted) return;
      preview = answer;
      fault = '';
    } catch (error) {
      if (turn.signal.aborted) return;
      preview = null;
      fault = errorText(error);
    }
    draw();
  }

  async function submit() {
    if (sending || sent || legsLock(ctx, legs)) return;
    sending = true;
    draw();
    const called = title.value.trim() || name;
    try {
      const kept = await ctx.api.createStrategy({ account: store.state.account, name: called, legs: asked(legs), product: 'NRML', template });
      sent = true; // from here on it stands among the strategies, sent or not: never a second one from this sheet
      try {
        await ctx.api.sendStrategy(kept.strategy.id, { type, on_failure: policy, buy_first: buyFirst });
        ctx.toast({ text: tn('basket.sent', legs.length, { name: called }), level: 'good' });
      } catch (error) {
        const { unknown } = /** @type {{ unknown?: boolean }} */ (error);
        ctx.toast({ text: t(unknown ? 'builder.sendUnknown' : 'builder.keptNotSent', { name: called, why: errorText(error) }), level: 'warn', seconds: 12 });
      }
      clearTray(store);
      void ctx.load('strategies', 'baskets', 'orders');
      sheet.close();
      ctx.go('strategies', { id: kept.strategy.id });
    } catch (error) {
      fault = t('ticket.notSent', { why: errorText(error) });
    } finally {
      sending = false;
      draw();
    }
  }

  function draw() {
    const sequence = preview && preview.order.length === legs.length ? preview.order : legs.map((_, i) => i).sort((a, b) => (buyFirst ? Number(legs[a]?.side === 'SELL') - Number(legs[b]?.side === 'SELL') : 0));
    fill(order, sequence.map((i) => {
      const leg = /** @type {import('../../store/tray.js').TrayLeg} */ (legs[i]);
      const at = price(leg.price ?? touchOf(ctx, leg), tickOf(ctx, leg.key));
      return h('li', null, h('span', { class: `send-side ${leg.side === 'BUY' ? 'buy' : 'sell'}` }, sideWord(leg.side)), h('span', { class: 'grow' }, h('strong', null, labelOf(ctx, leg.key)), ' ', h('span', { class: 'muted' }, tn('builder.lotCount', leg.lots))),
        h('span', { class: 'muted' }, t(type === 'LIMIT' || leg.price !== null ? 'builder.limitAt' : 'builder.about', { price: at })));
    }));
    const paid = premiumText(premium);
    lines.final.set(rupees(final, 0));
    lines.premium.rename(paid.label);
    lines.premium.set(paid.text);
    lines.charges.set(rupees(preview?.charges, 0));
    lines.required.set(rupees(preview?.margin_required, 0));
    fill(problems, [fault, ...(preview?.problems ?? []).map(problemText)].filter(Boolean).map((text) => h('p', null, text)));
    const reason = legsLock(ctx, legs);
    setText(lock, reason);
    lock.hidden = reason === '';
    send.set({ text: sending ? t('ticket.sending') : sendText(ctx, legs.length), off: sending || sent || reason !== '' });
  }

  const off = store.on(['clock', 'link', 'kill', 'instruments'], draw);
  const sheet = ctx.sheet(name, body, { wide: true, onClose() {
    off();
    asking.abort();
  } });
  draw();
  void ask();
}

/** What the button does, in words: how many orders, and where they go. @param {Ctx} ctx @param {number} count */
export function sendText(ctx, count) {
  const { state } = ctx.store;
  const mode = state.session?.accounts.find((one) => one.id === state.account)?.mode;
  return tn(mode === 'LIVE' ? 'builder.sendLive' : 'builder.sendPaper', count);
}
