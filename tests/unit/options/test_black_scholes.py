"""Prices: exact, kept apart from what makes no sense, intrinsic at the end."""

import numpy as np
import pytest

from server.options import codes, price
from tests.options_reference import batch, reference_price


def test_price_when_laid_beside_fifty_digits_then_it_agrees_to_rounding() -> None:
    rows = batch(5, 400)
    found = price(*(rows[name] for name in ("S", "K", "T", "r", "sigma", "flag")))
    assert np.abs(found - rows["exact"]).max() <= 1e-10


def test_price_when_far_out_of_the_money_then_its_digits_are_kept() -> None:
    found = price(24_800.0, 30_000.0, 2 / 365, 0.065, 0.15, 1)
    assert float(found) == pytest.approx(float(reference_price(24_800, 30_000, 2 / 365, 0.065, 0.15, 1)), rel=1e-11)
    assert 0.0 < found < 1e-50


@pytest.mark.parametrize(("years", "sigma"), [(0.0, 0.2), (0.5, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("strike", [90.0, 100.0, 110.0])
@pytest.mark.parametrize("flag", [1, -1])
def test_price_when_there_is_no_time_or_no_volatility_then_discounted_intrinsic(
    years: float, sigma: float, strike: float, flag: int
) -> None:
    found = price(100.0, strike, years, 0.06, sigma, flag, q=0.01)
    expected = max(flag * (100 * np.exp(-0.01 * years) - strike * np.exp(-0.06 * years)), 0.0)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"S": -1.0}, codes.BAD_SPOT),
        ({"K": 0.0}, codes.BAD_STRIKE),
        ({"T": -0.1}, codes.NO_TIME),
        ({"T": np.nan}, codes.NOT_A_NUMBER),
        ({"sigma": -0.1}, codes.BAD_VOLATILITY),
        ({"sigma": np.nan}, codes.NOT_A_NUMBER),
        ({"flag": 0.5}, codes.BAD_FLAG),
        ({"r": np.nan}, codes.NOT_A_NUMBER),
        ({"S": -100.0, "K": -100.0}, codes.BAD_SPOT),
    ],
)
def test_price_when_a_row_makes_no_sense_then_nan_and_the_reason(change: dict[str, float], reason: int) -> None:
    good = {"S": 100.0, "K": 101.0, "T": 0.1, "r": 0.06, "sigma": 0.2, "flag": 1.0}
    rows = [good, {**good, **change}, good]
    why = np.zeros(3, np.int8)
    found = price(*(np.array([row[name] for row in rows]) for name in good), codes=why)
    assert np.isnan(found).tolist() == [False, True, False]
    assert why.tolist() == [0, reason, 0]
    assert found[0] == found[2]
