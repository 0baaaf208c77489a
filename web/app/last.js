/** The last known state: kept on the device every few seconds, read back before the server has answered. */

import { load, save } from '../transport/idb.js';

/** @typedef {import('../store/store.js').Store} Store */

const NAME = 'state-1';
const CHAINS = 'chains-1'; // apart: they are large and change once a minute
const EVERY_MS = 4000;
const QUOTES = 400;

/**
 * Put the saved state on screen, greyed by its age. Does nothing once the server has answered.
 * @param {Store} store
 */
export async function restore(store) {
  const kept = await load(NAME);
  if (!kept || kept.format !== 1 || store.state.session) return false;
  const { state } = kept;
  const away = Math.max(0, Date.now() - kept.at);
  const chains = await load(CHAINS);
  if (chains?.format === 1) store.set('keptChains', chains.kept);
  // quotes carry their ages at the time of saving; together with the time away that is their age now
  const base = store.now() - away;
  store.set('restored', kept.at);
  store.set('session', state.session);
  store.set('kill', state.session.kill_switch);
  store.set('account', state.account);
  store.set('markets', Object.fromEntries(Object.entries(state.markets).map(([id, one]) => [id, { .../** @type {any} */ (one), at: base, tickAge: null }])));
  store.set('instruments', new Map(state.instruments.map((/** @type {any} */ one) => [one.key, one])));
  store.set('orders', new Map(state.orders.map((/** @type {any} */ one) => [one.id, one])));
  for (const name of /** @type {const} */ (['trades', 'positions', 'holdings', 'funds', 'totals', 'watchlists', 'overview', 'triggers', 'baskets'])) store.set(name, state[name]);
  store.set('strategies', state.strategies ?? null);
  store.set('sparks', new Map(state.sparks));
  store.set('selected', store.state.selected || state.selected);
  store.set('loaded', new Set(state.loaded));
  store.quotes.restore(state.quotes.map((/** @type {any} */ one) => ({ ...one.quote, seen: -one.age })), base);
  store.touch('quotes');
  return true;
}

/** Keep the state from now on. @param {Store} store @param {() => string[]} watched */
export function keepLast(store, watched) {
  let dirty = true;
  store.on(['session', 'markets', 'orders', 'positions', 'funds', 'watchlists', 'quotes', 'overview', 'trades'], () => {
    dirty = true;
  });

  let kept = store.state.keptChains;

  async function keep() {
    const { state } = store;
    // what was read back is not kept again: its age would be lost
    if (!dirty || !state.session || state.restored !== null) return;
    dirty = false;
    if (state.keptChains !== kept) {
      kept = state.keptChains;
      await save(CHAINS, { format: 1, kept });
    }
    const now = store.now();
    const quotes = watched().slice(0, QUOTES).flatMap((key) => {
      const quote = store.quotes.get(key);
      return quote && !quote.restored ? [{ quote: { ...quote }, age: now - quote.seen }] : [];
    });
    await save(NAME, {
      format: 1,
      at: Date.now(),
      state: {
        session: state.session, account: state.account, markets: state.markets, instruments: [...state.instruments.values()].slice(0, 1000),
        orders: [...state.orders.values()].slice(-300), trades: state.trades, positions: state.positions, holdings: state.holdings, funds: state.funds,
        totals: state.totals, watchlists: state.watchlists, overview: state.overview, triggers: state.triggers, baskets: state.baskets, strategies: state.strategies,
        sparks: [...state.sparks], selected: state.selected, loaded: [...state.loaded], quotes,
      },
    });
  }

  setInterval(() => void keep(), EVERY_MS);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) void keep();
  });
  addEventListener('pagehide', () => void keep());
}
