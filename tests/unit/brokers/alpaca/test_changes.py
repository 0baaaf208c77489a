"""A row of changes at Alpaca is one order of ours."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from server.brokers.alpaca.execution import collapsed
from server.domain.brokerage import OrderLine

D = Decimal
START = datetime(2026, 11, 20, 15, tzinfo=UTC)


def line(number: int, **terms: Any) -> OrderLine:
    """An order of the row; each replaces the one before."""
    plain: dict[str, Any] = {
        "broker_id": f"id-{number}",
        "client_id": "01OURS" if number == 1 else f"01OURS~{number - 1}",
        "parent_id": f"id-{number - 1}" if number > 1 else "",
        "tags": ("replaces",) if number > 1 else (),
        "symbol": "AAPL",
        "side": "BUY",
        "quantity": D(150),
        "type": "LIMIT",
        "product": "NONE",
        "validity": "DAY",
        "state": "OPEN",
        "raw_state": "new",
        "placed": START + timedelta(seconds=number),
    }
    return OrderLine(**plain | terms)


def test_row_when_changed_twice_then_the_last_is_told_under_the_first_id() -> None:
    gone = {"state": "CANCELLED", "raw_state": "replaced"}
    (one,) = collapsed([line(3, price=D(9)), line(1, price=D(7), **gone), line(2, price=D(8), **gone)])
    assert (one.broker_id, one.client_id, one.price, one.state) == ("id-3", "01OURS", D(9), "OPEN")
    assert one.placed == START + timedelta(seconds=1)


def test_row_when_the_change_was_refused_then_the_old_order_works_on() -> None:
    refused = line(2, state="REJECTED", raw_state="rejected")
    (one,) = collapsed([line(1), refused])
    assert (one.broker_id, one.state) == ("id-1", "OPEN")


def test_row_when_filled_before_then_whether_carried_on_or_not_the_total_is_the_same() -> None:
    before = line(1, filled=D(100), state="CANCELLED", raw_state="replaced")
    for told in (D(0), D(100)):
        (one,) = collapsed([before, line(2, filled=told, quantity=D(180))])
        assert (one.filled, one.pending) == (D(100), D(80))


def test_orders_when_made_elsewhere_then_they_bear_no_id_of_ours() -> None:
    uuid = "61e69015-8549-4bfd-b9c3-01e75843f47d"
    (one,) = collapsed([line(1, client_id=uuid)])
    assert one.client_id == ""


def test_legs_when_they_have_a_parent_then_they_stay_orders_of_their_own() -> None:
    leg = line(2, parent_id="id-1", tags=())
    assert len(collapsed([line(1), leg])) == 2
