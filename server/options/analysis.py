"""Everything the builder shows of a strategy, in one call: curves, outcome, Greeks, probabilities."""

from collections.abc import Sequence
from math import sqrt

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import payoff, probability
from server.options.legs import Book, Leg, Setting
from server.options.payoff import Outcome, Totals
from server.options.probability import Distribution, Lognormal

__all__ = ("Analysis", "analyse", "horizon", "span")

F8 = npt.NDArray[np.float64]
_DEFAULT_SIGMA = 0.2
"""For shares alone, where nothing says how much they move."""
_SHARES_HORIZON = 30 / 365


class Analysis(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Of one strategy. Money in rupees, before charges."""

    spots: F8
    after: tuple[float, ...]
    """Years from now, one a curve; the last is the first expiry unless asked otherwise."""
    curves: F8
    """(dates, spots)."""
    outcome: Outcome
    """At the first expiry."""
    greeks: Totals
    premium: float
    """Paid for options, less what was received."""
    profit: float
    """Now, at the spot."""
    probability: float
    """Of a profit at the first expiry, under the lognormal distribution."""
    expected: float
    probability_smile: float | None
    """The same under the distribution the smile implies; None where none was fitted."""
    expected_smile: float | None
    bands: tuple[tuple[float, float], ...]
    """One and two standard deviations of the spot at the first expiry."""


def horizon(book: Book) -> float:
    """Years to the first expiry; a month for shares alone."""
    return book.first_expiry if np.isfinite(book.first_expiry) else _SHARES_HORIZON


def span(book: Book, sigma: float, count: int = 600) -> F8:
    """`count` spots that show the strategy whole: every strike, and three standard deviations of the first expiry."""
    reach = max(3.0 * sigma * sqrt(horizon(book)), 0.03)
    strikes = book.strike[book.sign != 0.0]
    low = min(book.spot * (1.0 - reach), 0.98 * float(strikes.min(initial=book.spot)))
    high = max(book.spot * (1.0 + reach), 1.02 * float(strikes.max(initial=book.spot)))
    return np.linspace(max(low, 0.0), high, count)


def analyse(
    legs: Sequence[Leg],
    setting: Setting,
    *,
    spots: npt.ArrayLike | None = None,
    after: Sequence[float] | None = None,
    distribution: Distribution | None = None,
) -> Analysis:
    """Analysis of `legs`; `distribution` is that of the smile at the first expiry.

    `after` defaults to now, halfway and the first expiry. Raises Invalid as `Book.of` and `payoff.value` do."""
    book = Book.of(legs, setting)
    until = horizon(book)
    sigma = setting.sigma or float(np.max(book.sigma)) or _DEFAULT_SIGMA
    grid = span(book, sigma) if spots is None else np.asarray(spots, float)
    times = tuple(after) if after is not None else (0.0, 0.5 * until, until)
    if not times:
        raise Invalid("At least one date is needed.", code="options.no_dates", field="after")
    found = payoff.outcome(book, until)
    normal = Lognormal(book.forward(until), sigma * sqrt(until))
    return Analysis(
        spots=grid,
        after=times,
        curves=payoff.curves(book, grid, times),
        outcome=found,
        greeks=payoff.greeks(book),
        premium=book.premium,
        profit=float(payoff.profit(book, [book.spot])[0]),
        probability=probability.probability_of_profit(book, normal, known=found),
        expected=probability.expected_profit(book, normal, known=found),
        probability_smile=None
        if distribution is None
        else probability.probability_of_profit(book, distribution, known=found),
        expected_smile=None if distribution is None else probability.expected_profit(book, distribution, known=found),
        bands=probability.bands(normal),
    )
