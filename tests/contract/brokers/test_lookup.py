"""An unknown outcome is decided by a look-up: what came is found, what never came is proved absent."""

import asyncio

from tests.contract.brokers.harness import Harness
from tests.trading import order


async def test_find_when_never_sent_then_absent(broker: Harness) -> None:
    """What that proves is the manifest's word: a broker that keeps no id of ours cannot prove absence."""
    assert broker.execution.can_look_up is broker.proves_absence
    assert await broker.execution.find("0" * 20) is None


async def test_find_when_the_answer_was_lost_then_the_order_is_there_once(broker: Harness) -> None:
    await broker.slow()
    sent = order(broker.instrument, "BUY", 50, "LIMIT", "799.00")
    placing = asyncio.create_task(broker.execution.place(sent))
    await broker.arrived()
    placing.cancel()  # the caller has lost patience
    await asyncio.wait({placing})
    await broker.settle()
    found = await broker.execution.find(sent.id)
    assert found is not None and found.state == "OPEN"
    assert [r.client_id for r in await broker.execution.orders()] == [sent.id]


async def test_find_when_filled_after_the_answer_was_lost_then_the_fill_is_among_the_trades(broker: Harness) -> None:
    await broker.slow()
    sent = order(broker.instrument, "BUY", 50)
    placing = asyncio.create_task(broker.execution.place(sent))
    await broker.arrived()
    placing.cancel()
    await asyncio.wait({placing})
    await broker.settle()
    found = await broker.execution.find(sent.id)
    assert found is not None and (found.state, found.filled) == ("FILLED", 50)
    assert [f.order for f in await broker.execution.trades()] == [sent.id]


async def test_list_orders_when_some_ended_then_all_of_today_are_there(broker: Harness) -> None:
    filled = order(broker.instrument, "BUY", 50)
    resting = order(broker.instrument, "BUY", 50, "LIMIT", "799.00")
    for sent in (filled, resting):
        await broker.execution.place(sent)
    await broker.settle()
    assert {r.client_id: r.state for r in await broker.execution.orders()} == {filled.id: "FILLED", resting.id: "OPEN"}
