"""Greeks beside fifty-digit derivatives of the price, and rows that have none."""

import numpy as np
import pytest

from server.core.errors import Invalid
from server.options import codes, greeks
from server.options.sensitivity import NAMES, per_day, per_percent
from tests.options_reference import reference_greeks
from tests.shared import shared
from tests.unit.options.engines import each_engine

__all__ = ("each_engine",)

pytestmark = pytest.mark.usefixtures("each_engine")
ORDER = ("S", "K", "T", "r", "sigma", "flag")


def test_greeks_when_laid_beside_fifty_digit_references_then_they_agree_to_rounding() -> None:
    data = np.load(shared("data/quant/chain10k.npz"))
    found = greeks(*(data[name] for name in ORDER))
    group = np.unique(np.stack([data["S"], data["T"]]), axis=1, return_inverse=True)[1].ravel()
    for name in NAMES:
        reference = data[f"ref_{name}"]
        most = np.zeros(group.max() + 1)
        np.maximum.at(most, group, np.abs(reference))
        assert (np.abs(found[name] - reference) / most[group]).max() <= 1e-13, name


@pytest.mark.parametrize("flag", [1.0, -1.0])
@pytest.mark.parametrize("q", [0.0, 0.013, 0.065])
@pytest.mark.parametrize(("strike", "years", "sigma"), [(24_000.0, 0.02, 0.14), (27_000.0, 1.5, 0.3), (1e5, 0.5, 1.2)])
def test_greeks_when_there_is_a_yield_then_they_are_derivatives_of_the_price(
    strike: float, years: float, sigma: float, q: float, flag: float
) -> None:
    found = greeks(24_800.0, strike, years, 0.065, sigma, flag, q=q)
    reference = reference_greeks(24_800.0, strike, years, 0.065, sigma, flag, q)
    for name in NAMES:
        assert found[name] == pytest.approx(reference[name], rel=1e-10, abs=1e-18), name


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"T": 0.0}, codes.NO_TIME),
        ({"T": -1.0}, codes.NO_TIME),
        ({"sigma": 0.0}, codes.BAD_VOLATILITY),
        ({"sigma": -0.2}, codes.BAD_VOLATILITY),
        ({"sigma": np.nan}, codes.NOT_A_NUMBER),
        ({"sigma": np.inf}, codes.BAD_VOLATILITY),
        ({"S": 0.0}, codes.BAD_SPOT),
        ({"S": np.nan}, codes.NOT_A_NUMBER),
        ({"K": -100.0, "flag": -1.0}, codes.BAD_STRIKE),
        ({"K": 0.0}, codes.BAD_STRIKE),
        ({"flag": 0.0}, codes.BAD_FLAG),
        ({"r": np.inf}, codes.NOT_A_NUMBER),
        ({"r": -1e9}, codes.OUT_OF_RANGE),
    ],
)
def test_greeks_when_a_row_makes_no_sense_then_it_alone_is_nan_with_the_reason(
    change: dict[str, float], reason: int
) -> None:
    good = {"S": 100.0, "K": 101.0, "T": 0.1, "r": 0.06, "sigma": 0.2, "flag": 1.0}
    rows = [good] * 2500 + [{**good, **change}] + [good] * 2500
    why = np.full(len(rows), 99, np.int8)
    found = greeks(*(np.array([row[name] for row in rows]) for name in ORDER), codes=why)
    for name in NAMES:
        assert np.flatnonzero(np.isnan(found[name])).tolist() == [2500], name
        assert np.unique(found[name][:2500]).size == 1
    assert np.flatnonzero(why).tolist() == [2500]
    assert why[2500] == reason


def test_greeks_when_scalars_then_scalar_arrays_by_name() -> None:
    found = greeks(100, 100, 1, 0.05, 0.2, "put")
    assert tuple(found) == NAMES
    assert found["delta"].shape == ()
    assert found["delta"] == pytest.approx(-0.3631693488243809, abs=1e-14)


def test_greeks_per_day_and_per_percent_then_only_those_with_time_or_volatility_change() -> None:
    found = greeks(100.0, 100.0, 1.0, 0.05, 0.2, 1)
    day, percent = per_day(found), per_percent(found)
    assert {n for n in NAMES if day[n] != found[n]} == {"theta", "charm", "veta"}
    assert day["theta"] == pytest.approx(found["theta"] / 365)
    assert {n for n in NAMES if percent[n] == found[n]} == {"delta", "gamma", "theta", "charm", "speed"}
    assert percent["vega"] == pytest.approx(found["vega"] / 100)
    assert percent["vomma"] == pytest.approx(found["vomma"] / 10_000)


def test_greeks_when_shapes_do_not_fit_then_invalid() -> None:
    with pytest.raises(Invalid, match="do not fit"):
        greeks(np.ones(4), np.ones(3), 1, 0.05, 0.2, 1)
