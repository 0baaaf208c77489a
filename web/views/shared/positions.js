/** Position rows, exit, and stop with target. Swipe arms, a second tap sends; every swipe has a button and a key. */

import { day } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { price, profit, rupees, DASH, direction } from '../../format/numbers.js';
import { decimalOf, heldSize, size } from '../../format/sizes.js';
import { positionNow, quoteFreshness } from '../../store/selectors.js';
import { swipe } from '../../gestures/swipe.js';
import { h, icon, setText } from '../../widgets/dom.js';
import { line } from '../../widgets/parts.js';
import { stepper } from '../../widgets/stepper.js';
import { createTable } from '../../widgets/table.js';
import { isPrice, stepPrice, toPrice } from './orderform.js';
import { sendButton } from './confirm.js';
import { generalLock, priceLock } from './lock.js';
import { errorText, labelOf, orderSentence, sideWord, subOf, tickOf } from './text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Position} Position */

/**
 * @param {Ctx} ctx
 * @param {{ label: string, empty?: Node, holdings?: boolean }} options
 */
export function positionTable(ctx, { label, empty, holdings = false }) {
  /** @param {Position} position */
  const dull = (position) => {
    const { level } = quoteFreshness(ctx.store, position.key);
    return level === 'stale' || level === 'none' ? 'dull' : '';
  };
  return createTable({
    label,
    empty,
    key: (/** @type {Position} */ position) => `${position.key}|${position.product}`,
    rowClass: (position) => (position.quantity === 0 ? 'flat' : ''),
    columns: [
      { id: 'name', label: t('col.instrument'), width: 'minmax(96px, 1.8fr)', cell: (position) => ({ text: labelOf(ctx, position.key), cls: 'strong', title: subOf(ctx, position.key) }), place: 'title' },
      { id: 'product', label: t('col.product'), width: '8ch', cell: (position) => ({ text: t(`product.${position.product}`), cls: 'muted' }), place: 'sub' },
      { id: 'qty', label: t('col.qty'), num: true, width: 'minmax(46px, .7fr)', cell: (position) => ({ text: position.quantity === 0 ? t('position.flat') : heldSize(position.quantity, position.unit), cls: position.quantity < 0 ? 'down' : '' }), place: 'sub' },
      { id: 'avg', label: t('col.avg'), num: true, width: 'minmax(70px, 1fr)', cell: (position) => ({ text: price(positionNow(ctx.store, position).average, tickOf(ctx, position.key)), title: position.marked ? t('position.marked', { day: day(position.marked) }) : '' }), place: 'sub' },
      { id: 'ltp', label: t('col.ltp'), num: true, width: 'minmax(70px, 1fr)', cell: (position) => ({ text: price(positionNow(ctx.store, position).ltp, tickOf(ctx, position.key)), cls: dull(position) }), place: 'note' },
      { id: 'pnl', label: t('col.pnl'), num: true, width: 'minmax(92px, 1.2fr)', cell(position) {
        const { total } = positionNow(ctx.store, position);
        return { text: profit(total), cls: `strong ${dull(position) || direction(total)}` };
      }, place: 'main' },
      holdings
        ? { id: 'value', label: t('col.value'), num: true, width: 'minmax(96px, 1.2fr)', cell: (position) => rupees(positionNow(ctx.store, position).value) }
        : { id: 'charges', label: t('col.charges'), num: true, width: 'minmax(62px, .9fr)', cell: (position) => rupees(positionNow(ctx.store, position).charges) },
    ],
    onOpen: (position) => ctx.detail(position.key),
    onKey(position, key) {
      if (position.quantity === 0) return false;
      if (key.toLowerCase() === 'e') openExit(ctx, position);
      else if (key.toLowerCase() === 't') openStop(ctx, position);
      else return false;
      return true;
    },
    actionsLabel: t('col.actions'),
    actions: (position) => (position.quantity === 0 ? [] : [
      { label: t('position.stop'), run: () => openStop(ctx, position) },
      { label: t('position.exit'), run: () => openExit(ctx, position) },
    ]),
    dress: (row, item) => swipe(row, {
      onMove(dx, armed) {
        row.style.setProperty('--slide', `${dx}px`);
        row.setAttribute('data-armed', armed || (dx < 0 ? 'going-left' : 'going-right'));
      },
      onArm(side) {
        settle(row);
        if (item().quantity === 0) return;
        if (side === 'left') openExit(ctx, item());
        else openStop(ctx, item());
      },
      onCancel: () => settle(row),
    }),
  });
}

/** @param {HTMLElement} row */
function settle(row) {
  row.style.removeProperty('--slide');
  row.removeAttribute('data-armed');
}

/** Exit a position at the market. @param {Ctx} ctx @param {Position} position */
export function openExit(ctx, position) {
  const side = position.quantity > 0 ? 'SELL' : 'BUY';
  const lines = { last: line(t('col.ltp')), pnl: line(t('position.pnlNow')) };
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  let sending = false;
  const send = sendButton(ctx, async () => {
    if (sending || priceLock(ctx, position.key)) return;
    sending = true;
    draw();
    try {
      const { order } = await ctx.api.exit(position.account, position.key, position.product);
      ctx.toast({ text: orderSentence(ctx, order), level: order.state === 'REJECTED' || order.state === 'DENIED' ? 'bad' : 'good', id: order.id });
      sheet.close();
    } catch (error) {
      sending = false;
      setText(lock, t('ticket.notSent', { why: errorText(error) }));
      lock.hidden = false;
    }
  });

  function draw() {
    const now = positionNow(ctx.store, position);
    lines.last.set(price(now.ltp, tickOf(ctx, position.key)));
    lines.pnl.set(profit(now.open), direction(now.open));
    const why = priceLock(ctx, position.key);
    if (why || !sending) setText(lock, why);
    lock.hidden = !lock.textContent;
    send.set({ text: sending ? t('ticket.sending') : t('position.exitNow', { side: sideWord(side), quantity: size(Math.abs(position.quantity), position.unit) }), tone: side === 'BUY' ? 'buy' : 'sell', off: sending || why !== '' });
  }

  const off = ctx.store.on(['quotes', 'clock', 'link', 'kill'], draw);
  const sheet = ctx.sheet(t('position.exitTitle', { name: labelOf(ctx, position.key) }), h('div', { class: 'stack' }, h('dl', { class: 'lines' }, lines.last.el, lines.pnl.el), h('div', { class: 'sheet-foot column' }, lock, send.el)), { onClose: off });
  draw();
}

/** Stop and target for a position: two triggers, one cancels the other. @param {Ctx} ctx @param {Position} position */
export function openStop(ctx, position) {
  const tick = tickOf(ctx, position.key);
  const side = position.quantity > 0 ? 'SELL' : 'BUY';
  const sign = Math.sign(position.quantity);
  const start = positionNow(ctx.store, position);
  const base = start.ltp ?? start.average ?? 0;
  const values = { stop: toPrice(base * (1 - sign * 0.1), tick), target: toPrice(base * (1 + sign * 0.1), tick) };
  const outcome = { stop: line(t('position.atStop')), target: line(t('position.atTarget')) };
  const fields = /** @type {const} */ (['stop', 'target']).map((which) => stepper({
    label: t(`position.${which}Price`), less: t('ticket.priceLess'), more: t('ticket.priceMore'), mode: 'decimal', value: values[which],
    step: (value, direction, big) => stepPrice(value, tick, direction, big),
    onChange: (value) => {
      values[which] = value;
      draw();
    },
  }));
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  let sending = false;
  const send = sendButton(ctx, async () => {
    if (sending || why()) return;
    sending = true;
    draw();
    try {
      const units = Math.abs(position.quantity);
      await ctx.api.addTrigger({ account: position.account, key: position.key, product: position.product, kind: 'oco', legs: [
        { side, quantity: units, trigger: values.stop, price: values.stop }, { side, quantity: units, trigger: values.target, price: values.target }] });
      await ctx.load('triggers');
      ctx.toast({ text: t('position.stopSet', { name: labelOf(ctx, position.key), stop: values.stop, target: values.target }), level: 'good' });
      sheet.close();
    } catch (error) {
      sending = false;
      setText(lock, t('ticket.notSent', { why: errorText(error) }));
      lock.hidden = false;
    }
  });

  function why() {
    const general = generalLock(ctx);
    if (general) return general;
    const last = positionNow(ctx.store, position).ltp;
    if (!isPrice(values.stop) || !isPrice(values.target)) return t('position.needPrices');
    if (last !== null && ((Number(values.stop) - last) * sign >= 0 || (Number(values.target) - last) * sign <= 0)) return t(sign > 0 ? 'position.orderLong' : 'position.orderShort', { last: price(last, tick) });
    return '';
  }

  function draw() {
    const average = start.average ?? base;
    for (const which of /** @type {const} */ (['stop', 'target'])) {
      const result = isPrice(values[which]) ? (Number(values[which]) - average) * decimalOf(position.quantity, position.unit) : null;
      outcome[which].set(profit(result), direction(result));
    }
    const reason = why();
    if (reason || !sending) setText(lock, reason);
    lock.hidden = !lock.textContent;
    send.set({ text: sending ? t('ticket.sending') : t('position.setStop', { stop: values.stop || DASH, target: values.target || DASH }), off: sending || reason !== '' });
  }

  const off = ctx.store.on(['quotes', 'link', 'kill'], draw);
  const sheet = ctx.sheet(t('position.stopTitle', { name: labelOf(ctx, position.key) }), h('div', { class: 'stack' },
    h('p', { class: 'muted' }, t('position.stopHelp')), h('div', { class: 'ticket-fields' }, fields.map((one) => one.el)),
    h('dl', { class: 'lines' }, outcome.stop.el, outcome.target.el), h('div', { class: 'sheet-foot column' }, lock, send.el)), { onClose: off });
  draw();
}

/** The two faces of a swipe, behind the rows. */
export function swipeHint() {
  return h('p', { class: 'swipe-hint' }, icon('swipe'), t('position.swipeHint'));
}
