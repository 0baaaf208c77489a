/**
 * Highest and lowest of any run of rows in O(log n): blocks of 8 rows, then of 16, 32, and so on.
 *
 * It serves autoscale and, when many bars share one pixel column, the column's own extent. Rows that are NaN count for nothing.
 *
 * @module chart/model/pyramid
 */

const SHIFT = 3; // the lowest level has blocks of 8 rows: below that, reading rows is as fast
const BLOCK = 1 << SHIFT;

export class Pyramid {
  /** Set by `range`: the extent found, Infinity and -Infinity when no row counted. */
  lo = Infinity;
  hi = -Infinity;

  /** @type {Float64Array[]} */
  #highs = [];
  /** @type {Float64Array[]} */
  #lows = [];
  #high;
  #low;
  #count = 0;

  /**
   * @param {Float64Array} high
   * @param {Float64Array} low may be the same column
   * @param {number} count rows in use; the columns may be longer
   */
  constructor(high, low, count) {
    this.#high = high;
    this.#low = low;
    this.#reserve();
    this.#count = count;
    for (let block = 0; block << SHIFT < count; block += 1) this.#fold(block);
    this.#lift(0);
  }

  /**
   * Row `index` changed or was appended. Columns that were reallocated must be given again.
   * @param {number} index at most one beyond the last
   */
  set(index) {
    if (index >= this.#count) this.#count = index + 1;
    let block = index >> SHIFT;
    this.#fold(block);
    for (let level = 1; level < this.#highs.length; level += 1) {
      block >>= 1;
      this.#join(level, block);
    }
  }

  /**
   * Extent of rows from..to, both included, into `lo` and `hi`.
   * @param {number} from
   * @param {number} to
   */
  range(from, to) {
    const [high, low] = [this.#high, this.#low];
    let hi = -Infinity;
    let lo = Infinity;
    let i = Math.max(0, from);
    let last = Math.min(this.#count - 1, to);
    while (i <= last && (i & (BLOCK - 1)) !== 0) {
      if (high[i] > hi) hi = high[i];
      if (low[i] < lo) lo = low[i];
      i += 1;
    }
    while (last >= i && ((last + 1) & (BLOCK - 1)) !== 0) {
      if (high[last] > hi) hi = high[last];
      if (low[last] < lo) lo = low[last];
      last -= 1;
    }
    let a = i >> SHIFT;
    let b = ((last + 1) >> SHIFT) - 1;
    for (let level = 0; a <= b; level += 1) {
      const [highs, lows] = [this.#highs[level], this.#lows[level]];
      if ((a & 1) === 1) {
        if (highs[a] > hi) hi = highs[a];
        if (lows[a] < lo) lo = lows[a];
        a += 1;
      }
      if ((b & 1) === 0 && b >= a) {
        if (highs[b] > hi) hi = highs[b];
        if (lows[b] < lo) lo = lows[b];
        b -= 1;
      }
      a >>= 1;
      b >>= 1;
    }
    this.hi = hi;
    this.lo = lo;
  }

  #reserve() {
    let blocks = Math.max(1, Math.ceil(this.#high.length / BLOCK));
    for (;;) {
      this.#highs.push(new Float64Array(blocks).fill(-Infinity));
      this.#lows.push(new Float64Array(blocks).fill(Infinity));
      if (blocks === 1) return;
      blocks = (blocks + 1) >> 1;
    }
  }

  /** @param {number} block of the lowest level */
  #fold(block) {
    const [high, low] = [this.#high, this.#low];
    const end = Math.min(this.#count, (block + 1) << SHIFT);
    let hi = -Infinity;
    let lo = Infinity;
    for (let i = block << SHIFT; i < end; i += 1) {
      if (high[i] > hi) hi = high[i];
      if (low[i] < lo) lo = low[i];
    }
    this.#highs[0][block] = hi;
    this.#lows[0][block] = lo;
  }

  /** @param {number} level @param {number} block */
  #join(level, block) {
    const [highs, lows] = [this.#highs[level - 1], this.#lows[level - 1]];
    const left = block * 2;
    const right = left + 1 < highs.length ? left + 1 : left;
    this.#highs[level][block] = highs[left] > highs[right] ? highs[left] : highs[right];
    this.#lows[level][block] = lows[left] < lows[right] ? lows[left] : lows[right];
  }

  /** @param {number} from the level that is right; all above are made from it */
  #lift(from) {
    for (let level = from + 1; level < this.#highs.length; level += 1) {
      for (let block = 0; block < this.#highs[level].length; block += 1) this.#join(level, block);
    }
  }
}
