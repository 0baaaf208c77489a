/** Why nothing may be sent now, in words; empty when it may. The ticket, the basket and the exit sheet ask the same question. */

import { age, hourMinute } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { linkLost, closed } from '../../store/freshness.js';
import { account, market, quoteFreshness } from '../../store/selectors.js';

/**
 * Reasons that hold for every order.
 * @param {import('../context.js').Ctx} ctx
 */
export function generalLock(ctx) {
  const { state, now } = { state: ctx.store.state, now: ctx.store.now() };
  if (state.restored !== null) return t('lock.restored');
  if (linkLost(state.link, now)) return t('lock.down');
  if (!account(ctx.store)) return t('lock.account');
  if (state.kill.engaged) return t('lock.kill', { reason: state.kill.reason || t('lock.noReason') });
  return '';
}

/**
 * Reasons for one instrument, the general ones first.
 * @param {import('../context.js').Ctx} ctx
 * @param {string} key
 * @param {boolean} [afterMarket] an after-market order needs no fresh price
 */
export function priceLock(ctx, key, afterMarket = false) {
  const general = generalLock(ctx);
  if (general) return general;
  const instrument = ctx.store.state.instruments.get(key);
  if (instrument?.barred) return instrument.barred;
  if (instrument && !instrument.tradable) return t('lock.index', { name: instrument.label });
  if (ctx.store.quotes.unknown.has(key)) return t('price.unknown');
  const fresh = quoteFreshness(ctx.store, key);
  if (afterMarket) return '';
  const one = market(ctx.store);
  if (fresh.level === 'closed' || closed(one?.phase)) return t('lock.closed', { time: hourMinute(ctx.store.quotes.get(key)?.marketMs) });
  if (fresh.level === 'none') return t('lock.noPrice');
  if (fresh.level === 'stale') return t(fresh.cause === 'paused' ? 'lock.paused' : 'lock.stale', { age: age(fresh.age) });
  return '';
}
