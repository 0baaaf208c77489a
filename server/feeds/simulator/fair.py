"""Fair values of all derivatives at a moment: forwards, at-the-money volatilities, prices.

One forward serves the future and the options of an expiry, so put-call parity holds exactly before quoting.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.catalogue import Listing
from server.feeds.simulator.shares import INDICES
from server.feeds.simulator.smile import atm_over_vix, price, term
from server.feeds.simulator.universe import Universe

__all__ = ("CARRY", "Pricer")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint64]

CARRY: Final = 0.055
"""Growth of the forward, a year: rate less dividends."""
_YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
_LEAST: Final = 5e-7
"""Shortest time to expiry priced, about 16 seconds."""
_LATTICE: Final = 300
_BASIS: Final = 1.2e-4
_CHAIN_SD: Final = 0.012


class Pricer:
    """Prices the derivative rows of one listing."""

    def __init__(self, listing: Listing, universe: Universe, seed: int, ends: I8) -> None:
        """`ends`: last trading moment of each chain, nanoseconds."""
        self._listing = listing
        self.ends = ends
        self._under = listing.chain_under
        indices = len(INDICES)
        ratio = np.array([i.iv_ratio for i in INDICES])
        is_index = self._under < indices
        self._slope = np.where(is_index, ratio[np.minimum(self._under, indices - 1)], 1.1 * universe.beta[self._under])
        self._own = np.where(is_index, 0.0, 1.1 * universe.own_year[self._under])
        self._key: U8 = noise.keys(seed, (f"{name}|{expiry}" for name, expiry in listing.chains))
        self._far = np.minimum(1.0, (ends - ends.min()) / (30 * 86_400e9) + 0.15)

    def years(self, now: int) -> F8:
        """Calendar time to each chain's end, at least some seconds."""
        left: F8 = np.maximum((self.ends - now) / _YEAR_NS, _LEAST)
        return left

    def chains(self, spot: F8, vix: float, now: int, second: int, basis: float) -> tuple[F8, F8, F8]:
        """(forward, at-the-money volatility, years) of each chain; `spot` are price levels of all spots."""
        years = self.years(now)
        forward = spot[self._under] * np.exp(CARRY * years + _BASIS * basis * self._far)
        nifty = vix / 100.0 * atm_over_vix()
        # each expiry's volatility has a small life of its own: a line between random knots five minutes apart
        knot, share = divmod(second, _LATTICE)
        left, right = noise.normal(self._key, knot, 41), noise.normal(self._key, knot + 1, 41)
        wander = left + (right - left) * (share / _LATTICE)
        atm = np.sqrt((nifty * self._slope) ** 2 + self._own**2) * term(years) * np.exp(_CHAIN_SD * wander)
        return forward, atm, years

    def values(self, rows: I8, chains: tuple[F8, F8, F8]) -> F8:
        """Fair price of some derivative rows (0 = the first derivative): the forward itself for futures."""
        forward, atm, years = chains
        chain = self._listing.chain[rows]
        out = forward[chain]
        option = self._listing.option[rows]
        picked, of = rows[option], chain[option]
        out[option] = price(forward[of], self._listing.strike[picked], years[of], atm[of], self._listing.call[picked])
        return out

    def moneyness(self, forward: F8, atm: F8) -> F8:
        """Signed moneyness of options (+ out of the money) on NIFTY's scale of volatility; NaN for futures."""
        chain = self._listing.chain
        log = np.log(self._listing.strike / forward[chain])
        signed: F8 = np.where(self._listing.call, log, -log)
        return signed * (0.115 / self._volatility(atm)[chain])

    def _volatility(self, atm: F8) -> F8:
        # NIFTY's own moneyness is left as it is in quiet markets and shrinks when volatility is high
        return np.maximum(atm, 0.08)
