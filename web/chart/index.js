/**
 * A candle chart on canvas. It knows no transport: bars come by plain calls, wishes go out by callbacks.
 *
 *     const chart = createChart(element, { theme: readTheme(element), words, tick: 0.05, interval: 60000 });
 *     chart.setBars(await fetchBars());
 *     chart.onNeedOlder(async (oldest) => chart.prepend(await fetchBars({ end: oldest })));
 *     chart.update(bar);
 *
 * The element needs a height of its own; link chart/chart.css.
 *
 * @module chart
 */

import { manageGestures } from '../gestures/index.js';
import { buildDom, LegendDom } from './dom.js';
import { Input } from './input.js';
import { handleKey } from './keys.js';
import { ChartModel } from './model/chart-model.js';
import { CLEAN, CURSOR, FULL } from './model/invalidation.js';
import { LineEdit } from './model/line-edit.js';
import { TIME_AXIS } from './model/panes.js';
import { Painter } from './painter.js';
import { Layers } from './render/layers.js';
import { dropFrame, nextFrame } from './scheduler.js';
import { watchSize } from './size.js';
import { layLegend, speak } from './view/legend.js';
import { lineAt } from './view/overlay.js';

/**
 * @import { Chart, ChartOptions, CrosshairAt, LineDrag } from './types.js'
 */

export { readTheme } from './theme.js';

const MINUTE = 60_000;

/**
 * @param {HTMLElement} host
 * @param {ChartOptions} options
 * @returns {Chart}
 */
export function createChart(host, options) {
  const { words } = options;
  const { kind = 'candles', tick = 0.05, interval = MINUTE, volume = true } = options;
  const model = new ChartModel({ kind, tick, interval, volume });
  const dom = buildDom(host, words);
  const layers = new Layers(dom.surface);
  const edit = new LineEdit();
  const painter = new Painter(model, layers, edit, options.theme, words.tapToSend);
  const legend = new LegendDom(dom.legend);
  const listening = new AbortController();
  const calls = {
    older: /** @type {Set<(oldest: number) => void>} */ (new Set()),
    drag: /** @type {Set<(drag: LineDrag) => string | void>} */ (new Set()),
    cross: /** @type {Set<(at: CrosshairAt | null) => void>} */ (new Set()),
    view: /** @type {Set<(view: {from: number, to: number, live: boolean}) => void>} */ (new Set()),
  };
  let askedFor = NaN; // oldest bar for which older ones were asked
  let message = words.empty;
  let crossShown = '';

  const view = () => ({ from: model.time.from, to: model.time.to, live: model.time.live });
  /** @param {LineDrag} drag */
  const say = (drag) => {
    for (const call of calls.drag) {
      const note = call(drag);
      if (typeof note === 'string') edit.note = note;
    }
  };
  const wake = () => nextFrame(frame);
  const input = new Input(model, edit, say, wake);

  /** @param {number} now */
  function frame(now) {
    if (input.step(now)) wake();
    paint();
  }
  function paint() {
    const level = painter.paint();
    if (level === CLEAN) return;
    legend.show(layLegend(model), model.panes.map((pane) => (pane.height > 0 ? pane.top : -100)));
    tellCross();
    if (level < FULL) return;
    dom.live.hidden = model.time.live || model.bars.count === 0;
    dom.live.style.right = `${painter.axis + 12}px`;
    dom.message.hidden = model.bars.count > 0 || message === '';
    dom.message.textContent = message;
    for (const call of calls.view) call(view());
    askOlder();
  }
  function askOlder() {
    const { bars, time } = model;
    const inView = time.to - time.from + 1;
    if (bars.count === 0 || askedFor === bars.t[0] || calls.older.size === 0) return;
    if (time.index(0) > Math.max(20, inView * 0.5)) return;
    askedFor = bars.t[0];
    for (const call of calls.older) call(askedFor);
  }
  function tellCross() {
    const { cross, bars, main } = model;
    const now = cross ? `${cross.index} ${cross.y} ${bars.c[cross.index]}` : '';
    if (now === crossShown || calls.cross.size === 0) return;
    crossShown = now;
    const at = cross ? { index: cross.index, bar: bars.bar(cross.index), price: main.scale.price(cross.y - main.top) } : null;
    for (const call of calls.cross) call(at);
  }
  /** @param {number} x @param {number} y */
  const zoneAt = (x, y) => (y >= layers.height - TIME_AXIS ? 'time' : x >= model.time.width ? 'price' : 'plot');

  const gestures = manageGestures(dom.surface, {
    zoneAt,
    axes: { price: 'y', time: 'x' },
    onDelta(delta) {
      if (delta.type === 'hover') setCursor(delta.zone, delta.y);
      input.take(delta);
    },
  });
  /** @param {string} zone @param {number} y */
  function setCursor(zone, y) {
    const over = zone === 'plot' && lineAt(model, edit, y, 7) !== null;
    dom.surface.dataset.cursor = over || zone === 'price' ? 'ns' : zone === 'time' ? 'ew' : 'cross';
  }
  dom.surface.addEventListener('keydown', (event) => {
    const did = handleKey(event, model, edit, say);
    if (did === '') return;
    event.preventDefault();
    input.rest();
    if (did === 'cross') dom.spoken.textContent = model.cross ? speak(model, model.cross.index) : '';
    if (did === 'line') dom.spoken.textContent = edit.id === '' ? '' : `${model.lines.find((line) => line.id === edit.id)?.label ?? ''} ${edit.price} ${edit.note}`;
    wake();
  }, { signal: listening.signal });
  dom.surface.addEventListener('blur', () => {
    if (model.cross?.tracking) model.setCross(null);
    wake();
  }, { signal: listening.signal });
  dom.live.addEventListener('click', () => chart.goLive(), { signal: listening.signal });
  const stopSize = watchSize(dom.surface, (size) => {
    if (!layers.resize(...size)) return;
    painter.resize();
    paint(); // at once: resizing emptied the canvas and this frame would show it
  });

  /** @param {() => void} change */
  const redraw = (change) => {
    change();
    model.stale.raise(FULL);
    wake();
  };
  /** @template T @param {Set<T>} set @param {T} call */
  const listen = (set, call) => {
    set.add(call);
    return () => void set.delete(call);
  };

  /** @type {Chart} */
  const chart = {
    setBars: (columns, context = {}) => redraw(() => {
      input.rest();
      askedFor = NaN;
      if (context.label !== undefined) dom.surface.setAttribute('aria-label', context.label);
      model.setBars(columns, context);
    }),
    update(bar) {
      const taken = model.update(bar);
      if (taken) wake();
      return taken;
    },
    prepend(columns) {
      const added = model.prepend(columns);
      if (added > 0) wake();
      return added;
    },
    setKind: (wanted) => redraw(() => model.setKind(wanted)),
    setVolume: (shown) => redraw(() => model.setVolume(shown)),
    setIndicators: (specs) => redraw(() => model.setIndicators(specs)),
    setLines(lines) {
      model.setLines(lines);
      if (edit.phase !== 'idle' && !lines.some((line) => line.id === edit.id)) say(edit.cancel());
      model.stale.raise(CURSOR);
      wake();
    },
    setTheme: (theme) => redraw(() => { painter.theme = theme; }),
    setMessage: (text) => redraw(() => { message = text; }),
    onNeedOlder: (call) => {
      wake();
      model.stale.raise(FULL);
      return listen(calls.older, call);
    },
    onLineDrag: (call) => listen(calls.drag, call),
    onCrosshair: (call) => listen(calls.cross, call),
    onView: (call) => listen(calls.view, call),
    goLive: () => redraw(() => {
      input.rest();
      model.time.goLive();
    }),
    show: (count) => redraw(() => model.time.show(count)),
    pan: (pixels) => redraw(() => model.time.pan(pixels)),
    zoom: (factor) => redraw(() => model.time.zoom(factor, model.time.width / 2)),
    view,
    count: () => model.bars.count,
    destroy() {
      listening.abort();
      gestures.destroy();
      stopSize();
      dropFrame(frame);
      layers.destroy();
      dom.root.remove();
    },
  };
  return chart;
}
