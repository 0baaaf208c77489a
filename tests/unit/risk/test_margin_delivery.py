"""Expiry week of contracts on shares: margin for what may have to be delivered, worked out by hand.

RELIANCE ends on Tuesday 2026-11-24? No: that is a holiday, so on Monday the 23rd. E-1 is Friday the 20th, E-4 Tuesday
the 17th. A share's own margin is taken at its floor of 20 %.
"""

from datetime import date

import pytest

from server.core.paths import bundled
from server.domain.orders import Product
from server.risk.margin import Margin, MarginLeg, portfolio_margin
from server.rulebook import Rulebook
from tests.instruments import future, option

EXPIRY = date(2026, 11, 23)
SPOT = 1400.0
UNITS = 500


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return Rulebook.load(bundled("config") / "rules")


def leg(strike: int, right: str, units: int, name: str = "RELIANCE", product: Product = "NRML") -> MarginLeg:
    if right == "FUT":
        return MarginLeg(
            instrument=future(name, EXPIRY), quantity=units, price=SPOT, underlying_price=SPOT, product=product
        )
    worth = max(0.0, SPOT - strike if right == "CE" else strike - SPOT)
    return MarginLeg(
        instrument=option(name, EXPIRY, strike, "CE" if right == "CE" else "PE"),
        quantity=units,
        price=worth + 5,
        underlying_price=SPOT,
        product=product,
    )


def margin(rulebook: Rulebook, day: date, *legs: MarginLeg) -> Margin:
    return portfolio_margin(legs, rulebook, day)


@pytest.mark.parametrize(
    ("day", "share"),
    [
        (date(2026, 11, 13), 0.0),  # E-6
        (date(2026, 11, 16), 0.0),  # E-5
        (date(2026, 11, 17), 0.10 * 0.20),
        (date(2026, 11, 18), 0.25 * 0.20),
        (date(2026, 11, 19), 0.45 * 0.20),
        (date(2026, 11, 20), 0.70 * 0.20),
        (date(2026, 11, 21), 0.70 * 0.20),  # the weekend counts nothing
        (EXPIRY, 0.50),
    ],
)
def test_long_options_in_the_money_when_the_end_comes_near_then_margin_grows(
    rulebook: Rulebook, day: date, share: float
) -> None:
    for strike, right in ((1300, "CE"), (1500, "PE")):
        found = margin(rulebook, day, leg(strike, right, UNITS))
        assert found.delivery_minor == round(SPOT * UNITS * share * 100)
        assert found.held_minor == found.delivery_minor
        assert found.total_minor - found.premium_minor == found.held_minor
        assert found.benefit_minor == 0


def test_long_options_when_out_of_the_money_or_on_an_index_then_paid_is_paid(rulebook: Rulebook) -> None:
    for day in (date(2026, 11, 20), EXPIRY):
        assert margin(rulebook, day, leg(1450, "CE", UNITS), leg(1350, "PE", UNITS)).held_minor == 0
        assert margin(rulebook, day, leg(1300, "CE", 65, name="NIFTY")).held_minor == 0


def test_futures_and_options_sold_on_the_last_day_then_half_the_value_or_half_as_much_again(rulebook: Rulebook) -> None:
    for one in (leg(0, "FUT", UNITS), leg(0, "FUT", -UNITS), leg(1400, "CE", -UNITS)):
        before = margin(rulebook, date(2026, 11, 20), one)
        assert before.delivery_minor == 0
        found = margin(rulebook, EXPIRY, one)
        usual = found.span_minor + found.exposure_minor
        most = round(SPOT * UNITS * 0.50 * 100)
        assert found.delivery_minor == pytest.approx(min(most, usual * 1.5) - usual, abs=2)
        assert usual < found.held_minor <= most


def test_last_day_of_an_index_future_when_settled_in_cash_then_nothing_on_top(rulebook: Rulebook) -> None:
    assert margin(rulebook, EXPIRY, leg(0, "FUT", 65, name="NIFTY")).delivery_minor == 0
