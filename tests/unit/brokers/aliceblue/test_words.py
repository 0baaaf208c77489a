"""The word for carrying forward: NORMAL, until Alice Blue refuses it; what is refused is never sent again by itself."""

from collections.abc import AsyncIterator

import pytest

from server.orders.ports import NotAccepted
from tests.brokers.aliceblue import FakeAliceBlue
from tests.contract.brokers.harness import HARNESSES, FakeHarness
from tests.trading import order


@pytest.fixture
async def alice() -> AsyncIterator[FakeHarness]:
    async with HARNESSES["aliceblue"]() as harness:
        assert isinstance(harness, FakeHarness)
        yield harness


async def test_carrying_forward_when_one_word_is_refused_then_the_next_order_carries_the_other(
    alice: FakeHarness,
) -> None:
    assert isinstance(alice.fake, FakeAliceBlue)
    future = next(one for one in alice.fake.exchange.instruments.values() if one.kind == "FUTURE")
    alice.fake.words = {"LONGTERM": "CNC", "INTRADAY": "MIS", "NRML": "NRML"}
    first, second = (order(future, "BUY", future.lot, "LIMIT", "790.00", product="NRML") for _ in range(2))
    with pytest.raises(NotAccepted, match="Product should be"):
        await alice.execution.place(first)
    assert alice.fake.calls["place"] == 1
    await alice.execution.place(second)
    assert [len(alice.fake.exchange.by_tag(one.id)) for one in (first, second)] == [0, 1]


async def test_carrying_forward_when_another_product_is_refused_then_the_word_stays(alice: FakeHarness) -> None:
    assert isinstance(alice.fake, FakeAliceBlue)
    future = next(one for one in alice.fake.exchange.instruments.values() if one.kind == "FUTURE")
    alice.fake.words = {"NORMAL": "NRML"}
    with pytest.raises(NotAccepted):
        await alice.execution.place(order(future, "BUY", future.lot, "LIMIT", "790.00", product="MIS"))
    await alice.execution.place(order(future, "BUY", future.lot, "LIMIT", "790.00", product="NRML"))
