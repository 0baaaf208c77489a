/**
 * The tray at the thumb: legs picked in the chain, what they cost or bring, the margin they need; on to the builder, or out
 * as a basket. Margin and charges are asked from the server; nothing is sent on a price that may not be believed.
 */

import { t, tn } from '../../format/i18n.js';
import { compactRupees, DASH, rupees, toNumber } from '../../format/numbers.js';
import { account } from '../../store/selectors.js';
import { basketLegs, changeLeg, clearTray, dropLeg, netPremium, setLegs, trayOf } from '../../store/tray.js';
import { fill, h, icon, setAttr, setClass, setText } from '../../widgets/dom.js';
import { createList } from '../../widgets/list.js';
import { stepper } from '../../widgets/stepper.js';
import { sendButton } from '../shared/confirm.js';
import { generalLock, priceLock } from '../shared/lock.js';
import { errorText, labelOf, problemText, subOf } from '../shared/text.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../store/tray.js').TrayLeg} TrayLeg */

const OWNER = 'tray';
const ASK_MS = 250;

/** @param {Ctx} ctx */
export function createTrayBar(ctx) {
  const { store } = ctx;
  /** @type {import('../../format/ports.js').BasketPreview | null} */
  let preview = null;
  let fault = ''; // of the last question about margin
  let outcome = ''; // of the last sending: it stands until the legs change
  let sending = false;
  let open = false;
  let timer = 0;
  let asking = new AbortController();

  const title = h('span', { class: 'tray-title' });
  const net = h('span', { class: 'tray-net' });
  const margin = h('span', { class: 'tray-margin' });
  const toggle = h('button', { type: 'button', class: 'tray-toggle', 'aria-expanded': 'false', on: { click: () => {
    open = !open;
    draw();
  } } }, title, net, margin, icon('up'));
  const empty = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('tray.clear'), title: t('tray.clear'), on: { click: clear } }, icon('trash'));
  const rows = h('ul', { class: 'tray-legs', 'aria-label': t('tray.legs') });
  const problems = h('div', { class: 'ticket-problems', role: 'alert' });
  const figures = h('p', { class: 'tray-cost' });
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  const build = h('button', { type: 'button', class: 'button tray-build', on: { click: () => ctx.go('builder', { underlying: trayOf(store).underlying }) } }, icon('charts'), t('tray.build'));
  const send = sendButton(ctx, () => void submit());
  const el = h('section', { class: 'tray', 'aria-label': t('tray.title'), hidden: true }, h('div', { class: 'tray-head' }, toggle, empty), rows, figures, problems, lock, h('div', { class: 'tray-foot' }, build, send.el));

  /** @param {string} key */
  const instrumentOf = (key) => store.state.instruments.get(key);

  /** @param {TrayLeg} first */
  function makeLeg(first) {
    let leg = first;
    const side = h('button', { type: 'button', class: 'side-button', on: { click: () => changeLeg(store, leg.key, { side: leg.side === 'BUY' ? 'SELL' : 'BUY' }) } });
    const name = h('span', { class: 'leg-name' }, h('span', null), h('small', { class: 'muted' }));
    const lots = stepper({ label: t('tray.lots'), less: t('ticket.less'), more: t('ticket.more'), mode: 'numeric', value: String(leg.lots), onChange(value) {
      if (/^\d+$/.test(value) && Number(value) > 0) changeLeg(store, leg.key, { lots: Number(value) });
    }, step: (value, direction, big) => String(Math.max(1, (Number(value) || 0) + direction * (big ? 5 : 1))) });
    const drop = h('button', { type: 'button', class: 'icon-button', on: { click: () => dropLeg(store, leg.key) } }, icon('close'));
    return {
      el: h('li', { class: 'tray-leg' }, side, name, lots.el, drop),
      /** @param {TrayLeg} next */
      update(next) {
        leg = next;
        const label = labelOf(ctx, next.key);
        setText(side, t(next.side === 'BUY' ? 'side.b' : 'side.s'));
        setClass(side, `side-button ${next.side === 'BUY' ? 'buy' : 'sell'}`);
        setAttr(side, 'aria-label', t('basket.turn', { name: label }));
        setText(name.firstChild ?? name, label);
        setText(name.lastChild ?? name, subOf(ctx, next.key));
        lots.label(t('basket.lotsOf', { name: label }));
        if (document.activeElement !== lots.input) lots.set(String(next.lots));
        setAttr(drop, 'aria-label', t('watch.remove', { name: label }));
      },
    };
  }
  const list = createList(rows, { key: (/** @type {TrayLeg} */ leg) => leg.key, make: makeLeg });

  function clear() {
    const { legs, underlying } = trayOf(store);
    clearTray(store);
    ctx.toast({ id: 'tray', text: t('tray.cleared'), action: t('undo'), run: () => setLegs(store, underlying, legs), seconds: 5 });
  }

  const request = () => ({ account: store.state.account, name: t('tray.name', { name: labelOf(ctx, trayOf(store).underlying) }), on_failure: /** @type {const} */ ('stop'), buy_first: true, legs: basketLegs(trayOf(store), instrumentOf) });

  /** Why it cannot be sent. */
  function why() {
    const { legs } = trayOf(store);
    const unknown = legs.find((leg) => !instrumentOf(leg.key));
    return generalLock(ctx) || (unknown ? t('tray.learning', { name: labelOf(ctx, unknown.key) }) : '') || legs.map((leg) => priceLock(ctx, leg.key)).find(Boolean) || '';
  }

  function changed() {
    const { legs } = trayOf(store);
    ctx.watch(OWNER, legs.map((leg) => leg.key));
    ctx.ensure(legs.map((leg) => leg.key));
    list.update(legs);
    preview = null;
    fault = outcome = '';
    asking.abort();
    clearTimeout(timer);
    if (legs.length === 0) open = false;
    else timer = setTimeout(() => void ask(), ASK_MS);
    draw();
  }

  async function ask() {
    const { legs } = trayOf(store);
    if (generalLock(ctx) || sending) return;
    if (legs.some((leg) => !instrumentOf(leg.key))) {
      timer = setTimeout(() => void ask(), ASK_MS); // the catalogue has not answered yet
      return;
    }
    const turn = (asking = new AbortController());
    try {
      const answer = await ctx.api.previewBasket(request(), turn.signal);
      if (turn.signal.aborted) return;
      preview = answer;
      fault = '';
    } catch (error) {
      if (turn.signal.aborted) return;
      fault = errorText(error);
    }
    draw();
  }

  async function submit() {
    if (sending || why() !== '' || trayOf(store).legs.length === 0) return;
    sending = true;
    outcome = '';
    asking.abort();
    draw();
    try {
      const { basket } = await ctx.api.sendBasket(request());
      clearTray(store);
      await ctx.load('baskets', 'orders');
      const bad = basket.legs.find((leg) => leg.reason);
      ctx.toast({ text: bad ? t('basket.sentBad', { name: basket.name, why: bad.reason }) : tn('basket.sent', basket.legs.length, { name: basket.name }), level: bad ? 'warn' : 'good',
        action: t('tray.see'), run: () => ctx.go('orders', { tab: 'baskets' }) });
    } catch (error) {
      const { unknown } = /** @type {{ unknown?: boolean }} */ (error);
      // without an answer nobody knows: the legs stay, and the order book is where to look
      outcome = unknown ? t('tray.unknown') : t('ticket.notSent', { why: errorText(error) });
      if (unknown) void ctx.load('baskets', 'orders');
    } finally {
      sending = false;
      draw();
    }
  }

  function draw() {
    const tray = trayOf(store);
    const count = tray.legs.length;
    el.hidden = count === 0;
    if (count === 0) return;
    const cost = netPremium(tray, (key) => store.quotes.get(key), instrumentOf);
    setText(title, tn('tray.count', count));
    setText(net, cost === null ? t('tray.noPrice') : t(cost > 0 ? 'tray.pay' : 'tray.get', { amount: rupees(Math.abs(cost), 0) }));
    setText(margin, t('tray.margin', { amount: preview ? compactRupees(Math.round(toNumber(preview.margin_required) ?? 0)) : DASH }));
    setText(figures, preview ? t('tray.marginHelp', { now: rupees(preview.margin_required, 0), final: rupees(preview.margin_final, 0), charges: rupees(preview.charges) }) : '');
    figures.hidden = !open || !preview;
    setAttr(toggle, 'aria-expanded', String(open));
    el.classList.toggle('open', open);
    rows.hidden = !open;
    fill(problems, [outcome, fault, ...(preview?.problems ?? []).map(problemText)].filter(Boolean).map((text) => h('p', null, text)));
    const reason = why();
    setText(lock, reason);
    lock.hidden = reason === '';
    send.set({ text: sending ? t('ticket.sending') : tn(account(store)?.mode === 'LIVE' ? 'tray.sendLive' : 'tray.sendPaper', count), off: sending || reason !== '' });
  }

  const stops = [
    store.on(['tray', 'account'], changed),
    store.on(['quotes'], (_, keys) => {
      if (trayOf(store).legs.some((leg) => keys.has(leg.key))) draw();
    }),
    store.on(['clock', 'link', 'kill', 'instruments'], draw),
  ];
  changed();
  return {
    el,
    destroy() {
      for (const stop of stops) stop();
      clearTimeout(timer);
      asking.abort();
      list.destroy?.();
      ctx.watch(OWNER, []);
    },
  };
}
