/** Up to four positions side by side: the one being built and three kept beside it, told apart by letter and by stroke. */

import { t } from '../../format/i18n.js';
import { rupees } from '../../format/numbers.js';
import { fill, h, icon } from '../../widgets/dom.js';
import { breakevensText, chance, mostLoss, mostProfit, payoffLegs, premiumText, rewardToRisk } from '../shared/payoff.js';

/** @typedef {import('../../format/strategies.js').PayoffTold} PayoffTold */
/** @typedef {import('../../store/tray.js').TrayLeg} TrayLeg */
/** @typedef {{ name: string, underlying: string, legs: readonly TrayLeg[], told: PayoffTold }} Kept */

export const MOST_KEPT = 3;
const LETTERS = ['B', 'C', 'D'];

/** @param {{ onChange: () => void, onOpen: (kept: Kept) => void, onKeep: () => void }} on */
export function createCompare({ onChange, onOpen, onKeep }) {
  /** @type {Kept[]} */
  let kept = [];
  const box = h('div', { class: 'compare-box', tabindex: '0', role: 'region', 'aria-label': t('builder.compare') });
  const add = h('button', { type: 'button', class: 'button', on: { click: onKeep } }, icon('plus'), t('builder.keep'));
  const el = h('div', { class: 'stack' }, box, add);

  /** @param {Kept[]} next */
  function set(next) {
    kept = next;
    onChange();
  }

  return {
    el,
    count: () => kept.length,
    /** @param {Kept} one */
    keep(one) {
      if (kept.length < MOST_KEPT) set([...kept, one]);
    },
    clear: () => set([]),
    /** As the payoff draws them. @param {string} underlying */
    others: (underlying) => kept.filter((one) => one.underlying === underlying).map((one, i) => ({ name: LETTERS[i] ?? '', legs: payoffLegs(one.told) })),
    /** @param {PayoffTold | null} now @param {string} name of what is being built */
    draw(now, name) {
      add.disabled = now === null || kept.length >= MOST_KEPT;
      const all = [...(now ? [{ letter: 'A', name, told: now, one: null }] : []), ...kept.map((one, i) => ({ letter: LETTERS[i] ?? '', name: one.name, told: one.told, one }))];
      if (all.length === 0) {
        fill(box, h('p', { class: 'muted' }, t('builder.compareEmpty')));
        return;
      }
      /** @type {[string, (told: PayoffTold) => string][]} */
      const lines = [
        [t('builder.maxProfit'), (told) => mostProfit(told.outcome)], [t('builder.maxLoss'), (told) => mostLoss(told.outcome)], [t('builder.chance'), (told) => chance(told.probability.smile ?? told.probability.lognormal)],
        [t('builder.reward'), (told) => rewardToRisk(told.outcome)], [t('builder.breakevens'), (told) => breakevensText(told.outcome.breakevens)], [t('builder.premium'), (told) => `${premiumText(told.net_premium).label} ${premiumText(told.net_premium).text}`],
        [t('builder.margin'), (told) => rupees(told.margin?.final, 0)], [t('ticket.charges'), (told) => rupees(told.charges.total, 0)],
      ];
      fill(box, h('table', { class: 'compare' }, h('thead', null, h('tr', null, h('td', null), all.map(({ letter, name: called, one }) => h('th', { scope: 'col' }, h('span', { class: `compare-key key-${letter}` }, letter), ' ', called,
        one ? h('span', { class: 'compare-acts' }, h('button', { type: 'button', class: 'link', on: { click: () => onOpen(one) } }, t('builder.open')), h('button', { type: 'button', class: 'icon-button', 'aria-label': t('watch.remove', { name: called }), on: { click: () => set(kept.filter((other) => other !== one)) } }, icon('close'))) : h('span', { class: 'compare-acts muted' }, t('builder.thisOne')))))),
        h('tbody', null, lines.map(([label, text]) => h('tr', null, h('th', { scope: 'row' }, label), all.map(({ told }) => h('td', null, text(told))))))));
    },
  };
}
