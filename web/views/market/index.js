/** Market control: which market and account, play, pause, speed, scenario; a replay is started, sought and stopped here. */

import { clock, day, toMs, isoDay } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { number } from '../../format/numbers.js';
import { account, market, marketMs } from '../../store/selectors.js';
import { fill, h, icon, setText } from '../../widgets/dom.js';
import { chips } from '../../widgets/parts.js';
import { replayList } from '../shared/replays.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */

const SPEEDS = [1, 2, 5, 10, 30, 60];
const SCENARIOS = ['calm', 'trend', 'crash', 'expiry', 'gap', 'halted'];
const OPEN_MINUTES = 375;

/** @param {Ctx} ctx @returns {import('../context.js').Page} */
export function create(ctx) {
  const title = h('strong', { class: 'grow' });
  const state = h('span', { class: 'muted' });
  const play = h('button', { type: 'button', class: 'button', on: { click: () => void control({ action: market(ctx.store)?.state === 'running' ? 'pause' : 'play' }) } });
  const speedBox = h('div', { class: 'stack tight' });
  const scenarioBox = h('div', { class: 'stack tight' });
  const seek = h('input', { type: 'range', min: '0', max: String(OPEN_MINUTES), step: '1', 'aria-label': t('market.seek'), on: { change: () => void seekTo() } });
  const seekBox = h('label', { class: 'field' }, h('span', { class: 'field-label' }, t('market.seek')), seek);
  const accounts = h('div', { class: 'stack tight' });
  const replays = replayList(ctx, { title: t('market.replays') });
  const said = h('p', { class: 'note warn', role: 'alert', hidden: true });
  const el = h('div', { class: 'market stack' }, h('div', { class: 'market-head' }, title, state, play), said, speedBox, scenarioBox, seekBox,
    h('h3', { class: 'sub-title' }, t('market.accounts')), accounts, replays.el);
  let drawn = '';

  /** @param {{ action: string, to?: string, value?: number, name?: string }} command */
  async function control(command) {
    const one = market(ctx.store);
    if (!one) return;
    try {
      ctx.marketIs(await ctx.api.control(one.id, command));
      said.hidden = true;
    } catch (error) {
      setText(said, errorText(error));
      said.hidden = false;
    }
  }

  async function seekTo() {
    const one = market(ctx.store);
    if (!one) return;
    const open = Date.parse(`${isoDay(one.ms)}T09:15:00+05:30`);
    await control({ action: 'seek', to: new Date(open + Number(seek.value) * 60_000).toISOString() });
  }

  async function stop() {
    try {
      await ctx.api.stopReplay();
      const home = ctx.store.state.session?.default_account;
      if (home && market(ctx.store)?.kind === 'replay') ctx.useAccount(home);
    } catch (error) {
      setText(said, errorText(error));
      said.hidden = false;
    }
  }

  function draw() {
    const one = market(ctx.store);
    const ms = marketMs(ctx.store);
    setText(title, one?.label ?? t('market.none'));
    setText(state, one && ms ? t('market.now', { day: day(ms), time: clock(ms), phase: t(`phase.${one.phase}`) }) : '');
    const running = one?.state === 'running';
    play.hidden = !one || one.kind === 'live';
    if (play.getAttribute('data-on') !== String(running)) {
      play.setAttribute('data-on', String(running));
      fill(play, icon(running ? 'pause' : 'play'), t(running ? 'market.pause' : 'market.play'));
    }
    seekBox.hidden = one?.kind !== 'replay';
    if (one && document.activeElement !== seek && ms) seek.value = String(Math.round((ms - (toMs(`${isoDay(ms)}T09:15:00+05:30`) ?? ms)) / 60_000));
    const shape = [one?.id, one?.speed, one?.scenario, one?.kind, ctx.store.state.account, Object.keys(ctx.store.state.markets).join()].join('|');
    if (shape === drawn) return;
    drawn = shape;
    controls();
    drawAccounts();
  }

  function controls() {
    const one = market(ctx.store);
    fill(speedBox);
    fill(scenarioBox);
    if (!one || one.kind === 'live') return;
    speedBox.append(h('span', { class: 'field-label' }, t('market.speed')), chips({
      label: t('market.speed'), value: String(one.speed), options: SPEEDS.map((value) => ({ value: String(value), label: `${number(value, 0)}×` })),
      onChange: (value) => void control({ action: 'speed', value: Number(value) }),
    }).el);
    if (one.kind !== 'simulated') return;
    const names = SCENARIOS.includes(one.scenario) || !one.scenario ? SCENARIOS : [one.scenario, ...SCENARIOS];
    scenarioBox.append(h('span', { class: 'field-label' }, t('market.scenario')), chips({
      label: t('market.scenario'), value: one.scenario, options: names.map((value) => ({ value, label: t(`scenario.${value}`) })),
      onChange: (name) => void control({ action: 'scenario', name }),
    }).el);
  }

  function drawAccounts() {
    const mine = account(ctx.store);
    fill(accounts, (ctx.store.state.session?.accounts ?? []).map((one) => {
      const of = ctx.store.state.markets[one.market];
      return h('div', { class: one.id === mine?.id ? 'choice on' : 'choice' },
        h('span', { class: 'grow' }, h('strong', null, one.title || one.id), ' ', h('span', { class: 'muted' }, of?.label ?? t('market.notRunning'))),
        h('span', { class: `pill ${one.mode === 'LIVE' ? 'live' : 'paper'}` }, one.mode),
        one.id === mine?.id ? h('span', { class: 'muted' }, t('market.here')) : of ? h('button', { type: 'button', class: 'button', on: { click: () => ctx.useAccount(one.id) } }, t('market.use')) : null,
        of?.kind === 'replay' ? h('button', { type: 'button', class: 'button', on: { click: () => void stop() } }, t('replay.stop')) : null);
    }));
  }

  const off = ctx.store.on(['markets', 'session', 'account', 'clock'], draw);
  draw();
  void replays.read();
  return { el, destroy: off };
}
