"""European options on a forward (Black 1976): price, delta, implied volatility. Pure functions over arrays.

All arguments broadcast; results are float64 arrays. `F` is the forward, `T` years, `r` the continuously compounded
rate of the discount factor, `sigma` annualised. Source: F. Black, "The pricing of commodity contracts" (1976).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.options import implied
from server.options.normal import ndtr

__all__ = ("delta", "implied_volatility", "price")

F8 = npt.NDArray[np.float64]


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
    return implied.implied_volatility(F, K, T, r, np.where(is_call, 1.0, -1.0), value, q=r)
