"""What the stream tests share: a socket in memory, a market, a stream server on a clock that is moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from server.analytics.cache import Cache
from server.analytics.chains import Chains
from server.api.stream import StreamServer
from server.api.stream_connection import Connection, Session
from server.core.bus import Bus
from server.core.clock import ManualClock
from server.market.market import Market
from tests.unit.market.kit import DAY, ToldFeed, rules

__all__ = ("BOOT", "HOSTS", "Client", "Desk", "MemoryWire")

BOOT = "boot-1"
HOSTS = frozenset({"127.0.0.1:8420"})


class MemoryWire:
    """A `Wire` without a network. `blocked` set = the peer does not read."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.sent: list[str | bytes] = []
        self.closed: tuple[int, str] | None = None
        self.blocked = asyncio.Event()
        self.reading = False

    async def receive(self) -> str | bytes | None:
        self.reading = True
        try:
            return await self.inbox.get()
        finally:
            self.reading = False

    async def send(self, message: str | bytes) -> None:
        if self.blocked.is_set():
            await asyncio.Event().wait()
        self.sent.append(message)

    async def close(self, code: int, reason: str) -> None:
        # the server underneath hangs here while a receive is pending
        assert not self.reading, "close was called while a task still waits in receive"
        self.closed = (code, reason)


class Client:
    """One connection as its peer sees it."""

    def __init__(self, desk: "Desk", make: Callable[[Connection], Session]) -> None:
        self.desk = desk
        self.wire = MemoryWire()
        self.task = asyncio.create_task(desk.server.serve(self.wire, make))

    async def say(self, **message: Any) -> None:
        """Send JSON and let it be handled."""
        await self.raw(msgspec.json.encode(message).decode())

    async def raw(self, message: str | bytes | None) -> None:
        """Send as it is; None = the peer goes away."""
        self.wire.inbox.put_nowait(message)
        await self.desk.clock.advance(0)

    async def hello(self, **fields: Any) -> dict[str, Any]:
        """Say hello; returns the welcome."""
        await self.say(op="hello", v=1, **fields)
        return self.texts("welcome")[0]

    def texts(self, *types: str) -> list[dict[str, Any]]:
        """JSON messages so far, of some types."""
        found = [msgspec.json.decode(m) for m in self.wire.sent if isinstance(m, str)]
        return [m for m in found if not types or m.get("type") in types or m.get("channel") in types]

    def frames(self) -> list[bytes]:
        """Binary frames so far."""
        return [m for m in self.wire.sent if isinstance(m, bytes)]


class Desk:
    """A market, a bus and a stream server."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
        self.bus = Bus()
        self.feed = ToldFeed()
        self.market = Market("sim", 3, "simulated", "Simulated market", self.feed, rules(), self.clock, self.bus)
        self.market.hub.on_backlog = None  # no market task runs here; nothing sent is large
        self.market.hub.start_day(DAY, {})
        self.markets = {"sim": self.market}
        self.chains = Chains(self.markets, rules(), self.clock, Cache(self.clock))
        self.server = StreamServer(self.markets, self.bus, self.clock, BOOT, HOSTS, self.chains)
        self._clients: list[Client] = []

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["Desk"]:
        """A desk whose stream server runs."""
        desk = cls()
        part = asyncio.create_task(desk.server.run(lambda: None))
        await desk.clock.advance(0)
        try:
            yield desk
        finally:
            part.cancel()
            await asyncio.gather(part, *(c.task for c in desk._clients), return_exceptions=True)

    async def app(self) -> Client:
        """A client of /stream."""
        return await self._client(self.server.app)

    async def script(self) -> Client:
        """A client of /ws."""
        return await self._client(self.server.script)

    async def _client(self, make: Callable[[Connection], Session]) -> Client:
        client = Client(self, make)
        self._clients.append(client)
        await self.clock.advance(0)
        return client
