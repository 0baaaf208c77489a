/** Bring in recorded market data: drop a file, see how far it is, read what was taken, repaired, refused and why; then replay it. */

import { t } from '../../format/i18n.js';
import { number, quantity } from '../../format/numbers.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { meter } from '../../widgets/parts.js';
import { replayList } from '../shared/replays.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../../format/ports.js').Import} Import */

const POLL_MS = 700;
const DONE = /done|finished|failed|refused|error|complete/i;

/** @param {import('../context.js').Ctx} ctx */
export function importPanel(ctx) {
  const file = h('input', { type: 'file', class: 'visually-hidden', id: 'import-file', multiple: true, on: { change: () => {
    for (const one of file.files ?? []) void send(one);
    file.value = '';
  } } });
  const drop = h('label', { class: 'drop', for: 'import-file' }, icon('upload'), h('span', null, t('import.drop')), h('span', { class: 'muted' }, t('import.kinds')));
  const running = h('div', { class: 'stack tight' });
  const list = h('div', { class: 'stack tight' });
  const replays = replayList(ctx, { title: t('replay.title') });
  const el = h('section', { class: 'panel imports', 'aria-label': t('import.title') }, h('h2', { class: 'panel-title' }, t('import.title')),
    h('div', { class: 'pad stack' }, file, drop, running, list, replays.el));
  let gone = false;
  const timers = new Set();

  for (const name of ['dragenter', 'dragover']) drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    for (const one of event.dataTransfer?.files ?? []) void send(one);
  });

  /** @param {File} one */
  async function send(one) {
    const bar = meter(one.name);
    const words = h('span', { class: 'muted', role: 'status' });
    const row = h('div', { class: 'import-row' }, h('strong', null, one.name), words, bar.el);
    running.append(row);
    try {
      const { import: made } = await ctx.api.upload(one, (share) => {
        bar.set(share * 0.5);
        setText(words, t('import.sending', { share: `${number(share * 100, 0)}%` }));
      });
      follow(made.id, row, words, bar);
    } catch (error) {
      setText(words, errorText(error));
      row.classList.add('bad');
    }
  }

  /** @param {string} id @param {HTMLElement} row @param {HTMLElement} words @param {ReturnType<typeof meter>} bar */
  function follow(id, row, words, bar) {
    const look = async () => {
      if (gone) return;
      try {
        const { import: now } = await ctx.api.import(id);
        setText(words, t('import.reading', { rows: quantity(now.rows) }));
        bar.set(DONE.test(now.state) ? 1 : 0.5 + 0.45 * (1 - 1 / (1 + now.rows / 50_000)));
        if (DONE.test(now.state)) {
          row.remove();
          await read();
          return;
        }
      } catch (error) {
        setText(words, errorText(error));
      }
      const timer = setTimeout(() => {
        timers.delete(timer);
        void look();
      }, POLL_MS);
      timers.add(timer);
    };
    void look();
  }

  /** @param {Import} one */
  function report(one) {
    const bad = /fail|refus|error/i.test(one.state);
    return h('details', { class: 'report' }, h('summary', null, icon(bad ? 'warn' : 'check'), h('strong', { class: 'grow' }, one.file),
      h('span', { class: 'muted' }, t('import.counts', { taken: quantity(one.taken), repaired: quantity(one.repaired), refused: quantity(one.refused) }))),
    one.detail ? h('p', { class: 'note' }, one.detail) : null,
    one.report.length === 0 ? h('p', { class: 'muted' }, t('import.clean')) : h('ul', { class: 'faults' }, one.report.map((fault) => h('li', null, h('b', null, fault.fault.replaceAll('_', ' ')), ' ', h('span', { class: 'muted' }, `${quantity(fault.count)} · ${fault.action}`), h('code', null, fault.example)))));
  }

  async function read() {
    try {
      const done = await ctx.api.imports();
      if (gone) return;
      fill(list, done.items.slice(0, 12).map(report));
      await replays.read();
    } catch (error) {
      // a server without imports has nothing to show here
      el.hidden = /** @type {{ problem?: { status?: number } }} */ (error).problem?.status === 404;
      if (!gone) fill(list, h('p', { class: 'muted' }, errorText(error)));
    }
  }

  void read();
  return { el, destroy() {
    gone = true;
    for (const timer of timers) clearTimeout(timer);
  } };
}
