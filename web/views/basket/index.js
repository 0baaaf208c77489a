/** Basket: several orders in one go, in a stated order, with a stated policy when one of them fails. */

import { t, tn } from '../../format/i18n.js';
import { DASH, price, quantity, rupees, toNumber } from '../../format/numbers.js';
import { fractional, plainSize, unitsOf } from '../../format/sizes.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { chips, line } from '../../widgets/parts.js';
import { sendButton } from '../shared/confirm.js';
import { generalLock, priceLock } from '../shared/lock.js';
import { openSearch } from '../shared/search.js';
import { errorText, labelOf, problemText, tickOf } from '../shared/text.js';
import { firstQuantity, isPrice, productsFor, toPrice } from '../shared/orderform.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/ports.js').BasketLeg} Leg */

/** @param {Ctx} ctx */
export function openBasket(ctx) {
  const owner = 'basket';
  /** @type {Leg[]} */
  let legs = [];
  /** @type {'stop' | 'unwind'} */
  let policy = 'stop';
  let buyFirst = true;
  /** @type {import('../../format/ports.js').BasketPreview | null} */
  let preview = null;
  let fault = '';
  let sending = false;
  let timer = 0;
  let asking = new AbortController();

  const name = h('input', { class: 'input', maxlength: '40', value: t('basket.first'), 'aria-label': t('basket.name') });
  const rows = h('div', { class: 'legs' });
  const add = h('button', { type: 'button', class: 'button', on: { click: () => openSearch(ctx, { title: t('basket.add'), tradable: true, onPick: (one, close) => {
    close();
    addLeg(one);
  } }) } }, icon('plus'), t('basket.add'));
  const first = h('input', { type: 'checkbox', checked: true, on: { change: () => {
    buyFirst = first.checked;
    changed();
  } } });
  const lines = { margin: line(t('basket.marginNow')), final: line(t('basket.marginFinal')), charges: line(t('ticket.charges')), order: line(t('basket.order')) };
  const problems = h('div', { class: 'ticket-problems', role: 'alert' });
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  const send = sendButton(ctx, () => void submit());
  const body = h('div', { class: 'stack basket' }, h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('basket.name')), name), rows, add,
    h('label', { class: 'check' }, first, t('basket.buyFirst')),
    h('span', { class: 'field-label' }, t('basket.policy')), chips({ label: t('basket.policy'), value: 'stop', options: [{ value: 'stop', label: t('basket.on.stop') }, { value: 'unwind', label: t('basket.on.unwind') }], onChange: (value) => {
      policy = /** @type {'stop' | 'unwind'} */ (value);
      changed();
    } }).el,
    h('dl', { class: 'lines' }, Object.values(lines).map((one) => one.el)), problems, h('div', { class: 'sheet-foot column' }, lock, send.el));

  /** @param {import('../../format/wire.js').Instrument} one */
  function addLeg(one) {
    legs = [...legs, { key: one.key, side: 'BUY', quantity: firstQuantity(one, ctx.store.quotes.get(one.key)?.ltp ?? null), ...(fractional(one.unit) ? { unit: one.unit } : {}), type: 'MARKET', product: /** @type {any} */ (productsFor(one)[0]) }];
    ctx.watch(owner, legs.map((leg) => leg.key));
    drawLegs();
    changed();
  }

  function drawLegs() {
    fill(rows, legs.length === 0 ? h('p', { class: 'muted' }, t('basket.empty')) : legs.map((leg, i) => {
      const lot = ctx.store.state.instruments.get(leg.key)?.lot ?? 1;
      const parts = fractional(leg.unit);
      const label = labelOf(ctx, leg.key);
      const limit = h('input', { class: 'input short', inputmode: 'decimal', value: leg.price ?? '', 'aria-label': t('basket.priceOf', { name: label }), placeholder: t('type.MARKET'), on: { input: () => {
        const text = limit.value.replace(/[,\s]/g, '');
        const { price: _, ...rest } = leg;
        set(i, text === '' ? { ...rest, type: 'MARKET' } : { ...rest, type: 'LIMIT', price: text });
      } } });
      const units = h('input', { class: 'input short', inputmode: parts ? 'decimal' : 'numeric', value: parts ? plainSize(leg.quantity, leg.unit) : String(leg.quantity / lot), 'aria-label': t(parts ? 'basket.quantityOf' : 'basket.lotsOf', { name: label }), on: { input: () => {
        set(i, { ...leg, quantity: parts ? unitsOf(units.value.replace(/[,\s]/g, ''), leg.unit) ?? 0 : Math.max(0, Math.round(Number(units.value) || 0)) * lot });
      } } });
      return h('div', { class: 'leg' },
        h('button', { type: 'button', class: `side-button ${leg.side === 'BUY' ? 'buy' : 'sell'}`, 'aria-label': t('basket.turn', { name: label }), on: { click: () => {
          set(i, { ...leg, side: leg.side === 'BUY' ? 'SELL' : 'BUY' });
          drawLegs();
        } } }, t(leg.side === 'BUY' ? 'side.b' : 'side.s')),
        h('span', { class: 'leg-name' }, h('strong', null, label), h('small', { class: 'muted' }, price(ctx.store.quotes.get(leg.key)?.ltp, tickOf(ctx, leg.key)), lot > 1 ? ` · ${t('ticket.lots', { lot })}` : '')),
        h('span', { class: 'leg-fields' }, units, limit),
        h('button', { type: 'button', class: 'icon-button', disabled: i === 0, 'aria-label': t('watch.up', { name: label }), on: { click: () => {
          const next = [...legs];
          [next[i - 1], next[i]] = [/** @type {Leg} */ (next[i]), /** @type {Leg} */ (next[i - 1])];
          legs = next;
          drawLegs();
          changed();
        } } }, icon('up')),
        h('button', { type: 'button', class: 'icon-button', 'aria-label': t('watch.remove', { name: label }), on: { click: () => {
          legs = legs.filter((_, at) => at !== i);
          drawLegs();
          changed();
        } } }, icon('close')));
    }));
  }

  /** @param {number} i @param {Leg} leg */
  function set(i, leg) {
    legs = legs.map((one, at) => (at === i ? leg : one));
    changed();
  }

  const request = () => ({ account: ctx.store.state.account, name: name.value.trim() || t('basket.first'), on_failure: policy, buy_first: buyFirst,
    legs: legs.map((leg) => (leg.price === undefined ? leg : { ...leg, price: isPrice(leg.price) ? toPrice(Number(leg.price), tickOf(ctx, leg.key)) : leg.price })) });
  const whole = () => legs.length > 0 && legs.every((leg) => leg.quantity > 0 && (leg.type === 'MARKET' || isPrice(leg.price ?? '')));
  const why = () => generalLock(ctx) || legs.map((leg) => priceLock(ctx, leg.key)).find(Boolean) || '';

  function changed() {
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), 250);
  }

  async function ask() {
    asking.abort();
    if (!whole() || generalLock(ctx)) return;
    const turn = (asking = new AbortController());
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
    if (sending || why() || !whole()) return;
    sending = true;
    draw();
    try {
      const { basket } = await ctx.api.sendBasket(request());
      await ctx.load('baskets', 'orders');
      const bad = basket.legs.find((leg) => leg.reason);
      ctx.toast({ text: bad ? t('basket.sentBad', { name: basket.name, why: bad.reason }) : tn('basket.sent', basket.legs.length, { name: basket.name }), level: bad ? 'warn' : 'good' });
      sheet.close();
      ctx.go('orders', { tab: 'baskets' });
    } catch (error) {
      fault = t('ticket.notSent', { why: errorText(error) });
    } finally {
      sending = false;
      draw();
    }
  }

  function draw() {
    lines.margin.set(rupees(preview?.margin_required));
    lines.final.set(rupees(preview?.margin_final));
    lines.charges.set(rupees(preview?.charges));
    lines.order.set(preview && preview.order.length ? preview.order.map((i) => labelOf(ctx, legs[i]?.key ?? '')).join(' → ') : DASH);
    fill(problems, [fault, ...(preview?.problems ?? []).map(problemText)].filter(Boolean).map((text) => h('p', null, text)));
    const reason = legs.length ? why() : '';
    setText(lock, reason);
    lock.hidden = reason === '';
    const margin = toNumber(preview?.margin_required);
    send.set({ text: sending ? t('ticket.sending') : legs.length === 0 ? t('basket.needLegs') : tn(margin === null ? 'basket.send' : 'basket.sendMargin', legs.length, { margin: rupees(margin, 0), quantity: quantity(legs.length) }), off: sending || reason !== '' || !whole() });
  }

  const off = ctx.store.on(['clock', 'link', 'kill', 'instruments'], draw);
  const sheet = ctx.sheet(t('basket.new'), body, { wide: true, onClose() {
    off();
    clearTimeout(timer);
    asking.abort();
    ctx.watch(owner, []);
  } });
  drawLegs();
  draw();
}
