/**
 * A payoff chart on canvas: profit over the spot now, at a chosen date and at expiry. A finger scrubs the spot, another
 * stretches the view, the strikes' handles under the axis move legs. Nothing of it waits for a server.
 *
 *     const payoff = createPayoff(element, { theme: readTheme(element), words });
 *     payoff.set(legs, setting);
 *     payoff.onStrike((drag) => ...);
 *
 * The element needs a height of its own; link payoff/payoff.css.
 *
 * @module payoff
 */

import { Layers } from '../chart/render/layers.js';
import { TextWidths } from '../chart/render/text.js';
import { dropFrame, nextFrame } from '../chart/scheduler.js';
import { watchSize } from '../chart/size.js';
import { CLEAN, CURSOR, FULL, LIGHT } from '../chart/model/invalidation.js';
import { manageGestures } from '../gestures/index.js';
import { number, profit } from '../format/numbers.js';
import { buildDom, Readout } from './dom.js';
import { handleKey } from './keys.js';
import { PayoffModel } from './model/payoff-model.js';
import { drawBase, drawMoney } from './render/base.js';
import { drawOverlay } from './render/overlay.js';
import { drawSeries } from './render/series.js';
import { AXIS, HANDLES, HEAD, layBase, layCurves, layHandles, layOverlay } from './view/layout.js';

/**
 * @import { Other, PayoffLeg, PayoffOptions, ScrubAt, Setting, StrikeDrag } from './types.js'
 */

export { readTheme } from '../chart/theme.js';

const BUZZ = 8; // ms
const REACH = 26; // px from a handle that still takes it

/**
 * @param {HTMLElement} host
 * @param {PayoffOptions} options
 */
export function createPayoff(host, { theme: look, words: given, readOnly = false }) {
  const words = { ...given };
  const model = new PayoffModel();
  const dom = buildDom(host, words);
  const layers = new Layers(dom.surface);
  const readout = new Readout(dom.readout, words);
  const widths = new TextWidths();
  const listening = new AbortController();
  /** @type {Set<(read: ScrubAt | null) => void>} */
  const scrubCalls = new Set();
  /** @type {Set<(drag: StrikeDrag) => void>} */
  const strikeCalls = new Set();
  /** @type {(leg: string, near: number) => number} nearest strike that is listed */
  let snap = (_, near) => near;
  let theme = look;
  let message = words.empty;
  let chosen = ''; // handle picked by key

  const foot = () => AXIS + (readOnly ? 0 : HANDLES);
  const wake = () => nextFrame(frame);

  function frame() {
    if (layers.width < 1 || layers.height < 1) return;
    const level = model.stale.take();
    if (level === CLEAN) return;
    const drawn = level >= LIGHT && model.fit() ? FULL : level;
    const { ratio, contexts } = layers;
    const box = { width: Math.round(layers.width * ratio), height: Math.round(layers.height * ratio), ratio, plot: Math.round(layers.width * ratio), top: Math.round(HEAD * ratio), bottom: Math.round((layers.height - foot()) * ratio) };
    if (drawn >= FULL) drawBase(contexts.base, box, layBase(model), theme);
    if (drawn >= LIGHT) {
      drawSeries(contexts.series, box, layCurves(model), model.y(0), theme);
      drawMoney(contexts.series, box, layBase(model).money, theme);
    }
    contexts.overlay.font = `600 ${11 * ratio}px ${theme.font}`;
    const items = layOverlay(model, words.spot);
    drawOverlay(contexts.overlay, { ...box, handles: box.bottom + AXIS * ratio }, readOnly && items ? { ...items, handles: [] } : items, theme, (text) => widths.of(contexts.overlay, text));
    dom.message.hidden = model.known;
    dom.message.textContent = message;
    speak();
  }

  /** Figures beside the finger, and in words for who does not see them. */
  function speak() {
    const read = model.read();
    const { surface } = dom;
    readout.show(read, { x: model.x(model.spot), width: model.width, base: model.book?.setting.spot ?? 1, dated: model.after > 0 || model.shift !== 0 });
    surface.setAttribute('aria-valuemin', model.from.toFixed(0));
    surface.setAttribute('aria-valuemax', model.to.toFixed(0));
    surface.setAttribute('aria-valuenow', Math.max(model.from, Math.min(model.to, model.spot)).toFixed(0));
    surface.setAttribute('aria-valuetext', read === null ? message : `${number(read.spot, 0)}: ${model.after > 0 || model.shift !== 0 ? words.date : words.now} ${profit(read.date, 0)}, ${words.atExpiry} ${profit(read.expiry, 0)}`);
    for (const call of scrubCalls) call(read);
  }

  /** @param {number | null} spot */
  function scrub(spot) {
    if (model.scrub(spot).length > 0) buzz();
    wake();
  }

  /** @param {number} x @param {number} y */
  const zoneAt = (x, y) => (!readOnly && y > layers.height - HANDLES && handleAt(x, y) !== '' ? 'handle' : 'plot');

  /** @param {number} x @param {number} y */
  function handleAt(x, y) {
    const row = y - (layers.height - HANDLES) > 21 ? 1 : 0;
    let best = '';
    let least = REACH;
    for (const handle of layHandles(model)) {
      const away = Math.abs(handle.x - x) + (handle.row === row ? 0 : 6);
      if (away < least) [best, least] = [handle.leg, away];
    }
    return best;
  }

  /** Move a leg's strike with the finger; told while it moves and once when it is let go. @param {string} leg @param {number} x @param {'move' | 'end' | 'cancel'} phase */
  function dragStrike(leg, x, phase) {
    const held = model.book?.legs.find((one) => one.key === leg);
    if (!held) return;
    const strike = snap(leg, model.spotAt(x));
    if (model.drag === null || model.drag.strike !== strike) {
      if (model.drag !== null) buzz();
      model.drag = { leg, strike };
    }
    if (phase !== 'move') model.drag = null;
    model.stale.raise(CURSOR);
    wake();
    for (const call of strikeCalls) call({ leg, strike, phase });
  }

  let held = '';
  const gestures = manageGestures(dom.surface, {
    zoneAt,
    axes: {},
    onDelta(delta) {
      if (!model.known) return;
      if (delta.type === 'pan' && delta.zone === 'handle') {
        if (delta.phase === 'start') held = handleAt(delta.fromX, layers.height - HANDLES + 10);
        if (held) dragStrike(held, delta.x, delta.phase === 'end' ? 'end' : 'move');
      } else if (delta.type === 'pan' || delta.type === 'longpress') {
        scrub(model.spotAt(delta.x));
        // a finger that is lifted leaves the line where it was: the figures stay to be read; a tap puts it back
      } else if (delta.type === 'tap') {
        scrub(model.cursor !== null && Math.abs(model.x(model.cursor) - delta.x) < REACH ? null : model.spotAt(delta.x));
      } else if (delta.type === 'doubletap') {
        model.fitView();
        scrub(null);
      } else if (delta.type === 'pinch') {
        model.zoom(delta.sx, delta.x);
        model.pan(delta.dx);
        wake();
      } else if (delta.type === 'wheel') {
        if (delta.scale !== 1) model.zoom(delta.scale, delta.x);
        if (delta.dx !== 0) model.pan(delta.dx);
        wake();
      } else if (delta.type === 'hover') {
        dom.surface.dataset['cursor'] = delta.zone === 'handle' ? 'ew' : 'cross';
      }
    },
  });

  dom.surface.addEventListener('keydown', (event) => {
    const ours = handleKey(event, model, {
      scrub,
      nextHandle(way) {
        const all = layHandles(model);
        if (all.length === 0) return;
        const at = all.findIndex((one) => one.leg === chosen);
        chosen = all[(at + way + all.length) % all.length].leg;
        const leg = model.book?.legs.find((one) => one.key === chosen);
        if (leg) scrub(leg.strike);
      },
      moveHandle(way) {
        const leg = model.book?.legs.find((one) => one.key === chosen);
        if (!leg || readOnly) return;
        const strike = snap(chosen, leg.strike + way * 1e-6);
        const next = strike === leg.strike ? snap(chosen, leg.strike + (way * (model.to - model.from)) / 60) : strike;
        for (const call of strikeCalls) call({ leg: chosen, strike: next, phase: 'end' });
      },
    });
    if (!ours) return;
    event.preventDefault();
    wake();
  }, { signal: listening.signal });

  const stopSize = watchSize(dom.surface, (size) => {
    if (!layers.resize(...size)) return;
    model.resize(layers.width, Math.max(0, layers.height - HEAD - foot()));
    frame(); // at once: resizing emptied the canvas
  });

  /** @template T @param {Set<T>} set @param {T} call @returns {() => void} */
  const listen = (set, call) => {
    set.add(call);
    return () => void set.delete(call);
  };

  return {
    /** Legs and the market they are valued in. @param {readonly PayoffLeg[]} legs @param {Setting} setting */
    set(legs, setting) {
      model.set(legs, setting);
      wake();
    },
    /** Other positions drawn for comparison, by their expiry curves. @param {readonly Other[]} others */
    compare(others) {
      model.compare(others);
      wake();
    },
    /** The date and volatility of the dashed curve. @param {number} after years ahead @param {number} shift 0.01 = a point */
    scenario(after, shift) {
      if (model.setScenario(after, shift)) wake();
    },
    /** Legs while one of their strikes is being moved: nothing else about them changes. @param {readonly PayoffLeg[]} legs */
    preview(legs) {
      model.preview(legs);
      wake();
    },
    /** How the chosen date is called beside the finger. @param {string} word */
    setDateWord(word) {
      words.date = word;
    },
    /** Name of the underlying, over its spot. @param {string} name */
    setName(name) {
      words.spot = name;
    },
    scrub,
    read: () => model.read(),
    outcome: () => model.outcome,
    book: () => model.book,
    model,
    /** @param {(leg: string, near: number) => number} find nearest strike that is listed */
    snapTo(find) {
      snap = find;
    },
    /** @param {import('../chart/types.js').ChartTheme} next */
    setTheme(next) {
      theme = next;
      model.stale.raise(FULL);
      wake();
    },
    /** @param {string} text */
    setMessage(text) {
      message = text;
      model.stale.raise(FULL);
      wake();
    },
    /** @param {(read: ScrubAt | null) => void} call */
    onScrub: (call) => listen(scrubCalls, call),
    /** @param {(drag: StrikeDrag) => void} call */
    onStrike: (call) => listen(strikeCalls, call),
    destroy() {
      listening.abort();
      gestures.destroy();
      stopSize();
      dropFrame(frame);
      layers.destroy();
      dom.root.remove();
    },
  };
}

/** A short tick under the finger, where the device has one. */
export function buzz() {
  navigator.vibrate?.(BUZZ);
}
