"""Implied volatility: level, term, smile, and the Black-76 price on top.

Volatility belongs to trading time: a session is worth as much as its share of a day's variance, nights and holidays
little, so that with a day's hours left the same option shows twice the volatility of calendar time. Measured so,
NSE's NIFTY chains of 20 days (Oct-Dec 2025) give one level for all expiries, a little lower for the nearest, and one
smile in z = log(strike / forward) / (atm * sqrt(T)): its medians for one to eight sessions lie within 0.03 of the
curve here. Being tied to the forward, the smile moves with spot; the level follows India VIX, which falls about
3.4 % for +1 % of NIFTY, so that at-the-money volatility loses about 0.38 points. The level is such that the white
paper's formula, run over this smile at thirty days, gives back the VIX that the simulator prints.
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
_SLOPE: Final = -0.0616
_REACH: Final = 2.03
_WING: Final = 7.0
_BEND: Final = 4.86
_POWER: Final = 0.2


def smile(z: F8) -> F8:
    """Volatility over that at the money. Parabolic near the money, ever slower in the wings."""
    slope = _SLOPE * _REACH * np.tanh(z / _REACH)
    curve = 1.0 + slope + _WING * ((1.0 + (z / _BEND) ** 2) ** _POWER - 1.0)
    return np.asarray(curve, dtype=np.float64)


def term(years: F8) -> F8:
    """At-the-money volatility over that of thirty days, both of trading time: a little lower for the near expiries."""
    near = np.maximum(years, 0.5 / 252.0) * (365.0 / 30.0)
    curve: F8 = near**0.033
    return curve


def price(forward: F8, strike: F8, years: F8, atm: F8, call: npt.NDArray[np.bool_]) -> F8:
    """Black-76 on the smile, per unit, never below 0. `years` > 0; arrays that broadcast."""
    root = atm * np.sqrt(years)
    volatility = atm * smile(np.log(strike / forward) / root)
    return np.maximum(0.0, black76.price(forward, strike, years, RATE, volatility, call))


@lru_cache(maxsize=1)
def atm_over_vix() -> float:
    """At-the-money volatility of thirty days over the India VIX that the smile implies.

    VIX squared = 2 exp(RT) / T * sum of Q(K) dK / K^2 over out-of-the-money prices (NSE's white paper, after CBOE
    2003), taken here on a fine grid, so that the last term (F / K0 - 1) vanishes. The strikes reach as far as NSE's
    do: at 20 to 45 days the outermost with quotes that count lie at 3.05 and 2.07 deviations (medians of 457
    chains, Oct-Dec 2025, where the same formula gives 0.96).
    """
    years, atm = 30.0 / 365.0, 0.115
    root = atm * math.sqrt(years)
    k = np.linspace(-3.05 * root, 2.07 * root, 2801)
    strikes = np.exp(k)
    ones = np.ones_like(k)
    quotes = price(ones, strikes, ones * years, ones * atm, k >= 0.0)
    variance = 2.0 * math.exp(RATE * years) / years * float(np.sum(quotes / strikes) * (k[1] - k[0]))
    return atm / math.sqrt(variance)
