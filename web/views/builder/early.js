/** What the newest legs are worth by what is known here already: the last answer and the chain. The server's answer follows. */

import { middle } from '../shared/listing.js';

/** @typedef {import('../../payoff/types.js').PayoffLeg} PayoffLeg */
/** @typedef {import('../../payoff/types.js').Setting} Setting */

/**
 * @param {readonly import('../../store/tray.js').TrayLeg[]} legs
 * @param {import('../../format/strategies.js').PayoffTold | null} told the last answer, of other legs perhaps
 * @param {Setting} setting the market it was valued in
 * @param {ReturnType<typeof import('../shared/listing.js').createListing>} listing
 * @param {{ place: (key: string) => import('../shared/legmoves.js').Place | null, lotOf: (key: string) => number }} find
 * @returns {{ legs: PayoffLeg[], setting: Setting } | null} null: something is not known, the answer must be waited for
 */
export function earlyBook(legs, told, setting, listing, { place, lotOf }) {
  const terms = { ...setting.terms };
  /** @type {PayoffLeg[]} */
  const out = [];
  for (const leg of legs) {
    const known = told?.legs.find((one) => one.key === leg.key);
    const at = place(leg.key);
    const cell = at && listing.cell(at.expiry, at.strike, at.right);
    if (at && !terms[at.expiry]) {
      const summary = listing.chain(at.expiry)?.summary;
      if (!summary || summary.years === null || summary.forward === null) return null;
      terms[at.expiry] = { years: summary.years, forward: summary.forward, rate: Object.values(setting.terms)[0]?.rate ?? 0 };
    }
    const price = leg.price !== null ? Number(leg.price) : known ? Number(known.price) : cell ? middle(cell) : null;
    const sigma = known?.iv ?? cell?.iv ?? null;
    if (price === null || (at ? sigma === null : !known)) return null;
    out.push({ key: leg.key, kind: known?.kind ?? 'OPTION', units: (leg.side === 'BUY' ? 1 : -1) * leg.lots * lotOf(leg.key), price, strike: at?.strike ?? 0, call: at?.right === 'CE', expiry: at?.expiry ?? known?.expiry ?? '', sigma: sigma ?? 0 });
  }
  return { legs: out, setting: { ...setting, terms } };
}
