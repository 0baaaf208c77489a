"""One account at Binance: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.binance.data import BinanceData
from server.brokers.binance.execution import BinanceExecution
from server.brokers.binance.http import BinanceHttp
from server.brokers.binance.stream import BinanceStream
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("BinanceConnection",)


class BinanceConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        side = BinanceHttp(context, manifest)
        self.http = side.http
        self.events = Fanout[Event]()
        self.prices = BinanceStream(side)
        self.stream: Stream | None = self.prices
        self.execution: Execution = BinanceExecution(context, side, self.events)
        self.data: Data = BinanceData(context, side)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the account."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """User events."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.prices.close()
        self.events.close()
        await self.http.close()
