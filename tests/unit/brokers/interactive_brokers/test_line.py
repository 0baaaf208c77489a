"""The line to the gateway when it goes wrong as only this one can: nameless questions, lost servers, daily restarts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from server.brokers.kit.http import Http
from server.core.errors import Unavailable, Unknown
from server.domain.orders import Fill, Order
from server.orders.ports import Change, Execution, NotAccepted, Update
from tests.brokers.interactive_brokers import FakeGateway
from tests.brokers.joined import Joined, eventually, joined
from tests.trading import order

D = Decimal


class Ends:
    """An adapter and the gateway it is connected to."""

    def __init__(self, made: Joined) -> None:
        assert isinstance(made.fake, FakeGateway)
        self.made = made
        self.gateway: FakeGateway = made.fake
        self.side: Execution = made.connection.execution
        self.http: Http = made.http
        self.instrument = made.symbols.of(made.fake.share).instrument

    def resting(self, quantity: int = 50, price: str = "799.00") -> Order:
        """A limit order below the market."""
        return order(self.instrument, "BUY", quantity, "LIMIT", price)

    async def placed(self, sent: Order) -> Order:
        """An order as the books hold it."""
        ack = await self.side.place(sent)
        return msgspec.structs.replace(sent, broker_id=ack.broker_id, state="OPEN")

    async def again(self) -> None:
        """Wait until a line is up and listens."""
        await eventually(lambda: bool(self.gateway.order_sockets), 10.0)


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    """Connected; 800.00 / 800.10 with 100 a side."""
    async with joined("interactive_brokers") as made:
        made.fake.exchange.market(made.fake.share, "800.00", "800.10", 100)
        yield Ends(made)


async def test_read_when_the_gateway_is_deaf_then_the_line_is_given_up_and_a_new_one_serves(ends: Ends) -> None:
    (old,) = ends.gateway.lines
    ends.gateway.deaf = True
    with pytest.raises(Unavailable):
        await ends.side.trades()  # numbered: what tells is that not even the time comes
    ends.gateway.deaf = False
    assert await ends.side.trades() == []
    await ends.again()
    assert not old.open and old not in ends.gateway.lines


async def test_find_when_an_older_answer_comes_late_then_it_proves_no_absence(ends: Ends) -> None:
    ends.gateway.faults.add("orders", "late", seconds=0.5)  # made up before the order, and told after it
    reading = asyncio.create_task(ends.side.orders())
    await eventually(lambda: ends.gateway.calls["orders"] >= 2)
    ends.gateway.faults.add("place", "hang_after")
    sent = ends.resting()
    with pytest.raises(Unknown):
        await ends.side.place(sent)
    found = await ends.side.find(sent.id)
    assert found is not None and found.state == "OPEN"
    await asyncio.wait({reading})


async def test_find_when_a_line_of_the_book_cannot_be_read_then_nothing_is_proved(ends: Ends) -> None:
    sent = await ends.placed(order(ends.instrument, "BUY", 50))
    ends.gateway.cut()
    await ends.again()
    ends.gateway.faults.add("completed", "wrong_type", times=99)
    with pytest.raises(Unavailable, match="could not be read"):
        await ends.side.find(sent.id)
    ends.gateway.faults.clear()
    found = await ends.side.find(sent.id)
    assert found is not None and found.state == "FILLED"


async def test_find_when_connected_anew_then_by_reference_among_open_completed_and_executed(ends: Ends) -> None:
    filled, cancelled, rests = (
        await ends.placed(order(ends.instrument, "BUY", 50)),
        await ends.placed(ends.resting()),
        await ends.placed(ends.resting()),
    )
    await ends.side.cancel(cancelled)
    await ends.gateway.restart()
    await ends.again()
    told = {sent.id: await ends.side.find(sent.id) for sent in (filled, cancelled, rests)}
    assert [report.state if report else "" for report in told.values()] == ["FILLED", "CANCELLED", "OPEN"]
    assert [report.broker_id if report else "" for report in told.values()] == [
        filled.broker_id,
        cancelled.broker_id,
        rests.broker_id,
    ]
    ends.gateway.late_books = True  # gone from the open ones, not yet among the completed: its execution is proof
    await ends.gateway.restart()
    await ends.again()
    with pytest.raises(Unavailable, match="executions of the order"):
        await ends.side.find(filled.id)
    assert await ends.side.find("0" * 20) is None


async def test_order_when_the_gateway_restarted_then_changed_and_cancelled_under_its_number(ends: Ends) -> None:
    first, second = await ends.placed(ends.resting(150, "800.10")), await ends.placed(ends.resting())
    await ends.gateway.restart()
    await ends.again()
    await ends.side.modify(second, Change(price=D("798.00")))
    await ends.side.cancel(first)
    there = ends.gateway.exchange.orders
    assert (there[second.broker_id].price, there[second.broker_id].state) == (D("798.00"), "OPEN")
    assert (there[first.broker_id].state, there[first.broker_id].filled) == ("CANCELLED", 100)
    third = await ends.placed(ends.resting())
    assert len({made.extra["number"] for made in there.values()}) == 3, "numbers go on"
    assert there[third.broker_id].live


async def test_restart_when_fills_came_meanwhile_then_each_is_pushed_once(ends: Ends) -> None:
    seen: list[Update] = []

    async def listen() -> None:
        async for update in ends.side.updates():
            seen.append(update)  # noqa: PERF401 - the list is read while it grows

    task = asyncio.create_task(listen())
    sent = await ends.placed(ends.resting(150, "800.10"))
    await eventually(lambda: any(isinstance(u, Fill) for u in seen))
    await ends.gateway.restart(lambda: ends.gateway.exchange.market(ends.gateway.share, "800.05", "800.10", 80))
    await eventually(lambda: sum(u.quantity for u in seen if isinstance(u, Fill)) == 150, 10.0)
    fills = [u for u in seen if isinstance(u, Fill)]
    assert {f.order for f in fills} == {sent.id}
    assert len({f.execution for f in fills}) == len(fills) == 2
    task.cancel()
    await asyncio.wait({task})


async def test_place_when_the_api_is_read_only_then_refused_at_once(ends: Ends) -> None:
    ends.http.order_timeout = 60.0
    ends.gateway.read_only = True
    with pytest.raises(NotAccepted, match="Read-Only"):
        await ends.side.place(ends.resting())
    assert ends.gateway.exchange.submits == 0


async def test_place_when_the_gateway_has_lost_its_servers_then_nothing_is_sent(ends: Ends) -> None:
    sent = await ends.placed(ends.resting())
    ends.gateway.lose()
    await ends.made.connection.ping()
    with pytest.raises(NotAccepted, match="Connectivity"):
        await ends.side.place(ends.resting())
    assert ends.gateway.calls["place"] == 1
    with pytest.raises(Unknown):  # a cancel is worth a try
        await ends.side.cancel(sent)
    ends.gateway.restore()
    await ends.made.connection.ping()
    assert (await ends.placed(ends.resting())).broker_id


async def test_funds_when_the_servers_were_lost_often_then_subscriptions_are_not_used_up(ends: Ends) -> None:
    for _ in range(3):
        ends.gateway.lose()
        ends.gateway.restore()
        await ends.made.connection.ping()
    assert (await ends.side.funds()).available_minor > 0
    (line,) = ends.gateway.lines
    await eventually(lambda: not line.summaries)


async def test_stream_when_subscriptions_were_lost_then_subscribed_anew(ends: Ends) -> None:
    stream = ends.made.connection.stream
    assert stream is not None
    task = asyncio.create_task(stream.run(lambda key, event, received: None))
    await stream.watch([ends.instrument.key], "quote")
    await eventually(lambda: ends.gateway.watching() == 1)
    ends.gateway.lose()
    ends.gateway.restore(kept=False)
    assert ends.gateway.watching() == 0
    await eventually(lambda: ends.gateway.watching() == 1)
    task.cancel()
    await asyncio.wait({task})


async def test_connect_when_the_client_number_is_taken_then_told_so_at_once(ends: Ends) -> None:
    second = ends.made.adapter.connect(ends.made.context(ends.made.grant))
    second.http.connect_timeout = 60.0  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="already in use") as caught:
        await second.open()
    await second.close()
    assert caught.value.code == "broker.client"
    assert "client number" in caught.value.remedy


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", ""])
async def test_clock_when_the_gateways_is_ahead_then_orders_go_on_and_times_are_as_told(ends: Ends, zone: str) -> None:
    ends.gateway.zone, ends.gateway.skew = zone, timedelta(hours=3)
    before = datetime.now(UTC)
    sent = await ends.placed(order(ends.instrument, "BUY", 150, "LIMIT", "800.10"))
    (fill,) = await ends.side.trades()
    assert timedelta(hours=2, minutes=59) < fill.at_market - before < timedelta(hours=3, minutes=1)
    await ends.side.cancel(sent)
    found = await ends.side.find(sent.id)
    assert found is not None and (found.state, found.filled) == ("CANCELLED", 100)


async def test_order_made_elsewhere_when_we_are_not_the_master_then_in_the_book_all_the_same(ends: Ends) -> None:
    ends.gateway.master = 1
    made = ends.gateway.exchange.submit(ends.instrument.key, "BUY", 5, "LIMIT", product="NONE", price=D("799.00"))
    assert [(r.broker_id, r.client_id, r.state) for r in await ends.side.orders()] == [(made.id, "", "OPEN")]


async def test_history_when_there_was_no_share_yet_then_the_bars_since(ends: Ends) -> None:
    now = ends.made.clock.now()
    ends.gateway.listed_since = now - timedelta(days=100)
    bars = await ends.made.connection.data.history(ends.instrument.key, "1d", now - timedelta(days=1200), now)
    assert ends.gateway.calls["history"] == 4
    assert 99 <= len(bars) <= 101


async def test_quotes_when_the_account_pays_for_none_then_absent(ends: Ends) -> None:
    ends.gateway.subscribed = False
    assert await ends.made.connection.data.quotes([ends.instrument.key]) == {}


async def test_messages_when_many_at_once_then_never_more_than_the_gateway_takes(ends: Ends) -> None:
    ends.http.read_timeout = 30.0
    await asyncio.gather(*(ends.side.funds() for _ in range(20)), *(ends.side.positions() for _ in range(20)))
    (line,) = ends.gateway.lines
    assert line.too_fast == 0
