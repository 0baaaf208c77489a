/** What is watched: each part of the screen names its own keys, the stream hears the union. Also the live bars of charts. */

import { market } from '../store/selectors.js';

/** Seconds of each interval the stream sends live bars for. */
const SECONDS = Object.freeze({ '1s': 1, '5s': 5, '15s': 15, '30s': 30, '1m': 60, '3m': 180, '5m': 300, '15m': 900, '30m': 1800, '1h': 3600, '1d': 86_400, '1w': 604_800, '1M': 2_592_000 });

/** @typedef {'watch' | 'depth' | 'bars' | 'chains'} Kind */
const KINDS = /** @type {const} */ (['watch', 'depth', 'bars', 'chains']);

/**
 * @param {import('../store/store.js').Store} store
 * @param {(kind: Kind, market: string, items: unknown[]) => void} want
 */
export function createSets(store, want) {
  /** @type {{ watch: Map<string, string[]>, depth: Map<string, string[]>, chains: Map<string, import('../views/context.js').ChainAsked[]> }} */
  const owners = { watch: new Map(), depth: new Map(), chains: new Map() };
  /** @type {Set<{ key: string, interval: string, onBar: (bar: import('../views/context.js').LiveBar) => void }>} */
  const series = new Set();
  /** @type {Set<Kind>} */
  const stale = new Set();
  let told = '';
  /** @type {Record<string, string>} */
  const last = {};

  /** @param {Kind} kind */
  function later(kind) {
    if (stale.size === 0) queueMicrotask(tell);
    stale.add(kind);
  }

  function tell() {
    const id = market(store)?.id;
    const kinds = [...stale];
    stale.clear();
    if (id === undefined) return;
    if (told && told !== id) for (const kind of KINDS) if (kind !== 'chains' || last['chains']) want(kind, told, []);
    const moved = told !== id;
    told = id;
    for (const kind of moved ? KINDS : kinds) {
      const items = kind === 'bars' ? [...new Map([...series].map(({ key, interval }) => [`${key}|${interval}`, { key, interval }])).values()]
        : kind === 'chains' ? [...new Map([...owners.chains.values()].flat().map((one) => [JSON.stringify(one), one])).values()] : [...new Set([...owners[kind].values()].flat())];
      if (kind === 'chains' && items.length === 0 && !last[kind]) continue;
      const shape = `${id}|${JSON.stringify(items)}`;
      if (last[kind] === shape) continue;
      last[kind] = shape;
      want(kind, id, items);
    }
  }

  /** @param {'watch' | 'depth'} kind @returns {(owner: string, keys: string[]) => void} */
  const setter = (kind) => (owner, keys) => {
    if (keys.length === 0) owners[kind].delete(owner);
    else owners[kind].set(owner, keys);
    later(kind);
  };

  return {
    watch: setter('watch'),
    depth: setter('depth'),
    /** Option chains this owner shows; replaces its earlier ones. @param {string} owner @param {import('../views/context.js').ChainAsked[]} chains */
    chains(owner, chains) {
      if (chains.length === 0) owners.chains.delete(owner);
      else owners.chains.set(owner, chains);
      later('chains');
    },
    /**
     * @param {string} key
     * @param {string} interval
     * @param {(bar: import('../views/context.js').LiveBar) => void} onBar
     */
    subscribe(key, interval, onBar) {
      const entry = { key, interval, onBar };
      series.add(entry);
      later('bars');
      return () => {
        series.delete(entry);
        later('bars');
      };
    },
    /** @param {string} key @param {number} seconds @param {import('../views/context.js').LiveBar} bar */
    bar(key, seconds, bar) {
      for (const entry of series) if (entry.key === key && SECONDS[/** @type {keyof typeof SECONDS} */ (entry.interval)] === seconds) entry.onBar(bar);
    },
    /** The market is known now, or is another one. */
    refresh() {
      for (const kind of KINDS) later(kind);
    },
    keys: () => [...new Set([...owners.watch.values()].flat())],
  };
}
