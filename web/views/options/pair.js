/** Sell, buy and details of one contract, laid over its side of the row in the chain. */

import { t } from '../../format/i18n.js';
import { price } from '../../format/numbers.js';
import { h, icon, setAttr, setText } from '../../widgets/dom.js';
import { labelOf, tickOf } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */

const MOST_PX = 240;

/**
 * @param {Ctx} ctx
 * @param {{ onPick: (contract: string, side: 'BUY' | 'SELL') => void }} on
 */
export function createPair(ctx, { onPick }) {
  let contract = '';
  const sell = h('button', { type: 'button', class: 'pair-button sell', on: { click: () => onPick(contract, 'SELL') } });
  const buy = h('button', { type: 'button', class: 'pair-button buy', on: { click: () => onPick(contract, 'BUY') } });
  const open = h('button', { type: 'button', class: 'pair-button', 'aria-label': t('chain.details'), on: { click: () => ctx.detail(contract) } }, icon('info'));
  const el = h('div', { class: 'pair', role: 'group', hidden: true }, sell, buy, open);

  /** The prices a sale and a purchase would trade at now. */
  function prices() {
    if (contract === '') return;
    const quote = ctx.store.quotes.get(contract);
    const tick = tickOf(ctx, contract);
    setAttr(el, 'aria-label', labelOf(ctx, contract));
    setText(sell, t('chain.sellAt', { price: price(quote?.bid, tick) }));
    setText(buy, t('chain.buyAt', { price: price(quote?.ask, tick) }));
  }

  return {
    el,
    prices,
    shown: () => contract !== '',
    key: () => contract,
    hide() {
      if (contract === '') return;
      contract = '';
      el.hidden = true;
    },
    /**
     * @param {string} which contract
     * @param {{ top: number, side: 0 | 1, width: number, strike: number }} place CSS px: of the row, of the grid, of the strike's column
     */
    show(which, { top, side, width, strike }) {
      contract = which;
      prices();
      const half = (width - strike) / 2;
      const wide = Math.min(half, MOST_PX);
      el.style.insetBlockStart = `${top}px`;
      el.style.insetInlineStart = `${side === 0 ? half - wide : half + strike}px`;
      el.style.inlineSize = `${wide}px`;
      el.hidden = false;
    },
  };
}
