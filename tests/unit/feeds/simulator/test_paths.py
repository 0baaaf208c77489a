"""Paths: the index is its shares, scenarios leave the past alone, VIX answers NIFTY."""

import math

import numpy as np
import pytest

from server.feeds.simulator.factors import DayPath, Opening, day_path
from server.feeds.simulator.scenario import Change
from server.feeds.simulator.shares import SHARES
from server.feeds.simulator.universe import Universe

SECONDS = 23_100


@pytest.fixture(scope="module")
def universe() -> Universe:
    return Universe([s.symbol for s in SHARES])


def _day(universe: Universe, *changes: Change, ordinal: int = 0, gap: float | None = None) -> DayPath:
    return day_path(universe, 5, Opening(ordinal=ordinal, vix=math.log(13.0), calm=0.0, gap=gap), SECONDS, 555, changes)


def test_draw_when_shares_weighed_then_they_are_the_index(universe: Universe) -> None:
    path = _day(universe)
    weighed = path.log[:, 4:].astype(np.float64) @ universe.weight
    assert np.abs(weighed - path.log[:, 0]).max() < 1e-6


def test_draw_when_bank_index_then_close_to_its_members(universe: Universe) -> None:
    moves = np.diff(_day(universe).log[::300].astype(np.float64), axis=0)
    names = list(universe.names)
    banks = moves[:, [names.index(n) for n in ("HDFCBANK", "ICICIBANK", "SBIN", "AXISBANK", "KOTAKBANK")]].mean(axis=1)
    own = np.corrcoef(moves[:, names.index("BANKNIFTY")], banks)[0, 1]
    other = np.corrcoef(moves[:, names.index("BANKNIFTY")], moves[:, names.index("INFY")])[0, 1]
    assert own > 0.8 > other > 0.0


def test_change_when_laid_over_then_the_past_of_the_day_is_untouched(universe: Universe) -> None:
    calm, crash = _day(universe), _day(universe, Change(7_000, "crash", 2.0))
    for name in ("log", "prints", "vix", "activity", "basis"):
        assert np.array_equal(getattr(calm, name)[:7_001], getattr(crash, name)[:7_001]), name
    assert not np.array_equal(calm.log[7_001:], crash.log[7_001:])


def test_scenario_when_crash_then_falls_about_six_percent_and_vix_leaps(universe: Universe) -> None:
    fall, rise = [], []
    for ordinal in range(6):
        path, calm = _day(universe, Change(3_600, "crash", 1.0), ordinal=ordinal), _day(universe, ordinal=ordinal)
        fall.append(path.log[7_200, 0] - path.log[3_600, 0])
        rise.append(path.vix[7_200] - calm.vix[7_200])
    assert -0.09 < np.mean(fall) < -0.04
    assert np.mean(rise) > 0.3


def test_scenario_when_trend_then_the_day_goes_one_way(universe: Universe) -> None:
    extra = _day(universe, Change(0, "trend", 1.0)).log[-1, 0] - 0.85 * _day(universe).log[-1, 0]
    assert 0.010 < abs(extra) < 0.025


def test_scenario_when_gap_then_opens_there(universe: Universe) -> None:
    path = _day(universe, Change(0, "gap", 1.0), gap=-0.024)
    assert path.log[0, 0] == pytest.approx(-0.024, abs=1e-6)
    assert path.vix[0] > math.log(13.0) + 0.05


def test_volatility_when_doubled_then_moves_double_and_vix_follows(universe: Universe) -> None:
    calm, wild = _day(universe), _day(universe, Change(0, "calm", 2.0))
    ratio = np.diff(wild.log[:, 0].astype(np.float64)).std() / np.diff(calm.log[:, 0].astype(np.float64)).std()
    assert ratio == pytest.approx(2.0, rel=0.02)
    assert wild.vix[-1] - calm.vix[-1] > 0.25


def test_draw_when_nifty_falls_then_vix_rises_with_it(universe: Universe) -> None:
    moves, answers = [], []
    for ordinal in range(60):
        path = day_path(Universe([]), 9, Opening(ordinal=ordinal, vix=math.log(15.0), calm=0.0), 22_500)
        moves.append(path.log[-1, 0])
        answers.append(path.vix[-1] - math.log(15.0))
    assert -0.8 < np.corrcoef(moves, answers)[0, 1] < -0.35
