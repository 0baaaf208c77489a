/** One strategy: its profit and Greeks now, the payoff of what is open, premium through its days, guards, legs, and what can be done. */

import { stamp } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, direction, held, number, percent, price, profit, rupees, signed } from '../../format/numbers.js';
import { linkLost } from '../../store/freshness.js';
import { market } from '../../store/selectors.js';
import { setLegs } from '../../store/tray.js';
import { createPayoff, readTheme } from '../../payoff/index.js';
import { fill, h, icon, setAttr, setText } from '../../widgets/dom.js';
import { figure, line, tabs } from '../../widgets/parts.js';
import { createTable } from '../../widgets/table.js';
import { payoffLegs, payoffWords, premiumText, settingOf, stateText, strategyName } from '../shared/payoff.js';
import { labelOf, sideWord, tickOf } from '../shared/text.js';
import { watchTheme } from '../shared/theme.js';
import { openAdjust } from './adjust.js';
import { openClose } from './close.js';
import { openGuard } from './guard.js';
import { createTrend } from './trend.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/strategies.js').StrategyNow} StrategyNow */
/** @typedef {import('../../format/strategies.js').StrategyLeg} StrategyLeg */

const SERIES_MS = 20_000;
const PAYOFF_MS = 5000;
const PANES = ['payoff', 'trend', 'legs', 'results'];

/**
 * @param {Ctx} ctx
 * @param {StrategyNow} first
 * @param {{ onBack: () => void }} on
 */
export function createDetail(ctx, first, { onBack }) {
  const { id } = first.strategy;
  let now = first;
  let pane = 'payoff';
  let gone = false;
  let payoffAt = -Infinity;
  let seriesAt = -Infinity;
  let payoffShape = '';
  let asking = new AbortController();

  const title = h('h2', { class: 'strategy-title' });
  const sub = h('p', { class: 'muted strategy-sub' });
  const back = h('button', { type: 'button', class: 'icon-button strategy-back', 'aria-label': t('strategies.back'), on: { click: onBack } }, icon('close'));
  const top = { pnl: figure(t('col.pnl'), { big: true }), premium: figure(t('builder.premium')), profit: figure(t('builder.maxProfit')), loss: figure(t('builder.maxLoss')), days: figure(t('strategies.daysLeft')) };
  const greeks = { delta: figure(t('greek.delta')), gamma: figure(t('greek.gamma')), theta: figure(t('greek.thetaDay')), vega: figure(t('greek.vegaPoint')), iv: figure(t('builder.iv')) };
  const guard = h('p', { class: 'note', role: 'status' });
  const alerts = h('ul', { class: 'strategy-alerts', 'aria-label': t('strategies.alerts') });
  const acts = h('div', { class: 'strategy-acts' });
  const bar = tabs({ label: t('strategies.parts'), value: pane, tabs: PANES.map((one) => ({ id: one, label: t(`strategies.pane.${one}`) })), onChange: show });
  const canvas = h('div', { class: 'strategy-canvas' });
  const payoff = createPayoff(canvas, { theme: readTheme(document.body), words: { ...payoffWords('', t('payoff.now')), empty: t('strategies.noneOpen') }, readOnly: true });
  const worth = createTrend({ label: t('col.pnl'), text: (value) => profit(value, 0), zero: true, empty: t('strategies.noSeries') });
  const premium = createTrend({ label: t('strategies.premiumNow'), text: (value) => rupees(value, 0), empty: t('strategies.noSeries') });
  const legs = createTable({
    label: t('builder.legs'),
    key: (/** @type {StrategyLeg} */ leg) => `${leg.key}|${leg.product}`,
    rowClass: (leg) => (leg.quantity === 0 ? 'flat' : ''),
    columns: [
      { id: 'name', label: t('col.instrument'), width: 'minmax(110px, 1.8fr)', cell: (leg) => ({ text: labelOf(ctx, leg.key), cls: 'strong' }), place: 'title' },
      { id: 'qty', label: t('col.qty'), num: true, width: 'minmax(52px, .8fr)', cell: (leg) => ({ text: leg.quantity === 0 ? (leg.planned !== 0 && now.strategy.state === 'DRAFT' ? held(leg.planned) : t('position.flat')) : held(leg.quantity), cls: leg.quantity < 0 ? 'down' : '' }), place: 'sub' },
      { id: 'entry', label: t('strategies.entry'), num: true, cell: (leg) => price(leg.entry, tickOf(ctx, leg.key)), place: 'sub' },
      { id: 'ltp', label: t('col.ltp'), num: true, cell: (leg) => ({ text: price(ctx.store.quotes.get(leg.key)?.ltp ?? now.live?.prices[leg.key]?.ltp, tickOf(ctx, leg.key)), cls: now.live?.prices[leg.key]?.stale ? 'dull' : '' }), place: 'note' },
      { id: 'pnl', label: t('col.pnl'), num: true, width: 'minmax(80px, 1fr)', cell(leg) {
        const value = legProfit(leg);
        return { text: profit(value, 0), cls: `strong ${direction(value)}` };
      }, place: 'main' },
    ],
    onOpen: (leg) => ctx.detail(leg.key),
  });
  const results = h('div', { class: 'stack' });
  const panes = /** @type {Record<string, HTMLElement>} */ ({ payoff: h('div', { role: 'tabpanel' }, canvas), trend: h('div', { role: 'tabpanel', class: 'stack' }, worth.el, premium.el), legs: h('div', { role: 'tabpanel', class: 'panel' }, legs.el), results: h('div', { role: 'tabpanel' }, results) });
  const el = h('article', { class: 'strategy stack' }, h('header', { class: 'strategy-head' }, h('div', { class: 'grow' }, title, sub), back), guard,
    h('div', { class: 'figures' }, Object.values(top).map((one) => one.el)), h('div', { class: 'figures' }, Object.values(greeks).map((one) => one.el)), acts, alerts, bar.el, Object.values(panes));

  const old = () => ctx.store.state.restored !== null || linkLost(ctx.store.state.link, ctx.store.now()) || now.live?.stale === true;
  const open = () => now.strategy.legs.filter((leg) => leg.quantity !== 0);

  /** @param {StrategyLeg} leg */
  function legProfit(leg) {
    const last = ctx.store.quotes.get(leg.key)?.ltp ?? (now.live?.prices[leg.key]?.ltp ? Number(now.live.prices[leg.key]?.ltp) : null);
    if (leg.quantity === 0) return Number(leg.realised);
    if (last === null || leg.entry === null) return null;
    return Number(leg.realised) + leg.quantity * (last - Number(leg.entry));
  }

  /** @param {string} which */
  function show(which) {
    pane = which;
    for (const [one, box] of Object.entries(panes)) box.hidden = one !== which;
    if (which === 'trend') void readSeries();
    if (which === 'results') void readResults();
  }

  async function readPayoff() {
    const id_ = market(ctx.store)?.id;
    const shape = open().map((leg) => `${leg.key}${leg.quantity}${leg.entry}`).join();
    if (gone || id_ === undefined || old() || (shape === payoffShape && ctx.store.now() - payoffAt < PAYOFF_MS)) return;
    payoffAt = ctx.store.now();
    payoffShape = shape;
    if (shape === '') {
      payoff.set([], { spot: 1, terms: {}, sigma: 0 });
      return;
    }
    asking.abort();
    const turn = (asking = new AbortController());
    try {
      const told = await ctx.api.payoff({ market: id_, legs: open().map((leg) => ({ key: leg.key, side: leg.quantity > 0 ? 'BUY' : 'SELL', lots: lotsOf(leg), price: leg.entry })) }, turn.signal);
      if (turn.signal.aborted || gone) return;
      // the units are those held, whatever the lots were
      const units = new Map(open().map((leg) => [leg.key, leg.quantity]));
      payoff.setName(told.name);
      payoff.set(payoffLegs(told).map((leg) => ({ ...leg, units: units.get(leg.key) ?? leg.units })), settingOf(told));
    } catch {
      payoffShape = ''; // tried again with the next figures; what is drawn keeps standing
    }
  }

  /** @param {StrategyLeg} leg */
  const lotsOf = (leg) => Math.max(1, Math.round(Math.abs(leg.quantity) / (ctx.store.state.instruments.get(leg.key)?.lot ?? Math.abs(leg.quantity))));

  async function readSeries() {
    if (gone || old() || ctx.store.now() - seriesAt < SERIES_MS) return;
    seriesAt = ctx.store.now();
    try {
      const series = await ctx.api.strategySeries(id);
      worth.set(series.t, series.profit);
      premium.set(series.t, series.premium);
    } catch {
      seriesAt = -Infinity;
    }
  }

  async function readResults() {
    try {
      const told = await ctx.api.strategyPerformance(id);
      const rows = [[t('strategies.net'), profit(told.net, 0)], [t('pnl.realised'), profit(told.realised, 0)], [t('pnl.open'), profit(told.open, 0)], [t('pnl.charges'), rupees(told.charges)], [t('strategies.best'), profit(told.best, 0)], [t('strategies.worst'), profit(told.worst, 0)],
        [t('strategies.drawdown'), profit(told.drawdown, 0)], [t('strategies.held'), told.days_held === null ? DASH : t('builder.inDays', { n: number(told.days_held, 1) })], [t('builder.margin'), rupees(told.margin, 0)], [t('strategies.onMargin'), percent(told.return_on_margin === null ? null : told.return_on_margin * 100, 2)]];
      const parts = told.attribution;
      fill(results, h('dl', { class: 'lines' }, rows.map(([name, value]) => lineOf(name ?? '', value ?? ''))),
        parts ? h('section', { 'aria-label': t('strategies.attribution') }, h('h3', { class: 'sub-title' }, t('strategies.attribution')), h('dl', { class: 'lines' }, /** @type {const} */ (['delta', 'gamma', 'theta', 'vega', 'rest']).map((name) => lineOf(name === 'rest' ? t('strategies.rest') : t(`greek.${name}`), profit(parts[name], 0), direction(parts[name]))))) : null,
        told.trades.length ? h('section', { 'aria-label': t('orders.trades') }, h('h3', { class: 'sub-title' }, t('orders.trades')), h('ul', { class: 'plain' }, told.trades.map((one) => h('li', null, `${stamp(one.at)} · ${sideWord(one.side)} ${number(one.quantity, 0)} ${labelOf(ctx, one.key)} · ${price(one.price, tickOf(ctx, one.key))}`)))) : null);
    } catch (error) {
      ctx.problem(error);
    }
  }

  function drawActs() {
    const { state } = now.strategy;
    const shape = `${state}|${open().length}`;
    if (acts.getAttribute('data-shape') === shape) return;
    acts.setAttribute('data-shape', shape);
    const button = (/** @type {string} */ label, /** @type {string} */ symbol, /** @type {() => void} */ run, cls = 'button') => h('button', { type: 'button', class: cls, on: { click: run } }, icon(symbol), label);
    const active = state === 'ACTIVE' || state === 'PENDING';
    fill(acts, active && open().length > 0 ? [button(t('strategies.adjust'), 'sliders', () => openAdjust(ctx, () => now.strategy)), button(t('strategies.guards'), 'clock', () => openGuard(ctx, now.strategy)), button(t('strategies.close'), 'close', () => openClose(ctx, () => now), 'button down')] : null,
      state === 'DRAFT' ? button(t('strategies.edit'), 'builder', edit) : null,
      button(t(active ? 'strategies.ungroup' : 'strategies.remove'), 'trash', remove, 'button quiet'));
  }

  function edit() {
    const { strategy } = now;
    ctx.ensure(strategy.legs.map((leg) => leg.key));
    const legs_ = strategy.legs.filter((leg) => leg.planned !== 0).map((leg) => ({ key: leg.key, side: /** @type {'BUY' | 'SELL'} */ (leg.planned > 0 ? 'BUY' : 'SELL'), lots: Math.max(1, Math.round(Math.abs(leg.planned) / (ctx.store.state.instruments.get(leg.key)?.lot ?? Math.abs(leg.planned)))), price: leg.price }));
    setLegs(ctx.store, strategy.underlying, legs_);
    ctx.go('builder');
  }

  function remove() {
    const { strategy } = now;
    const words = strategy.state === 'DRAFT' ? 'strategies.removeDraft' : strategy.state === 'ACTIVE' || strategy.state === 'PENDING' ? 'strategies.ungroupHelp' : 'strategies.removeHelp';
    const sheet = ctx.sheet(strategy.name, h('div', { class: 'stack' }, h('p', null, t(words)), h('div', { class: 'sheet-foot' }, h('button', { type: 'button', class: 'primary sell', on: { click: async () => {
      sheet.close();
      try {
        await ctx.api.dropStrategy(id);
        await ctx.load('strategies');
        onBack();
      } catch (error) {
        ctx.problem(error);
      }
    } } }, t(strategy.state === 'ACTIVE' || strategy.state === 'PENDING' ? 'strategies.ungroup' : 'strategies.remove')))));
  }

  function draw() {
    const { strategy, live } = now;
    setText(title, strategy.name || strategyName(strategy.template, strategy.legs.length));
    setText(sub, [stateText(strategy.state), strategyName(strategy.template, strategy.legs.length), t(`origin.strategy.${strategy.origin}`), stamp(strategy.opened ?? strategy.created)].join(' · '));
    const done = strategy.state === 'CLOSED' || strategy.state === 'EXPIRED';
    const value = live?.profit ?? (done ? strategy.realised : null);
    top.pnl.set(profit(value, 0), old() ? 'dull' : direction(value), live?.net ? t('strategies.netOf', { net: profit(live.net, 0) }) : '');
    const paid = premiumText(strategy.premium);
    top.premium.set(paid.text, '', paid.label);
    top.profit.set(strategy.profit_unbounded || strategy.max_profit === null ? (strategy.profit_unbounded ? t('builder.unlimited') : DASH) : profit(strategy.max_profit, 0));
    top.loss.set(strategy.loss_unbounded || strategy.max_loss === null ? (strategy.loss_unbounded ? t('builder.unlimited') : DASH) : profit(strategy.max_loss, 0));
    top.days.set(live?.days_left === null || live?.days_left === undefined ? DASH : number(live.days_left, 1));
    greeks.delta.set(signed(live?.delta, 1));
    greeks.gamma.set(signed(live?.gamma, 3));
    greeks.theta.set(profit(live?.theta, 0));
    greeks.vega.set(profit(live?.vega, 0));
    greeks.iv.set(live?.iv === null || live?.iv === undefined ? DASH : `${number(live.iv * 100, 1)}%`);
    for (const one of Object.values(greeks)) one.el.hidden = done || strategy.state === 'DRAFT';
    top.days.el.hidden = done;
    const bounds = [strategy.stop ? t('strategies.stopAt', { amount: profit(strategy.stop, 0) }) : '', strategy.target ? t('strategies.targetAt', { amount: profit(strategy.target, 0) }) : ''].filter(Boolean).join(' · ');
    const said = strategy.guard === 'OFF' ? '' : [t(`guard.${strategy.guard}`), bounds, strategy.guard_reason || live?.guard_wait || ''].filter(Boolean).join(' · ');
    setText(guard, [said, strategy.state === 'PENDING' ? t('strategies.pending') : '', strategy.reason].filter(Boolean).join(' '));
    guard.hidden = guard.textContent === '';
    setAttr(guard, 'class', `note ${strategy.guard === 'FAILED' || strategy.reason ? 'warn' : ''}`.trim());
    const list = strategy.alerts.map((one) => `${one.text || t(`alert.${one.kind}`, { value: number(one.value, 2) })}${one.fired ? ` · ${t('strategies.fired')}` : ''}`);
    if (alerts.getAttribute('data-shape') !== list.join()) {
      alerts.setAttribute('data-shape', list.join());
      fill(alerts, list.map((text) => h('li', null, text)));
    }
    alerts.hidden = list.length === 0;
    legs.update(strategy.legs);
    drawActs();
    tick();
  }

  function tick() {
    legs.refresh();
    void readPayoff();
    if (pane === 'trend') void readSeries();
  }

  const stopTheme = watchTheme(() => payoff.setTheme(readTheme(document.body)));
  ctx.ensure(first.strategy.legs.map((leg) => leg.key));
  show(pane);
  draw();
  return {
    el,
    id,
    /** @param {StrategyNow} next */
    update(next) {
      if (next.strategy.legs.length !== now.strategy.legs.length) ctx.ensure(next.strategy.legs.map((leg) => leg.key));
      now = next;
      draw();
    },
    tick,
    destroy() {
      gone = true;
      asking.abort();
      stopTheme();
      legs.destroy();
      payoff.destroy();
    },
  };
}

/** @param {string} name @param {string} value @param {string} [cls] */
function lineOf(name, value, cls = '') {
  const one = line(name);
  one.set(value, cls);
  return one.el;
}

