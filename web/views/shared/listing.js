/**
 * What may be picked: expiries of the underlying and the strikes of each, with what a contract costs and its volatility.
 * Read for the expiries in use, again every few seconds while the page is looked at; handles of the payoff snap to it at once.
 */

import { market } from '../../store/selectors.js';
import { withInstruments } from '../../store/reducers.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').Chain} Chain */
/** @typedef {import('../../format/wire.js').ChainCell} Cell */

const AGAIN_MS = 10_000;

/**
 * @param {Ctx} ctx
 * @param {{ onChange: () => void, onFault: (error: unknown) => void }} on
 */
export function createListing(ctx, { onChange, onFault }) {
  const { store } = ctx;
  let underlying = '';
  /** @type {Map<string, Chain>} by expiry */
  const chains = new Map();
  /** @type {Set<string>} */
  let wanted = new Set();
  let turn = 0;
  /** @type {import('../../format/wire.js').ChainExpiry[]} */
  let expiries = [];
  let name = '';
  let lot = 0;

  /** @param {string} expiry '' = the nearest */
  async function read(expiry) {
    const id = market(store)?.id;
    if (id === undefined || underlying === '' || store.state.restored !== null) return;
    const mine = turn;
    try {
      const chain = await ctx.api.chain(underlying, { market: id, expiry: expiry || undefined, strikes: 0 });
      if (mine !== turn) return;
      chains.set(chain.expiry, chain);
      ({ expiries, name, lot } = chain);
      underlying = chain.underlying;
      onChange();
    } catch (error) {
      if (mine === turn) onFault(error);
    }
  }

  const timer = setInterval(() => {
    if (document.hidden || store.state.restored !== null) return;
    for (const expiry of wanted) void read(expiry);
  }, AGAIN_MS);

  return {
    /** Another underlying, or the same again: read its nearest chain. @param {string} key @param {string} [expiry] */
    use(key, expiry = '') {
      if (key !== underlying) {
        chains.clear();
        expiries = [];
        wanted = new Set();
      }
      turn += 1;
      underlying = key;
      return read(expiry);
    },
    /** Expiries whose strikes are needed. @param {Iterable<string>} needed */
    need(needed) {
      wanted = new Set(needed);
      for (const expiry of wanted) if (expiry && !chains.has(expiry)) void read(expiry);
    },
    underlying: () => underlying,
    name: () => name,
    lot: () => lot,
    expiries: () => expiries,
    /** @param {string} expiry */
    chain: (expiry) => chains.get(expiry),
    /** Strikes with a contract of that right, rising. @param {string} expiry @param {'CE' | 'PE'} right */
    strikes(expiry, right) {
      const found = [];
      for (const row of chains.get(expiry)?.rows ?? []) if (row[right === 'CE' ? 'ce' : 'pe']) found.push(Number(row.strike));
      return found;
    },
    /** @param {string} expiry @param {number} strike @param {'CE' | 'PE'} right @returns {Cell | null} */
    cell(expiry, strike, right) {
      const row = chains.get(expiry)?.rows.find((one) => Number(one.strike) === strike);
      return row?.[right === 'CE' ? 'ce' : 'pe'] ?? null;
    },
    /** The strike of a contract, by its key. @param {string} key */
    place(key) {
      for (const [expiry, chain] of chains) for (const row of chain.rows) {
        if (row.ce?.key === key) return { expiry, strike: Number(row.strike), right: /** @type {const} */ ('CE') };
        if (row.pe?.key === key) return { expiry, strike: Number(row.strike), right: /** @type {const} */ ('PE') };
      }
      return null;
    },
    /** Tell the store of instruments the page learnt of. @param {import('../../format/wire.js').Instrument[]} found */
    learn: (found) => store.update('instruments', (known) => withInstruments(known, found)),
    destroy: () => clearInterval(timer),
  };
}

/** What one unit would be valued at: the middle of a whole quote, else the last price. @param {Cell} cell @returns {number | null} */
export function middle(cell) {
  const [bid, ask, last] = [cell.bid, cell.ask, cell.ltp].map((one) => (one === null ? null : Number(one)));
  if (bid !== null && ask !== null && bid > 0 && ask >= bid) return (bid + ask) / 2;
  return last;
}

/** The listed strike nearest to a price. @param {readonly number[]} strikes rising @param {number} near */
export function nearest(strikes, near) {
  let best = strikes[0] ?? near;
  for (const strike of strikes) if (Math.abs(strike - near) < Math.abs(best - near)) best = strike;
  return best;
}

/** The next listed strike that way; itself at the end. @param {readonly number[]} strikes @param {number} from @param {1 | -1} way */
export function nextStrike(strikes, from, way) {
  const found = way > 0 ? strikes.find((one) => one > from) : [...strikes].reverse().find((one) => one < from);
  return found ?? from;
}
