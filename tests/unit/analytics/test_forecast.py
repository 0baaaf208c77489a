"""GARCH forecasts in a process of their own: pending, then there; a reason where there can be none."""

import numpy as np
import pytest

from server.analytics.forecast import Forecasts
from server.options.arbitrage import F8


def closes(count: int) -> F8:
    """Prices that walk, with volatility that clusters."""
    chance = np.random.default_rng(5)
    sigma, moves = 0.01, []
    for _ in range(count):
        moves.append(sigma * chance.standard_normal())
        sigma = (2e-6 + 0.1 * moves[-1] ** 2 + 0.87 * sigma**2) ** 0.5
    walked: F8 = 24_000 * np.exp(np.cumsum(moves))
    return walked


async def test_forecast_when_asked_the_first_time_then_pending_and_later_there() -> None:
    pytest.importorskip("arch")
    forecasts, prices = Forecasts(), closes(400)
    first = forecasts.of("a", prices)
    assert (first.available, "worked out" in first.reason) == (False, True)
    assert forecasts.of("a", prices) == first  # asked twice, worked out once
    await forecasts.settle()
    found = forecasts.of("a", prices)
    assert found.available
    assert [days for days, _ in found.forecast] == [1, 5, 10, 21, 42, 63]
    assert all(0.05 < value < 0.6 for _, value in found.forecast)
    assert found.persistence is not None
    assert 0.5 < found.persistence < 1.05


async def test_forecast_when_history_is_short_then_the_reason_comes_at_once() -> None:
    found = Forecasts().of("a", closes(100))
    assert not found.available
    assert "too few" in found.reason


async def test_forecast_when_sauda_stops_meanwhile_then_the_process_ends_too() -> None:
    pytest.importorskip("arch")
    forecasts = Forecasts()
    forecasts.of("a", closes(400))
    await forecasts.close()
    assert forecasts.of("b", closes(10)).reason
