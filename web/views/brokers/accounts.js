/** Live accounts: how each stands, when its session ends, what keeps it locked; sign in again, check, sign out, forget. */

import { stamp } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, quantity } from '../../format/numbers.js';
import { fill, h } from '../../widgets/dom.js';
import { empty } from '../../widgets/parts.js';
import { errorText } from '../shared/text.js';
import { openCheck } from './check.js';
import { openConnect, tierBadge } from './connect.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/brokers.js').LinkTold} LinkTold */

const EVERY_MS = 3000;

/** @param {Ctx} ctx */
export function accountsPanel(ctx) {
  const list = h('div', { class: 'cards' });
  const fault = h('p', { class: 'note warn', role: 'alert', hidden: true });
  const el = h('section', { class: 'stack', 'aria-label': t('brokers.accounts') }, fault, list);
  let drawn = '';
  let timer = 0;
  let gone = false;

  async function read() {
    clearTimeout(timer);
    try {
      const { items } = await ctx.api.accounts();
      if (gone) return;
      fault.hidden = true;
      const shape = JSON.stringify(items.map(({ score, snapshot_at, ...rest }) => rest));
      if (shape !== drawn) {
        drawn = shape;
        fill(list, items.length > 0 ? items.map(card) : empty({ icon: 'layers', title: t('accounts.none'), text: t('accounts.noneText'), action: t('accounts.connect'), run: () => ctx.go('brokers', { tab: 'connect' }) }));
      }
    } catch (error) {
      fault.textContent = errorText(error);
      fault.hidden = false;
    }
    if (!gone) timer = setTimeout(() => void read(), EVERY_MS);
  }

  /** @param {LinkTold} one */
  function card(one) {
    const tone = one.state === 'connected' ? 'good' : one.state === 'connecting' ? '' : 'warn';
    return h('article', { class: 'panel pad stack tight card live-card', data: { account: one.account } },
      h('div', { class: 'card-head' }, h('h2', { class: 'card-title grow' }, one.title), h('span', { class: 'pill live' }, 'LIVE'), tierBadge(one.tier)),
      h('p', null, h('strong', { class: tone }, t(`link.${one.state}`)), one.problem ? h('span', { class: 'muted' }, ` ${one.problem}`) : null),
      h('dl', { class: 'lines' }, line(t('accounts.user'), one.user || '–'), line(t('accounts.market'), t(`market.${one.market}`)),
        line(t('accounts.ends'), one.expires ? stamp(one.expires, Date.now()) : one.user ? t('accounts.never') : DASH),
        line(t('accounts.instruments'), quantity(one.instruments)),
        line(t('accounts.orders'), one.unlocked ? t('accounts.unlocked') : t('accounts.locked'))),
      one.locked_because ? h('p', { class: 'note' }, one.locked_because) : null,
      h('div', { class: 'card-actions' },
        one.state === 'connected' ? button(t('check.open'), () => openCheck(ctx, one)) : null,
        button(t(one.state === 'connected' ? 'accounts.signInAgain' : 'accounts.signIn'), () => void again(one)),
        one.state === 'connected' ? button(t('accounts.signOut'), () => void run(() => ctx.api.signOut(one.account))) : null,
        button(t('accounts.forget'), () => confirmForget(one), 'down')));
  }

  /** @param {LinkTold} one */
  async function again(one) {
    try {
      const { items } = await ctx.api.brokers();
      const broker = items.find((found) => found.name === one.broker);
      if (broker) openConnect(ctx, broker, { account: one.account });
    } catch (error) {
      ctx.problem(error);
    }
  }

  /** @param {LinkTold} one */
  function confirmForget(one) {
    const yes = h('button', { type: 'button', class: 'primary down', on: { click: () => {
      sheet.close();
      void run(() => ctx.api.forget(one.account));
    } } }, t('accounts.forgetYes'));
    const sheet = ctx.sheet(t('accounts.forget'), h('div', { class: 'stack' }, h('p', null, t('accounts.forgetText', { title: one.title })), yes));
  }

  /** @param {() => Promise<unknown>} work */
  async function run(work) {
    try {
      await work();
    } catch (error) {
      ctx.problem(error);
    }
    await read();
  }

  const off = ctx.store.on(['session'], () => void read());
  void read();
  return { el, destroy() {
    gone = true;
    clearTimeout(timer);
    off();
  } };
}

/** @param {string} label @param {string} value */
const line = (label, value) => h('div', { class: 'line' }, h('dt', null, label), h('dd', null, value));

/** @param {string} text @param {() => void} run @param {string} [tone] */
const button = (text, run, tone = '') => h('button', { type: 'button', class: `button ${tone}`.trim(), on: { click: run } }, text);
