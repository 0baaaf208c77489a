/** Calls to brokers: counts, failures, latency and room left, by account and endpoint, with the course of the last calls. */

import { stamp } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, number, quantity } from '../../format/numbers.js';
import { fill, h } from '../../widgets/dom.js';
import { empty } from '../../widgets/parts.js';
import { spark } from '../../widgets/spark.js';
import { errorText } from '../shared/text.js';

const EVERY_MS = 4000;

/** @param {import('../context.js').Ctx} ctx */
export function usagePanel(ctx) {
  const box = h('div', { class: 'stack' });
  const el = h('section', { class: 'stack', 'aria-label': t('brokers.usage') }, box);
  let timer = 0;
  let gone = false;

  async function read() {
    try {
      const found = await ctx.api.usage();
      if (gone) return;
      fill(box, found.endpoints.length > 0 ? [endpoints(found.endpoints), calls(found.calls)] : empty({ icon: 'clock', title: t('usage.none'), text: t('usage.noneText') }));
    } catch (error) {
      fill(box, h('p', { class: 'note warn' }, errorText(error)));
    }
    if (!gone) timer = setTimeout(() => void read(), EVERY_MS);
  }
  void read();
  return { el, destroy() {
    gone = true;
    clearTimeout(timer);
  } };
}

/** @param {import('../../format/brokers.js').UsageTold['endpoints']} rows */
function endpoints(rows) {
  const heads = ['usage.account', 'usage.endpoint', 'usage.calls', 'usage.failures', 'usage.p50', 'usage.p99', 'usage.left', 'usage.course'];
  return h('div', { class: 'panel table-scroll', tabindex: '0', role: 'region', 'aria-label': t('usage.endpoints') }, h('table', { class: 'figures-table' }, h('caption', null, t('usage.endpoints')),
    h('thead', null, h('tr', null, heads.map((name, i) => h('th', { scope: 'col', class: i > 1 ? 'num' : '' }, t(name))))),
    h('tbody', null, rows.map((row) => {
      const course = spark();
      course.set(row.recent_ms, '');
      return h('tr', null, h('th', { scope: 'row' }, row.account), h('td', null, row.endpoint), h('td', { class: 'num' }, quantity(row.calls)),
        h('td', { class: row.failures > 0 ? 'num down' : 'num', title: row.last_problem }, quantity(row.failures)), h('td', { class: 'num' }, number(row.p50_ms, 0)),
        h('td', { class: 'num' }, number(row.p99_ms, 0)), h('td', { class: 'num' }, row.left === null ? DASH : quantity(row.left)), h('td', { class: 'num' }, course.el));
    }))));
}

/** @param {import('../../format/brokers.js').UsageTold['calls']} rows */
function calls(rows) {
  const heads = ['col.time', 'usage.account', 'usage.call', 'usage.status', 'usage.took'];
  return h('div', { class: 'panel table-scroll', tabindex: '0', role: 'region', 'aria-label': t('usage.last') }, h('table', { class: 'figures-table' }, h('caption', null, t('usage.last')),
    h('thead', null, h('tr', null, heads.map((name, i) => h('th', { scope: 'col', class: i > 2 ? 'num' : '' }, t(name))))),
    h('tbody', null, rows.map((row) => h('tr', null, h('td', null, stamp(row.at, Date.now())), h('th', { scope: 'row' }, row.account), h('td', { title: row.problem }, row.call),
      h('td', { class: row.problem ? 'num down' : 'num' }, row.status === 0 ? t('usage.noAnswer') : String(row.status)), h('td', { class: 'num' }, `${number(row.ms, 0)} ms`))))));
}
