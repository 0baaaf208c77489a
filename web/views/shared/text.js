/** Sentences that several pages say: what an order is, what went wrong, how old a price is. */

import { age, dayYear, hourMinute } from '../../format/dates.js';
import { has, refusal, t } from '../../format/i18n.js';
import { DASH, placesOf, price, signed, percent, direction } from '../../format/numbers.js';
import { size } from '../../format/sizes.js';
import { change, market, quoteFreshness } from '../../store/selectors.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Order} Order */
/** @typedef {import('../../format/wire.js').Problem} Problem */

/** Name of an instrument for people; its symbol until the catalogue has answered. @param {Ctx} ctx @param {string} key */
export function labelOf(ctx, key) {
  const found = ctx.store.state.instruments.get(key);
  // an index goes by the name traders use; its long name stands below
  if (found?.kind === 'INDEX') return found.symbol;
  return found?.label || key.slice(key.indexOf(':') + 1);
}

/** @param {Ctx} ctx @param {string} key */
export function subOf(ctx, key) {
  const found = ctx.store.state.instruments.get(key);
  if (!found) return ctx.store.quotes.unknown.has(key) ? t('watch.notHere') : key.slice(0, key.indexOf(':'));
  return found.kind === 'INDEX' ? found.title : found.sub || found.title || found.exchange;
}

/** Price step of an instrument. @param {Ctx} ctx @param {string} key */
export function tickOf(ctx, key) {
  const found = ctx.store.state.instruments.get(key);
  // an index is not traded: its step is no price step, two decimals are how it is quoted
  return !found || found.kind === 'INDEX' ? '0.05' : found.tick;
}

/** What one unit of quantity is. @param {Ctx} ctx @param {string} key */
export function unitOf(ctx, key) {
  return ctx.store.state.instruments.get(key)?.unit ?? '1';
}

/**
 * The last price as a price cell shows it: text, how far to believe it, and the words beside it.
 * @param {Ctx} ctx
 * @param {string} key
 * @returns {import('../../widgets/price.js').PriceView}
 */
export function priceView(ctx, key) {
  const quote = ctx.store.quotes.get(key);
  const fresh = quoteFreshness(ctx.store, key);
  const text = price(quote?.ltp, tickOf(ctx, key));
  if (fresh.level === 'none') {
    const why = ctx.store.quotes.unknown.has(key) ? t('price.unknown') : t('price.none');
    return { text: DASH, level: 'none', note: '', title: why };
  }
  if (fresh.level === 'closed') return { text, level: 'closed', note: '', title: t('price.closed', { time: hourMinute(quote?.marketMs) }) };
  if (fresh.level === 'fresh') return { text, level: 'fresh', note: '' };
  return { text, level: fresh.level, note: age(fresh.age), title: t(fresh.level === 'stale' ? 'price.stale' : 'price.ageing', { age: age(fresh.age) }) };
}

/** Change of the day as text and tone. @param {Ctx} ctx @param {string} key */
export function changeView(ctx, key) {
  const now = change(ctx.store.quotes.get(key));
  return {
    percent: percent(now.percent),
    both: now.change === null ? DASH : `${signed(now.change, placesOf(tickOf(ctx, key)))} (${percent(now.percent)})`,
    tone: direction(now.change === null ? null : Number(now.change.toFixed(4))),
  };
}

/** @param {'BUY' | 'SELL'} side */
export const sideWord = (side) => t(side === 'BUY' ? 'side.buy' : 'side.sell');

/** Price an order asks for: limit, trigger, or market. @param {Ctx} ctx @param {Order} order */
export function askedPrice(ctx, order) {
  const tick = tickOf(ctx, order.key);
  const limit = order.price === null ? t('type.MARKET') : price(order.price, tick);
  return order.trigger === null ? limit : t('order.triggerAt', { price: limit, trigger: price(order.trigger, tick) });
}

/** Buy 130 NIFTY 24400 CE at 182.30. @param {Ctx} ctx @param {Order} order */
export function orderTitle(ctx, order) {
  return t('order.title', { side: sideWord(order.side), quantity: size(order.quantity, order.unit), name: labelOf(ctx, order.key), price: askedPrice(ctx, order) });
}

/** What an order is now, in one sentence. @param {Ctx} ctx @param {Order} order */
export function orderSentence(ctx, order) {
  const what = {
    name: labelOf(ctx, order.key),
    quantity: size(order.quantity, order.unit),
    filled: size(order.filled, order.unit),
    price: price(order.average ?? order.price, tickOf(ctx, order.key)),
    title: orderTitle(ctx, order),
    reason: order.reason || t('order.noReason'),
  };
  if (order.state === 'FILLED') return t(order.side === 'BUY' ? 'order.bought' : 'order.sold', what);
  if (order.state === 'PARTIAL') return t('order.partly', what);
  return t(`order.said.${order.state}`, what);
}

/** Colour and words of a state. @param {Order} order @returns {{ text: string, cls: string }} */
export function stateView(order) {
  const waiting = order.state === 'OPEN' && order.trigger !== null && !order.triggered;
  const text = waiting ? t('state.WAITING') : t(`state.${order.state}`);
  const cls = { FILLED: 'up', REJECTED: 'down', DENIED: 'down', UNKNOWN: 'warn', SUBMITTING: 'muted', OPEN: 'accent', PARTIAL: 'accent', CANCELLED: 'muted', EXPIRED: 'muted' }[order.state];
  return { text, cls };
}

/** A problem as one sentence and its remedy. @param {Problem} problem */
export function problemText(problem) {
  const own = refusal(problem);
  if (own) return own;
  const known = `problem.${problem.code}`;
  const said = problem.detail || (has(known) ? t(known) : t('problem.app.other'));
  // some brokers' words end without a stop
  const text = problem.remedy ? `${/[.!?।…]$/.test(said) ? said : `${said}.`} ${problem.remedy}` : said;
  return problem.headroom && problem.limit && problem.code.startsWith('risk.') ? `${text} ${t('problem.room', { value: problem.value ?? DASH, limit: problem.limit, headroom: problem.headroom })}` : text;
}

/** The same for whatever was thrown. @param {unknown} error */
export function errorText(error) {
  const problem = /** @type {{ problem?: Problem }} */ (error)?.problem;
  return problem ? problemText(problem) : t('problem.app.other');
}

/** The market's name, as the strip says it. @param {Ctx} ctx @param {boolean} [short] */
export function marketName(ctx, short = false) {
  const one = market(ctx.store);
  if (!one) return t('market.none');
  if (one.kind === 'replay') return t('market.replay', { day: dayYear(one.day) });
  if (one.kind === 'live') return t(short ? 'market.live' : `market.${one.id}`);
  return t(short ? 'market.simShort' : 'market.sim');
}
