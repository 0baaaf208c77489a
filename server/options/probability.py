"""Where the spot may be on a day to come, and what that makes of a strategy.

A distribution says, for spots `x`: the chance to end below (`cdf`), its slope (`density`), the undiscounted value of a
put struck there (`put`), and for a chance the spot (`quantile`). `Lognormal` is the textbook one; the one fitted to
the smile is `density.SmileDensity`. Probabilities are risk-neutral, between 0 and 1.
"""

from collections.abc import Sequence
from math import erfc, exp, log, sqrt
from statistics import NormalDist
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import payoff
from server.options.legs import Book
from server.options.normal import cdf, inverse_cdf
from server.options.payoff import Outcome

__all__ = (
    "Distribution",
    "Lognormal",
    "bands",
    "expected_profit",
    "probability_of_profit",
    "touch_probability",
)

F8 = npt.NDArray[np.float64]
_PARTS = 2001
_INSIDE = 0.618034
"""Where between two breakevens the sign is looked at: not half-way, where a strike may stand that just touches zero."""
_FEW = 8
_NORMAL = NormalDist()
_TAIL = 1e-10


class Distribution(Protocol):
    """Of the spot at one date."""

    @property
    def mean(self) -> float:
        """Expected spot: the forward."""
        ...

    def cdf(self, x: npt.ArrayLike) -> F8:
        """Chance to end at or below `x`."""
        ...

    def density(self, x: npt.ArrayLike) -> F8:
        """Slope of `cdf`, per rupee."""
        ...

    def put(self, x: npt.ArrayLike) -> F8:
        """Expected max(x - spot, 0)."""
        ...

    def quantile(self, p: npt.ArrayLike) -> F8:
        """Spot below which the chance is `p`."""
        ...


class Lognormal(msgspec.Struct, frozen=True):
    """Black's distribution: log spot is normal about log(forward) - total^2 / 2."""

    forward: float
    total: float
    """Standard deviation of log spot: volatility times the root of the years."""

    @property
    def mean(self) -> float:
        return self.forward

    def _d2(self, x: npt.ArrayLike) -> F8:
        with np.errstate(divide="ignore"):
            found: F8 = (np.log(self.forward) - np.log(np.asarray(x, float))) / self.total - 0.5 * self.total
        return found

    def cdf(self, x: npt.ArrayLike) -> F8:
        found: F8 = cdf(-self._d2(x))
        return found

    def density(self, x: npt.ArrayLike) -> F8:
        spots = np.asarray(x, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.exp(-0.5 * self._d2(x) ** 2) / (np.sqrt(2.0 * np.pi) * self.total * spots)
        return np.where(spots > 0.0, slope, 0.0)

    def put(self, x: npt.ArrayLike) -> F8:
        d2 = self._d2(x)
        found: F8 = np.asarray(x, float) * cdf(-d2) - self.forward * cdf(-d2 - self.total)
        return found

    def quantile(self, p: npt.ArrayLike) -> F8:
        chance = np.asarray(p, float)
        if 0 < chance.size <= _FEW and chance.min() > 0.0 and chance.max() < 1.0:
            # a handful is faster one by one
            z = np.array([_NORMAL.inv_cdf(c) for c in chance.ravel().tolist()]).reshape(chance.shape)
        else:
            z = inverse_cdf(chance)
        found: F8 = self.forward * np.exp(self.total * z - 0.5 * self.total**2)
        return found


def probability_of_profit(
    book: Book, distribution: Distribution, after: float | None = None, known: Outcome | None = None
) -> float:
    """Chance that the profit at the date of `distribution` is above zero. `known` spares finding breakevens again."""
    found = known if known is not None else payoff.outcome(book, after)
    roots = np.array(found.breakevens)
    edges = np.concatenate(
        [[0.0], roots, [2.0 * max(float(roots.max(initial=0.0)), float(book.strike.max()), book.spot)]]
    )
    gains = payoff.profit(book, edges[:-1] + _INSIDE * np.diff(edges), found.at_years) > 1e-9
    below = np.concatenate([[0.0], distribution.cdf(roots), [1.0]])
    return float(np.clip(np.sum(np.diff(below) * gains), 0.0, 1.0))


def expected_profit(
    book: Book, distribution: Distribution, after: float | None = None, known: Outcome | None = None
) -> float:
    """Mean profit at the date of `distribution`, in rupees, undiscounted: exact where the payoff is straight lines."""
    found = known if known is not None else payoff.outcome(book, after)
    if found.exact:
        left = np.where(np.isfinite(book.years), np.maximum(book.years - found.at_years, 0.0), 0.0)
        put = distribution.put(book.strike)
        each = np.select(
            [book.sign < 0.0, book.sign > 0.0],
            [put, put + distribution.mean - book.strike],
            distribution.mean * np.exp(book.carry * left),
        )
        return float(book.quantity @ each) - book.cost
    chances = np.linspace(0.0, 1.0, _PARTS + 1)
    middles = np.clip(0.5 * (chances[1:] + chances[:-1]), _TAIL, 1.0 - _TAIL)
    return float(payoff.profit(book, distribution.quantile(middles), found.at_years).mean())


def bands(distribution: Distribution, shares: Sequence[float] = (0.6827, 0.9545)) -> tuple[tuple[float, float], ...]:
    """(low, high) between which the spot ends with each probability: one and two standard deviations by default."""
    share = np.asarray(shares, float)
    low, high = distribution.quantile(0.5 * (1.0 - share)), distribution.quantile(0.5 * (1.0 + share))
    return tuple(zip(low.tolist(), high.tolist(), strict=True))


def touch_probability(spot: float, level: float, sigma: float, years: float, carry: float = 0.0) -> float:
    """Chance that a lognormal spot touches `level` at any time before `years` (reflection principle)."""
    if not (spot > 0 and level > 0 and sigma > 0 and years > 0):
        raise Invalid("Spot, level, volatility and time must be above zero.", code="options.touch", field="level")
    if level == spot:
        return 1.0
    drift, root = carry - 0.5 * sigma * sigma, sigma * sqrt(years)
    side = 1.0 if level > spot else -1.0
    far = side * log(level / spot)
    run = side * drift * years
    direct = 0.5 * erfc((far - run) / root / sqrt(2.0))
    mirrored = exp(2.0 * side * drift * far / sigma**2) * 0.5 * erfc((far + run) / root / sqrt(2.0))
    return min(1.0, direct + mirrored)
