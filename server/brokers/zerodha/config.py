"""One account at Zerodha: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.brokers.zerodha.data import KiteData
from server.brokers.zerodha.execution import KiteExecution
from server.brokers.zerodha.http import kite_http
from server.brokers.zerodha.stream import KiteStream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("KiteConnection",)


class KiteConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.http = kite_http(context, manifest)
        self.events = Fanout[Event]()
        self.ticker = KiteStream(self.http, self.events.put)
        self.stream: Stream | None = self.ticker
        self.execution: Execution = KiteExecution(context, self.http, self.ticker, self.events)
        self.data: Data = KiteData(context, self.http)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the funds."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Order updates of the ticker."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.ticker.close()
        self.events.close()
        await self.http.close()
