"""The server side of the fan-out bench: a market under load behind the real stream endpoints, in its own process."""

import asyncio
import sys
from datetime import datetime
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from server.analytics.cache import Cache
from server.analytics.chains import Chains
from server.api.stream import StreamServer, stream_handlers
from server.core.bus import Bus
from server.core.clock import SystemClock, from_ns
from server.core.paths import bundled
from server.domain.instruments import Instrument
from server.market.market import Market
from server.market.ports import FeedState
from server.rulebook import Rulebook
from tests.bench.market_load import DAY, Load, options

BATCH_SECONDS = 0.05


class LoadFeed:
    """A feed of random good ticks at a given rate."""

    source = "bench"

    def __init__(self, instruments: int, rate: int) -> None:
        self._load = Load(instruments)
        self._listed = options(instruments)
        self._rate = rate
        self._clock = SystemClock()

    def instruments(self) -> list[Instrument]:
        return self._listed

    def now(self) -> datetime:
        return from_ns(self._load.now_ns)

    def state(self) -> FeedState:
        return FeedState(source=self.source, state="running", market_time=self.now(), day=DAY)

    async def run(self, sink: Any, on_day: Any) -> None:
        on_day(DAY)
        due = self._clock.monotonic()
        while True:
            sink(self._load.batch(int(self._rate * BATCH_SECONDS), BATCH_SECONDS))
            due += BATCH_SECONDS
            await self._clock.sleep(max(0.0, due - self._clock.monotonic()))

    def control(self, action: str, **_: Any) -> FeedState:
        raise NotImplementedError(action)

    def previous_closes(self) -> dict[str, float]:
        return {}


async def serve(port: int, instruments: int, rate: int) -> None:
    """Serve until killed."""
    clock, bus = SystemClock(), Bus()
    rules = Rulebook.load(bundled("config") / "rules")
    market = Market("sim", 1, "simulated", "Simulated market", LoadFeed(instruments, rate), rules, clock, bus)
    markets = {"sim": market}
    chains = Chains(markets, rules, clock, Cache(clock))
    streams = StreamServer(markets, bus, clock, "bench", frozenset({f"127.0.0.1:{port}"}), chains)
    app = Litestar(route_handlers=stream_handlers(streams), openapi_config=None)
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    async with asyncio.TaskGroup() as group:
        group.create_task(market.run(lambda: None))
        group.create_task(streams.run(lambda: None))
        group.create_task(server.serve())


if __name__ == "__main__":
    uvloop.run(serve(*(int(a) for a in sys.argv[1:4])))
