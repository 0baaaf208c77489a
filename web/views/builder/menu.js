/** What else can be done with the legs: keep them, compare, turn round, clear with an undo. */

import { t } from '../../format/i18n.js';
import { clearTray, setLegs, trayOf } from '../../store/tray.js';
import { h, icon } from '../../widgets/dom.js';
import { asked, turned } from '../shared/legs.js';

/**
 * @param {import('../context.js').Ctx} ctx
 * @param {{ name: () => string, template: () => string, canKeep: boolean, onKeep: () => void, own: (change: () => void) => void }} builder
 */
export function openMenu(ctx, { name, template, canKeep, onKeep, own }) {
  const { store } = ctx;
  const { legs, underlying } = trayOf(store);
  const act = (/** @type {string} */ label, /** @type {string} */ symbol, /** @type {() => void} */ run, /** @type {boolean} */ off = legs.length === 0) => h('button', { type: 'button', class: 'more-link', disabled: off, on: { click: () => {
    sheet.close();
    run();
  } } }, icon(symbol), h('span', null, label));

  async function save() {
    try {
      const { strategy } = await ctx.api.createStrategy({ account: store.state.account, name: name(), legs: asked(legs), product: 'NRML', template: template() });
      void ctx.load('strategies');
      ctx.toast({ text: t('builder.saved', { name: strategy.name }), level: 'good' });
    } catch (error) {
      ctx.problem(error);
    }
  }

  const sheet = ctx.sheet(t('builder.more'), h('div', { class: 'more' }, act(t('builder.saveDraft'), 'edit', () => void save()), act(t('builder.keep'), 'plus', onKeep, !canKeep),
    act(t('builder.turn'), 'swipe', () => own(() => setLegs(store, underlying, turned(legs)))),
    act(t('builder.clear'), 'trash', () => {
      clearTray(store);
      ctx.toast({ text: t('builder.cleared'), action: t('undo'), run: () => setLegs(store, underlying, legs), seconds: 5 });
    }), act(t('nav.strategies'), 'strategies', () => ctx.go('strategies'), false)));
}
