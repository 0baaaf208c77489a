/**
 * A strategy's legs as they are to be: any strike, right, expiry, side or lots of any leg, new legs, legs taken out. What is sent
 * is the difference to what is held.
 */

import { t } from '../../format/i18n.js';
import { changedLeg, MOST_LEGS, withLeg, withoutLeg } from '../../store/tray.js';
import { h, icon, setText } from '../../widgets/dom.js';
import { asked } from '../shared/legs.js';
import { createLegTable } from '../shared/legtable.js';
import { createListing, middle, nearest } from '../shared/listing.js';
import { createMoves } from '../shared/legmoves.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../store/tray.js').TrayLeg} TrayLeg */
/** @typedef {import('../../format/strategies.js').StrategyLeg} StrategyLeg */

const OWNER = 'adjust-legs';

/**
 * @param {Ctx} ctx
 * @param {string} underlying
 * @param {{ onChange: () => void }} on
 */
export function createOwnLegs(ctx, underlying, { onChange }) {
  const { store } = ctx;
  /** @type {readonly StrategyLeg[]} */
  let units = [];
  let sized = false; // whether the lots of all that is held are known
  /** @type {readonly TrayLeg[]} */
  let held = [];
  /** @type {readonly TrayLeg[]} */
  let legs = [];
  let open = false;

  const listing = createListing(ctx, { onChange: draw, onFault: (error) => say(errorText(error)) });
  const moves = createMoves(listing, { underlying: () => underlying, legs: () => legs, put, place, own: (change) => change(), say });
  const table = createLegTable(ctx, {
    onSide: (key) => change(key, (leg) => ({ side: leg.side === 'BUY' ? 'SELL' : 'BUY', price: null })),
    onLots: (key, lots) => change(key, () => ({ lots })),
    onPrice: (key, price) => change(key, () => ({ price })),
    onStrike: moves.moveStrike, onRight: moves.turnRight, onExpiry: (key, date) => void moves.moveExpiry(key, date),
    onDrop: (key) => put(withoutLeg(tray(), key).legs),
  });
  const help = h('p', { class: 'muted' });
  const said = h('p', { class: 'note warn', role: 'status', hidden: true });
  const adding = (/** @type {'CE' | 'PE'} */ right) => h('button', { type: 'button', class: 'button', on: { click: () => add(right) } }, icon('plus'), t(right === 'CE' ? 'adjust.addCall' : 'adjust.addPut'));
  const undo = h('button', { type: 'button', class: 'button quiet', on: { click: () => put(held) } }, t('adjust.asHeld'));
  const el = h('div', { class: 'stack' }, help, said, table.el, h('div', { class: 'strategy-acts' }, adding('CE'), adding('PE'), undo));
  setText(help, t('adjust.ownHelp'));

  const tray = () => ({ market: '', underlying, legs });

  /** @param {string} key */
  function place(key) {
    const one = store.state.instruments.get(key);
    const known = one && one.kind === 'OPTION' && one.expiry !== null && one.strike !== null && one.right !== null ? { expiry: one.expiry, strike: Number(one.strike), right: one.right } : null;
    return listing.place(key) ?? known;
  }

  /** @param {string} text */
  function say(text) {
    setText(said, text);
    said.hidden = text === '';
  }

  /** @param {string} key @param {(leg: TrayLeg) => Partial<Omit<TrayLeg, 'key'>>} to */
  function change(key, to) {
    const leg = legs.find((one) => one.key === key);
    if (leg) put(changedLeg(tray(), key, to(leg)).legs);
  }

  /** @param {readonly TrayLeg[]} next */
  function put(next) {
    legs = next;
    say('');
    follow();
    draw();
    onChange();
  }

  /** Bought, near the money, where no leg stands yet: from there it is moved. @param {'CE' | 'PE'} right */
  function add(right) {
    const expiry = [...held, ...legs].map((leg) => place(leg.key)?.expiry ?? '').filter(Boolean).sort()[0] ?? listing.expiries()[0]?.date ?? '';
    const taken = new Set(legs.map((leg) => leg.key));
    const free = listing.strikes(expiry, right).filter((strike) => !taken.has(listing.cell(expiry, strike, right)?.key ?? ''));
    const money = listing.chain(expiry)?.summary.spot ?? store.quotes.get(underlying)?.ltp ?? 0;
    const cell = listing.cell(expiry, nearest(free, money), right);
    if (cell === null || legs.length >= MOST_LEGS) say(t(cell === null ? 'builder.noContract' : 'builder.full', { most: MOST_LEGS }));
    else put(withLeg(tray(), { key: cell.key, side: 'BUY', lots: 1, price: null }).legs);
  }

  /** Chains and prices of what is there. */
  function follow() {
    const keys = [...new Set([...held, ...legs].map((leg) => leg.key))];
    ctx.watch(OWNER, open ? keys : []);
    ctx.ensure(keys);
    if (open) listing.need(keys.map((key) => place(key)?.expiry ?? '').filter(Boolean));
  }

  function draw() {
    if (!open) return;
    table.update(legs.map((leg) => {
      const at = place(leg.key);
      const cell = at && listing.cell(at.expiry, at.strike, at.right);
      const price = cell && middle(cell);
      const lots = (leg.side === 'BUY' ? 1 : -1) * leg.lots;
      return { leg, place: at, expiries: listing.expiries().map((one) => one.date),
        priced: cell && price !== null ? { kind: /** @type {const} */ ('OPTION'), price: String(price), iv: cell.iv, delta: cell.delta === null ? null : cell.delta * lots, quantity: lots } : null };
    }));
  }

  function size() {
    const lotOf = (/** @type {StrategyLeg} */ leg) => store.state.instruments.get(leg.key)?.lot;
    sized = units.every((leg) => lotOf(leg) !== undefined);
    held = !sized ? [] : units.map((leg) => ({ key: leg.key, side: leg.quantity > 0 ? 'BUY' : 'SELL', lots: Math.max(1, Math.round(Math.abs(leg.quantity) / (lotOf(leg) || 1))), price: null }));
    legs = held;
    follow();
    draw();
  }

  const off = store.on(['quotes', 'instruments', 'link'], () => (sized ? draw() : size()));

  return {
    el,
    /** Whether they are shown: only then is anything asked. @param {boolean} shown */
    show(shown) {
      el.hidden = !shown;
      if (shown === open) return;
      open = shown;
      if (open && listing.underlying() === '') void listing.use(underlying);
      follow();
      draw();
    },
    /** Begin again from what is held. @param {readonly StrategyLeg[]} now */
    from(now) {
      units = now;
      ctx.ensure(now.map((leg) => leg.key));
      size();
    },
    /** What is to be bought and sold; empty when nothing differs. */
    difference() {
      const net = (/** @type {readonly TrayLeg[]} */ of, /** @type {string} */ key) => of.filter((leg) => leg.key === key).reduce((sum, leg) => sum + (leg.side === 'BUY' ? leg.lots : -leg.lots), 0);
      return asked([...new Set([...held, ...legs].map((leg) => leg.key))].flatMap((key) => {
        const lots = net(legs, key) - net(held, key);
        return lots === 0 ? [] : [{ key, side: /** @type {'BUY' | 'SELL'} */ (lots > 0 ? 'BUY' : 'SELL'), lots: Math.abs(lots), price: legs.find((leg) => leg.key === key)?.price ?? null }];
      }));
    },
    destroy() {
      off();
      ctx.watch(OWNER, []);
      listing.destroy();
      table.destroy();
    },
  };
}
