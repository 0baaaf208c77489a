"""The rest of a partly filled order at OANDA: whatever becomes of it, it is our one order, and its end needs proof.

The fates are those that the v20 definition names (`orderReissueTransaction`, `orderReissueRejectTransaction`,
`orderCancelTransaction`) and the two it leaves room for: the order stays, or is over with nothing said of the rest.
"""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest

from server.domain.orders import Fill, Order
from server.orders.ports import Change, NotAccepted, OrderReport, Update
from tests.brokers.joined import eventually
from tests.brokers.oanda import FakeOanda
from tests.contract.brokers.harness import HARNESSES, FakeHarness
from tests.trading import order

D = Decimal
WORKING = ("stays", "reissued", "reissued bare")
OVER = {
    "cancelled": "Insufficient liquidity",
    "rejected": "Invalid reissue immediate partial fill",
    "dropped": "The rest does not stand",
}


@pytest.fixture
async def oanda() -> AsyncIterator[FakeHarness]:
    async with HARNESSES["oanda"]() as harness:
        assert isinstance(harness, FakeHarness)
        yield harness


@pytest.fixture
async def pushed(oanda: FakeHarness) -> AsyncIterator[list[Update]]:
    """What the adapter pushes, as it comes."""
    seen: list[Update] = []
    stream = oanda.execution.updates()

    async def listen() -> None:
        async for update in stream:
            seen.append(update)  # noqa: PERF401 - the list is read while it grows

    task = asyncio.create_task(listen())
    yield seen
    task.cancel()
    await asyncio.wait({task})


async def partly(oanda: FakeHarness, fate: str) -> Order:
    """150 to buy where 100 are offered."""
    assert isinstance(oanda.fake, FakeOanda)
    oanda.fake.rest = fate
    sent = order(oanda.instrument, "BUY", 150, "LIMIT", "800.10")
    ack = await oanda.execution.place(sent)
    await oanda.settle()
    return msgspec.structs.replace(sent, broker_id=ack.broker_id, state="PARTIAL", filled=100)


async def found(oanda: FakeHarness, sent: Order) -> OrderReport:
    report = await oanda.execution.find(sent.id)
    assert report is not None
    assert report.client_id == sent.id
    return report


@pytest.mark.parametrize("fate", WORKING)
async def test_rest_when_it_works_on_then_it_is_the_same_order_to_us(
    oanda: FakeHarness, pushed: list[Update], fate: str
) -> None:
    sent = await partly(oanda, fate)
    report = await found(oanda, sent)
    assert (report.state, report.filled, report.quantity) == ("PARTIAL", 100, 150)
    await oanda.market("800.05", "800.10", 30)
    await oanda.market("800.05", "800.10", 30)
    await oanda.settle()
    report = await found(oanda, sent)
    assert (report.state, report.filled, report.quantity, report.average) == ("FILLED", 150, 150, D("800.10"))
    await eventually(lambda: sum(u.quantity for u in pushed if isinstance(u, Fill)) == 150)
    fills = [u for u in pushed if isinstance(u, Fill)]
    assert {f.order for f in fills} == {sent.id}
    assert len({f.execution for f in fills}) == len(fills) == 3
    assert {u.client_id for u in pushed if isinstance(u, OrderReport)} == {sent.id}, "nothing is shown as EXTERNAL"
    assert [r.client_id for r in await oanda.execution.orders()] == [sent.id]


@pytest.mark.parametrize("fate", WORKING)
async def test_rest_when_cancelled_by_us_then_under_the_number_it_has_now(oanda: FakeHarness, fate: str) -> None:
    sent = await partly(oanda, fate)
    await oanda.execution.cancel(sent)
    await oanda.settle()
    report = await found(oanda, sent)
    assert (report.state, report.filled) == ("CANCELLED", 100)
    assert not [o for o in oanda.fake.exchange.orders.values() if o.live]


async def test_rest_when_its_new_number_is_not_known_yet_then_a_cancel_finds_it(oanda: FakeHarness) -> None:
    await eventually(lambda: oanda.fake.calls["trades"] > 0)  # what follows every connect is over
    await oanda.settle()
    oanda.fake.stream_fault = "mute"
    sent = await partly(oanda, "reissued bare")
    await oanda.execution.cancel(sent)
    assert not [o for o in oanda.fake.exchange.orders.values() if o.live]
    assert oanda.fake.calls["cancel"] == 2, "once under each number"


@pytest.mark.parametrize("fate", WORKING)
async def test_rest_when_changed_then_the_quantity_is_the_new_total(oanda: FakeHarness, fate: str) -> None:
    sent = await partly(oanda, fate)
    await oanda.execution.modify(sent, Change(quantity=180))
    await oanda.settle()
    report = await found(oanda, sent)
    assert (report.state, report.filled, report.quantity) == ("PARTIAL", 100, 180)
    assert [o.quantity - o.filled for o in oanda.fake.exchange.orders.values() if o.live] == [80]


@pytest.mark.parametrize(("fate", "why"), OVER.items())
async def test_rest_when_it_is_gone_then_ended_with_the_reason_and_the_fill_stands(
    oanda: FakeHarness, pushed: list[Update], fate: str, why: str
) -> None:
    sent = await partly(oanda, fate)
    report = await found(oanda, sent)
    assert (report.state, report.filled, report.quantity, report.reason) == ("CANCELLED", 100, 150, why)
    await eventually(lambda: any(isinstance(u, OrderReport) and u.state == "CANCELLED" for u in pushed))
    assert {u.order for u in pushed if isinstance(u, Fill)} == {sent.id}
    with pytest.raises(NotAccepted):
        await oanda.execution.cancel(sent)


@pytest.mark.parametrize("fate", [*WORKING, *OVER])
async def test_rest_when_the_answer_to_the_order_is_lost_then_found_whole(oanda: FakeHarness, fate: str) -> None:
    oanda.fake.faults.add("place", "hang_after")
    assert isinstance(oanda.fake, FakeOanda)
    oanda.fake.rest = fate
    sent = order(oanda.instrument, "BUY", 150, "LIMIT", "800.10")
    with pytest.raises(Exception) as lost:
        await oanda.execution.place(sent)
    assert not isinstance(lost.value, NotAccepted)
    await oanda.settle()
    report = await found(oanda, sent)
    assert (report.filled, report.quantity) == (100, 150)
    assert report.state == ("CANCELLED" if fate in OVER else "PARTIAL")
    assert {f.order for f in await oanda.execution.trades()} == {sent.id}
    assert oanda.fake.exchange.submits == 1
