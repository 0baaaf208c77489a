/** What the app knows. One plain object; the store replaces its members whole, never changes them in place. */

/** @typedef {import('../format/wire.js').Preferences} Preferences */

/**
 * @typedef {object} LinkState
 * @property {'connecting' | 'live' | 'down'} state
 * @property {string} reason
 * @property {number} heard steady-clock ms of the last word from the server; -Infinity before the first
 * @property {number} heartbeat ms between two beats
 */

/** @typedef {import('../format/wire.js').Market & { at: number, ms: number, tickAge: number | null }} MarketNow at: steady-clock ms when `ms` (market time) was true */

/**
 * @typedef {object} State
 * @property {LinkState} link
 * @property {number | null} restored wall-clock ms of the saved state that is on screen; null once the server has answered
 * @property {import('../format/wire.js').Session | null} session
 * @property {Record<string, MarketNow>} markets
 * @property {string} account
 * @property {Map<string, import('../format/wire.js').Instrument>} instruments of the active market
 * @property {Map<string, import('../format/wire.js').Order>} orders
 * @property {import('../format/wire.js').Trade[]} trades
 * @property {import('../format/wire.js').Position[]} positions
 * @property {import('../format/wire.js').Totals | null} totals of the positions, at the prices they carry
 * @property {import('../format/wire.js').Position[]} holdings
 * @property {import('../format/wire.js').Funds | null} funds
 * @property {import('../format/wire.js').Trigger[]} triggers
 * @property {import('../format/wire.js').Parent[]} parents
 * @property {import('../format/wire.js').Basket[]} baskets
 * @property {import('../format/strategies.js').StrategyPage | null} strategies of the account, newest first, and what belongs to none; null before they were read
 * @property {import('../format/wire.js').Watchlist[]} watchlists
 * @property {Preferences} preferences
 * @property {import('../format/wire.js').KillSwitch} kill
 * @property {import('../format/wire.js').Overview | null} overview
 * @property {Map<string, number>} marks last prices at the moment the overview was read: what has moved since is added to it
 * @property {Map<string, number[]>} sparks
 * @property {import('../format/wire.js').Notice[]} notices
 * @property {string} selected key of the instrument on the ticket and the chart
 * @property {Map<string, import('../format/wire.js').ChainFrame & { at: number }>} chains last frame of each option chain shown, by underlying|expiry; at: steady-clock ms when it came
 * @property {readonly import('./keptchains.js').KeptChain[]} keptChains option chains read last, newest first
 * @property {import('./tray.js').Tray} tray legs picked in the chain; read it through tray.js
 * @property {any} system
 * @property {number | null} orderMs last order's round trip, ms
 * @property {Set<string>} loaded lists that have been read at least once
 */

/** @type {Readonly<Preferences>} */
export const DEFAULT_PREFERENCES = Object.freeze({
  theme: 'auto',
  palette: 'normal',
  density: 'cosy',
  language: 'en',
  short: true,
  tint: true,
  swap: false,
  listWidth: 292,
  sideWidth: 316,
  listShut: false,
  sideShut: false,
  watchlist: '',
  chart: { interval: '3m', kind: 'candles', volume: true, indicators: ['ema20'] },
  chain: { columns: ['ltp', 'oi', 'quote', 'iv', 'delta', 'theta', 'vega', 'volume', 'build'], underlying: '' },
  last: {},
});

/** @returns {State} */
export function emptyState() {
  return {
    link: { state: 'connecting', reason: '', heard: -Infinity, heartbeat: 2000 },
    restored: null,
    session: null,
    markets: {},
    account: '',
    instruments: new Map(),
    orders: new Map(),
    trades: [],
    positions: [],
    totals: null,
    holdings: [],
    funds: null,
    triggers: [],
    parents: [],
    baskets: [],
    strategies: null,
    watchlists: [],
    preferences: { ...DEFAULT_PREFERENCES, last: {} },
    kill: { engaged: false, reason: '', since: null },
    overview: null,
    marks: new Map(),
    sparks: new Map(),
    notices: [],
    selected: '',
    chains: new Map(),
    keptChains: [],
    tray: { market: '', underlying: '', legs: [] },
    system: null,
    orderMs: null,
    loaded: new Set(),
  };
}
