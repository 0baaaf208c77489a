/** Orders and positions of the chart's instrument as lines, and what a dragged order line does. */

import { t } from '../../format/i18n.js';
import { price as priceText, profit, toNumber } from '../../format/numbers.js';
import { decimalOf, size } from '../../format/sizes.js';
import { account, positionNow, working } from '../../store/selectors.js';
import { priceLock } from '../shared/lock.js';
import { errorText, orderSentence, sideWord, tickOf } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Order} Order */
/** @typedef {import('../../chart/types.js').PriceLine} PriceLine */
/** @typedef {import('../../chart/types.js').LineDrag} LineDrag */

/**
 * @param {Ctx} ctx
 * @param {string} key
 * @returns {PriceLine[]}
 */
export function chartLines(ctx, key) {
  const { state } = ctx.store;
  /** @type {PriceLine[]} */
  const lines = [];
  for (const position of state.positions) {
    if (position.account !== state.account || position.key !== key || position.quantity === 0) continue;
    const now = positionNow(ctx.store, position);
    if (now.average === null) continue;
    lines.push({
      id: `position:${position.product}`, price: now.average, dashed: false, tone: (now.open ?? 0) >= 0 ? 'up' : 'down',
      label: `${size(Math.abs(position.quantity), position.unit)} ${t(position.quantity > 0 ? 'chart.long' : 'chart.short')}`, detail: now.open === null ? '' : profit(now.open),
    });
  }
  for (const order of state.orders.values()) {
    if (order.account !== state.account || order.key !== key || !working(order)) continue;
    const at = linePrice(order);
    if (at === null) continue;
    lines.push({
      id: `order:${order.id}`, price: at, tone: order.state === 'UNKNOWN' ? 'warn' : order.side === 'BUY' ? 'accent' : 'down',
      label: `${sideWord(order.side)} ${size(order.quantity - order.filled, order.unit)}`, detail: order.state === 'UNKNOWN' ? t('state.UNKNOWN') : t(`type.${order.type}`),
      draggable: order.state === 'OPEN' || order.state === 'PARTIAL',
    });
  }
  return lines;
}

/** Where an order stands on the chart: its trigger while it waits for one, else its limit. @param {Order} order */
function linePrice(order) {
  return toNumber(order.trigger !== null && !order.triggered ? order.trigger : order.price);
}

/**
 * Follow a drag: words beside the finger, and the change when it is sent.
 * @param {Ctx} ctx
 * @param {LineDrag} drag
 * @returns {string | void}
 */
export function followDrag(ctx, drag) {
  const order = ctx.store.state.orders.get(drag.id.slice('order:'.length));
  if (!order) return '';
  if (drag.phase === 'move' || drag.phase === 'arm') return noteOf(ctx, order, drag.price);
  if (drag.phase === 'send') void send(ctx, order, drag.price);
  return '';
}

/** The new price, and what it would leave of an open position. @param {Ctx} ctx @param {Order} order @param {number} at */
function noteOf(ctx, order, at) {
  const text = priceText(at, tickOf(ctx, order.key));
  const against = ctx.store.state.positions.find((one) => one.account === order.account && one.key === order.key && one.product === order.product
    && one.quantity * (order.side === 'BUY' ? 1 : -1) < 0);
  const average = against ? positionNow(ctx.store, against).average : null;
  if (!against || average === null) return text;
  const closes = Math.min(Math.abs(decimalOf(against.quantity, against.unit)), decimalOf(order.quantity - order.filled, order.unit)) * Math.sign(against.quantity);
  return `${text} · ${profit((at - average) * closes)}`;
}

/**
 * Send the new price: with the tap on paper; on a live account the ticket opens with it, because live orders are sent by a slide.
 * @param {Ctx} ctx
 * @param {Order} order
 * @param {number} at
 */
async function send(ctx, order, at) {
  const text = at.toFixed(placesOfTick(tickOf(ctx, order.key)));
  const waiting = order.trigger !== null && !order.triggered;
  if (account(ctx.store)?.mode !== 'PAPER') {
    ctx.ticket({ key: order.key, modify: order, ...(waiting ? { trigger: text } : { price: text }) });
    return;
  }
  const lock = priceLock(ctx, order.key, order.after_market);
  if (lock) {
    ctx.toast({ text: t('ticket.notSent', { why: lock }), level: 'bad' });
    return;
  }
  /** @type {{ price?: string, trigger?: string, revision: number }} */
  const change = { revision: order.revision };
  if (waiting) {
    change.trigger = text;
    // a stop-limit keeps its distance, else moving the trigger could put it on the wrong side of its limit
    const [limit, trigger] = [toNumber(order.price), toNumber(order.trigger)];
    if (limit !== null && trigger !== null) change.price = (limit + (at - trigger)).toFixed(placesOfTick(tickOf(ctx, order.key)));
  } else change.price = text;
  try {
    const answer = await ctx.api.modify(order.id, change);
    ctx.toast({ text: orderSentence(ctx, answer.order), id: order.id });
  } catch (error) {
    ctx.toast({ text: t('ticket.notSent', { why: errorText(error) }), level: 'bad' });
  }
}

/** Decimals of a wire tick, "0.05" -> 2. @param {string} tick */
const placesOfTick = (tick) => (tick.includes('.') ? tick.length - tick.indexOf('.') - 1 : 0);
