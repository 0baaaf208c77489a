/** What the ticket knows and works out, without a screen: allowed choices, steps of quantity and price, the request itself. */

import { placesOf, toNumber } from '../../format/numbers.js';
import { decimalOf, fractional, isSize, plainSize, unitsOf } from '../../format/sizes.js';

/** @typedef {import('../../format/wire.js').Instrument} Instrument */
/** @typedef {import('../../format/wire.js').OrderType | 'GTT'} TicketType */
/** @typedef {import('../../format/wire.js').Product} Product */

/**
 * @typedef {object} Draft
 * @property {string} key
 * @property {'BUY' | 'SELL'} side
 * @property {number | null} quantity units; null while the field holds no whole number of them
 * @property {string} unit what one unit is; 1 until the instrument is known
 * @property {TicketType} type
 * @property {Product} product
 * @property {string} price
 * @property {string} trigger
 * @property {'DAY' | 'IOC'} validity
 * @property {boolean} afterMarket
 * @property {'plain' | 'iceberg' | 'cover' | 'bracket'} variety
 * @property {number | null} slice units of an iceberg shown at a time
 * @property {string} stop exit of a cover or bracket order
 * @property {string} target
 * @property {number | null} disclosed units shown in the book; null shows all
 * @property {string} protection percent of the price; empty for the exchange's own slab
 * @property {string} requestId
 */

/**
 * Order types offered for an instrument. The server's word, where it gives one, else what the exchange is known to take:
 * no SL-M on options.
 * @param {Instrument | undefined} instrument
 * @returns {TicketType[]}
 */
export function typesFor(instrument) {
  /** @type {TicketType[]} */
  const all = ['MARKET', 'LIMIT', 'SL', 'SL-M'];
  const named = instrument?.order_types;
  const allowed = named?.length ? all.filter((type) => named.includes(type)) : all.filter((type) => type !== 'SL-M' || instrument?.kind !== 'OPTION');
  return [...allowed, 'GTT'];
}

/** @param {Instrument | undefined} instrument @returns {Product[]} */
export function productsFor(instrument) {
  return instrument?.kind === 'FUTURE' || instrument?.kind === 'OPTION' ? ['NRML', 'MIS'] : ['CNC', 'MIS'];
}

/** Which of price and trigger a type needs. @param {TicketType} type */
export function needs(type) {
  return { price: type === 'LIMIT' || type === 'SL' || type === 'GTT', trigger: type === 'SL' || type === 'SL-M' || type === 'GTT' };
}

/**
 * The quantity one step on: a lot, or ten lots; never below one lot.
 * @param {number | null} quantity
 * @param {number} lot
 * @param {1 | -1} direction
 * @param {boolean} big
 */
export function stepQuantity(quantity, lot, direction, big) {
  const lots = Math.floor((quantity ?? 0) / lot) + direction * (big ? 10 : 1);
  // from an odd quantity a step down lands on the lot below, not one further
  const odd = quantity !== null && quantity % lot !== 0 && direction < 0 && !big;
  return Math.max(1, odd ? Math.floor(quantity / lot) : lots) * lot;
}

/**
 * The quantity one step on where fractions trade: a step of the second digit that counts (0.015 -> 0.016), ten when big;
 * never below the smallest order.
 * @param {number | null} quantity units
 * @param {number} least units
 * @param {1 | -1} direction
 * @param {boolean} big
 * @param {number} [whole] units that make one whole, where wholes are what is counted: shares
 */
export function stepSize(quantity, least, direction, big, whole = 0) {
  const from = Math.max(quantity ?? 0, 1);
  let step = 10 ** Math.max(0, String(Math.trunc(from)).length - 2);
  // going down from 0.10 the next is 0.099: the digits that count move on
  if (direction < 0 && step > 1 && from / 10 <= step) step /= 10;
  if (whole > 0 && (direction > 0 ? from >= whole : from > whole)) step = whole;
  step *= big ? 10 : 1;
  const at = direction > 0 ? Math.floor(from / step) : Math.ceil(from / step);
  return Math.max(least, (quantity ? at + direction : 1) * step);
}

/**
 * What a new order begins with: a lot; where fractions trade a whole share, or the smallest order the exchange takes.
 * @param {Instrument} instrument
 * @param {number | null} last
 */
export function firstQuantity(instrument, last) {
  if (!fractional(instrument.unit)) return instrument.lot;
  if (instrument.kind === 'EQUITY') return unitsOf('1', instrument.unit) ?? instrument.lot;
  return leastOf(instrument, last);
}

/**
 * The smallest order in units, at a price: the exchange's own least, and what is worth its least value, rounded up to one
 * digit.
 * @param {Instrument} instrument
 * @param {number | null} at
 */
export function leastOf(instrument, at) {
  const lot = Math.max(1, instrument.lot);
  const own = Math.ceil(Math.max(instrument.least ?? 1, lot) / lot) * lot;
  const value = toNumber(instrument.least_value);
  if (value === null || !at || at <= 0) return own;
  const need = value / at / decimalOf(1, instrument.unit);
  const digit = 10 ** Math.max(0, String(Math.trunc(need)).length - 1);
  return Math.max(own, Math.ceil(Math.ceil(need / digit) * digit / lot) * lot);
}

/**
 * What is wrong with a typed quantity before anyone is asked: a number between two steps, or an order the exchange finds too
 * small. Words and their figures, or null.
 * @param {string} text
 * @param {Instrument | undefined} instrument
 * @param {number | null} at price it is valued at
 * @returns {[string, Record<string, string>] | null}
 */
export function sizeFault(text, instrument, at) {
  if (!instrument || !fractional(instrument.unit) || !isSize(text)) return null;
  const units = unitsOf(text, instrument.unit);
  if (units === null) return ['ticket.stepFault', { step: plainSize(1, instrument.unit) }];
  if (units === 0) return null;
  const name = instrument.kind === 'CRYPTO' || instrument.kind === 'FUTURE' ? instrument.name : '';
  const own = Math.max(instrument.least ?? 1, instrument.lot);
  if (units < own) return ['ticket.leastFault', { least: `${plainSize(own, instrument.unit)} ${name}`.trim() }];
  const value = toNumber(instrument.least_value);
  if (value !== null && at && decimalOf(units, instrument.unit) * at < value) return ['ticket.valueFault', { value: `${instrument.least_value} ${instrument.currency}` }];
  return null;
}

/**
 * The price one tick on, exactly on the tick's grid; ten ticks when big.
 * @param {string} price
 * @param {string} tick
 * @param {1 | -1} direction
 * @param {boolean} big
 */
export function stepPrice(price, tick, direction, big) {
  const places = placesOf(tick);
  const unit = 10 ** places;
  const step = Math.max(1, Math.round(Number(tick) * unit));
  const at = Math.round((toNumber(price) ?? 0) * unit);
  const snapped = direction > 0 ? Math.floor(at / step) * step : Math.ceil(at / step) * step;
  return (Math.max(step, snapped + direction * step * (big ? 10 : 1)) / unit).toFixed(places);
}

/**
 * A number as the wire wants a price: on the tick, plain decimal.
 * @param {number} value
 * @param {string} tick
 */
export function toPrice(value, tick) {
  const places = placesOf(tick);
  const unit = 10 ** places;
  const step = Math.max(1, Math.round(Number(tick) * unit));
  return ((Math.round((value * unit) / step) * step) / unit).toFixed(places);
}

/** Whether the text is a price the wire takes. @param {string} text */
export function isPrice(text) {
  return /^\d+(\.\d+)?$/.test(text) && Number(text) > 0;
}

/**
 * Whether everything that the type needs is filled in.
 * @param {Draft} draft
 */
export function complete(draft) {
  const need = needs(draft.type);
  const plain = draft.quantity !== null && draft.quantity > 0 && (!need.price || isPrice(draft.price)) && (!need.trigger || isPrice(draft.trigger));
  if (!plain) return false;
  if (draft.variety === 'iceberg') return partsOf(draft) >= 2;
  return (draft.variety === 'plain' || isPrice(draft.stop)) && (draft.variety !== 'bracket' || isPrice(draft.target));
}

/**
 * The order as the server takes it (not for GTT, which is a trigger).
 * @param {Draft} draft
 * @param {string} account
 * @returns {import('../../format/wire.js').OrderRequest}
 */
export function toRequest(draft, account) {
  const need = needs(draft.type);
  return {
    account,
    key: draft.key,
    side: draft.side,
    quantity: draft.quantity ?? 0,
    ...(fractional(draft.unit) ? { unit: draft.unit } : {}),
    type: draft.type === 'GTT' ? 'LIMIT' : draft.type,
    product: draft.product,
    ...(need.price ? { price: draft.price } : {}),
    ...(need.trigger && draft.type !== 'GTT' ? { trigger: draft.trigger } : {}),
    validity: draft.validity,
    after_market: draft.afterMarket,
    ...(draft.variety === 'plain' && takesDisclosed(draft) && draft.disclosed ? { disclosed: draft.disclosed } : {}),
    ...(draft.variety === 'plain' && takesProtection(draft) && isPrice(draft.protection) ? { protection: draft.protection } : {}),
    request_id: draft.requestId,
  };
}

const FROZEN = new Set(['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'MCX']);
const MOST_PARTS = 50;

/**
 * An order above the exchange's freeze quantity goes out in parts; null where it does not, or may not.
 * @param {Draft} draft
 * @param {Instrument | undefined} instrument
 * @returns {{ parts: number, most: number } | null}
 */
export function slicesOf(draft, instrument) {
  const { quantity } = draft;
  if (!instrument?.freeze || quantity === null || quantity <= instrument.freeze || !FROZEN.has(instrument.exchange)) return null;
  const plain = draft.variety === 'plain' && (draft.type === 'MARKET' || draft.type === 'LIMIT') && draft.validity === 'DAY' && !draft.afterMarket && !draft.disclosed && !draft.protection;
  const most = instrument.freeze - (instrument.freeze % instrument.lot);
  const parts = Math.ceil(quantity / most);
  return plain && parts <= MOST_PARTS ? { parts, most } : null;
}

/**
 * An iceberg, cover, bracket or sliced order as the server takes it.
 * @param {Draft} draft
 * @param {string} account
 * @returns {import('../../format/wire.js').ParentRequest}
 */
export function toParent(draft, account) {
  const variety = draft.variety === 'plain' ? 'slices' : draft.variety;
  return {
    account,
    kind: variety,
    key: draft.key,
    side: draft.side,
    quantity: draft.quantity ?? 0,
    product: draft.product,
    type: draft.type === 'LIMIT' ? 'LIMIT' : 'MARKET',
    ...(draft.type === 'LIMIT' ? { price: draft.price } : {}),
    ...(variety === 'iceberg' ? { slice: draft.slice ?? 0 } : variety === 'slices' ? {} : { stop: draft.stop }),
    ...(variety === 'bracket' ? { target: draft.target } : {}),
    request_id: draft.requestId,
  };
}

/** How many orders an iceberg becomes; 0 while it is not known. @param {Draft} draft */
export function partsOf(draft) {
  return draft.quantity && draft.slice ? Math.ceil(draft.quantity / draft.slice) : 0;
}

/** Whether part of the quantity may be kept out of the book. @param {Draft} draft */
export function takesDisclosed(draft) {
  return (draft.type === 'LIMIT' || draft.type === 'SL') && draft.validity === 'DAY';
}

/** Whether the order could run away from the price, so that protection means something. @param {Draft} draft */
export function takesProtection(draft) {
  return draft.type === 'MARKET' || draft.type === 'SL-M';
}

/**
 * Money the order takes from free funds now, charges included: the cost of a purchase, margin otherwise. Before the
 * server has answered it is quantity x price.
 * @param {Draft} draft
 * @param {Instrument | undefined} instrument
 * @param {import('../../format/wire.js').Preview | null} preview
 * @param {number | null} last
 * @returns {{ amount: number | null, margin: boolean }}
 */
export function amountOf(draft, instrument, preview, last) {
  const paidInFull = draft.side === 'BUY' && (instrument?.kind === 'OPTION' || draft.product === 'CNC');
  if (preview) {
    return { amount: toNumber(preview.margin_required), margin: !paidInFull };
  }
  const each = needs(draft.type).price ? toNumber(draft.price) : last;
  return { amount: draft.quantity === null || each === null ? null : decimalOf(draft.quantity, draft.unit) * each, margin: false };
}

/**
 * The price at which the order comes out even. For an option it is where the underlying must stand at expiry: strike plus or
 * minus the premium with its charges; other instruments break even at the server's figure, charges both ways.
 * @param {Draft} draft
 * @param {Instrument | undefined} instrument
 * @param {import('../../format/wire.js').Preview} preview
 * @returns {number | null}
 */
export function breakevenOf(draft, instrument, preview) {
  if (instrument?.kind !== 'OPTION') return toNumber(preview.breakeven);
  const premium = toNumber(preview.price_used);
  const strike = toNumber(instrument.strike);
  if (preview.breakeven === null || premium === null || strike === null || !draft.quantity) return null;
  const each = premium + ((draft.side === 'BUY' ? 1 : -1) * (toNumber(preview.charges.total) ?? 0)) / draft.quantity;
  return strike + (instrument.right === 'CE' ? each : -each);
}
