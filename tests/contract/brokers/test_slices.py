"""Orders above the exchange's freeze quantity: sliced by the broker, one order to us, also when a part is refused."""

from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest

from tests.contract.brokers.harness import HARNESSES, FakeHarness
from tests.trading import order

SLICING = ("zerodha", "upstox")


@pytest.fixture(params=SLICING)
async def frozen(request: pytest.FixtureRequest) -> AsyncIterator[FakeHarness]:
    """A broker whose share has a freeze quantity of 40."""
    async with HARNESSES[request.param]() as harness:
        assert isinstance(harness, FakeHarness)
        symbols, key = harness.made.symbols, harness.instrument.key
        harness.instrument = msgspec.structs.replace(harness.instrument, freeze=40)
        harness.fake.exchange.instruments[key] = harness.instrument
        symbols.fill(
            [
                msgspec.structs.replace(symbols.of(k), instrument=harness.instrument) if k == key else symbols.of(k)
                for k in list(symbols.keys())
            ]
        )
        yield harness


async def test_place_when_above_freeze_then_slices_that_read_as_one_order(frozen: FakeHarness) -> None:
    sent = order(frozen.instrument, "BUY", 100, "LIMIT", "799.00")
    ack = await frozen.execution.place(sent)
    await frozen.settle()
    there = frozen.fake.exchange.by_tag(sent.id)
    assert [o.quantity for o in there] == [40, 40, 20]
    assert frozen.fake.calls["place"] == 1
    (report,) = await frozen.execution.orders()
    assert (report.client_id, report.quantity, report.filled, report.state) == (sent.id, 100, 0, "OPEN")
    assert ack.broker_id in {o.id for o in there}
    frozen.fake.exchange.cancel(there[2].id)
    await frozen.market("798.00", "798.50", 60)
    await frozen.settle()
    found = await frozen.execution.find(sent.id)
    assert found is not None
    assert (found.quantity, found.filled, found.state) == (100, 60, "PARTIAL")
    assert {f.order for f in await frozen.execution.trades()} == {sent.id}


async def test_place_when_money_ends_midway_then_the_part_that_was_taken_stands(frozen: FakeHarness) -> None:
    if frozen.name != "zerodha":
        pytest.skip("this broker takes all slices or none here")
    frozen.fake.exchange.cash = Decimal(50_000)  # enough for one slice of 40 at 799 and not for two
    sent = order(frozen.instrument, "BUY", 100, "LIMIT", "799.00")
    ack = await frozen.execution.place(sent)
    await frozen.settle()
    there = frozen.fake.exchange.by_tag(sent.id)
    assert [o.quantity for o in there] == [40, 20]
    assert ack.broker_id == there[0].id
    found = await frozen.execution.find(sent.id)
    assert found is not None
    assert (found.quantity, found.state) == (60, "OPEN"), "what the broker has, not what was asked for"
