/**
 * Everything a chart knows, without a pixel drawn: bars, scales, panes, crosshair, lines, and how much of it is stale on screen.
 *
 * @module chart/model/chart-model
 */

import { INDICATORS } from '../indicators/index.js';
import { Bars } from './bars.js';
import { Heikin } from './heikin.js';
import { Indicator } from './indicator.js';
import { CURSOR, FULL, Invalidation, LIGHT } from './invalidation.js';
import { layOut, pane } from './panes.js';
import { PriceScale } from './price-scale.js';
import { TimeScale } from './time-scale.js';

/**
 * @import { Bar, BarColumns, ChartKind, IndicatorSpec, PriceLine } from '../types.js'
 * @import { Pane } from './panes.js'
 */

/**
 * @typedef {object} Crosshair
 * @property {number} index
 * @property {number} y px from the chart's top
 * @property {boolean} tracking moved by dragging (touch) or keys, stays when the finger lifts
 */

export class ChartModel {
  bars = new Bars();
  time = new TimeScale();
  stale = new Invalidation();
  /** @type {Crosshair | null} */
  cross = null;
  /** @type {PriceLine[]} */
  lines = [];
  /** @type {Indicator[]} */
  indicators = [];
  /** @type {Pane[]} */
  panes;
  height = 0;
  /** @type {Heikin | null} */
  #heikin = null;
  #traded = false; // an index has no volume, so no pane for it

  /** @param {{kind: ChartKind, tick: number, interval: number, volume: boolean}} options */
  constructor({ kind, tick, interval, volume }) {
    this.kind = kind;
    this.tick = tick;
    this.interval = interval;
    this.volume = volume;
    this.panes = [pane('price', new PriceScale(tick), [])];
    this.#arrange();
  }

  /** The pane of the candles. */
  get main() {
    return this.panes[0];
  }

  /** The four columns drawn as candles, with their extent. */
  get candles() {
    if (this.kind !== 'heikin') return this.bars;
    this.#heikin ??= new Heikin(this.bars);
    return this.#heikin;
  }

  /** @param {number} width px of the plot @param {number} height px of the chart */
  resize(width, height) {
    this.time.resize(width);
    this.height = height;
    layOut(this.panes, height);
    this.stale.raise(FULL);
  }

  /** @param {BarColumns} columns @param {{tick?: number, interval?: number, keepView?: boolean}} context */
  setBars(columns, { tick, interval, keepView }) {
    this.bars.set(columns);
    if (tick !== undefined && tick > 0) {
      this.tick = tick;
      this.main.scale.tick = tick;
    }
    if (interval !== undefined) this.interval = interval;
    if (keepView) this.time.append(this.bars.count);
    else {
      this.time.reset(this.bars.count);
      this.main.scale.auto = true;
    }
    this.cross = null;
    this.#derive();
  }

  /** @param {BarColumns} columns @returns {number} bars taken */
  prepend(columns) {
    const added = this.bars.prepend(columns);
    if (added === 0) return 0;
    this.time.prepend(this.bars.count, added);
    if (this.cross) this.cross.index += added;
    this.#derive();
    return added;
  }

  /** @param {Bar} bar */
  update(bar) {
    const before = this.bars.count;
    const index = this.bars.update(bar);
    if (index < 0) return false;
    if (!this.#traded && this.bars.v[index] > 0) {
      this.#traded = true;
      this.#arrange();
    }
    this.#heikin?.update(this.bars, index);
    for (const indicator of this.indicators) indicator.update(this.bars, index);
    if (this.bars.count === before) this.stale.raise(LIGHT);
    else {
      const { right, live } = this.time;
      this.time.append(this.bars.count);
      this.stale.raise(live || right !== this.time.right ? FULL : LIGHT);
      if (live && this.cross && !this.cross.tracking) this.cross.index += 1; // the mouse lies still, the bars moved
    }
    return true;
  }

  /** @param {ChartKind} kind */
  setKind(kind) {
    this.kind = kind;
    if (kind !== 'heikin') this.#heikin = null;
    this.stale.raise(FULL);
  }

  /** @param {boolean} shown */
  setVolume(shown) {
    this.volume = shown;
    this.#arrange();
  }

  /** @param {IndicatorSpec[]} specs */
  setIndicators(specs) {
    this.indicators = specs.flatMap((spec) => {
      const kind = INDICATORS.get(spec.kind);
      return kind ? [new Indicator(spec, kind, this.bars)] : [];
    });
    this.#arrange();
  }

  /**
   * Fit the automatic scales to what is in view.
   * @returns {boolean} whether one moved, so that everything is stale
   */
  fit() {
    const { from, to } = this.time;
    if (to < from) return false;
    let moved = false;
    for (const one of this.panes) {
      const [lo, hi] = this.#extent(one, from, to);
      if (one.scale.fit(lo, hi)) moved = true;
    }
    return moved;
  }

  /** @param {Crosshair | null} cross */
  setCross(cross) {
    const { count } = this.bars;
    this.cross = cross === null || count === 0 ? null : { ...cross, index: Math.max(0, Math.min(count - 1, cross.index)) };
    this.stale.raise(CURSOR);
  }

  /** @param {PriceLine[]} lines */
  setLines(lines) {
    this.lines = lines.filter((line) => Number.isFinite(line.price));
    this.stale.raise(CURSOR);
  }

  /** @param {Pane} one @param {number} from @param {number} to @returns {[number, number]} */
  #extent(one, from, to) {
    if (one.id === 'price') {
      const extent = this.kind === 'line' || this.kind === 'area' ? this.bars.closes : this.candles.extent;
      extent.range(from, to);
      return [extent.lo, extent.hi];
    }
    if (one.id === 'volume') {
      this.bars.volume.range(from, to);
      return [0, this.bars.volume.hi];
    }
    const [indicator] = one.indicators;
    if (indicator.kind.range) return indicator.kind.range;
    let lo = Infinity;
    let hi = -Infinity;
    for (const extent of indicator.extents) {
      extent.range(from, to);
      lo = Math.min(lo, extent.lo);
      hi = Math.max(hi, extent.hi);
    }
    return [lo, hi];
  }

  /** Columns made from the bars, anew. */
  #derive() {
    this.#heikin = null;
    for (const indicator of this.indicators) indicator.rebuild(this.bars);
    this.bars.volume.range(0, this.bars.count - 1);
    this.#traded = this.bars.volume.hi > 0;
    this.#arrange();
  }

  #arrange() {
    const over = this.indicators.filter((indicator) => indicator.kind.pane === 'price');
    const own = this.indicators.filter((indicator) => indicator.kind.pane === 'own');
    const { main } = this;
    main.indicators = over;
    const lower = own.map((indicator) => pane(indicator.id, new PriceScale(0.01), [indicator]));
    if (this.volume && this.#traded) lower.unshift(pane('volume', new PriceScale(1, { top: 0.12, bottom: 0, floor: 0 }), []));
    this.panes = [main, ...lower];
    layOut(this.panes, this.height);
    this.stale.raise(FULL);
  }
}
