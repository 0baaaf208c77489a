"""One suite for all brokers: each test runs once for every harness."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.orders.ports import Update
from tests.contract.brokers.harness import FAKES, HARNESSES, FakeHarness, Harness


@pytest.fixture(params=sorted(HARNESSES))
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    """A connected broker whose market shows 800.00 / 800.10, 100 a side."""
    async with HARNESSES[request.param]() as harness:
        yield harness


@pytest.fixture
async def updates(broker: Harness) -> AsyncIterator[list[Update]]:
    """What the broker pushes, as it comes."""
    seen: list[Update] = []
    stream = broker.execution.updates()

    async def listen() -> None:
        async for update in stream:
            seen.append(update)  # noqa: PERF401 - the list is read while it grows

    task = asyncio.create_task(listen())
    await broker.settle()
    yield seen
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture(params=FAKES)
async def faked(request: pytest.FixtureRequest) -> AsyncIterator[FakeHarness]:
    """An adapter over its fake, whose faults can be switched."""
    async with HARNESSES[request.param]() as harness:
        assert isinstance(harness, FakeHarness)
        yield harness


@pytest.fixture
async def pushed(faked: FakeHarness) -> AsyncIterator[list[Update]]:
    """What the adapter pushes, as it comes; an error ends it and is the last item."""
    seen: list[Update] = []
    stream = faked.execution.updates()

    async def listen() -> None:
        async for update in stream:
            seen.append(update)  # noqa: PERF401 - the list is read while it grows

    task = asyncio.create_task(listen())
    yield seen
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
