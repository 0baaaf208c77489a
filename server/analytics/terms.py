"""Volatility at one constant maturity out of the at-the-money volatilities of listed expiries."""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

__all__ = ("MONTH", "constant_maturity", "slope")

MONTH = 30 / 365
"""Years that the volatility index looks ahead, too."""
_FLAT = 0.05
"""Share by which the far volatility must differ from the near one to be called a slope."""


def constant_maturity(points: Sequence[tuple[float, float | None]], years: float = MONTH) -> float | None:
    """Volatility at `years` from (years, volatility) by expiry: straight in total variance between expiries, as it is
    at the nearest one beyond them. None when no expiry has a volatility."""
    known = sorted((t, iv) for t, iv in points if iv is not None and iv > 0 and t > 0)
    if not known:
        return None
    if years <= known[0][0]:
        return known[0][1]
    for (near, low), (far, high) in pairwise(known):
        if years <= far:
            share = (years - near) / (far - near)
            return sqrt(((1 - share) * low * low * near + share * high * high * far) / years)
    return known[-1][1]


def slope(points: Sequence[tuple[float, float | None]]) -> str:
    """contango (far volatility above near), backwardation, flat, or unknown."""
    known = sorted((t, iv) for t, iv in points if iv is not None and iv > 0 and t > 0)
    if len(known) < 2:
        return "unknown"
    near, far = known[0][1], known[min(len(known) - 1, 3)][1]
    if far > near * (1 + _FLAT):
        return "contango"
    return "backwardation" if far < near * (1 - _FLAT) else "flat"
