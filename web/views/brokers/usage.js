/** Calls to brokers, read from disk: counts, failures, latency and room left, by account and endpoint; the course of one; the last calls. */

import { stamp } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, number, quantity } from '../../format/numbers.js';
import { fill, h } from '../../widgets/dom.js';
import { chips, empty } from '../../widgets/parts.js';
import { spark } from '../../widgets/spark.js';
import { errorText } from '../shared/text.js';
import { latencyChart } from './latency.js';

/** @typedef {import('../../format/brokers.js').UsageTold} UsageTold */

const EVERY_MS = 4000;
const SPANS = Object.freeze(['1', '24', '168']);
const HOUR_MS = 3_600_000;

/** @param {import('../context.js').Ctx} ctx */
export function usagePanel(ctx) {
  let hours = '1';
  let chosen = '';
  let timer = 0;
  let gone = false;
  /** @type {UsageTold | null} */
  let found = null;
  const box = h('div', { class: 'stack' });
  const span = chips({ label: t('usage.span'), value: hours, options: SPANS.map((value) => ({ value, label: t(`usage.span.${value}`) })), onChange: (value) => {
    hours = value;
    void read();
  } });
  const el = h('section', { class: 'stack', 'aria-label': t('brokers.usage') }, span.el, box);

  async function read() {
    clearTimeout(timer);
    const asked = hours;
    try {
      const told = await ctx.api.usage(Number(asked));
      if (gone || asked !== hours) return;
      found = told;
      draw();
    } catch (error) {
      fill(box, h('p', { class: 'note warn', role: 'alert' }, errorText(error)));
    }
    if (!gone) timer = setTimeout(() => void read(), EVERY_MS);
  }

  function draw() {
    if (!found) return;
    const rows = found.endpoints;
    if (rows.length === 0 && found.calls.length === 0) {
      fill(box, empty({ icon: 'clock', title: t('usage.none'), text: t('usage.noneText') }));
      return;
    }
    const shown = rows.find((row) => nameOf(row) === chosen) ?? [...rows].sort((a, b) => b.calls - a.calls)[0];
    const now = Date.now();
    const at = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.row : undefined;
    fill(box, shown ? [endpoints(rows, shown), latencyChart({ ...shown, account: titleOf(shown.account) }, now - Number(hours) * HOUR_MS, now)] : h('p', { class: 'note' }, t('usage.quiet')), calls(found.calls));
    if (at) /** @type {HTMLElement | null} */ (box.querySelector(`[data-row="${CSS.escape(at)}"]`))?.focus();
  }

  /** @param {UsageTold['endpoints']} rows @param {UsageTold['endpoints'][number]} shown */
  function endpoints(rows, shown) {
    const heads = ['usage.account', 'usage.endpoint', 'usage.calls', 'usage.failures', 'usage.p50', 'usage.p99', 'usage.left', 'usage.course'];
    return h('div', { class: 'panel table-scroll', tabindex: '0', role: 'region', 'aria-label': t('usage.endpoints') }, h('table', { class: 'figures-table' }, h('caption', null, t('usage.endpoints')),
      h('thead', null, h('tr', null, heads.map((name, i) => h('th', { scope: 'col', class: i > 1 ? 'num' : '' }, t(name))))),
      h('tbody', null, rows.map((row) => {
        const course = spark();
        course.set(row.course.map((point) => point.p50_ms), '');
        return h('tr', { class: row === shown ? 'chosen' : '' }, h('th', { scope: 'row' }, titleOf(row.account)),
          h('td', null, h('button', { type: 'button', class: 'link', 'aria-pressed': String(row === shown), data: { row: nameOf(row) }, on: { click: () => {
            chosen = nameOf(row);
            draw();
          } } }, row.endpoint)),
          h('td', { class: 'num' }, quantity(row.calls)),
          h('td', { class: row.failures > 0 ? 'num down' : 'num', title: row.last_problem }, quantity(row.failures)), h('td', { class: 'num' }, number(row.p50_ms, 0)),
          h('td', { class: 'num' }, number(row.p99_ms, 0)), h('td', { class: 'num' }, row.left === null ? DASH : quantity(row.left)), h('td', { class: 'num' }, course.el));
      }))));
  }

  /** The account's name, where there still is one. @param {string} id */
  const titleOf = (id) => ctx.store.state.session?.accounts.find((one) => one.id === id)?.title ?? id;

  /** @param {UsageTold['calls']} rows */
  function calls(rows) {
    const heads = ['col.time', 'usage.account', 'usage.call', 'usage.status', 'usage.took', 'usage.problem'];
    return h('div', { class: 'panel table-scroll', tabindex: '0', role: 'region', 'aria-label': t('usage.last') }, h('table', { class: 'figures-table' }, h('caption', null, t('usage.last')),
      h('thead', null, h('tr', null, heads.map((name, i) => h('th', { scope: 'col', class: i === 3 || i === 4 ? 'num' : '' }, t(name))))),
      h('tbody', null, rows.map((row) => h('tr', null, h('td', null, stamp(row.at, Date.now())), h('th', { scope: 'row' }, titleOf(row.account)), h('td', null, row.call),
        h('td', { class: row.problem ? 'num down' : 'num' }, row.status === 0 ? t('usage.noAnswer') : String(row.status)), h('td', { class: 'num' }, `${number(row.ms, 0)} ms`), h('td', null, row.problem || DASH))))));
  }

  void read();
  return { el, destroy() {
    gone = true;
    clearTimeout(timer);
  } };
}

/** @param {UsageTold['endpoints'][number]} row */
const nameOf = (row) => `${row.account} ${row.endpoint}`;
