/**
 * Straddles: call and put of each strike together, what they ask for and give, where they break even; and the straddle at
 * the money, or of a strike that is tapped, through the day.
 */

import { age, hourMinute } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, number, percent, price, quantity } from '../../format/numbers.js';
import { freshness } from '../../store/freshness.js';
import { market } from '../../store/selectors.js';
import { addLeg, trayOf } from '../../store/tray.js';
import { fill, h, setText } from '../../widgets/dom.js';
import { createGrid } from '../../widgets/grid.js';
import { errorText, tickOf } from '../shared/text.js';
import { createPlot } from './plot.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('./model.js').ChainModel} ChainModel */

const AGAIN_MS = 20_000;
const PARTS = Object.freeze({ narrow: ['strike', 'both', 'bid', 'ask', 'even'], wide: ['strike', 'call', 'put', 'both', 'change', 'bid', 'ask', 'low', 'high'] });
const NARROW = 500;

/**
 * Call and put together at the last price, the bid and the ask; each null when one of the two is not known.
 * @param {ChainModel} model
 * @param {number} row
 * @param {(key: string) => import('../../store/quotes.js').Quote | undefined} quoteOf
 */
export function straddleAt(model, row, quoteOf) {
  const call = quoteOf(model.keyAt(row, 0));
  const put = quoteOf(model.keyAt(row, 1));
  /** @param {'ltp' | 'bid' | 'ask' | 'close'} field */
  const sum = (field) => (call?.[field] == null || put?.[field] == null ? null : call[field] + put[field]);
  const last = sum('ltp');
  const before = sum('close');
  const strike = /** @type {number} */ (model.levels[row]);
  return {
    call, put, last, bid: sum('bid'), ask: sum('ask'),
    change: last === null || !before ? null : ((last - before) / before) * 100,
    low: last === null ? null : strike - last,
    high: last === null ? null : strike + last,
  };
}

/**
 * @param {Ctx} ctx
 * @param {{ model: () => ChainModel | null }} source
 */
export function createStraddleView(ctx, { model: current }) {
  const { store } = ctx;
  /** @type {readonly string[]} */
  let parts = PARTS.narrow;
  let width = 0;
  let atm = -1;
  let follow = true;
  /** Strike of the curve; '' follows the money. */
  let strike = '';
  let turn = 0;
  let timer = 0;

  const heads = h('div', { class: 'chain-heads', 'aria-hidden': 'true' });
  const grid = createGrid({
    label: t('straddle.label'), keys: t('straddle.keys'), cell, onTap: tap, onHold: (row) => show(row), onStep() {}, onKey: key,
    start: () => [Math.max(0, atm), parts.indexOf('both')],
    onScroll() {
      follow = false;
    },
    onSize(next) {
      const first = width === 0;
      width = next;
      lay();
      if (first && atm >= 0) grid.scrollTo(atm, 'centre');
    },
  });
  const title = h('h2', { class: 'plot-title' });
  const back = h('button', { type: 'button', class: 'link', hidden: true, on: { click: () => {
    strike = '';
    void ask();
  } } }, t('straddle.follow'));
  const plot = createPlot({ label: t('straddle.day'), high: 120 });
  const said = h('p', { class: 'plot-said', role: 'status' }, t('vol.reading'));
  plot.el.hidden = true;
  const el = h('div', { class: 'straddles' }, h('section', { class: 'straddle-day', 'aria-label': t('straddle.day') }, h('div', { class: 'plot-head' }, title, back), plot.el, said),
    h('div', { class: 'chain' }, h('div', { class: 'chain-top' }, heads), h('div', { class: 'chain-box' }, grid.el)));

  /** @param {number} row @param {number} column @param {import('../../widgets/grid-paint.js').GridCell} out */
  function cell(row, column, out) {
    const model = current();
    const part = parts[column];
    if (!model || part === undefined) return;
    const level = model.strikes[row] ?? '';
    if (part === 'strike') {
      out.text = level.includes('.') ? price(level) : quantity(level);
      out.strong = true;
      out.back = row === atm ? 'mark' : 'centre';
      out.tone = row === atm ? 'accent' : '';
      return;
    }
    const now = straddleAt(model, row, (one) => store.quotes.get(one));
    const ages = [model.keyAt(row, 0), model.keyAt(row, 1)].map((one) => freshness(store.quotes.get(one), store.state, market(store), store.now()));
    const old = ages.some((one) => one.level === 'stale');
    const text = (/** @type {number | null | undefined} */ value) => (value == null ? DASH : price(value, tickOf(ctx, model.keyAt(row, 0))));
    if (part === 'call' || part === 'put') out.text = text(now[part]?.ltp);
    else if (part === 'both') {
      out.text = text(now.last);
      out.strong = !old;
      out.sub = old ? age(Math.max(...ages.map((one) => one.age ?? 0))) : percent(now.change, 1);
    } else if (part === 'change') {
      out.text = percent(now.change, 1);
      if (now.change !== null) out.tone = now.change > 0.04 ? 'up' : now.change < -0.04 ? 'down' : '';
    } else if (part === 'bid' || part === 'ask') out.text = text(now[part]);
    else if (part === 'even') {
      out.text = number(now.low, 0);
      out.sub = number(now.high, 0);
    } else if (part === 'low' || part === 'high') out.text = number(now[part], 0);
    if (old) out.tone = 'muted';
    const held = trayOf(store).legs.filter((leg) => leg.key === model.keyAt(row, 0) || leg.key === model.keyAt(row, 1));
    const side = held[0]?.side;
    if (held.length === 2 && held.every((leg) => leg.side === side) && part === (side === 'BUY' ? 'ask' : 'bid')) {
      out.ring = out.back = side === 'BUY' ? 'buy' : 'sell';
      out.badge = `${t(side === 'BUY' ? 'side.b' : 'side.s')} ${Math.min(...held.map((leg) => leg.lots))}`;
    }
  }

  function lay() {
    if (width === 0) return;
    parts = width < NARROW ? PARTS.narrow : PARTS.wide;
    const style = getComputedStyle(document.documentElement);
    grid.setRows(current()?.rows ?? 0, parseFloat(style.getPropertyValue('--table-row')) || 36);
    const each = width / parts.length;
    grid.setColumns(parts.map((part) => ({ id: part, width: each, align: width < NARROW || part === 'strike' ? 'centre' : 'end', head: part === 'strike', label: t(`straddle.part.${part}`) })));
    heads.style.gridTemplateColumns = `repeat(${parts.length}, ${each}px)`;
    fill(heads, parts.map((part) => h('span', { class: width < NARROW || part === 'strike' ? '' : 'num' }, t(`straddle.part.${part}`))));
  }

  /** Sell or buy both. @param {number} row @param {'BUY' | 'SELL'} side */
  function pick(row, side) {
    const model = current();
    const keys = model ? [model.keyAt(row, 0), model.keyAt(row, 1)].filter(Boolean) : [];
    if (!model || keys.length < 2) {
      ctx.toast({ id: 'tray', text: t('straddle.half'), level: 'warn' });
      return;
    }
    for (const one of keys) if (!addLeg(store, model.underlying, { key: one, side })) ctx.toast({ id: 'tray', text: t('tray.full'), level: 'warn' });
  }

  /** The curve of this strike. @param {number} row */
  function show(row) {
    strike = current()?.strikes[row] ?? '';
    void ask();
  }

  /** @param {number} row @param {number} column */
  function tap(row, column) {
    const part = parts[column];
    if (part === 'bid') pick(row, 'SELL');
    else if (part === 'ask') pick(row, 'BUY');
    else show(row);
  }

  /** @param {KeyboardEvent} event @param {number} row */
  function key(event, row) {
    const letter = event.key.toLowerCase();
    if (letter === 's' && !event.shiftKey) pick(row, 'SELL');
    else if (letter === 'b' && !event.shiftKey) pick(row, 'BUY');
    else if (event.key === 'Enter' || event.key === ' ') show(row);
    else return false;
    return true;
  }

  async function ask() {
    const model = current();
    const id = market(store)?.id;
    clearTimeout(timer);
    if (!model || id === undefined) return;
    const mine = (turn += 1);
    setText(title, strike === '' ? t('straddle.atm') : t('straddle.of', { strike: quantity(strike) }));
    back.hidden = strike === '';
    try {
      const day = await ctx.api.straddle(model.underlying, { market: id, expiry: model.expiry, ...(strike ? { strike } : {}) });
      if (mine !== turn) return;
      plot.el.hidden = day.t.length < 2;
      setText(said, day.t.length < 2 ? t('straddle.early') : '');
      plot.set(straddlePlot(day), { label: t('straddle.plotLabel', { name: model.name, last: number(day.straddle[day.straddle.length - 1], 2) }) });
    } catch (error) {
      if (mine !== turn) return;
      plot.el.hidden = true;
      setText(said, t('straddle.failed', { why: errorText(error) }));
    }
    said.hidden = said.textContent === '';
    timer = setTimeout(() => void ask(), AGAIN_MS);
  }

  function money() {
    const next = current()?.atm ?? -1;
    if (next === atm) return;
    atm = next;
    grid.all();
    const [first, last] = grid.seen();
    if (follow && atm >= 0 && (atm <= first || atm >= last)) grid.scrollTo(atm, 'centre');
  }

  const stops = [
    store.on(['quotes'], (_, keys) => {
      const model = current();
      if (!model) return;
      for (const one of keys) {
        const place = model.places.get(one);
        if (place) grid.dirtyRow(place[0]);
      }
    }),
    store.on(['clock', 'link', 'tray'], () => {
      const [first, last] = grid.seen();
      for (let row = first; row <= last; row += 1) grid.dirtyRow(row);
    }),
    store.on(['preferences'], lay),
  ];

  return {
    el,
    /** @param {boolean} fresh */
    show(fresh) {
      if (fresh) {
        strike = '';
        follow = true;
        atm = -1;
      }
      lay();
      money();
      if (fresh) void ask();
    },
    frame: money,
    theme() {
      grid.theme();
      plot.theme();
    },
    destroy() {
      turn += 1;
      clearTimeout(timer);
      for (const stop of stops) stop();
      grid.destroy();
      plot.destroy();
    },
  };
}

/** A day's straddle as a plot. @param {import('../../format/wire.js').StraddleDay} day @returns {import('./plot.js').PlotData} */
export function straddlePlot(day) {
  return {
    series: [{ label: t('straddle.part.both'), kind: 'line', x: day.t, y: day.straddle, tone: 'accent' }],
    xText: (x) => hourMinute(x), yText: (y) => number(y, y >= 1000 ? 0 : 1), xTicks: roundMoments(day.t),
    table: () => ({ heads: [t('plot.time'), t('straddle.part.both'), t('chain.part.iv'), t('plot.spot')],
      rows: day.t.map((at, i) => [hourMinute(at), number(day.straddle[i], 2), day.iv[i] == null ? DASH : number(/** @type {number} */ (day.iv[i]) * 100, 1), number(day.spot[i], 2)]) }),
  };
}

const MINUTE = 60_000;
const STEPS = Object.freeze([1, 5, 15, 30, 60, 90].map((minutes) => minutes * MINUTE));

/** Round moments of the day within these, at most seven of them. @param {readonly number[]} times ms, ascending */
export function roundMoments(times) {
  const first = times[0];
  const last = times[times.length - 1];
  if (first === undefined || last === undefined) return [];
  const step = STEPS.find((one) => (last - first) / one <= 6) ?? 90 * MINUTE;
  /** @type {number[]} */
  const out = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) out.push(at);
  return out.length > 0 ? out : [first];
}
