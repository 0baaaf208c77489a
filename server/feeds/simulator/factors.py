"""The paths of a simulated day: NIFTY first, then everything that moves with it.

NIFTY's log return of one second is Gaussian with a volatility that is the product of: the level India VIX sets,
a day factor (AR(1) over days), the shape of the day, a slow and a fast Ornstein-Uhlenbeck term in the minute's log
volatility, a per-minute shock, and the after-effect of jumps. Jumps are rare, mostly down, spread over some seconds.
Shares are beta times NIFTY plus sector and own movements, projected so that the weighted sum of the shares *is*
NIFTY; the other indices are their member shares plus a movement of their own. India VIX answers to NIFTY's return
and has its own noise. A whole day is drawn at once from Philox keyed by (seed, day), so any second can be read
without the ones before it, and a change of scenario leaves the past of the day as it was.

Parameters were fitted to the one-minute statistics of FIDELITY (NIFTY, Jan-Apr 2024); see decisions/0004.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.scenario import SCENARIOS, Change
from server.feeds.simulator.shares import INDICES, SHARES

__all__ = ("DEFAULT", "DayPath", "Opening", "Tuning", "Universe", "day_path", "next_calm", "shape_at")

F8 = npt.NDArray[np.float64]
F4 = npt.NDArray[np.float32]

_STREAM_DAY: Final = 1
_STREAM_MINUTE: Final = 2
_STREAM_MARKET: Final = 3
_STREAM_PRINT: Final = 4
_STREAM_VIX: Final = 5
_STREAM_OWN: Final = 6
_STREAM_JUMP: Final = 7
_STREAM_BASIS: Final = 8
_BLOCK: Final = 3_600
_YEAR_SECONDS: Final = 252 * 22_500

# mean one-minute volatility of each quarter of an hour from 09:15 over the day's mean (FIDELITY), smoothed a little
_QUARTERS: Final = (
    1.53,
    1.38,
    1.26,
    1.21,
    1.05,
    1.0,
    1.0,
    0.98,
    0.83,
    0.95,
    0.74,
    0.81,
    0.88,
    0.9,
    0.8,
    0.79,
    1.01,
    0.98,
)
_QUARTERS_LATE: Final = (0.87, 0.9, 0.93, 1.0, 0.99, 1.35, 0.87)


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the NIFTY path; log volatilities are in natural logs, times in minutes unless said."""

    minute_vol: float = 2.55e-4
    """Median one-minute log return volatility at the reference VIX, before the other factors."""
    vix_reference: float = 13.9
    vix_power: float = 0.7
    day_sd: float = 0.21
    day_rho: float = 0.5
    day_own: float = 0.18
    slow_sd: float = 0.28
    slow_tau: float = 52.0
    fast_sd: float = 0.24
    fast_tau: float = 1.86
    shock_sd: float = 0.113
    jumps: float = 0.42
    """Expected a day."""
    jump_size: float = 5.28
    """In volatilities of the minute, mean."""
    jump_down: float = 0.75
    jump_seconds: float = 20.0
    burst: float = 0.164
    """Log volatility added after a jump of one minute's volatility, fading with `burst_tau`."""
    burst_tau: float = 8.0
    print_sd: float = 1.55e-5
    """Log error of one index print: members print at different moments and at either side of their spread."""
    print_slow_sd: float = 1.49e-5
    print_tau: float = 33.0
    """Seconds."""
    print_power: float = 0.1
    print_day_sd: float = 0.38
    """Some days and some hours have noisier prints than others (logs)."""
    print_hour_sd: float = 0.38
    print_hour_tau: float = 87.0
    print_lag: float = 0.305
    """Part of each second's move that reaches the index only later: members that have not traded yet."""
    smooth: float = 0.2
    opening: float = 1.08
    """Shape of the day at the very opening."""
    gap_sd: float = 0.0038
    vix_beta: float = 3.4
    """Fall of log VIX for a log return of NIFTY."""
    vix_day_sd: float = 0.033
    vix_night_sd: float = 0.025
    vix_mean: float = 2.70
    """Log of the level VIX returns to (its median since 2015 is 15.7; weighed towards the calm years)."""
    vix_rho: float = 0.982


DEFAULT: Final = Tuning()


class Universe:
    """Loadings of all spots on the factors. Spots: the indices of `INDICES`, then `names` (shares)."""

    def __init__(self, names: Sequence[str]) -> None:
        facts = [s for s in SHARES if s.symbol in set(names)]
        self.shares = tuple(s.symbol for s in facts)
        self.names = tuple(i.name for i in INDICES) + self.shares
        weight = np.array([s.weight for s in facts])
        weight /= weight.sum()
        beta = np.array([s.beta for s in facts])
        beta /= weight @ beta  # the shares' weighted beta is that of the index: 1
        sectors = sorted({s.sector for s in facts})
        n, k = len(facts), len(sectors)
        own = np.array([s.own_vol for s in facts]) / 100.0
        raw = np.zeros((n, k + n + len(INDICES)))
        for i, share in enumerate(facts):
            # a third of the variance that beta leaves is the sector's
            raw[i, sectors.index(share.sector)] = own[i] * math.sqrt(0.33)
            raw[i, k + i] = own[i] * math.sqrt(0.67)
        self.projection: F8 = np.eye(n) - np.outer(beta, weight)
        """Takes out of the shares' own movements what would move the index."""
        loads = self.projection @ raw
        rows, betas = [], []
        for number, index in enumerate(INDICES):
            member = np.array([index.members.get(s, 0.0) for s in self.shares])
            row = member @ loads
            row[k + n + number] += index.own_vol / 100.0
            rows.append(row)
            betas.append(float(member @ beta) + index.beta * (1.0 - float(member.sum())))
        self.beta: F8 = np.concatenate([np.array(betas), beta])
        self.own: F8 = np.vstack([np.array(rows), loads]) / math.sqrt(_YEAR_SECONDS)
        """Loadings on the residual factors, log return of one mean second."""
        self.own_year: F8 = np.sqrt((self.own**2).sum(axis=1) * _YEAR_SECONDS)
        self.weight: F8 = weight
        self.members: F8 = np.array([[i.members.get(s, 0.0) for s in self.shares] for i in INDICES]).reshape(-1, n)

    def spread_jump(self, share: int) -> F8:
        """What a log jump of 1 in one share's own movement does to every spot."""
        column = self.projection[:, share]
        return np.concatenate([self.members @ column, column])


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


@lru_cache(maxsize=16)
def _ou_matrix(n: int, tau: float) -> F8:
    """Lower triangle of powers: turns unit shocks into an Ornstein-Uhlenbeck path (to be scaled)."""
    lag = np.arange(n)[:, None] - np.arange(n)[None, :]
    matrix: F8 = np.where(lag >= 0, np.exp(-np.maximum(lag, 0) / tau), 0.0)
    return matrix


def _ou(draw: np.random.Generator, n: int, tau: float, sd: float) -> F8:
    """Stationary Ornstein-Uhlenbeck path of `n` steps."""
    rho = math.exp(-1.0 / tau)
    shocks = draw.standard_normal(n) * math.sqrt(1.0 - rho * rho)
    shocks[0] = draw.standard_normal()
    path: F8 = sd * (_ou_matrix(n, tau) @ shocks)
    return path


def shape_at(minute: F8, tuning: Tuning = DEFAULT) -> F8:
    """Volatility of the minutes (after midnight IST) over the day's mean."""
    knots = np.array(_QUARTERS + _QUARTERS_LATE)
    wide = np.concatenate([knots[:1], knots, knots[-1:]])
    soft = 0.25 * wide[:-2] + 0.5 * wide[1:-1] + 0.25 * wide[2:]
    knots = knots * (1.0 - tuning.smooth) + soft * tuning.smooth
    at = 555.0 + np.concatenate([[0.0], np.arange(25) * 15 + 7.5, [375.0]])
    shaped: F8 = np.interp(minute + 0.5, at, np.concatenate([[tuning.opening * knots[0]], knots, [0.9]]))
    return shaped


def next_calm(seed: int, opening: Opening, tuning: Tuning = DEFAULT) -> float:
    """The day factor's AR(1) state for the day after."""
    shock = float(noise.philox(seed, opening.ordinal, _STREAM_DAY).standard_normal(8)[7])
    return tuning.day_rho * opening.calm + math.sqrt(1.0 - tuning.day_rho**2) * tuning.day_sd * shock


class _Overlay(msgspec.Struct):
    """What scenarios do to each second: multiplier of volatility, log return added, log VIX added, activity."""

    vol: F8
    drift: F8
    vix: F8
    activity: F8


def _overlay(seed: int, ordinal: int, seconds: int, changes: Sequence[Change]) -> _Overlay:
    out = _Overlay(np.ones(seconds), np.zeros(seconds), np.zeros(seconds), np.ones(seconds))
    previous = 1.0
    for number, change in enumerate(changes):
        until = changes[number + 1].second if number + 1 < len(changes) else seconds
        first = max(0, change.second)
        if first >= seconds:
            break
        s = SCENARIOS[change.scenario]
        t = np.arange(seconds - first, dtype=np.float64)
        sign = 1.0 if noise.key(seed, f"trend:{ordinal}:{change.second}") & 1 else -1.0
        window = slice(first, max(first, min(until, seconds)))
        length = window.stop - window.start
        fading = np.exp(-t / s.fade)
        out.vol[window] = (change.volatility * s.vol * (1.0 + s.burst * fading))[:length]
        if s.late:
            out.vol[max(first, seconds - 4500) : window.stop] *= 1.0 + s.late
        rate = np.full_like(t, sign * s.move / 22_500.0) if s.steady else s.move * fading / s.fade
        out.drift[window] += rate[:length]
        # implied volatility follows a change of the multiplier within about ten minutes, and stays
        shift = 0.6 * math.log(change.volatility / previous)
        out.vix[first:] += shift * np.exp(-t / 600.0) / 600.0
        out.vix[window] += (s.vix * fading / s.fade)[:length]
        out.activity[window] = s.activity * change.volatility**0.5
        previous = change.volatility
    return out


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
    over = _overlay(seed, opening.ordinal, seconds, changes)
    minutes = -(-seconds // 60)
    sigma, jump_at, jump_size = _minute_vol(seed, opening, minutes, opening_minute, level, day[0], tuning)
    per_second = np.repeat(sigma, 60)[:seconds] / math.sqrt(60.0) * over.vol
    market = noise.philox(seed, opening.ordinal, _STREAM_MARKET).standard_normal(seconds) * per_second + over.drift
    _add_jumps(market, jump_at, jump_size, sigma, seed, opening.ordinal, over.vol, tuning)
    usual = tuning.minute_vol * level
    gap = (
        opening.gap
        if opening.gap is not None
        else tuning.gap_sd * level * day[1] * (1.8 if abs(day[2]) > 1.44 else 0.9)
    )
    log = _spots(universe, seed, opening, market, gap, np.repeat(sigma, 60)[:seconds] / usual, over.vol, day[2])
    vix = _vix(seed, opening, market, gap, over.vix, day[3], tuning)
    basis = np.interp(
        np.arange(seconds + 1),
        np.arange(minutes + 1) * 60.0,
        _ou(noise.philox(seed, opening.ordinal, _STREAM_BASIS), minutes + 1, 25.0, 1.0),
    )
    return DayPath(
        log=log,
        prints=_print_error(seed, opening.ordinal, market, sigma / usual, tuning),
        vix=vix,
        basis=basis.astype(np.float32),
        activity=_activity(sigma / usual, seconds, opening_minute, over.activity, tuning),
    )


def _minute_vol(
    seed: int, opening: Opening, n: int, opening_minute: int, level: float, day: float, tuning: Tuning
) -> tuple[F8, npt.NDArray[np.int64], F8]:
    """Volatility of each minute, the minutes with a jump, their sizes in that volatility."""
    draw = noise.philox(seed, opening.ordinal, _STREAM_MINUTE)
    slow = _ou(draw, n, tuning.slow_tau, tuning.slow_sd)
    fast = _ou(draw, n, tuning.fast_tau, tuning.fast_sd)
    shock = draw.standard_normal(n) * tuning.shock_sd
    jumps = draw.random(n) < tuning.jumps / 375.0
    sizes = jumps * draw.gamma(2.0, 0.5, n) * tuning.jump_size
    after = _ou_matrix(n, tuning.burst_tau) @ (sizes * tuning.burst)
    after = np.concatenate([[0.0], after[:-1]])
    state = np.minimum(slow + fast + shock + after, 2.2) + opening.calm + tuning.day_own * day
    minute = opening_minute + np.arange(n, dtype=np.float64)
    sigma: F8 = tuning.minute_vol * level * shape_at(minute, tuning) * np.exp(state)
    at = np.flatnonzero(jumps)
    return sigma, at, sizes[at]


def _add_jumps(
    market: F8, at: npt.NDArray[np.int64], size: F8, sigma: F8, seed: int, ordinal: int, vol: F8, tuning: Tuning
) -> None:
    draw = noise.philox(seed, ordinal, _STREAM_JUMP)
    for minute, scale in zip(at.tolist(), size.tolist(), strict=True):
        start = minute * 60 + int(draw.integers(60))
        length = 1 + int(draw.exponential(tuning.jump_seconds))
        sign = -1.0 if draw.random() < tuning.jump_down else 1.0
        stretch = slice(start, start + length)
        market[stretch] += sign * scale * sigma[minute] / length * vol[stretch]


def _spots(
    universe: Universe, seed: int, opening: Opening, market: F8, gap: float, calm: F8, vol: F8, night: float
) -> F4:
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
    jumps = noise.philox(seed, opening.ordinal, _STREAM_JUMP + 100)
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


def _vix(seed: int, opening: Opening, market: F8, gap: float, extra: F8, night: float, tuning: Tuning) -> F8:
    """Log of India VIX: mean reversion and noise overnight; by day it answers NIFTY and wanders."""
    seconds = len(market)
    start = tuning.vix_mean + tuning.vix_rho * (opening.vix - tuning.vix_mean)
    start += tuning.vix_night_sd * night - tuning.vix_beta * gap
    wander = noise.philox(seed, opening.ordinal, _STREAM_VIX).standard_normal(seconds)
    steps = wander * (tuning.vix_day_sd / math.sqrt(22_500.0)) - tuning.vix_beta * market + extra
    path = np.concatenate([[start], start + np.cumsum(steps)])
    bounded: F8 = np.clip(path, math.log(8.0), math.log(90.0))
    return bounded


def _print_error(seed: int, ordinal: int, market: F8, calm: F8, tuning: Tuning) -> F4:
    """Log of the index print over the true level: noise, livelier in some hours than others, and a short lag."""
    draw, seconds = noise.philox(seed, ordinal, _STREAM_PRINT), len(market)
    rho = math.exp(-1.0 / tuning.print_tau)
    kernel = tuning.print_slow_sd * math.sqrt(1.0 - rho * rho) * rho ** np.arange(int(5 * tuning.print_tau))
    skip = len(kernel)
    slow = np.convolve(draw.standard_normal(seconds + 1 + skip), kernel)[skip : skip + seconds + 1]
    error = slow + tuning.print_sd * draw.standard_normal(seconds + 1)
    day = tuning.print_day_sd * float(draw.standard_normal())
    lively = day + _ou(draw, len(calm), tuning.print_hour_tau, tuning.print_hour_sd)
    scale: F8 = np.repeat(np.exp(lively) * calm**tuning.print_power, 60)
    late = tuning.print_lag ** np.arange(1, 13)
    lag = np.concatenate([[0.0], np.convolve(market, late)[:seconds]])
    prints: F4 = (error * np.concatenate([scale, scale[-1:]])[: seconds + 1] - lag).astype(np.float32)
    return prints


def _activity(calm: F8, seconds: int, opening_minute: int, extra: F8, tuning: Tuning) -> F8:
    """Trading so far: livelier minutes trade more; the last half hour and the first are the busiest."""
    n = len(calm)
    minute = opening_minute + np.arange(n, dtype=np.float64)
    late = 1.0 + 0.9 * np.exp(-np.maximum(0.0, 925.0 - minute) / 14.0)
    rate = np.repeat(np.sqrt(calm) * np.sqrt(shape_at(minute, tuning)) * late, 60)[:seconds] * extra
    usual = 22_500.0 * 1.09  # the mean of the weights above over a session
    done: F8 = np.concatenate([[0.0], np.cumsum(rate) / usual])
    return done
