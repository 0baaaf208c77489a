/** Reads lists over HTTP into the store. Asking twice while an answer is on its way asks once more after it, not twice at once. */

import { RECORDED } from '../store/selectors.js';
import { withDoubt, withInstruments, withMarket, withOrders } from '../store/reducers.js';

/** @typedef {import('../views/context.js').ListName} ListName */

const ORDERS = 300;

/**
 * @param {import('../store/store.js').Store} store
 * @param {import('../format/ports.js').Api} api
 * @param {(preferences: Record<string, any>) => void} onPreferences
 */
export function createLists(store, api, onPreferences) {
  /** @type {Map<ListName, { again: boolean, done: Promise<void> }>} */
  const busy = new Map();

  /** @type {Record<ListName, (account: string) => Promise<() => void>>} each reads, then gives the change to make */
  const readers = {
    async orders(account) {
      const { items } = await api.orders(account, 'all', ORDERS);
      return () => store.update('orders', (orders) => withOrders(orders, items, account));
    },
    async trades(account) {
      const { items } = await api.trades(account);
      return () => store.set('trades', items);
    },
    async positions(account) {
      const { items, totals } = await api.positions(account);
      return () => {
        store.update('instruments', (known) => withInstruments(known, items.map((one) => one.instrument).filter(Boolean)));
        store.set('positions', items);
        store.set('totals', totals);
      };
    },
    async holdings(account) {
      const { items } = await api.holdings(account);
      return () => {
        store.update('instruments', (known) => withInstruments(known, items.map((one) => one.instrument).filter(Boolean)));
        store.set('holdings', items);
      };
    },
    async funds(account) {
      const funds = await api.funds(account);
      return () => store.set('funds', funds);
    },
    async triggers(account) {
      const { items } = await api.triggers(account);
      return () => store.set('triggers', items);
    },
    async parents(account) {
      const { items } = await api.parents(account);
      return () => store.set('parents', items);
    },
    async baskets(account) {
      const { items } = await api.baskets(account);
      return () => store.set('baskets', items);
    },
    async strategies(account) {
      const page = await api.strategies(account);
      return () => store.set('strategies', page);
    },
    async watchlists() {
      const { items } = await api.watchlists();
      return () => store.update('watchlists', (lists) => [...lists.filter((one) => one.id === RECORDED), ...items]);
    },
    async overview(account) {
      const overview = await api.overview(account);
      return () => {
        /** @type {Map<string, number>} */
        const marks = new Map();
        for (const { key } of [...store.state.positions, ...store.state.holdings]) {
          const last = store.quotes.get(key)?.ltp;
          if (last !== undefined && last !== null) marks.set(key, last);
        }
        store.set('marks', marks);
        store.set('overview', overview);
      };
    },
    async system() {
      const system = await api.system();
      return () => store.set('system', system);
    },
    async markets() {
      const { items } = await api.markets();
      return () => items.forEach((one) => store.update('markets', (markets) => withMarket(markets, one, store.now())));
    },
    async kill() {
      const session = await api.session();
      return () => {
        store.set('session', session);
        store.set('kill', session.kill_switch);
      };
    },
    async preferences() {
      const session = await api.session();
      return () => onPreferences(session.preferences);
    },
  };

  /** @param {ListName} name */
  async function read(name) {
    const { account } = store.state;
    if (!account) return;
    const change = await readers[name](account);
    if (store.state.account !== account) return; // the user went to another account meanwhile
    change();
    if (!store.state.loaded.has(name)) store.update('loaded', (loaded) => new Set(loaded).add(name));
  }

  /**
   * Read one list; a second call while it is being read makes it be read once more.
   * @param {ListName} name
   * @returns {Promise<void>}
   */
  function load(name) {
    const going = busy.get(name);
    if (going) {
      going.again = true;
      return going.done;
    }
    const entry = { again: false, done: Promise.resolve() };
    entry.done = (async () => {
      try {
        do {
          entry.again = false;
          await read(name);
        } while (entry.again);
      } finally {
        busy.delete(name);
      }
    })();
    busy.set(name, entry);
    return entry.done;
  }

  return {
    /** @param {...ListName} names */
    async load(...names) {
      await Promise.all(names.map(load));
    },
    /** Orders in doubt in the live accounts that are not on screen. */
    async others() {
      const live = (store.state.session?.accounts ?? []).filter((one) => one.mode === 'LIVE' && one.id !== store.state.account);
      await Promise.all(live.map(async ({ id }) => {
        const { items } = await api.orders(id, 'open', ORDERS);
        if (store.state.account !== id) store.update('orders', (orders) => withDoubt(orders, items, id));
      }));
    },
  };
}
