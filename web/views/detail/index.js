/** One instrument on a phone: price, day, depth, small chart, Buy and Sell within the thumb's reach. */

import { clock } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { compact, price } from '../../format/numbers.js';
import { decimalOf, size } from '../../format/sizes.js';
import { h, icon, setClass, setText } from '../../widgets/dom.js';
import { depthTable } from '../../widgets/depth.js';
import { figure } from '../../widgets/parts.js';
import { priceCell } from '../../widgets/price.js';
import { spark } from '../../widgets/spark.js';
import { openSearch } from '../shared/search.js';
import { createSparks } from '../shared/watchlist/sparks.js';
import { changeView, labelOf, priceView, subOf, tickOf } from '../shared/text.js';

/**
 * Open the detail sheet of an instrument.
 * @param {import('../context.js').Ctx} ctx
 * @param {string} key
 */
export function openDetail(ctx, key) {
  const owner = 'detail';
  const cell = priceCell({ cls: 'detail-price' });
  const moved = h('span', { class: 'detail-change' });
  const sub = h('span', { class: 'muted' });
  const line = spark('wide');
  const depth = depthTable({
    label: t('depth.label'), bidLabel: t('depth.bid'), askLabel: t('depth.ask'),
    onPrice: (value, side) => ticket(side === 'bid' ? 'SELL' : 'BUY', String(value)),
  });
  const figures = { open: figure(t('day.open')), high: figure(t('day.high')), low: figure(t('day.low')), close: figure(t('day.close')), volume: figure(t('day.volume')), oi: figure(t('day.oi')) };
  const at = h('span', { class: 'faint' });
  const buy = h('button', { type: 'button', class: 'primary buy', on: { click: () => ticket('BUY') } }, t('side.buy'));
  const sell = h('button', { type: 'button', class: 'primary sell', on: { click: () => ticket('SELL') } }, t('side.sell'));
  const derivatives = h('button', { type: 'button', class: 'primary', on: { click: () => {
    sheet.close();
    openSearch(ctx, { title: t('detail.derivatives', { name: labelOf(ctx, key) }), query: `${found()?.name ?? ''} `, tradable: true, onPick: (one, close) => {
      close();
      ctx.detail(one.key);
    } });
  } } }, t('detail.derivatives', { name: labelOf(ctx, key) }));
  const chart = h('button', { type: 'button', class: 'button', on: { click: () => {
    sheet.close();
    ctx.go('charts', { key });
  } } }, icon('charts'), t('detail.chart'));
  const foot = h('div', { class: 'sheet-foot' });
  const body = h('div', { class: 'detail' },
    h('div', { class: 'detail-head' }, cell.el, moved, sub), line.el,
    h('div', { class: 'detail-row' }, chart, at), depth.el,
    h('div', { class: 'figures' }, Object.values(figures).map((one) => one.el)), foot);

  const sparks = createSparks(ctx);

  const found = () => ctx.store.state.instruments.get(key);

  /** @param {'BUY' | 'SELL'} side @param {string} [limit] */
  function ticket(side, limit) {
    sheet.close();
    ctx.ticket({ key, side, price: limit, type: limit ? 'LIMIT' : undefined });
  }

  /** @param {number | null | undefined} units */
  function inUnits(units) {
    return units === null || units === undefined ? null : decimalOf(units, found()?.unit);
  }

  function draw() {
    const quote = ctx.store.quotes.get(key);
    const tick = tickOf(ctx, key);
    const view = priceView(ctx, key);
    cell.set(view);
    const change = changeView(ctx, key);
    setText(moved, change.both);
    setClass(moved, `detail-change ${view.level === 'stale' ? 'dull' : change.tone}`);
    setText(sub, subOf(ctx, key));
    const points = ctx.store.state.sparks.get(key);
    line.set(points, change.tone);
    line.el.toggleAttribute('hidden', !points);
    figures.open.set(price(quote?.open, tick));
    figures.high.set(price(quote?.high, tick));
    figures.low.set(price(quote?.low, tick));
    figures.close.set(price(quote?.close, tick));
    figures.volume.set(compact(inUnits(quote?.volume)));
    figures.oi.set(compact(inUnits(quote?.oi)));
    setText(at, view.level === 'closed' ? (view.title ?? '') : quote?.marketMs ? t('detail.at', { time: clock(quote.marketMs) }) : '');
    depth.set(ctx.store.quotes.depths.get(key), (value) => price(value, tick), (units) => size(units, found()?.unit));
    const tradable = found()?.tradable ?? true;
    depth.el.hidden = !tradable;
    figures.volume.el.hidden = !tradable;
    figures.oi.el.hidden = found()?.kind !== 'FUTURE' && found()?.kind !== 'OPTION';
    const shape = tradable ? 'trade' : 'index';
    if (foot.getAttribute('data-shape') !== shape) {
      foot.setAttribute('data-shape', shape);
      foot.replaceChildren(...(tradable ? [sell, buy] : [derivatives]));
    }
  }

  ctx.ensure([key]);
  sparks.want([key]);
  ctx.watch(owner, [key]);
  ctx.depth(owner, [key]);
  const off = ctx.store.on(['quotes', 'clock', 'instruments', 'link', 'sparks'], (changed, keys) => {
    if (changed.size > 1 || !changed.has('quotes') || keys.has(key)) draw();
  });
  const sheet = ctx.sheet(labelOf(ctx, key), body, { onClose: () => {
    off();
    sparks.destroy();
    ctx.watch(owner, []);
    ctx.depth(owner, []);
  } });
  draw();
}
