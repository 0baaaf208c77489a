/** What can be connected, what each broker can do and how far its adapter is proved; the keys go to the vault on this machine. */

import { t } from '../../format/i18n.js';
import { fill, h } from '../../widgets/dom.js';
import { empty } from '../../widgets/parts.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/brokers.js').Broker} Broker */

/** @param {Ctx} ctx */
export function connectPanel(ctx) {
  const list = h('div', { class: 'cards' });
  const fault = h('p', { class: 'note warn', role: 'alert', hidden: true });
  const el = h('section', { class: 'stack', 'aria-label': t('brokers.connect') }, h('p', { class: 'muted' }, t('connect.help')), fault, list);
  ctx.api.brokers().then(({ items }) => {
    fill(list, items.length > 0 ? items.map((one) => card(ctx, one)) : empty({ icon: 'layers', title: t('connect.none'), text: '' }));
  }, (error) => {
    fault.textContent = errorText(error);
    fault.hidden = false;
  });
  return { el };
}

/** @param {Ctx} ctx @param {Broker} one */
function card(ctx, one) {
  const reasons = one.todo.length > 0 ? h('details', null, h('summary', null, t('connect.why')), h('ul', { class: 'bullets' }, one.todo.map((line) => h('li', null, line)))) : null;
  return h('article', { class: 'panel pad stack tight card' },
    h('div', { class: 'card-head' }, h('h2', { class: 'card-title grow' }, one.title), tierBadge(one.tier)),
    h('p', { class: 'muted' }, t('connect.trades', { segments: one.segments.map((segment) => (segment === 'GLOBAL' ? t('segment.GLOBAL') : segment === 'CRYPTO' ? t('segment.CRYPTO') : segment)).join(', ') })),
    h('p', { class: 'muted' }, one.tier === 'gold' ? t('connect.gold') : t('connect.notGold')), reasons,
    h('button', { type: 'button', class: 'button', on: { click: () => openConnect(ctx, one) } }, t('connect.open', { broker: one.title })));
}

/** How far an adapter is proved, in a word. @param {string} tier */
export const tierBadge = (tier) => h('span', { class: `badge tier-${tier}` }, t(`tier.${tier}`));

/**
 * Keys, then on to the broker's own login page where it has one.
 * @param {Ctx} ctx
 * @param {Broker} broker
 * @param {{ account?: string }} [again] sign in again with an account whose keys the vault has
 */
export function openConnect(ctx, broker, { account = '' } = {}) {
  const title = h('input', { class: 'input', maxlength: '60', autocomplete: 'off', id: 'connect-title' });
  const inputs = broker.fields.map((field) => ({
    field,
    input: h('input', { class: 'input', id: `connect-${field.name}`, type: field.secret ? 'password' : 'text', autocomplete: 'off', spellcheck: 'false', maxlength: '4000', placeholder: account ? t('connect.kept') : '' }),
  }));
  const development = ctx.store.state.session?.mode === 'development';
  const rest = h('input', { class: 'input', id: 'connect-addresses', autocomplete: 'off', spellcheck: 'false', placeholder: 'rest=http://127.0.0.1:9001 stream=ws://127.0.0.1:9001/ws' });
  const said = h('p', { class: 'ticket-lock', role: 'alert', hidden: true });
  const send = h('button', { type: 'submit', class: 'primary' }, broker.login === 'redirect' ? t('connect.goTo', { broker: broker.title }) : t('connect.test'));
  const form = h('form', { class: 'stack', on: { submit: (/** @type {Event} */ event) => void submit(event) } },
    h('p', { class: 'muted' }, broker.portal ? t(broker.login === 'gateway' ? 'connect.gateway' : 'connect.portal', { where: broker.portal }) : t('connect.vault')),
    account ? null : h('label', { class: 'field', for: 'connect-title' }, h('span', { class: 'field-label' }, t('connect.title')), title),
    inputs.map(({ field, input }) => h('label', { class: 'field', for: input.id },
      h('span', { class: 'field-label' }, field.optional ? t('connect.optional', { name: field.title }) : field.title), input, field.help ? h('span', { class: 'muted' }, field.help) : null)),
    development ? h('label', { class: 'field', for: rest.id }, h('span', { class: 'field-label' }, t('connect.address')), rest) : null,
    broker.static_ip ? h('p', { class: 'note' }, t('connect.staticIp', { broker: broker.title })) : null,
    broker.login === 'gateway' ? null : h('p', { class: 'muted' }, t('connect.vault')), said, send);
  const sheet = ctx.sheet(account ? t('connect.again', { broker: broker.title }) : t('connect.open', { broker: broker.title }), form);

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    send.disabled = true;
    said.hidden = true;
    try {
      const addresses = Object.fromEntries(rest.value.trim().split(/\s+/).filter(Boolean).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
      const fields = Object.fromEntries(inputs.filter(({ input }) => input.value).map(({ field, input }) => [field.name, input.value]));
      const begun = await ctx.api.connect({ broker: broker.name, title: title.value, account, fields, addresses });
      if (begun.done) {
        sheet.close();
        ctx.go('brokers', { tab: 'accounts', account: begun.account });
      } else location.assign(begun.url);
    } catch (error) {
      said.textContent = errorText(error);
      said.hidden = false;
      send.disabled = false;
      send.scrollIntoView({ block: 'nearest' });
    }
  }
  return sheet;
}
