"""What goes out to Schwab, and what is done where its answer does not name the order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from server.brokers.kit.http import Call
from server.brokers.kit.symbols import Listing
from server.brokers.schwab.execution import order_body
from server.brokers.schwab.symbols import named, options, shares
from server.core.clock import SystemClock
from server.core.errors import Denied, Invalid, Unknown
from server.domain.brokerage import ListingLine
from server.domain.orders import Fill, Order
from server.orders.ports import Change, NotAccepted, OrderReport
from tests.brokers.abroad import us_share
from tests.brokers.joined import Joined, eventually, joined
from tests.brokers.schwab import FakeSchwab
from tests.trading import order

D = Decimal
INTC = Listing(instrument=us_share("INTC"), symbol="INTC", exchange="EQUITY", token="INTC")


@pytest.fixture
async def made() -> AsyncIterator[Joined]:
    """An adapter over its fake; AAPL at 800.00 / 800.10."""
    async with joined("schwab") as one:
        one.fake.exchange.market("GLOBAL:AAPL", "800.00", "800.10")
        yield one


def fake(made: Joined) -> FakeSchwab:
    """Its fake."""
    assert isinstance(made.fake, FakeSchwab)
    return made.fake


def resting(made: Joined, price: str = "799.00", quantity: int = 10) -> Order:
    """A limit order that will not fill."""
    return order(made.symbols.of("GLOBAL:AAPL").instrument, "BUY", quantity, "LIMIT", price)


def test_body_when_a_limit_order_then_as_in_the_documentation_of_the_library() -> None:
    """Schwabdev 4.0.0, docs/orders: buy 4 shares of INTC at limit price $10.00."""
    assert order_body(order(us_share("INTC"), "BUY", 4, "LIMIT", "10.00"), INTC, D(4)) == {
        "orderType": "LIMIT",
        "session": "NORMAL",
        "duration": "DAY",
        "orderStrategyType": "SINGLE",
        "price": "10.00",
        "orderLegCollection": [
            {"instruction": "BUY", "quantity": 4, "instrument": {"symbol": "INTC", "assetType": "EQUITY"}}
        ],
    }


@pytest.mark.parametrize(
    ("kind", "price", "trigger", "there"),
    [
        ("MARKET", None, None, {"orderType": "MARKET"}),
        ("SL", "9.90", "9.95", {"orderType": "STOP_LIMIT", "price": "9.90", "stopPrice": "9.95"}),
        ("SL-M", None, "9.95", {"orderType": "STOP", "stopPrice": "9.95"}),
    ],
)
def test_body_when_of_another_type_then_only_its_own_prices(
    kind: Any, price: str | None, trigger: str | None, there: dict[str, str]
) -> None:
    body = order_body(order(us_share("INTC"), "SELL", 4, kind, price, trigger, validity="IOC"), INTC, D(4))
    prices = {name: body[name] for name in ("orderType", "price", "stopPrice") if name in body}
    assert prices == there
    assert (body["duration"], body["orderLegCollection"][0]["instruction"]) == ("IMMEDIATE_OR_CANCEL", "SELL")


async def test_place_when_it_filled_at_once_and_was_not_named_then_found_in_the_book(made: Joined) -> None:
    ack = await made.connection.execution.place(msgspec.structs.replace(resting(made), type="MARKET", price=None))
    assert ack.broker_id in made.fake.exchange.orders
    assert made.fake.calls["place"] == 1


async def test_place_when_neither_the_answer_nor_the_book_names_it_then_unknown(made: Joined) -> None:
    sent = resting(made, "800.10")  # fills at once
    made.fake.faults.add("orders", "500_before", times=99)
    made.http.tries = 1
    with pytest.raises(Unknown):
        await made.connection.execution.place(sent)
    made.fake.faults.clear()
    made.http.breaker.succeed()
    found = await made.connection.execution.find(sent.id)
    assert found is not None and (found.state, found.client_id) == ("FILLED", sent.id)


async def test_place_when_it_is_an_option_then_refused_with_nothing_sent(made: Joined) -> None:
    option = next(one for one in made.fake.exchange.instruments.values() if one.kind == "OPTION")
    with pytest.raises(NotAccepted, match="watched here"):
        await made.connection.execution.place(order(option, "BUY", 100, "LIMIT", "10.00"))
    assert made.fake.calls["place"] == 0


async def test_place_when_one_like_it_is_in_doubt_then_refused_with_nothing_sent(made: Joined) -> None:
    made.fake.faults.add("place", "500_before")
    with pytest.raises(Unknown):
        await made.connection.execution.place(resting(made))
    with pytest.raises(NotAccepted, match="in doubt"):
        await made.connection.execution.place(resting(made))
    await made.connection.execution.place(resting(made, "798.00"))
    assert made.fake.calls["place"] == 2


async def test_place_when_two_in_one_symbol_then_one_after_the_other(made: Joined) -> None:
    made.fake.faults.add("place", "late", seconds=0.15)
    first = asyncio.create_task(made.connection.execution.place(resting(made)))
    await eventually(lambda: made.fake.calls["place"] == 1)
    second = asyncio.create_task(made.connection.execution.place(resting(made)))
    await asyncio.wait({first})
    acks = [first.result(), await second]
    assert len({ack.broker_id for ack in acks}) == made.fake.exchange.submits == 2


async def test_book_when_an_answer_is_still_to_come_then_the_order_is_nobody_elses(made: Joined) -> None:
    made.fake.faults.add("place", "late", seconds=0.25)
    placing = asyncio.create_task(made.connection.execution.place(resting(made)))
    await eventually(lambda: made.fake.exchange.submits == 1)
    assert await made.connection.execution.orders() == []
    await placing
    (report,) = await made.connection.execution.orders()
    assert report.client_id


async def test_fills_when_an_answer_is_still_to_come_then_told_under_our_id_afterwards(made: Joined) -> None:
    told: list[OrderReport | Fill] = []

    async def listen() -> None:
        async for update in made.connection.execution.updates():
            told.append(update)  # noqa: PERF401 - the list is read while it grows

    task = asyncio.create_task(listen())
    made.fake.faults.add("place", "late", seconds=0.2)
    sent = msgspec.structs.replace(resting(made), type="MARKET", price=None)
    await made.connection.execution.place(sent)
    await eventually(lambda: any(isinstance(one, Fill) for one in told))
    assert {one.order for one in told if isinstance(one, Fill)} == {sent.id}
    task.cancel()
    await asyncio.wait({task})


async def test_change_when_partly_filled_then_the_rest_goes_out_and_one_order_is_told(made: Joined) -> None:
    sent = resting(made, "800.10", 150)
    ack = await made.connection.execution.place(sent)
    sent = msgspec.structs.replace(sent, broker_id=ack.broker_id, filled=100, state="PARTIAL")
    changed = await made.connection.execution.modify(sent, Change(quantity=180, price=D("799.00")))
    there = made.fake.exchange.orders[changed.broker_id]
    assert (there.quantity, there.filled, there.price) == (80, 0, D("799.00"))
    made.fake.exchange.market("GLOBAL:AAPL", "798.00", "798.90", 30)
    (report,) = await made.connection.execution.orders()
    assert (report.quantity, report.filled, report.state) == (180, 130, "PARTIAL")
    assert report.average == (100 * D("800.10") + 30 * D("798.90")) / 130
    assert {fill.order for fill in await made.connection.execution.trades()} == {sent.id}


async def test_change_when_the_order_cannot_be_read_first_then_refused_with_nothing_sent(made: Joined) -> None:
    sent = resting(made)
    ack = await made.connection.execution.place(sent)
    made.http.tries = 1
    made.fake.faults.add("find", "500_before")
    with pytest.raises(NotAccepted, match="Not sent"):
        await made.connection.execution.modify(
            msgspec.structs.replace(sent, broker_id=ack.broker_id), Change(price=D("798.00"))
        )
    assert made.fake.calls["modify"] == 0


async def test_restart_when_an_answer_was_lost_before_then_found_by_the_recalled_terms(made: Joined) -> None:
    sent = msgspec.structs.replace(resting(made), state="UNKNOWN", created=SystemClock().now())
    fake(made).exchange.submit(sent.key, "BUY", 10, "LIMIT", product="NONE", price=D("799.00"))
    made.connection.execution.recall([sent])
    found = await made.connection.execution.find(sent.id)
    assert found is not None and found.state == "OPEN"


async def test_book_when_others_replaced_their_orders_then_only_what_works_is_told(made: Joined) -> None:
    theirs = fake(made).exchange.submit("GLOBAL:AAPL", "BUY", 3, "LIMIT", product="NONE", price=D("790.00"))
    new = fake(made).replaced(theirs.id, price=D("791.00"))
    assert [r.broker_id for r in await made.connection.execution.orders()] == [new.id]
    newer = fake(made).replaced(new.id, price=D("792.00"))
    told = {r.broker_id: r.state for r in await made.connection.execution.orders()}
    assert told == {new.id: "CANCELLED", newer.id: "OPEN"}, "its end is told of one that was told before"


async def test_history_when_asked_then_period_and_frequency_go_together(
    made: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []
    read = made.http.read

    async def spy(call: Call) -> bytes:
        if call.name == "history":
            asked.append(dict(call.query))
        return await read(call)

    monkeypatch.setattr(made.http, "read", spy)
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    for interval in ("1m", "30m", "1d", "1M"):
        await made.connection.data.history("GLOBAL:AAPL", interval, start, end)
    words = [(q["periodType"], q["frequencyType"], q["frequency"]) for q in asked]
    assert words == [("day", "minute", "1")] * 2 + [("day", "minute", "30"), ("year", "daily", "1")] + [
        ("year", "monthly", "1")
    ]
    assert (asked[0]["startDate"], asked[0]["endDate"]) == ("1793491200000", "1794355200000")
    assert (asked[1]["startDate"], asked[1]["endDate"]) == ("1794355200000", "1795219200000")
    with pytest.raises(Invalid, match="no 3m bars"):
        await made.connection.data.history("GLOBAL:AAPL", "3m", start, end)


async def test_chain_when_asked_then_calls_and_puts_by_strike(made: Joined) -> None:
    lines = await made.connection.data.chain("GLOBAL:AAPL", fake(made).expiry.isoformat())
    assert [line.strike for line in lines] == [D(790), D(800), D(810)]
    assert all(line.call is not None and line.put is not None for line in lines)
    assert lines[0].call is not None and lines[0].call.iv == D(25)
    with pytest.raises(Invalid):
        await made.connection.data.chain("GLOBAL:AAPL", "next week")


async def test_master_when_more_is_named_than_can_be_looked_up_then_refused_with_the_figure(made: Joined) -> None:
    assert made.symbols.unmapped == {"not known at Schwab": 1}
    many = {**made.fake.credentials(), "options": "A,B,C,D,E,F"}
    context = msgspec.structs.replace(made.context(made.grant), credentials=many)
    other = made.adapter.connect(context)
    await other.open()
    with pytest.raises(Denied, match="6 shares with options are more than the 5"):
        await other.data.instruments()
    await other.close()


def test_symbols_when_mapped_then_canonical_and_counted_where_not() -> None:
    assert named(" brk.b ") == "BRK/B"
    rows = [
        ListingLine(symbol="BRK/B", exchange="NYSE", kind="EQUITY", raw_kind="EQUITY"),
        ListingLine(symbol="$SPX", exchange="IND", kind="INDEX", raw_kind="INDEX"),
    ]
    (share,), left = shares(rows)
    assert (share.instrument.key, share.symbol, left) == ("GLOBAL:BRK.B", "BRK/B", {"kind INDEX": 1})
    (option,), left = options(["AAPL  261218C00292500", "AAPL1 261218C00292500", "nothing"])
    assert option.instrument.key == "GLOBAL:AAPL18DEC26292.5CE"
    assert (option.instrument.lot, option.instrument.tradable, option.token) == (100, False, "AAPL  261218C00292500")
    assert left == {"adjusted option": 1, "no option symbol": 1}
