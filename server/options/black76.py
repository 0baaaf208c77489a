"""European options on a forward (Black 1976): price, delta, implied volatility. Pure functions over arrays.

All arguments broadcast; results are float64 arrays. `F` is the forward, `T` years, `r` the continuously compounded
rate of the discount factor, `sigma` annualised. Sources: F. Black, "The pricing of commodity contracts" (1976);
P. Jaeckel, "Let's be rational" (2015) for the normalised form and the split of the search at the inflection point.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.options.normal import erfcx, ndtr, ndtri

__all__ = ("delta", "implied_volatility", "price")

F8 = npt.NDArray[np.float64]
_SQRT2 = np.sqrt(2.0)
_SQRT2PI = np.sqrt(2.0 * np.pi)
_ROUNDS = 40


def price(F: Any, K: Any, T: Any, r: Any, sigma: Any, is_call: Any) -> F8:  # noqa: N803 - the literature's names
    """Price of the option; intrinsic value of the forward, discounted, where `T` or `sigma` is 0."""
    sign = np.where(is_call, 1.0, -1.0)
    total = np.maximum(np.asarray(sigma, float) * np.sqrt(np.maximum(T, 0.0)), 1e-12)
    d1 = np.log(np.divide(F, K)) / total + 0.5 * total
    value: F8 = np.exp(-np.multiply(r, T)) * sign * (F * ndtr(sign * d1) - K * ndtr(sign * (d1 - total)))
    return value


def delta(F: Any, K: Any, T: Any, r: Any, sigma: Any, is_call: Any) -> F8:  # noqa: N803
    """Change of the price with the forward."""
    sign = np.where(is_call, 1.0, -1.0)
    total = np.maximum(np.asarray(sigma, float) * np.sqrt(np.maximum(T, 0.0)), 1e-12)
    d1 = np.log(np.divide(F, K)) / total + 0.5 * total
    value: F8 = np.exp(-np.multiply(r, T)) * sign * ndtr(sign * d1)
    return value


def implied_volatility(value: Any, F: Any, K: Any, T: Any, r: Any, is_call: Any) -> F8:  # noqa: N803
    """Volatility at which `price` gives `value`; NaN where there is none (at or below the discounted intrinsic
    value, at or above the price of infinite volatility, no time left, or an argument that is not a number)."""
    value, F, K, T, r, is_call = np.broadcast_arrays(  # noqa: N806
        *(np.asarray(a, float) for a in (value, F, K, T, r)), np.asarray(is_call, bool)
    )
    shape = value.shape
    with np.errstate(all="ignore"):
        forward_value = value * np.exp(r * T)
        intrinsic = np.maximum(np.where(is_call, F - K, K - F), 0.0)
        scale = np.sqrt(F * K)
        # the out-of-the-money option has the same time value, and keeps all its digits
        target = ((forward_value - intrinsic) / scale).ravel()
        x = -np.abs(np.log(F / K)).ravel()
        most = np.exp(0.5 * x)
        solvable = (target > 0) & (target < most) & (T.ravel() > 0) & np.isfinite(x)
        total = np.full(target.shape, np.nan)
        if solvable.any():
            total[solvable] = _solve(target[solvable], x[solvable])
        result: F8 = total.reshape(shape) / np.sqrt(T)
    return result


def _solve(target: F8, x: F8) -> F8:
    """Total volatility of the normalised out-of-the-money option, by bracketed third-order steps.

    Below the inflection point of the price as a function of volatility the search runs on the price's logarithm, above
    it on the price itself: both are then bent one way, so steps do not swing."""
    turn = np.sqrt(2.0 * np.abs(x))
    low_branch = target < _normalised(x, turn)
    # at the money there is a closed form; elsewhere the inflection point is a safe start
    s = np.where(turn > 1e-7, turn, 2.0 * ndtri(0.5 * (1.0 + np.minimum(target, 1.0 - 1e-16))))
    s = np.maximum(s, 1e-9)
    low = np.where(low_branch, 0.0, np.minimum(turn, s))
    high = np.where(low_branch & (turn > 1e-7), turn, np.inf)
    log_target = np.log(target)
    for _ in range(_ROUNDS):
        b = _normalised(x, s)
        over = b > target
        high = np.where(over, np.minimum(high, s), high)
        low = np.where(over, low, np.maximum(low, s))
        vega = np.exp(-0.5 * ((x / s) ** 2 + 0.25 * s * s)) / _SQRT2PI
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
    value: F8 = 0.5 * tail * (erfcx(-(x / s + 0.5 * s) / _SQRT2) - erfcx(-(x / s - 0.5 * s) / _SQRT2))
    return value
