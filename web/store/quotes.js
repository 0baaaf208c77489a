/**
 * Last prices by key. Each carries the moment it reached the server, on this page's own steady clock, so that its age can be
 * told at any time without asking anyone's wall clock.
 */

/**
 * @typedef {object} Quote
 * @property {string} key
 * @property {number | null} ltp
 * @property {number | null} bid
 * @property {number | null} ask
 * @property {number | null} bidQty
 * @property {number | null} askQty
 * @property {number | null} volume
 * @property {number | null} oi
 * @property {number | null} open
 * @property {number | null} high
 * @property {number | null} low
 * @property {number | null} close previous session's close
 * @property {number | null} marketMs when it happened there, ms since the epoch
 * @property {number} seen when it reached the server, ms on the page's steady clock
 * @property {number} flags
 * @property {boolean} restored read back from storage, not from the stream
 */

/** @typedef {{ bids: [number, number][], asks: [number, number][] }} Depth */

export class QuoteBook {
  constructor() {
    /** @type {Map<string, Quote>} */
    this.quotes = new Map();
    /** @type {Map<string, Depth>} */
    this.depths = new Map();
    /** @type {Set<string>} keys that changed since the last flush */
    this.dirty = new Set();
    /** @type {Set<string>} keys the market does not know */
    this.unknown = new Set();
    /** Steady-clock moment of the newest live quote; -Infinity before the first. */
    this.newest = -Infinity;
  }

  /** @param {string} key @returns {Quote | undefined} */
  get(key) {
    return this.quotes.get(key);
  }

  /**
   * Take a live record. A record older than what is held (a window that joined late replays) is dropped.
   * @param {string} key
   * @param {import('../format/wire.js').QuoteFields} fields
   * @param {number} seen
   */
  put(key, fields, seen) {
    const old = this.quotes.get(key);
    if (old && !old.restored && old.seen > seen + 50 && (old.marketMs ?? 0) >= (fields.marketMs ?? 0)) return;
    if (old) Object.assign(old, fields, { key, seen, restored: false });
    else this.quotes.set(key, { ...fields, key, seen, restored: false });
    if (seen > this.newest) this.newest = seen;
    this.dirty.add(key);
  }

  /** @param {string} key @param {Depth} depth */
  putDepth(key, depth) {
    this.depths.set(key, depth);
    this.dirty.add(key);
  }

  /** Quotes read back from storage: shown greyed, never traded on. @param {Quote[]} quotes @param {number} lag ms between their saving and now, both on the page's clock */
  restore(quotes, lag) {
    for (const quote of quotes) {
      if (this.quotes.has(quote.key)) continue;
      this.quotes.set(quote.key, { ...quote, seen: quote.seen + lag, restored: true });
      this.dirty.add(quote.key);
    }
  }

  /** Forget everything: another market has other instruments. */
  clear() {
    for (const key of this.quotes.keys()) this.dirty.add(key);
    this.quotes.clear();
    this.depths.clear();
    this.unknown.clear();
    this.newest = -Infinity;
  }

  /** The changed keys, once. @returns {Set<string>} */
  takeDirty() {
    const taken = this.dirty;
    this.dirty = new Set();
    return taken;
  }
}
