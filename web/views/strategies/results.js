/** How strategies that are over have done: all together, and by the kind of strategy. */

import { t, tn } from '../../format/i18n.js';
import { DASH, direction, number, profit, quantity } from '../../format/numbers.js';
import { h, setText } from '../../widgets/dom.js';
import { empty, figure } from '../../widgets/parts.js';
import { createTable } from '../../widgets/table.js';
import { strategyName } from '../shared/payoff.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */

/** @param {Ctx} ctx */
export function createResults(ctx) {
  const figures = { net: figure(t('strategies.net'), { big: true }), count: figure(t('strategies.count')), rate: figure(t('strategies.winRate')), win: figure(t('strategies.averageWin')), loss: figure(t('strategies.averageLoss')), best: figure(t('strategies.best')), worst: figure(t('strategies.worst')) };
  const said = h('p', { class: 'muted', role: 'status' });
  const none = empty({ icon: 'strategies', title: t('strategies.noResultsTitle'), text: t('strategies.noResults') });
  const table = createTable({
    label: t('strategies.byKind'),
    key: (/** @type {{ template: string, count: number, wins: number, net: string }} */ one) => one.template,
    columns: [
      { id: 'name', label: t('col.kind'), width: 'minmax(0, 2fr)', cell: (one) => ({ text: strategyName(one.template), cls: 'strong' }), place: 'title' },
      { id: 'count', label: t('strategies.count'), num: true, cell: (one) => quantity(one.count), place: 'sub' },
      { id: 'wins', label: t('strategies.winRate'), num: true, cell: (one) => (one.count === 0 ? DASH : `${number((one.wins / one.count) * 100, 0)}%`), place: 'sub' },
      { id: 'net', label: t('strategies.net'), num: true, cell: (one) => ({ text: profit(one.net, 0), cls: `strong ${direction(one.net)}` }), place: 'main' },
    ],
  });
  const panel = h('section', { class: 'panel', 'aria-label': t('strategies.byKind') }, table.el);
  const el = h('div', { class: 'stack' }, h('div', { class: 'figures hero' }, Object.values(figures).map((one) => one.el)), said, none, panel);

  return {
    el,
    async read() {
      try {
        const told = await ctx.api.strategiesPerformance(ctx.store.state.account);
        setText(said, told.count === 0 ? '' : tn('strategies.resultsOf', told.count));
        none.hidden = told.count > 0;
        panel.hidden = told.by_template.length === 0;
        figures.net.set(profit(told.net, 0), direction(told.net));
        figures.count.set(quantity(told.count), '', t('strategies.winsLosses', { wins: told.wins, losses: told.losses }));
        figures.rate.set(told.win_rate === null ? DASH : `${number(told.win_rate * 100, 0)}%`);
        figures.win.set(profit(told.average_win, 0));
        figures.loss.set(profit(told.average_loss, 0));
        figures.best.set(profit(told.best, 0));
        figures.worst.set(profit(told.worst, 0));
        table.update(told.by_template);
      } catch (error) {
        setText(said, errorText(error));
      }
    },
  };
}
