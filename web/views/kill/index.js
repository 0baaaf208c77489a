/** The kill switch: hold for a second. It says what it cancelled and what stays open, and stays engaged until released. */

import { t, tn } from '../../format/i18n.js';
import { hold } from '../../gestures/hold.js';
import { h, icon } from '../../widgets/dom.js';
import { errorText, orderTitle } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */

/** The red bar. @param {Ctx} ctx @param {{ compact?: boolean }} [options] */
export function killBar(ctx, { compact = false } = {}) {
  const fillBar = h('i', { class: 'kill-fill', 'aria-hidden': 'true' });
  const el = h('button', { type: 'button', class: compact ? 'kill compact' : 'kill', title: t('kill.help'), 'aria-label': t('kill.label') }, fillBar, icon('stop'), h('span', { class: 'kill-text' }, t(compact ? 'kill.short' : 'kill.hold')));
  const off = hold(el, {
    onProgress: (share) => fillBar.style.setProperty('scale', `${share} 1`),
    onDone() {
      fillBar.style.setProperty('scale', '0 1');
      void engage(ctx);
    },
  });
  return { el, destroy: off };
}

/** @param {Ctx} ctx */
export async function engage(ctx) {
  navigator.vibrate?.(40);
  try {
    const answer = await ctx.api.killSwitch({ engage: true, reason: t('kill.byUser') });
    await ctx.load('kill', 'orders', 'positions');
    report(ctx, answer);
  } catch (error) {
    ctx.toast({ text: t('kill.failed', { why: errorText(error) }), level: 'bad', seconds: 12 });
  }
}

/**
 * What was cancelled, what stays open, and the two things that can follow.
 * @param {Ctx} ctx
 * @param {{ cancelled?: string[], still_open?: string[], flattening?: string[] }} answer
 */
function report(ctx, { cancelled = [], still_open = [], flattening = [] }) {
  /** @param {string[]} ids */
  const orders = (ids) => h('ul', { class: 'plain' }, ids.map((id) => {
    const order = ctx.store.state.orders.get(id);
    return h('li', null, order ? orderTitle(ctx, order) : id);
  }));
  const held = ctx.store.state.positions.filter((one) => one.quantity !== 0).length;
  const flatten = h('button', { type: 'button', class: 'button', on: { click: async () => {
    flatten.disabled = true;
    try {
      const more = await ctx.api.killSwitch({ engage: true, reason: t('kill.byUser'), flatten: true });
      sheet.close();
      ctx.toast({ text: tn('kill.flattening', more.flattening?.length ?? 0), level: 'warn' });
    } catch (error) {
      flatten.disabled = false;
      ctx.toast({ text: errorText(error), level: 'bad' });
    }
  } } }, t('kill.flatten'));
  const body = h('div', { class: 'stack' }, h('p', null, t('kill.engaged')),
    h('h3', { class: 'sub-title' }, tn('kill.cancelled', cancelled.length)), orders(cancelled),
    h('h3', { class: 'sub-title' }, tn('kill.stillOpen', still_open.length)), orders(still_open),
    flattening.length ? h('p', null, tn('kill.flattening', flattening.length)) : null,
    h('p', { class: 'note' }, held === 0 ? t('kill.noPositions') : tn('kill.positionsStay', held)), held === 0 ? null : flatten);
  const sheet = ctx.sheet(t('kill.done'), body);
}

/** Release with a reason. @param {Ctx} ctx */
export function openRelease(ctx) {
  const reason = h('input', { class: 'input', maxlength: '120', 'aria-label': t('kill.why'), placeholder: t('kill.why') });
  const said = h('p', { class: 'ticket-lock', role: 'alert', hidden: true });
  const form = h('form', { class: 'stack', on: { submit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = reason.value.trim();
    if (!text) {
      said.textContent = t('kill.needReason');
      said.hidden = false;
      return;
    }
    try {
      await ctx.api.killSwitch({ engage: false, reason: text });
      await ctx.load('kill');
      ctx.toast({ text: t('kill.released'), level: 'good' });
      sheet.close();
    } catch (error) {
      said.textContent = errorText(error);
      said.hidden = false;
    }
  } } }, h('p', null, t('kill.releaseHelp')), h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('kill.why')), reason), said, h('button', { type: 'submit', class: 'primary' }, t('kill.release')));
  const sheet = ctx.sheet(t('kill.release'), form);
  reason.focus();
}
