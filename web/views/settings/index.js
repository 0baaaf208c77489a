/** Settings: how the app looks and counts, the risk limits, the keys. Every change shows at once and is kept. */

import { LANGUAGES, t } from '../../format/i18n.js';
import { number, rupees } from '../../format/numbers.js';
import { fill, h } from '../../widgets/dom.js';
import { chips, panel } from '../../widgets/parts.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */

const KEYS = [['Ctrl K', 'palette'], ['G H', 'home'], ['G C', 'charts'], ['G N', 'options'], ['G B', 'builder'], ['G T', 'strategies'], ['G O', 'orders'], ['G P', 'portfolio'], ['G W', 'wallet'], ['G S', 'system'], ['B / S', 'buySell'], ['Shift B / S', 'quick'], ['S / B', 'chain'], ['Shift S / B', 'chainQuick'], ['[ ]', 'chainColumns'],
  ['\u2191 \u2193 Enter', 'rows'], ['E / T', 'exit'], ['M / X', 'modify'], ['Ctrl Shift K', 'kill'], ['?', 'keys'], ['\u2190 \u2192 PgUp PgDn', 'scrub'], ['[ ] Alt \u2190 \u2192', 'handles']];

/** Limits whose use is a running count; the others are judged order by order. */
const COUNTED = ['day_loss', 'open_orders'];

/** @param {Ctx} ctx @returns {import('../context.js').Page} */
export function create(ctx) {
  const looks = h('div', { class: 'settings' });
  const limits = h('div', { class: 'settings' });
  const el = h('div', { class: 'page settings-page' }, h('div', { class: 'page-head' }, h('h1', { class: 'page-title' }, t('settings.title'))),
    panel(t('settings.looks'), looks), panel(t('settings.limits'), limits),
    panel(t('settings.keys'), h('dl', { class: 'keys' }, KEYS.map(([keys, what]) => h('div', { class: 'line' }, h('dt', null, t(`keys.${what}`)), h('dd', null, h('kbd', null, keys ?? '')))))),
    h('p', { class: 'faint' }, t('settings.version', { version: ctx.store.state.session?.version ?? '' })));

  function draw() {
    const now = ctx.store.state.preferences;
    /**
     * @param {string} name
     * @param {string} value
     * @param {[string, string][]} options
     * @param {(value: string) => void} set
     */
    const row = (name, value, options, set) => h('div', { class: 'setting' }, h('span', { class: 'setting-name' }, t(`settings.${name}`), h('small', { class: 'muted' }, t(`settings.${name}Help`))),
      chips({ label: t(`settings.${name}`), value, options: options.map(([id, label]) => ({ value: id, label })), onChange: set }).el);
    const onOff = /** @type {[string, string][]} */ ([['on', t('on')], ['off', t('off')]]);
    fill(looks,
      row('theme', now.theme, ['auto', 'light', 'dark'].map((id) => [id, t(`theme.${id}`)]), (value) => ctx.prefer({ theme: /** @type {any} */ (value) })),
      row('palette', now.palette, ['normal', 'blind'].map((id) => [id, t(`colours.${id}`)]), (value) => ctx.prefer({ palette: /** @type {any} */ (value) })),
      row('density', now.density, ['cosy', 'compact'].map((id) => [id, t(`density.${id}`)]), (value) => ctx.prefer({ density: /** @type {any} */ (value) })),
      row('language', now.language, Object.entries(LANGUAGES), (value) => ctx.prefer({ language: /** @type {any} */ (value) })),
      row('short', now.short ? 'on' : 'off', onOff, (value) => ctx.prefer({ short: value === 'on' })),
      row('tint', now.tint ? 'on' : 'off', onOff, (value) => ctx.prefer({ tint: value === 'on' })),
      row('swap', now.swap ? 'on' : 'off', onOff, (value) => ctx.prefer({ swap: value === 'on' })));
  }

  async function drawLimits() {
    const account = ctx.store.state.account;
    if (!account) return;
    try {
      const risk = await ctx.api.risk(account);
      fill(limits, h('div', { class: 'setting' }, h('span', { class: 'setting-name' }, t('settings.state')), h('b', null, t(`risk.${risk.state}`))),
        Object.entries(risk.limits).filter(([, value]) => typeof value !== 'object' || value === null).map(([name, value]) => limitRow(name, value, risk.used[name])));
    } catch (error) {
      fill(limits, h('p', { class: 'muted pad' }, errorText(error)));
    }
  }

  /** @param {string} name @param {any} value @param {any} used */
  function limitRow(name, value, used) {
    const input = h('input', { class: 'input short', value: value === null ? '' : String(value), inputmode: 'decimal', 'aria-label': limitName(name), placeholder: t('settings.noLimit'), on: { change: async () => {
      const text = input.value.replace(/[,\s]/g, '');
      const next = text === '' ? null : Number(text);
      if (Number.isNaN(next)) {
        // JSON has no word for it but null, and null would lift the limit
        ctx.toast({ text: t('settings.limitNumber', { name: limitName(name) }), level: 'bad' });
        input.value = value === null ? '' : String(value);
        return;
      }
      try {
        await ctx.api.limits({ account: ctx.store.state.account, limits: { [name]: next } });
        ctx.toast({ text: t('settings.limitSaved', { name: limitName(name) }), level: 'good' });
        void drawLimits();
      } catch (error) {
        ctx.toast({ text: errorText(error), level: 'bad' });
        input.value = value === null ? '' : String(value);
      }
    } } });
    const usedText = used === undefined || used === null || !COUNTED.includes(name) ? '' : t('settings.used', { value: name === 'day_loss' ? rupees(used) : number(used, 0) });
    return h('label', { class: 'setting' }, h('span', { class: 'setting-name' }, limitName(name), h('small', { class: 'muted' }, usedText)), input);
  }

  /** @param {string} name */
  function limitName(name) {
    const key = `limit.${name}`;
    const text = t(key);
    return text === key ? name.replaceAll('_', ' ') : text;
  }

  const off = ctx.store.on(['account', 'session'], () => void drawLimits());
  draw();
  void drawLimits();
  return { el, destroy: off };
}
