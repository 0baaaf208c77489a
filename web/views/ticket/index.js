/**
 * The order ticket: a sheet on a phone, the right panel on a desktop. Margin, charges, breakeven and free funds are asked from
 * the server while the user types; nothing can be sent on a price that may not be believed. One request id a ticket, so a
 * double tap is one order.
 */

import { t, tn } from '../../format/i18n.js';
import { compactRupees, DASH, price, quantity, rupees, percent, toNumber } from '../../format/numbers.js';
import { fractional, plainSize, size, unitsOf } from '../../format/sizes.js';
import { account, market } from '../../store/selectors.js';
import { closed } from '../../store/freshness.js';
import { fill, h, icon, setClass, setText } from '../../widgets/dom.js';
import { depthTable } from '../../widgets/depth.js';
import { chips, figure, line } from '../../widgets/parts.js';
import { priceCell } from '../../widgets/price.js';
import { stepper } from '../../widgets/stepper.js';
import { sendButton } from '../shared/confirm.js';
import { generalLock, priceLock } from '../shared/lock.js';
import { openSearch } from '../shared/search.js';
import { changeView, errorText, labelOf, orderSentence, priceView, problemText, sideWord, subOf, tickOf } from '../shared/text.js';
import { moreFields } from './more.js';
import { amountOf, breakevenOf, complete, firstQuantity, leastOf, needs, productsFor, sizeFault, slicesOf, stepPrice, stepQuantity, stepSize, toParent, toPrice, toRequest, typesFor } from '../shared/orderform.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../context.js').TicketSpec} TicketSpec */
/** @typedef {import('../shared/orderform.js').Draft} Draft */

const PREVIEW_MS = 180;

/**
 * @param {Ctx} ctx
 * @param {TicketSpec} spec
 * @param {{ onDone?: () => void, onClose?: () => void }} [options] onDone: the order is on its way
 */
export function createTicket(ctx, spec, { onDone, onClose } = {}) {
  const owner = 'ticket';
  const { store } = ctx;
  const key = spec.key;
  const changing = spec.modify ?? null;
  const found = () => store.state.instruments.get(key);
  const lotOf = () => found()?.lot ?? 1;
  const unitNow = () => changing?.unit ?? found()?.unit ?? '1';
  /** @type {Draft} */
  const draft = {
    key,
    side: changing?.side ?? spec.side ?? 'BUY',
    quantity: changing?.quantity ?? spec.quantity ?? null,
    unit: unitNow(),
    type: changing?.type ?? (spec.gtt ? 'GTT' : /** @type {any} */ (spec.type)) ?? 'MARKET',
    product: changing?.product ?? /** @type {any} */ (spec.product) ?? 'NRML',
    price: changing?.price ?? spec.price ?? '',
    trigger: changing?.trigger ?? spec.trigger ?? '',
    validity: changing?.validity ?? 'DAY',
    afterMarket: changing?.after_market ?? false,
    variety: 'plain',
    slice: null,
    stop: '',
    target: '',
    disclosed: null,
    protection: '',
    requestId: ctx.uid(),
  };
  /** @type {import('../../format/wire.js').Preview | null} */
  let preview = null;
  let fault = '';
  let said = '';
  let saidTone = '';
  let sending = false;
  let ready = false;
  /** What the user chose before the instrument was known: habits do not take it back. @type {Set<'type' | 'product'>} */
  const chosen = new Set();
  let gone = false;

  const side = chips({ label: t('ticket.side'), cls: 'sides', value: draft.side, options: [{ value: 'BUY', label: t('side.buy') }, { value: 'SELL', label: t('side.sell') }], onChange: (value) => {
    draft.side = value;
    more.turned();
    changed();
  } });
  const name = h('span', { class: 'ticket-name' });
  const sub = h('span', { class: 'ticket-sub' });
  const mode = h('button', { type: 'button', class: 'pill', title: t('market.accounts'), on: { click: () => ctx.command('market') } });
  const cell = priceCell({ cls: 'ticket-price' });
  const moved = h('span', { class: 'ticket-change' });
  const depth = depthTable({ label: t('depth.label'), bidLabel: t('depth.bid'), askLabel: t('depth.ask'), onPrice: (value) => {
    if (!needs(draft.type).price) setType('LIMIT');
    draft.price = toPrice(value, tickOf(ctx, key));
    priceField.set(draft.price);
    changed();
  } });
  const lots = stepper({ label: t('ticket.quantity'), less: t('ticket.less'), more: t('ticket.more'), mode: 'numeric', value: '', onChange: (value) => {
    if (fractional(unitNow())) draft.quantity = unitsOf(value, unitNow());
    else draft.quantity = /^\d+$/.test(value) ? Number(value) * (inLots() ? lotOf() : 1) : null;
    changed();
  }, step: (_, direction, big) => {
    const instrument = found();
    draft.quantity = instrument && fractional(unitNow()) ? stepSize(draft.quantity, leastOf(instrument, valuedAt()), direction, big, instrument.kind === 'EQUITY' ? (unitsOf('1', unitNow()) ?? 0) : 0) : stepQuantity(draft.quantity, lotOf(), direction, big);
    return shownQuantity();
  } });
  const priceField = stepper({ label: t('ticket.price'), less: t('ticket.priceLess'), more: t('ticket.priceMore'), mode: 'decimal', value: draft.price, onChange: (value) => {
    draft.price = value;
    changed();
  }, step: (value, direction, big) => stepPrice(value || String(store.quotes.get(key)?.ltp ?? ''), tickOf(ctx, key), direction, big) });
  const triggerField = stepper({ label: t('ticket.trigger'), less: t('ticket.triggerLess'), more: t('ticket.triggerMore'), mode: 'decimal', value: draft.trigger, onChange: (value) => {
    draft.trigger = value;
    changed();
  }, step: (value, direction, big) => stepPrice(value || String(store.quotes.get(key)?.ltp ?? ''), tickOf(ctx, key), direction, big) });
  const type = chips({ label: t('ticket.type'), value: draft.type, options: ['MARKET', 'LIMIT', 'SL', 'SL-M', 'GTT'].map((value) => ({ value: /** @type {Draft['type']} */ (value), label: t(`type.${value}`), title: t(`typeHelp.${value}`) })), onChange: (value) => {
    chosen.add('type');
    setType(value);
    changed();
  } });
  const product = chips({ label: t('ticket.product'), value: draft.product, options: ['CNC', 'NRML', 'MIS'].map((value) => ({ value: /** @type {Draft['product']} */ (value), label: t(`product.${value}`), title: t(`productHelp.${value}`) })), onChange: (value) => {
    chosen.add('product');
    draft.product = value;
    changed();
  } });
  const validity = chips({ label: t('ticket.validity'), value: draft.validity, options: [{ value: 'DAY', label: t('validity.DAY'), title: t('validityHelp.DAY') }, { value: 'IOC', label: t('validity.IOC'), title: t('validityHelp.IOC') }], onChange: (value) => {
    draft.validity = value;
    changed();
  } });
  const amoBox = h('input', { type: 'checkbox', on: { change: () => {
    draft.afterMarket = amoBox.checked;
    if (draft.afterMarket && draft.type === 'GTT') setType('LIMIT');
    changed();
  } } });
  const amo = h('label', { class: 'check' }, amoBox, t('ticket.afterMarket'));
  const more = moreFields({ draft, lot: lotOf, unit: unitNow, tick: () => tickOf(ctx, key), last: () => store.quotes.get(key)?.ltp ?? null, onChange: () => changed(), onKind: () => {
    const parent = draft.variety !== 'plain';
    type.allow((value) => typesFor(found()).includes(value) && (!parent || value === 'MARKET' || value === 'LIMIT'));
    if (parent && draft.type !== 'MARKET') setType('LIMIT');
    const products = productsFor(found());
    product.allow((value) => products.includes(value) && (value === 'MIS' || draft.variety === 'plain' || draft.variety === 'iceberg'));
    if (draft.variety === 'cover' || draft.variety === 'bracket') product.set((draft.product = 'MIS'));
    if (parent) draft.afterMarket = false;
    changed();
  } });
  const lines = { value: line(t('ticket.value')), margin: line(t('ticket.margin')), charges: line(t('ticket.charges')), breakeven: line(t('ticket.breakeven')), loss: line(t('ticket.maxLoss')), free: line(t('ticket.freeAfter')) };
  const list = h('dl', { class: 'lines' }, Object.values(lines).map((one) => one.el));
  const note = h('p', { class: 'ticket-note' });
  const problems = h('div', { class: 'ticket-problems', role: 'alert' });
  const slices = () => (changing ? null : slicesOf(draft, found()));
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  const result = h('p', { class: 'ticket-result', role: 'status', 'aria-live': 'polite' });
  const send = sendButton(ctx, () => void submit());
  const day = { open: figure(t('day.open')), high: figure(t('day.high')), low: figure(t('day.low')), close: figure(t('day.close')) };
  const dayBox = h('div', { class: 'figures' }, Object.values(day).map((one) => one.el));
  const derivatives = h('button', { type: 'button', class: 'primary', on: { click: () => openSearch(ctx, {
    title: t('detail.derivatives', { name: labelOf(ctx, key) }), query: `${found()?.name ?? ''} `, tradable: true, onPick: (one, close) => {
      close();
      ctx.detail(one.key);
    } }) } });
  const shut = onClose ? h('button', { type: 'button', class: 'icon-button', 'aria-label': t('close'), on: { click: onClose } }, icon('close')) : null;
  const el = h('section', { class: 'ticket', 'aria-label': t('ticket.title') },
    h('div', { class: 'ticket-head' }, h('div', { class: 'ticket-title' }, name, sub), mode, shut),
    h('div', { class: 'ticket-scroll' },
      h('div', { class: 'ticket-quote' }, cell.el, moved), dayBox, depth.el, side.el,
      h('div', { class: 'ticket-fields' }, lots.el, priceField.el, triggerField.el),
      h('div', { class: 'ticket-chips' }, type.el, h('div', { class: 'ticket-chips-row' }, product.el, validity.el), amo), more.el, list, note, problems),
    h('div', { class: 'ticket-foot' }, lock, result, send.el, derivatives));

  const inLots = () => lotOf() > 1 && !fractional(unitNow());
  const shownQuantity = () => {
    if (draft.quantity === null) return '';
    if (fractional(unitNow())) return plainSize(draft.quantity, unitNow());
    return String(inLots() ? Math.floor(draft.quantity / lotOf()) : draft.quantity);
  };
  /** The price the order is valued at: its own, or the last. */
  const valuedAt = () => (needs(draft.type).price ? toNumber(draft.price) : null) ?? store.quotes.get(key)?.ltp ?? null;
  const wrongSize = () => (changing ? null : sizeFault(lots.get(), found(), valuedAt()));

  /** @param {Draft['type']} value */
  function setType(value) {
    draft.type = value;
    type.set(value);
    const last = store.quotes.get(key)?.ltp ?? null;
    const tick = tickOf(ctx, key);
    if (needs(value).price && !draft.price && last !== null) priceField.set((draft.price = toPrice(bestFor(draft.side) ?? last, tick)));
    if (needs(value).trigger && !draft.trigger && last !== null) triggerField.set((draft.trigger = toPrice(last, tick)));
  }

  /** @param {import('../../format/wire.js').Instrument} instrument */
  function quantityLabel(instrument) {
    if (inLots()) return t('ticket.lots', { lot: instrument.lot });
    const named = instrument.kind === 'CRYPTO' || (instrument.kind === 'FUTURE' && fractional(unitNow()));
    return named ? t('ticket.quantityOf', { name: instrument.name }) : t('ticket.quantity');
  }

  /** The price on the other side: what would trade at once. @param {'BUY' | 'SELL'} which */
  function bestFor(which) {
    const quote = store.quotes.get(key);
    return (which === 'BUY' ? quote?.ask : quote?.bid) ?? quote?.ltp ?? null;
  }

  /** Once the instrument is known: its lot, its products, the user's last habits. */
  function begin() {
    const instrument = found();
    if (!instrument || ready) return;
    ready = true;
    const last = store.state.preferences.last[instrument.kind];
    const products = productsFor(instrument);
    const types = typesFor(instrument);
    if (!changing) {
      if (!spec.product && !(chosen.has('product') && products.includes(draft.product))) draft.product = products.find((one) => one === last?.product) ?? /** @type {Draft['product']} */ (products[0]);
      if (!spec.type && !spec.gtt && !(chosen.has('type') && types.includes(draft.type))) draft.type = types.find((one) => one === last?.type && one !== 'GTT') ?? 'MARKET';
      draft.quantity ??= firstQuantity(instrument, store.quotes.get(key)?.ltp ?? null);
    }
    type.allow((value) => types.includes(value) && !(changing && value === 'GTT'));
    product.allow((value) => products.includes(value));
    product.set(draft.product);
    setType(draft.type);
    draft.unit = unitNow();
    lots.label(quantityLabel(instrument));
    lots.mode(fractional(draft.unit) ? 'decimal' : 'numeric');
    lots.set(shownQuantity());
    changed();
  }

  let timer = 0;
  /** @type {AbortController | null} */
  let asking = null;

  function changed() {
    fault = '';
    if (saidTone !== 'unknown') said = '';
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), PREVIEW_MS);
  }

  async function ask() {
    asking?.abort();
    asking = null;
    if (gone || !complete(draft) || wrongSize() || found()?.tradable === false || generalLock(ctx) || sending) return;
    const turn = new AbortController();
    asking = turn;
    try {
      const answer = await ctx.api.preview(toRequest(draft, store.state.account), turn.signal);
      if (turn.signal.aborted) return;
      preview = answer;
      fault = '';
    } catch (error) {
      if (turn.signal.aborted) return;
      preview = null;
      fault = errorText(error);
    }
    draw();
  }

  async function submit() {
    if (sending || reason() || !complete(draft) || wrongSize()) return;
    sending = true;
    said = '';
    saidTone = '';
    draw();
    try {
      if (changing) await sendChange(changing);
      else if (draft.type === 'GTT') await sendTrigger();
      else if (draft.variety !== 'plain' || slices()) await sendParent();
      else await sendOrder();
    } catch (error) {
      say(t('ticket.notSent', { why: errorText(error) }), 'bad');
    } finally {
      sending = false;
      if (!gone) draw();
    }
  }

  async function sendOrder() {
    const outcome = await ctx.send(toRequest(draft, store.state.account));
    if (outcome.kind === 'sent') {
      remember();
      const { order } = outcome;
      const bad = order.state === 'REJECTED' || order.state === 'DENIED';
      const text = orderSentence(ctx, order);
      if (bad) say(text, 'bad');
      else ctx.toast({ id: order.id, text, level: order.state === 'UNKNOWN' ? 'warn' : 'good' });
      draft.requestId = ctx.uid();
      if (!bad) onDone?.();
    } else if (outcome.kind === 'refused') {
      // nothing was placed under this id; the next try is a new request
      draft.requestId = ctx.uid();
      say(t('ticket.notSent', { why: problemText(outcome.problem) }), 'bad');
    } else {
      // the id is kept: sending again asks about the same order and can never place a second one
      say(t('ticket.unknown'), 'unknown');
    }
  }

  async function sendParent() {
    const asked = toParent(draft, store.state.account);
    /** @type {import('../../format/wire.js').Parent} */
    let parent;
    try {
      ({ parent } = await ctx.api.addParent(asked));
    } catch (error) {
      // refused: the next try is a new request; no answer: the id is kept, and sending again asks about the same one
      if (/** @type {{ unknown?: boolean }} */ (error).unknown) return say(t('ticket.unknown'), 'unknown');
      draft.requestId = ctx.uid();
      throw error;
    }
    draft.requestId = ctx.uid();
    void ctx.load('parents');
    if (parent.state === 'STOPPED') return say(t('ticket.notSent', { why: parent.reason }), 'bad');
    remember();
    ctx.toast({ text: t(parent.kind === 'slices' ? 'parent.setSlices' : 'parent.set', { parts: parent.slice ? Math.ceil(parent.quantity / parent.slice) : 0, kind: t(`variety.${parent.kind}`), side: sideWord(parent.side), quantity: size(parent.quantity, draft.unit), name: labelOf(ctx, key) }), level: 'good' });
    onDone?.();
  }

  async function sendTrigger() {
    await ctx.api.addTrigger({ account: store.state.account, key, product: draft.product, kind: 'single', legs: [{ side: draft.side, quantity: draft.quantity ?? 0, trigger: draft.trigger, price: draft.price }] });
    remember();
    await ctx.load('triggers');
    ctx.toast({ text: t('trigger.set', { side: sideWord(draft.side), quantity: size(draft.quantity, draft.unit), name: labelOf(ctx, key), trigger: draft.trigger }), level: 'good' });
    onDone?.();
  }

  /** @param {import('../../format/wire.js').Order} order */
  async function sendChange(order) {
    const need = needs(draft.type);
    const { order: now } = await ctx.api.modify(order.id, {
      revision: store.state.orders.get(order.id)?.revision ?? order.revision,
      ...(draft.quantity !== null && draft.quantity !== order.quantity ? { quantity: draft.quantity } : {}),
      ...(draft.type !== order.type ? { type: draft.type } : {}),
      ...(need.price && draft.price !== order.price ? { price: draft.price } : {}),
      ...(need.trigger && draft.trigger !== order.trigger ? { trigger: draft.trigger } : {}),
    });
    ctx.toast({ text: t('order.changed', { title: orderSentence(ctx, now) }), level: 'good', id: now.id });
    onDone?.();
  }

  function remember() {
    const kind = found()?.kind;
    if (!kind) return;
    // so many units are another quantity in an instrument of another step
    const kept = { ...(fractional(draft.unit) ? {} : { quantity: draft.quantity ?? undefined }), product: draft.product, ...(draft.type === 'GTT' ? {} : { type: draft.type }) };
    ctx.prefer({ last: { ...store.state.preferences.last, [kind]: { ...store.state.preferences.last[kind], ...kept } } });
  }

  /** @param {string} text @param {string} tone */
  function say(text, tone) {
    said = text;
    saidTone = tone;
  }

  const reason = () => (draft.type === 'GTT' ? generalLock(ctx) : priceLock(ctx, key, draft.afterMarket));

  function draw() {
    const instrument = found();
    const tick = tickOf(ctx, key);
    const quote = store.quotes.get(key);
    setText(name, labelOf(ctx, key));
    setText(sub, subOf(ctx, key));
    const mine = account(store);
    setText(mode, mine ? `${mine.mode} · ${mine.title}` : '');
    setClass(mode, `pill ${mine?.mode === 'LIVE' ? 'live' : 'paper'}`);
    setClass(el, mine?.mode === 'LIVE' ? 'ticket ticket-live' : 'ticket');
    const view = priceView(ctx, key);
    cell.set(view);
    const change = changeView(ctx, key);
    setText(moved, view.level === 'closed' ? (view.title ?? '') : change.both);
    setClass(moved, `ticket-change ${view.level === 'stale' || view.level === 'closed' ? 'dull' : change.tone}`);
    depth.set(store.quotes.depths.get(key), (value) => price(value, tick), (units) => size(units, instrument?.unit));
    const tradable = instrument?.tradable !== false;
    for (const part of [depth.el, lots.el, type.el, list]) part.hidden = !tradable;
    side.el.hidden = !tradable || changing !== null;
    product.el.hidden = !tradable || changing !== null;
    validity.el.hidden = !tradable || changing !== null || draft.type === 'GTT' || draft.variety !== 'plain';
    const need = needs(draft.type);
    priceField.el.hidden = !tradable || !need.price;
    triggerField.el.hidden = !tradable || !need.trigger;
    more.draw(tradable && changing === null && draft.type !== 'GTT');
    amo.hidden = !tradable || changing !== null || draft.type === 'GTT' || draft.variety !== 'plain' || !(draft.afterMarket || closed(market(store)?.phase));
    if (amoBox.checked !== draft.afterMarket) amoBox.checked = draft.afterMarket;
    const odd = wrongSize();
    sizeHint = odd ? t(...odd) : draft.quantity !== null && inLots() ? tn('ticket.units', draft.quantity, { units: quantity(draft.quantity) }) : '';
    drawFigures(instrument);
    drawProblems();
    const why = reason();
    setText(lock, why);
    lock.hidden = why === '';
    setText(result, said);
    setClass(result, `ticket-result ${saidTone === 'unknown' ? 'warn' : saidTone}`);
    result.hidden = said === '';
    send.el.hidden = !tradable;
    drawIndex(tradable, quote);
    send.set({ text: sendText(instrument, quote?.ltp ?? null), tone: draft.side === 'BUY' ? 'buy' : 'sell', off: sending || why !== '' || !complete(draft) || odd !== null });
  }

  /** An index shows its day and leads to what can be traded on it. @param {boolean} tradable @param {import('../../store/quotes.js').Quote | undefined} quote */
  function drawIndex(tradable, quote) {
    dayBox.hidden = tradable;
    derivatives.hidden = tradable;
    if (tradable) return;
    for (const name of /** @type {const} */ (['open', 'high', 'low', 'close'])) day[name].set(price(quote?.[name]));
    setText(derivatives, t('detail.derivatives', { name: labelOf(ctx, key) }));
  }

  /** @param {import('../../format/wire.js').Instrument | undefined} instrument */
  function drawFigures(instrument) {
    const option = instrument?.kind === 'OPTION';
    lines.value.rename(option ? t('ticket.premium') : t('ticket.value'));
    lines.value.set(rupees(preview?.value));
    const margin = toNumber(preview?.margin_required);
    lines.margin.el.hidden = option && draft.side === 'BUY';
    lines.margin.set(rupees(margin), '', preview && preview.margin_final !== preview.margin_required ? t('ticket.marginFinal', { amount: rupees(preview.margin_final) }) : '');
    lines.charges.set(rupees(preview?.charges?.total), '', preview ? chargesTitle(preview.charges) : '');
    lines.breakeven.el.hidden = !preview?.breakeven;
    lines.breakeven.rename(t(option ? 'ticket.breakevenExpiry' : 'ticket.breakeven'));
    lines.breakeven.set(price(preview && breakevenOf(draft, instrument, preview), '0.01'));
    lines.loss.set(preview ? (preview.max_loss === null ? t('ticket.unlimited') : rupees(Math.abs(Number(preview.max_loss)))) : DASH, preview && preview.max_loss === null ? 'warn' : '');
    const after = toNumber(preview?.free_after);
    lines.free.set(rupees(after), after !== null && after < 0 ? 'down' : '');
    const words = [slices() ?? []].flat().map((cut) => t('ticket.slices', { parts: quantity(cut.parts), most: quantity(cut.most) }));
    const share = toNumber(preview?.capital_share);
    if (share !== null) words.push(t('ticket.share', { share: percent(share, 1).replace('+', '') }));
    const room = toNumber(preview?.day_loss_room);
    if (room !== null) words.push(t('ticket.room', { room: rupees(room, 0) }));
    words.push(...(preview?.notes ?? []).map((one) => t(`note.${one.code}`, { age: one.age })));
    setText(note, words.join(' '));
    note.hidden = words.length === 0 || instrument?.tradable === false;
  }

  let drawn = '';
  let sizeHint = '';
  function drawProblems() {
    const found = (preview?.problems ?? []).filter((problem) => problem.code !== 'order.freeze' || !slices());
    const texts = [fault, ...found.map(problemText)].filter(Boolean);
    const fields = new Set(found.map((problem) => problem.field));
    lots.hint(sizeHint, fields.has('quantity') || wrongSize() !== null);
    priceField.hint('', fields.has('price'));
    triggerField.hint('', fields.has('trigger'));
    more.mark(fields);
    const joined = texts.join('\n');
    if (joined === drawn) return;
    drawn = joined;
    fill(problems, texts.map((text) => h('p', null, text)));
    problems.hidden = texts.length === 0;
  }

  /** @param {import('../../format/wire.js').Instrument | undefined} instrument @param {number | null} last */
  function sendText(instrument, last) {
    if (sending) return t('ticket.sending');
    const what = { side: sideWord(draft.side), quantity: size(draft.quantity, draft.unit), price: draft.price || DASH, trigger: draft.trigger || DASH };
    if (changing) return needs(draft.type).price ? t('ticket.change', what) : t('ticket.changeMarket', what);
    if (draft.type === 'GTT') return t('ticket.gtt', what);
    if (slices()) return t('ticket.sendSlices', { ...what, parts: quantity(slices()?.parts) });
    if (draft.variety !== 'plain') return t('ticket.sendParent', { ...what, kind: t(`variety.${draft.variety}`) });
    const { amount, margin } = amountOf(draft, instrument, preview, last);
    if (amount === null) return t('ticket.send', what);
    return t(margin ? 'ticket.sendMargin' : 'ticket.sendAmount', { ...what, amount: amount >= 1e7 ? compactRupees(amount) : rupees(amount, 0) });
  }

  ctx.ensure([key]);
  ctx.watch(owner, [key]);
  ctx.depth(owner, [key]);
  const off = store.on(['quotes', 'clock', 'instruments', 'link', 'markets', 'kill', 'restored', 'session', 'account'], (changes, keys) => {
    if (changes.size === 1 && changes.has('quotes') && !keys.has(key)) return;
    begin();
    draw();
  });
  // the figures follow the price at a walking pace
  const follow = setInterval(() => {
    if (!document.hidden && ready && !reason()) void ask();
  }, 3000);
  draw();
  begin();

  return {
    el,
    key,
    destroy() {
      gone = true;
      off();
      clearTimeout(timer);
      clearInterval(follow);
      asking?.abort();
      ctx.watch(owner, []);
      ctx.depth(owner, []);
    },
    /** For those who came by keyboard: the next key is a quantity, and Tab leads on to the button. */
    focus() {
      const first = derivatives.hidden ? lots.el.querySelector('input') : derivatives;
      first?.focus({ preventScroll: true });
      if (first instanceof HTMLInputElement) first.select();
    },
    /** @param {'BUY' | 'SELL'} value */
    turn(value) {
      draft.side = value;
      side.set(value);
      more.turned();
      changed();
    },
  };
}

/** @param {import('../../format/wire.js').Charges} charges */
function chargesTitle(charges) {
  return /** @type {const} */ (['brokerage', 'stt', 'exchange', 'sebi', 'gst', 'stamp', 'other', 'depository'])
    .filter((name) => toNumber(charges[name])).map((name) => `${t(`charge.${name}`)} ${rupees(charges[name])}`).join(', ');
}
