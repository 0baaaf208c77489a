"""Exposure by underlying, and what moves together."""

import math
from datetime import date

import msgspec
import numpy as np
import pytest

from server.risk.exposure import correlations, exposure_of, exposures, together
from tests.instruments import option, share

INDEX = "NSE_INDEX:NIFTY"
CALL, PUT = (
    msgspec.structs.replace(option("NIFTY", date(2026, 12, 1), 24500, right), underlying=INDEX)
    for right in ("CE", "PE")
)
RELIANCE = share("RELIANCE")


@pytest.mark.parametrize(
    ("instrument", "quantity", "worth"),
    [
        (RELIANCE, 10, 25_000.0),
        (RELIANCE, -10, -25_000.0),
        (CALL, 65, 65 * 100.0),
        (CALL, -65, -65 * 24_500.0),
        (PUT, 65, -65 * 100.0),
        (PUT, -65, 65 * 24_500.0),
    ],
)
def test_exposure_when_bought_or_sold_then_premium_or_value_and_way(
    instrument: object, quantity: int, worth: float
) -> None:
    price = 2500.0 if instrument is RELIANCE else 100.0
    assert exposure_of(instrument, quantity, price, 24_500.0) == worth  # type: ignore[arg-type]


def test_exposures_when_several_share_an_underlying_then_they_net_and_what_has_no_price_is_left_out() -> None:
    prices = {CALL.key: 100.0, PUT.key: math.nan, RELIANCE.key: 2500.0, INDEX: 24_500.0}
    found = exposures([(CALL, 65), (PUT, 65), (RELIANCE, 4), (RELIANCE, -1)], prices.__getitem__)
    assert found == {INDEX: 6_500.0, RELIANCE.key: 7_500.0}


def test_together_when_others_move_alike_then_they_count_and_hedges_do_not() -> None:
    by = {"A": 100.0, "B": 50.0, "C": -30.0, "D": 20.0, "E": -10.0}
    known = {("A", "B"): 0.8, ("A", "C"): 0.9, ("A", "D"): 0.5, ("A", "E"): -0.75}
    assert together(by, "A", known) == 100.0 + 50.0 + 10.0


def test_correlations_when_worked_out_then_as_numpy_does_and_short_histories_are_left_out() -> None:
    draw = np.random.default_rng(3)
    market = draw.standard_normal(120)
    moves = np.column_stack([market, market * 0.9 + draw.standard_normal(120) * 0.3, draw.standard_normal(120)]) / 100
    closes = 100 * np.exp(np.cumsum(moves, axis=0))
    closes[:90, 2] = np.nan
    found = correlations(["A", "B", "C"], closes)
    wanted = np.corrcoef(np.diff(np.log(closes[:, :2]), axis=0).T)[0, 1]
    assert found["A", "B"] == found["B", "A"] == pytest.approx(wanted)
    assert ("A", "C") not in found
