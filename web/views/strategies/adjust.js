/** Adjust a strategy: roll it on, shift its strikes, add a hedge, or change any leg. What it becomes is drawn over what it is before anything is sent. */

import { day } from '../../format/dates.js';
import { t, tn } from '../../format/i18n.js';
import { DASH, direction, price, profit, rupees, signed } from '../../format/numbers.js';
import { market } from '../../store/selectors.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { chips } from '../../widgets/parts.js';
import { breakevensText, chance, mostLoss, mostProfit, premiumText } from '../shared/payoff.js';
import { sendButton } from '../shared/confirm.js';
import { legsLock } from '../shared/legslock.js';
import { generalLock } from '../shared/lock.js';
import { errorText, labelOf, problemText, sideWord, tickOf } from '../shared/text.js';
import { createBeforeAfter } from './beforeafter.js';
import { createOwnLegs } from './ownlegs.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/strategies.js').Strategy} Strategy */
/** @typedef {import('../../format/strategies.js').Adjustment} Adjustment */

const MOST_STEPS = 40;

/** @param {Ctx} ctx @param {() => Strategy} current the strategy as it stands: its orders may still be filling */
export function openAdjust(ctx, current) {
  const strategy = current();
  /** @type {Adjustment['kind']} */
  let kind = 'shift';
  let steps = 1;
  let width = 4;
  let expiry = '';
  let sending = false;
  let fault = '';
  /** @type {import('../../format/strategies.js').AdjustPreview | null} */
  let preview = null;
  let asking = new AbortController();
  /** @type {import('../../format/strategies.js').StrategyLeg[]} */
  let openLegs = [];
  /** @type {Set<string>} */
  let chosen = new Set();

  const what = chips({ label: t('strategies.adjust'), value: kind, options: ['shift', 'roll', 'hedge', 'legs'].map((value) => ({ value, label: value === 'legs' ? t('adjust.own') : t(`adjust.${value}`) })), onChange(value) {
    kind = /** @type {Adjustment['kind']} */ (value);
    ask();
  } });
  const stepValue = h('output', { class: 'knob-value' });
  const turn = (/** @type {1 | -1} */ way) => {
    if (kind === 'hedge') width = Math.max(1, Math.min(MOST_STEPS, width + way));
    else steps = Math.max(-MOST_STEPS, Math.min(MOST_STEPS, steps + way === 0 ? steps + 2 * way : steps + way));
    ask();
  };
  const stepBox = h('div', { class: 'stepper' }, h('button', { type: 'button', class: 'stepper-button', 'aria-label': t('adjust.less'), on: { click: () => turn(-1) } }, icon('minus')), stepValue, h('button', { type: 'button', class: 'stepper-button', 'aria-label': t('adjust.more'), on: { click: () => turn(1) } }, icon('plus')));
  const until = h('select', { class: 'input', 'aria-label': t('adjust.to'), on: { change: () => {
    expiry = until.value;
    ask();
  } } });
  const legBox = h('div', { class: 'adjust-legs', role: 'group', 'aria-label': t('adjust.legs') });
  const own = createOwnLegs(ctx, strategy.underlying, { onChange: () => ask() });
  const both = createBeforeAfter();
  const order = h('ol', { class: 'send-order', 'aria-label': t('basket.order') });
  const problems = h('div', { class: 'ticket-problems', role: 'alert' });
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  const table = h('div', { class: 'compare-box' });
  const send = sendButton(ctx, () => void submit());
  const body = h('div', { class: 'stack adjust' }, what.el, stepBox, until, legBox, own.el, both.el, table, order, problems, h('div', { class: 'sheet-foot column' }, lock, send.el));

  /** What is open of it now; other legs than before are ticked anew and asked about. */
  function followLegs() {
    const now = current().legs.filter((leg) => leg.quantity !== 0);
    const same = now.length === openLegs.length && now.every((leg, i) => leg.key === openLegs[i]?.key && leg.quantity === openLegs[i]?.quantity);
    if (same) return;
    openLegs = now;
    own.from(now);
    chosen = new Set(now.map((leg) => leg.key));
    fill(legBox, now.map((leg) => {
      const box = h('input', { type: 'checkbox', checked: true, on: { change: () => {
        if (box.checked) chosen.add(leg.key);
        else chosen.delete(leg.key);
        ask();
      } } });
      return h('label', { class: 'check' }, box, labelOf(ctx, leg.key));
    }));
    ask();
  }

  /** @returns {Adjustment | null} null: nothing to ask yet */
  function request() {
    const legs = chosen.size === openLegs.length ? null : [...chosen];
    if (kind === 'hedge') return { kind, width };
    if (kind === 'legs') {
      const added = own.difference();
      return added.length === 0 ? null : { kind, legs_added: added };
    }
    if (chosen.size === 0) return null;
    if (kind === 'roll') return expiry === '' ? null : { kind, expiry, legs };
    return { kind, steps, legs };
  }

  const why = () => legsLock(ctx, preview?.orders ?? []);

  function ask() {
    draw();
    asking.abort();
    const wanted = request();
    if (wanted === null || generalLock(ctx)) {
      preview = null;
      fault = wanted !== null || kind === 'legs' ? '' : t(kind === 'roll' && expiry === '' ? 'adjust.noExpiry' : 'adjust.noLegs');
      draw();
      return;
    }
    const mine = (asking = new AbortController());
    ctx.api.previewAdjust(strategy.id, wanted, mine.signal).then((answer) => {
      if (mine.signal.aborted) return;
      preview = answer;
      fault = '';
      ctx.watch('adjust', answer.orders.map((one) => one.key));
      ctx.ensure(answer.orders.map((one) => one.key));
      draw();
    }, (error) => {
      if (mine.signal.aborted) return;
      preview = null;
      fault = errorText(error);
      draw();
    });
  }

  async function submit() {
    const wanted = request();
    if (sending || wanted === null || preview === null || why()) return;
    sending = true;
    draw();
    try {
      await ctx.api.adjustStrategy(strategy.id, { ...wanted, type: 'MARKET', on_failure: 'stop' });
      void ctx.load('strategies', 'baskets', 'orders', 'positions');
      ctx.toast({ text: tn('adjust.sent', preview.orders.length, { name: strategy.name }), level: 'good' });
      sheet.close();
    } catch (error) {
      fault = t('ticket.notSent', { why: errorText(error) });
    } finally {
      sending = false;
      draw();
    }
  }

  function draw() {
    stepBox.hidden = kind === 'roll' || kind === 'legs';
    until.hidden = kind !== 'roll';
    legBox.hidden = kind === 'hedge' || kind === 'legs';
    own.show(kind === 'legs');
    setText(stepValue, kind === 'hedge' ? tn('adjust.wings', width) : tn(steps > 0 ? 'adjust.up' : 'adjust.down', Math.abs(steps)));
    both.set(preview?.before ?? null, preview?.after ?? null);
    table.hidden = preview === null;
    order.hidden = preview === null;
    if (preview !== null) {
      const { before, after } = preview;
      const cost = premiumText(preview.cost);
      const limits = new Set(kind === 'legs' ? own.difference().filter((leg) => leg.price).map((leg) => leg.key) : []);
      /** @type {[string, string, string][]} */
      const rows = [
        [t('builder.maxProfit'), mostProfit(before.outcome), mostProfit(after.outcome)], [t('builder.maxLoss'), mostLoss(before.outcome), mostLoss(after.outcome)], [t('builder.chance'), chance(before.probability?.smile ?? before.probability?.lognormal), chance(after.probability?.smile ?? after.probability?.lognormal)],
        [t('builder.breakevens'), breakevensText(before.outcome.breakevens), breakevensText(after.outcome.breakevens)], [t('greek.delta'), signed(before.greeks.delta, 1), signed(after.greeks.delta, 1)], [t('greek.thetaDay'), profit(before.greeks.theta, 0), profit(after.greeks.theta, 0)],
        [cost.label, DASH, cost.text], [t('adjust.margin'), DASH, rupees(preview.margin?.final, 0)], [t('ticket.charges'), DASH, rupees(preview.charges)],
      ];
      fill(table, h('table', { class: 'compare' }, h('thead', null, h('tr', null, h('td', null), h('th', { scope: 'col' }, t('adjust.before')), h('th', { scope: 'col' }, t('adjust.after')))), h('tbody', null, rows.map(([name, was, is]) => h('tr', null, h('th', { scope: 'row' }, name), h('td', { class: 'muted' }, was), h('td', { class: name === t('greek.thetaDay') ? direction(after.greeks.theta) : '' }, is))))));
      fill(order, preview.orders.map((one) => h('li', null, h('span', { class: `send-side ${one.side === 'BUY' ? 'buy' : 'sell'}` }, sideWord(one.side)), h('span', { class: 'grow' }, h('strong', null, labelOf(ctx, one.key)), ' ', h('span', { class: 'muted' }, tn('builder.lotCount', one.lots), ' · ', t(one.closes ? 'adjust.closes' : 'adjust.opens'))), h('span', { class: 'muted' }, t(limits.has(one.key) ? 'builder.limitAt' : 'builder.about', { price: price(one.price, tickOf(ctx, one.key)) })))));
    }
    fill(problems, [fault, ...(preview?.problems ?? []).map(problemText)].filter(Boolean).map((text) => h('p', null, text)));
    const reason = preview === null ? generalLock(ctx) : why();
    setText(lock, reason);
    lock.hidden = reason === '';
    const count = preview?.orders.length ?? 0;
    send.set({ text: sending ? t('ticket.sending') : count === 0 ? t('adjust.nothing') : tn('adjust.send', count), off: sending || preview === null || count === 0 || reason !== '' });
  }

  async function readExpiries() {
    const id = market(ctx.store)?.id;
    if (id === undefined) return;
    try {
      const chain = await ctx.api.chain(strategy.underlying, { market: id, strikes: 1 });
      const held = openLegs.map((leg) => ctx.store.state.instruments.get(leg.key)?.expiry ?? '').sort();
      const later = chain.expiries.map((one) => one.date).filter((date) => date > (held[held.length - 1] ?? ''));
      fill(until, later.map((date) => h('option', { value: date }, day(date))));
      expiry = later[0] ?? '';
    } catch {
      fill(until); // asking to roll then says that there is no later expiry
    }
  }

  const off = ctx.store.on(['clock', 'link', 'kill', 'instruments'], () => {
    const reason = preview === null ? generalLock(ctx) : why();
    setText(lock, reason);
    lock.hidden = reason === '';
    if (!sending && preview !== null) send.set({ text: tn('adjust.send', preview.orders.length), off: preview.orders.length === 0 || reason !== '' });
  });
  const offLegs = ctx.store.on(['strategies'], followLegs);
  const offNames = ctx.store.on(['instruments'], draw); // the names of contracts it has just learnt of
  const sheet = ctx.sheet(t('adjust.title', { name: strategy.name }), body, { wide: true, onClose() {
    off();
    offLegs();
    offNames();
    asking.abort();
    own.destroy();
    ctx.watch('adjust', []);
  } });
  void readExpiries();
  followLegs();
}
