"""One account at Alpaca: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.alpaca.data import AlpacaData
from server.brokers.alpaca.execution import AlpacaExecution
from server.brokers.alpaca.http import alpaca_http
from server.brokers.alpaca.stream import AlpacaStream
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("AlpacaConnection",)


class AlpacaConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.http = alpaca_http(context, manifest)
        self.events = Fanout[Event]()
        self.prices = AlpacaStream(self.http)
        self.stream: Stream | None = self.prices
        self.execution: Execution = AlpacaExecution(context, self.http, self.events)
        self.data: Data = AlpacaData(context, self.http)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the account."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Trade updates."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.prices.close()
        self.events.close()
        await self.http.close()
