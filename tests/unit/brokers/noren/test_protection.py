"""Prices that stand for "at market"."""

from datetime import date
from decimal import Decimal

import pytest

from server.brokers.noren.protection import protected
from tests.instruments import option, share

D = Decimal


@pytest.mark.parametrize(
    ("side", "price", "expected"),
    [
        ("BUY", "50", "51.00"),  # two percent below 100
        ("SELL", "50", "49.00"),
        ("BUY", "250", "252.50"),  # one to 500
        ("BUY", "800.10", "804.10"),  # a half above, cut to the tick below
        ("SELL", "800.10", "796.10"),  # and raised to the tick above
    ],
)
def test_protected_when_a_share_then_the_slab_of_its_price(side: str, price: str, expected: str) -> None:
    assert protected(share(), side, D(price), None) == D(expected)


@pytest.mark.parametrize(("price", "expected"), [("5", "5.25"), ("50", "51.50"), ("200", "204.00"), ("600", "606.00")])
def test_protected_when_an_option_then_wider(price: str, expected: str) -> None:
    assert protected(option("NIFTY", date(2026, 12, 1), 24500, "CE"), "BUY", D(price), None) == D(expected)


def test_protected_when_the_order_names_its_own_then_that() -> None:
    assert protected(share(), "BUY", D(800), D("0.1")) == D("800.80")


def test_protected_when_the_price_is_tiny_then_at_least_a_tick() -> None:
    assert protected(share(), "SELL", D("0.05"), D(99)) == D("0.05")
