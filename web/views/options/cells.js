/** What each cell of the chain says: texts and tones of one contract's figures. Unknown is a dash, stale is greyed. */

import { age } from '../../format/dates.js';
import { t } from '../../format/i18n.js';
import { compact, DASH, number, percent, price, signed } from '../../format/numbers.js';
import { freshness } from '../../store/freshness.js';

/** @typedef {import('./model.js').ChainModel} ChainModel */
/** @typedef {import('./model.js').Side} Side */
/** @typedef {import('../../widgets/grid-paint.js').GridCell} GridCell */
/** @typedef {import('../../store/quotes.js').Quote} Quote */
/** @typedef {import('../../store/freshness.js').Level} Level */

const BUILD = Object.freeze(/** @type {Record<string, import('../../widgets/grid-paint.js').Tone>} */ ({ long: 'up', covering: 'up', short: 'down', unwinding: 'down' }));
/** Which way the price went, beside the words. */
const ARROW = Object.freeze(/** @type {Record<string, string>} */ ({ long: '\u25b2', covering: '\u25b3', short: '\u25bc', unwinding: '\u25bd' }));

/**
 * @typedef {object} CellContext what is the same for all cells of a pass
 * @property {ChainModel} model
 * @property {import('../../store/store.js').Store} store
 * @property {import('../../store/state.js').MarketNow | undefined} market
 * @property {string} tick
 * @property {boolean} figuresOld whether IV and Greeks are older than may be believed
 */

/**
 * @param {CellContext} context
 * @param {string} part
 * @param {number} row
 * @param {Side} side
 * @param {GridCell} cell
 */
export function fillCell(context, part, row, side, cell) {
  const { model, store } = context;
  const key = model.keyAt(row, side);
  if (model.inTheMoney(row, side)) cell.back = 'in';
  if (key === '') {
    cell.text = '';
    return;
  }
  const quote = store.quotes.get(key);
  const fresh = freshness(quote, store.state, context.market, store.now());
  const old = fresh.level === 'stale';
  switch (part) {
    case 'ltp':
      cell.text = quote?.ltp == null ? DASH : price(quote.ltp, context.tick);
      cell.strong = !old;
      cell.sub = old || fresh.level === 'ageing' ? age(fresh.age) : ivText(model, row, side);
      cell.subTone = fresh.level === 'ageing' ? 'warn' : 'muted';
      break;
    case 'bid':
      side_(cell, quote?.bid, quote?.bidQty, context.tick);
      break;
    case 'ask':
      side_(cell, quote?.ask, quote?.askQty, context.tick);
      break;
    case 'change': {
      const moved = quote && quote.ltp !== null && quote.close ? ((quote.ltp - quote.close) / quote.close) * 100 : null;
      cell.text = percent(moved, 1);
      if (moved !== null && !old) cell.tone = moved > 0.04 ? 'up' : moved < -0.04 ? 'down' : '';
      break;
    }
    case 'oi':
      cell.text = quote?.oi == null ? DASH : compact(quote.oi);
      cell.sub = oiPercent(model.value(row, side, 'oi_change'), quote?.oi ?? null);
      break;
    case 'oichange': {
      const change = model.value(row, side, 'oi_change');
      cell.text = change === null ? DASH : change > 0 ? `+${compact(change)}` : compact(change);
      cell.sub = oiPercent(change, quote?.oi ?? null);
      break;
    }
    case 'volume':
      cell.text = quote?.volume == null ? DASH : compact(quote.volume);
      break;
    case 'build': {
      const word = model.sides[side].buildUp[row] ?? 'none';
      cell.text = ARROW[word] ? `${ARROW[word]} ${t(`build.${word}`)}` : DASH;
      cell.tone = BUILD[word] ?? 'muted';
      break;
    }
    default:
      figure(context, part, row, side, cell);
      return;
  }
  if (old) cell.tone = 'muted';
}

/**
 * A figure of the analytics: IV and Greeks.
 * @param {CellContext} context @param {string} part @param {number} row @param {Side} side @param {GridCell} cell
 */
function figure({ model, figuresOld }, part, row, side, cell) {
  const value = model.value(row, side, /** @type {import('./model.js').Field} */ (part));
  if (part === 'iv') cell.text = value === null ? DASH : number(value * 100, 1);
  else if (part === 'delta') cell.text = signed(value, 2);
  else if (part === 'gamma') cell.text = number(value, 4);
  else cell.text = signed(value, 1);
  if (figuresOld) cell.tone = 'muted';
}

/** @param {ChainModel} model @param {number} row @param {Side} side */
function ivText(model, row, side) {
  const iv = model.value(row, side, 'iv');
  return iv === null ? '' : t('chain.ivOf', { iv: number(iv * 100, 1) });
}

/** @param {GridCell} cell @param {number | null | undefined} value @param {number | null | undefined} units @param {string} tick */
function side_(cell, value, units, tick) {
  cell.text = value == null ? DASH : price(value, tick);
  cell.sub = value == null || units == null ? '' : compact(units);
}

/** Change of open interest as a share of what it was. @param {number | null} change @param {number | null} oi */
function oiPercent(change, oi) {
  if (change === null || oi === null || oi - change <= 0) return '';
  return percent((change / (oi - change)) * 100, 0);
}

/**
 * The part of an open-interest bar that falls into one cell. The bar grows from the strike outwards over all cells of its side.
 * @param {number} share 0..1 of the side's width
 * @param {number} near cells between this one and the strike
 * @param {number} count cells of the side
 */
export function barShare(share, near, count) {
  return Math.max(0, Math.min(1, share * count - near));
}
