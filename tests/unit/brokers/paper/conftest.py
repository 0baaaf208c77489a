"""A paper broker over a hand-moved market."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime

import pytest

from server.brokers.paper.config import PaperSettings
from server.brokers.paper.execution import Paper
from server.core.clock import ManualClock
from server.domain.orders import Fill
from server.matching.settings import MatchingSettings
from server.orders.ports import BrokerFunds, OrderReport, Update
from tests.trading import FakeMarket, ist, rulebook

__all__ = ("Desk",)


class Desk:
    """One broker, its market, its clock, and what it pushed."""

    def __init__(self, market: FakeMarket, latency: float = 0.0, chase_after: float = 10.0) -> None:
        self.market = market
        self.clock = ManualClock(ist("10:00"))
        settings = PaperSettings(matching=MatchingSettings(latency=latency), chase_after=chase_after)
        money = BrokerFunds(available_minor=50_000_000, used_minor=0)
        self.paper = Paper("paper-sim", "sim", market, rulebook(), self.clock, settings, lambda: money)
        self._updates = self.paper.updates()
        self._kept: list[Update] = []

    async def pushed(self) -> list[Update]:
        """Everything pushed so far."""
        queue = self.paper._blotter._listeners[0]
        while not queue.empty():
            update = queue.get_nowait()
            if update is not None:
                self._kept.append(update)
        return self._kept

    async def fills(self) -> list[Fill]:
        """Executions pushed so far."""
        return [u for u in await self.pushed() if isinstance(u, Fill)]

    async def reports(self) -> list[OrderReport]:
        """Reports pushed so far."""
        return [u for u in await self.pushed() if isinstance(u, OrderReport)]

    def at(self, moment: datetime) -> None:
        """Move the market's clock, and let the broker look at it."""
        self.market.time = moment
        self.paper.beat()


Make = Callable[..., Desk]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Builds desks; closes them afterwards."""
    async with AsyncExitStack() as stack:

        def build(market: FakeMarket, **settings: float) -> Desk:
            desk = Desk(market, **settings)
            stack.push_async_callback(desk.paper.close)
            return desk

        yield build
