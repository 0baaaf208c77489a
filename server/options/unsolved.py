"""Rows that the one-step solver leaves over: told apart by reason code, and solved within brackets where they can be.

The search's split at the price's inflection point is from P. Jaeckel, "Let's be rational" (2015).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from server.options import codes
from server.options.normal import erfcx

__all__ = ("finish", "reasons")

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]

_ROUNDS: Final = 100
_ROUNDING: Final = 4e-16
"""Part of the discounted strike below which the time value of an option in the money is rounding, not information."""
_SQRT2: Final = 1.4142135623730951
_PHI: Final = 0.3989422804014327


def finish(s: F8, k: F8, t: F8, r: F8, flag: F8, price: F8, q: F8) -> tuple[F8, I1]:
    """Volatilities (NaN where there is none) and codes of some rows."""
    # discounting as a difference, which keeps the digits that deep options in the money are solved from
    fall, shift = s * np.expm1(-q * t), k * np.expm1(-r * t)
    s_now, k_now = s + fall, k + shift
    intrinsic = np.maximum(flag * ((s - k) + (fall - shift)), 0.0)
    time_value = np.where(intrinsic > 0.0, (price - flag * (s - k)) - flag * (fall - shift), price)
    why = reasons(s, k, t, r, flag, q)
    fresh = why == codes.OK
    why[fresh & np.isnan(price)] = codes.NOT_A_NUMBER
    fresh = why == codes.OK
    why[fresh & (price <= 0.0)] = codes.PRICE_NOT_POSITIVE
    nothing = np.where(intrinsic > 0.0, _ROUNDING * k_now, 0.0)
    why[fresh & (price > 0.0) & (time_value <= nothing)] = codes.PRICE_BELOW_INTRINSIC
    why[fresh & (time_value >= np.minimum(s_now, k_now))] = codes.PRICE_TOO_HIGH
    sigma = np.full(len(s), np.nan)
    todo = np.flatnonzero(why == codes.OK)
    if todo.size:
        root = np.sqrt(s_now[todo]) * np.sqrt(k_now[todo])
        x = -np.abs(np.log(s[todo]) - np.log(k[todo]) + (r[todo] - q[todo]) * t[todo])
        sigma[todo] = _solve(time_value[todo] / root, x) / np.sqrt(t[todo])
        lost = todo[~(np.isfinite(sigma[todo]) & (sigma[todo] > 0.0))]
        sigma[lost] = np.nan
        why[lost] = codes.OUT_OF_RANGE
    return sigma, why


def reasons(s: F8, k: F8, t: F8, r: F8, flag: F8, q: F8) -> I1:
    """What is wrong with a row before its price or volatility is looked at; 0 = nothing."""
    why = np.zeros(len(s), dtype=np.int8)
    forward, discount = (r - q) * t, np.maximum(np.abs(r * t), np.abs(q * t))
    why[~(np.abs(forward) < 700.0) | ~(discount < 700.0)] = codes.OUT_OF_RANGE
    why[~(t > 0.0)] = codes.NO_TIME
    why[~(k > 0.0) | np.isinf(k)] = codes.BAD_STRIKE
    why[~(s > 0.0) | np.isinf(s)] = codes.BAD_SPOT
    why[np.abs(flag) != 1.0] = codes.BAD_FLAG
    why[np.isnan(s + k + t + r + q + flag) | np.isinf(r) | np.isinf(q) | np.isinf(t)] = codes.NOT_A_NUMBER
    return why


def _solve(target: F8, x: F8) -> F8:
    """Total volatility of the normalised out-of-the-money option, by bracketed third-order steps.

    Below the inflection point of the price as a function of volatility the search runs on the price's logarithm, above
    it on the price itself: both are then bent one way, so steps do not swing."""
    turn = np.sqrt(2.0 * np.abs(x))
    low_branch = target < _normalised(x, np.maximum(turn, 1e-9))
    s = np.maximum(turn, np.where(turn > 1e-7, 0.0, target / _PHI))
    s = np.maximum(s, 1e-15)
    low = np.where(low_branch, 0.0, np.minimum(turn, s))
    high = np.where(low_branch & (turn > 1e-7), turn, np.inf)
    log_target = np.log(target)
    for _ in range(_ROUNDS):
        b = _normalised(x, s)
        over = b > target
        high = np.where(over, np.minimum(high, s), high)
        low = np.where(over, low, np.maximum(low, s))
        vega = _PHI * np.exp(-0.5 * ((x / s) ** 2 + 0.25 * s * s))
        bend = x * x / s**3 - 0.25 * s
        slope = np.where(low_branch, vega / b, vega)
        gap = np.where(low_branch, np.log(b) - log_target, b - target)
        curve = np.where(low_branch, bend - vega / b, bend)
        newton = gap / slope
        halley = newton / np.maximum(1.0 - 0.5 * newton * curve, 0.5)
        following = s - halley
        middle = np.where(np.isfinite(high), 0.5 * (low + high), 2.0 * s)
        inside = (following > low) & (following < high)
        step = np.where(inside, following, middle) - s
        # an exact hit leaves the point where it is, though the bracket has closed on it
        step = np.where((gap == 0.0) | (np.abs(halley) <= 4e-16 * s), 0.0, step)
        s = s + step
        # third order: a step this small leaves nothing to correct
        if np.all((np.abs(step) <= 1e-9 * s) & (inside | (step == 0.0))):
            break
    return s


def _normalised(x: F8, s: F8) -> F8:
    """Out-of-the-money price over discount and sqrt(F K), for x = -|log(F/K)|: exact far into the tail."""
    tail = np.exp(-0.5 * ((x / s) ** 2 + 0.25 * s * s))
    below = -(x / s + 0.5 * s) / _SQRT2
    far = tail * erfcx(-(x / s - 0.5 * s) / _SQRT2)
    # for large volatilities the scaled error function overflows where the price does not
    near = np.where(below < 0.0, 2.0 * np.exp(0.5 * x) - tail * erfcx(np.abs(below)), tail * erfcx(np.abs(below)))
    value: F8 = 0.5 * (near - far)
    return value
