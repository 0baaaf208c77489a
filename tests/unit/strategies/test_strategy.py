"""What fills do to a strategy: entry, exit, realised profit, states."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.strategies.strategy import Strategy, filled

NOW = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
CALL, PUT = "NFO:NIFTY01DEC2624500CE", "NFO:NIFTY01DEC2624500PE"


def strategy(**changes: Any) -> Strategy:
    """A strategy that was sent."""
    base: dict[str, Any] = {
        "id": "S1",
        "account": "paper-sim",
        "market": "sim",
        "name": "Straddle",
        "underlying": "NSE_INDEX:NIFTY",
        "state": "PENDING",
        "created": NOW,
        "updated": NOW,
    }
    return Strategy(**{**base, **changes})


def trade(one: Strategy, signed: int, price: str, key: str = CALL, **more: Any) -> Strategy:
    return filled(one, key=key, product="NRML", signed=signed, price=Decimal(price), at=NOW, **more)


def test_strategy_when_first_filled_then_active_with_its_entry() -> None:
    held = trade(strategy(), -65, "100.00", charges_minor=2_500)
    leg = held.legs[0]
    assert (held.state, held.opened) == ("ACTIVE", NOW)
    assert (leg.quantity, leg.entry, leg.exit, leg.opened) == (-65, Decimal(100), None, 65)
    assert (held.realised_minor, held.charges_minor) == (0, 2_500)


@pytest.mark.parametrize(("signed", "exit_price", "profit"), [(65, "120.00", 130_000), (-65, "80.00", 130_000)])
def test_strategy_when_closed_in_two_parts_then_realised_is_the_whole(
    signed: int, exit_price: str, profit: int
) -> None:
    held = trade(strategy(), signed * 2, "100.00")
    half = trade(held, -signed, exit_price)
    assert (half.state, half.realised_minor, half.legs[0].quantity) == ("ACTIVE", profit, signed)
    done = trade(half, -signed, exit_price)
    assert (done.state, done.closed, done.realised_minor) == ("CLOSED", NOW, 2 * profit)
    assert done.legs[0].exit == Decimal(exit_price)
    assert [f.realised_minor for f in done.fills] == [0, profit, profit]


def test_strategy_when_a_fill_turns_the_leg_round_then_the_rest_opens_anew() -> None:
    turned = trade(trade(strategy(), 65, "100.00"), -130, "110.00")
    leg = turned.legs[0]
    assert (turned.state, turned.realised_minor) == ("ACTIVE", 65_000)
    assert (leg.quantity, leg.entry) == (-65, Decimal(110))


def test_strategy_when_one_leg_is_gone_then_still_active_until_the_last() -> None:
    both = trade(trade(strategy(), -65, "100.00"), -65, "90.00", PUT)
    one = trade(both, 65, "50.00")
    assert (one.state, [leg.key for leg in one.held]) == ("ACTIVE", [PUT])
    assert trade(one, 65, "0", PUT, settled=True).state == "EXPIRED"


@given(st.lists(st.tuples(st.integers(-20, 20).filter(bool), st.integers(5, 50_000)), min_size=1, max_size=30))
def test_strategy_when_anything_is_traded_then_money_is_conserved(trades: list[tuple[int, int]]) -> None:
    """What came in and went out is realised profit and the cost of what is left, to the paisa."""
    one, cash, units = strategy(), 0, 0
    for lots, paise in trades:
        price = Decimal(paise).scaleb(-2)
        one = trade(one, lots * 65, str(price))
        cash -= lots * 65 * paise
        units += lots * 65
    leg = one.legs[0]
    assert leg.quantity == units
    assert one.realised_minor - leg.cost_minor == cash
    assert (one.state == "CLOSED") == (units == 0)
