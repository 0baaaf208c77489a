/**
 * Options: the chain, straddles and volatility of one underlying. The address names what is shown:
 * /options?underlying=NSE_INDEX:NIFTY&expiry=2026-11-24&tab=chain.
 */

import { age } from '../../format/dates.js';
import { t, tn } from '../../format/i18n.js';
import { closed, linkLost } from '../../store/freshness.js';
import { market, marketMs } from '../../store/selectors.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { empty, tabs } from '../../widgets/parts.js';
import { errorText } from '../shared/text.js';
import { createChainView } from './chain.js';
import { chainFigures, expiryTabs, underlyingHead } from './head.js';
import { openUnderlyings } from '../shared/underlyings.js';
import { openColumns } from './picker.js';
import { createChainSource } from './source.js';
import { createTrayBar } from './traybar.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {{ el: HTMLElement, show: (fresh: boolean) => void, frame: () => void, changed?: (row: number, side: 0 | 1) => void, theme: () => void, destroy: () => void }} View */

const TABS = /** @type {const} */ (['chain', 'straddle', 'volatility']);
const OLD_S = 5;
const FIRST = 'NIFTY';

/** @param {Ctx} ctx @param {URLSearchParams} params @returns {import('../context.js').Page} */
export function create(ctx, params) {
  const { store } = ctx;
  let tab = tabOf(params);
  let underlying = params.get('underlying') || store.state.preferences.chain.underlying || FIRST;
  /** @type {View | null} */
  let view = null;
  let viewTurn = 0;
  let gone = false;

  const head = underlyingHead(ctx, { onPick: () => openUnderlyings(ctx, { onPick: (one) => go({ underlying: one.key, expiry: '' }) }) });
  const expiries = expiryTabs({ onChange: (date) => go({ expiry: date }) });
  const figures = chainFigures();
  const picked = tabs({ label: t('chain.views'), tabs: TABS.map((id) => ({ id, label: t(`chain.tab.${id}`) })), value: tab, onChange: (id) => go({ tab: id }) });
  const columns = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('chain.columns'), title: t('chain.columns'), on: { click: () => openColumns(ctx, {
    onChange: (next) => ctx.prefer({ chain: { ...store.state.preferences.chain, columns: next } }),
  }) } }, icon('sliders'));
  const notes = h('div', { class: 'chain-notes', role: 'status' });
  const body = h('div', { class: 'options-body' });
  const tray = createTrayBar(ctx);
  const el = h('section', { class: 'options-page', 'aria-label': t('nav.options') }, h('h1', { class: 'visually-hidden' }, t('nav.options')),
    h('header', { class: 'options-head' }, head.el, expiries.el, figures.el, h('div', { class: 'options-tabs' }, picked.el, h('span', { class: 'grow' }), columns)), notes, body, tray.el);

  const source = createChainSource(ctx, {
    onLoading() {
      gone = false;
      body.classList.toggle('waiting', source.model() !== null); // the old rows must not be pressed under the new name
      if (!source.model()) fill(body, h('p', { class: 'options-wait', role: 'status' }, t('chain.loading')));
    },
    onChain(model, fresh) {
      gone = false;
      body.classList.remove('waiting');
      if (underlying !== model.underlying) {
        underlying = model.underlying;
        if (store.state.preferences.chain.underlying !== underlying) ctx.prefer({ chain: { ...store.state.preferences.chain, underlying } });
      }
      if (model.rows === 0) {
        drop();
        fill(body, empty({ icon: 'options', title: t('chain.emptyTitle'), text: t('chain.emptyText', { name: model.name }) }));
      } else if (view) view.show(fresh);
      else void openView();
      draw();
    },
    onFrame() {
      view?.frame();
      draw();
    },
    onChange: (row, side) => view?.changed?.(row, side),
    onFault(error, noSuch) {
      body.classList.remove('waiting');
      gone = noSuch !== '';
      drop();
      fill(body, empty({ icon: 'options', title: t(noSuch ? 'chain.noneTitle' : 'chain.failedTitle'), text: errorText(error), action: t(noSuch === '' ? 'chain.retry' : noSuch === 'expiry' ? 'chain.nearest' : 'chain.choose'), run() {
        if (noSuch === 'expiry') go({ expiry: '' });
        else if (noSuch) openUnderlyings(ctx, { onPick: (one) => go({ underlying: one.key, expiry: '' }) });
        else source.again();
      } }));
      draw();
    },
  });

  function drop() {
    viewTurn += 1;
    view?.destroy();
    view = null;
  }

  /** The view of the tab; the two that are rarer are loaded when first opened. */
  async function openView() {
    drop();
    const mine = viewTurn;
    const parts = { model: source.model, age: source.age };
    try {
      const made = tab === 'chain' ? createChainView(ctx, parts)
        : tab === 'straddle' ? (await import('./straddle.js')).createStraddleView(ctx, parts) : (await import('./volatility.js')).createVolatilityView(ctx, parts);
      if (mine !== viewTurn) {
        made.destroy();
        return;
      }
      view = made;
      fill(body, made.el);
      made.show(true);
    } catch (error) {
      if (mine === viewTurn) fill(body, empty({ icon: 'options', title: t('chain.failedTitle'), text: errorText(error), action: t('chain.retry'), run: () => void openView() }));
    }
  }

  /** @param {{ underlying?: string, expiry?: string, tab?: string }} change */
  function go(change) {
    const model = source.model();
    const next = { underlying, expiry: change.underlying ? '' : (model?.expiry ?? ''), tab, ...change };
    ctx.go('options', Object.fromEntries(Object.entries(next).filter(([name, value]) => value && !(name === 'tab' && value === 'chain'))));
  }

  function draw() {
    const model = source.model();
    const key = model?.underlying ?? underlying;
    head.update(key, model?.name ?? (key.split(':')[1] || key), source.age());
    expiries.el.hidden = !model;
    figures.el.hidden = !model;
    columns.hidden = tab !== 'chain';
    el.classList.toggle('at-volatility', tab === 'volatility');
    if (model) {
      expiries.update(model.expiries.map((one) => (one.date === model.expiry ? { ...one, days: model.summary.days_left ?? one.days, expected_move: model.summary.expected_move ?? one.expected_move } : one)), model.expiry, marketMs(store));
      const since = source.age();
      figures.update(model.summary, since === null || source.kept() || linkLost(store.state.link, store.now()) || (since > OLD_S && !closed(market(store)?.phase)));
    }
    const said = gone || !model ? [] : [...(source.kept() ? [t('chain.kept', { age: age(source.age()) })] : []), ...model.notes, ...(tab === 'chain' && model.oiFirst > 0 ? [tn('chain.oiFirst', model.oiFirst)] : [])];
    setText(notes, said.join(' '));
    notes.hidden = said.length === 0;
  }

  const stops = [
    store.on(['quotes'], (_, keys) => {
      if (keys.has(source.model()?.underlying ?? underlying)) draw();
    }),
    store.on(['clock', 'link', 'markets', 'instruments'], draw),
    watchTheme(() => view?.theme()),
  ];
  source.show(underlying, dateOf(params));
  draw();

  return {
    el,
    update(next) {
      const before = tab;
      tab = tabOf(next);
      picked.set(tab);
      const wanted = next.get('underlying') || underlying;
      const date = dateOf(next);
      const model = source.model();
      const other = !model || wanted !== model.underlying || (date !== '' && date !== model.expiry);
      underlying = wanted;
      if (other) source.show(wanted, date);
      if (tab !== before && model && model.rows > 0) void openView();
      draw();
    },
    destroy() {
      for (const stop of stops) stop();
      drop();
      tray.destroy();
      source.destroy();
    },
  };
}

/** @param {URLSearchParams} params */
function tabOf(params) {
  const asked = params.get('tab') ?? 'chain';
  return /** @type {string} */ (TABS.includes(/** @type {any} */ (asked)) ? asked : 'chain');
}

/** The expiry the address names; '' = the nearest, also for what is no date. @param {URLSearchParams} params */
function dateOf(params) {
  const asked = params.get('expiry') ?? '';
  return /^\d{4}-\d{2}-\d{2}$/.test(asked) && !Number.isNaN(Date.parse(asked)) ? asked : '';
}

/** Told when light and dark, or the palette, change. @param {() => void} call @returns {() => void} */
function watchTheme(call) {
  const media = matchMedia('(prefers-color-scheme: dark)');
  media.addEventListener('change', call);
  const root = new MutationObserver(call);
  root.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'data-palette', 'data-density'] });
  return () => {
    media.removeEventListener('change', call);
    root.disconnect();
  };
}
