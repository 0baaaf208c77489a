/**
 * Binary frames of the stream, as server/market/table.py lays them out: a 24-byte header, then records of one kind.
 * Little-endian; an absent number is NaN and becomes null. Everything is checked against the frame's length.
 */

export const QUOTES = 1;
export const DEPTH = 2;
export const BARS = 3;
export const HEADER_BYTES = 24;
export const FLAG_STALE = 1;
export const FLAG_CLOSED = 2;
/** Bytes of one record, by kind. */
export const RECORD_BYTES = Object.freeze({ [QUOTES]: 112, [DEPTH]: 176, [BARS]: 64 });
const VERSION = 1;
const LEVELS = 5;

/** @typedef {{ kind: number, market: number, count: number, frame: number, serverMs: number, size: number }} Header */
/**
 * @typedef {{ row: number, flags: number, marketMs: number | null, receivedMs: number | null, ltp: number | null,
 *   bid: number | null, ask: number | null, bidQty: number | null, askQty: number | null, volume: number | null,
 *   oi: number | null, open: number | null, high: number | null, low: number | null, close: number | null }} QuoteRecord
 */
/** @typedef {{ row: number, marketMs: number | null, bids: [number, number][], asks: [number, number][] }} DepthRecord */
/** @typedef {{ row: number, interval: number, t: number, o: number, h: number, l: number, c: number, v: number, oi: number }} BarRecord */

/**
 * Read and check a frame's header.
 * @param {DataView} view
 * @returns {Header}
 */
export function header(view) {
  if (view.byteLength < HEADER_BYTES) throw new RangeError(`frame of ${view.byteLength} bytes has no header`);
  const kind = view.getUint8(0);
  const version = view.getUint8(1);
  const size = RECORD_BYTES[/** @type {1 | 2 | 3} */ (kind)];
  if (version !== VERSION || size === undefined) throw new RangeError(`frame kind ${kind} version ${version} is not known`);
  const count = view.getUint32(4, true);
  if (view.byteLength !== HEADER_BYTES + count * size) throw new RangeError(`frame of ${view.byteLength} bytes does not hold ${count} records`);
  return { kind, market: view.getUint16(2, true), count, frame: view.getUint32(8, true), serverMs: view.getFloat64(16, true), size };
}

/**
 * Call back with each quote of a quotes frame; the record object is used again for the next one.
 * @param {DataView} view
 * @param {Header} head
 * @param {(record: QuoteRecord) => void} each
 */
export function quotes(view, head, each) {
  /** @type {QuoteRecord} */
  const record = {
    row: 0, flags: 0, marketMs: null, receivedMs: null, ltp: null, bid: null, ask: null, bidQty: null, askQty: null,
    volume: null, oi: null, open: null, high: null, low: null, close: null,
  };
  for (let i = 0, at = HEADER_BYTES; i < head.count; i += 1, at += head.size) {
    record.row = view.getUint32(at, true);
    record.flags = view.getUint32(at + 4, true);
    record.marketMs = real(view, at + 8);
    record.receivedMs = real(view, at + 16);
    record.ltp = real(view, at + 24);
    record.bid = real(view, at + 32);
    record.ask = real(view, at + 40);
    record.bidQty = real(view, at + 48);
    record.askQty = real(view, at + 56);
    record.volume = real(view, at + 64);
    record.oi = real(view, at + 72);
    record.open = real(view, at + 80);
    record.high = real(view, at + 88);
    record.low = real(view, at + 96);
    record.close = real(view, at + 104);
    each(record);
  }
}

/**
 * @param {DataView} view
 * @param {Header} head
 * @param {(record: DepthRecord) => void} each
 */
export function depths(view, head, each) {
  for (let i = 0, at = HEADER_BYTES; i < head.count; i += 1, at += head.size) {
    each({
      row: view.getUint32(at, true),
      marketMs: real(view, at + 8),
      bids: levels(view, at + 16, at + 56),
      asks: levels(view, at + 96, at + 136),
    });
  }
}

/**
 * @param {DataView} view
 * @param {Header} head
 * @param {(record: BarRecord) => void} each
 */
export function bars(view, head, each) {
  for (let i = 0, at = HEADER_BYTES; i < head.count; i += 1, at += head.size) {
    each({
      row: view.getUint32(at, true),
      interval: view.getUint32(at + 4, true),
      t: view.getFloat64(at + 8, true),
      o: view.getFloat64(at + 16, true),
      h: view.getFloat64(at + 24, true),
      l: view.getFloat64(at + 32, true),
      c: view.getFloat64(at + 40, true),
      v: real(view, at + 48) ?? 0,
      oi: real(view, at + 56) ?? 0,
    });
  }
}

/**
 * @param {DataView} view
 * @param {number} prices
 * @param {number} quantities
 * @returns {[number, number][]} levels that exist, best first
 */
function levels(view, prices, quantities) {
  /** @type {[number, number][]} */
  const found = [];
  for (let i = 0; i < LEVELS; i += 1) {
    const price = real(view, prices + i * 8);
    if (price !== null) found.push([price, real(view, quantities + i * 8) ?? 0]);
  }
  return found;
}

/**
 * @param {DataView} view
 * @param {number} at
 * @returns {number | null}
 */
function real(view, at) {
  const value = view.getFloat64(at, true);
  return Number.isFinite(value) ? value : null;
}
