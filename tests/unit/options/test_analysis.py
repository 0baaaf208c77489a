"""The builder's one call: every part there, each the same as by itself."""

import numpy as np
import pytest

from server.core.errors import Invalid
from server.options import payoff, probability
from server.options.analysis import analyse, span
from server.options.legs import Book
from server.options.probability import Lognormal
from tests.option_chain import FAR, NEAR, SETTING, SPOT, option, share, term

LEGS = [option(25_200, "CE", -75, "60"), option(24_400, "PE", -75, "55")]


def test_analysis_then_its_parts_agree() -> None:
    found = analyse(LEGS, SETTING)
    book = Book.of(LEGS, SETTING)
    near = term(NEAR)
    normal = Lognormal(near.forward, 0.13 * np.sqrt(near.years))
    assert found.curves.shape == (3, 600)
    assert found.after == (0.0, near.years / 2, near.years)
    assert found.outcome == payoff.outcome(book)
    assert found.probability == pytest.approx(probability.probability_of_profit(book, normal))
    assert found.expected == pytest.approx(probability.expected_profit(book, normal))
    assert found.premium == -115 * 75
    assert found.profit == pytest.approx(float(payoff.profit(book, [SPOT])[0]))
    assert found.probability_smile is None
    assert found.expected_smile is None


def test_analysis_when_a_distribution_is_given_then_its_figures_too() -> None:
    wide = Lognormal(term(NEAR).forward, 0.05)
    found = analyse(LEGS, SETTING, distribution=wide)
    assert found.probability_smile == pytest.approx(float(wide.cdf(25_315) - wide.cdf(24_285)))
    assert (found.probability_smile or 0) < found.probability


def test_analysis_of_shares_alone_then_a_month_ahead() -> None:
    found = analyse([share(10)], SETTING, after=(0.0,))
    assert found.outcome.profit_unbounded
    assert found.outcome.max_loss == -248_000
    assert 0.4 < found.probability < 0.6


def test_analysis_of_a_calendar_then_never_a_date_after_its_first_expiry() -> None:
    found = analyse([option(24_800, "CE", -75, "150"), option(24_800, "CE", 75, "400", FAR)], SETTING)
    assert found.after[-1] == term(NEAR).years
    assert np.isfinite(found.curves).all()


def test_analysis_when_no_date_is_asked_for_then_invalid() -> None:
    with pytest.raises(Invalid, match="date"):
        analyse(LEGS, SETTING, after=())


def test_span_then_it_shows_every_strike() -> None:
    grid = span(Book.of([option(22_000, "PE", -75, "1")], SETTING), 0.13)
    assert grid[0] < 22_000
    assert grid[-1] > SPOT
    assert grid.size == 600
