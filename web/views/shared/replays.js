/** Recorded days that can be replayed, each with its button. Nothing is shown where the server has no replays. */

import { dayYear } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { quantity } from '../../format/numbers.js';
import { fill, h, icon } from '../../widgets/dom.js';
import { errorText } from './text.js';

/**
 * @param {import('../context.js').Ctx} ctx
 * @param {{ title: string, onStart?: () => void }} options
 */
export function replayList(ctx, { title, onStart }) {
  const rows = h('div', { class: 'stack tight' });
  const el = h('div', { class: 'stack tight', hidden: true }, h('h3', { class: 'sub-title' }, title), rows);

  async function read() {
    try {
      const { items } = await ctx.api.replays();
      el.hidden = false;
      fill(rows, items.length === 0 ? h('p', { class: 'muted' }, t('replay.none')) : items.map((one) => h('div', { class: 'choice' },
        h('span', { class: 'grow' }, h('strong', null, dayYear(one.day)), ' ', h('span', { class: 'muted' }, t('replay.about', { kind: one.kind, n: quantity(one.instruments), rows: quantity(one.rows) }))),
        h('button', { type: 'button', class: 'button', on: { click: () => void start(one.id) } }, icon('play'), t('replay.start')))));
    } catch (error) {
      el.hidden = /** @type {{ problem?: { status?: number } }} */ (error).problem?.status === 404;
      fill(rows, h('p', { class: 'muted' }, errorText(error)));
    }
  }

  /** @param {string} id */
  async function start(id) {
    try {
      const one = await ctx.api.startReplay(id, 1);
      ctx.marketIs(one);
      await ctx.load('kill'); // the session names the replay's account
      const mine = ctx.store.state.session?.accounts.find((other) => other.market === one.id);
      if (mine) ctx.useAccount(mine.id);
      ctx.toast({ text: t('replay.started', { day: dayYear(one.day) }), level: 'good' });
      onStart?.();
    } catch (error) {
      ctx.toast({ text: errorText(error), level: 'bad' });
    }
  }

  return { el, read };
}
