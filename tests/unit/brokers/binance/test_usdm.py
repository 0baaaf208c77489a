"""What USD-M has of its own: stops in a service apart, position mode, reduce-only, listen keys, recalled symbols."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from server.brokers.binance import execution
from server.core.errors import Unavailable, Unknown
from server.domain.orders import Fill, Order
from server.orders.ports import Change, NotAccepted, OrderReport, Update
from tests.brokers.binance_usdm import FakeBinanceUsdm
from tests.brokers.joined import eventually
from tests.contract.brokers.harness import HARNESSES, FakeHarness
from tests.trading import order

D = Decimal


@pytest.fixture
async def usdm() -> AsyncIterator[FakeHarness]:
    """USD-M whose perpetual shows 800.00 / 800.10, 100 a side."""
    async with HARNESSES["binance-usdm"]() as harness:
        assert isinstance(harness, FakeHarness)
        yield harness


def fake_of(usdm: FakeHarness) -> FakeBinanceUsdm:
    assert isinstance(usdm.fake, FakeBinanceUsdm)
    return usdm.fake


async def resting(usdm: FakeHarness, kind: Any = "SL-M", price: str | None = None, quantity: int = 50) -> Order:
    """A stop to buy at 805.00 that waits."""
    sent = order(usdm.instrument, "BUY", quantity, kind, price, "805.00")
    ack = await usdm.execution.place(sent)
    await usdm.settle()
    return msgspec.structs.replace(sent, broker_id=ack.broker_id, state="OPEN")


async def found(usdm: FakeHarness, sent: Order) -> OrderReport:
    report = await usdm.execution.find(sent.id)
    assert report is not None
    return report


async def test_stop_when_triggered_before_anyone_said_so_then_its_fills_are_ours_and_nothing_is_external(
    usdm: FakeHarness,
) -> None:
    seen: list[Update] = []
    stream = usdm.execution.updates()
    sent = await resting(usdm)

    async def listen() -> None:
        async for update in stream:
            seen.append(update)  # noqa: PERF401 - the list is read while it grows

    task = asyncio.create_task(listen())
    await usdm.market("805.00", "805.10", ltp="805.00")
    await eventually(lambda: sum(u.quantity for u in seen if isinstance(u, Fill)) == 50)
    await usdm.settle()
    task.cancel()
    await asyncio.wait({task})
    assert {u.order for u in seen if isinstance(u, Fill)} == {sent.id}
    assert {u.client_id for u in seen if isinstance(u, OrderReport)} == {sent.id}
    report = await found(usdm, sent)
    assert (report.state, report.filled, report.triggered, report.broker_id) == ("FILLED", 50, True, sent.broker_id)
    assert [r.client_id for r in await usdm.execution.orders()] == [sent.id], "one order, whatever it has become"


async def test_stop_limit_when_triggered_and_not_filled_then_a_cancel_reaches_what_it_has_become(
    usdm: FakeHarness,
) -> None:
    sent = await resting(usdm, "SL", "805.00")
    await usdm.market("805.00", "806.00", ltp="805.00")
    await usdm.settle()
    report = await found(usdm, sent)
    assert (report.state, report.triggered) == ("OPEN", True)
    ack = await usdm.execution.cancel(sent)
    assert ack.broker_id == sent.broker_id
    await usdm.settle()
    assert (await found(usdm, sent)).state == "CANCELLED"
    with pytest.raises(NotAccepted):
        await usdm.execution.cancel(sent)


async def test_stop_when_its_answer_is_lost_then_found_by_our_id_and_never_twice(usdm: FakeHarness) -> None:
    usdm.fake.faults.add("place", "hang_after")
    sent = order(usdm.instrument, "BUY", 50, "SL-M", None, "805.00")
    with pytest.raises(Unknown):
        await usdm.execution.place(sent)
    await usdm.settle()
    report = await found(usdm, sent)
    assert (report.state, report.type, report.trigger) == ("OPEN", "SL-M", D("805.00"))
    assert usdm.fake.exchange.submits == 1
    assert usdm.fake.exchange.by_tag(sent.id)[0].id == report.broker_id


async def test_stop_when_its_trigger_is_moved_then_the_old_one_is_gone_and_it_reads_as_one_order(
    usdm: FakeHarness,
) -> None:
    sent = await resting(usdm)
    ack = await usdm.execution.modify(sent, Change(trigger=D("806.00")))
    await usdm.settle()
    report = await found(usdm, sent)
    assert (report.state, report.trigger, report.quantity) == ("OPEN", D("806.00"), 50)
    assert report.broker_id == ack.broker_id != sent.broker_id
    assert [o.state for o in usdm.fake.exchange.orders.values()] == ["CANCELLED", "TRIGGER_PENDING"]


async def test_stop_when_the_trigger_would_act_at_once_then_refused(usdm: FakeHarness) -> None:
    with pytest.raises(NotAccepted):
        await usdm.execution.place(order(usdm.instrument, "BUY", 50, "SL-M", None, "795.00"))
    await usdm.market("799.00", "799.10")
    assert await usdm.execution.orders() == []


async def test_account_when_in_hedge_mode_then_nothing_is_sent_and_it_says_what_to_do(usdm: FakeHarness) -> None:
    fake_of(usdm).hedged = True
    await usdm.execution.connect()
    with pytest.raises(NotAccepted, match="one-way mode"):
        await usdm.execution.place(order(usdm.instrument, "BUY", 50, "LIMIT", "799.00"))
    assert usdm.fake.exchange.submits == 0


async def test_order_when_it_closes_for_the_kill_switch_then_it_may_only_reduce(usdm: FakeHarness) -> None:
    for origin, only in (("user", False), ("kill", True), ("squareoff", True)):
        ack = await usdm.execution.place(order(usdm.instrument, "SELL", 50, "LIMIT", "801.00", origin=origin))
        assert bool(usdm.fake.exchange.orders[ack.broker_id].extra.get("reduce_only")) is only


async def test_lookup_when_restarted_then_by_the_symbol_the_journal_recalls(usdm: FakeHarness) -> None:
    limit = order(usdm.instrument, "BUY", 50, "LIMIT", "799.00")
    await usdm.execution.place(limit)
    stop = await resting(usdm)
    for one in list(usdm.fake.exchange.orders.values()):
        usdm.fake.exchange.cancel(one.id)  # finished meanwhile: no list of open orders tells of them
    await usdm.made.connection.close()
    again = await usdm.made.connect()
    try:
        with pytest.raises(Unavailable, match="its symbol is not known"):
            await again.execution.find(limit.id)
        again.execution.recall([limit, stop])
        for sent in (limit, stop):
            report = await again.execution.find(sent.id)
            assert report is not None
            assert (report.client_id, report.state) == (sent.id, "CANCELLED")
        assert await again.execution.find("0" * 20) is None, "absence is proved once the symbols are known"
    finally:
        await again.close()


async def test_listen_key_when_it_ends_then_a_new_one_and_what_happened_meanwhile(usdm: FakeHarness) -> None:
    fake, sent = fake_of(usdm), order(usdm.instrument, "BUY", 50, "LIMIT", "799.00")
    await usdm.execution.place(sent)
    before = fake.keys
    fake.expire_key()
    await eventually(lambda: fake.keys > before and bool(fake.order_sockets), 10.0)
    await usdm.market("798.00", "798.50")
    await eventually(lambda: not usdm.execution.busy)  # type: ignore[attr-defined]
    assert (await found(usdm, sent)).state == "FILLED"


async def test_listen_key_when_the_line_is_up_then_it_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_ALIVE", 0.02)
    async with HARNESSES["binance-usdm"]() as harness:
        assert isinstance(harness, FakeHarness)
        fake = fake_of(harness)
        await eventually(lambda: fake.kept_alive >= 2)
