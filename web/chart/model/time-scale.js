/**
 * Where bars lie across the plot. Counted in bars, not in time, so closed hours take no room.
 *
 * The whole state is `spacing` (px from bar to bar) and `right` (the bar index, with fraction, at the plot's right edge).
 *
 * @module chart/model/time-scale
 */

const START = 8; // px a bar when first shown
const WIDEST = 80; // px a bar
const FEWEST = 3; // bars that must stay in view
const AHEAD = 4; // bars of free room right of the newest when live

export class TimeScale {
  width = 0;
  spacing = START;
  right = AHEAD;
  count = 0;

  /** @param {number} width px of the plot */
  resize(width) {
    if (width === this.width) return;
    const first = this.width === 0;
    this.width = width;
    if (first && this.live) this.goLive(); // bars may come before the size is known
    else this.#clamp();
  }

  /** Whether the newest bar is in view, so that new ones are followed. */
  get live() {
    return this.right >= this.count - 1;
  }

  /** First and last bar index that touch the plot; first > last when there is none. */
  get from() {
    return Math.max(0, Math.ceil(this.right - this.width / this.spacing - 0.5));
  }

  get to() {
    return Math.min(this.count - 1, Math.floor(this.right + 0.5));
  }

  /**
   * Middle of a bar, px from the plot's left edge.
   * @param {number} index
   */
  x(index) {
    return this.width - (this.right - index) * this.spacing;
  }

  /**
   * Bar under a place, not rounded, not limited to bars that exist.
   * @param {number} x px
   */
  index(x) {
    return this.right - (this.width - x) / this.spacing;
  }

  /** @param {number} count new number of bars, all new ones at the end */
  append(count) {
    const followed = this.live;
    const added = count - this.count;
    this.count = count;
    if (followed) this.right += added;
    this.#clamp();
  }

  /** @param {number} count @param {number} added bars that came in front */
  prepend(count, added) {
    this.count = count;
    this.right += added;
    this.#clamp();
  }

  /** All bars are new: newest in view. @param {number} count */
  reset(count) {
    this.count = count;
    this.spacing = START;
    this.goLive();
  }

  /** Newest bar at the right with a little air. */
  goLive() {
    this.right = this.count - 1 + Math.min(AHEAD, this.width / this.spacing / 4);
    this.#clamp();
  }

  /** @param {number} bars the newest so many fill the plot */
  show(bars) {
    this.spacing = this.width / Math.max(1, bars);
    this.right = this.count - 0.5;
    this.#clamp();
  }

  /** @param {number} dx px the content moves; positive shows older bars */
  pan(dx) {
    this.right -= dx / this.spacing;
    this.#clamp();
  }

  /**
   * Scale about a place, which keeps its bar.
   * @param {number} factor above 1 = wider bars
   * @param {number} x px
   */
  zoom(factor, x) {
    const kept = this.index(x);
    this.spacing *= factor;
    this.#limitSpacing();
    this.right = kept + (this.width - x) / this.spacing;
    this.#clamp();
  }

  #limitSpacing() {
    const narrowest = Math.min(0.5, this.width / Math.max(1, this.count * 1.2));
    this.spacing = Math.max(Math.max(narrowest, 1e-6), Math.min(WIDEST, this.spacing));
  }

  #clamp() {
    this.#limitSpacing();
    const room = this.width / this.spacing;
    const least = Math.min(FEWEST, this.count) - 1;
    this.right = Math.max(least, Math.min(this.count - 1 + Math.max(0, room - FEWEST), this.right));
  }
}
