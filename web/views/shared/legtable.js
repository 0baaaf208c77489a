/** The legs: side, strike, expiry, lots and limit of each, changed by the thumb; price, volatility and delta beside them. */

import { day } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, number, price, signed } from '../../format/numbers.js';
import { MOST_LOTS } from '../../store/tray.js';
import { h, icon, setAttr, setClass, setText, fill } from '../../widgets/dom.js';
import { createList } from '../../widgets/list.js';
import { stepper } from '../../widgets/stepper.js';
import { volatility } from './payoff.js';
import { createLegPrice } from './legprice.js';
import { labelOf, tickOf } from './text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../store/tray.js').TrayLeg} TrayLeg */
/** @typedef {{ expiry: string, strike: number, right: 'CE' | 'PE' }} Place */
/** @typedef {{ leg: TrayLeg, place: Place | null, priced: Pick<import('../../format/strategies.js').PricedLeg, 'kind' | 'price' | 'iv' | 'delta' | 'quantity'> | null, expiries: string[] }} Row */

/**
 * @param {Ctx} ctx
 * @param {{ onSide: (key: string) => void, onLots: (key: string, lots: number) => void, onStrike: (key: string, way: 1 | -1) => void, onRight: (key: string) => void, onExpiry: (key: string, expiry: string) => void,
 *   onPrice: (key: string, price: string | null) => void, onDrop: (key: string) => void }} on
 */
export function createLegTable(ctx, on) {
  const el = h('div', { class: 'build-legs', role: 'list', 'aria-label': t('builder.legs') });

  /** @param {Row} first @returns {import('../../widgets/list.js').Row<Row>} */
  function make(first) {
    const { key } = first.leg;
    const name = labelOf(ctx, key);
    const side = h('button', { type: 'button', class: 'side-button', on: { click: () => on.onSide(key) } });
    const right = h('button', { type: 'button', class: 'leg-right', title: t('builder.turnRight'), on: { click: () => on.onRight(key) } });
    const strike = h('b', { class: 'leg-strike' });
    const less = h('button', { type: 'button', class: 'stepper-button', 'aria-label': t('builder.strikeDown', { name }), on: { click: () => on.onStrike(key, -1) } }, icon('minus'));
    const more = h('button', { type: 'button', class: 'stepper-button', 'aria-label': t('builder.strikeUp', { name }), on: { click: () => on.onStrike(key, 1) } }, icon('plus'));
    const strikes = h('div', { class: 'stepper leg-strikes', role: 'group', 'aria-label': t('builder.strikeOf', { name }) }, less, strike, more);
    const plain = h('strong', { class: 'leg-plain' });
    const expiry = h('select', { class: 'leg-expiry', 'aria-label': t('builder.expiryOf', { name }), on: { change: () => on.onExpiry(key, expiry.value) } });
    const lots = stepper({ label: t('builder.lots'), less: t('builder.lotsLess', { name }), more: t('builder.lotsMore', { name }), value: String(first.leg.lots), mode: 'numeric',
      step: (value, way, big) => String(Math.max(1, Math.min(MOST_LOTS, (Number(value) || 0) + way * (big ? 10 : 1)))),
      onChange(value) {
        const count = Number(value);
        const good = Number.isInteger(count) && count >= 1 && count <= MOST_LOTS;
        lots.hint(good ? '' : t('builder.badLots', { most: MOST_LOTS }), !good);
        if (good) on.onLots(key, count);
      } });
    lots.input.setAttribute('aria-label', t('basket.lotsOf', { name }));
    const priced_ = createLegPrice(ctx, key, (limit) => on.onPrice(key, limit));
    const figures = h('span', { class: 'leg-figures' });
    const drop = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('watch.remove', { name }), on: { click: () => on.onDrop(key) } }, icon('close'));
    const row = h('div', { class: 'build-leg', role: 'listitem' }, side, h('div', { class: 'leg-what' }, strikes, plain, right), expiry, priced_.kind, lots.el, drop, figures, priced_.limit);
    let drawn = '';
    return {
      el: row,
      update({ leg, place, priced, expiries }) {
        const bought = leg.side === 'BUY';
        setText(side, t(bought ? 'side.buy' : 'side.sell'));
        setClass(side, `side-button ${bought ? 'buy' : 'sell'}`);
        setAttr(side, 'aria-label', t(bought ? 'builder.bought' : 'builder.sold', { name: labelOf(ctx, key) }));
        strikes.hidden = right.hidden = expiry.hidden = place === null;
        plain.hidden = place !== null;
        setText(plain, labelOf(ctx, key));
        if (place !== null) {
          setText(strike, number(place.strike, Number.isInteger(place.strike) ? 0 : 2));
          setText(right, place.right);
          setAttr(right, 'aria-label', t(place.right === 'CE' ? 'builder.call' : 'builder.put', { name: labelOf(ctx, key) }));
          const shape = expiries.join();
          if (shape !== drawn) {
            drawn = shape;
            fill(expiry, expiries.map((one) => h('option', { value: one }, day(one))));
          }
          if (expiry.value !== place.expiry) expiry.value = place.expiry;
        }
        if (document.activeElement !== lots.input) lots.set(String(leg.lots));
        priced_.update(leg);
        const entry = priced === null ? DASH : price(leg.price ?? priced.price, tickOf(ctx, key));
        setText(figures, priced === null || priced.kind !== 'OPTION' ? entry : t('builder.legFigures', { price: entry, iv: volatility(priced.iv), delta: priced.delta === null ? DASH : signed(priced.delta / priced.quantity, 2) }));
        setClass(figures, `leg-figures ${priced === null ? 'muted' : ''}`.trim());
      },
    };
  }

  const list = createList(el, { key: (/** @type {Row} */ row) => row.leg.key, make });
  return {
    el,
    /** @param {Row[]} rows */
    update: (rows) => list.update(rows),
    destroy: list.destroy,
  };
}
