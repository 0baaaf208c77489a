/** What builder and strategies say and draw alike: the server's answer as the payoff wants it, figures in words, names. */

import { day, dayYear } from '../../format/dates.js';
import { has, t } from '../../format/i18n.js';
import { compactRupees, DASH, number, profit, rupees, toNumber } from '../../format/numbers.js';

/** @typedef {import('../../format/strategies.js').PayoffTold} PayoffTold */
/** @typedef {import('../../format/strategies.js').OutcomeTold} OutcomeTold */
/** @typedef {import('../../payoff/types.js').PayoffLeg} PayoffLeg */
/** @typedef {import('../../payoff/types.js').Setting} Setting */

const YEAR = 300; // days beyond which a date needs its year
const LARGE = 1e6; // rupees beyond which the short form is used

/** A profit that may be large. @param {number} amount */
const short = (amount) => (Math.abs(amount) < LARGE ? profit(amount, 0) : `${amount > 0 ? '+' : ''}${compactRupees(Math.round(amount))}`);

/** Legs as the payoff chart takes them. @param {PayoffTold} told @returns {PayoffLeg[]} */
export function payoffLegs(told) {
  return told.legs.map((leg) => ({ key: leg.key, kind: leg.kind, units: leg.quantity, price: Number(leg.price), strike: Number(leg.strike ?? 0), call: leg.right === 'CE', expiry: leg.kind === 'EQUITY' ? '' : (leg.expiry ?? ''), sigma: leg.iv ?? Number.NaN }));
}

/** The market the server valued them in. @param {PayoffTold} told @returns {Setting} */
export function settingOf(told) {
  /** @type {Record<string, import('../../payoff/types.js').Term>} */
  const terms = {};
  for (const { expiry, years, forward, rate } of told.terms ?? []) terms[expiry] = { years, forward, rate };
  const ivs = told.legs.map((leg) => leg.iv).filter((iv) => iv !== null);
  const mean = ivs.length > 0 ? ivs.reduce((sum, iv) => sum + iv, 0) / ivs.length : 0;
  return { spot: told.spot, terms, sigma: told.sigma ?? mean };
}

/** Name of a strategy by its template; for legs that follow none, how many there are. @param {string | null | undefined} key @param {number} [legs] */
export function strategyName(key, legs = 0) {
  return key && has(`strategy.${key}`) ? t(`strategy.${key}`) : t('builder.custom', { n: legs });
}

/** Most that can be won. @param {OutcomeTold} outcome */
export const mostProfit = (outcome) => (outcome.profit_unbounded || outcome.max_profit === null ? t('builder.unlimited') : short(outcome.max_profit));

/** Most that can be lost. @param {OutcomeTold} outcome */
export function mostLoss(outcome) {
  if (outcome.loss_unbounded || outcome.max_loss === null) return t('builder.unlimited');
  return outcome.max_loss >= 0 ? t('builder.noLoss') : short(outcome.max_loss);
}

/** Reward for each rupee at risk. @param {OutcomeTold} outcome */
export const rewardToRisk = (outcome) => (outcome.reward_to_risk === null ? DASH : t('builder.ratio', { n: number(outcome.reward_to_risk, 2) }));

/** @param {readonly number[]} points */
export const breakevensText = (points) => (points.length === 0 ? t('builder.none') : points.map((at) => number(at, 0)).join(' · '));

/** A share as a chance: 68%. @param {number | null | undefined} share */
export const chance = (share) => (typeof share !== 'number' || !Number.isFinite(share) ? DASH : `${number(share * 100, 0)}%`);

/** Volatility: 13.4%. @param {number | null | undefined} iv */
export const volatility = (iv) => (iv === null || iv === undefined ? DASH : `${number(iv * 100, 1)}%`);

/** What entering costs or brings. @param {string | number | null | undefined} premium above zero is paid */
export function premiumText(premium) {
  const amount = toNumber(premium);
  if (amount === null) return { text: DASH, label: t('builder.premium'), tone: '' };
  return { text: rupees(Math.abs(amount), 0), label: t(amount > 0 ? 'builder.pay' : amount < 0 ? 'builder.receive' : 'builder.premium'), tone: '' };
}

/** Words for the payoff chart. @param {string} name of the underlying @param {string} dateWord */
export function payoffWords(name, dateWord) {
  return { label: t('payoff.label'), keys: t('payoff.keys'), now: t('payoff.now'), expiry: t('payoff.expiry'), spot: name, date: dateWord, atExpiry: t('payoff.atExpiry'), delta: t('greek.delta'), gamma: t('greek.gamma'), theta: t('greek.theta'), vega: t('greek.vega'), empty: t('payoff.empty') };
}

/** An expiry with the days to it: 24 Nov · 4 d. @param {string} date @param {number | null | undefined} days */
export const expiryText = (date, days) => (days === null || days === undefined ? day(date) : t('builder.expiry', { day: days > YEAR ? dayYear(date) : day(date), n: number(Math.max(0, Math.floor(days)), 0) }));

/** Shape of a template as its thumbnail wants it. @param {Pick<import('../../format/strategies.js').TemplateTold, 'legs'>} template */
export const shapeOfTemplate = (template) => template.legs.map((leg) => ({ side: leg.side, kind: leg.kind, right: leg.right, lots: leg.lots, expiry: leg.expiry, strike: leg.steps ?? 0 }));

/** A strategy's state in words. @param {import('../../format/strategies.js').StrategyState} state */
export const stateText = (state) => t(`strategyState.${state}`);
