"""A real day on the stage: imported from the shared files, run through a market, with a paper broker when asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from server.brokers.paper.config import PaperSettings
from server.brokers.paper.execution import Paper
from server.core.bus import Bus
from server.core.clock import ManualClock
from server.domain.recordings import ImportJob
from server.feeds.replay.feed import ReplayFeed
from server.market.market import Market
from server.market.pipeline import ScreenRules
from server.market.ports import TickStore
from server.matching.settings import MatchingSettings
from server.orders.ports import BrokerFunds
from tests.shared import shared
from tests.trading import rulebook
from tests.unit.feeds.replay.kit import Bench

__all__ = ("BANKNIFTY_OPTIONS", "Stage", "take")

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BANKNIFTY_OPTIONS = tuple(
    f"option_minute/BANKNIFTY_10JAN2024_{leg}_1min.csv.gz" for leg in ("47100CE", "47400CE", "47400PE", "47600CE")
)


def take(folder: Path, *files: str) -> tuple[Bench, list[ImportJob]]:
    """Import shared files, in order; skips where they are absent."""
    bench = Bench(folder)
    return bench, [bench.take(shared(f"data/{file}")) for file in files]


class Stage:
    """A replayed day as a running market, on a wall clock that only moves by hand."""

    def __init__(
        self, bench: Bench, day: str, *, slippage: str = "0.001", speed: float = 0, store: TickStore | None = None
    ) -> None:
        """`store` stands in for the recorded history, so that what the hub itself made can be looked at."""
        self.clock = ManualClock(AT)
        self.feed: ReplayFeed = bench.library.feed(day, self.clock, speed=speed)
        self.feed.control("pause")
        when = date.fromisoformat(day)
        self.market = Market(
            "replay-1",
            2,
            "replay",
            "Replay",
            self.feed,
            bench.library.sessions(when),
            self.clock,
            Bus(),
            store or bench.library.history(when, self.feed.now),
            screen=ScreenRules(jumps={}),
        )
        matching = MatchingSettings(latency=0.0, slippage=Decimal(slippage), partial_chance=0.0, seed=7)
        self.paper = Paper(
            "paper-replay-1",
            "replay-1",
            self.market,
            rulebook(),
            self.clock,
            PaperSettings(matching=matching),
            lambda: BrokerFunds(available_minor=0, used_minor=0),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the market, paused; `play_until` moves it."""
        task = asyncio.create_task(self.market.run(lambda: None))
        await self.turns(5)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def reach(self, moment: datetime) -> None:
        """Play until market time is `moment` or later."""
        await self.play_until(lambda: self.feed.now() >= moment)

    async def play_out(self) -> None:
        """Play until the recording ends."""
        await self.play_until(lambda: False)

    async def play_until(self, over: Callable[[], bool]) -> None:
        """Play until something is so, or the recording has ended; then pause."""
        self.feed.control("play")
        while not over() and self.feed.state().state != "ended":
            await self.turns(1)
            self.paper.beat()
        if self.feed.state().state != "ended":
            self.feed.control("pause")
        while self.market.hub.drain():
            await self.turns(1)

    async def turns(self, count: int) -> None:
        """Give the loop turns without letting time pass."""
        for _ in range(count):
            await asyncio.sleep(0)
