"""Golden SPAN values of NSE's file of 2026-05-29, each named: within 5 %.

The published figures carry no option prices. Spot and future follow from the published exposures (2 % of each);
volatility is taken as 12 and 14 %, about where NIFTY's was; the price scan range is the rulebook's row for that day.
"""

from collections.abc import Callable
from datetime import date

import pytest

from server.core.paths import bundled
from server.options import black76
from server.risk.margin import Margin, MarginLeg, portfolio_margin
from server.rulebook import Rulebook
from tests.instruments import future, option

DAY, EXPIRY = date(2026, 5, 29), date(2026, 6, 30)
SPOT, FUTURE = 30_612 / 65 / 0.02, 30_873 / 65 / 0.02
Compute = Callable[..., Margin]


@pytest.fixture(scope="module", params=[0.12, 0.14], ids=["12 %", "14 %"])
def compute(request: pytest.FixtureRequest) -> Compute:
    rulebook = Rulebook.load(bundled("config") / "rules")
    sigma: float = request.param

    def leg(quantity: int, strike: int = 0, right: str = "FUT") -> MarginLeg:
        if right == "FUT":
            instrument, price = future("NIFTY", EXPIRY), FUTURE
        else:
            instrument = option("NIFTY", EXPIRY, strike, "CE" if right == "CE" else "PE")
            price = float(black76.price(FUTURE, strike, 32 / 365, 0.065, sigma, right == "CE"))
        return MarginLeg(
            instrument=instrument,
            quantity=quantity,
            price=price,
            underlying_price=SPOT,
            product="NRML",
            forward=FUTURE,
        )

    return lambda *legs: portfolio_margin([leg(*entry) for entry in legs], rulebook, DAY)


def within(margin: Margin, span: int, exposure: int) -> None:
    assert margin.span_minor / 100 == pytest.approx(span, rel=0.05)
    assert margin.exposure_minor / 100 == pytest.approx(exposure, abs=1)


def test_golden_long_future(compute: Compute) -> None:
    within(compute((65,)), 143_720, 30_873)


def test_golden_short_call(compute: Compute) -> None:
    within(compute((-65, 23_700, "CE")), 141_673, 30_612)


def test_golden_short_straddle(compute: Compute) -> None:
    within(compute((-65, 23_700, "CE"), (-65, 23_700, "PE")), 141_673, 61_224)


def test_golden_future_with_protective_put(compute: Compute) -> None:
    within(compute((65,), (65, 23_000, "PE")), 48_030, 30_873)


def test_golden_iron_condor(compute: Compute) -> None:
    margin = compute((-65, 24_000, "CE"), (65, 24_500, "CE"), (-65, 23_000, "PE"), (65, 22_500, "PE"))
    within(margin, 31_244, 61_224)
