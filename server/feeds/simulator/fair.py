"""Fair values of all derivatives at a moment: forwards, at-the-money volatilities, time left, prices.

One forward serves the future and the options of an expiry, so put-call parity holds exactly before quoting.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.catalogue import Listing, end_of
from server.feeds.simulator.schedule import DaySchedule, sessions_until
from server.feeds.simulator.shares import INDICES
from server.feeds.simulator.smile import atm_over_vix, price, term
from server.feeds.simulator.universe import Universe
from server.rulebook import Rulebook

__all__ = ("CARRY", "Chains", "Pricer", "pricer")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint64]

CARRY: Final = 0.055
"""Growth of the forward, a year: rate less dividends."""
_YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
_LEAST: Final = 5e-7
"""Shortest time to expiry priced, about 16 seconds."""
_NIGHT: Final = 0.26
"""Part of a day's variance that comes while the market is closed: 0.42 % against 0.71 % (FIDELITY)."""
_SESSIONS: Final = 252.0
_LATTICE_NS: Final = 300_000_000_000
_BASIS: Final = 1.2e-4
_CHAIN_SD: Final = 0.012


class Chains(msgspec.Struct, frozen=True):
    """The chains at a moment, or at many: (chains,) or (moments, chains)."""

    forward: F8
    atm: F8
    """At-the-money volatility, per year of trading time."""
    years: F8
    """Left, of calendar time."""
    stretch: F8
    """Volatility per year of calendar time over that of trading time."""


class Pricer:
    """Prices the derivative rows of one listing."""

    def __init__(
        self, listing: Listing, universe: Universe, seed: int, plan: DaySchedule, ends: I8, sessions: F8
    ) -> None:
        """For the day of `plan` and the night before it. `ends`: last trading moment of each chain, nanoseconds;
        `sessions`: how many follow this day until it expires."""
        self._listing = listing
        self.ends = ends
        self._sessions, self._open, self._length = sessions, plan.open, plan.fno_close - plan.open
        self._close = np.minimum(ends, plan.fno_close)
        self._under = listing.chain_under
        indices = len(INDICES)
        ratio = np.array([i.iv_ratio for i in INDICES])
        is_index = self._under < indices
        self._slope = np.where(is_index, ratio[np.minimum(self._under, indices - 1)], 1.1 * universe.beta[self._under])
        self._own = np.where(is_index, 0.0, 1.1 * universe.own_year[self._under])
        self._key: U8 = noise.keys(seed, (f"{name}|{expiry}" for name, expiry in listing.chains))
        self._far = np.minimum(1.0, (ends - ends.min()) / (30 * 86_400e9) + 0.15)

    def chains(self, spot: F8, vix: float | F8, now: int | I8, basis: float | F8) -> Chains:
        """All chains at `now`; `spot` are price levels of all spots.

        For many moments at once: `spot` of shape (moments, spots), the others of shape (moments, 1)."""
        years = np.maximum((self.ends - now) / _YEAR_NS, _LEAST)
        trading = self._trading_years(now)
        forward = spot[..., self._under] * np.exp(CARRY * years + _BASIS * basis * self._far)
        nifty = vix / 100.0 * atm_over_vix()
        # each expiry's volatility has a small life of its own: a line between random knots five minutes apart
        knot, share = np.atleast_1d(now // _LATTICE_NS).astype(np.uint64), (now % _LATTICE_NS) / _LATTICE_NS
        left, right = noise.normal(self._key, knot, 41), noise.normal(self._key, knot + np.uint64(1), 41)
        wander = left + (right - left) * share
        atm = np.sqrt((nifty * self._slope) ** 2 + self._own**2) * term(trading) * np.exp(_CHAIN_SD * wander)
        return Chains(forward, atm, years, np.sqrt(trading / years))

    def values(self, rows: I8, chains: Chains) -> F8:
        """Fair price of some derivative rows (0 = the first derivative): the forward itself for futures. With
        `chains` of many moments: (moments, rows)."""
        chain = self._listing.chain[rows]
        out: F8 = chains.forward[..., chain]
        option = self._listing.option[rows]
        picked, of = rows[option], chain[option]
        strike, call = self._listing.strike[picked], self._listing.call[picked]
        atm = (chains.atm * chains.stretch)[..., of]
        out[..., option] = price(chains.forward[..., of], strike, chains.years[..., of], atm, call)
        return out

    def moneyness(self, chains: Chains) -> F8:
        """Signed moneyness of options (+ out of the money) on NIFTY's scale of volatility; NaN for futures.
        Many moments at once: (moments, rows)."""
        chain = self._listing.chain
        log = np.log(self._listing.strike / chains.forward[..., chain])
        signed: F8 = np.where(self._listing.call, log, -log)
        # NIFTY's own moneyness is left as it is in quiet markets and shrinks when volatility is high
        return signed * (0.115 / np.maximum(chains.atm, 0.08)[..., chain])

    def _trading_years(self, now: int | I8) -> F8:
        """Time left in sessions, as a part of a year's: what is left of this one, the nights, the sessions to come."""
        today = np.clip((self._close - now) / self._length, 0.0, 1.0)
        # before the opening the night before is still to come
        night = np.where(now < self._open, _NIGHT, 0.0)
        left: F8 = np.maximum(((1.0 - _NIGHT) * today + night + self._sessions) / _SESSIONS, _LEAST)
        return left


def pricer(rulebook: Rulebook, universe: Universe, seed: int, listing: Listing, plan: DaySchedule) -> Pricer:
    """The pricer of a listing on the day of `plan`."""
    ends = np.array([end_of(rulebook, i) for i in listing.contracts], dtype=np.int64)
    sessions = sessions_until(rulebook, plan.day, [expiry for _, expiry in listing.chains])
    return Pricer(listing, universe, seed, plan, ends, np.array(sessions))
