/**
 * Charts: one instrument, any interval, orders and positions as lines that can be dragged.
 *
 * The instrument is the one chosen everywhere (`selected`), or `key` of the address.
 */

import { createChart, readTheme } from '../../chart/index.js';
import { t } from '../../format/i18n.js';
import { watchlist } from '../../store/selectors.js';
import { h } from '../../widgets/dom.js';
import { openSearch } from '../shared/search.js';
import { errorText, labelOf, tickOf } from '../shared/text.js';
import { feedChart } from './feed.js';
import { chartHeader } from './header.js';
import { intervalOf } from './intervals.js';
import { chartLines, followDrag } from './lines.js';
import { KINDS, openStyle, specsOf } from './style.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../chart/types.js').ChartKind} ChartKind */

const OWNER = 'charts';

/** @param {Ctx} ctx @param {URLSearchParams} params @returns {import('../context.js').Page} */
export function create(ctx, params) {
  const { store } = ctx;
  const settings = { ...store.state.preferences.chart };
  let key = '';
  let market = '';
  let wasLive = store.state.link.state === 'live';

  const box = h('div', { class: 'chart-box' });
  const header = chartHeader(ctx, {
    interval: settings.interval, onSymbol: search,
    onInterval(id) {
      settings.interval = id;
      keep();
      show();
    },
    onStyle: () => openStyle(ctx, {
      kind: settings.kind, chosen: settings.indicators, volume: settings.volume,
      onKind(kind) {
        settings.kind = kind;
        keep();
        chart.setKind(chartKind());
      },
      onChange(chosen, volume) {
        settings.indicators = chosen;
        settings.volume = volume;
        keep();
        dress();
      },
    }),
  });
  const trade = h('div', { class: 'chart-trade', hidden: true },
    h('button', { type: 'button', class: 'button chart-sell', on: { click: () => ctx.ticket({ key, side: 'SELL' }) } }, t('side.sell')),
    h('button', { type: 'button', class: 'button chart-buy', on: { click: () => ctx.ticket({ key, side: 'BUY' }) } }, t('side.buy')));
  const el = h('section', { class: 'charts-page', 'aria-label': t('chart.title') }, h('h1', { class: 'visually-hidden' }, t('chart.title')), header.el, box, trade);
  const chartKind = () => /** @type {ChartKind} */ (KINDS.includes(settings.kind) ? settings.kind : 'candles');
  const chart = createChart(box, {
    theme: readTheme(document.body), kind: chartKind(), volume: settings.volume, interval: intervalOf(settings.interval).ms,
    words: { label: t('chart.title'), goLive: t('chart.goLive'), empty: '', tapToSend: t('chart.tapToSend'), keys: t('chart.keys') },
  });
  chart.onLineDrag((drag) => followDrag(ctx, drag));
  const feed = feedChart(ctx, chart, {
    onState(state, error) {
      chart.setMessage({ loading: t('chart.loading'), ready: '', empty: t('chart.empty'), failed: error === undefined ? '' : t('chart.failed', { why: errorText(error) }) }[state]);
    },
  });

  function keep() {
    ctx.prefer({ chart: { ...settings } });
  }
  function dress() {
    chart.setIndicators(specsOf(settings.indicators));
    chart.setVolume(settings.volume);
    header.indicators(settings.indicators.length);
  }
  function search() {
    openSearch(ctx, { title: t('chart.change'), onPick(instrument, close) {
      close();
      store.set('selected', instrument.key);
    } });
  }
  function pick() {
    const { state } = store;
    return state.selected || watchlist(store)?.keys[0] || state.overview?.indices[0]?.key || '';
  }
  function label() {
    return t('chart.label', { name: labelOf(ctx, key), interval: intervalOf(settings.interval).label });
  }
  function show() {
    header.update(key);
    lines();
    trade.hidden = store.state.instruments.get(key)?.tradable !== true; // an index is not bought
    if (key === '') {
      chart.setMessage(t('chart.none'));
      return;
    }
    ctx.ensure([key]);
    ctx.watch(OWNER, [key]);
    feed.show(key, intervalOf(settings.interval), { tick: Number(tickOf(ctx, key)), label: label() });
  }
  function lines() {
    chart.setLines(chartLines(ctx, key));
  }
  /** Another instrument, another market, or the link came back. */
  function follow() {
    const wanted = pick();
    const account = store.state.session?.accounts.find((one) => one.id === store.state.account);
    const place = account?.market ?? '';
    if (wanted !== key || place !== market) {
      key = wanted;
      market = place;
      show();
    }
  }

  const asked = params.get('key');
  if (asked) store.set('selected', asked);
  const stops = [
    store.on(['selected', 'session', 'account', 'watchlists', 'overview'], follow),
    store.on(['orders', 'positions'], lines),
    store.on(['instruments'], () => {
      trade.hidden = store.state.instruments.get(key)?.tradable !== true;
      header.update(key);
      lines();
    }),
    store.on(['quotes', 'clock', 'markets'], (changed, keys) => {
      if (changed.has('clock') || changed.has('markets') || keys.has(key)) header.update(key);
      if (!keys.has(key)) return;
      feed.quote();
      if (store.state.positions.some((one) => one.key === key && one.quantity !== 0)) lines();
    }),
    store.on(['link'], () => {
      const live = store.state.link.state === 'live';
      if (live && !wasLive && key !== '') feed.reload();
      wasLive = live;
    }),
    watchTheme(() => chart.setTheme(readTheme(document.body))),
  ];
  dress();
  follow();

  return {
    el,
    update(next) {
      const wanted = next.get('key');
      if (wanted && wanted !== store.state.selected) store.set('selected', wanted);
    },
    destroy() {
      for (const stop of stops) stop();
      ctx.watch(OWNER, []);
      feed.destroy();
      chart.destroy();
    },
  };
}

/** Told when light and dark, or the palette, change. @param {() => void} call @returns {() => void} */
function watchTheme(call) {
  const media = matchMedia('(prefers-color-scheme: dark)');
  media.addEventListener('change', call);
  const root = new MutationObserver(call);
  root.observe(document.documentElement, { attributes: true });
  return () => {
    media.removeEventListener('change', call);
    root.disconnect();
  };
}
