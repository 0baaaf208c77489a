"""Distributions against their textbook figures; probability and mean of profit against brute force."""

import numpy as np
import pytest

from server.core.errors import Invalid
from server.options import payoff
from server.options.legs import Book
from server.options.probability import (
    Lognormal,
    bands,
    expected_profit,
    probability_of_profit,
    touch_probability,
)
from server.options.scenarios import grid, ladder, table
from tests.option_chain import FAR, NEAR, SETTING, SPOT, option, term

CONDOR = [
    option(25_200, "CE", -75, "60"),
    option(25_400, "CE", 75, "30"),
    option(24_400, "PE", -75, "55"),
    option(24_200, "PE", 75, "28"),
]
CALENDAR = [option(24_800, "CE", -75, "150"), option(24_800, "CE", 75, "400", FAR)]
EXPIRY = term(NEAR).years
NORMAL = Lognormal(term(NEAR).forward, 0.13 * np.sqrt(EXPIRY))


def test_lognormal_then_its_parts_agree() -> None:
    x = np.linspace(20_000, 30_000, 200_001)
    d = NORMAL.density(x)
    assert np.trapezoid(d, x) == pytest.approx(1, abs=1e-9)
    assert np.trapezoid(d * x, x) == pytest.approx(NORMAL.mean, rel=1e-9)
    assert np.trapezoid(d * np.maximum(25_000 - x, 0), x) == pytest.approx(float(NORMAL.put(25_000)), rel=1e-6)
    assert NORMAL.cdf(NORMAL.quantile([0.01, 0.3, 0.99])) == pytest.approx([0.01, 0.3, 0.99])
    assert NORMAL.cdf(NORMAL.quantile(np.linspace(0.01, 0.99, 50))) == pytest.approx(np.linspace(0.01, 0.99, 50))
    assert NORMAL.cdf(0.0) == 0
    assert NORMAL.density(0.0) == 0
    assert NORMAL.put(0.0) == 0


def test_probability_of_a_condor_then_the_chance_between_its_breakevens() -> None:
    book = Book.of(CONDOR, SETTING)
    want = NORMAL.cdf(25_257) - NORMAL.cdf(24_343)
    assert probability_of_profit(book, NORMAL) == pytest.approx(float(want), abs=1e-12)


def test_probability_of_a_condor_then_the_figure_a_peer_gives() -> None:
    # optionlab's 0.69284 for spot 24,800, 13 %, 6.5 %, seven days, counting 365 (quant.md)
    assert probability_of_profit(Book.of(CONDOR, SETTING), NORMAL) == pytest.approx(0.69284, abs=2e-4)


@pytest.mark.parametrize("legs", [CONDOR, CALENDAR])
def test_probability_and_mean_then_what_many_draws_say(legs: list) -> None:  # type: ignore[type-arg]
    book = Book.of(legs, SETTING)
    spots = NORMAL.quantile((np.arange(40_000) + 0.5) / 40_000)
    profits = payoff.profit(book, spots, EXPIRY)
    assert probability_of_profit(book, NORMAL) == pytest.approx(float(np.mean(profits > 0)), abs=1e-4)
    assert expected_profit(book, NORMAL) == pytest.approx(float(profits.mean()), abs=0.5)


def test_mean_of_a_fairly_priced_option_then_its_interest_alone() -> None:
    book = Book.of([option(25_000, "CE", 75, "0")], SETTING)
    fair = float(NORMAL.put(25_000)) + NORMAL.mean - 25_000
    assert expected_profit(book, NORMAL) == pytest.approx(75 * fair)


def test_probability_when_it_earns_everywhere_or_nowhere_then_one_or_zero() -> None:
    free = Book.of([option(25_000, "CE", 75, "0"), option(25_000, "PE", 75, "0")], SETTING)
    assert probability_of_profit(free, NORMAL) == 1.0
    dear = Book.of([option(25_000, "CE", 75, "900"), option(25_400, "CE", -75, "10")], SETTING)
    assert probability_of_profit(dear, NORMAL) == 0.0


def test_bands_then_one_and_two_deviations() -> None:
    (low, high), (lowest, highest) = bands(NORMAL)
    assert np.log([high / low, highest / lowest]) == pytest.approx([2 * NORMAL.total, 4 * NORMAL.total], rel=1e-3)


def test_touch_when_there_is_no_drift_of_the_log_then_twice_the_chance_to_end_beyond() -> None:
    sigma, years = 0.2, 0.5
    beyond = 1 - float(Lognormal(100 * np.exp(0.5 * sigma**2 * years), sigma * np.sqrt(years)).cdf(110))
    assert touch_probability(100, 110, sigma, years, carry=0.5 * sigma**2) == pytest.approx(2 * beyond)
    assert touch_probability(100, 100, sigma, years) == 1
    assert touch_probability(100, 90, sigma, years) > touch_probability(100, 80, sigma, years)


def test_touch_of_nothing_then_invalid() -> None:
    with pytest.raises(Invalid, match="above zero"):
        touch_probability(100, -1, 0.2, 0.5)


def test_grid_then_each_cell_is_the_profit_there() -> None:
    book = Book.of([*CONDOR, *CALENDAR], SETTING)
    spots, shifts, after = (
        np.linspace(24_000, 25_600, 7),
        np.array([-0.02, 0.0, 0.05]),
        np.array([0.0, EXPIRY / 2, EXPIRY]),
    )
    found = grid(book, spots, shifts, after)
    assert found.shape == (3, 3, 7)
    for d, at in enumerate(after):
        for m, shift in enumerate(shifts):
            assert found[d, m] == pytest.approx(payoff.profit(book, spots, at, shift))
    assert table(book, spots, after) == pytest.approx(found[:, 1])


def test_grid_when_it_is_too_large_or_not_a_grid_then_invalid() -> None:
    book = Book.of(CONDOR, SETTING)
    with pytest.raises(Invalid, match="too large"):
        grid(book, np.linspace(1, 2, 2000), np.zeros(100), np.linspace(0, EXPIRY, 20))
    with pytest.raises(Invalid, match="numbers"):
        grid(book, [SPOT], [np.nan], [0.0])


def test_ladder_then_round_spots_about_the_spot() -> None:
    assert ladder(24_812.3, 50, 5).tolist() == [24_700, 24_750, 24_800, 24_850, 24_900]
    assert ladder(60, 50, 5).tolist() == [50, 100, 150]
    with pytest.raises(Invalid):
        ladder(100, 0, 5)
