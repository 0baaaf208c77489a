/** Joins store, transport and pages: what the server says goes into the store, what the pages want goes to the server. */

import { createApi } from '../transport/api.js';
import { createHttp } from '../transport/http.js';
import { createLink } from '../transport/link.js';
import { setCurrency } from '../format/numbers.js';
import { createStore } from '../store/store.js';
import { withInstruments, withMarket, withOrder } from '../store/reducers.js';
import { t } from '../format/i18n.js';
import { market, RECORDED } from '../store/selectors.js';
import { keepLast, restore } from './last.js';
import { createLists } from './lists.js';
import { createPreferences, readPreferences } from './preferences.js';
import { createReceiver } from './receive.js';
import { withReadBack } from './readback.js';
import { createSender } from './send.js';
import { createSets } from './sets.js';
import { scriptUrl } from './trusted.js';

/** @typedef {import('../views/context.js').ListName} ListName */

const CLOCK_MS = 500;
const SYSTEM_MS = 10_000;
const OVERVIEW_MS = 15_000;
const GATHER_MS = 120;
const AT_ONCE = 4;

/**
 * @param {{ onLanguage: () => void, onReadBack: (text: string, request: unknown) => Promise<boolean>, onOrder: (event: string, order: import('../format/wire.js').Order) => void, onFill: (order: import('../format/wire.js').Order) => void, onError: (error: unknown) => void }} on
 */
export function createWiring(on) {
  const store = createStore({ schedule: nextFrame, now: () => performance.now(), onError: on.onError });
  const api = withReadBack(createApi(createHttp()), on.onReadBack);
  const preferences = createPreferences(store, { send: (body) => api.savePreferences(body), onLanguage: on.onLanguage });
  const lists = createLists(store, api, preferences.fromServer);
  /** @type {import('../transport/link.js').Link | null} */
  let link = null;
  const sets = createSets(store, (kind, id, items) => link?.want(kind, id, items));
  const send = createSender(api, { now: store.now, onOrder(order, ms) {
    store.update('orders', (orders) => withOrder(orders, order));
    if (ms !== null) store.set('orderMs', ms);
  } });

  /** @type {Set<ListName>} */
  const gathered = new Set();
  /** Read lists soon, many askings as one. @param {...ListName} names */
  function soon(...names) {
    if (gathered.size === 0) setTimeout(() => {
      const now = [...gathered];
      gathered.clear();
      // lists that no page has asked for yet are read when a page opens
      void lists.load(...now.filter((name) => store.state.loaded.has(name) || name === 'kill' || name === 'markets' || name === 'preferences')).catch(() => undefined);
    }, GATHER_MS);
    for (const name of names) gathered.add(name);
  }

  const receiver = createReceiver(store, {
    load: soon,
    onBar: (key, seconds, bar) => sets.bar(key, seconds, bar),
    onOrder: on.onOrder,
    onFill: (_, order) => on.onFill(order),
    onWelcome(resumed) {
      // another boot or lost events: what the stream has not said is read again
      if (!resumed) void session();
    },
    onKept(name) {
      /** @type {Record<string, ListName>} */
      const lists_ = { watchlists: 'watchlists', preferences: 'preferences', triggers: 'triggers', parents: 'parents', baskets: 'baskets', strategies: 'strategies', watchlist: 'watchlists', trigger: 'triggers', basket: 'baskets' };
      const list = lists_[name];
      if (list) soon(list);
      // accounts and their markets are told in the session
      else if (name === 'accounts') soon('kill', 'markets');
    },
  });

  let retry = 0;
  let asking = false;
  /** Read the session and everything that hangs on it; tries again until the server answers. */
  async function session() {
    if (asking) return;
    asking = true;
    clearTimeout(retry);
    try {
      const found = await api.session();
      const first = store.state.session === null || store.state.restored !== null;
      if (store.state.restored !== null) {
        // the restored lists may be of another data folder: the server's word replaces them whole
        store.set('orders', new Map());
        store.set('restored', null);
      }
      store.set('session', found);
      store.set('kill', found.kill_switch);
      for (const one of found.markets) store.update('markets', (markets) => withMarket(markets, one, store.now()));
      if (first) preferences.fromServer(found.preferences);
      const kept = sessionStorageGet('account');
      const wanted = [store.state.account, kept, found.default_account].find((id) => found.accounts.some((one) => one.id === id && found.markets.some((m) => m.id === one.market)));
      useAccount(wanted ?? found.accounts[0]?.id ?? '');
      void lists.others().catch(() => undefined);
      await lists.load('watchlists', 'orders', 'positions', 'holdings', 'funds', 'overview');
      const opened = /** @type {ListName[]} */ (['trades', 'holdings', 'triggers', 'parents', 'baskets', 'strategies']).filter((name) => store.state.loaded.has(name));
      await lists.load(...opened);
      void lists.load('system').catch(() => undefined);
      link?.retry();
    } catch {
      retry = setTimeout(() => void session(), 1500);
    } finally {
      asking = false;
    }
  }

  /** @param {string} id */
  function useAccount(id) {
    const before = market(store)?.id;
    if (store.state.account !== id) {
      const other = store.state.account !== '';
      store.set('account', id);
      sessionStorageSet('account', id);
      if (other) {
        for (const name of /** @type {const} */ (['trades', 'positions', 'holdings', 'triggers', 'parents', 'baskets'])) store.set(name, []);
        store.set('strategies', null);
        store.set('funds', null);
        store.set('totals', null);
        store.set('overview', null);
      }
    }
    const after = market(store)?.id;
    setCurrency(store.state.session?.accounts.find((one) => one.id === id)?.currency ?? 'INR');
    if (before !== undefined && before !== after) {
      store.quotes.clear();
      store.set('chains', new Map());
      store.set('instruments', new Map());
      store.set('sparks', new Map());
      store.set('selected', '');
      missing.clear();
      store.update('watchlists', (lists) => lists.filter((one) => one.id !== RECORDED));
      void fillReplay();
    }
    sets.refresh();
    learn();
  }

  /** A replay brings few instruments: learn them all, and list them. */
  async function fillReplay() {
    const one = market(store);
    if (one?.kind !== 'replay') return;
    try {
      const { items } = await api.instruments({ market: one.id, limit: 60 });
      if (market(store)?.id !== one.id) return;
      store.update('instruments', (known) => withInstruments(known, items));
      const recorded = { id: RECORDED, name: t('watch.recorded'), keys: items.map((item) => item.key) };
      store.update('watchlists', (lists) => [recorded, ...lists.filter((list) => list.id !== RECORDED)]);
      sets.refresh();
    } catch {
      // the list stays as it is; searching finds them too
    }
  }

  /** @type {Set<string>} keys whose instrument is wanted */
  const wanted = new Set();
  /** @type {Set<string>} keys this market does not have */
  const missing = new Set();
  let learning = 0;

  function learn() {
    const id = market(store)?.id;
    if (id === undefined || store.state.restored !== null) return;
    for (const key of wanted) {
      if (learning >= AT_ONCE) return;
      wanted.delete(key);
      if (store.state.instruments.has(key) || missing.has(key)) continue;
      learning += 1;
      missing.add(key); // asked once; taken off again when the answer was no answer
      void api.instrument(id, key).then((one) => {
        if (market(store)?.id === id) store.update('instruments', (known) => withInstruments(known, [one]));
        missing.delete(key);
      }, (error) => {
        if (error?.problem?.status !== 404) missing.delete(key);
      }).finally(() => {
        learning -= 1;
        learn();
      });
    }
  }

  /** @param {string[]} keys */
  function ensure(keys) {
    for (const key of keys) if (key && !store.state.instruments.has(key) && !missing.has(key)) wanted.add(key);
    if (wanted.size > 0) learn();
  }

  async function start() {
    await preferences.use(readPreferences());
    await restore(store);
    link = createLink({ workerUrl: workerUrl(), onMessage: receiver.receive });
    sets.refresh();
    void session();
    keepLast(store, sets.keys);
    setInterval(() => store.touch('clock'), CLOCK_MS);
    setInterval(() => {
      if (!document.hidden && store.state.session && store.state.restored === null) void lists.load('system').catch(() => undefined);
    }, SYSTEM_MS);
    setInterval(() => {
      if (!document.hidden && store.state.session && store.state.restored === null) void lists.load('overview').catch(() => undefined);
    }, OVERVIEW_MS);
    addEventListener('online', () => link?.retry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) link?.retry();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => void preferences.use(store.state.preferences));
  }

  return {
    store,
    api,
    sets,
    send,
    ensure,
    useAccount,
    start,
    load: lists.load,
    prefer: preferences.prefer,
    /** @type {import('../views/context.js').ChartFeed} */
    feed: {
      async history(key, interval, end, limit) {
        const id = market(store)?.id ?? '';
        return api.bars(id, key, interval, end, limit);
      },
      subscribe: (key, interval, onBar) => sets.subscribe(key, interval, onBar),
    },
    /** @param {import('../format/wire.js').Market} one */
    marketIs(one) {
      store.update('markets', (markets) => withMarket(markets, one, store.now()));
    },
    /** @param {import('../format/wire.js').Watchlist[]} next */
    async saveWatchlists(next) {
      const before = store.state.watchlists;
      store.set('watchlists', next);
      try {
        await api.saveWatchlists(next.filter((list) => list.id !== RECORDED));
      } catch (error) {
        store.set('watchlists', before);
        throw error;
      }
    },
  };
}

/** Hidden pages get no frames; their state must still move on. @param {() => void} run */
function nextFrame(run) {
  if (document.hidden) setTimeout(run, 250);
  else requestAnimationFrame(run);
}

/** @returns {any} */
function workerUrl() {
  try {
    return scriptUrl('/transport/worker.js');
  } catch {
    return null; // another policy of that name is in the way: each page then holds its own socket
  }
}

/** @param {string} name */
function sessionStorageGet(name) {
  try {
    return sessionStorage.getItem(`sauda.${name}`) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} name @param {string} value */
function sessionStorageSet(name, value) {
  try {
    sessionStorage.setItem(`sauda.${name}`, value);
  } catch {
    // forbidden storage: the choice lasts as long as the page
  }
}
