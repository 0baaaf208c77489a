"""Implied volatility: level, term, smile, and the Black-76 price on top.

The smile is a function of z = log(strike / forward) / (atm * sqrt(T)) alone, one curve for all expiries: FIDELITY's
quotes of 0-2, 3-8 and 9-40 days fall on it together (2 % put at a week: +2.0 points, 2 % call: +0.1). Being tied to
the forward, it moves with spot; the level follows India VIX, which falls about 3.4 % for +1 % of NIFTY, so that
at-the-money volatility loses about 0.38 points. The level is such that the white paper's formula, run over this
smile at thirty days, gives back the VIX that the simulator prints.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from server.options import black76

__all__ = ("RATE", "atm_over_vix", "price", "smile", "term")

F8 = npt.NDArray[np.float64]

RATE: Final = 0.06
"""Discount rate, a year."""
_SLOPE: Final = -0.058
_REACH: Final = 6.0
_WING: Final = 3.05
_BEND: Final = 5.0
_POWER: Final = 0.35


def smile(z: F8) -> F8:
    """Volatility over that at the money. Parabolic near the money, ever slower in the wings, never below 0.6."""
    slope = _SLOPE * _REACH * np.tanh(z / _REACH)
    curve = 1.0 + slope + _WING * ((1.0 + (z / _BEND) ** 2) ** _POWER - 1.0)
    bounded: F8 = np.maximum(0.6, curve)
    return bounded


def term(years: F8) -> F8:
    """At-the-money volatility over that of thirty days: a little lower for the near expiries."""
    near = np.maximum(years, 0.5 / 365.0) * (365.0 / 30.0)
    curve: F8 = near**0.031
    return curve


def price(forward: F8, strike: F8, years: F8, atm: F8, call: npt.NDArray[np.bool_]) -> F8:
    """Black-76 on the smile, per unit, never below 0. `years` > 0; arrays of one length."""
    root = atm * np.sqrt(years)
    volatility = atm * smile(np.log(strike / forward) / root)
    return np.maximum(0.0, black76.price(forward, strike, years, RATE, volatility, call))


@lru_cache(maxsize=1)
def atm_over_vix() -> float:
    """At-the-money volatility of thirty days over the India VIX that the smile implies.

    VIX squared = 2 exp(RT) / T * sum of Q(K) dK / K^2 over out-of-the-money prices (NSE's white paper, after CBOE
    2003), taken here on a fine grid, so that the last term (F / K0 - 1) vanishes.
    """
    years, atm = 30.0 / 365.0, 0.115
    root = atm * math.sqrt(years)
    k = np.linspace(-8.0 * root, 6.0 * root, 2801)
    strikes = np.exp(k)
    ones = np.ones_like(k)
    quotes = price(ones, strikes, ones * years, ones * atm, k >= 0.0)
    variance = 2.0 * math.exp(RATE * years) / years * float(np.sum(quotes / strikes) * (k[1] - k[0]))
    return atm / math.sqrt(variance)
