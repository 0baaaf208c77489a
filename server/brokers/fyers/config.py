"""One account at FYERS: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.fyers.data import FyersData
from server.brokers.fyers.execution import FyersExecution
from server.brokers.fyers.http import fyers_http
from server.brokers.fyers.stream import FyersStream
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("FyersConnection",)


class FyersConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.http = fyers_http(context, manifest)
        self.events = Fanout[Event]()
        self.prices = FyersStream(self.http)
        self.stream: Stream | None = self.prices
        self.execution: Execution = FyersExecution(context, self.http, self.events.put)
        self.data: Data = FyersData(context, self.http)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the funds."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Updates of the order socket."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.prices.close()
        self.events.close()
        await self.http.close()
