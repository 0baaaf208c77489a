"""Which orders of Schwab's book are ours: by terms and moment, and along rows of replaced ones."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.schwab.book import Attempt, one_order, only, successors
from server.domain.brokerage import OrderLine

D = Decimal
AT = datetime(2026, 11, 20, 15, 0, 0, tzinfo=UTC)


def line(number: str, after: float = 0.0, **changes: Any) -> OrderLine:
    """A limit order for ten, entered so many seconds after `AT`."""
    entered = AT + timedelta(seconds=after)
    plain: dict[str, Any] = {
        "broker_id": number,
        "symbol": "AAPL",
        "exchange": "EQUITY",
        "side": "BUY",
        "quantity": D(10),
        "type": "LIMIT",
        "price": D("145.01"),
        "product": "NONE",
        "validity": "DAY",
        "state": "OPEN",
        "raw_state": "WORKING",
        "placed": entered,
        "updated": entered,
    }
    return OrderLine(**plain | changes)


def attempt(order: str = "01OURS", **changes: Any) -> Attempt:
    """The same order, sent at `AT`, its answer lost."""
    plain: dict[str, Any] = {"order": order, "symbol": "AAPL", "side": "BUY", "quantity": D(10), "type": "LIMIT"}
    plain |= {"price": D("145.01"), "trigger": None, "at": AT, "sending": False}
    return Attempt(**plain | changes)


def replaced(number: str, ended: float, **changes: Any) -> OrderLine:
    """An order that a change ended so many seconds after `AT`."""
    gone: dict[str, Any] = {"state": "CANCELLED", "raw_state": "REPLACED", "updated": AT + timedelta(seconds=ended)}
    return line(number, **gone | changes)


def test_lost_order_when_one_line_has_its_terms_then_it_is_that_one() -> None:
    wanted = attempt()
    found = only(wanted, [line("1", symbol="MSFT"), line("2", 1)], [wanted])
    assert found is not None and found.broker_id == "2"


@pytest.mark.parametrize(
    "other",
    [
        {"symbol": "AAPL1"},
        {"side": "SELL"},
        {"quantity": D(11)},
        {"type": "SL"},
        {"price": D("145.02")},
        {"price": None},
        {"trigger": D(140)},
        {"placed": AT - timedelta(seconds=6)},
        {"placed": AT + timedelta(seconds=61)},
        {"placed": None},
    ],
)
def test_lost_order_when_anything_differs_then_it_is_another(other: dict[str, Any]) -> None:
    wanted = attempt()
    assert only(wanted, [line("1", **other)], [wanted]) is None


def test_lost_order_when_two_lines_fit_or_two_orders_were_lost_then_neither_is_settled() -> None:
    one, two = attempt("01ONE"), attempt("01TWO")
    assert only(one, [line("1"), line("2")], [one]) is None
    assert only(one, [line("1")], [one, two]) is None


def test_row_when_entered_as_the_other_ended_then_it_replaced_it() -> None:
    lines = [replaced("1", 30), line("2", 30.4, price=D(146)), line("3", 31, side="SELL"), line("4", 90)]
    assert successors(lines, {}, ()) == {"1": "2"}


def test_row_when_two_were_entered_then_or_one_of_them_is_a_new_order_of_ours() -> None:
    lines = [replaced("1", 30), line("2", 30), line("3", 31)]
    assert successors(lines, {}, ()) == {}
    assert successors(lines, {}, {"3"}) == {"1": "2"}
    assert successors([replaced("1", 30), replaced("5", 30), line("2", 30)], {}, ()) == {}, "one cannot replace two"


def test_row_when_changed_twice_then_one_order_with_what_all_have_filled() -> None:
    first = replaced("1", 30, quantity=D(10), filled=D(4), average=D("145.00"))
    second = replaced("2", 60, after=30, quantity=D(6), filled=D(0))
    third = line("3", 60, quantity=D(8), filled=D(2), average=D("146.50"), price=D("146.50"), state="PARTIAL")
    whole = one_order([third, first, second], "01OURS")
    assert (whole.broker_id, whole.client_id, whole.state) == ("3", "01OURS", "PARTIAL")
    assert (whole.quantity, whole.filled) == (D(12), D(6))
    assert whole.average == (4 * D("145.00") + 2 * D("146.50")) / 6
    assert (whole.price, whole.placed) == (D("146.50"), AT)


def test_row_when_the_change_was_refused_then_the_old_order_works_on() -> None:
    whole = one_order([line("1"), line("2", 30, state="REJECTED", raw_state="REJECTED", reason="No.")], "01OURS")
    assert (whole.broker_id, whole.state, whole.reason) == ("1", "OPEN", "")


def test_row_when_nobody_knows_what_replaced_it_then_its_state_is_unknown_and_it_is_not_ended() -> None:
    whole = one_order([replaced("1", 30)], "01OURS")
    assert (whole.state, whole.price) == ("UNKNOWN", D("145.01"))
    assert "cannot be told" in whole.reason
