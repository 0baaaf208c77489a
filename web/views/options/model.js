/**
 * One option chain as columns: strikes down, calls and puts across. Prices, volume and open interest come with the quotes;
 * implied volatility, Greeks and what became of the open interest come about once a second with the chain's frame.
 */

/** @typedef {import('../../format/wire.js').Chain} Chain */
/** @typedef {import('../../format/wire.js').ChainFrame} ChainFrame */
/** @typedef {import('../../format/wire.js').ChainSummary} ChainSummary */
/** @typedef {import('../../format/wire.js').ChainCell} ChainCell */
/** @typedef {0 | 1} Side 0 calls, 1 puts */
/** @typedef {'iv' | 'delta' | 'gamma' | 'theta' | 'vega' | 'oi_change'} Field */

export const FIELDS = /** @type {const} */ (['iv', 'delta', 'gamma', 'theta', 'vega', 'oi_change']);
const SIDES = /** @type {const} */ (['ce', 'pe']);

/** What a chain has for one side: a key a row ('' where not listed), and a column a field, NaN where not known. */
class SideColumns {
  /** @param {(ChainCell | null)[]} cells */
  constructor(cells) {
    this.keys = cells.map((cell) => cell?.key ?? '');
    /** @type {Record<Field, Float64Array>} */
    this.values = /** @type {any} */ (Object.fromEntries(FIELDS.map((field) => [field, Float64Array.from(cells, (cell) => cell?.[field] ?? NaN)])));
    /** @type {string[]} */
    this.buildUp = cells.map((cell) => cell?.build_up ?? 'none');
    this.reasons = cells.map((cell) => cell?.iv_reason ?? '');
  }
}

export class ChainModel {
  /** @param {Chain} chain */
  constructor(chain) {
    this.underlying = chain.underlying;
    this.name = chain.name;
    this.expiry = chain.expiry;
    this.source = chain.source;
    this.lot = chain.lot;
    this.expiries = chain.expiries;
    this.summary = chain.summary;
    this.fit = chain.fit;
    this.notes = chain.notes;
    /** Contracts whose change of open interest counts from the first seen. */
    this.oiFirst = chain.oi_first;
    this.strikes = chain.rows.map((row) => row.strike);
    this.levels = Float64Array.from(this.strikes, Number);
    /** @type {[SideColumns, SideColumns]} calls, puts */
    this.sides = [new SideColumns(chain.rows.map((row) => row.ce)), new SideColumns(chain.rows.map((row) => row.pe))];
    /** @type {Map<string, [number, Side]>} row and side of a contract */
    this.places = new Map();
    this.sides.forEach((side, s) => side.keys.forEach((key, row) => {
      if (key) this.places.set(key, [row, /** @type {Side} */ (s)]);
    }));
    /** Greatest open interest of a contract, units: the length of a whole bar. */
    this.mostOi = 0;
  }

  get rows() {
    return this.strikes.length;
  }

  /** Keys of all contracts. */
  get keys() {
    return [...this.places.keys()];
  }

  /** @param {number} row @param {Side} side */
  keyAt(row, side) {
    return this.sides[side].keys[row] ?? '';
  }

  /** @param {number} row @param {Side} side @param {Field} field @returns {number | null} */
  value(row, side, field) {
    const value = this.sides[side].values[field][row];
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  /** The row whose strike is at the money; the nearest to the spot where no one says; -1 for none. */
  get atm() {
    const { atm_strike: told, spot } = this.summary;
    const level = told ?? spot;
    if (level === null || this.rows === 0) return -1;
    let best = 0;
    for (let i = 1; i < this.rows; i += 1) if (Math.abs(/** @type {number} */ (this.levels[i]) - level) < Math.abs(/** @type {number} */ (this.levels[best]) - level)) best = i;
    return best;
  }

  /** Whether a contract is in the money: a call below the spot, a put above it. @param {number} row @param {Side} side */
  inTheMoney(row, side) {
    const { spot } = this.summary;
    const strike = /** @type {number} */ (this.levels[row]);
    if (spot === null) return false;
    return side === 0 ? strike < spot : strike > spot;
  }

  /**
   * Take the stream's columns in.
   * @param {ChainFrame} frame
   * @param {(row: number, side: Side) => void} onChange a contract whose figures changed
   * @returns {boolean} false when the frame is of other strikes: the chain is to be read again
   */
  apply(frame, onChange) {
    this.summary = frame.summary;
    this.fit = frame.fit;
    let same = true;
    frame.strikes.forEach((strike, i) => {
      const row = this.strikes[i] === strike ? i : this.strikes.indexOf(strike);
      if (row < 0) {
        same = false;
        return;
      }
      for (const s of /** @type {const} */ ([0, 1])) {
        const from = frame[SIDES[s]];
        const to = this.sides[s];
        let changed = false;
        for (const field of FIELDS) {
          const value = from[field]?.[i] ?? NaN;
          const column = to.values[field];
          if (!Object.is(column[row], value)) {
            column[row] = value;
            changed = true;
          }
        }
        const word = from.build_up?.[i] ?? 'none';
        if (to.buildUp[row] !== word) {
          to.buildUp[row] = word;
          changed = true;
        }
        if (changed) onChange(row, s);
      }
    });
    return same;
  }

  /**
   * Find the greatest open interest again.
   * @param {(key: string) => number | null | undefined} oiOf
   * @returns {boolean} whether it moved enough for the bars to be drawn again
   */
  scaleOi(oiOf) {
    let most = 0;
    for (const key of this.places.keys()) most = Math.max(most, oiOf(key) ?? 0);
    if (Math.abs(most - this.mostOi) <= this.mostOi * 0.005) return false;
    this.mostOi = most;
    return true;
  }
}
