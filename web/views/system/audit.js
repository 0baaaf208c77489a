/** The audit log: newest first, older on demand, and its chain verified at a touch. */

import { stamp } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { quantity } from '../../format/numbers.js';
import { h, icon, setClass, setText } from '../../widgets/dom.js';
import { createTable } from '../../widgets/table.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../../format/ports.js').AuditEntry} AuditEntry */

const PAGE = 25;

/** @param {import('../context.js').Ctx} ctx */
export function auditPanel(ctx) {
  /** @type {AuditEntry[]} */
  let rows = [];
  /** @type {string | number | null} */
  let next = null;
  let gone = false;
  const table = createTable({
    label: t('audit.title'),
    empty: h('p', { class: 'muted pad' }, t('audit.none')),
    key: (/** @type {AuditEntry} */ row) => String(row.seq),
    columns: [
      { id: 'seq', label: '#', width: '10ch', cell: (row) => ({ text: quantity(row.seq), cls: 'faint', title: row.hash }) },
      { id: 'at', label: t('col.time'), width: '18ch', cell: (row) => ({ text: stamp(row.at, Date.now()), cls: 'muted' }), place: 'note' },
      { id: 'kind', label: t('col.kind'), width: '19ch', cell: (row) => ({ text: row.kind, cls: 'strong' }), place: 'title' },
      { id: 'text', label: t('col.what'), width: 'minmax(0, 4fr)', cell: (row) => ({ text: row.text, title: row.text }), place: 'sub' },
      { id: 'actor', label: t('col.who'), width: '16ch', cell: (row) => ({ text: row.actor, cls: 'muted' }) },
    ],
  });
  const said = h('p', { class: 'note', role: 'status', hidden: true });
  const verify = h('button', { type: 'button', class: 'button', on: { click: () => void check() } }, icon('check'), t('audit.verify'));
  const more = h('button', { type: 'button', class: 'button', hidden: true, on: { click: () => void read(true) } }, t('more'));
  const el = h('section', { class: 'panel', 'aria-label': t('audit.title') }, h('div', { class: 'panel-head' }, h('h2', { class: 'panel-title' }, t('audit.title')), h('span', { class: 'grow' }), verify), said, table.el, more);

  /** @param {string} text @param {string} tone */
  function say(text, tone) {
    setText(said, text);
    setClass(said, `note ${tone}`);
    said.hidden = text === '';
  }

  /** @param {boolean} [older] */
  async function read(older = false) {
    try {
      const answer = await ctx.api.audit({ limit: PAGE, before: older ? (next ?? undefined) : undefined });
      if (gone) return;
      rows = older ? [...rows, ...answer.items] : answer.items;
      next = answer.next ?? null;
      table.update(rows);
      more.hidden = next === null;
    } catch (error) {
      say(errorText(error), 'warn');
    }
  }

  async function check() {
    verify.disabled = true;
    say(t('audit.verifying'), '');
    try {
      const found = await ctx.api.verifyAudit();
      say(found.ok ? t('audit.ok', { n: quantity(found.entries), head: found.head.slice(0, 12) }) : t('audit.broken', { why: found.problem ?? '' }), found.ok ? 'good' : 'bad');
    } catch (error) {
      say(errorText(error), 'warn');
    } finally {
      verify.disabled = false;
    }
  }

  void read();
  return { el, destroy() {
    gone = true;
    table.destroy();
  } };
}
