/**
 * How much of a chart must be drawn again. Many changes in one frame merge to the greatest.
 *
 * @module chart/model/invalidation
 */

/** Nothing. */
export const CLEAN = 0;
/** Crosshair, lines and labels: the overlay alone. */
export const CURSOR = 1;
/** Bars changed, scales did not: series and overlay. */
export const LIGHT = 2;
/** Scales, sizes or colours changed: everything. */
export const FULL = 3;

export class Invalidation {
  level = CLEAN;

  /** @param {number} level */
  raise(level) {
    if (level > this.level) this.level = level;
  }

  /** The level reached since the last call. */
  take() {
    const { level } = this;
    this.level = CLEAN;
    return level;
  }
}
