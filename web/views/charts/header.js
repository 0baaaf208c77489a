/** What stands over the chart: the instrument, its price with age and source, and the choices of how to draw it. */

import { t } from '../../format/i18n.js';
import { market } from '../../store/selectors.js';
import { h, setAttr, setClass, setText } from '../../widgets/dom.js';
import { chips } from '../../widgets/parts.js';
import { priceCell } from '../../widgets/price.js';
import { changeView, labelOf, priceView, subOf } from '../shared/text.js';
import { FAVOURITES, INTERVALS, intervalOf } from './intervals.js';

/** @typedef {import('../context.js').Ctx} Ctx */

/**
 * @param {Ctx} ctx
 * @param {{ interval: string, onInterval: (id: string) => void, onStyle: () => void, onSymbol: () => void }} spec
 */
export function chartHeader(ctx, { interval, onInterval, onStyle, onSymbol }) {
  const name = h('span', { class: 'chart-name' });
  const sub = h('span', { class: 'chart-sub' });
  const symbol = h('button', { type: 'button', class: 'chart-symbol', 'aria-label': t('chart.change'), on: { click: onSymbol } }, name, sub);
  const price = priceCell({ cls: 'chart-price', tag: 'strong' });
  const moved = h('span', { class: 'chart-moved' });
  const source = h('span', { class: 'chart-source' });
  const picks = chips({
    label: t('chart.interval'), cls: 'chart-intervals', value: interval,
    options: FAVOURITES.map((id) => ({ value: id, label: intervalOf(id).label })), onChange: (id) => {
      others.value = '';
      onInterval(id);
    },
  });
  const rest = INTERVALS.filter((one) => !FAVOURITES.includes(one.id));
  const others = h('select', { class: 'chart-pick', 'aria-label': t('chart.moreIntervals'), title: t('chart.moreIntervals'), on: { change: () => {
    if (others.value === '') return;
    picks.set(others.value);
    onInterval(others.value);
  } } }, h('option', { value: '' }, '…'), rest.map((one) => h('option', { value: one.id, selected: one.id === interval }, one.label)));
  const count = h('b', null);
  const style = h('button', { type: 'button', class: 'chip chart-function', 'aria-label': t('chart.style'), title: t('chart.style'), on: { click: onStyle } }, h('span', { 'aria-hidden': 'true' }, 'ƒ'), count);
  const el = h('header', { class: 'chart-head' },
    h('div', { class: 'chart-quote' }, symbol, price.el, moved, source),
    h('div', { class: 'chart-tools' }, picks.el, others, style));

  return {
    el,
    /** @param {number} chosen how many indicators are on */
    indicators(chosen) {
      setText(count, chosen > 0 ? ` ${chosen}` : '');
    },
    /** @param {string} key */
    update(key) {
      const view = priceView(ctx, key);
      const day = changeView(ctx, key);
      const one = market(ctx.store);
      setText(name, key === '' ? t('chart.none') : labelOf(ctx, key));
      setText(sub, key === '' ? '' : subOf(ctx, key));
      price.set(view);
      price.el.hidden = key === '';
      setText(moved, key === '' ? '' : day.both);
      setClass(moved, `chart-moved ${day.tone}`);
      setText(source, one && key !== '' ? t(`chart.source.${one.kind}`) : '');
      setClass(source, `chart-source ${one && one.kind !== 'live' ? 'sim' : ''}`.trim());
      setAttr(source, 'title', one?.label);
    },
  };
}
