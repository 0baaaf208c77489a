/** Today's small lines for a list of instruments: a few at a time, each at most once a minute. */

import { market } from '../../../store/selectors.js';

const FRESH_MS = 60_000;
const AT_ONCE = 3;
const BARS = 60;
const LEAST = 8; // fewer points make a line that says nothing

/** @param {import('../../context.js').Ctx} ctx */
export function createSparks(ctx) {
  /** @type {Map<string, number>} */
  const asked = new Map();
  /** @type {string[]} */
  let wanted = [];
  let running = 0;
  let over = false;
  let of = '';

  function next() {
    const here = market(ctx.store);
    if (over || !here || document.hidden || ctx.store.state.link.state !== 'live') return;
    if (of !== here.id) {
      of = here.id;
      asked.clear();
    }
    while (running < AT_ONCE) {
      const now = ctx.store.now();
      const key = wanted.find((one) => now - (asked.get(one) ?? -Infinity) > FRESH_MS);
      if (key === undefined) return;
      asked.set(key, now);
      running += 1;
      void load(here.id, key);
    }
  }

  /** @param {string} id @param {string} key */
  async function load(id, key) {
    try {
      const bars = await ctx.api.bars(id, key, '3m', null, BARS);
      if (!over && bars.c.length >= LEAST && market(ctx.store)?.id === id) ctx.store.update('sparks', (known) => new Map(known).set(key, bars.c));
    } catch {
      // a missing small line is no trouble: the price stands beside it, and it is asked for again in a minute
    } finally {
      running -= 1;
      next();
    }
  }

  const timer = setInterval(next, 5000);
  return {
    /** @param {string[]} keys */
    want(keys) {
      wanted = keys;
      next();
    },
    destroy() {
      over = true;
      clearInterval(timer);
    },
  };
}
