/** Whom a read is asked of and where a segment's tickets begin. Each change is checked and kept at once; orders never change accounts by themselves. */

import { t } from '../../format/i18n.js';
import { DASH, number, percent, quantity } from '../../format/numbers.js';
import { fill, h, icon } from '../../widgets/dom.js';
import { empty } from '../../widgets/parts.js';
import { errorText } from '../shared/text.js';

/** @typedef {import('../../format/brokers.js').RoutingTold} RoutingTold */
/** @typedef {import('../../format/brokers.js').LinkTold} LinkTold */

const EVERY_MS = 4000;

/** @param {import('../context.js').Ctx} ctx */
export function routingPanel(ctx) {
  const reads = h('div', { class: 'cards' });
  const orders = h('section', { class: 'panel pad stack tight', 'aria-label': t('routing.orders') });
  const said = h('p', { class: 'note', role: 'status', hidden: true });
  const el = h('section', { class: 'stack', 'aria-label': t('brokers.routing') }, h('p', { class: 'muted' }, t('routing.help')), said, reads, orders);
  let timer = 0;
  let gone = false;
  let drawn = '';
  let busy = false;

  async function read() {
    clearTimeout(timer);
    try {
      const [rules, { items }] = await Promise.all([ctx.api.routing(), ctx.api.accounts()]);
      if (!gone && !busy) draw(rules, items);
    } catch (error) {
      say(errorText(error), 'warn');
    }
    if (!gone) timer = setTimeout(() => void read(), EVERY_MS);
  }

  /** @param {RoutingTold} rules @param {LinkTold[]} links */
  function draw(rules, links) {
    const shape = JSON.stringify([rules, links.map((one) => [one.account, one.title, one.state, one.score])]);
    if (shape === drawn) return;
    drawn = shape;
    if (links.length === 0) {
      fill(reads, empty({ icon: 'layers', title: t('accounts.none'), text: t('routing.none'), action: t('accounts.connect'), run: () => ctx.go('brokers', { tab: 'connect' }) }));
      orders.hidden = true;
      return;
    }
    const at = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.at : undefined;
    fill(reads, rules.reads.map((route) => card(route, rules, links)));
    orders.hidden = false;
    fill(orders, h('h2', { class: 'card-title' }, t('routing.orders')), h('p', { class: 'muted' }, t('routing.ordersHelp')),
      h('div', { class: 'route-segments' }, rules.orders.map((route) => segment(route, rules, links))));
    if (at) /** @type {HTMLElement | null} */ (el.querySelector(`[data-at="${CSS.escape(at)}"]`))?.focus();
  }

  /** @param {RoutingTold['reads'][number]} route @param {RoutingTold} rules @param {LinkTold[]} links */
  function card(route, rules, links) {
    const ranked = [...route.order, ...route.now.filter((id) => !route.order.includes(id)), ...links.map((one) => one.account).filter((id) => !route.order.includes(id) && !route.now.includes(id))];
    const name = t(`routing.${route.operation}`);
    const marketOf = (/** @type {string | undefined} */ id) => links.find((link) => link.account === id)?.market;
    // accounts of one market stand in for each other
    const first = (/** @type {string} */ id) => route.now.find((other) => marketOf(other) === marketOf(id));
    return h('section', { class: 'panel pad stack tight', 'aria-label': name }, h('h2', { class: 'card-title' }, name), h('p', { class: 'muted' }, t(`routing.${route.operation}Help`)),
      h('ol', { class: 'route-list' }, ranked.map((id, place) => {
        const one = links.find((link) => link.account === id);
        if (!one) return null;
        return h('li', { class: 'route' },
          h('span', { class: 'route-name' }, h('strong', null, one.title), ' ', one.state === 'connected' ? first(id) === id ? h('span', { class: 'badge good' }, t('routing.askedFirst')) : null : h('span', { class: 'badge bad' }, t(`link.${one.state}`))),
          h('span', { class: 'route-score muted' }, scoreText(one)),
          move(route, rules, ranked, place, -1, one.title), move(route, rules, ranked, place, 1, one.title));
      })),
      route.order.length > 0 ? h('button', { type: 'button', class: 'button', data: { at: `${route.operation} score` }, on: { click: () => void change(rules, { [route.operation]: [] }) } }, t('routing.byScore')) : h('p', { class: 'muted' }, t('routing.nowByScore')));
  }

  /** @param {RoutingTold['reads'][number]} route @param {RoutingTold} rules @param {string[]} ranked @param {number} place @param {1 | -1} way @param {string} title */
  function move(route, rules, ranked, place, way, title) {
    const next = [...ranked];
    const other = place + way;
    [next[place], next[other]] = [/** @type {string} */ (next[other]), /** @type {string} */ (next[place])];
    return h('button', { type: 'button', class: 'icon-button', disabled: other < 0 || other >= ranked.length, 'aria-label': t(way < 0 ? 'routing.up' : 'routing.down', { title }),
      data: { at: `${route.operation} ${title} ${way}` }, on: { click: () => void change(rules, { [route.operation]: next }) } }, icon(way < 0 ? 'up' : 'down'));
  }

  /** @param {RoutingTold['orders'][number]} route @param {RoutingTold} rules @param {LinkTold[]} links */
  function segment(route, rules, links) {
    const select = h('select', { class: 'input', id: `route-${route.segment}`, data: { at: `segment ${route.segment}` }, on: { change: () => {
      const next = Object.fromEntries(rules.orders.filter((one) => one.account).map((one) => [one.segment, one.account]));
      if (select.value) next[route.segment] = select.value;
      else delete next[route.segment];
      void change(rules, { orders: next });
    } } }, h('option', { value: '' }, t('routing.inUse')), route.able.map((id) => h('option', { value: id }, links.find((one) => one.account === id)?.title ?? id)));
    select.value = route.account;
    return h('label', { class: 'field', for: select.id }, h('span', { class: 'field-label' }, route.segment), select);
  }

  /** @param {RoutingTold} rules @param {Partial<import('../../format/brokers.js').RoutingAsked>} what */
  async function change(rules, what) {
    if (busy) return;
    busy = true;
    const lists = Object.fromEntries(rules.reads.map((route) => [route.operation, route.order]));
    const before = { quotes: lists.quotes ?? [], history: lists.history ?? [], orders: Object.fromEntries(rules.orders.filter((one) => one.account).map((one) => [one.segment, one.account])) };
    try {
      await ctx.api.route({ ...before, ...what, revision: rules.revision });
      say(t('routing.saved'), 'good');
    } catch (error) {
      drawn = '';
      say(errorText(error), 'warn');
    }
    busy = false;
    await read();
  }

  /** @param {string} text @param {string} tone */
  function say(text, tone) {
    said.textContent = text;
    said.className = `note ${tone}`;
    said.hidden = false;
  }

  void read();
  return { el, destroy() {
    gone = true;
    clearTimeout(timer);
  } };
}

/** The score and what it is made of. @param {LinkTold} one */
export function scoreText({ score }) {
  if (score.success === null) return t('routing.noScore');
  return t(score.free === null ? 'routing.scoreOnly' : 'routing.score', { score: number(score.score, 2), success: percent(score.success * 100, 1).replace('+', ''), ms: score.median_ms === null ? DASH : number(score.median_ms, 0), free: quantity(score.free) });
}
