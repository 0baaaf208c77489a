"""What the contract suite needs of a broker under test: its execution, and a hand on the market behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Protocol

from server.brokers.kit.execution import BrokerExecution
from server.brokers.paper.config import PaperSettings
from server.brokers.paper.execution import Paper
from server.core.clock import ManualClock
from server.domain.brokerage import Event, TickEvent
from server.domain.instruments import Instrument
from server.matching.settings import MatchingSettings
from server.orders.ports import BrokerFunds, Execution
from tests.brokers.base import FakeBroker
from tests.brokers.joined import Joined, eventually, joined
from tests.instruments import share
from tests.trading import FakeMarket, ist, rulebook

__all__ = ("FAKES", "HARNESSES", "FakeHarness", "Harness", "PaperHarness")


class Harness(Protocol):
    """One broker, connected, with a market that the test moves. A new broker brings one of these and gets the suite."""

    execution: Execution
    instrument: Instrument
    """A liquid share; tick 0.05, near Rs 800."""

    async def market(self, bid: str, ask: str, quantity: int = 100, ltp: str | None = None) -> None:
        """Show a book of one level a side, and let the broker act on it."""
        ...

    async def settle(self) -> None:
        """Let everything that is under way at the broker happen."""
        ...

    async def slow(self) -> None:
        """From now on answers come late: long enough for a caller to lose patience."""
        ...

    async def arrived(self) -> None:
        """Let what is being sent reach the broker, but not the answer."""
        ...

    def reads(self, product: str) -> str:
        """What a product of ours comes back as: not every broker has products."""
        ...

    @property
    def shorts(self) -> bool:
        """Whether what is not held may be sold."""
        ...

    @property
    def proves_absence(self) -> bool:
        """Whether a look-up that finds nothing proves that nothing came."""
        ...


class PaperHarness:
    """The paper broker over a hand-moved market."""

    def __init__(self) -> None:
        self.instrument = share("SBIN")
        self._market = FakeMarket(self.instrument)
        self._clock = ManualClock(ist("10:00"))
        self.execution: Execution = self._build(latency=0.0)
        self._slow = False

    async def market(self, bid: str, ask: str, quantity: int = 100, ltp: str | None = None) -> None:
        self._market.tick(self.instrument.key, [(bid, quantity)], [(ask, quantity)], ltp=ltp or bid)

    async def settle(self) -> None:
        if self._slow:
            self._market.time = ist("10:00:10")
        await self._clock.advance(1.0)

    async def slow(self) -> None:
        await self.execution.close()
        self.execution = self._build(latency=5.0)
        await self.execution.connect()
        self._slow = True

    async def arrived(self) -> None:
        await asyncio.sleep(0)

    def reads(self, product: str) -> str:
        return product

    @property
    def shorts(self) -> bool:
        return True

    @property
    def proves_absence(self) -> bool:
        return True

    def _build(self, latency: float) -> Paper:
        settings = PaperSettings(matching=MatchingSettings(latency=latency))
        funds = BrokerFunds(available_minor=50_000_000, used_minor=0)
        return Paper("account", "sim", self._market, rulebook(), self._clock, settings, lambda: funds)


@asynccontextmanager
async def paper() -> AsyncIterator[Harness]:
    """A connected paper broker."""
    harness = PaperHarness()
    await harness.market("800.00", "800.10")
    await harness.execution.connect()
    try:
        yield harness
    finally:
        await harness.execution.close()


class FakeHarness:
    """A broker's adapter over its fake, on loopback."""

    def __init__(self, made: Joined) -> None:
        self.made = made
        self.fake: FakeBroker = made.fake
        self.execution: Execution = made.connection.execution
        self.instrument = made.symbols.of(made.fake.share).instrument

    @property
    def name(self) -> str:
        """The broker's folder."""
        return self.made.name

    async def market(self, bid: str, ask: str, quantity: int = 100, ltp: str | None = None) -> None:
        self.fake.exchange.market(self.fake.share, bid, ask, quantity, ltp)

    async def settle(self) -> None:
        side = self.execution
        assert isinstance(side, BrokerExecution)
        if self.fake.order_sockets:
            await eventually(lambda: side.heard >= self.fake.pushed)
        await eventually(lambda: not side.busy)

    async def slow(self) -> None:
        self.fake.faults.add("place", "late", times=9, seconds=0.3)

    async def arrived(self) -> None:
        before = self.fake.exchange.submits
        await eventually(lambda: self.fake.exchange.submits > before)

    def reads(self, product: str) -> str:
        return self.fake.read_product(product)

    @property
    def shorts(self) -> bool:
        return self.fake.shorts

    @property
    def proves_absence(self) -> bool:
        return self.made.adapter.manifest.client_id != "none"

    @asynccontextmanager
    async def streaming(self, seen: dict[str, list[Decimal]]) -> AsyncIterator[None]:
        """Run the price stream, keeping each instrument's last prices."""
        stream = self.made.connection.stream
        assert stream is not None

        def sink(key: str, event: Event, received_ns: int) -> None:
            assert received_ns > 0
            if isinstance(event, TickEvent) and (price := event.quote.last or event.quote.bid) is not None:
                seen.setdefault(key, []).append(price)

        task = asyncio.create_task(stream.run(sink))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})


def _fake(name: str) -> Callable[[], AbstractAsyncContextManager[Harness]]:
    @asynccontextmanager
    async def start() -> AsyncIterator[Harness]:
        async with joined(name) as made:
            harness = FakeHarness(made)
            await harness.market("800.00", "800.10")
            await harness.settle()
            yield harness

    return start


FAKES = (
    "zerodha",
    "upstox",
    "fyers",
    "alpaca",
    "flattrade",
    "oanda",
    "binance",
    "binance-usdm",
    "aliceblue",
    "interactive_brokers",
    "schwab",
)
"""Brokers whose adapters pass over their fakes; a new one is one word here."""

HARNESSES: dict[str, Callable[[], AbstractAsyncContextManager[Harness]]] = {
    "paper": paper,
    **{name: _fake(name) for name in FAKES},
}
"""Every broker by name."""
