/**
 * The option chains read last, newest first: what is shown, greyed and with its age, while the server does not answer. Kept on
 * the device beside the rest of the last state.
 */

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('../format/wire.js').Chain} Chain */
/** @typedef {import('../format/wire.js').ChainCell} ChainCell */
/** @typedef {{ chain: Chain, at: number }} KeptChain at: wall-clock ms its figures are of */

const MOST = 3;

/** @param {Store} store @param {Chain} chain @param {number} now wall-clock ms */
export function keepChain(store, chain, now) {
  const same = (/** @type {KeptChain} */ one) => one.chain.market === chain.market && one.chain.underlying === chain.underlying && one.chain.expiry === chain.expiry;
  store.update('keptChains', (kept) => [{ chain, at: now - chain.age * 1000 }, ...kept.filter((one) => !same(one))].slice(0, MOST));
}

/**
 * The newest kept chain that answers the question.
 * @param {readonly KeptChain[]} kept
 * @param {string} market
 * @param {string} underlying key or name
 * @param {string} expiry '' = any
 * @returns {KeptChain | null}
 */
export function keptChain(kept, market, underlying, expiry) {
  return kept.find(({ chain }) => chain.market === market && (chain.underlying === underlying || chain.name === underlying) && (expiry === '' || chain.expiry === expiry)) ?? null;
}

/**
 * Prices of a kept chain as restored quotes; `seen` is the moment it was read.
 * @param {Chain} chain
 * @param {number} seen ms on the page's steady clock
 * @returns {import('./quotes.js').Quote[]}
 */
export function keptQuotes(chain, seen) {
  const value = (/** @type {string | null} */ text) => (text === null ? null : Number(text));
  return chain.rows.flatMap((row) => [row.ce, row.pe]).flatMap((cell) => (cell === null ? [] : [{
    key: cell.key, ltp: value(cell.ltp), bid: value(cell.bid), ask: value(cell.ask), bidQty: cell.bid_qty, askQty: cell.ask_qty, volume: cell.volume, oi: cell.oi,
    open: null, high: null, low: null, close: value(cell.close), marketMs: Date.parse(chain.at) || null, seen: seen - (cell.age ?? 0) * 1000, flags: 0, restored: true,
  }]));
}
