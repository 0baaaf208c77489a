/** The outlook: which way, how far, until when, what risk; strategies ranked against it, each with the reasons for and against. */

import { day } from '../../format/dates.js';
import { has, t } from '../../format/i18n.js';
import { DASH, number, percent, profit, rupees, toNumber } from '../../format/numbers.js';
import { market } from '../../store/selectors.js';
import { fill, h, setAttr, setText } from '../../widgets/dom.js';
import { chips } from '../../widgets/parts.js';
import { glyph } from '../../payoff/glyph.js';
import { chance, mostLoss, mostProfit, premiumText, shapeOfTemplate, strategyName } from '../shared/payoff.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/strategies.js').Idea} Idea */

const SOON_MS = 200;
const MONEY = new Set(['profit', 'loss', 'theta', 'vega']);
const PLACES = new Set(['target', 'breakeven']);

/**
 * @param {Ctx} ctx
 * @param {{ underlying: () => string, expiries: () => import('../../format/wire.js').ChainExpiry[], templates: () => import('../../format/strategies.js').TemplateTold[], onIdea: (idea: Idea) => void }} on
 */
export function createWizard(ctx, { underlying, expiries, templates, onIdea }) {
  let shown = false;
  let timer = 0;
  let turn = 0;
  let dates = '';
  const direction = chips({ label: t('outlook.direction'), value: 'up', options: ['up', 'down', 'still', 'moving'].map((value) => ({ value, label: t(`outlook.${value}`) })), onChange: later });
  const moveValue = h('output', { class: 'slider-value' });
  const move = h('input', { type: 'range', class: 'range', min: '0.5', max: '15', step: '0.5', value: '2', 'aria-label': t('outlook.move'), on: { input: later } });
  const until = h('select', { class: 'input', 'aria-label': t('outlook.until'), on: { change: later } });
  const iv = chips({ label: t('outlook.volatility'), value: 'same', options: ['same', 'rise', 'fall'].map((value) => ({ value, label: t(`outlook.iv.${value}`) })), onChange: later });
  const risk = chips({ label: t('outlook.risk'), value: 'limited', options: ['limited', 'any'].map((value) => ({ value, label: t(`outlook.risk.${value}`) })), onChange: later });
  const most = h('input', { class: 'input', inputmode: 'decimal', autocomplete: 'off', placeholder: t('outlook.noBound'), 'aria-label': t('outlook.most'), on: { input: later } });
  const said = h('p', { class: 'search-said', role: 'status' });
  const ideas = h('ol', { class: 'ideas', 'aria-label': t('outlook.ideas') });
  const field = (/** @type {string} */ label, /** @type {HTMLElement} */ control) => h('div', { class: 'field' }, h('span', { class: 'field-label' }, label), control);
  const el = h('div', { class: 'wizard stack' }, h('section', { class: 'panel pad wizard-asks', 'aria-label': t('builder.outlook') },
    field(t('outlook.direction'), direction.el), h('label', { class: 'slider' }, h('span', { class: 'slider-head' }, h('span', { class: 'field-label' }, t('outlook.move')), moveValue), move),
    field(t('outlook.until'), until), field(t('outlook.volatility'), iv.el), field(t('outlook.risk'), risk.el), field(t('outlook.most'), most)), said, ideas);

  function drawDates() {
    const list = expiries();
    const shape = list.map((one) => one.date).join();
    if (shape === dates) return;
    dates = shape;
    const before = until.value;
    fill(until, list.map((one) => h('option', { value: one.date }, `${day(one.date)}${one.days === null ? '' : ` · ${t('builder.inDays', { n: number(Math.floor(one.days), 0) })}`}`)));
    if (list.some((one) => one.date === before)) until.value = before;
  }

  function drawMove() {
    const share = Number(move.value);
    const spot = ctx.store.quotes.get(underlying())?.ltp ?? null;
    const way = direction.get();
    const place = spot === null ? '' : way === 'up' ? number(spot * (1 + share / 100), 0) : way === 'down' ? number(spot * (1 - share / 100), 0) : `${number(spot * (1 - share / 100), 0)} – ${number(spot * (1 + share / 100), 0)}`;
    setText(moveValue, `${number(share, 1)}%${place ? ` · ${place}` : ''}`);
    setAttr(move, 'aria-valuetext', moveValue.textContent);
  }

  function later() {
    drawMove();
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), SOON_MS);
  }

  async function ask() {
    const id = market(ctx.store)?.id;
    if (!shown || id === undefined || underlying() === '' || until.value === '') return;
    const bound = most.value.replace(/[,\s]/g, '');
    if (bound !== '' && !(Number(bound) > 0)) {
      setText(said, t('outlook.badBound'));
      return;
    }
    const mine = (turn += 1);
    setText(said, t('outlook.ranking'));
    try {
      const answer = await ctx.api.screen({ market: id, underlying: underlying(), direction: direction.get(), move: Number(move.value) / 100, until: until.value, volatility: iv.get(), risk: risk.get(), most_loss: bound === '' ? null : bound, lots: 1 });
      if (mine !== turn) return;
      setText(said, answer.ideas.length === 0 ? t('outlook.nothing') : '');
      draw(answer.ideas);
    } catch (error) {
      if (mine !== turn) return;
      setText(said, errorText(error));
      fill(ideas);
    }
  }

  /** @param {Idea[]} list */
  function draw(list) {
    fill(ideas, list.map((idea, i) => {
      const of = templates().find((one) => one.key === idea.key);
      const premium = premiumText(idea.net_premium);
      return h('li', { class: 'panel idea' }, h('div', { class: 'idea-head' }, h('b', { class: 'idea-rank' }, number(i + 1, 0)), of ? glyph(shapeOfTemplate(of)) : null, h('strong', { class: 'grow' }, strategyName(idea.key)), h('button', { type: 'button', class: 'button', 'aria-label': t('outlook.buildNamed', { name: strategyName(idea.key) }), on: { click: () => onIdea(idea) } }, t('outlook.build'))),
        h('dl', { class: 'idea-figures' }, [[t('outlook.expected'), profit(idea.expected, 0)], [t('builder.chance'), chance(idea.probability)], [t('builder.maxProfit'), mostProfit(idea.outcome)], [t('builder.maxLoss'), mostLoss(idea.outcome)], [premium.label, premium.text]].map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value)))),
        h('ul', { class: 'idea-reasons' }, idea.reasons.map(reasonText).filter(Boolean).map((text) => h('li', null, text))));
    }));
  }

  return {
    el,
    /** @param {boolean} on */
    show(on) {
      shown = on;
      if (!on) return;
      drawDates();
      drawMove();
      void ask();
    },
    /** Expiries or the underlying are others. */
    changed() {
      drawDates();
      drawMove();
      if (shown) later();
    },
    destroy: () => clearTimeout(timer),
  };
}

/** A reason as a sentence with its figures; empty for one that this version does not know. @param {{ key: string, figures: Record<string, number> }} reason */
export function reasonText({ key, figures }) {
  /** @type {Record<string, string>} */
  const texts = {};
  for (const [name, value] of Object.entries(figures)) {
    const known = toNumber(value);
    texts[name] = known === null ? DASH : name === 'probability' ? chance(known) : name === 'distance' ? percent(known * 100, 1) : MONEY.has(name) ? rupees(Math.abs(known), 0) : number(known, PLACES.has(name) ? 0 : 2);
  }
  const name = key.slice(key.lastIndexOf('.') + 1);
  return has(`screener.reason.${name}`) ? t(`screener.reason.${name}`, texts) : '';
}
