/** Order rows and what can be done with them: change, cancel (with undo), look at the steps. */

import { clock, stamp } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, price } from '../../format/numbers.js';
import { size } from '../../format/sizes.js';
import { marketMs, working } from '../../store/selectors.js';
import { fill, h } from '../../widgets/dom.js';
import { createTable } from '../../widgets/table.js';
import { priceLock } from './lock.js';
import { askedPrice, errorText, labelOf, orderSentence, orderTitle, sideWord, stateView, tickOf } from './text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Order} Order */

/**
 * @param {Ctx} ctx
 * @param {{ label: string, empty?: Node, done?: boolean }} options done: nothing can be done with these rows any more
 */
export function orderTable(ctx, { label, empty, done = false }) {
  return createTable({
    label,
    empty,
    key: (/** @type {Order} */ order) => order.id,
    columns: [
      { id: 'time', label: t('col.time'), width: '8ch', cell: (order) => clock(order.created_market), place: 'sub' },
      { id: 'name', label: t('col.instrument'), width: 'minmax(90px, 2.2fr)', cell: (order) => ({ text: labelOf(ctx, order.key), cls: 'strong' }), place: 'title' },
      { id: 'side', label: t('col.side'), width: '5ch', cell: (order) => ({ text: sideWord(order.side), cls: order.side === 'BUY' ? 'accent' : 'down' }), place: 'sub' },
      { id: 'qty', label: t('col.qty'), num: true, width: 'minmax(0, .8fr)', cell: (order) => (order.filled > 0 && order.filled < order.quantity ? `${size(order.filled, order.unit)}/${size(order.quantity, order.unit)}` : size(order.quantity, order.unit)), place: 'sub' },
      { id: 'price', label: t('col.price'), num: true, width: 'minmax(72px, 1.3fr)', cell: (order) => (order.average === null ? askedPrice(ctx, order) : price(order.average, tickOf(ctx, order.key))), place: 'main' },
      { id: 'product', label: t('col.product'), width: '8ch', cell: (order) => t(`product.${order.product}`), place: 'sub' },
      { id: 'mode', label: t('col.account'), width: 'minmax(8ch, 1.6fr)', cell: (order) => modeOf(ctx, order), place: 'sub' },
      { id: 'state', label: t('col.state'), width: '12ch', cell: (order) => ({ ...stateView(order), title: order.reason }), place: 'note' },
    ],
    onOpen: (order) => openOrder(ctx, order.id),
    onKey(order, key) {
      if (!working(order)) return false;
      if (key === 'Delete' || key.toLowerCase() === 'x') void cancelOrder(ctx, order);
      else if (key.toLowerCase() === 'm') modifyOrder(ctx, order);
      else return false;
      return true;
    },
    actionsLabel: t('col.actions'),
    actions: done ? undefined : (order) => (canTouch(order) ? [
      { label: t('order.modify'), run: () => modifyOrder(ctx, order) },
      { label: t('order.cancel'), tone: 'down', run: () => void cancelOrder(ctx, order) },
    ] : []),
  });
}

/** LIVE or PAPER, and which account. @param {Ctx} ctx @param {Order} order */
function modeOf(ctx, order) {
  const title = ctx.store.state.session?.accounts.find((one) => one.id === order.account)?.title ?? order.account;
  return order.mode === 'LIVE' ? { text: `${order.mode} · ${title}`, cls: 'mode-live', title } : { text: order.mode, cls: 'mode-paper', title };
}

/** Whether a change or cancel makes sense: an unknown order must be resolved first. @param {Order} order */
const canTouch = (order) => order.state === 'OPEN' || order.state === 'PARTIAL';

/** @param {Ctx} ctx @param {Order} order */
export function modifyOrder(ctx, order) {
  ctx.ticket({ key: order.key, modify: order });
}

/** @param {Ctx} ctx @param {Order} order */
export async function cancelOrder(ctx, order) {
  try {
    const { order: now } = await ctx.api.cancel(order.id);
    const rest = order.quantity - now.filled;
    ctx.toast({
      id: order.id,
      text: now.state === 'CANCELLED' ? t('order.cancelled', { title: orderTitle(ctx, order) }) : orderSentence(ctx, now),
      ...(now.state === 'CANCELLED' && rest > 0 ? { action: t('order.placeAgain'), seconds: 5, run: () => void placeAgain(ctx, order, rest) } : {}),
    });
  } catch (error) {
    ctx.toast({ text: t('order.notCancelled', { title: orderTitle(ctx, order), why: errorText(error) }), level: 'bad' });
  }
}

/** The undo of a cancel is a new order for what was left. @param {Ctx} ctx @param {Order} order @param {number} rest */
async function placeAgain(ctx, order, rest) {
  const lock = priceLock(ctx, order.key, order.after_market);
  if (lock) {
    ctx.toast({ text: t('ticket.notSent', { why: lock }), level: 'bad' });
    return;
  }
  const outcome = await ctx.send({
    account: order.account, key: order.key, side: order.side, quantity: rest, type: order.type, product: order.product, validity: order.validity,
    after_market: order.after_market, ...(order.price === null ? {} : { price: order.price }), ...(order.trigger === null ? {} : { trigger: order.trigger }), request_id: ctx.uid(),
  });
  if (outcome.kind === 'sent') ctx.toast({ text: orderSentence(ctx, outcome.order), level: outcome.order.state === 'REJECTED' ? 'bad' : 'good', id: outcome.order.id });
  else ctx.toast({ text: outcome.kind === 'refused' ? t('ticket.notSent', { why: errorText(outcome) }) : t('ticket.unknown'), level: 'bad' });
}

/** The order's story: every step with its two times, fills, reason. @param {Ctx} ctx @param {string} id */
export function openOrder(ctx, id) {
  const body = h('div', { class: 'stack' });
  const foot = h('div', { class: 'sheet-foot' });
  let turn = 0;

  async function draw() {
    const mine = (turn += 1);
    const order = ctx.store.state.orders.get(id);
    if (order) head(order);
    try {
      const found = await ctx.api.order(id);
      if (mine !== turn) return;
      head(found.order);
      story(found);
    } catch (error) {
      if (mine === turn) body.append(h('p', { class: 'muted' }, errorText(error)));
    }
  }

  /** @param {Order} order */
  function head(order) {
    const state = stateView(order);
    fill(body, h('p', { class: 'order-head' }, h('strong', null, orderTitle(ctx, order)), h('span', { class: `badge ${state.cls}` }, state.text), h('span', { class: `pill ${order.mode === 'LIVE' ? 'live' : 'paper'}` }, order.mode), h('span', { class: 'muted' }, ctx.store.state.session?.accounts.find((one) => one.id === order.account)?.title ?? order.account)),
      order.reason ? h('p', { class: order.state === 'UNKNOWN' ? 'note warn' : 'note' }, order.reason) : null);
    fill(foot, canTouch(order) ? [
      h('button', { type: 'button', class: 'button', on: { click: () => {
        sheet.close();
        void cancelOrder(ctx, order);
      } } }, t('order.cancel')),
      h('button', { type: 'button', class: 'primary', on: { click: () => {
        sheet.close();
        modifyOrder(ctx, order);
      } } }, t('order.modify')),
    ] : []);
    foot.hidden = !canTouch(order);
  }

  /** @param {Awaited<ReturnType<Ctx['api']['order']>>} found */
  function story({ order, steps, fills }) {
    const now = marketMs(ctx.store);
    body.append(
      h('h3', { class: 'sub-title' }, t('order.steps')),
      h('ol', { class: 'steps' }, steps.map((step) => h('li', { class: 'step' }, h('span', { class: 'step-time' }, step.at_market ? stamp(step.at_market, now) : ''),
        h('span', { class: 'step-what' }, has(step.event)), step.reason ? h('span', { class: 'step-why' }, step.reason) : null))),
      fills.length > 0 ? h('h3', { class: 'sub-title' }, t('order.fills')) : '',
      h('ol', { class: 'steps' }, fills.map((one) => h('li', { class: 'step' }, h('span', { class: 'step-time' }, stamp(one.at_market, now)),
        h('span', { class: 'step-what' }, t('order.fill', { quantity: size(one.quantity, order.unit), price: price(one.price, tickOf(ctx, order.key)) })), h('span', { class: 'step-why' }, one.execution)))),
      h('dl', { class: 'lines' }, pair(t('order.id'), order.id), pair(t('order.brokerId'), order.broker_id || DASH), pair(t('order.origin'), t(`origin.${order.origin}`)),
        pair(t('order.placed'), stamp(order.created, Date.now())), pair(t('order.reference'), price(order.reference, tickOf(ctx, order.key)))));
  }

  const off = ctx.store.on(['orders'], () => void draw());
  const sheet = ctx.sheet(t('order.sheet'), h('div', null, body, foot), { onClose: off });
  void draw();
}

/** @param {string} event */
const has = (event) => t(`step.${event}`);

/** @param {string} name @param {string} value */
const pair = (name, value) => h('div', { class: 'line' }, h('dt', null, name), h('dd', null, value));
