/**
 * The chain itself: calls, strike, puts on one grid. A tap on a bid sells a leg and on an ask buys one into the tray; a tap on
 * any other figure opens both as buttons on the row; press and hold is a quick order; keys do the same.
 */

import { t } from '../../format/i18n.js';
import { price, quantity } from '../../format/numbers.js';
import { closed, linkLost } from '../../store/freshness.js';
import { market } from '../../store/selectors.js';
import { addLeg, trayOf } from '../../store/tray.js';
import { fill, h, icon } from '../../widgets/dom.js';
import { createGrid } from '../../widgets/grid.js';
import { tickOf } from '../shared/text.js';
import { barShare, fillCell } from './cells.js';
import { cleanColumns, fitColumns } from './columns.js';
import { createPair } from './pair.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('./model.js').ChainModel} ChainModel */
/** @typedef {import('./model.js').Side} Side */

const OLD_S = 5;
const CALM_MS = 1500;
/** Narrowest figure and the strike's column, CSS px, by the room there is. */
const SIZES = Object.freeze({ narrow: { strike: 62, least: 60 }, wide: { strike: 78, least: 64 } });
const NARROW = 500;
/** Columns that prices move; the others wait for the chain's frame. */
const PRICED = new Set(['ltp', 'bid', 'ask', 'oi', 'volume', 'change']);

/**
 * @param {Ctx} ctx
 * @param {{ model: () => ChainModel | null, age: () => number | null }} source
 */
export function createChainView(ctx, { model: current, age: figuresAge }) {
  const { store } = ctx;
  let chosen = cleanColumns(store.state.preferences.chain.columns);
  let step = 0;
  let width = 0;
  let fit = fitColumns(chosen, 360, 0, SIZES.narrow);
  let follow = true; // until the user scrolls away from the money
  let atm = -1;
  let touched = -Infinity;
  let laid = '';
  /** @type {Map<string, import('../../store/tray.js').TrayLeg>} */
  let legs = new Map();
  /** @type {import('./cells.js').CellContext | null} */
  let context = null;

  const heads = h('div', { class: 'chain-heads', 'aria-hidden': 'true' });
  const less = h('button', { type: 'button', class: 'icon-button chain-step before', 'aria-label': t('chain.columnsBefore'), on: { click: () => go(-1) } }, icon('up'));
  const more = h('button', { type: 'button', class: 'icon-button chain-step after', 'aria-label': t('chain.columnsAfter'), on: { click: () => go(1) } }, icon('up'));
  const back = h('button', { type: 'button', class: 'button chain-back', hidden: true, on: { click: centre } }, icon('up'), h('span', null, t('chain.toMoney')));
  const sides = h('div', { class: 'chain-sides' }, less, h('span', { class: 'grow', 'aria-hidden': 'true' }, t('chain.calls')), h('span', { 'aria-hidden': 'true' }, t('chain.puts')), more);
  const pair = createPair(ctx, { onPick: pick });
  const grid = createGrid({
    label: t('chain.label'), keys: t('chain.keys'),
    cell, onTap: tap, onHold: quick, onStep: go, onKey: key,
    start: () => [Math.max(0, atm), Math.floor(fit.slots.length / 2) - 1],
    onScroll() {
      follow = false;
      pair.hide();
      showBack();
    },
    onSize(next) {
      const first = width === 0;
      width = next;
      lay();
      if (first) centre();
      else keepMoney();
    },
    canTap: (row, column) => fit.slots[column]?.side !== 2 && keyOf(row, column) !== '',
  });
  grid.el.append(pair.el);
  const el = h('div', { class: 'chain' }, h('div', { class: 'chain-top' }, sides, heads), h('div', { class: 'chain-box' }, grid.el, back));

  /** @param {number} row @param {number} column */
  function keyOf(row, column) {
    const side = fit.slots[column]?.side;
    return side === 0 || side === 1 ? (current()?.keyAt(row, side) ?? '') : '';
  }

  /** @param {number} row @param {number} column @param {import('../../widgets/grid-paint.js').GridCell} out */
  function cell(row, column, out) {
    const slot = fit.slots[column];
    const model = current();
    if (!slot || !model || !context) return;
    if (slot.side === 2) {
      out.text = strikeText(model.strikes[row] ?? '');
      out.strong = true;
      out.back = row === atm ? 'mark' : 'centre';
      out.tone = row === atm ? 'accent' : '';
      return;
    }
    fillCell(context, slot.part, row, slot.side, out);
    const contract = model.keyAt(row, slot.side);
    if (contract === '') return;
    const oi = store.quotes.get(contract)?.oi ?? null;
    const count = (fit.slots.length - 1) / 2;
    const near = slot.side === 0 ? count - 1 - column : column - count - 1;
    if (oi !== null && model.mostOi > 0) {
      out.bar = barShare(oi / model.mostOi, near, count);
      out.from = slot.side === 0 ? 'end' : 'start';
      out.barTone = slot.side === 0 ? 'down' : 'up';
    }
    const leg = legs.get(contract);
    // the leg stands on the price it was picked at: its own side where that column is shown, else the one nearest the strike
    if (leg && holdsLeg(slot, leg, near)) {
      out.ring = leg.side === 'BUY' ? 'buy' : 'sell';
      out.back = leg.side === 'BUY' ? 'buy' : 'sell';
      out.badge = `${t(leg.side === 'BUY' ? 'side.b' : 'side.s')} ${leg.lots}`;
    }
  }

  /** @param {import('./columns.js').Slot} slot @param {import('../../store/tray.js').TrayLeg} leg @param {number} near */
  function holdsLeg(slot, leg, near) {
    const quoted = fit.slots.some((one) => one.part === 'bid');
    return quoted ? slot.part === (leg.side === 'BUY' ? 'ask' : 'bid') : near === 0;
  }

  function lay() {
    if (width === 0) return;
    const sizes = width < NARROW ? SIZES.narrow : SIZES.wide;
    fit = fitColumns(chosen, width, step, sizes);
    step = fit.step;
    const style = getComputedStyle(document.documentElement);
    const high = parseFloat(style.getPropertyValue('--table-row')) || 36;
    /** @type {import('../../widgets/grid-paint.js').Align} */
    const align = width < NARROW ? 'centre' : 'end';
    const next = `${fit.slots.map((slot) => slot.part).join()}|${width}|${high}|${current()?.rows ?? 0}|${fit.last}`;
    if (next === laid) { // read again, or another preference: nothing moves, and what is open stays open
      refresh();
      grid.all();
      return;
    }
    laid = next;
    grid.setRows(current()?.rows ?? 0, high, 13);
    grid.setColumns(fit.slots.map((slot, i) => ({
      id: `${slot.side}${slot.part}`, width: /** @type {number} */ (fit.widths[i]), align: slot.side === 2 ? 'centre' : align, head: slot.side === 2,
      label: slot.side === 2 ? t('chain.strike') : t(slot.side === 0 ? 'chain.callOf' : 'chain.putOf', { what: t(`chain.part.${slot.part}`) }),
    })));
    heads.style.gridTemplateColumns = fit.widths.map((one) => `${one}px`).join(' ');
    heads.style.inlineSize = `${width}px`;
    fill(heads, fit.slots.map((slot) => h('span', { class: align === 'end' && slot.side !== 2 ? 'num' : '' }, slot.side === 2 ? t('chain.strike') : t(`chain.part.${slot.part}`))));
    less.disabled = step === 0;
    more.disabled = step >= fit.last;
    less.hidden = more.hidden = fit.last === 0;
    pair.hide();
    refresh();
  }

  /** @param {1 | -1} by */
  function go(by) {
    const next = Math.max(0, Math.min(fit.last, step + by));
    if (next === step) return;
    step = next;
    lay();
  }

  /** What is the same for all cells, worked out once. */
  function refresh() {
    const model = current();
    const old = figuresAge();
    const place = market(store);
    context = model && { model, store, market: place, tick: tickOfChain(model), figuresOld: old === null || linkLost(store.state.link, store.now()) || (old > OLD_S && !closed(place?.phase)) };
  }

  /** @param {ChainModel} model */
  function tickOfChain(model) {
    const row = Math.max(0, model.atm);
    return tickOf(ctx, model.keyAt(row, 0) || model.keyAt(row, 1));
  }

  /** Of a contract: its leg, its price. @param {string} contract @param {'BUY' | 'SELL'} side */
  function pick(contract, side) {
    const model = current();
    if (!model || contract === '') return;
    if (addLeg(store, model.underlying, { key: contract, side })) navigator.vibrate?.(8);
    else ctx.toast({ id: 'tray', text: t('tray.full'), level: 'warn' });
  }

  /** @param {number} row @param {number} column */
  function tap(row, column) {
    const slot = fit.slots[column];
    const contract = keyOf(row, column);
    touched = store.now();
    pair.hide();
    if (!slot || slot.side === 2 || contract === '') return;
    if (slot.part === 'bid') pick(contract, 'SELL');
    else if (slot.part === 'ask') pick(contract, 'BUY');
    else pair.show(contract, { top: grid.topOf(row), side: slot.side, width, strike: /** @type {number} */ (fit.widths[(fit.slots.length - 1) / 2]) });
  }

  /** The ticket with the last quantity: press and hold. @param {number} row @param {number} column @param {'BUY' | 'SELL'} [side] */
  function quick(row, column, side) {
    const contract = keyOf(row, column);
    if (contract === '') return;
    const { last } = store.state.preferences;
    const kept = last['OPTION'];
    pair.hide();
    ctx.ticket({ key: contract, side: side ?? (fit.slots[column]?.part === 'bid' ? 'SELL' : 'BUY'), ...(kept?.quantity ? { quantity: kept.quantity } : {}) });
  }

  /** @param {KeyboardEvent} event @param {number} row @param {number} column */
  function key(event, row, column) {
    const contract = keyOf(row, column);
    const letter = event.key.toLowerCase();
    if (event.key === '[' || event.key === ']') go(event.key === '[' ? -1 : 1);
    else if (event.key === 'Escape' && pair.shown()) pair.hide();
    else if (contract === '') return false;
    else if (letter === 'b' || letter === 's') {
      const side = letter === 'b' ? 'BUY' : 'SELL';
      if (event.shiftKey) quick(row, column, side);
      else pick(contract, side);
    } else if (event.key === 'Enter') ctx.detail(contract);
    else if (event.key === ' ') tap(row, column);
    else return false;
    return true;
  }

  /** Rows do not move under a thumb: only when the money is about to leave the view, and nothing has just been touched. */
  function keepMoney() {
    if (!follow || atm < 0 || pair.shown() || store.now() - touched < CALM_MS) return;
    const [first, last] = grid.seen();
    if (atm > first && atm < last) return;
    if (last - first < 4) grid.scrollTo(atm, 'near');
    else centre();
  }

  function centre() {
    follow = true;
    if (atm >= 0) grid.scrollTo(atm, 'centre');
    showBack();
  }

  function showBack() {
    const [first, last] = grid.seen();
    back.hidden = atm < 0 || follow || (atm >= first && atm <= last);
    back.classList.toggle('down', atm > last);
  }

  function money() {
    const model = current();
    const next = model?.atm ?? -1;
    if (next === atm) return;
    atm = next;
    grid.all();
    keepMoney();
    showBack();
  }

  function tray() {
    const next = new Map(trayOf(store).legs.map((leg) => [leg.key, leg]));
    for (const contract of new Set([...legs.keys(), ...next.keys()])) contractChanged(contract);
    legs = next;
  }

  /** @param {string} contract */
  function contractChanged(contract) {
    const place = current()?.places.get(contract);
    if (!place) return;
    fit.slots.forEach((slot, i) => {
      if (slot.side === place[1]) grid.dirty(place[0], i);
    });
  }

  const stops = [
    store.on(['tray', 'markets', 'account'], tray),
    store.on(['quotes'], (_, keys) => {
      const model = current();
      if (!model) return;
      for (const one of keys) {
        const place = model.places.get(one);
        if (!place) continue;
        for (let i = 0; i < fit.slots.length; i += 1) {
          const slot = /** @type {import('./columns.js').Slot} */ (fit.slots[i]);
          if (slot.side === place[1] && PRICED.has(slot.part)) grid.dirty(place[0], i);
        }
      }
      if (pair.shown() && keys.has(pair.key())) pair.prices();
    }),
    store.on(['clock', 'link'], () => {
      // ages: what is seen may have become stale without a word
      refresh();
      keepMoney();
      const [first, last] = grid.seen();
      for (let row = first; row <= last; row += 1) grid.dirtyRow(row);
      if (current()?.scaleOi((one) => store.quotes.get(one)?.oi)) grid.all();
    }),
    store.on(['preferences'], () => {
      const next = cleanColumns(store.state.preferences.chain.columns);
      const same = next.join() === chosen.join();
      chosen = next;
      if (!same) step = 0;
      lay();
    }),
    store.on(['instruments'], () => {
      refresh();
      grid.all();
      pair.prices();
    }),
  ];

  return {
    el,
    grid,
    /** The chain was read: draw it whole. @param {boolean} fresh another chain than before */
    show(fresh) {
      if (fresh) {
        follow = true;
        atm = -1;
      }
      current()?.scaleOi((one) => store.quotes.get(one)?.oi);
      lay();
      money();
      if (fresh) centre();
      tray();
    },
    /** Another frame of figures came. */
    frame() {
      refresh();
      money();
      if (current()?.scaleOi((one) => store.quotes.get(one)?.oi)) grid.all();
    },
    /** @param {number} row @param {Side} side */
    changed(row, side) {
      fit.slots.forEach((slot, i) => {
        if (slot.side === side) grid.dirty(row, i);
      });
    },
    theme: () => grid.theme(),
    destroy() {
      for (const stop of stops) stop();
      grid.destroy();
    },
  };
}

/** @param {string} strike decimal string */
function strikeText(strike) {
  return strike.includes('.') ? price(strike) : quantity(strike);
}
