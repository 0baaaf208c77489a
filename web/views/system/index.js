/** System: parts, markets and what they drop, latency, devices, storage, imports and replays, audit. */

import { age, clock, stamp } from '../../format/dates.js';
import { t, tn } from '../../format/i18n.js';
import { bytes, DASH, millis, number, quantity } from '../../format/numbers.js';
import { fill, h, icon, setClass, setText } from '../../widgets/dom.js';
import { line, panel } from '../../widgets/parts.js';
import { createTable } from '../../widgets/table.js';
import { errorText } from '../shared/text.js';
import { auditPanel } from './audit.js';
import { importPanel } from './imports.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {{ name: string, state: string, since: string, restarts: number, error: string, essential: boolean }} Part */

const EVERY_MS = 3000;

/** @param {Ctx} ctx @returns {import('../context.js').Page} */
export function create(ctx) {
  const control = h('button', { type: 'button', class: 'button', on: { click: () => ctx.command('market') } }, icon('sliders'), t('market.open'));
  const parts = createTable({
    label: t('system.parts'),
    key: (/** @type {Part} */ part) => part.name,
    columns: [
      { id: 'name', label: t('col.name'), width: 'minmax(0, 2fr)', cell: (part) => ({ text: part.name, cls: 'strong' }), place: 'title' },
      { id: 'state', label: t('col.state'), width: '15ch', cell: (part) => ({ text: partState(part.state), cls: part.state === 'running' ? 'up' : part.state === 'failed' ? 'down' : 'warn' }), place: 'main' },
      { id: 'since', label: t('system.since'), width: '18ch', cell: (part) => ({ text: stamp(part.since, Date.now()), cls: 'muted' }), place: 'note' },
      { id: 'restarts', label: t('system.restarts'), num: true, width: '11ch', cell: (part) => quantity(part.restarts) },
      { id: 'error', label: t('col.reason'), width: 'minmax(0, 3fr)', cell: (part) => ({ text: part.error || '', cls: 'muted', title: part.error }), place: 'sub' },
    ],
  });
  const partsSaid = h('summary');
  const partsBox = h('details', { class: 'fold' }, partsSaid, parts.el);
  let ailing = false;
  const markets = h('div', { class: 'stack tight pad' });
  const latency = h('dl', { class: 'lines pad' });
  const streams = h('dl', { class: 'lines pad' });
  const storage = h('dl', { class: 'lines pad' });
  const devices = h('dl', { class: 'lines pad' });
  const events = h('ul', { class: 'events', tabindex: '0', 'aria-label': t('system.events') });
  const fault = h('p', { class: 'note warn', hidden: true, role: 'status' });
  const audit = auditPanel(ctx);
  const imports = importPanel(ctx);
  const el = h('div', { class: 'page system' },
    h('div', { class: 'page-head' }, h('h1', { class: 'page-title' }, t('system.title')), h('span', { class: 'grow' }), control), fault,
    panel(t('system.parts'), partsBox),
    h('div', { class: 'home-grid' }, panel(t('system.markets'), markets), panel(t('system.latency'), latency), panel(t('system.streams'), streams), panel(t('system.storage'), storage), panel(t('system.devices'), devices)),
    imports.el, audit.el, panel(t('system.events'), events));

  /** @param {HTMLElement} list @param {[string, string, string?][]} rows */
  function lines(list, rows) {
    fill(list, rows.map(([name, value, title]) => {
      const one = line(name);
      one.set(value, '', title ?? '');
      return one.el;
    }));
  }

  /** All well is one line; it unfolds by itself when a part falls ill. @param {Part[]} list */
  function drawParts(list) {
    const well = list.filter((part) => part.state === 'running').length;
    setText(partsSaid, well === list.length ? tn('system.partsAll', well) : t('system.partsSome', { well: quantity(well), all: quantity(list.length) }));
    setClass(partsSaid, well === list.length ? 'up' : 'warn');
    if (well < list.length && !ailing) partsBox.open = true;
    ailing = well < list.length;
    parts.update(list);
  }

  function draw() {
    const found = ctx.store.state.system;
    if (!found) return;
    drawParts(found.parts ?? []);
    fill(markets, (found.markets ?? []).map(marketBlock));
    lines(latency, ['order', 'commit', 'stream'].map((name) => {
      const one = found.latency?.[name];
      return [t(`latency.${name}`), one && one.n ? t('latency.of', { p50: millis(one.p50), p99: millis(one.p99), n: quantity(one.n) }) : DASH];
    }));
    const s = found.streams ?? {};
    lines(streams, [[t('streams.clients'), quantity(s.clients)], [t('streams.frames'), quantity(s.frames)], [t('streams.bytes'), bytes(s.bytes)], [t('streams.dropped'), quantity(s.dropped)]]);
    const d = found.storage ?? {};
    lines(storage, [[t('storage.journal'), quantity(d.journal_rows)], [t('storage.ticks'), quantity(d.ticks_rows)], [t('storage.bars'), quantity(d.bars_rows)], [t('storage.database'), bytes(d.database_bytes)], [t('storage.free'), bytes(d.disk_free)], [t('storage.folder'), found.data ?? DASH, found.data]]);
    const v = found.devices ?? {};
    lines(devices, [[t('devices.cpu'), v.cpus ? tn('devices.cores', v.cpus) : DASH], [t('devices.load'), v.cpu_load === undefined || v.cpu_load === null ? DASH : `${number(v.cpu_load, 0)}%`],
      [t('devices.ram'), v.ram_mb ? t('devices.ramOf', { used: bytes(v.ram_mb * 1_048_576), total: bytes((v.ram_total_mb ?? 0) * 1_048_576) }) : DASH],
      [t('devices.npu'), v.npu || t('devices.none')], [t('devices.gpu'), v.gpu || t('devices.none')], [t('system.version'), found.version ?? DASH]]);
    fill(events, (found.events ?? []).slice(0, 40).map((/** @type {any} */ event) => h('li', { class: 'event' }, h('span', { class: 'step-time' }, clock(event.at)), h('b', null, event.topic), h('span', { class: 'muted grow' }, event.text))));
  }

  /** @param {any} one */
  function marketBlock(one) {
    const intake = one.intake ?? {};
    const drops = Object.entries(intake.drops ?? {}).filter(([, count]) => Number(count) > 0);
    return h('div', { class: 'market-block' }, h('strong', null, one.state?.label ?? ''),
      h('dl', { class: 'lines' }, [
        [t('system.instruments'), quantity(intake.instruments)], [t('system.ticks'), quantity(intake.ticks)], [t('system.rate'), t('system.perSecond', { n: quantity(intake.rate) })],
        [t('system.tickAge'), age(intake.last_tick_age)], [t('system.dropped'), quantity(drops.reduce((sum, [, count]) => sum + Number(count), 0))],
      ].map(([name, value]) => h('div', { class: 'line' }, h('dt', null, name ?? ''), h('dd', null, value ?? '')))),
      drops.length === 0 ? null : h('ul', { class: 'drops' }, drops.map(([reason, count]) => h('li', null, h('span', { class: 'grow' }, reason.replaceAll('_', ' ')), h('b', null, quantity(/** @type {number} */ (count)))))));
  }

  async function read() {
    try {
      await ctx.load('system');
      fault.hidden = true;
    } catch (error) {
      fault.textContent = errorText(error);
      fault.hidden = false;
    }
  }

  const off = ctx.store.on(['system', 'markets'], draw);
  const timer = setInterval(() => {
    if (!document.hidden) void read();
  }, EVERY_MS);
  draw();
  void read();
  return { el, destroy() {
    off();
    clearInterval(timer);
    parts.destroy();
    audit.destroy();
    imports.destroy();
  } };
}

/** @param {string} state */
function partState(state) {
  const key = `partState.${state}`;
  const text = t(key);
  return text === key ? state : text;
}
