/** Watchlists: the list panel of a desktop, the heart of Home on a phone. */

import { t } from '../../../format/i18n.js';
import { fractional } from '../../../format/sizes.js';
import { market, watchlist } from '../../../store/selectors.js';
import { fill, h, icon, setAttr, setClass, setText } from '../../../widgets/dom.js';
import { createList, walkable } from '../../../widgets/list.js';
import { longPress } from '../../../widgets/longpress.js';
import { empty } from '../../../widgets/parts.js';
import { priceCell } from '../../../widgets/price.js';
import { spark } from '../../../widgets/spark.js';
import { openSearch } from '../search.js';
import { changeView, labelOf, priceView, subOf } from '../text.js';
import { editLists } from './edit.js';
import { createSparks } from './sparks.js';

/** @typedef {import('../../context.js').Ctx} Ctx */

/**
 * @param {Ctx} ctx
 * @param {{ owner?: string }} [options] owner: who watches, when two lists are on screen
 * @returns {import('../../context.js').Page}
 */
export function create(ctx, { owner = 'watchlist' } = {}) {
  const names = h('div', { class: 'watch-tabs', role: 'tablist', 'aria-label': t('watch.lists') });
  const add = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('watch.add'), title: t('watch.add'), on: { click: openAdd } }, icon('plus'));
  const edit = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('watch.edit'), title: t('watch.edit'), on: { click: () => editLists(ctx) } }, icon('edit'));
  const rows = h('ul', { class: 'watch-rows' });
  const none = empty({ icon: 'list', title: t('watch.emptyTitle'), text: t('watch.emptyText'), action: t('watch.add'), run: openAdd });
  const el = h('section', { class: 'watch', 'aria-label': t('watch.title') }, h('div', { class: 'watch-head' }, names, add, edit), rows, none);
  const sparks = createSparks(ctx);
  /** @type {string[]} */
  let shown = [];

  /** @param {string} first */
  function makeRow(first) {
    const key = first;
    const name = h('span', { class: 'watch-name' });
    const sub = h('span', { class: 'watch-sub' });
    const line = spark();
    const price = priceCell({ cls: 'watch-price' });
    const moved = h('span', { class: 'watch-change' });
    const buy = h('button', { type: 'button', class: 'quick buy', tabindex: '-1', 'aria-hidden': 'true', title: t('side.buy'), on: { click: () => ctx.ticket({ key, side: 'BUY' }) } }, t('side.b'));
    const sell = h('button', { type: 'button', class: 'quick sell', tabindex: '-1', 'aria-hidden': 'true', title: t('side.sell'), on: { click: () => ctx.ticket({ key, side: 'SELL' }) } }, t('side.s'));
    const main = h('button', { type: 'button', class: 'watch-main', on: { click: () => ctx.detail(key) } },
      h('span', { class: 'watch-left' }, name, sub), line.el, h('span', { class: 'watch-right' }, price.el, moved));
    const row = h('li', { class: 'watch-row' }, main, h('span', { class: 'watch-quick' }, buy, sell));
    longPress(main, () => quick('BUY'));
    /** @param {'BUY' | 'SELL'} side */
    function quick(side) {
      const found = ctx.store.state.instruments.get(key);
      if (!found?.tradable) return;
      ctx.ticket({ key, side, quantity: fractional(found.unit) ? undefined : ctx.store.state.preferences.last[found.kind]?.quantity });
    }
    main.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.shiftKey && event.key.toLowerCase() === 'b') quick('BUY');
      else if (event.shiftKey && event.key.toLowerCase() === 's') quick('SELL');
      else if (event.key === 'Delete') remove(key);
      else return;
      event.preventDefault();
    });
    /** @type {number | null} */
    let before = null;
    return {
      el: row,
      update() {
        const found = ctx.store.state.instruments.get(key);
        const last = ctx.store.quotes.get(key)?.ltp ?? null;
        const direction = before === null || last === null || last === before ? '' : last > before ? 'up' : 'down';
        before = last;
        setText(name, labelOf(ctx, key));
        setText(sub, subOf(ctx, key));
        const view = priceView(ctx, key);
        price.set(view, ctx.store.state.preferences.tint ? direction : '');
        const change = changeView(ctx, key);
        const dull = view.level === 'stale' || view.level === 'none';
        setText(moved, change.percent);
        setClass(moved, `watch-change ${dull ? 'dull' : change.tone}`);
        line.set(ctx.store.state.sparks.get(key), dull ? '' : change.tone);
        setClass(row, `watch-row${ctx.store.state.selected === key ? ' on' : ''}`);
        setAttr(main, 'aria-current', ctx.store.state.selected === key ? 'true' : null);
        const quickable = found?.tradable !== false;
        buy.hidden = !quickable;
        sell.hidden = !quickable;
      },
    };
  }

  const list = createList(rows, { key: (/** @type {string} */ key) => key, make: makeRow });
  walkable(rows, '.watch-main');

  /** @param {string} key */
  function remove(key) {
    const current = watchlist(ctx.store);
    if (!current) return;
    const before = ctx.store.state.watchlists;
    void ctx.saveWatchlists(before.map((one) => (one.id === current.id ? { ...one, keys: one.keys.filter((k) => k !== key) } : one)));
    ctx.toast({ text: t('watch.removed', { name: labelOf(ctx, key) }), action: t('undo'), seconds: 5, run: () => void ctx.saveWatchlists(before) });
  }

  function openAdd() {
    const current = watchlist(ctx.store);
    openSearch(ctx, {
      title: t('watch.addTo', { name: current?.name ?? t('watch.first') }),
      mark: (key) => watchlist(ctx.store)?.keys.includes(key) ?? false,
      onPick(one) {
        const lists = ctx.store.state.watchlists;
        const here = watchlist(ctx.store);
        if (!here) void ctx.saveWatchlists([{ id: ctx.uid(), name: t('watch.first'), keys: [one.key] }]);
        else void ctx.saveWatchlists(lists.map((list_) => (list_.id !== here.id ? list_
          : { ...list_, keys: list_.keys.includes(one.key) ? list_.keys.filter((key) => key !== one.key) : [...list_.keys, one.key] })));
      },
    });
  }

  function drawTabs() {
    const current = watchlist(ctx.store);
    fill(names, ctx.store.state.watchlists.map((one) => h('button', {
      type: 'button', role: 'tab', class: 'tab', 'aria-selected': String(one.id === current?.id), tabindex: one.id === current?.id ? '0' : '-1',
      on: { click: () => ctx.prefer({ watchlist: one.id }) },
    }, one.name)));
  }

  function drawList() {
    const current = watchlist(ctx.store);
    shown = [...(current?.keys ?? [])];
    if (market(ctx.store)?.kind === 'replay') {
      // a replay holds its own few instruments: those of the list it knows first, then the rest of what it has
      const known = [...ctx.store.state.instruments.keys()].filter((key) => !ctx.store.quotes.unknown.has(key));
      shown = [...new Set([...shown.filter((key) => ctx.store.state.instruments.has(key)), ...known])].slice(0, 60);
    }
    ctx.ensure(shown);
    ctx.watch(owner, shown);
    list.update(shown);
    none.hidden = shown.length > 0 || !ctx.store.state.loaded.has('watchlists');
    sparks.want(shown);
  }

  const off = ctx.store.on(['watchlists', 'preferences', 'account', 'session', 'instruments', 'loaded'], () => {
    drawTabs();
    drawList();
  });
  const offQuotes = ctx.store.on(['quotes', 'clock', 'sparks', 'selected', 'link', 'markets'], (changed, keys) => {
    if (changed.size === 1 && changed.has('quotes')) list.refresh(keys);
    else list.refresh();
  });
  drawTabs();
  drawList();
  return {
    el,
    destroy() {
      off();
      offQuotes();
      sparks.destroy();
      ctx.watch(owner, []);
      list.destroy();
    },
  };
}
