"""Quantities of things that trade in fractions: whole units and decimals say the same, values are exact to the minor
unit, and a step that the exchange changes in between changes nothing that is owned."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.books import Position
from server.domain.instruments import Instrument, plain_quantity
from server.domain.orders import Side, recounted
from server.ledger.books import common_unit, fill_value_minor, move_fill
from tests.trading import fill

PROFILE = settings(max_examples=400, deadline=None, derandomize=True)
STEPS = tuple(
    Decimal(text) for text in ("1", "0.1", "0.01", "0.001", "0.00001", "0.00000001", "1E-9", "0.25", "0.0005")
)
KEY = "CRYPTO:BTCUSDT"
CENT = Decimal("0.01")

units = st.integers(1, 2**53 - 1)
steps = st.sampled_from(STEPS)
prices = st.integers(1, 10**13).map(lambda n: Decimal(n).scaleb(-8))


def coin(unit: Decimal) -> Instrument:
    """BTCUSDT in steps of `unit`."""
    return Instrument(
        symbol="BTCUSDT", exchange="CRYPTO", kind="CRYPTO", name="BTC", segment="CRYPTO", unit=unit, currency="USDT"
    )


@PROFILE
@given(units, steps)
def test_quantity_when_said_and_read_back_then_the_same_units(quantity: int, unit: Decimal) -> None:
    text = coin(unit).said(quantity)
    assert "E" not in text and not text.startswith(".")
    assert not ("." in text and text.endswith(("0", ".")))
    assert Decimal(text) == quantity * unit
    assert coin(unit).units(Decimal(text)) == quantity


@PROFILE
@given(st.integers(1, 10**12), steps, prices)
def test_value_when_of_a_fill_then_exact_to_the_minor_unit(quantity: int, unit: Decimal, price: Decimal) -> None:
    one = msgspec.structs.replace(fill(KEY, "BUY", quantity, price), unit=unit)
    with_digits = Decimal(int(price.scaleb(8)) * quantity * int(unit.scaleb(9))).scaleb(-17)  # by integers alone
    assert abs(one.value - with_digits) <= one.value.scaleb(-27)
    assert fill_value_minor(one) == int((one.value / CENT).to_integral_value(ROUND_HALF_UP))


@st.composite
def trades(draw: st.DrawFn) -> list[tuple[Side, int, Decimal, Decimal]]:
    """Fills of one coin whose step changes between them."""
    return [
        (
            draw(st.sampled_from(("BUY", "SELL"))),
            draw(st.integers(1, 10_000)),
            draw(st.sampled_from([Decimal("0.1"), Decimal("0.001"), Decimal("0.00001")])),
            Decimal(draw(st.integers(100, 10_000_000))) / 100,
        )
        for _ in range(draw(st.integers(1, 12)))
    ]


@PROFILE
@given(trades())
def test_position_when_the_step_changes_between_fills_then_size_and_money_are_what_was_traded(
    done: list[tuple[Side, int, Decimal, Decimal]],
) -> None:
    position = Position(account="live", key=KEY, product="CNC")
    size, paid = Decimal(0), 0
    for side, quantity, unit, price in done:
        one = msgspec.structs.replace(fill(KEY, side, quantity, price, account="live"), unit=unit)
        position = move_fill(position, one)
        way = 1 if side == "BUY" else -1
        size += way * quantity * unit
        paid += way * fill_value_minor(one)
        assert position.quantity * position.unit == size
        # what was paid is either still in the position or has been realised
        assert position.cost_minor - position.realised_minor == paid
        assert position.quantity or position.cost_minor == 0


@PROFILE
@given(units, steps, steps)
def test_recount_when_the_other_unit_divides_it_then_there_and_back_is_the_same(
    quantity: int, one: Decimal, other: Decimal
) -> None:
    both = common_unit(one, other)
    assert one % both == other % both == 0
    fine = recounted(quantity, one, both)
    assert fine * both == quantity * one
    assert recounted(fine, both, one) == quantity
    assert plain_quantity(fine, both) == plain_quantity(quantity, one)
