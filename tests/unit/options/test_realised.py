"""Realised volatility: estimators find the volatility a path was made with, by their own assumptions."""

from typing import get_args

import numpy as np
import pytest

from server.core.errors import Invalid
from server.options.realised import ESTIMATORS, Estimator, cone, implied_over_realised, realised, rolling

TRUE = 0.2
Bars = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def path(days: int = 3000, night: float = 0.0, drift: float = 0.0, steps: int = 600) -> Bars:
    """Daily bars of a lognormal walk of 20 % a year, part of whose variance comes overnight."""
    rng = np.random.default_rng(4)
    daily = TRUE / np.sqrt(252)
    gaps = rng.normal(0, daily * np.sqrt(night), days) if night else np.zeros(days)
    inside = rng.normal(drift / steps, daily * np.sqrt((1 - night) / steps), (days, steps)).cumsum(axis=1)
    start = np.concatenate(([0.0], (gaps + inside[:, -1]).cumsum()[:-1])) + gaps
    walk = np.exp(start[:, None] + np.concatenate((np.zeros((days, 1)), inside), axis=1))
    return walk[:, 0], walk.max(axis=1), walk.min(axis=1), walk[:, -1]


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_realised_when_there_are_no_gaps_then_every_estimator_finds_the_volatility(kind: Estimator) -> None:
    # highs and lows of a walk in steps fall short of the continuous ones by some 2 %
    assert realised(kind, *path()) == pytest.approx(TRUE, rel=0.05)


def test_realised_when_there_are_gaps_then_only_those_that_know_of_them_find_it() -> None:
    bars = path(night=0.3)
    assert realised("close", *bars) == pytest.approx(TRUE, rel=0.04)
    assert realised("yang_zhang", *bars) == pytest.approx(TRUE, rel=0.04)
    for kind in ("parkinson", "garman_klass", "rogers_satchell"):
        assert realised(kind, *bars) == pytest.approx(TRUE * np.sqrt(0.7), rel=0.05)


def test_realised_when_there_is_a_trend_then_rogers_satchell_is_not_misled() -> None:
    bars = path(drift=0.02)
    assert realised("rogers_satchell", *bars) == pytest.approx(TRUE, rel=0.07)
    assert realised("parkinson", *bars) > TRUE * 1.2


def test_realised_when_worked_by_hand_then_the_textbook_figures() -> None:
    o, h, lo, c = (np.array(a) for a in ([100.0, 102.0], [105.0, 106.0], [99.0, 101.0], [102.0, 103.0]))
    park = np.sqrt((np.log(105 / 99) ** 2 + np.log(106 / 101) ** 2) / 2 / (4 * np.log(2)) * 252)
    assert realised("parkinson", o, h, lo, c) == pytest.approx(park)
    klass = 0.5 * np.log(h / lo) ** 2 - (2 * np.log(2) - 1) * np.log(c / o) ** 2
    assert realised("garman_klass", o, h, lo, c) == pytest.approx(np.sqrt(np.mean(klass) * 252))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_rolling_then_each_value_is_that_of_its_own_window(kind: Estimator) -> None:
    bars = path(days=60, night=0.3)
    line = rolling(kind, 20, *bars)
    assert np.isnan(line[:19]).all()
    assert line[40] == pytest.approx(realised(kind, *(a[21:41] for a in bars)))


def test_rolling_when_a_bar_is_broken_then_only_windows_that_hold_it_have_no_value() -> None:
    o, h, lo, c = path(days=60)
    h[30] = lo[30] - 1.0
    lost = np.isnan(rolling("parkinson", 10, o, h, lo, c))
    assert np.flatnonzero(lost).tolist() == [*range(9), *range(30, 40)]


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf])
def test_realised_when_a_price_makes_no_sense_then_no_figure(price: float) -> None:
    o, h, lo, c = path(days=30)
    c[10] = price
    assert np.isnan(realised("close", o, h, lo, c))


@pytest.mark.parametrize("kind", get_args(Estimator))
def test_realised_when_there_are_too_few_bars_then_invalid(kind: Estimator) -> None:
    with pytest.raises(Invalid, match="too few"):
        realised(kind, [1.0], [1.0], [1.0], [1.0])


def test_realised_when_lengths_differ_then_invalid() -> None:
    with pytest.raises(Invalid, match="differ in number"):
        realised("close", [1.0, 2.0], [1.0], [1.0], [1.0])


def test_cone_then_ranges_narrow_with_the_horizon_and_now_is_inside() -> None:
    found = cone("yang_zhang", *path(days=800, night=0.3))
    assert found.windows == (5, 10, 21, 42, 63, 126, 252)
    widths = np.array(found.most) - np.array(found.least)
    assert widths[0] > widths[2] > widths[-1]
    for line in zip(found.least, found.quarter, found.median, found.three_quarters, found.most, strict=True):
        assert list(line) == sorted(line)
    assert all(low <= now <= high for low, now, high in zip(found.least, found.now, found.most, strict=True))


def test_cone_when_the_history_is_short_then_long_windows_are_left_out() -> None:
    assert cone("close", *path(days=30)).windows == (5, 10, 21)
    assert cone("close", *path(days=3)).windows == ()


def test_implied_over_realised_when_implied_is_two_points_dearer_then_that_is_the_premium() -> None:
    *_, close = path(days=2000)
    found = implied_over_realised(np.full(2000, TRUE + 0.02), close)
    assert found is not None
    assert found.mean == pytest.approx(0.02, abs=0.006)
    assert 0.6 < found.above < 0.9
    assert found.observations == 2000 - 21


def test_implied_over_realised_when_there_is_too_little_then_none() -> None:
    assert implied_over_realised([0.1] * 5, [100.0] * 5) is None
    assert implied_over_realised([np.nan] * 50, np.linspace(100, 120, 50)) is None
    with pytest.raises(Invalid, match="differ"):
        implied_over_realised([0.1], [1.0, 2.0])
