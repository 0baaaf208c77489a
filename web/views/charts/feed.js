/**
 * Keeps one chart fed: history, older bars as they are wanted, the live bar, and the last price where no live bar comes.
 */

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../context.js').LiveBar} LiveBar */
/** @typedef {import('../../chart/types.js').Chart} Chart */
/** @typedef {import('./intervals.js').Interval} Interval */

const FIRST = 600; // bars asked for at first
const OLDER = 1500; // bars asked for when the user scrolls back
const RETRY_MS = 3000;
const QUIET_MS = 2500; // without a live bar for so long, the last price moves the last bar
const DAY = 86_400_000;

/**
 * @param {Ctx} ctx
 * @param {Chart} chart
 * @param {{ onState: (state: 'loading' | 'ready' | 'empty' | 'failed', error?: unknown) => void }} told
 */
export function feedChart(ctx, chart, { onState }) {
  let key = '';
  /** @type {Interval | null} */
  let interval = null;
  let turn = 0; // answers to an earlier question are dropped
  let newest = { t: NaN, o: 0, h: 0, l: 0, c: 0, v: 0 };
  let heard = -Infinity; // steady ms of the last live bar
  let retry = 0;
  let stop = () => {};

  /** @param {{ tick: number, label: string, keepView?: boolean }} context */
  async function load(context) {
    if (interval === null) return;
    const mine = (turn += 1);
    clearTimeout(retry);
    onState('loading');
    try {
      const bars = sized(await ctx.feed.history(key, interval.id, null, FIRST));
      if (mine !== turn) return;
      chart.setBars(bars, { ...context, interval: interval.ms });
      const last = bars.t.length - 1;
      newest = last < 0 ? { t: NaN, o: 0, h: 0, l: 0, c: 0, v: 0 } : { t: num(bars.t, last), o: num(bars.o, last), h: num(bars.h, last), l: num(bars.l, last), c: num(bars.c, last), v: num(bars.v, last) };
      onState(last < 0 ? 'empty' : 'ready');
    } catch (error) {
      if (mine !== turn) return;
      onState('failed', error);
      retry = setTimeout(() => void load(context), RETRY_MS);
    }
  }

  const forget = chart.onNeedOlder((oldest) => void older(oldest));
  /** @param {number} oldest */
  async function older(oldest) {
    if (interval === null) return;
    const mine = turn;
    try {
      const bars = sized(await ctx.feed.history(key, interval.id, oldest, OLDER));
      if (mine === turn) chart.prepend(bars);
    } catch {
      if (mine === turn) retry = setTimeout(() => mine === turn && void older(oldest), RETRY_MS);
    }
  }

  /** @type {{ tick: number, label: string }} */
  let context = { tick: 0.05, label: '' };

  /** What one unit of volume is: 1, or the step where fractions trade. */
  const unit = () => Number(ctx.store.state.instruments.get(key)?.unit ?? 1);

  /** Volume as traders count it. @template {{ v: ArrayLike<number> }} T @param {T} bars @returns {T} */
  function sized(bars) {
    const one = unit();
    return one === 1 ? bars : { ...bars, v: Float64Array.from(bars.v, (units) => units * one) };
  }

  /** @param {LiveBar} told */
  function live(told) {
    const one = unit();
    const bar = one === 1 ? told : { ...told, v: told.v * one };
    heard = ctx.store.now();
    if (interval === null) return;
    if (newest.t - bar.t > interval.ms * 2) { // the market went back: a replay was wound
      newest = { ...bar };
      void load(context);
      return;
    }
    if (!(bar.t < newest.t)) newest = { ...bar };
    if (chart.update(bar)) onState('ready');
  }

  return {
    /**
     * Show another series.
     * @param {string} nextKey
     * @param {Interval} nextInterval
     * @param {{ tick: number, label: string }} nextContext
     */
    show(nextKey, nextInterval, nextContext) {
      stop();
      key = nextKey;
      interval = nextInterval;
      context = nextContext;
      heard = -Infinity;
      stop = ctx.feed.subscribe(key, interval.id, live);
      void load(context);
    },
    /** Read the bars again, where the user looks now: the link was down, or another market came. */
    reload: () => void load({ ...context, keepView: true }),
    /** Let the last price move the last bar, as long as no live bar comes. */
    quote() {
      const now = ctx.store.now();
      const quote = ctx.store.quotes.get(key);
      if (interval === null || !Number.isFinite(newest.t) || now - heard < QUIET_MS) return;
      if (!quote || quote.ltp === null || quote.marketMs === null || quote.restored) return;
      const bar = folded(newest, quote.ltp, quote.marketMs, interval.ms);
      if (bar === null) return;
      newest = bar;
      chart.update(bar);
    },
    destroy() {
      turn += 1;
      clearTimeout(retry);
      stop();
      forget();
    },
  };
}

/**
 * The bar a trade belongs to: the newest, moved by it, or a new one on the same grid. Null when it is older than the newest bar,
 * or when days must be counted, which only the server does right.
 * @param {{ t: number, o: number, h: number, l: number, c: number, v: number }} newest
 * @param {number} price
 * @param {number} time ms
 * @param {number} interval ms
 */
export function folded(newest, price, time, interval) {
  const passed = Math.floor((time - newest.t) / interval);
  if (passed < 0) return null;
  if (passed === 0) return { ...newest, h: Math.max(newest.h, price), l: Math.min(newest.l, price), c: price };
  if (interval >= DAY || time - newest.t > DAY / 2) return null;
  return { t: newest.t + passed * interval, o: price, h: price, l: price, c: price, v: 0 };
}

/** @param {ArrayLike<number>} column @param {number} i */
const num = (column, i) => /** @type {number} */ (column[i]);
