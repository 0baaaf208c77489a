/** Asks the server what the legs are worth: at once when they change, and again every few seconds while they are looked at. */

import { linkLost } from '../../store/freshness.js';
import { market } from '../../store/selectors.js';
import { asked, shapeOf } from '../shared/legs.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../store/tray.js').TrayLeg} TrayLeg */

const SOON_MS = 40;
const AGAIN_MS = 3000;

/**
 * @param {Ctx} ctx
 * @param {{ onAnswer: (told: import('../../format/strategies.js').PayoffTold, shape: string) => void, onFault: (error: unknown) => void }} on
 */
export function createAnalysis(ctx, { onAnswer, onFault }) {
  /** @type {readonly TrayLeg[]} */
  let legs = [];
  let timer = 0;
  let going = new AbortController();
  let answeredAt = -Infinity;

  async function ask() {
    clearTimeout(timer);
    going.abort();
    const id = market(ctx.store)?.id;
    if (legs.length === 0 || id === undefined) return;
    if (document.hidden || ctx.store.state.restored !== null || linkLost(ctx.store.state.link, ctx.store.now())) {
      timer = setTimeout(() => void ask(), AGAIN_MS); // nobody looks, or nobody answers: what is shown keeps its age
      return;
    }
    const turn = (going = new AbortController());
    const shape = shapeOf(legs);
    try {
      const told = await ctx.api.payoff({ market: id, legs: asked(legs), account: ctx.store.state.account }, turn.signal);
      if (turn.signal.aborted) return;
      answeredAt = ctx.store.now();
      onAnswer(told, shape);
    } catch (error) {
      if (turn.signal.aborted) return;
      onFault(error);
    }
    timer = setTimeout(() => void ask(), AGAIN_MS);
  }

  return {
    /** @param {readonly TrayLeg[]} next */
    set(next) {
      if (shapeOf(next) === shapeOf(legs) && next.length > 0) return;
      legs = next;
      going.abort();
      clearTimeout(timer);
      if (legs.length > 0) timer = setTimeout(() => void ask(), SOON_MS);
    },
    again: () => void ask(),
    /** Seconds since the last answer; null before the first. */
    age: () => (Number.isFinite(answeredAt) ? (ctx.store.now() - answeredAt) / 1000 : null),
    destroy() {
      clearTimeout(timer);
      going.abort();
    },
  };
}
