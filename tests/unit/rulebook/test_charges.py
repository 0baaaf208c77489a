"""Charges beside the vectors: several fills of an order, brokers, what is not known, and what must always hold."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core.errors import Invalid
from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.orders import Product, Side
from server.rulebook import Rulebook
from tests.instruments import future, index, option, share

DAY = date(2026, 11, 20)
EXPIRY = date(2026, 12, 1)
CALL = option("NIFTY", EXPIRY, 24500, "CE")
BROKERS = ("zerodha", "paper", "upstox", "fyers", "flattrade", "aliceblue")
INSTRUMENTS: tuple[tuple[Instrument, Product], ...] = (
    (share(), "CNC"),
    (share(), "MIS"),
    (future("NIFTY", date(2026, 12, 29)), "NRML"),
    (CALL, "NRML"),
    (option("SENSEX", date(2026, 12, 3), 80000, "PE", "BFO", 20), "MIS"),
)


def test_charge_fills_of_one_order_when_value_so_far_is_given_then_they_cost_what_one_fill_costs(
    rulebook: Rulebook,
) -> None:
    whole = rulebook.charges("zerodha", CALL, "SELL", "NRML", 650, Decimal("182.35"), DAY)
    value = paid = Decimal(0)
    lines = []
    for number in range(10):
        part = rulebook.charges(
            "zerodha",
            CALL,
            "SELL",
            "NRML",
            65,
            Decimal("182.35"),
            DAY,
            first_fill_of_order=number == 0,
            brokerage_so_far=paid,
            value_so_far=value,
        )
        value += 65 * Decimal("182.35")
        paid += part.brokerage
        lines.append(part)
    for field in Charges.__struct_fields__:
        assert sum(getattr(part, field) for part in lines) == getattr(whole, field), field


def test_charge_a_percentage_plan_when_the_order_fills_twice_then_the_cap_is_of_the_order(rulebook: Rulebook) -> None:
    first = rulebook.charges("zerodha", share(), "BUY", "MIS", 50, Decimal(1000), DAY)
    second = rulebook.charges(
        "zerodha",
        share(),
        "BUY",
        "MIS",
        50,
        Decimal(1000),
        DAY,
        first_fill_of_order=False,
        brokerage_so_far=first.brokerage,
    )
    assert (first.brokerage, second.brokerage) == (Decimal(15), Decimal(5))


@pytest.mark.parametrize(
    ("broker", "product", "expected"),
    [
        ("zerodha", "CNC", "0"),
        ("paper", "MIS", "20"),
        ("upstox", "CNC", "20"),
        ("fyers", "CNC", "20"),
        ("flattrade", "MIS", "0"),
        ("aliceblue", "MIS", "20"),
    ],
)
def test_charge_by_broker_when_the_order_is_of_one_lakh_then_brokerage_is_the_plans(
    rulebook: Rulebook, broker: str, product: Product, expected: str
) -> None:
    charges = rulebook.charges(broker, share(), "BUY", product, 100, Decimal(1000), DAY)
    assert charges.brokerage == Decimal(expected)


def test_charge_bombay_options_when_sensex_or_a_share_then_the_fee_differs(rulebook: Rulebook) -> None:
    sensex = option("SENSEX", date(2026, 12, 3), 80000, "CE", "BFO", 20)
    stock = option("RELIANCE", date(2026, 12, 29), 1300, "CE", "BFO", 500)
    fee = [rulebook.charges("zerodha", i, "BUY", "NRML", 1000, Decimal(100), DAY).exchange for i in (sensex, stock)]
    assert fee == [Decimal("32.50"), Decimal("5.00")]


def test_exercise_an_option_when_in_the_money_then_the_holder_pays_tax_on_intrinsic_value(rulebook: Rulebook) -> None:
    before, after = (rulebook.exercise_charges(65, Decimal(200), d) for d in (date(2026, 3, 31), date(2026, 4, 1)))
    assert (before.total, after.total) == (Decimal(16), Decimal(20))


def test_square_off_by_the_broker_when_zerodha_then_fifty_rupees_and_tax(rulebook: Rulebook) -> None:
    assert rulebook.square_off_charges("zerodha", DAY).total == 59


@pytest.mark.parametrize(
    ("broker", "day", "code"),
    [("nobody", DAY, "rules.unknown_broker"), ("zerodha", date(2020, 1, 1), "rules.unknown_exchange_fee")],
)
def test_charge_when_broker_or_day_is_not_known_then_invalid(
    rulebook: Rulebook, broker: str, day: date, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.charges(broker, CALL, "BUY", "NRML", 65, Decimal(100), day)
    assert caught.value.code == code
    assert caught.value.remedy


def test_charge_an_index_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid, match="NSE_INDEX:NIFTY"):
        rulebook.charges("zerodha", index(), "BUY", "NRML", 65, Decimal(100), DAY)


@pytest.mark.parametrize(("quantity", "price"), [(0, "1"), (-65, "1"), (65, "-1"), (65, "NaN")])
def test_charge_when_the_trade_makes_no_sense_then_invalid(rulebook: Rulebook, quantity: int, price: str) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.charges("zerodha", CALL, "BUY", "NRML", quantity, Decimal(price), DAY)
    assert caught.value.code == "rules.trade"


def test_depository_charge_when_the_broker_states_none_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.dp_charges("flattrade", 1, DAY)
    assert caught.value.code == "rules.unknown_dp"


@settings(deadline=None, max_examples=150)
@given(
    broker=st.sampled_from(BROKERS),
    what=st.sampled_from(INSTRUMENTS),
    side=st.sampled_from(("BUY", "SELL")),
    quantity=st.integers(1, 20_000),
    more=st.integers(0, 20_000),
    paise=st.integers(5, 3_000_000),
)
def test_charges_are_never_negative_and_grow_with_the_trade(
    rulebook: Rulebook,
    broker: str,
    what: tuple[Instrument, Product],
    side: Side,
    quantity: int,
    more: int,
    paise: int,
) -> None:
    instrument, product = what
    price = Decimal(paise).scaleb(-2)
    small = rulebook.charges(broker, instrument, side, product, quantity, price, DAY)
    large = rulebook.charges(broker, instrument, side, product, quantity + more, price, DAY)
    for field in Charges.__struct_fields__:
        assert 0 <= getattr(small, field) <= getattr(large, field), field
    assert small.total == sum(getattr(small, f) for f in Charges.__struct_fields__)
