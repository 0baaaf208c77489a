"""The straddle follows the money, does not flicker, and has gaps where nothing was known."""

import numpy as np
import pytest

from server.core.errors import Invalid
from server.options.straddle import straddle_series

STRIKES = [100.0, 110.0, 120.0]


def prices(forwards: list[float]) -> tuple[np.ndarray, np.ndarray]:
    f, k = np.array(forwards)[:, None], np.array(STRIKES)
    return np.maximum(f - k, 0) + 2, np.maximum(k - f, 0) + 3


def test_series_then_the_strike_nearest_to_the_forward() -> None:
    forwards = [101.0, 108.0, 118.0]
    found = straddle_series(STRIKES, *prices(forwards), forwards)
    assert found.strike.tolist() == [100, 110, 120]
    assert found.premium.tolist() == [6, 7, 7]
    assert found.rolled.tolist() == [False, True, True]


def test_series_when_the_forward_stands_half_way_then_the_strike_stays() -> None:
    forwards = [104.0, 105.2, 104.9, 105.4, 106.0]
    found = straddle_series(STRIKES, *prices(forwards), forwards, hold=0.1)
    assert found.strike.tolist() == [100, 100, 100, 100, 110]


def test_series_when_a_price_or_the_forward_is_missing_then_a_gap_or_the_next_strike() -> None:
    forwards = [101.0, float("nan"), 101.0]
    calls, puts = prices([101.0, 101.0, 101.0])
    puts[2, 0] = np.nan
    found = straddle_series(STRIKES, calls, puts, forwards)
    assert found.strike == pytest.approx([100, np.nan, 110], nan_ok=True)
    assert found.premium == pytest.approx([6, np.nan, 14], nan_ok=True)
    assert found.rolled.tolist() == [False, False, True]


def test_series_when_nothing_is_known_then_all_gaps() -> None:
    blank = np.full((2, 3), np.nan)
    found = straddle_series(STRIKES, blank, blank, [101.0, 102.0])
    assert np.isnan(found.premium).all()
    assert not found.rolled.any()


def test_series_when_arrays_do_not_fit_then_invalid() -> None:
    with pytest.raises(Invalid):
        straddle_series(STRIKES, np.zeros((2, 2)), np.zeros((2, 2)), [1.0, 2.0])
