"""Option prices, Greeks and volatilities in fifty digits, to lay float64 beside; and the inputs nobody can solve."""

from typing import Any

import mpmath as mp
import numpy as np
import numpy.typing as npt

from server.options import codes

__all__ = ("BAD", "GOOD", "Batch", "batch", "reference_greeks", "reference_price", "reference_volatility")

F8 = npt.NDArray[np.float64]
Batch = dict[str, F8]
_DIGITS = 50

GOOD: dict[str, float] = {"S": 24_800.0, "K": 25_000.0, "T": 7 / 365, "r": 0.065, "flag": 1.0, "price": 120.0}
"""A row that has an answer."""

BAD: dict[str, tuple[dict[str, float], int]] = {
    "price below intrinsic": ({"K": 24_000.0, "price": 700.0}, codes.PRICE_BELOW_INTRINSIC),
    "price at intrinsic": (
        {"K": 24_000.0, "price": 24_800 - 24_000 * float(np.exp(-0.065 * 7 / 365))},
        codes.PRICE_BELOW_INTRINSIC,
    ),
    "put at intrinsic": (
        {"K": 26_000.0, "flag": -1.0, "price": 26_000 * float(np.exp(-0.065 * 7 / 365)) - 24_800},
        codes.PRICE_BELOW_INTRINSIC,
    ),
    "price 0": ({"price": 0.0}, codes.PRICE_NOT_POSITIVE),
    "price negative": ({"price": -5.0}, codes.PRICE_NOT_POSITIVE),
    "price NaN": ({"price": np.nan}, codes.NOT_A_NUMBER),
    "price above spot": ({"price": 25_000.0}, codes.PRICE_TOO_HIGH),
    "price infinite": ({"price": np.inf}, codes.PRICE_TOO_HIGH),
    "put above strike": ({"price": 25_000.0, "flag": -1.0}, codes.PRICE_TOO_HIGH),
    "T 0": ({"T": 0.0}, codes.NO_TIME),
    "T negative": ({"T": -0.01}, codes.NO_TIME),
    "T NaN": ({"T": np.nan}, codes.NOT_A_NUMBER),
    "T infinite": ({"T": np.inf}, codes.NOT_A_NUMBER),
    "S 0": ({"S": 0.0}, codes.BAD_SPOT),
    "S negative": ({"S": -1.0}, codes.BAD_SPOT),
    "S infinite": ({"S": np.inf}, codes.BAD_SPOT),
    "S NaN": ({"S": np.nan}, codes.NOT_A_NUMBER),
    "K 0": ({"K": 0.0}, codes.BAD_STRIKE),
    "K negative": ({"K": -25_000.0}, codes.BAD_STRIKE),
    "K infinite": ({"K": np.inf}, codes.BAD_STRIKE),
    "both negative": ({"S": -24_800.0, "K": -25_000.0}, codes.BAD_SPOT),
    "r NaN": ({"r": np.nan}, codes.NOT_A_NUMBER),
    "r infinite": ({"r": np.inf}, codes.NOT_A_NUMBER),
    "r absurd": ({"r": 1e6}, codes.OUT_OF_RANGE),
    "flag 0": ({"flag": 0.0}, codes.BAD_FLAG),
    "flag 2": ({"flag": 2.0}, codes.BAD_FLAG),
}
"""What is changed in a good row, and the reason it then has none."""


def reference_price(S: Any, K: Any, T: Any, r: Any, sigma: Any, flag: float, q: Any = 0.0) -> Any:  # noqa: N803
    """Black-Scholes in fifty digits."""
    with mp.workdps(_DIGITS):
        return _price(S, K, T, r, sigma, flag, q)


def _price(S: Any, K: Any, T: Any, r: Any, sigma: Any, flag: float, q: Any) -> Any:  # noqa: N803
    """In as many digits as are asked for: derivatives take more than they give."""
    S, K, T, r, sigma, q = (mp.mpf(a) for a in (S, K, T, r, sigma, q))  # noqa: N806
    total = sigma * mp.sqrt(T)
    d1 = (mp.log(S / K) + (r - q) * T) / total + total / 2
    f = int(flag)
    return f * (S * mp.exp(-q * T) * mp.ncdf(f * d1) - K * mp.exp(-r * T) * mp.ncdf(f * (d1 - total)))


def reference_volatility(near: float, S: Any, K: Any, T: Any, r: Any, flag: float, price: float) -> float:  # noqa: N803
    """The volatility of `price` in fifty digits, by Newton's method from `near`; NaN unless it reproduces the price."""
    with mp.workdps(_DIGITS):
        S, K, T, r = (mp.mpf(float(a)) for a in (S, K, T, r))  # noqa: N806
        sigma, price = mp.mpf(near), mp.mpf(price)
        for _ in range(8):
            total = sigma * mp.sqrt(T)
            d1 = (mp.log(S / K) + r * T) / total + total / 2
            step = (reference_price(S, K, T, r, sigma, flag) - price) / (S * mp.npdf(d1) * mp.sqrt(T))
            sigma -= step
            if abs(step) < mp.mpf(10) ** -30 * sigma:
                return float(sigma)
    return float("nan")


def reference_greeks(S: float, K: float, T: float, r: float, sigma: float, flag: float, q: float) -> dict[str, float]:  # noqa: N803
    """All eleven, by numerical derivatives of the fifty-digit price: no formula shared with the code under test."""

    def derivative(orders: tuple[int, int, int, int]) -> Any:
        def value(s: Any, t: Any, v: Any, rate: Any) -> Any:
            return _price(s, K, t, rate, v, flag, q)

        return mp.diff(value, (S, T, sigma, r), orders)

    with mp.workdps(_DIGITS):
        found = {
            "delta": derivative((1, 0, 0, 0)),
            "gamma": derivative((2, 0, 0, 0)),
            "theta": -derivative((0, 1, 0, 0)),
            "vega": derivative((0, 0, 1, 0)),
            "rho": derivative((0, 0, 0, 1)),
            "vanna": derivative((1, 0, 1, 0)),
            "vomma": derivative((0, 0, 2, 0)),
            "charm": -derivative((1, 1, 0, 0)),
            "speed": derivative((3, 0, 0, 0)),
            "zomma": derivative((2, 0, 1, 0)),
            "veta": derivative((0, 1, 1, 0)),
        }
    return {name: float(value) for name, value in found.items()}


def batch(seed: int, rows: int) -> Batch:
    """A market of listed contracts: four underlyings, a day to three years, strikes to 28 % off, a steep smile, prices
    rounded to the tick."""
    rng = np.random.default_rng(seed)
    S = rng.choice([1_312.4, 24_317.85, 52_130.6, 79_900.25], rows)  # noqa: N806
    T = rng.choice([1, 2, 5, 9, 16, 30, 58, 121, 365, 730, 1095], rows) / 365  # noqa: N806
    K = np.round(S * np.exp(rng.uniform(-0.33, 0.25, rows)) / 50) * 50  # noqa: N806
    r = np.full(rows, 0.0585)
    off = np.log(K / S) / np.sqrt(T)
    sigma = np.minimum(0.11 + 0.09 * np.abs(off) + 0.05 * rng.random(rows), 2.64)
    flag = rng.choice([-1.0, 1.0], rows)
    exact = np.array([float(reference_price(*row)) for row in zip(S, K, T, r, sigma, flag, strict=True)])
    price = np.maximum(np.round(exact / 0.05) * 0.05, 0.05)
    return {"S": S, "K": K, "T": T, "r": r, "sigma": sigma, "flag": flag, "price": price, "exact": exact}
