/** The builder: a strategy from a template, an outlook or single legs; its payoff under the finger; then kept or sent. */

import { age } from '../../format/dates.js';
import { t, tn } from '../../format/i18n.js';
import { rupees } from '../../format/numbers.js';
import { linkLost } from '../../store/freshness.js';
import { market } from '../../store/selectors.js';
import { changeLeg, dropLeg, MOST_LEGS, MOST_LOTS, setLegs, trayOf } from '../../store/tray.js';
import { createPayoff, readTheme } from '../../payoff/index.js';
import { fill, h, icon, setAttr, setText } from '../../widgets/dom.js';
import { chips, tabs } from '../../widgets/parts.js';
import { priceCell } from '../../widgets/price.js';
import { stepper } from '../../widgets/stepper.js';
import { expiryText, payoffLegs, payoffWords, settingOf, strategyName } from '../shared/payoff.js';
import { legsLock } from '../shared/legslock.js';
import { openSearch } from '../shared/search.js';
import { changeView, errorText, labelOf, priceView } from '../shared/text.js';
import { watchTheme } from '../shared/theme.js';
import { openUnderlyings } from '../shared/underlyings.js';
import { createAnalysis } from './analysis.js';
import { createCompare, MOST_KEPT } from './compare.js';
import { earlyBook } from './early.js';
import { createFigures } from './figures.js';
import { createGallery } from './gallery.js';
import { createHeat } from './heat.js';
import { commonLots, merged, scaled, shapeOf, trayLegs } from '../shared/legs.js';
import { createLegTable } from '../shared/legtable.js';
import { createListing, middle, nearest } from '../shared/listing.js';
import { openMenu } from './menu.js';
import { createMoves } from '../shared/legmoves.js';
import { createScenario } from './scenario.js';
import { openSend } from './send.js';

/** @typedef {import('../context.js').Ctx} Ctx */
/** @typedef {import('../../store/tray.js').TrayLeg} TrayLeg */
/** @typedef {import('../../format/strategies.js').PayoffTold} PayoffTold */

const OWNER = 'builder';
const PANES = ['legs', 'figures', 'table', 'compare'];
const OLD_S = 8;

/** @param {Ctx} ctx @param {URLSearchParams} params @returns {import('../context.js').Page} */
export function create(ctx, params) {
  const { store } = ctx;
  /** @type {PayoffTold | null} */
  let told = null;
  let toldShape = ''; // legs the answer is about
  let template = ''; // the one the legs came from, while only its knobs moved them
  let knobs = { width: /** @type {number | null} */ (null), delta: /** @type {number | null} */ (null) };
  let expiry = params.get('expiry') ?? '';
  let fault = '';
  let chosen = false; // whether the gallery is shown over legs that are there
  let pane = 'legs';
  let drawnLegs = '';

  const listing = createListing(ctx, { onChange: drawListing, onFault(error) {
    say(errorText(error));
    const { problem } = /** @type {{ problem?: import('../../format/wire.js').Problem }} */ (error);
    if (problem?.code !== 'chain.unknown' || expiry === '') return;
    expiry = ''; // no such expiry: what it said stays, the nearest one is shown
    void listing.use(underlying());
  } });
  const analysis = createAnalysis(ctx, { onAnswer(answer, shape) {
    told = answer;
    toldShape = shape;
    fault = '';
    drawAnswer();
  }, onFault(error) {
    fault = errorText(error);
    draw();
  } });

  const symbol = h('button', { type: 'button', class: 'build-symbol', 'aria-label': t('builder.underlying'), on: { click: pickUnderlying } }, h('h1', { class: 'chart-name' }), icon('down'));
  const spot = priceCell({ cls: 'build-spot', tag: 'strong' });
  const change = h('span', { class: 'build-change' });
  const otherWord = h('span', { class: 'build-other-word' }, t('builder.templates'));
  const other = h('button', { type: 'button', class: 'button', on: { click: () => {
    chosen = !chosen;
    draw();
  } } }, icon('layers'), otherWord);
  const menu = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('builder.more'), on: { click: showMenu } }, icon('more'));
  const head = h('div', { class: 'build-head' }, symbol, h('span', { class: 'build-quote' }, spot.el, change), h('span', { class: 'grow' }), other, menu);
  const expiries = h('div', { class: 'build-expiries' });
  const note = h('p', { class: 'note warn', role: 'status', hidden: true });

  const gallery = createGallery(ctx, { underlying: () => underlying(), expiries: listing.expiries, onTemplate: (key) => void useTemplate(key), onIdea(idea) {
    template = idea.key;
    put(trayLegs(idea.legs));
  }, onDraft: openDraft });

  const name = h('strong', { class: 'build-name' });
  const lots = stepper({ label: t('builder.lots'), less: t('builder.lotsLess', { name: t('builder.all') }), more: t('builder.lotsMore', { name: t('builder.all') }), value: '1', mode: 'numeric', step: (value, way, big) => String(Math.max(1, (Number(value) || 0) + way * (big ? 10 : 1))), onChange(value) {
    const count = Number(value);
    const good = Number.isInteger(count) && count >= 1 && count <= MOST_LOTS;
    lots.hint(good ? '' : t('builder.badLots', { most: MOST_LOTS }), !good);
    if (good) setLegs(store, underlying(), scaled(legs(), count, MOST_LOTS));
  } });
  const knob = (/** @type {string} */ label, /** @type {string} */ less, /** @type {string} */ more, /** @type {(way: 1 | -1) => void} */ run) => {
    const value = h('output', { class: 'knob-value' });
    return { value, el: h('div', { class: 'knob', role: 'group', 'aria-label': label }, h('span', { class: 'field-label' }, label), h('div', { class: 'stepper' }, h('button', { type: 'button', class: 'stepper-button', 'aria-label': less, on: { click: () => run(-1) } }, icon('minus')), value, h('button', { type: 'button', class: 'stepper-button', 'aria-label': more, on: { click: () => run(1) } }, icon('plus')))) };
  };
  const shiftKnob = knob(t('builder.shift'), t('builder.shiftDown'), t('builder.shiftUp'), (way) => moves.shift(way));
  const widthKnob = knob(t('builder.width'), t('builder.narrower'), t('builder.wider'), (way) => void turnKnob('width', way));
  const deltaKnob = knob(t('greek.delta'), t('builder.deltaLess'), t('builder.deltaMore'), (way) => void turnKnob('delta', way));
  const knobsBox = h('div', { class: 'knobs' }, h('div', { class: 'knob knob-lots' }, lots.el), shiftKnob.el, widthKnob.el, deltaKnob.el);

  const canvas = h('div', { class: 'build-canvas' });
  const payoff = createPayoff(canvas, { theme: readTheme(document.body), words: payoffWords('', t('payoff.now')) });
  const legend = h('div', { class: 'build-legend', 'aria-hidden': 'true' }, [['expiry', t('payoff.expiry')], ['now', t('payoff.now')], ['date', t('payoff.chosen')]].map(([id, label]) => h('span', { class: `legend-key is-${id}` }, label)));
  const scenario = createScenario({ onChange({ after, shift: points, word }) {
    payoff.setDateWord(word);
    payoff.scenario(after, points);
    if (pane === 'table') drawHeat();
  } });
  const figures = createFigures();
  const table = createLegTable(ctx, {
    onSide(key) {
      const leg = legs().find((one) => one.key === key);
      if (leg) own(() => changeLeg(store, key, { side: leg.side === 'BUY' ? 'SELL' : 'BUY', price: null }));
    },
    onLots: (key, count) => own(() => changeLeg(store, key, { lots: count })),
    onStrike: (key, way) => moves.moveStrike(key, way), onRight: (key) => moves.turnRight(key), onExpiry: (key, date) => void moves.moveExpiry(key, date),
    onPrice: (key, limit) => changeLeg(store, key, { price: limit }),
    onDrop: (key) => own(() => dropLeg(store, key)),
  });
  const heat = createHeat({ onPick(at) {
    payoff.scrub(at);
  } });
  const compare = createCompare({ onChange() {
    payoff.compare(compare.others(underlying()));
    drawCompare();
  }, onOpen(kept) {
    template = '';
    void useUnderlying(kept.underlying, '', kept.legs);
  }, onKeep: keep });
  const bar = tabs({ label: t('builder.parts'), value: pane, tabs: PANES.map((id) => ({ id, label: t(`builder.pane.${id}`) })), onChange: showPane });
  const addLeg = h('button', { type: 'button', class: 'button', on: { click: findLeg } }, icon('plus'), t('basket.add'));
  const fromChain = h('button', { type: 'button', class: 'button', on: { click: () => ctx.go('options', { underlying: underlying(), ...(expiry ? { expiry } : {}) }) } }, icon('list'), t('builder.fromChain'));
  const panes = /** @type {Record<string, HTMLElement>} */ ({
    legs: h('div', { role: 'tabpanel', class: 'stack' }, table.el, h('div', { class: 'build-adds' }, addLeg, fromChain)),
    figures: h('div', { role: 'tabpanel' }, figures.details),
    table: h('div', { role: 'tabpanel' }, heat.el),
    compare: h('div', { role: 'tabpanel' }, compare.el),
  });
  const lock = h('p', { class: 'ticket-lock', role: 'status' });
  const send = h('button', { type: 'button', class: 'primary', on: { click: openSheet } });
  const foot = h('div', { class: 'build-foot' }, lock, send);
  const work = h('div', { class: 'build-work' }, h('section', { class: 'build-main', 'aria-label': t('payoff.label') }, h('div', { class: 'build-title' }, name, legend), canvas, scenario.el, figures.el),
    h('section', { class: 'build-side stack', 'aria-label': t('builder.parts') }, knobsBox, bar.el, Object.values(panes)));
  const el = h('div', { class: 'build-page' }, h('div', { class: 'build-scroll' }, head, expiries, note, gallery.el, work), foot);

  const legs = () => trayOf(store).legs;
  const underlying = () => trayOf(store).underlying || listing.underlying();
  const lotOf = (/** @type {string} */ key) => store.state.instruments.get(key)?.lot ?? (listing.lot() || 1);
  const place = (/** @type {string} */ key) => listing.place(key) ?? placeOf(store.state.instruments.get(key));

  const moves = createMoves(listing, { underlying, legs, put: (next) => setLegs(store, underlying(), next), place, own, say });

  /** @param {string} text */
  function say(text) {
    fault = text;
    draw();
  }

  /** A change by hand: the legs are no longer just a template's. @param {() => void} change_ */
  function own(change_) {
    template = '';
    change_();
  }

  /** @param {readonly TrayLeg[]} next */
  function put(next) {
    chosen = false;
    payoff.scrub(null);
    setLegs(store, underlying(), next);
  }

  /** @param {string} key @param {string} [date] @param {readonly TrayLeg[]} [next] */
  async function useUnderlying(key, date = '', next = []) {
    told = null;
    toldShape = '';
    fault = '';
    expiry = date;
    drawnLegs = '';
    setLegs(store, key, next);
    ctx.prefer({ chain: { ...store.state.preferences.chain, underlying: key } });
    await listing.use(key, date);
    gallery.changed();
  }

  function pickUnderlying() {
    openUnderlyings(ctx, { onPick: (one) => void useUnderlying(one.key) });
  }

  /** @param {string} key */
  async function useTemplate(key) {
    template = key;
    knobs = { width: null, delta: null };
    await resolve();
  }

  /** Legs of the template anew, with its knobs as they stand. */
  async function resolve() {
    const id = market(store)?.id;
    if (id === undefined || template === '') return;
    const wanted = template;
    try {
      const made = await ctx.api.template(wanted, { market: id, underlying: underlying(), expiry: expiry || null, lots: legs().length > 0 && chosen === false ? commonLots(legs()) : 1, shift: 0, width: knobs.width, delta: knobs.delta });
      if (template !== wanted) return;
      expiry = made.expiry;
      fault = made.notes[0] ?? '';
      put(trayLegs(made.legs));
    } catch (error) {
      say(errorText(error));
    }
  }

  /** @param {'width' | 'delta'} which @param {1 | -1} way */
  async function turnKnob(which, way) {
    if (template === '') template = told?.recognised.key ?? '';
    if (template === '') return;
    if (which === 'width') {
      knobs = { delta: null, width: Math.max(1, Math.min(40, (knobs.width ?? unitNow()) + way)) };
    } else {
      knobs = { width: null, delta: Math.max(0.05, Math.min(0.5, Math.round(((knobs.delta ?? deltaNow()) + way * 0.05) * 20) / 20)) };
    }
    await resolve();
  }

  /** Strikes between the legs as they stand. */
  function unitNow() {
    const places = legs().map((leg) => place(leg.key)).filter((one) => one !== null);
    const strikes = [...new Set(places.map((one) => one.strike))].sort((a, b) => a - b);
    const listed = places[0] ? listing.strikes(places[0].expiry, places[0].right) : [];
    if (strikes.length < 2) return 1;
    const gap = Math.min(...strikes.slice(1).map((strike, i) => listed.indexOf(strike) - listed.indexOf(strikes[i] ?? 0)));
    return Math.max(1, Math.round(gap / stepGap()));
  }

  /** Units of distance between neighbouring strikes of the template: a condor's wings lie two apart. */
  function stepGap() {
    const steps = [...new Set((gallery.template(template || (told?.recognised.key ?? ''))?.legs ?? []).filter((leg) => leg.kind === 'OPTION').map((leg) => leg.steps))].sort((a, b) => a - b);
    const gaps = steps.slice(1).map((step, i) => step - (steps[i] ?? 0));
    return gaps.length > 0 ? Math.max(1, Math.min(...gaps)) : 1;
  }

  /** Delta of what is sold, or of the first leg. */
  function deltaNow() {
    const of = told?.legs.find((leg) => leg.side === 'SELL' && leg.delta !== null) ?? told?.legs.find((leg) => leg.delta !== null);
    return of && of.delta !== null ? Math.abs(of.delta / of.quantity) : 0.25;
  }

  /** All legs of the near expiry to another. @param {string} date */
  async function useExpiry(date) {
    const before = expiry;
    expiry = date;
    if (legs().length === 0 || chosen) {
      await listing.use(underlying(), date);
      drawListing();
      return;
    }
    if (template !== '') {
      await resolve();
      return;
    }
    await moves.roll(before, date);
    drawListing();
  }

  function findLeg() {
    if (legs().length >= MOST_LEGS) {
      say(t('builder.full', { most: MOST_LEGS }));
      return;
    }
    openSearch(ctx, { title: t('basket.add'), tradable: true, onPick(one, close) {
      close();
      const of = one.underlying || one.key;
      if (underlying() && legs().length > 0 && of !== underlying() && one.name !== listing.name()) {
        say(t('builder.otherUnderlying', { name: one.label, underlying: listing.name() }));
        return;
      }
      template = '';
      setLegs(store, underlying(), merged([...legs(), { key: one.key, side: 'BUY', lots: 1, price: null }]));
    } });
  }

  /** @param {import('../../format/strategies.js').Strategy} one */
  function openDraft(one) {
    template = one.template;
    ctx.ensure(one.legs.map((leg) => leg.key));
    const next = one.legs.map((leg) => ({ key: leg.key, side: /** @type {'BUY' | 'SELL'} */ (leg.planned > 0 ? 'BUY' : 'SELL'), lots: Math.max(1, Math.round(Math.abs(leg.planned) / lotOf(leg.key))), price: leg.price }));
    chosen = false;
    void useUnderlying(one.underlying, '', next);
  }

  function showMenu() {
    openMenu(ctx, { name: title, template: recognised, own, canKeep: told !== null && compare.count() < MOST_KEPT, onKeep() {
      keep();
      showPane('compare');
      bar.set('compare');
    } });
  }

  function keep() {
    if (told) compare.keep({ name: name.textContent ?? '', underlying: underlying(), legs: legs(), told });
  }

  const recognised = () => (toldShape === shapeOf(legs()) ? (told?.recognised.key ?? '') : template);
  const title = () => `${listing.name()} ${strategyName(recognised(), legs().length)}`.trim().slice(0, 40);

  function openSheet() {
    if (legsLock(ctx, legs()) || legs().length === 0) return;
    const known = toldShape === shapeOf(legs()) ? told : null;
    openSend(ctx, { name: title(), template: recognised(), final: known?.margin?.final ?? null, premium: known?.net_premium ?? null });
  }

  /** @param {string} id */
  function showPane(id) {
    pane = id;
    for (const [which, one] of Object.entries(panes)) one.hidden = which !== id;
    if (id === 'table') drawHeat();
    if (id === 'compare') drawCompare();
  }

  function drawHeat() {
    heat.set(payoff.book(), { from: payoff.model.from, to: payoff.model.to }, scenario.days(), scenario.read().shift);
  }

  function drawCompare() {
    compare.draw(legs().length > 0 && toldShape === shapeOf(legs()) ? told : null, strategyName(recognised(), legs().length));
  }

  function drawAnswer() {
    if (told === null || toldShape !== shapeOf(legs())) return;
    payoff.set(payoffLegs(told), settingOf(told));
    payoff.setName(told.name);
    scenario.setDays(told.days ?? []);
    payoff.compare(compare.others(underlying()));
    draw();
    if (pane === 'table') drawHeat();
    if (pane === 'compare') drawCompare();
  }

  function drawListing() {
    const list = listing.expiries();
    if (expiry === '' || !list.some((one) => one.date === expiry)) expiry = list[0]?.date ?? expiry;
    const shape = `${list.map((one) => one.date).join()}|${expiry}`;
    if (expiries.getAttribute('data-shape') !== shape) {
      expiries.setAttribute('data-shape', shape);
      fill(expiries, chips({ label: t('builder.expiries'), cls: 'expiry-chips', value: expiry, options: list.map((one) => ({ value: one.date, label: expiryText(one.date, one.days) })), onChange: (date) => void useExpiry(date) }).el);
    }
    gallery.changed();
    draw();
  }

  function changedLegs() {
    const now = legs();
    const shape = shapeOf(now);
    if (shape === drawnLegs) return;
    drawnLegs = shape;
    fault = '';
    const keys = now.map((leg) => leg.key);
    ctx.watch(OWNER, [underlying(), ...keys].filter(Boolean));
    ctx.ensure([underlying(), ...keys].filter(Boolean));
    listing.need([expiry, ...now.map((leg) => place(leg.key)?.expiry ?? '')].filter(Boolean));
    analysis.set(now);
    if (now.length === 0) {
      told = null;
      toldShape = '';
      payoff.set([], { spot: 1, terms: {}, sigma: 0 });
    } else {
      const first = now.map((leg) => place(leg.key)?.expiry).filter(Boolean).sort()[0];
      if (first && !now.some((leg) => place(leg.key)?.expiry === expiry)) {
        expiry = first;
        drawListing();
      }
      const early = payoff.book() && told ? earlyBook(now, told, /** @type {import('../../payoff/model/book.js').Book} */ (payoff.book()).setting, listing, { place, lotOf }) : null;
      if (early) payoff.set(early.legs, early.setting);
    }
    draw();
    drawCompare();
  }

  function draw() {
    const now = legs();
    const building = now.length > 0 && !chosen;
    const fresh = toldShape === shapeOf(now);
    const since = analysis.age();
    const old = building && told !== null && (!fresh || (since !== null && since > OLD_S) || linkLost(store.state.link, store.now()));
    gallery.el.hidden = building;
    work.hidden = !building;
    foot.hidden = !building;
    other.hidden = now.length === 0;
    setText(otherWord, t(chosen ? 'builder.back' : 'builder.templates'));
    setAttr(other, 'aria-label', otherWord.textContent);
    const label = listing.name() || (underlying() ? labelOf(ctx, underlying()) : t('builder.choose'));
    const title_ = symbol.querySelector('h1');
    if (title_) setText(title_, label);
    if (underlying()) {
      spot.set(priceView(ctx, underlying()));
      const moved_ = changeView(ctx, underlying());
      setText(change, moved_.percent);
      setAttr(change, 'class', `build-change ${moved_.tone}`);
    }
    const quiet = old && fresh && since !== null && since > OLD_S ? t('builder.old', { age: age(since) }) : '';
    setText(note, fault || quiet);
    note.hidden = note.textContent === '';
    if (!building) return;
    setText(name, strategyName(recognised(), now.length));
    if (document.activeElement !== lots.input) lots.set(String(commonLots(now)));
    const knobbed = template !== '' || Boolean(told?.recognised.key && fresh);
    widthKnob.el.hidden = deltaKnob.el.hidden = !knobbed;
    setText(shiftKnob.value, t('builder.strikeWord'));
    setText(widthKnob.value, tn('builder.strikes', (knobs.width ?? unitNow()) * stepGap()));
    setText(deltaKnob.value, (knobs.delta ?? deltaNow()).toFixed(2));
    figures.set(told, old || !fresh);
    table.update(now.map((leg) => ({ leg, place: place(leg.key), priced: told?.legs.find((one) => one.key === leg.key) ?? null, expiries: listing.expiries().map((one) => one.date) })));
    const reason = legsLock(ctx, now);
    setText(lock, reason);
    lock.hidden = reason === '';
    const margin = fresh ? told?.margin?.final : null;
    setText(send, margin ? t('builder.reviewMargin', { what: tn('builder.review', now.length), margin: rupees(margin, 0) }) : tn('builder.review', now.length));
    send.disabled = reason !== '';
  }

  payoff.snapTo((key, near) => {
    const at = place(key);
    return at ? nearest(listing.strikes(at.expiry, at.right), near) : near;
  });
  payoff.onScrub((read) => figures.scrub(read));
  payoff.onStrike(({ leg, strike, phase }) => {
    const at = place(leg);
    const cell = at && listing.cell(at.expiry, strike, at.right);
    const book = payoff.book();
    if (phase === 'end') {
      if (cell && at && strike !== at.strike) moves.toStrike(leg, strike);
      else drawAnswer(); // let go where it was
    } else if (phase === 'move' && cell && book) {
      // the whole curve follows the finger, from the chain as it was read
      const cost = middle(cell);
      payoff.preview(book.legs.map((one) => (one.key === leg ? { ...one, strike, price: cost ?? one.price, sigma: cell.iv ?? one.sigma } : one)));
    }
  });

  const stops = [
    store.on(['tray', 'account', 'markets'], changedLegs),
    store.on(['instruments'], () => {
      drawnLegs = '';
      changedLegs();
    }),
    store.on(['quotes', 'clock', 'link', 'kill'], draw),
    store.on(['session', 'account'], start),
    watchTheme(() => payoff.setTheme(readTheme(document.body))),
  ];

  let started = '';
  function start() {
    const id = market(store)?.id;
    if (id === undefined || store.state.restored !== null || started === id) return;
    started = id;
    const wanted = params.get('underlying') || trayOf(store).underlying || store.state.preferences.chain.underlying || 'NSE_INDEX:NIFTY';
    void listing.use(wanted, expiry);
    if (params.get('template')) void listing.use(wanted, expiry).then(() => useTemplate(params.get('template') ?? ''));
    ctx.watch(OWNER, [wanted]);
    ctx.ensure([wanted]);
    gallery.changed();
    void gallery.read();
  }

  showPane(pane);
  start();
  changedLegs();
  draw();
  return {
    el,
    update(next) {
      const key = next.get('underlying');
      if (key && key !== underlying()) void useUnderlying(key, next.get('expiry') ?? '');
    },
    destroy() {
      for (const stop of stops) stop();
      ctx.watch(OWNER, []);
      analysis.destroy();
      listing.destroy();
      gallery.destroy();
      table.destroy();
      payoff.destroy();
    },
  };
}

/** The place of a contract as its instrument tells it. @param {import('../../format/wire.js').Instrument | undefined} one */
function placeOf(one) {
  if (!one || one.kind !== 'OPTION' || one.expiry === null || one.strike === null || one.right === null) return null;
  return { expiry: one.expiry, strike: Number(one.strike), right: one.right };
}
