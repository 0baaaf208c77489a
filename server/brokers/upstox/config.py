"""One account at Upstox: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.brokers.upstox.data import UpstoxData
from server.brokers.upstox.execution import UpstoxExecution
from server.brokers.upstox.http import upstox_http
from server.brokers.upstox.stream import UpstoxStream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("UpstoxConnection",)


class UpstoxConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.http = upstox_http(context, manifest)
        self.events = Fanout[Event]()
        self.prices = UpstoxStream(self.http)
        self.stream: Stream | None = self.prices
        self.execution: Execution = UpstoxExecution(context, self.http, self.events.put)
        self.data: Data = UpstoxData(context, self.http)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the funds."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Order updates of the portfolio stream."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.prices.close()
        self.events.close()
        await self.http.close()
