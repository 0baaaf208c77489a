/**
 * One frame of one chart: fit the scales, lay out what is stale, draw it.
 *
 * @module chart/painter
 */

import { CLEAN, FULL, LIGHT } from './model/invalidation.js';
import { TIME_AXIS } from './model/panes.js';
import { drawBase } from './render/base.js';
import { drawOverlay } from './render/overlay.js';
import { drawArea, drawCandles, drawColumns, drawLine } from './render/shapes.js';
import { TextWidths } from './render/text.js';
import { CandleItems, layCandles } from './view/candles.js';
import { ColumnItems, layColumns } from './view/columns.js';
import { layGrid } from './view/grid.js';
import { LineItems, layLine } from './view/line.js';
import { layOverlay } from './view/overlay.js';

/**
 * @import { ChartModel } from './model/chart-model.js'
 * @import { Indicator } from './model/indicator.js'
 * @import { LineEdit } from './model/line-edit.js'
 * @import { Pane } from './model/panes.js'
 * @import { Layers } from './render/layers.js'
 * @import { ChartTheme } from './types.js'
 */

const NARROWEST = 56; // px of the price axis
const STEP = 8; // px it grows by, so that a digit more does not shake the chart
const LINE = 1.5; // px wide

export class Painter {
  axis = NARROWEST;
  /** @type {ChartTheme} */
  theme;
  #model;
  #layers;
  #edit;
  #tapToSend;
  #widths = new TextWidths();
  #candles = new CandleItems();
  #line = new LineItems();
  #columns = new ColumnItems();
  /** @type {number[]} device px y of the price axis' words */
  #words = [];

  /**
   * @param {ChartModel} model
   * @param {Layers} layers
   * @param {LineEdit} edit
   * @param {ChartTheme} theme
   * @param {string} tapToSend
   */
  constructor(model, layers, edit, theme, tapToSend) {
    this.#model = model;
    this.#layers = layers;
    this.#edit = edit;
    this.theme = theme;
    this.#tapToSend = tapToSend;
  }

  /** Share the canvas between plot and axes anew. */
  resize() {
    this.#model.resize(Math.max(0, this.#layers.width - this.axis), this.#layers.height);
  }

  /** @returns {number} the level drawn */
  paint() {
    const model = this.#model;
    if (this.#layers.width < 1 || this.#layers.height < 1) return CLEAN;
    let level = model.stale.take();
    if (level === CLEAN) return CLEAN;
    if (level >= LIGHT && model.fit()) level = FULL;
    if (level === FULL) this.#paintBase();
    if (level >= LIGHT) this.#paintSeries();
    const { overlay } = this.#layers.contexts;
    const items = layOverlay(model, this.#edit, this.#tapToSend);
    drawOverlay(overlay, { ...this.#frame(), words: this.#words }, items, this.theme, (text) => this.#widths.of(overlay, text));
    return level;
  }

  #frame() {
    const { width, height, ratio } = this.#layers;
    return {
      width: Math.round(width * ratio), height: Math.round(height * ratio), ratio,
      plot: Math.round(this.#model.time.width * ratio), foot: Math.round((height - TIME_AXIS) * ratio),
    };
  }

  #paintBase() {
    const { base } = this.#layers.contexts;
    let grid = layGrid(this.#model);
    base.font = `${11 * this.#layers.ratio}px ${this.theme.font}`;
    const widest = Math.max(0, ...grid.prices.flat().map((mark) => this.#widths.of(base, mark.label))) / this.#layers.ratio;
    const wanted = Math.max(NARROWEST, Math.ceil((widest + 16) / STEP) * STEP);
    if (wanted > this.axis || wanted < this.axis - STEP * 2) {
      this.axis = wanted;
      this.resize();
      this.#model.stale.take(); // it is being drawn now
      this.#model.fit();
      grid = layGrid(this.#model);
    }
    const { ratio } = this.#layers;
    this.#words = grid.prices[0].map((mark) => mark.at * ratio);
    const separators = this.#model.panes.filter((pane) => pane.top > 0 && pane.height > 0).map((pane) => Math.round(pane.top * ratio));
    drawBase(base, { ...this.#frame(), separators }, grid, this.theme);
  }

  #paintSeries() {
    const { series } = this.#layers.contexts;
    const { ratio } = this.#layers;
    const { width, height, plot } = this.#frame();
    series.clearRect(0, 0, width, height);
    for (const pane of this.#model.panes) {
      if (pane.height <= 0) continue;
      series.save();
      series.beginPath();
      series.rect(0, Math.round(pane.top * ratio), plot, Math.round(pane.height * ratio));
      series.clip();
      series.translate(0, Math.round(pane.top * ratio));
      if (pane.id === 'price') this.#paintPrices(series, pane, ratio);
      if (pane.id === 'volume') this.#paintVolume(series, pane, ratio);
      for (const indicator of pane.indicators) this.#paintIndicator(series, pane, indicator, ratio);
      series.restore();
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Pane} pane @param {number} ratio */
  #paintPrices(context, pane, ratio) {
    const { kind, candles, bars, time } = this.#model;
    const { up, down, accent } = this.theme;
    if (kind === 'candles' || kind === 'heikin') {
      layCandles(this.#candles, candles, time, pane.scale, ratio);
      drawCandles(context, this.#candles, up, down);
      return;
    }
    layLine(this.#line, bars.c, time, pane.scale, ratio);
    if (kind === 'area') drawArea(context, this.#line, accent, LINE * ratio, pane.height * ratio);
    else drawLine(context, this.#line, accent, LINE * ratio);
  }

  /** @param {CanvasRenderingContext2D} context @param {Pane} pane @param {number} ratio */
  #paintVolume(context, pane, ratio) {
    const { bars, time } = this.#model;
    layColumns(this.#columns, bars.v, bars.volume, (a, b) => bars.c[b] >= bars.o[a], time, pane.scale, ratio);
    drawColumns(context, this.#columns, this.theme.up, this.theme.down, 0.42);
  }

  /** @param {CanvasRenderingContext2D} context @param {Pane} pane @param {Indicator} indicator @param {number} ratio */
  #paintIndicator(context, pane, indicator, ratio) {
    const { time } = this.#model;
    indicator.kind.outputs.forEach((output, i) => {
      const values = indicator.columns[i];
      if (output.shape === 'columns') {
        layColumns(this.#columns, values, indicator.extents[i], (_a, b) => values[b] >= 0, time, pane.scale, ratio);
        drawColumns(context, this.#columns, this.theme.up, this.theme.down, 0.6);
        return;
      }
      layLine(this.#line, values, time, pane.scale, ratio);
      drawLine(context, this.#line, this.theme[output.tone], LINE * ratio);
    });
  }
}
