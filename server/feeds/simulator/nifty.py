"""The parts of a day's NIFTY: volatility of its minutes, jumps, error of the prints, India VIX, trading activity."""

import math
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.tuning import DEFAULT, Tuning

__all__ = ("activity", "add_jumps", "minute_vol", "ou", "print_error", "shape_at", "vix")

F8 = npt.NDArray[np.float64]
F4 = npt.NDArray[np.float32]
I8 = npt.NDArray[np.int64]

_STREAM_MINUTE: Final = 2
_STREAM_PRINT: Final = 4
_STREAM_VIX: Final = 5
_STREAM_JUMP: Final = 7

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


_OU_BLOCK: Final = 64


@lru_cache(maxsize=16)
def _ou_matrix(n: int, tau: float) -> F8:
    """Lower triangle of powers: turns unit shocks into an Ornstein-Uhlenbeck path (to be scaled)."""
    lag = np.arange(n)[:, None] - np.arange(n)[None, :]
    matrix: F8 = np.where(lag >= 0, np.exp(-np.maximum(lag, 0) / tau), 0.0)
    return matrix


def ou(draw: np.random.Generator, n: int, tau: float, sd: float) -> F8:
    """Stationary Ornstein-Uhlenbeck path of `n` steps."""
    rho = math.exp(-1.0 / tau)
    shocks = draw.standard_normal(n) * math.sqrt(1.0 - rho * rho)
    shocks[0] = draw.standard_normal()
    matrix, decay = _ou_matrix(_OU_BLOCK, tau), np.exp(-np.arange(1, _OU_BLOCK + 1) / tau)
    path = np.empty(n)
    last = 0.0
    for start in range(0, n, _OU_BLOCK):
        piece = shocks[start : start + _OU_BLOCK]
        size = len(piece)
        path[start : start + size] = matrix[:size, :size] @ piece + last * decay[:size]
        last = path[start + size - 1]
    return sd * path


def shape_at(minute: F8, tuning: Tuning = DEFAULT) -> F8:
    """Volatility of the minutes (after midnight IST) over the day's mean."""
    knots = np.array(_QUARTERS + _QUARTERS_LATE)
    wide = np.concatenate([knots[:1], knots, knots[-1:]])
    soft = 0.25 * wide[:-2] + 0.5 * wide[1:-1] + 0.25 * wide[2:]
    knots = knots * (1.0 - tuning.smooth) + soft * tuning.smooth
    at = 555.0 + np.concatenate([[0.0], np.arange(25) * 15 + 7.5, [375.0]])
    shaped: F8 = np.interp(minute + 0.5, at, np.concatenate([[tuning.opening * knots[0]], knots, [0.9]]))
    return shaped


def minute_vol(
    seed: int, ordinal: int, calm: float, n: int, opening_minute: int, level: float, tuning: Tuning
) -> tuple[F8, I8, F8]:
    """Volatility of each minute, the minutes with a jump, their sizes in that volatility.

    `calm`: log of the day's factor; `level`: the factor that India VIX makes."""
    draw = noise.philox(seed, ordinal, _STREAM_MINUTE)
    slow = ou(draw, n, tuning.slow_tau, tuning.slow_sd)
    fast = ou(draw, n, tuning.fast_tau, tuning.fast_sd)
    shock = draw.standard_normal(n) * tuning.shock_sd
    jumps = draw.random(n) < tuning.jumps / 375.0
    sizes = jumps * draw.gamma(2.0, 0.5, n) * tuning.jump_size
    after = _ou_matrix(n, tuning.burst_tau) @ (sizes * tuning.burst)
    after = np.concatenate([[0.0], after[:-1]])
    state = np.minimum(slow + fast + shock + after, 2.2) + calm
    minute = opening_minute + np.arange(n, dtype=np.float64)
    sigma: F8 = tuning.minute_vol * level * shape_at(minute, tuning) * np.exp(state)
    at = np.flatnonzero(jumps)
    return sigma, at, sizes[at]


def add_jumps(market: F8, at: I8, size: F8, sigma: F8, seed: int, ordinal: int, vol: F8, tuning: Tuning) -> None:
    """Add the jumps of the minutes `at` to the seconds of `market`, in place."""
    draw = noise.philox(seed, ordinal, _STREAM_JUMP)
    for minute, scale in zip(at.tolist(), size.tolist(), strict=True):
        start = minute * 60 + int(draw.integers(60))
        length = 1 + int(draw.exponential(tuning.jump_seconds))
        sign = -1.0 if draw.random() < tuning.jump_down else 1.0
        stretch = slice(start, start + length)
        market[stretch] += sign * scale * sigma[minute] / length * vol[stretch]


def vix(seed: int, ordinal: int, before: float, market: F8, gap: float, extra: F8, night: float, tuning: Tuning) -> F8:
    """Log of India VIX, from the evening's `before`: overnight it reverts, by day it answers NIFTY and wanders."""
    seconds = len(market)
    start = tuning.vix_mean + tuning.vix_rho * (before - tuning.vix_mean)
    start += tuning.vix_night_sd * night - tuning.vix_beta * gap
    wander = noise.philox(seed, ordinal, _STREAM_VIX).standard_normal(seconds)
    steps = wander * (tuning.vix_day_sd / math.sqrt(22_500.0)) - tuning.vix_beta * market + extra
    path = np.concatenate([[start], start + np.cumsum(steps)])
    bounded: F8 = np.clip(path, math.log(8.0), math.log(90.0))
    return bounded


def print_error(seed: int, ordinal: int, market: F8, calm: F8, tuning: Tuning) -> F4:
    """Log of the index print over the true level: noise, livelier in some hours than others, and a short lag."""
    draw, seconds = noise.philox(seed, ordinal, _STREAM_PRINT), len(market)
    rho = math.exp(-1.0 / tuning.print_tau)
    kernel = tuning.print_slow_sd * math.sqrt(1.0 - rho * rho) * rho ** np.arange(int(5 * tuning.print_tau))
    skip = len(kernel)
    slow = np.convolve(draw.standard_normal(seconds + 1 + skip), kernel)[skip : skip + seconds + 1]
    error = slow + tuning.print_sd * draw.standard_normal(seconds + 1)
    day = tuning.print_day_sd * float(draw.standard_normal())
    lively = day + ou(draw, len(calm), tuning.print_hour_tau, tuning.print_hour_sd)
    scale: F8 = np.repeat(np.exp(lively) * calm**tuning.print_power, 60)
    late = tuning.print_lag ** np.arange(1, 13)
    lag = np.concatenate([[0.0], np.convolve(market, late)[:seconds]])
    prints: F4 = (error * np.concatenate([scale, scale[-1:]])[: seconds + 1] - lag).astype(np.float32)
    return prints


def activity(calm: F8, seconds: int, opening_minute: int, extra: F8, tuning: Tuning) -> F8:
    """Trading so far: livelier minutes trade more; the last half hour and the first are the busiest."""
    n = len(calm)
    minute = opening_minute + np.arange(n, dtype=np.float64)
    late = 1.0 + 0.9 * np.exp(-np.maximum(0.0, 925.0 - minute) / 14.0)
    rate = np.repeat(np.sqrt(calm) * np.sqrt(shape_at(minute, tuning)) * late, 60)[:seconds] * extra
    usual = 22_500.0 * 1.09  # the mean of the weights above over a session
    done: F8 = np.concatenate([[0.0], np.cumsum(rate) / usual])
    return done
