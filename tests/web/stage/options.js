/** A page, a store and a server that answers what a test decides: the options views without a process behind them. */

import { createStore } from '/web/store/store.js';
import { withInstruments } from '/web/store/reducers.js';

const UNDERLYING = 'NSE_INDEX:NIFTY';

/** One contract of a chain. @param {string} key @param {object} [more] */
export const contract = (key, more = {}) => ({
  key, ltp: null, bid: null, ask: null, bid_qty: null, ask_qty: null, close: null, volume: null, oi: null, oi_change: null,
  build_up: 'none', iv: null, iv_reason: '', delta: null, gamma: null, theta: null, vega: null, rho: null, age: null, stale: false, ...more,
});

/** Figures above a chain, all unknown but those given. @param {object} more */
export const summary = (more) => ({
  spot: null, future: null, forward: null, forward_source: 'none', atm_strike: null, days_left: null, years: null, atm_iv: null, iv_rank: null, iv_percentile: null, rank_source: 'none',
  straddle: null, expected_move: null, pcr_oi: null, pcr_volume: null, max_pain: null, gex: null, gex_flip: null, call_oi: null, put_oi: null, call_volume: null, put_volume: null,
  skew: null, risk_reversal: null, butterfly: null, ...more,
});

/** A chain of `count` strikes, 50 apart, about 24500. @param {number} count @param {{ summary?: object, cell?: object, notes?: string[], expiry?: string }} [more] */
export function chain(count, more = {}) {
  const first = 24500 - 50 * Math.floor(count / 2);
  const rows = Array.from({ length: count }, (_, i) => {
    const strike = String(first + 50 * i);
    return { strike, ce: contract(`NFO:${strike}CE`, more.cell), pe: contract(`NFO:${strike}PE`, more.cell) };
  });
  return {
    market: 'sim', underlying: UNDERLYING, name: 'NIFTY', title: 'Nifty 50', expiry: more.expiry ?? '2026-11-24', source: 'simulator', at: '', age: 0, lot: 65,
    expiries: [{ date: '2026-11-24', days: 4.2, atm_iv: 0.12, expected_move: 310 }, { date: '2026-12-01', days: 11.2, atm_iv: null, expected_move: null }],
    summary: summary({ spot: 24512.3, atm_strike: 24500, ...more.summary }), fit: { kind: 'none', rmse: null, inside: null, points: 0, reason: '' }, rows, notes: more.notes ?? [],
  };
}

/** The stream's frame for a chain. @param {ReturnType<typeof chain>} one @param {(row: number) => object} [ce] */
export function frame(one, ce = () => ({})) {
  const columns = (values) => Object.fromEntries(['iv', 'delta', 'gamma', 'theta', 'vega', 'oi_change', 'build_up'].map((name) => [name, one.rows.map((_, i) => values(i)[name] ?? null)]));
  return { market: 'sim', underlying: one.underlying, expiry: one.expiry, t: 0, summary: one.summary, fit: one.fit, strikes: one.rows.map((row) => row.strike), ce: columns(ce), pe: columns(() => ({})) };
}

/** A price as the stream brings it. @param {number | null} ltp @param {object} [more] */
export const fields = (ltp, more = {}) => ({ ltp, bid: ltp === null ? null : ltp - 0.1, ask: ltp === null ? null : ltp + 0.1, bidQty: 65, askQty: 130, volume: 1000, oi: 65000, open: ltp, high: ltp, low: ltp, close: 100, marketMs: 0, flags: 0, ...more });

/** A problem as a call throws it. @param {number} status @param {string} code @param {string} detail */
export const problem = (status, code, detail) => Object.assign(new Error(detail), { problem: { status, code, detail } });

/**
 * A context whose clock the test moves and whose calls it answers.
 * @param {{ api?: Record<string, (...args: any[]) => any>, phase?: string }} [options]
 */
export function makeCtx({ api = {}, phase = 'continuous' } = {}) {
  const at = { now: 1000 };
  const noted = [];
  const store = createStore({ schedule: (run) => requestAnimationFrame(run), now: () => at.now });
  store.set('session', { accounts: [{ id: 'paper-sim', title: '', broker: 'paper', market: 'sim', mode: 'PAPER', currency: 'INR' }], markets: [] });
  store.set('account', 'paper-sim');
  store.set('markets', { sim: { id: 'sim', kind: 'simulated', label: '', state: 'running', phase, speed: 1, ms: Date.UTC(2026, 10, 20, 5), at: 0, tickAge: 0 } });
  store.set('link', { state: 'live', reason: '', heard: Infinity, heartbeat: 2000 });
  const answers = {
    chain: async () => chain(21), instruments: async () => ({ items: [] }), previewBasket: async () => ({ margin_required: '48220.00', margin_final: '40000.00', charges: '120.40', order: [0], problems: [] }),
    sendBasket: async (body) => ({ basket: { id: 'b', name: body.name, state: 'SENT', on_failure: 'stop', legs: body.legs.map((leg) => ({ order_id: 'o', state: 'OPEN', reason: '', key: leg.key })) } }),
    straddle: async () => ({ underlying: UNDERLYING, expiry: '2026-11-24', strike: null, at: '', t: [], straddle: [], iv: [], spot: [] }), ...api,
  };
  const note = (name) => (...args) => {
    noted.push([name, ...args]);
  };
  const ctx = {
    store, api: new Proxy({}, { get: (_, name) => async (...args) => {
      noted.push([name, ...args]);
      if (!answers[name]) throw problem(500, 'test.none', `no answer to ${String(name)}`);
      return answers[name](...args);
    } }),
    go: note('go'), ticket: note('ticket'), detail: note('detail'), toast: note('toast'), problem: note('problem'), watch: note('watch'), depth: note('depth'), chains: note('chains'),
    ensure: note('ensure'), prefer(change) {
      noted.push(['prefer', change]);
      store.set('preferences', { ...store.state.preferences, ...change });
    },
    load: async (...names) => note('load')(...names), sheet: note('sheet'), uid: () => 'u', command: note('command'), phone: () => false, wide: () => false,
  };
  /** Learn the contracts of a chain. */
  const learn = (one) => store.update('instruments', (known) => withInstruments(known, one.rows.flatMap((row) => [row.ce, row.pe]).filter(Boolean).map(({ key }) => (
    { key, symbol: key, exchange: 'NFO', kind: 'OPTION', name: 'NIFTY', title: '', segment: '', lot: 65, tick: '0.05', freeze: null, expiry: one.expiry, strike: key.slice(4, 9), right: key.slice(9), underlying: UNDERLYING, tradable: true, label: `NIFTY ${key.slice(4)}`, sub: '', order_types: ['MARKET'] }))));
  return { ctx, store, at, noted, learn, answers };
}

/** Every text that is drawn on any canvas from now on. @returns {string[]} */
export function listenToCanvas() {
  const texts = [];
  const old = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function fillText(text, ...rest) {
    texts.push(String(text));
    return old.call(this, text, ...rest);
  };
  return texts;
}

export const frames = async (count = 2) => {
  for (let i = 0; i < count; i += 1) await new Promise((done) => requestAnimationFrame(done));
};

window.ready = true;
