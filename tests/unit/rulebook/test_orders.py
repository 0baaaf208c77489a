"""Order types, price bands and market protection."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.rulebook import Rulebook
from tests.instruments import future, index, option, share

DAY = date(2026, 11, 20)
EXPIRY = date(2026, 12, 29)
CALL = option("NIFTY", EXPIRY, 24500, "CE")


@pytest.mark.parametrize(
    ("instrument", "day", "has"),
    [
        (share(), DAY, True),
        (future("NIFTY", EXPIRY), DAY, True),
        (CALL, DAY, False),
        (option("RELIANCE", EXPIRY, 1300, "PE"), DAY, False),
        (CALL, date(2021, 9, 26), True),
        (share("RELIANCE", "BSE"), DAY, False),
        (option("SENSEX", EXPIRY, 80000, "CE", "BFO"), DAY, False),
    ],
)
def test_stop_loss_market_then_the_exchange_takes_it_or_not(
    rulebook: Rulebook, instrument: Instrument, day: date, has: bool
) -> None:
    types = rulebook.order_types(instrument, day)
    assert ("SL-M" in types) is has
    assert types >= {"LIMIT", "MARKET", "SL"}


def test_order_types_of_an_index_then_none(rulebook: Rulebook) -> None:
    assert rulebook.order_types(index(), DAY) == frozenset()


@pytest.mark.parametrize(
    ("instrument", "reference", "low", "high"),
    [
        (CALL, "50", "30", "70"),
        (CALL, "10", "0.05", "30"),
        (CALL, "182.35", "109.45", "255.25"),
        (future("NIFTY", EXPIRY), "24500", "24010", "24990"),
        (future("RELIANCE", EXPIRY), "1300", "1261", "1339"),
        (option("SENSEX", EXPIRY, 80000, "CE", "BFO"), "30", "10", "50"),
        (share(), "1278", "1150.20", "1405.80"),
        (share("PAISALO", fno=False), "40", "32", "48"),
    ],
)
def test_price_band_then_it_is_inside_the_rule_and_on_the_tick(
    rulebook: Rulebook, instrument: Instrument, reference: str, low: str, high: str
) -> None:
    band = rulebook.price_band(instrument, Decimal(reference), DAY)
    assert band == (Decimal(low), Decimal(high))
    assert all(price % instrument.tick == 0 for price in band)


def test_price_band_when_the_tick_is_coarse_then_it_is_never_wider_than_the_rule(rulebook: Rulebook) -> None:
    coarse = msgspec.structs.replace(future("NIFTY", EXPIRY), tick=Decimal("0.10"))
    low, high = rulebook.price_band(coarse, Decimal("24500.35"), DAY)
    assert (low, high) == (Decimal("24010.40"), Decimal("24990.30"))


@pytest.mark.parametrize("reference", ["0", "-1", "NaN"])
def test_price_band_when_the_reference_is_no_price_then_invalid(rulebook: Rulebook, reference: str) -> None:
    with pytest.raises(Invalid):
        rulebook.price_band(CALL, Decimal(reference), DAY)


def test_price_band_before_the_rule_began_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.price_band(CALL, Decimal(100), date(2022, 10, 30))
    assert caught.value.code == "rules.unknown_price_band"


@pytest.mark.parametrize(
    ("instrument", "price", "percent"),
    [
        (share(), "99.95", "2"),
        (share(), "100", "1"),
        (share(), "500.05", "0.5"),
        (CALL, "9.95", "5"),
        (CALL, "10", "3"),
        (CALL, "100", "2"),
        (CALL, "600", "1"),
    ],
)
def test_market_protection_by_price(rulebook: Rulebook, instrument: Instrument, price: str, percent: str) -> None:
    assert rulebook.protection(instrument, Decimal(price), DAY) == Decimal(percent)
