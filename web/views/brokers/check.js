/** The wizard that lets an account go live: reads everything, watches a price, and with consent sends one far-off order. */

import { stamp } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { number } from '../../format/numbers.js';
import { fill, h, setText } from '../../widgets/dom.js';
import { searchBox } from '../shared/search.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../../format/brokers.js').CheckTold} CheckTold */

/** @param {import('../context.js').Ctx} ctx @param {import('../../format/brokers.js').LinkTold} one */
export function openCheck(ctx, one) {
  if (ctx.store.state.account !== one.account) ctx.useAccount(one.account); // the search below asks its market
  let key = '';
  const chosen = h('strong', null, t('check.choose'));
  const consent = h('input', { type: 'checkbox', id: 'check-order', disabled: one.tier !== 'gold' });
  const said = h('p', { class: 'ticket-lock', role: 'alert', hidden: true });
  const results = h('div', { class: 'stack tight', 'aria-live': 'polite' });
  const run = h('button', { type: 'button', class: 'primary', disabled: true, on: { click: () => void start() } }, t('check.run'));
  const search = searchBox(ctx, { tradable: true, label: t('check.instrument'), onPick(instrument) {
    key = instrument.key;
    setText(chosen, `${instrument.label} · ${instrument.exchange}`);
    run.disabled = false;
    search.fold();
    run.focus();
  } });
  const body = h('div', { class: 'stack' }, h('p', null, t('check.help')), h('p', null, t('check.with'), ' ', chosen), search.el,
    h('label', { class: 'check', for: 'check-order' }, consent, t('check.consent')),
    one.tier === 'gold' ? null : h('p', { class: 'note' }, one.locked_because), said, run, results);
  ctx.sheet(t('check.title', { title: one.title }), body, { wide: true });
  ctx.api.checked(one.account).then(show, () => undefined);

  async function start() {
    run.disabled = true;
    said.hidden = true;
    setText(run, t('check.running'));
    try {
      show(await ctx.api.check(one.account, { key, with_order: consent.checked }));
      results.scrollIntoView({ block: 'start' });
    } catch (error) {
      said.textContent = errorText(error);
      said.hidden = false;
    }
    setText(run, t('check.run'));
    run.disabled = false;
  }

  /** @param {CheckTold} report */
  function show(report) {
    fill(results, h('h3', { class: 'sub-title' }, t(report.passed ? 'check.passed' : report.with_order ? 'check.failed' : 'check.readOnly', { time: stamp(report.at, Date.now()) })),
      h('ol', { class: 'steps' }, report.steps.map((step) => h('li', { class: 'step' },
        h('span', { class: `badge ${step.state === 'ok' ? 'good' : step.state === 'failed' ? 'bad' : ''}` }, t(`check.${step.state}`)),
        h('span', { class: 'step-what' }, h('strong', null, t(`check.step.${step.name}`)), ` ${step.got}`),
        h('span', { class: 'step-why' }, step.state === 'failed' ? t('check.expected', { what: step.expected }) : `${number(step.ms, 0)} ms`)))),
      h('button', { type: 'button', class: 'button', on: { click: () => save(report) } }, t('check.export')));
  }
}

/** A file for a bug report; the server has blanked what is secret. @param {CheckTold} report */
function save(report) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }));
  const link = h('a', { href: url, download: `sauda-check-${report.account}.json` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
