/** Make a strategy out of positions by hand: tick what belongs together, give it a name. */

import { t, tn } from '../../format/i18n.js';
import { held } from '../../format/numbers.js';
import { h, setText } from '../../widgets/dom.js';
import { errorText, labelOf } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/strategies.js').Loose} Loose */

/** @param {Ctx} ctx @param {readonly Loose[]} loose */
export function openGroup(ctx, loose) {
  const chosen = new Set(loose);
  let fault = '';
  let saving = false;
  const name = h('input', { class: 'input', maxlength: '40', value: t('strategies.ownName'), 'aria-label': t('builder.name'), on: { input: draw } });
  const said = h('p', { class: 'ticket-lock', role: 'status' });
  const save = h('button', { type: 'button', class: 'primary', on: { click: () => void submit() } });

  function draw() {
    const why = chosen.size === 0 ? t('strategies.pickOne') : name.value.trim() === '' ? t('strategies.needName') : fault;
    setText(said, why);
    said.hidden = why === '';
    setText(save, tn('strategies.groupNow', chosen.size));
    save.disabled = saving || chosen.size === 0 || name.value.trim() === '';
  }

  async function submit() {
    saving = true;
    draw();
    try {
      const { strategy } = await ctx.api.groupStrategy({ account: ctx.store.state.account, name: name.value.trim(), legs: [...chosen] });
      await ctx.load('strategies');
      sheet.close();
      ctx.go('strategies', { id: strategy.id });
    } catch (error) {
      fault = errorText(error);
    } finally {
      saving = false;
      draw();
    }
  }

  const sheet = ctx.sheet(t('strategies.group'), h('div', { class: 'stack' }, h('p', { class: 'muted' }, t('strategies.groupHelp')), h('div', { class: 'plain' }, loose.map((one) => {
    const box = h('input', { type: 'checkbox', checked: true, on: { change: () => {
      if (box.checked) chosen.add(one);
      else chosen.delete(one);
      fault = '';
      draw();
    } } });
    return h('label', { class: 'check' }, box, h('span', { class: 'grow' }, labelOf(ctx, one.key)), h('span', { class: 'muted' }, held(one.quantity)));
  })), h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('builder.name')), name), h('div', { class: 'sheet-foot column' }, said, save)));
  draw();
}
