/**
 * What a leg is sent at: the market, or a limit of its own. A limit starts at the price it would trade at now, the ask for a
 * buy and the bid for a sell, and moves by the tick; on a price that may not be believed it is locked.
 */

import { t } from '../../format/i18n.js';
import { DASH, price } from '../../format/numbers.js';
import { h, setAttr, setText } from '../../widgets/dom.js';
import { stepper } from '../../widgets/stepper.js';
import { priceLock } from './lock.js';
import { isPrice, stepPrice, toPrice } from './orderform.js';
import { labelOf, tickOf } from './text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {{ key: string, side: 'BUY' | 'SELL', price: string | null }} PricedLeg price: limit as a decimal string; null: at the market */

/** The price a leg would trade at now; null where nothing is quoted. @param {Ctx} ctx @param {Pick<PricedLeg, 'key' | 'side'>} leg */
export function touchOf(ctx, { key, side }) {
  const quote = ctx.store.quotes.get(key);
  return (side === 'BUY' ? quote?.ask : quote?.bid) ?? quote?.ltp ?? null;
}

/**
 * @param {Ctx} ctx
 * @param {string} key
 * @param {(price: string | null) => void} onPrice
 */
export function createLegPrice(ctx, key, onPrice) {
  const name = labelOf(ctx, key);
  /** @type {PricedLeg} */
  let leg = { key, side: 'BUY', price: null };
  const kind = h('button', { type: 'button', class: 'leg-kind', on: { click() {
    if (leg.price !== null) onPrice(null);
    else {
      const at = touchOf(ctx, leg);
      if (at !== null && !priceLock(ctx, key)) onPrice(toPrice(at, tickOf(ctx, key)));
    }
  } } });
  const limit = stepper({ label: t('ticket.price'), less: t('builder.limitLess', { name }), more: t('builder.limitMore', { name }), value: '', mode: 'decimal',
    step: (value, way, big) => stepPrice(value, tickOf(ctx, key), way, big),
    onChange(value) {
      const good = isPrice(value) && Number(value) >= Number(tickOf(ctx, key));
      bad = !good;
      if (good) onPrice(toPrice(Number(value), tickOf(ctx, key)));
      draw();
    } });
  let bad = false;
  limit.el.classList.add('leg-limit');
  limit.input.setAttribute('aria-label', t('builder.limitOf', { name }));
  limit.input.addEventListener('blur', () => {
    bad = false;
    draw(); // what is kept is what is shown
  });

  function draw() {
    const why = priceLock(ctx, key);
    const set = leg.price !== null;
    const typing = document.activeElement === limit.input;
    setText(kind, t(set ? 'type.LIMIT' : 'type.MARKET'));
    setAttr(kind, 'aria-label', t(set ? 'builder.atLimit' : 'builder.atMarket', { name: labelOf(ctx, key), price: price(leg.price, tickOf(ctx, key)) }));
    kind.disabled = !set && (why !== '' || touchOf(ctx, leg) === null);
    setAttr(kind, 'title', kind.disabled ? why || t('lock.noPrice') : null);
    limit.el.hidden = !set;
    if (!set) return;
    if (!typing) limit.set(leg.price ?? '');
    limit.disable(why !== '' && !typing);
    const quote = ctx.store.quotes.get(key);
    const tick = tickOf(ctx, key);
    limit.hint(bad ? t('builder.badLimit', { tick }) : why || t('builder.touch', { bid: quote?.bid == null ? DASH : price(quote.bid, tick), ask: quote?.ask == null ? DASH : price(quote.ask, tick) }), bad);
  }

  return {
    kind,
    limit: limit.el,
    /** @param {PricedLeg} next */
    update(next) {
      leg = { key: next.key, side: next.side, price: next.price };
      draw();
    },
  };
}
