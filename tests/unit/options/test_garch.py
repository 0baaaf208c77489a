"""GARCH and GJR: parameters found again, forecasts that return to the long run, refusals in words."""

from importlib.util import find_spec

import numpy as np
import pytest

from server.core.errors import Invalid, Unavailable
from server.options import garch

installed = pytest.mark.skipif(find_spec("arch") is None, reason="not run: the extra `volatility` is not installed")


def returns(days: int = 4000) -> np.ndarray:
    """A GJR process with Student-t shocks of 7 degrees."""
    rng = np.random.default_rng(8)
    shocks = rng.standard_t(7, days) * np.sqrt(5 / 7)
    variance, out = 1e-4, np.empty(days)
    for i in range(days):
        out[i] = shocks[i] * np.sqrt(variance)
        variance = 2e-6 + (0.04 + 0.09 * (out[i] < 0)) * out[i] ** 2 + 0.89 * variance
    return out


@installed
def test_gjr_when_fitted_to_its_own_process_then_the_parameters_are_found_again() -> None:
    found = garch.fit(returns(), "gjr")
    assert found.converged
    assert found.persistence == pytest.approx(0.04 + 0.045 + 0.89, abs=0.02)
    assert found.gamma == pytest.approx(0.09, abs=0.04)
    assert found.freedom == pytest.approx(7, abs=2)
    assert found.long_run is not None
    assert found.long_run == pytest.approx(np.sqrt(2e-6 / (1 - 0.975) * 252), rel=0.2)


@installed
def test_garch_then_forecasts_go_from_now_to_the_long_run() -> None:
    found = garch.fit(returns())
    assert found.gamma == 0.0
    assert found.long_run is not None
    assert found.half_life is not None
    line = np.sqrt(found.daily(2000) * 252)
    assert line[0] == pytest.approx(np.sqrt(found.last_variance * 252))
    assert line[-1] == pytest.approx(found.long_run, rel=1e-6)
    gap = np.abs(found.daily(2000) - found.long_run**2 / 252)
    assert gap[round(found.half_life)] == pytest.approx(gap[0] / 2, rel=0.05)
    assert min(line[0], found.long_run) <= found.volatility(30) <= max(line[0], found.long_run)


@installed
def test_fit_when_some_returns_are_missing_then_they_are_passed_over() -> None:
    values = returns(600)
    values[[3, 40]] = np.nan
    assert garch.fit(values).observations == 598


def test_fit_when_there_are_too_few_or_none_that_move_then_invalid() -> None:
    with pytest.raises(Invalid, match="too few"):
        garch.fit(np.zeros(20))
    with pytest.raises(Invalid, match="never moved"):
        garch.fit(np.zeros(500))
    with pytest.raises(Invalid, match="no model"):
        garch.fit(returns(600), "egarch")  # type: ignore[arg-type]


def test_fit_when_the_library_is_absent_then_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garch, "available", lambda: False)
    with pytest.raises(Unavailable) as caught:
        garch.fit(returns(600))
    assert "sauda[volatility]" in caught.value.remedy
