"""One account at OANDA: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.brokers.oanda.data import OandaData
from server.brokers.oanda.execution import OandaExecution
from server.brokers.oanda.http import oanda_http
from server.brokers.oanda.stream import OandaStream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("OandaConnection",)


class OandaConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.http = oanda_http(context, manifest)
        self.events = Fanout[Event]()
        self.prices = OandaStream(self.http)
        self.stream: Stream | None = self.prices
        self.execution: Execution = OandaExecution(context, self.http, self.events)
        self.data: Data = OandaData(context, self.http)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the summary."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Transactions."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.prices.close()
        self.events.close()
        await self.http.close()
