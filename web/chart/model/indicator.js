/**
 * One indicator on one chart: its columns beside the bars, kept up with them row by row.
 *
 * @module chart/model/indicator
 */

import { Pyramid } from './pyramid.js';

/**
 * @import { IndicatorKind } from '../indicators/index.js'
 * @import { IndicatorSpec } from '../types.js'
 * @import { Bars } from './bars.js'
 */

export class Indicator {
  /** @type {Float64Array[]} outputs first, working memory after */
  columns = [];
  /** @type {Pyramid[]} one an output */
  extents = [];

  /**
   * @param {IndicatorSpec} spec
   * @param {IndicatorKind} kind
   * @param {Bars} bars
   */
  constructor(spec, kind, bars) {
    this.id = spec.id;
    this.kind = kind;
    this.params = { ...kind.params, ...spec.params };
    this.rebuild(bars);
  }

  /** What the legend calls it, "EMA 20". */
  get title() {
    return [this.kind.title, ...Object.values(this.params)].join(' ');
  }

  /** @param {Bars} bars */
  rebuild(bars) {
    const size = bars.t.length;
    const wanted = this.kind.outputs.length + (this.kind.scratch ?? 0);
    this.columns = Array.from({ length: wanted }, () => new Float64Array(size));
    this.kind.compute(bars, this.params, this.columns, 0);
    this.extents = this.kind.outputs.map((_output, i) => new Pyramid(this.columns[i], this.columns[i], bars.count));
  }

  /** @param {Bars} bars @param {number} index the bar that changed; those after it are made anew too */
  update(bars, index) {
    if (bars.t.length !== this.columns[0].length) {
      this.rebuild(bars);
      return;
    }
    this.kind.compute(bars, this.params, this.columns, index);
    for (let i = index; i < bars.count; i += 1) for (const extent of this.extents) extent.set(i);
  }
}
