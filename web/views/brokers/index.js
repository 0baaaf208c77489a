/** Brokers: connect an account, see how each stands, all of them together, their instruments, the calls made to them. */

import { t } from '../../format/i18n.js';
import { fill, h } from '../../widgets/dom.js';
import { tabs } from '../../widgets/parts.js';
import { accountsPanel } from './accounts.js';
import { connectPanel } from './connect.js';
import { mastersPanel } from './masters.js';
import { routingPanel } from './routing.js';
import { togetherPanel } from './together.js';
import { usagePanel } from './usage.js';

/** @typedef {{ el: HTMLElement, destroy?: () => void }} Panel */

const TABS = Object.freeze(['accounts', 'connect', 'together', 'masters', 'routing', 'usage']);

/** @param {import('../context.js').Ctx} ctx @param {URLSearchParams} params @returns {import('../context.js').Page} */
export function create(ctx, params) {
  /** @type {Record<string, () => Panel>} */
  const make = {
    accounts: () => accountsPanel(ctx),
    connect: () => connectPanel(ctx),
    together: () => togetherPanel(ctx),
    masters: () => mastersPanel(ctx),
    routing: () => routingPanel(ctx),
    usage: () => usagePanel(ctx),
  };
  const body = h('div', { class: 'brokers-body' });
  const said = h('p', { class: 'note', role: 'status', hidden: true });
  const bar = tabs({ label: t('brokers.title'), value: 'accounts', tabs: TABS.map((id) => ({ id, label: t(`brokers.${id}`) })), onChange: (id) => ctx.go('brokers', { tab: id }) });
  const el = h('div', { class: 'page brokers' }, h('div', { class: 'page-head' }, h('h1', { class: 'page-title' }, t('brokers.title'))), said, bar.el, body);
  /** @type {Panel | null} */
  let panel = null;
  let shown = '';

  /** @param {URLSearchParams} now */
  function update(now) {
    const problem = now.get('problem');
    const account = now.get('account');
    said.hidden = !problem && !account;
    said.className = problem ? 'note warn' : 'note good';
    said.textContent = problem ?? (account ? t('brokers.signedIn', { account: ctx.store.state.session?.accounts.find((one) => one.id === account)?.title ?? account }) : '');
    const wanted = now.get('tab') ?? 'accounts';
    const id = TABS.includes(wanted) ? wanted : 'accounts';
    if (id === shown) return;
    shown = id;
    bar.set(id);
    panel?.destroy?.();
    panel = /** @type {() => Panel} */ (make[id])();
    fill(body, panel.el);
  }
  update(params);
  return { el, update, destroy: () => panel?.destroy?.() };
}
