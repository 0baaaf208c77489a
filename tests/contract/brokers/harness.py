"""What the contract suite needs of a broker under test: its execution, and a hand on the market behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from server.brokers.paper.config import PaperSettings
from server.brokers.paper.execution import Paper
from server.core.clock import ManualClock
from server.domain.instruments import Instrument
from server.matching.settings import MatchingSettings
from server.orders.ports import BrokerFunds, Execution
from tests.instruments import share
from tests.trading import FakeMarket, ist, rulebook

__all__ = ("HARNESSES", "Harness", "PaperHarness")


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


HARNESSES = {"paper": paper}
"""Every broker by name."""
