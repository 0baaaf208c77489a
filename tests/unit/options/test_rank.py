"""Rank and percentile of volatility over a year."""

import numpy as np
import pytest

from server.options.rank import rank

YEAR = np.linspace(10, 30, 252)


def test_rank_when_half_way_between_the_extremes_then_fifty() -> None:
    found = rank(YEAR, 20.0)
    assert found is not None
    assert found.rank == pytest.approx(50)
    assert found.percentile == pytest.approx(50)
    assert (found.lowest, found.highest, found.observations) == (10.0, 30.0, 252)
    assert found.regime == "normal"


@pytest.mark.parametrize(("now", "regime"), [(12.0, "low"), (27.0, "high"), (29.8, "extreme"), (40.0, "extreme")])
def test_rank_then_the_regime_goes_by_the_percentile(now: float, regime: str) -> None:
    found = rank(YEAR, now)
    assert found is not None
    assert found.regime == regime
    assert 0 <= found.percentile <= 100
    assert found.rank is not None
    assert 0 <= found.rank <= 100


def test_rank_when_one_spike_rules_the_year_then_rank_and_percentile_differ() -> None:
    found = rank([*np.linspace(10, 12, 251), 60.0], 12.5)
    assert found is not None
    assert found.rank is not None
    assert found.rank < 6
    assert found.percentile > 99


def test_rank_when_the_history_is_longer_than_a_year_then_only_the_last_year_counts() -> None:
    found = rank(np.concatenate((np.full(500, 90.0), YEAR)), 20.0)
    assert found is not None
    assert found.highest == 30.0


def test_rank_when_volatility_never_moved_then_no_rank_but_a_percentile() -> None:
    found = rank(np.full(100, 15.0), 15.0)
    assert found is not None
    assert found.rank is None
    assert found.percentile == 50


@pytest.mark.parametrize("now", [0.0, -3.0, np.nan, np.inf])
def test_rank_when_now_is_no_volatility_then_none(now: float) -> None:
    assert rank(YEAR, now) is None


def test_rank_when_the_history_is_short_or_missing_then_none() -> None:
    assert rank(YEAR[:19], 20.0) is None
    assert rank([np.nan] * 300, 20.0) is None
    assert rank([], 20.0) is None
