"""What the exchange refuses, each with a code and a sentence that names the limit."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from server.domain.instruments import Instrument
from server.matching.messages import Reply
from tests.instruments import index, option, share
from tests.trading import DAY, Floor, book, ist, order

INFY = share("INFY")
NIFTY = msgspec.structs.replace(option("NIFTY", DAY.replace(day=23), 24500, "CE"), freeze=1800)


def answer(instrument: Instrument, at: str = "10:00", **terms: Any) -> Reply:
    """The exchange's answer to one order."""
    clock = ist(at)
    floor = Floor(instrument, now=clock)
    floor.see(book([(1500, 1000)], [(1500.5, 1000)], ltp="1500.00", close="1490.00", at=clock))
    return floor.send(order(instrument, **terms))[0]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("instrument", "terms", "code", "says"),
    [
        (INFY, {"type": "LIMIT", "price": "1500.03"}, "exchange.tick", "1500.03 is not a multiple of the tick 0.05"),
        (INFY, {"type": "SL", "price": "1510", "trigger": "1505.01"}, "exchange.tick", "Trigger price 1505.01"),
        (INFY, {"type": "LIMIT"}, "exchange.prices", "A LIMIT order needs a price"),
        (INFY, {"type": "MARKET", "price": "1500"}, "exchange.prices", "needs no price"),
        (INFY, {"quantity": 0}, "exchange.lot", "Quantity 0"),
        (INFY, {"quantity": -5}, "exchange.lot", "Quantity -5"),
        (INFY, {"type": "LIMIT", "price": "2000"}, "exchange.price_range", "17070: the price 2000"),
        (INFY, {"type": "LIMIT", "price": "1.00"}, "exchange.price_range", "17070: the price 1.00"),
        (INFY, {"quantity": 1000, "disclosed": 50, "type": "LIMIT", "price": "1500"}, "exchange.disclosed", "10 %"),
        (INFY, {"protection": "0"}, "exchange.protection", "0 %"),
        (NIFTY, {"quantity": 75}, "exchange.lot", "75 is not a multiple of the market lot 65"),
        (NIFTY, {"quantity": 1820}, "exchange.freeze", "1820 is above the freeze quantity 1800"),
        (index("NIFTY"), {}, "exchange.not_tradable", "index"),
        (option("NIFTY", DAY.replace(day=17), 24500, "CE"), {"quantity": 65}, "exchange.expired", "2026-11-17"),
    ],
)
def test_send_when_terms_are_wrong_then_refused_with_the_limit(
    instrument: Instrument, terms: dict[str, Any], code: str, says: str
) -> None:
    reply = answer(instrument, **terms)
    assert not reply.ok
    assert (reply.code, says in reply.reason) == (code, True), reply.reason


@pytest.mark.parametrize(
    ("at", "terms", "code"),
    [
        ("08:59", {}, "exchange.closed"),
        ("09:02", {"type": "SL", "price": "1510", "trigger": "1505"}, "exchange.phase"),
        ("09:06", {}, "exchange.phase"),  # market orders are frozen
        ("09:02", {"type": "LIMIT", "price": "1500", "validity": "IOC"}, "exchange.validity"),
        ("09:13", {"type": "LIMIT", "price": "1500"}, "exchange.phase"),  # buffer
        ("15:16", {"type": "LIMIT", "price": "1500"}, "exchange.phase"),  # reference price is being made
        ("15:22", {"type": "LIMIT", "price": "1560"}, "exchange.price_range"),  # 3 % around the reference
        ("15:37", {}, "exchange.closed"),
        ("18:00", {}, "exchange.closed"),
    ],
)
def test_send_when_the_phase_does_not_take_it_then_refused(at: str, terms: dict[str, Any], code: str) -> None:
    reply = answer(INFY, at, **terms)
    assert (reply.ok, reply.code) == (False, code), reply.reason


def test_send_on_a_holiday_when_market_is_closed_then_refused() -> None:
    holiday = ist("10:00", DAY.replace(day=24))
    floor = Floor(INFY, now=holiday)
    floor.see(book(ltp="1500.00", at=holiday))
    sent = order(INFY)
    floor.send(sent)
    assert floor.refusal(sent) == "exchange.closed"


def test_send_in_a_year_the_rulebook_does_not_know_then_refused_not_guessed() -> None:
    later = ist("10:00", DAY.replace(year=2031))
    floor = Floor(INFY, now=later)
    sent = order(INFY)
    reply = floor.send(sent)[0]
    assert isinstance(reply, Reply) and not reply.ok
    assert reply.code.startswith("rules.")


def test_send_option_market_order_when_untraded_today_then_refused() -> None:
    floor = Floor(NIFTY)
    floor.see(book([(150, 650)], [(150.05, 650)], ltp="150.00", volume=0))
    sent = order(NIFTY, quantity=65)
    floor.send(sent)
    assert floor.refusal(sent) == "exchange.untraded"


def test_send_the_same_order_twice_when_it_works_then_the_second_is_refused() -> None:
    floor = Floor(INFY)
    floor.see(book([(1500, 1000)], [(1500.5, 1000)], close="1490"))
    sent = order(INFY, type="LIMIT", price="1490.00")
    floor.send(sent)
    reply = floor.send(sent)[0]
    assert isinstance(reply, Reply) and reply.code == "exchange.twice"


def test_modify_when_new_price_is_off_tick_then_refused_and_the_old_price_stands() -> None:
    floor = Floor(INFY)
    floor.see(book([(1500, 1000)], [(1500.5, 1000)], close="1490"))
    sent = order(INFY, type="LIMIT", price="1490.00")
    floor.send(sent)
    reply = floor.modify(sent, price=Decimal("1490.02"))[0]
    assert isinstance(reply, Reply) and reply.code == "exchange.tick"
    floor.see(book([(1480, 10)], [(1489, 500)], ltp="1489.00"))
    assert floor.trades() == [(1, Decimal(1490))]
