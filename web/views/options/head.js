/** What stands over every options view: the underlying with its price, the expiries with days left and move, the figures of the chain. */

import { age, day, hourMinute, isoDay } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { DASH, number } from '../../format/numbers.js';
import { closed, linkLost } from '../../store/freshness.js';
import { market } from '../../store/selectors.js';
import { fill, h, icon, setAttr, setClass, setText } from '../../widgets/dom.js';
import { figure } from '../../widgets/parts.js';
import { priceCell } from '../../widgets/price.js';
import { changeView, labelOf, priceView } from '../shared/text.js';
import { VIX } from './source.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../format/wire.js').ChainExpiry} ChainExpiry */
/** @typedef {import('../../format/wire.js').ChainSummary} ChainSummary */

const OLD_S = 5;

/** @param {Ctx} ctx @param {{ onPick: () => void }} on */
export function underlyingHead(ctx, { onPick }) {
  const name = h('span', { class: 'chain-name' });
  const pick = h('button', { type: 'button', class: 'chain-underlying', 'aria-haspopup': 'dialog', on: { click: onPick } }, name, icon('search'));
  const price = priceCell({ cls: 'chain-spot', tag: 'strong' });
  const moved = h('span', { class: 'chain-moved' });
  const vix = h('span', { class: 'chain-vix' });
  const source = h('span', { class: 'chain-source' });
  return {
    el: h('div', { class: 'chain-quote' }, pick, price.el, moved, h('span', { class: 'grow' }), vix, source),
    /** @param {string} key @param {string} title name until the catalogue knows it @param {number | null} figuresAge s */
    update(key, title, figuresAge) {
      const known = ctx.store.state.instruments.has(key);
      const label = known ? labelOf(ctx, key) : title;
      setText(name, label);
      setAttr(pick, 'aria-label', t('chain.pick', { name: label }));
      price.set(priceView(ctx, key));
      const change = changeView(ctx, key);
      setText(moved, change.percent);
      setClass(moved, `chain-moved ${change.tone}`);
      const index = ctx.store.quotes.get(VIX)?.ltp ?? null;
      setText(vix, index === null || key === VIX ? '' : t('chain.vix', { n: number(index, 2) }));
      const one = market(ctx.store);
      const old = figuresAge !== null && figuresAge > OLD_S && (!closed(one?.phase) || linkLost(ctx.store.state.link, ctx.store.now()));
      const shut = closed(one?.phase) && !old ? t('price.closed', { time: hourMinute(ctx.store.quotes.get(key)?.marketMs) }) : '';
      setText(source, one ? [t(`chart.source.${one.kind}`), shut || (figuresAge === null ? '' : age(figuresAge))].filter(Boolean).join(' · ') : '');
      setClass(source, `chain-source ${old ? 'warn' : one && one.kind !== 'live' ? 'sim' : ''}`.trim());
      setAttr(source, 'title', t('chain.sourceHelp'));
    },
  };
}

/** Expiries as a radio group. @param {{ onChange: (expiry: string) => void }} on */
export function expiryTabs({ onChange }) {
  const el = h('div', { class: 'expiries', role: 'radiogroup', 'aria-label': t('chain.expiry') });
  /** @type {Map<string, { el: HTMLButtonElement, note: HTMLElement }>} */
  let buttons = new Map();
  let current = '';
  el.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const dates = [...buttons.keys()];
    const next = dates[(dates.indexOf(current) + step + dates.length) % dates.length];
    if (next === undefined) return;
    choose(next);
    buttons.get(next)?.el.focus();
    onChange(next);
  });

  /** @param {string} date */
  function choose(date) {
    current = date;
    for (const [one, { el: button }] of buttons) {
      const on = one === date;
      setAttr(button, 'aria-checked', String(on));
      button.tabIndex = on ? 0 : -1;
    }
    const chosen = buttons.get(date)?.el;
    if (chosen) el.scrollLeft = Math.max(0, chosen.offsetLeft - 16 - (el.clientWidth - chosen.offsetWidth) / 2);
  }

  return {
    el,
    /** @param {ChainExpiry[]} expiries @param {string} chosen @param {number | null} now market time, ms */
    update(expiries, chosen, now) {
      const today = now === null ? '' : isoDay(now);
      if (expiries.length !== buttons.size || expiries.some((one) => !buttons.has(one.date))) {
        buttons = new Map(expiries.map(({ date }) => {
          const note = h('small', { class: 'expiry-note' });
          return [date, { note, el: h('button', { type: 'button', role: 'radio', class: 'expiry', on: { click: () => {
            if (date === current) return;
            choose(date);
            onChange(date);
          } } }, h('span', null, dateText(date, today)), note) }];
        }));
        fill(el, [...buttons.values()].map((one) => one.el));
        current = '';
      }
      for (const { date, days, expected_move: move } of expiries) {
        const note = buttons.get(date)?.note;
        if (note) setText(note, [days === null ? '' : daysText(days), move === null ? '' : t('chain.plusMinus', { n: number(move, move < 100 ? 1 : 0) })].filter(Boolean).join(' · '));
      }
      if (chosen !== current) choose(chosen);
    },
  };
}

/** 24 Nov, with the year where it is another one. @param {string} date @param {string} today 2026-11-20 */
function dateText(date, today) {
  return today !== '' && date.slice(0, 4) !== today.slice(0, 4) ? `${day(date)} \u2019${date.slice(2, 4)}` : day(date);
}

/** Days left: with a decimal on the last two. @param {number} days */
function daysText(days) {
  return t('age.days', { n: number(days, days < 2 ? 1 : 0) });
}

/** PCR, max pain, at-the-money IV, rank and the rest, above the chain. */
export function chainFigures() {
  const parts = {
    move: figure(t('chain.move'), { title: t('chain.moveHelp') }),
    pcr: figure(t('chain.pcr'), { title: t('chain.pcrHelp') }),
    pain: figure(t('chain.maxPain'), { title: t('chain.maxPainHelp') }),
    iv: figure(t('chain.atmIv'), { title: t('chain.atmIvHelp') }),
    rank: figure(t('chain.ivRank'), { title: t('chain.ivRankHelp') }),
    straddle: figure(t('chain.straddle'), { title: t('chain.straddleHelp') }),
    future: figure(t('chain.forward'), { title: t('chain.forwardHelp') }),
    skew: figure(t('chain.riskReversal'), { title: t('chain.riskReversalHelp') }),
  };
  const el = h('div', { class: 'chain-figures' }, Object.values(parts).map((part) => part.el));
  parts.straddle.el.classList.add('wide');
  parts.future.el.classList.add('wide');
  parts.skew.el.classList.add('wide');
  return {
    el,
    /** @param {ChainSummary | null} summary @param {boolean} old figures too old to be believed are greyed */
    update(summary, old) {
      const tone = old ? 'dull' : '';
      const plain = (/** @type {number | null | undefined} */ value, /** @type {number} */ places) => number(value, places);
      const percents = (/** @type {number | null | undefined} */ value) => (value == null ? DASH : t('chain.percent', { n: number(value * 100, 1) }));
      parts.move.set(summary?.expected_move == null ? DASH : t('chain.plusMinus', { n: number(summary.expected_move, summary.expected_move < 100 ? 1 : 0) }), tone);
      parts.pcr.set(plain(summary?.pcr_oi, 2), tone);
      parts.pain.set(plain(summary?.max_pain, wholeOr(summary?.max_pain)), tone);
      parts.iv.set(percents(summary?.atm_iv), tone);
      parts.rank.set(summary?.iv_rank == null ? DASH : number(summary.iv_rank * 100, 0), tone, '');
      setAttr(parts.rank.el, 'title', summary?.rank_source === 'vix' ? t('chain.ivRankVix') : summary?.iv_rank == null ? t('chain.ivRankNone') : t('chain.ivRankHelp'));
      parts.straddle.set(plain(summary?.straddle, 2), tone);
      parts.future.set(plain(summary?.forward, 2), tone);
      parts.skew.set(summary?.risk_reversal == null ? DASH : t('chain.points', { n: number(summary.risk_reversal * 100, 1) }), tone);
    },
  };
}

/** @param {number | null | undefined} value */
const wholeOr = (value) => (value == null || Number.isInteger(value) ? 0 : 2);
