/** Stop and target on the profit of the whole, and alerts. Kept by the server, judged on fresh prices only. */

import { t } from '../../format/i18n.js';
import { profit } from '../../format/numbers.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { generalLock } from '../shared/lock.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/strategies.js').Strategy} Strategy */

const KINDS = ['profit_above', 'profit_below', 'spot_above', 'spot_below', 'iv_above', 'iv_below', 'delta_above', 'delta_below', 'days_left'];

/** A typed amount: commas, spaces and a true minus allowed; '' = none, NaN = no amount. @param {string} text */
export function amount(text) {
  const plain = text.replace(/[,\s₹]/g, '').replace('−', '-');
  return plain === '' ? null : /^-?\d+(\.\d{1,2})?$/.test(plain) ? Number(plain) : Number.NaN;
}

/** @param {Ctx} ctx @param {Strategy} strategy */
export function openGuard(ctx, strategy) {
  let saving = false;
  let fault = '';
  let waiting = strategy.alerts.filter((one) => !one.fired).map(({ kind, value }) => ({ kind, value: kind.startsWith('iv_') ? value * 100 : value }));
  const stop = h('input', { class: 'input', inputmode: 'text', autocomplete: 'off', value: strategy.stop ?? '', placeholder: '−5,000', 'aria-label': t('strategies.stop'), on: { input: draw } });
  const target = h('input', { class: 'input', inputmode: 'text', autocomplete: 'off', value: strategy.target ?? '', placeholder: '4,000', 'aria-label': t('strategies.target'), on: { input: draw } });
  const kind = h('select', { class: 'input', 'aria-label': t('strategies.alertKind') }, KINDS.map((one) => h('option', { value: one }, t(`alertKind.${one}`))));
  const value = h('input', { class: 'input', inputmode: 'text', autocomplete: 'off', 'aria-label': t('strategies.alertValue') });
  const add = h('button', { type: 'button', class: 'button', on: { click: () => {
    const number = amount(value.value);
    if (number === null || Number.isNaN(number)) {
      fault = t('strategies.badAlert');
    } else {
      fault = '';
      waiting = [...waiting, { kind: kind.value, value: number }];
      value.value = '';
    }
    draw();
  } } }, icon('plus'), t('strategies.addAlert'));
  const list = h('ul', { class: 'plain guard-alerts' });
  const said = h('p', { class: 'ticket-lock', role: 'status' });
  const save = h('button', { type: 'button', class: 'primary', on: { click: () => void submit() } });

  /** What is wrong with what is written; empty when nothing is. */
  function why() {
    const [low, high] = [amount(stop.value), amount(target.value)];
    if (Number.isNaN(low) || Number.isNaN(high)) return t('strategies.badAmount');
    if (low !== null && high !== null && low >= high) return t('strategies.badOrder');
    return generalLock(ctx) && ctx.store.state.restored !== null ? generalLock(ctx) : '';
  }

  async function submit() {
    if (saving || why()) return;
    saving = true;
    draw();
    try {
      const [low, high] = [amount(stop.value), amount(target.value)];
      await ctx.api.changeStrategy(strategy.id, { revision: strategy.revision, stop: low === null ? null : low.toFixed(2), target: high === null ? null : high.toFixed(2), alerts: waiting.map((one) => ({ kind: one.kind, value: one.kind.startsWith('iv_') ? one.value / 100 : one.value })) });
      await ctx.load('strategies');
      ctx.toast({ text: t('strategies.guardSaved', { name: strategy.name }), level: 'good' });
      sheet.close();
    } catch (error) {
      fault = errorText(error);
    } finally {
      saving = false;
      draw();
    }
  }

  function draw() {
    fill(list, waiting.map((one, i) => h('li', { class: 'guard-alert' }, h('span', { class: 'grow' }, `${t(`alertKind.${one.kind}`)} ${one.kind.startsWith('profit') ? profit(one.value, 0) : one.value}`), h('button', { type: 'button', class: 'icon-button', 'aria-label': t('watch.remove', { name: t(`alertKind.${one.kind}`) }), on: { click: () => {
      waiting = waiting.filter((_, at) => at !== i);
      draw();
    } } }, icon('close')))));
    const reason = why() || fault;
    setText(said, reason);
    said.hidden = reason === '';
    setText(save, saving ? t('ticket.sending') : t('strategies.saveGuard'));
    save.disabled = saving || why() !== '';
  }

  const sheet = ctx.sheet(t('strategies.guards'), h('div', { class: 'stack' }, h('p', { class: 'muted' }, t('strategies.guardHelp')),
    h('div', { class: 'ticket-fields' }, h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('strategies.stop')), stop), h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('strategies.target')), target)),
    h('h3', { class: 'sub-title' }, t('strategies.alerts')), list, h('div', { class: 'ticket-fields' }, h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('strategies.alertKind')), kind), h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('strategies.alertValue')), value)), add,
    h('div', { class: 'sheet-foot column' }, said, save)));
  draw();
}
