/** The status strip: which market, paper or live, its time, how old the data is, what the machine does. Touch it for System. */

import { age, clock, hourMinute } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { bytes, DASH, millis, number } from '../../format/numbers.js';
import { linkLost, closed } from '../../store/freshness.js';
import { account, dataAge, market, marketMs } from '../../store/selectors.js';
import { h, icon, setAttr, setClass, setText } from '../../widgets/dom.js';
import { marketName } from '../shared/text.js';

/** @param {import('../context.js').Ctx} ctx @returns {import('../context.js').Page} */
export function create(ctx) {
  const marketText = h('span', { class: 'pill-text' });
  const marketPill = h('button', { type: 'button', class: 'pill sim strip-market', on: { click: () => ctx.command('market') } }, h('i', { class: 'dot', 'aria-hidden': 'true' }), marketText);
  const mode = h('span', { class: 'pill paper' });
  const time = h('span', { class: 'strip-time' });
  const brokers = item(t('strip.brokers'), 'wide');
  const data = item(t('strip.data'));
  const order = item(t('strip.order'), 'wide');
  const npu = item(t('strip.npu'), 'wide');
  const cpu = item(t('strip.cpu'), 'wide');
  const ram = item(t('strip.ram'), 'wide');
  const find = h('button', { type: 'button', class: 'icon-button strip-find', 'aria-label': t('palette.open'), title: t('palette.openKey'), on: { click: () => ctx.command('palette') } }, icon('search'));
  const facts = h('button', { type: 'button', class: 'strip-facts', 'aria-label': t('strip.facts'), on: { click: () => ctx.go('system') } }, time, brokers.el, data.el, order.el);
  const machine = h('button', { type: 'button', class: 'strip-facts strip-machine', 'aria-label': t('strip.machine'), on: { click: () => ctx.go('system') } }, npu.el, cpu.el, ram.el);
  const el = h('header', { class: 'strip' }, h('a', { class: 'brand', href: '/' }, 'Sauda'), marketPill, mode, facts, machine, find);

  function draw() {
    const { state } = ctx.store;
    const one = market(ctx.store);
    const now = ctx.store.now();
    const lost = linkLost(state.link, now);
    const long = [marketName(ctx)];
    if (one?.kind === 'simulated' && one.scenario) long.push(t(`scenario.${one.scenario}`));
    if (one && one.kind !== 'live') long.push(t('strip.speed', { n: number(one.speed, one.speed % 1 ? 1 : 0) }));
    if (one && one.state !== 'running') long.push(t(`marketState.${one.state}`));
    setText(marketText, ctx.phone() ? marketName(ctx, true) : long.join(' · '));
    setAttr(marketPill, 'title', t('market.open'));
    setClass(marketPill, `pill strip-market ${one?.kind === 'live' ? 'open' : 'sim'}`);
    const mine = account(ctx.store);
    setText(mode, mine?.mode ?? '');
    setClass(mode, `pill ${mine?.mode === 'LIVE' ? 'live' : 'paper'}`);
    mode.hidden = !mine;

    const ms = marketMs(ctx.store);
    const shown = ms === null || ms === 0 ? DASH : ctx.phone() ? hourMinute(ms) : t('strip.ist', { time: clock(ms) });
    setText(time, one && closed(one.phase) && !lost ? t('strip.closed', { time: ctx.phone() ? '' : shown }).trim() : shown);
    const seconds = dataAge(ctx.store);
    if (lost) data.set(t('strip.lost'), 'down');
    else if (one && closed(one.phase)) data.set(t('strip.resting'), '');
    else data.set(age(seconds), seconds === null ? '' : seconds > 5 ? 'warn' : seconds > 2 ? 'warn' : '');
    order.set(millis(state.orderMs), '');
    order.el.hidden = state.orderMs === null;

    const devices = state.system?.devices;
    npu.el.hidden = !devices?.npu;
    npu.set(devices?.npu ?? '', '');
    cpu.el.hidden = typeof devices?.cpu_load !== 'number';
    cpu.set(`${number(devices?.cpu_load, 0)}%`, '');
    ram.el.hidden = typeof devices?.ram_mb !== 'number';
    ram.set(bytes((devices?.ram_mb ?? 0) * 1_048_576), '');
    const [up, all] = state.session?.brokers ?? [0, 0];
    brokers.el.hidden = all === 0;
    brokers.el.classList.toggle('wide', up === all); // one that is down is told on a phone too
    brokers.set(`${up}/${all}`, up < all ? 'warn' : '');
  }

  const off = ctx.store.on(['link', 'session', 'markets', 'account', 'system', 'orderMs', 'clock', 'restored'], draw);
  draw();
  return { el, destroy: off };
}

/** @param {string} label @param {string} [cls] */
function item(label, cls = '') {
  const value = h('b', null);
  const el = h('span', { class: `strip-item ${cls}`.trim() }, h('span', { class: 'strip-label' }, label), value);
  return {
    el,
    /** @param {string} text @param {string} tone */
    set(text, tone) {
      setText(value, text);
      setClass(value, tone);
    },
  };
}
