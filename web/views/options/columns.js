/**
 * Which columns the chain shows and where. The user's list runs from the strike outwards, the same on both sides; the first
 * stays beside the strike, the others pass by as one swipes. Bid stands left of ask on either side.
 */

/**
 * @typedef {object} ColumnKind
 * @property {string} id
 * @property {readonly string[]} parts figures it is made of, left to right
 */

/** @type {readonly ColumnKind[]} */
export const KINDS = Object.freeze([
  { id: 'ltp', parts: ['ltp'] },
  { id: 'oi', parts: ['oi'] },
  { id: 'quote', parts: ['bid', 'ask'] },
  { id: 'iv', parts: ['iv'] },
  { id: 'delta', parts: ['delta'] },
  { id: 'theta', parts: ['theta'] },
  { id: 'vega', parts: ['vega'] },
  { id: 'gamma', parts: ['gamma'] },
  { id: 'oichange', parts: ['oichange'] },
  { id: 'build', parts: ['build'] },
  { id: 'volume', parts: ['volume'] },
  { id: 'change', parts: ['change'] },
]);

/** @typedef {{ part: string, side: 0 | 1 | 2 }} Slot side: 0 calls, 1 puts, 2 the strike */
/** @typedef {{ slots: Slot[], widths: number[], step: number, last: number }} Fit step: the window that is shown, 0..last */

/** What a preference may hold: known columns, each once, LTP first when nothing is left. @param {unknown} found @returns {string[]} */
export function cleanColumns(found) {
  const list = Array.isArray(found) ? found.filter((id, i) => KINDS.some((kind) => kind.id === id) && found.indexOf(id) === i) : [];
  return list.length === 0 ? ['ltp', 'oi', 'quote', 'iv'] : list;
}

/** @param {string} id */
const partsOf = (id) => KINDS.find((kind) => kind.id === id)?.parts ?? [];

/**
 * The columns of one side, from the strike outwards, in each window that fits.
 * @param {readonly string[]} chosen
 * @param {number} room figures that fit on one side, at least one
 * @returns {string[][]} ids by window; swiping goes through them
 */
export function windows(chosen, room) {
  const [pinned, ...rest] = chosen;
  if (pinned === undefined) return [[]];
  const left = room - partsOf(pinned).length;
  /** @type {string[][]} */
  const out = left <= 0 ? [[pinned]] : [];
  for (let i = 0; i < rest.length; i += 1) {
    /** @type {string[]} */
    const taken = [];
    let used = 0;
    let k = i;
    for (; k < rest.length && used + partsOf(/** @type {string} */ (rest[k])).length <= left; k += 1) {
      taken.push(/** @type {string} */ (rest[k]));
      used += partsOf(/** @type {string} */ (rest[k])).length;
    }
    // a pair that does not fit beside the first column takes its place: bid and ask are prices too
    const wide = /** @type {string} */ (rest[i]);
    if (taken.length === 0 && partsOf(wide).length <= room) out.push([wide]);
    else if (taken.length > 0) out.push([pinned, ...taken]);
    if (k >= rest.length && taken.length > 0) break;
  }
  return out.length === 0 ? [[pinned]] : out;
}

/**
 * @param {readonly string[]} chosen
 * @param {number} width CSS px of the grid
 * @param {number} step window wanted
 * @param {{ strike: number, least: number }} sizes CSS px of the strike column and of the narrowest figure
 * @returns {Fit}
 */
export function fitColumns(chosen, width, step, { strike, least }) {
  const side = Math.max(0, (width - strike) / 2);
  const room = Math.max(1, Math.floor(side / least));
  const all = windows(chosen, room);
  const at = Math.max(0, Math.min(all.length - 1, step));
  const ids = /** @type {string[]} */ (all[at]);
  const count = ids.reduce((sum, id) => sum + partsOf(id).length, 0);
  const each = side / Math.max(1, count);
  /** @type {Slot[]} */
  const calls = [...ids].reverse().flatMap((id) => partsOf(id).map((part) => ({ part, side: /** @type {const} */ (0) })));
  /** @type {Slot[]} */
  const puts = ids.flatMap((id) => partsOf(id).map((part) => ({ part, side: /** @type {const} */ (1) })));
  return {
    slots: [...calls, { part: 'strike', side: 2 }, ...puts],
    widths: [...calls.map(() => each), strike, ...puts.map(() => each)],
    step: at,
    last: all.length - 1,
  };
}
