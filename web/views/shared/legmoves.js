/** Legs moved along the chain: all by a strike, one to another strike, right or expiry. What the chain does not have is said. */

import { t } from '../../format/i18n.js';
import { merged, moved } from './legs.js';
import { nearest, nextStrike } from './listing.js';

/** @typedef {import('../../store/tray.js').TrayLeg} TrayLeg */
/** @typedef {{ expiry: string, strike: number, right: 'CE' | 'PE' }} Place */

/**
 * @param {ReturnType<typeof import('./listing.js').createListing>} listing
 * @param {{ underlying: () => string, legs: () => readonly TrayLeg[], put: (next: readonly TrayLeg[]) => void, place: (key: string) => Place | null, own: (change: () => void) => void, say: (text: string) => void }} holder
 *   own: a change by hand, after which the legs are no longer just a template's
 */
export function createMoves(listing, { underlying, legs, put, place, own, say }) {
  /** @param {string} key @param {string} to */
  const swap = (key, to) => own(() => put(moved(legs(), key, to)));

  /** @param {string} key @param {number} strike */
  function toStrike(key, strike) {
    const at = place(key);
    const cell = at && listing.cell(at.expiry, strike, at.right);
    if (at && cell && strike !== at.strike) swap(key, cell.key);
  }

  return {
    toStrike,
    /** All strikes by one listed strike. @param {1 | -1} way */
    shift(way) {
      let ended = false;
      const next = legs().map((leg) => {
        const at = place(leg.key);
        if (at === null) return leg;
        const to = nextStrike(listing.strikes(at.expiry, at.right), at.strike, way);
        const cell = listing.cell(at.expiry, to, at.right);
        if (to === at.strike || cell === null) ended = true;
        return cell === null ? leg : { ...leg, key: cell.key, price: null };
      });
      if (ended) say(t('builder.noStrike'));
      else put(merged(next));
    },
    /** @param {string} key @param {1 | -1} way */
    moveStrike(key, way) {
      const at = place(key);
      if (at) toStrike(key, nextStrike(listing.strikes(at.expiry, at.right), at.strike, way));
    },
    /** A call becomes a put and the other way round. @param {string} key */
    turnRight(key) {
      const at = place(key);
      const cell = at && listing.cell(at.expiry, at.strike, at.right === 'CE' ? 'PE' : 'CE');
      if (cell) swap(key, cell.key);
      else say(t('builder.noContract'));
    },
    /** @param {string} key @param {string} date */
    async moveExpiry(key, date) {
      const at = place(key);
      if (!at) return;
      if (!listing.chain(date)) await listing.use(underlying(), date);
      const cell = listing.cell(date, nearest(listing.strikes(date, at.right), at.strike), at.right);
      if (cell) swap(key, cell.key);
      else say(t('builder.noContract'));
    },
    /** All legs of one expiry to another. @param {string} from @param {string} to */
    async roll(from, to) {
      if (!listing.chain(to)) await listing.use(underlying(), to);
      let missing = false;
      const next = legs().map((leg) => {
        const at = place(leg.key);
        if (at === null || at.expiry !== from) return leg;
        const cell = listing.cell(to, nearest(listing.strikes(to, at.right), at.strike), at.right);
        if (cell === null) missing = true;
        return cell === null ? leg : { ...leg, key: cell.key, price: null };
      });
      if (missing) say(t('builder.noContract'));
      else put(merged(next));
    },
  };
}
