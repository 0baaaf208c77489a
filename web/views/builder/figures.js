/** What the legs mean, in figures: most profit and loss, chance, breakevens, margin and what it costs, Greeks of the whole. */

import { t } from '../../format/i18n.js';
import { DASH, number, profit, rupees, signed, direction } from '../../format/numbers.js';
import { h, setAttr, setText } from '../../widgets/dom.js';
import { figure, line } from '../../widgets/parts.js';
import { breakevensText, chance, mostLoss, mostProfit, premiumText, rewardToRisk } from '../shared/payoff.js';

/** @typedef {import('../../format/strategies.js').PayoffTold} PayoffTold */
/** @typedef {import('../../payoff/types.js').ScrubAt} ScrubAt */

export function createFigures() {
  const top = { profit: figure(t('builder.maxProfit')), loss: figure(t('builder.maxLoss')), chance: figure(t('builder.chance')), margin: figure(t('builder.margin')) };
  const more = { premium: line(t('builder.premium')), breakevens: line(t('builder.breakevens')), ratio: line(t('builder.reward')), expected: line(t('builder.expected')), initial: line(t('builder.marginFirst')), benefit: line(t('builder.benefit')), charges: line(t('ticket.charges')) };
  const greeks = { delta: line(t('greek.delta')), gamma: line(t('greek.gamma')), theta: line(t('greek.thetaDay')), vega: line(t('greek.vegaPoint')) };
  const at = h('h3', { class: 'sub-title' });
  const el = h('div', { class: 'build-figures' }, h('div', { class: 'figures four' }, Object.values(top).map((one) => one.el)));
  const details = h('div', { class: 'build-details' }, h('dl', { class: 'lines' }, Object.values(more).map((one) => one.el)), h('div', null, at, h('dl', { class: 'lines' }, Object.values(greeks).map((one) => one.el))));

  return {
    el,
    details,
    /** @param {PayoffTold | null} told @param {boolean} old whether the figures are of earlier legs or a silent server */
    set(told, old) {
      setAttr(el, 'data-old', old ? 'true' : null);
      setAttr(details, 'data-old', old ? 'true' : null);
      top.profit.set(told ? mostProfit(told.outcome) : DASH, 'up');
      top.loss.set(told ? mostLoss(told.outcome) : DASH, told && (told.outcome.loss_unbounded || (told.outcome.max_loss ?? 0) < 0) ? 'down' : '');
      const smile = told?.probability.smile ?? null;
      top.chance.set(chance(smile ?? told?.probability.lognormal));
      top.margin.set(rupees(told?.margin?.final, 0));
      const premium = premiumText(told?.net_premium);
      more.premium.rename(premium.label);
      more.premium.set(premium.text);
      more.breakevens.set(told ? breakevensText(told.outcome.breakevens) : DASH);
      more.ratio.set(told ? rewardToRisk(told.outcome) : DASH);
      const expected = told?.expected.smile ?? told?.expected.lognormal;
      more.expected.set(profit(expected, 0), direction(expected == null ? expected : Math.round(expected)));
      more.initial.set(rupees(told?.margin?.initial, 0));
      more.benefit.set(rupees(told?.margin?.benefit, 0));
      more.charges.set(rupees(told?.charges.total));
    },
    /** Greeks where the finger is. @param {ScrubAt | null} read */
    scrub(read) {
      setText(at, read === null ? t('builder.greeks') : t('builder.greeksAt', { spot: number(read.spot, 0) }));
      greeks.delta.set(read ? signed(read.greeks.delta, 1) : DASH);
      greeks.gamma.set(read ? signed(read.greeks.gamma, 3) : DASH);
      greeks.theta.set(read ? profit(read.greeks.theta, 0) : DASH);
      greeks.vega.set(read ? profit(read.greeks.vega, 0) : DASH);
    },
  };
}
