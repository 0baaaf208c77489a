"""The paths of a simulated day: NIFTY first, then everything that moves with it.

NIFTY's log return of one second is Gaussian with a volatility that is the product of: the level India VIX sets,
a day factor (AR(1) over days), the shape of the day, a slow and a fast Ornstein-Uhlenbeck term in the minute's log
volatility, a per-minute shock, and the after-effect of jumps. Jumps are rare, mostly down, spread over some seconds.
Shares are beta times NIFTY plus sector and own movements, projected so that the weighted sum of the shares *is*
NIFTY; the other indices are their member shares plus a movement of their own. India VIX answers to NIFTY's return
and has its own noise. A whole day is drawn at once from Philox keyed by (seed, day), so any second can be read
without the ones before it, and a change of scenario leaves the past of the day as it was.

The pieces of NIFTY itself are in `nifty.py`, their parameters in `tuning.py`.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import nifty, noise
from server.feeds.simulator.overlay import overlay
from server.feeds.simulator.scenario import Change
from server.feeds.simulator.tuning import DEFAULT, Tuning
from server.feeds.simulator.universe import Universe

__all__ = ("DayPath", "Opening", "day_path", "next_calm")

F8 = npt.NDArray[np.float64]
F4 = npt.NDArray[np.float32]

_STREAM_DAY: Final = 1
_STREAM_MARKET: Final = 3
_STREAM_OWN: Final = 6
_STREAM_OWN_JUMP: Final = 107
_STREAM_BASIS: Final = 8
_BLOCK: Final = 3_600


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What a day starts from: levels of the evening before."""

    ordinal: int
    vix: float
    """Log of India VIX."""
    calm: float
    """State of the AR(1) day factor."""
    gap: float | None = None
    """A gap that a scenario demands (log); None = the usual one."""


class DayPath(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that moves, second by second from the opening; index 0 is the opening itself."""

    log: F4
    """(seconds + 1, spots): log price over the evening before, the gap included."""
    prints: F4
    """(seconds + 1,): error of the index print, log."""
    vix: F8
    """(seconds + 1,): log of India VIX."""
    basis: F4
    """(seconds + 1,): slow wobble of the futures' basis, standard deviation 1."""
    activity: F8
    """(seconds + 1,): share of a usual day's trading done so far (a usual day ends at about 1)."""

    @property
    def last(self) -> int:
        """The last second there is."""
        return len(self.activity) - 1

    def done(self, second: int) -> float:
        """`activity` at a second, held at the end of the day."""
        return float(self.activity[min(second, self.last)])


def next_calm(seed: int, opening: Opening, tuning: Tuning = DEFAULT) -> float:
    """The day factor's AR(1) state for the day after."""
    shock = float(noise.philox(seed, opening.ordinal, _STREAM_DAY).standard_normal(8)[7])
    return tuning.day_rho * opening.calm + math.sqrt(1.0 - tuning.day_rho**2) * tuning.day_sd * shock


def day_path(
    universe: Universe,
    seed: int,
    opening: Opening,
    seconds: int,
    opening_minute: int = 555,
    changes: Sequence[Change] = (),
    tuning: Tuning = DEFAULT,
) -> DayPath:
    """Draw the day. `seconds` from opening to end; `opening_minute` after midnight IST."""
    day = noise.philox(seed, opening.ordinal, _STREAM_DAY).standard_normal(8)
    level = math.exp(tuning.vix_power * (opening.vix - math.log(tuning.vix_reference)))
    over = overlay(seed, opening.ordinal, seconds, changes)
    minutes = -(-seconds // 60)
    calm = opening.calm + tuning.day_own * float(day[0])
    sigma, jump_at, jump_size = nifty.minute_vol(seed, opening.ordinal, calm, minutes, opening_minute, level, tuning)
    per_second = np.repeat(sigma, 60)[:seconds] / math.sqrt(60.0) * over.vol
    draw = noise.philox(seed, opening.ordinal, _STREAM_MARKET)
    market = draw.standard_normal(seconds) * per_second
    flurry = tuning.flurry_sd * draw.standard_normal(-(-seconds // 10)) - tuning.flurry_sd**2
    market = market * np.repeat(np.exp(flurry), 10)[:seconds] + over.drift
    nifty.add_jumps(market, jump_at, jump_size, sigma, seed, opening.ordinal, over.vol, tuning)
    gap = (
        opening.gap
        if opening.gap is not None
        else tuning.gap_sd * level * day[1] * (1.8 if abs(day[2]) > 1.44 else 0.9)
    )
    lively = sigma / (tuning.minute_vol * level)
    log = _spots(universe, seed, opening, market, gap, np.repeat(lively, 60)[:seconds], over.vol)
    vix = nifty.vix(seed, opening.ordinal, opening.vix, market, gap, over.vix, day[3], tuning)
    basis = np.interp(
        np.arange(seconds + 1),
        np.arange(minutes + 1) * 60.0,
        nifty.ou(noise.philox(seed, opening.ordinal, _STREAM_BASIS), minutes + 1, 25.0, 1.0),
    )
    return DayPath(
        log=log,
        prints=nifty.print_error(seed, opening.ordinal, market, lively, tuning),
        vix=vix,
        basis=basis.astype(np.float32),
        activity=nifty.activity(lively, seconds, opening_minute, over.activity, tuning),
    )


def _spots(universe: Universe, seed: int, opening: Opening, market: F8, gap: float, calm: F8, vol: F8) -> F4:
    """Log prices of all spots; blocks of an hour keep the memory small."""
    seconds, n = len(market), len(universe.names)
    log = np.empty((seconds + 1, n), dtype=np.float32)
    draw = noise.philox(seed, opening.ordinal, _STREAM_OWN)
    factors = universe.own.shape[1]
    gap_scale = math.sqrt(22_500.0) * 0.45  # own movements overnight: 0.45 of a session's
    at = universe.beta * gap + gap_scale * (universe.own @ draw.standard_normal(factors))
    log[0] = at
    # own movements are livelier when the market is, but less so
    scale = np.sqrt(calm) * vol
    jumps = noise.philox(seed, opening.ordinal, _STREAM_OWN_JUMP)
    count = int(jumps.poisson(0.12 * len(universe.shares)))
    extra = [
        (
            int(jumps.integers(seconds)),
            5 + int(jumps.exponential(30.0)),
            int(jumps.integers(max(1, len(universe.shares)))),
            float(jumps.standard_normal()) * 0.008,
        )
        for _ in range(count)
    ]
    for start in range(0, seconds, _BLOCK):
        stop = min(start + _BLOCK, seconds)
        moves = draw.standard_normal((stop - start, factors), dtype=np.float32) @ universe.own.T.astype(np.float32)
        block = moves * scale[start:stop, None] + market[start:stop, None] * universe.beta
        for begin, length, share, size in extra:
            low, high = max(begin, start), min(begin + length, stop)
            if low < high and universe.shares:
                block[low - start : high - start] += universe.spread_jump(share) * (size / length)
        path = at + np.cumsum(block, axis=0)
        log[start + 1 : stop + 1] = path
        at = path[-1]
    return log
