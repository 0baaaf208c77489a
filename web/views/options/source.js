/**
 * Keeps one chain fed: read once whole, then moved by the stream. What cannot be read is said and tried again, unless the
 * server says that there is no such chain. While the server does not answer, the chain read last stands in for it.
 */

import { market } from '../../store/selectors.js';
import { keepChain, keptChain, keptQuotes } from '../../store/keptchains.js';
import { withInstruments } from '../../store/reducers.js';
import { ChainModel } from './model.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('./model.js').Side} Side */

const OWNER = 'options';
/** India's volatility index; shown where the market has it. */
export const VIX = 'NSE_INDEX:INDIAVIX';
const RETRY_MS = 3000;
const AGAIN_MS = 60_000; // new strikes and the other expiries' moves
const QUIET_MS = 6000; // without a frame for so long, the chain is read over HTTP

/**
 * @param {Ctx} ctx
 * @param {{ onChain: (model: ChainModel, fresh: boolean) => void, onFrame: () => void, onFault: (error: unknown, gone: '' | 'underlying' | 'expiry') => void, onLoading: () => void, onChange: (row: number, side: Side) => void }} on
 *   onChain: read whole; fresh: another chain than before. gone: what there is not, when asking again is of no use
 */
export function createChainSource(ctx, { onChain, onFrame, onFault, onLoading, onChange }) {
  const { store } = ctx;
  /** @type {ChainModel | null} */
  let model = null;
  let underlying = '';
  let expiry = '';
  let place = '';
  let turn = 0;
  let retry = 0;
  let reading = false;
  let kept = false; // whether what is shown was read before the server fell silent
  let readAt = -Infinity;
  /** Steady-clock moment of the newest figures. */
  let figuresAt = -Infinity;
  /** @type {unknown} */
  let seen = null;

  /** @param {boolean} quiet whether what is shown stays meanwhile */
  async function read(quiet) {
    const id = market(store)?.id;
    if (id === undefined || underlying === '') return;
    const mine = (turn += 1);
    clearTimeout(retry);
    reading = true;
    if (!quiet) onLoading();
    try {
      const chain = await ctx.api.chain(underlying, { market: id, expiry: expiry || undefined, strikes: 0 });
      if (mine !== turn) return;
      const fresh = model === null || model.underlying !== chain.underlying || model.expiry !== chain.expiry || place !== id;
      const most = fresh ? 0 : (model?.mostOi ?? 0);
      model = new ChainModel(chain);
      kept = false;
      keepChain(store, chain, Date.now());
      model.mostOi = most;
      place = id;
      readAt = store.now();
      figuresAt = store.now() - chain.age * 1000;
      learn(chain);
      watch();
      onChain(model, fresh);
    } catch (error) {
      if (mine !== turn) return;
      const { problem } = /** @type {{ problem?: import('../../format/wire.js').Problem }} */ (error);
      const gone = problem?.status !== 404 ? '' : problem.code === 'chain.unknown' ? 'expiry' : 'underlying';
      const shown = quiet || (gone === '' && standIn(id));
      if (!shown) {
        model = null;
        unwatch();
        onFault(error, gone);
      }
      place = id;
      readAt = store.now();
      if (gone === '') retry = setTimeout(() => void read(shown), RETRY_MS);
    } finally {
      if (mine === turn) reading = false;
    }
  }

  /** The chain read last in place of the one that cannot be read; false where there is none. @param {string} id */
  function standIn(id) {
    const last = keptChain(store.state.keptChains, id, underlying, expiry);
    if (last === null) return false;
    const away = Math.max(0, Date.now() - last.at);
    figuresAt = store.now() - away;
    model = new ChainModel(last.chain);
    kept = true;
    place = id;
    store.quotes.restore(keptQuotes(last.chain, 0), figuresAt);
    store.touch('quotes');
    watch();
    onChain(model, true);
    return true;
  }

  function watch() {
    if (!model) return;
    ctx.watch(OWNER, [model.underlying, VIX, ...model.keys]);
    ctx.chains(OWNER, [{ underlying: model.underlying, expiry: model.expiry, strikes: 0 }]);
  }

  function unwatch() {
    ctx.watch(OWNER, underlying ? [underlying] : []);
    ctx.chains(OWNER, []);
  }

  /** Contracts of a chain are known without asking for each: tray, ticket and basket need lot and label. @param {import('../../format/wire.js').Chain} chain */
  function learn(chain) {
    ctx.ensure([chain.underlying]);
    const missing = chain.rows.flatMap((row) => [row.ce?.key, row.pe?.key]).filter((key) => key !== undefined && !store.state.instruments.has(key));
    if (missing.length === 0) return;
    void fetchInstruments(chain.market, chain.name, chain.expiry);
  }

  /** @param {string} id @param {string} name @param {string} day */
  async function fetchInstruments(id, name, day) {
    try {
      const { items } = await ctx.api.instruments({ market: id, kind: 'OPTION', name, expiry: day, limit: 500 });
      if (market(store)?.id === id) store.update('instruments', (known) => withInstruments(known, items));
    } catch {
      // what is missing is learnt one by one, when it is touched
    }
  }

  const stops = [
    store.on(['chains'], () => {
      if (!model) return;
      const frame = store.state.chains.get(`${model.underlying}|${model.expiry}`);
      if (!frame || frame === seen) return;
      seen = frame;
      figuresAt = frame.at;
      if (!model.apply(frame, onChange)) void read(true);
      onFrame();
    }),
    store.on(['account', 'session', 'markets'], () => {
      const id = market(store)?.id;
      if (id === undefined || id === place || underlying === '' || reading) return;
      if (place !== '') expiry = ''; // another market has expiries of its own
      seen = null;
      void read(false);
    }),
    store.on(['clock'], () => {
      if (!model || reading || document.hidden || store.state.link.state !== 'live') return;
      const now = store.now();
      if (now - readAt > AGAIN_MS || (now - figuresAt > QUIET_MS && now - readAt > QUIET_MS)) void read(true);
    }),
  ];

  return {
    /** @param {string} nextUnderlying key or name @param {string} nextExpiry '' for the nearest */
    show(nextUnderlying, nextExpiry) {
      if (nextUnderlying === underlying && nextExpiry === expiry && model) return;
      underlying = nextUnderlying;
      expiry = nextExpiry;
      seen = null;
      void read(false);
    },
    again: () => void read(model !== null),
    model: () => model,
    /** Whether what is shown was read before the server fell silent. */
    kept: () => kept,
    /** Age of IV, Greeks and the figures above the chain, s; null where there are none. */
    age: () => (Number.isFinite(figuresAt) ? Math.max(0, (store.now() - figuresAt) / 1000) : null),
    destroy() {
      turn += 1;
      clearTimeout(retry);
      for (const stop of stops) stop();
      ctx.watch(OWNER, []);
      ctx.chains(OWNER, []);
    },
  };
}
