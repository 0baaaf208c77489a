/**
 * Volatility of one underlying: smiles with their quotes and fitted curves, term structure, surface, cone, rank, and the
 * straddle and IV through the day. Each part is read by itself: one that fails says so and the others stand.
 */

import { day } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, number, signed } from '../../format/numbers.js';
import { market } from '../../store/selectors.js';
import { h, setText } from '../../widgets/dom.js';
import { figure, meter } from '../../widgets/parts.js';
import { errorText } from '../shared/text.js';
import { heatTable } from './heat.js';
import { createPlot } from './plot.js';
import { conePlot, historyPlot, ivDayPlot, percentText, smilePlot, termPlot } from './plots.js';
import { straddlePlot } from './straddle.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('./model.js').ChainModel} ChainModel */

const AGAIN_MS = 10_000;
const SLOW_MS = 60_000;

/**
 * @param {Ctx} ctx
 * @param {{ model: () => ChainModel | null }} source
 */
export function createVolatilityView(ctx, { model: current }) {
  const { store } = ctx;
  let turn = 0;
  /** @type {number[]} */
  let timers = [];

  const smile = createPlot({ label: t('vol.smile'), high: 260 });
  const term = createPlot({ label: t('vol.term') });
  const cone = createPlot({ label: t('vol.cone') });
  const history = createPlot({ label: t('vol.history') });
  const straddle = createPlot({ label: t('straddle.day'), high: 160 });
  const iv = createPlot({ label: t('vol.ivDay'), high: 160 });
  const heat = heatTable(t('vol.surface'));
  const plots = [smile, term, cone, history, straddle, iv];
  const fits = h('p', { class: 'vol-fit' });
  const rankBar = meter(t('chain.ivRank'));
  const rankText = h('p', { class: 'vol-rank' });
  const figures = { now: figure(t('vol.now')), realised: figure(t('vol.realised')), premium: figure(t('vol.premium'), { title: t('vol.premiumHelp') }), level: figure(t('vol.level')), slope: figure(t('vol.slope')), trend: figure(t('vol.trend')) };
  const garch = h('p', { class: 'vol-garch' });

  const cards = {
    smile: card(t('vol.smile'), smile.el, fits),
    term: card(t('vol.term'), term.el),
    rank: card(t('vol.rank'), h('div', { class: 'figures' }, Object.values(figures).map((one) => one.el)), rankBar.el, rankText, garch),
    surface: card(t('vol.surface'), heat.el),
    cone: card(t('vol.cone'), cone.el),
    history: card(t('vol.history'), history.el),
    day: card(t('vol.day'), h('div', { class: 'vol-pair' }, h('div', null, h('h3', { class: 'sub-title' }, t('straddle.atm')), straddle.el), h('div', null, h('h3', { class: 'sub-title' }, t('vol.ivDay')), iv.el))),
  };
  cards.surface.el.classList.add('wide');
  cards.day.el.classList.add('wide');
  const el = h('div', { class: 'vols' }, Object.values(cards).map((one) => one.el));

  /**
   * A panel whose body gives way to a sentence when there is nothing to draw.
   * @param {string} title
   * @param {...HTMLElement} body
   */
  function card(title, ...body) {
    const said = h('p', { class: 'plot-said', role: 'status' }, t('vol.reading'));
    for (const one of body) one.hidden = true;
    return {
      el: h('section', { class: 'panel vol-card', 'aria-label': title }, h('h2', { class: 'panel-title' }, title), h('div', { class: 'vol-body' }, said, body)),
      /** @param {string} sentence '' shows the body */
      say(sentence) {
        setText(said, sentence);
        said.hidden = sentence === '';
        for (const one of body) one.hidden = sentence !== '';
      },
    };
  }

  /**
   * Read one part now and again; an answer to an earlier question is dropped.
   * @template T
   * @param {{ say: (sentence: string) => void }[]} places
   * @param {number} every ms
   * @param {(underlying: string, id: string, model: ChainModel) => Promise<T>} ask
   * @param {(answer: T, model: ChainModel) => void} draw
   */
  function keep(places, every, ask, draw) {
    const mine = turn;
    let good = false;
    const once = async () => {
      const model = current();
      const id = market(store)?.id;
      if (!model || id === undefined || mine !== turn) return;
      try {
        const answer = await ask(model.underlying, id, model);
        if (mine !== turn) return;
        good = true;
        draw(answer, model);
      } catch (error) {
        if (mine !== turn) return;
        // what was drawn stays while the server is away; its age stands above
        if (!good) for (const place of places) place.say(t('vol.failed', { why: errorText(error) }));
      }
      timers.push(setTimeout(() => void once(), every));
    };
    void once();
  }

  function start() {
    turn += 1;
    for (const timer of timers) clearTimeout(timer);
    timers = [];
    for (const one of Object.values(cards)) one.say(t('vol.reading'));
    const { api } = ctx;
    keep([cards.smile], AGAIN_MS, (underlying, id) => api.smile(underlying, { market: id }), (answer, model) => {
      const there = answer.smiles.filter((one) => one.points.strike.length > 0);
      cards.smile.say(there.length === 0 ? t('vol.noSmile') : '');
      if (there.length === 0) return;
      smile.set(smilePlot(there, answer.spot, model.expiry), { label: t('vol.smileLabel', { name: answer.name, dates: there.map((one) => day(one.expiry)).join(', ') }) });
      setText(fits, there.map((one) => fitText(one)).join(' '));
    });
    keep([cards.term], AGAIN_MS, (underlying, id) => api.term(underlying, { market: id }), (answer) => {
      const count = answer.points.filter((one) => one.atm_iv !== null).length;
      cards.term.say(count < 2 ? t('vol.noTerm') : '');
      if (count >= 2) term.set(termPlot(answer), { note: t(`vol.shape.${answer.shape}`) });
    });
    keep([cards.surface], AGAIN_MS * 2, (underlying, id) => api.surface(underlying, { market: id }), (answer) => {
      const any = answer.iv.some((row) => row.some((value) => value !== null));
      cards.surface.say(any ? '' : t('vol.noSurface'));
      if (any) heat.set(answer); // shown first: how many columns fit depends on its width
    });
    keep([cards.day], AGAIN_MS * 2, (underlying, id, model) => api.straddle(underlying, { market: id, expiry: model.expiry }), (answer) => {
      cards.day.say(answer.t.length < 2 ? t('straddle.early') : '');
      if (answer.t.length < 2) return;
      straddle.set(straddlePlot(answer));
      iv.set(ivDayPlot(answer));
    });
    keep([cards.rank, cards.cone, cards.history], SLOW_MS, (underlying, id) => api.volatility({ market: id, underlying }), (answer) => {
      drawRank(answer);
      const windows = answer.cone.filter((one) => one.median !== null);
      cards.cone.say(windows.length < 2 ? t('vol.noCone', { n: answer.days }) : '');
      if (windows.length >= 2) cone.set(conePlot(answer), { note: t('vol.coneNote', { n: answer.days }) });
      const days = answer.history.t.length;
      cards.history.say(days < 2 ? t('vol.noHistory') : '');
      if (days >= 2) history.set(historyPlot(answer), { note: t(answer.rank.source === 'vix' ? 'vol.fromVix' : 'vol.fromOwn') });
    });
  }

  /** @param {import('../../format/wire.js').VolatilityReport} answer */
  function drawRank(answer) {
    const { rank, regime } = answer;
    cards.rank.say('');
    figures.now.set(percentText(answer.atm_iv ?? rank.iv));
    const month = answer.realised.find((one) => one.window === 30) ?? answer.realised[0];
    figures.realised.set(percentText(month?.yang_zhang ?? month?.close ?? null));
    figures.premium.set(answer.premium === null ? DASH : t('chain.points', { n: signed(answer.premium * 100, 1) }));
    figures.level.set(t(`vol.level.${regime.level}`));
    figures.slope.set(t(`vol.shapeWord.${regime.slope}`));
    figures.trend.set(t(`vol.trend.${regime.realised}`));
    rankBar.el.hidden = rank.rank === null;
    rankBar.set(rank.rank ?? 0, '', rank.rank === null ? DASH : number(rank.rank * 100, 0));
    setText(rankText, rank.rank === null ? t('vol.noRank', { n: rank.days }) : t(rank.source === 'vix' ? 'vol.rankVix' : 'vol.rankOwn', {
      rank: number(rank.rank * 100, 0), percentile: rank.percentile === null ? DASH : number(rank.percentile * 100, 0), low: percentText(rank.low), high: percentText(rank.high), n: rank.days,
    }));
    const last = answer.garch.forecast[answer.garch.forecast.length - 1];
    setText(garch, answer.garch.available && last ? t('vol.garch', { days: last.days, volatility: percentText(last.volatility), model: answer.garch.model === 'gjr' ? 'GJR-GARCH' : 'GARCH' }) : answer.garch.reason);
    garch.hidden = garch.textContent === '';
  }

  return {
    el,
    /** @param {boolean} fresh */
    show(fresh) {
      if (fresh) start();
    },
    frame() {},
    theme() {
      for (const plot of plots) plot.theme();
    },
    destroy() {
      turn += 1;
      for (const timer of timers) clearTimeout(timer);
      for (const plot of plots) plot.destroy();
    },
  };
}

/** What kind of curve it is. @param {string} kind */
function kindText(kind) {
  const text = t(`vol.kind.${kind}`);
  return text.startsWith('vol.') ? kind : text;
}

/** How well a curve meets its quotes, in words. @param {import('../../format/wire.js').Smile} one */
function fitText({ expiry, fit }) {
  if (fit.kind === 'none') return t('vol.fitNone', { date: day(expiry), why: fit.reason || t('vol.thin') });
  return t('vol.fit', { date: day(expiry), kind: kindText(fit.kind), points: fit.points, inside: fit.inside === null ? DASH : number(fit.inside * 100, 0), rmse: fit.rmse === null ? DASH : number(fit.rmse * 100, 2) });
}

