/** The frame around every page: strip, rail or bottom bar, list, page, ticket; panels that resize and collapse. */

import { t } from '../format/i18n.js';
import { h, icon, setAttr, setClass } from '../widgets/dom.js';
import { banners } from '../widgets/banners.js';
import { killBar } from '../views/kill/index.js';
import { create as createStrip } from '../views/strip/index.js';
import { create as createWatchlist } from '../views/shared/watchlist/index.js';
import { addressOf } from './router.js';

const RAIL = Object.freeze([['home', 'home'], ['charts', 'charts'], ['options', 'options'], ['builder', 'builder'], ['strategies', 'strategies'], ['orders', 'orders'], ['portfolio', 'portfolio'], ['wallet', 'wallet'], ['brokers', 'layers'], ['system', 'system'], ['settings', 'settings']]);
const BAR = Object.freeze(['home', 'charts', 'options', 'portfolio']);

/**
 * @param {import('../views/context.js').Ctx} ctx
 * @param {{ solo: boolean }} options solo: a window of its own, page only
 */
export function createFrame(ctx, { solo }) {
  const strip = createStrip(ctx);
  const notices = banners();
  const kill = killBar(ctx, { compact: true });
  const rail = h('nav', { class: 'rail', 'aria-label': t('nav.label') }, RAIL.map(([name, symbol]) => link(name ?? '', symbol ?? '', 'rail-link')), h('span', { class: 'grow' }), kill.el);
  const watch = ctx.wide() ? createWatchlist(ctx) : null;
  const list = h('aside', { class: 'list', 'aria-label': t('watch.title') }, watch?.el ?? null);
  const main = h('main', { class: 'main', id: 'main', tabindex: '-1' });
  const dock = h('div', { class: 'main-dock' });
  const middle = h('div', { class: 'middle' }, main, dock);
  const side = h('aside', { class: 'side', 'aria-label': t('ticket.title') });
  const more = h('button', { type: 'button', class: 'bar-link', on: { click: openMore } }, icon('more'), h('span', null, t('nav.more')));
  const bar = h('nav', { class: 'bottom', 'aria-label': t('nav.label') }, BAR.map((name) => link(name, name, 'bar-link')), more);
  const skip = h('a', { class: 'skip', href: '#main' }, t('nav.skip'));
  const el = h('div', { class: solo ? 'app solo' : 'app' }, skip, strip.el, notices.el, rail, list, solo ? null : h('section', { class: 'grips', 'aria-label': t('panel.label') }, handle('list'), handle('side')), middle, side, bar);

  /** @param {string} name @param {string} symbol @param {string} cls */
  function link(name, symbol, cls) {
    return h('a', { class: cls, href: addressOf(name), data: { page: name } }, icon(symbol), h('span', null, t(`nav.${name}`)));
  }

  function openMore() {
    const bar_ = killBar(ctx);
    const items = RAIL.filter(([name]) => !BAR.includes(name ?? ''));
    const sheet = ctx.sheet(t('nav.more'), h('div', { class: 'stack' },
      h('nav', { class: 'more', 'aria-label': t('nav.more') }, items.map(([name, symbol]) => h('a', { class: 'more-link', href: addressOf(name ?? ''), on: { click: () => sheet.close() } }, icon(symbol ?? ''), h('span', null, t(`nav.${name}`)))),
        h('button', { type: 'button', class: 'more-link', on: { click: () => {
          sheet.close();
          ctx.command('market');
        } } }, icon('sliders'), h('span', null, t('market.open')))), bar_.el), { onClose: () => bar_.destroy() });
  }

  /** A line between two panels that is dragged, moved by arrows, or double-clicked to collapse. @param {'list' | 'side'} which */
  function handle(which) {
    const width = which === 'list' ? 'listWidth' : 'sideWidth';
    const shut = which === 'list' ? 'listShut' : 'sideShut';
    const low = which === 'list' ? 220 : 280;
    const high = 480;
    const grip = h('div', { class: `grip grip-${which}`, role: 'separator', tabindex: '0', 'aria-orientation': 'vertical', 'aria-label': t(`panel.${which}`), title: t('panel.help'), 'aria-valuemin': String(low), 'aria-valuemax': String(high) });
    const sign = () => ((which === 'list') === !ctx.store.state.preferences.swap ? 1 : -1);
    /** @param {number} value */
    const set = (value) => ctx.prefer({ [width]: Math.round(Math.max(low, Math.min(high, value))), [shut]: value < low - 60 });
    grip.addEventListener('pointerdown', (event) => {
      const x0 = event.clientX;
      const start = ctx.store.state.preferences[width];
      grip.setPointerCapture(event.pointerId);
      const move = (/** @type {PointerEvent} */ e) => set(start + sign() * (e.clientX - x0));
      grip.addEventListener('pointermove', move);
      for (const name of /** @type {const} */ (['pointerup', 'pointercancel'])) grip.addEventListener(name, () => grip.removeEventListener('pointermove', move), { once: true });
    });
    grip.addEventListener('dblclick', () => ctx.prefer({ [shut]: !ctx.store.state.preferences[shut] }));
    grip.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowRight' ? 16 : event.key === 'ArrowLeft' ? -16 : 0;
      if (step) set(ctx.store.state.preferences[width] + sign() * step);
      else if (event.key === 'Enter') ctx.prefer({ [shut]: !ctx.store.state.preferences[shut] });
      else return;
      event.preventDefault();
    });
    ctx.store.on(['preferences'], () => setAttr(grip, 'aria-valuenow', String(ctx.store.state.preferences[width])));
    setAttr(grip, 'aria-valuenow', String(ctx.store.state.preferences[width]));
    return grip;
  }

  return {
    el,
    main,
    side,
    dock,
    notices,
    /** @param {string} name */
    mark(name) {
      for (const one of el.querySelectorAll('[data-page]')) {
        const on = one.getAttribute('data-page') === name;
        one.classList.toggle('on', on);
        setAttr(one, 'aria-current', on ? 'page' : null);
      }
      more.classList.toggle('on', !BAR.includes(name));
      setClass(el, `app${solo ? ' solo' : ''} at-${name}`);
    },
    destroy() {
      strip.destroy?.();
      watch?.destroy?.();
      kill.destroy();
      el.remove();
    },
  };
}
