"""Profit of a strategy over a grid of spots, volatilities and dates."""

import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import payoff
from server.options.legs import Book

__all__ = ("grid", "ladder", "table")

F8 = npt.NDArray[np.float64]
_MOST = 2_000_000


def grid(book: Book, spots: npt.ArrayLike, shifts: npt.ArrayLike, after: npt.ArrayLike) -> F8:
    """Profit (d, m, n) at d dates (years from now), m shifts of volatility (0.01 = one point) and n spots.

    Raises Invalid for a date before now or after the last expiry, a spot below zero, and a grid of more than two
    million values."""
    s, m, d = (np.atleast_1d(np.asarray(a, float)) for a in (spots, shifts, after))
    if s.size * m.size * d.size > _MOST:
        raise Invalid(
            f"A grid of {s.size * m.size * d.size} values is too large.",
            code="options.grid_size",
            field="spots",
            remedy="Ask for fewer spots, volatilities or dates.",
        )
    if not np.isfinite(m).all():
        raise Invalid("Shifts of volatility must be numbers.", code="options.shifts", field="shifts")
    payoff.check(book, s, d)
    found = payoff.worth(book, s, np.repeat(d, m.size), np.tile(m, d.size)) - book.cost
    return found.reshape(d.size, m.size, s.size)


def table(book: Book, spots: npt.ArrayLike, after: npt.ArrayLike) -> F8:
    """Profit (d, n) by date and spot at today's volatilities."""
    return grid(book, spots, 0.0, after)[:, 0, :]


def ladder(spot: float, step: float, count: int) -> F8:
    """`count` round spots (multiples of `step`) about `spot`, ascending; what would lie below zero is left out."""
    if not (step > 0 and count > 0):
        raise Invalid("A ladder needs a step and a count above zero.", code="options.ladder", field="step")
    first = round(spot / step) - (count - 1) // 2
    found: F8 = step * np.arange(first, first + count, dtype=float)
    return found[found > 0.0]
