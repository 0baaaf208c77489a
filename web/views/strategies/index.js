/** Strategies: what is open, planned and done, each as a whole; one of them opened beside or below the list. */

import { t, tn } from '../../format/i18n.js';
import { DASH, direction, profit } from '../../format/numbers.js';
import { day } from '../../format/dates.js';
import { linkLost } from '../../store/freshness.js';
import { fill, h, icon, setAttr, setText } from '../../widgets/dom.js';
import { empty, tabs } from '../../widgets/parts.js';
import { createTable } from '../../widgets/table.js';
import { stateText, strategyName } from '../shared/payoff.js';
import { labelOf } from '../shared/text.js';
import { createDetail } from './detail.js';
import { openGroup } from './group.js';
import { createResults } from './results.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/strategies.js').StrategyNow} StrategyNow */

const TABS = ['open', 'drafts', 'done', 'results'];
const AGAIN_MS = 2500;
/** @type {Record<string, readonly string[]>} */
const STATES = { open: ['PENDING', 'ACTIVE'], drafts: ['DRAFT'], done: ['CLOSED', 'EXPIRED'] };

/** @param {Ctx} ctx @param {URLSearchParams} params @returns {import('../context.js').Page} */
export function create(ctx, params) {
  const { store } = ctx;
  let tab = TABS.includes(params.get('tab') ?? '') ? /** @type {string} */ (params.get('tab')) : 'open';
  let shown = params.get('id') ?? '';
  /** @type {ReturnType<typeof createDetail> | null} */
  let detail = null;

  const bar = tabs({ label: t('nav.strategies'), value: tab, tabs: TABS.map((id) => ({ id, label: t(`strategies.${id}`) })), onChange: (id) => ctx.go('strategies', { tab: id }) });
  const total = h('strong', { class: 'strategies-total' });
  const build = h('button', { type: 'button', class: 'button', on: { click: () => ctx.go('builder') } }, icon('plus'), t('strategies.build'));
  const none = empty({ icon: 'strategies', title: t('strategies.emptyTitle'), text: t('strategies.emptyText'), action: t('strategies.build'), run: () => ctx.go('builder') });
  const table = createTable({
    label: t('nav.strategies'),
    empty: none,
    key: (/** @type {StrategyNow} */ { strategy }) => strategy.id,
    rowClass: ({ strategy }) => (strategy.id === shown ? 'on' : ''),
    columns: [
      { id: 'name', label: t('col.name'), width: 'minmax(120px, 2fr)', cell: ({ strategy }) => ({ text: strategy.name || strategyName(strategy.template, strategy.legs.length), cls: 'strong' }), place: 'title' },
      { id: 'kind', label: t('col.kind'), width: 'minmax(90px, 1.2fr)', cell: ({ strategy }) => ({ text: strategyName(strategy.template, strategy.legs.length), cls: 'muted' }), place: 'sub' },
      { id: 'state', label: t('col.state'), width: '88px', cell: ({ strategy }) => ({ text: stateText(strategy.state), cls: strategy.state === 'ACTIVE' ? 'accent' : 'muted' }), place: 'sub' },
      { id: 'since', label: t('strategies.since'), width: '64px', cell: ({ strategy }) => day(strategy.closed ?? strategy.opened ?? strategy.created), place: 'sub' },
      { id: 'guard', label: t('strategies.guard'), width: 'minmax(60px, 1fr)', cell: ({ strategy }) => (strategy.guard === 'OFF' ? '' : { text: t(`guard.${strategy.guard}`), cls: strategy.guard === 'FAILED' ? 'down' : 'muted', title: strategy.guard_reason }), place: 'note' },
      { id: 'delta', label: t('greek.delta'), num: true, width: '70px', cell: ({ live }) => (live?.delta === null || live?.delta === undefined ? DASH : live.delta.toFixed(1).replace('-', '−')) },
      { id: 'theta', label: t('greek.thetaDay'), num: true, width: '84px', cell: ({ live }) => profit(live?.theta, 0) },
      { id: 'pnl', label: t('col.pnl'), num: true, width: 'minmax(92px, 1fr)', cell(one) {
        const value = result(one);
        return { text: profit(value, 0), cls: `strong ${old() || one.live?.stale ? 'dull' : direction(value)}` };
      }, place: 'main' },
    ],
    onOpen: ({ strategy }) => ctx.go('strategies', { tab, id: strategy.id }),
  });
  const loose = h('div', { class: 'note loose' });
  const results = createResults(ctx);
  const list = h('section', { class: 'strategies-list stack', 'aria-label': t('nav.strategies') }, h('div', { class: 'panel' }, table.el), loose);
  const place = h('section', { class: 'strategies-detail', 'aria-label': t('strategies.one') });
  const el = h('div', { class: 'page strategies' }, h('div', { class: 'page-head' }, h('h1', { class: 'page-title' }, t('nav.strategies')), total, h('span', { class: 'grow' }), build), bar.el,
    h('div', { class: 'strategies-both' }, list, place), results.el);

  const items = () => store.state.strategies?.items ?? [];
  const old = () => store.state.restored !== null || linkLost(store.state.link, store.now());
  /** Profit of the whole: the live one, else what was realised. @param {StrategyNow} one */
  const result = ({ strategy, live }) => (strategy.state === 'DRAFT' ? null : (live?.profit ?? (strategy.state === 'CLOSED' || strategy.state === 'EXPIRED' ? strategy.realised : null)));

  function draw() {
    const mine = items().filter(({ strategy }) => STATES[tab]?.includes(strategy.state));
    table.update(mine);
    none.hidden = mine.length > 0 || !store.state.loaded.has('strategies');
    for (const [id, states] of Object.entries(STATES)) {
      const count = items().filter(({ strategy }) => states.includes(strategy.state)).length;
      bar.count(id, count > 0 && id !== 'done' ? String(count) : '');
    }
    const open = items().filter(({ strategy }) => strategy.state === 'ACTIVE');
    const sum = open.reduce((/** @type {number | null} */ all, one) => (all === null || result(one) === null ? null : all + Number(result(one))), 0);
    total.hidden = open.length === 0;
    setText(total, profit(sum, 0));
    setAttr(total, 'class', `strategies-total ${old() ? 'dull' : direction(sum)}`);
    drawLoose();
    list.hidden = tab === 'results';
    place.hidden = tab === 'results' || shown === '';
    results.el.hidden = tab !== 'results';
    setAttr(el, 'data-open', shown !== '' && tab !== 'results' ? 'true' : null);
    ctx.watch('strategies', items().filter(({ strategy }) => strategy.state === 'ACTIVE' || strategy.id === shown).flatMap(({ strategy }) => [strategy.underlying, ...strategy.legs.filter((leg) => leg.quantity !== 0).map((leg) => leg.key)]).filter(Boolean));
    showDetail();
  }

  function drawLoose() {
    const units = store.state.strategies?.loose ?? [];
    loose.hidden = units.length === 0 || tab !== 'open';
    if (loose.hidden) return;
    const shape = units.map((one) => `${one.key}${one.quantity}`).join();
    if (loose.getAttribute('data-shape') === shape) return;
    loose.setAttribute('data-shape', shape);
    ctx.ensure(units.map((one) => one.key));
    fill(loose, h('span', { class: 'grow' }, tn('strategies.loose', units.length), ' ', h('span', null, units.slice(0, 3).map((one) => labelOf(ctx, one.key)).join(', '))), h('button', { type: 'button', class: 'button', on: { click: () => openGroup(ctx, store.state.strategies?.loose ?? []) } }, t('strategies.group')));
  }

  function showDetail() {
    const now = items().find(({ strategy }) => strategy.id === shown) ?? null;
    if (shown === '' || tab === 'results') {
      detail?.destroy();
      detail = null;
      return;
    }
    if (detail && detail.id !== shown) {
      detail.destroy();
      detail = null;
    }
    if (now === null) {
      if (store.state.loaded.has('strategies') && !detail) fill(place, empty({ icon: 'strategies', title: t('strategies.goneTitle'), text: t('strategies.gone'), action: t('strategies.back'), run: () => ctx.go('strategies', { tab }) }));
      return;
    }
    if (!detail) {
      detail = createDetail(ctx, now, { onBack: () => ctx.go('strategies', { tab }) });
      fill(place, detail.el);
    }
    detail.update(now);
  }

  /** @param {URLSearchParams} next */
  function follow(next) {
    shown = next.get('id') ?? '';
    const asked = next.get('tab') ?? '';
    if (TABS.includes(asked)) tab = asked;
    else if (shown) tab = Object.keys(STATES).find((id) => STATES[id]?.includes(items().find(({ strategy }) => strategy.id === shown)?.strategy.state ?? '')) ?? 'open';
    else tab = 'open';
    bar.set(tab);
    if (tab === 'results') results.read();
    draw();
  }

  const timer = setInterval(() => {
    if (!document.hidden && !old()) void ctx.load('strategies');
  }, AGAIN_MS);
  const stops = [
    store.on(['strategies', 'instruments', 'loaded', 'account', 'restored'], draw),
    store.on(['link', 'quotes', 'clock'], () => {
      table.refresh();
      detail?.tick();
    }),
  ];
  void ctx.load('strategies');
  follow(params);
  return {
    el,
    update: follow,
    destroy() {
      clearInterval(timer);
      for (const stop of stops) stop();
      table.destroy();
      detail?.destroy();
      ctx.watch('strategies', []);
    },
  };
}

