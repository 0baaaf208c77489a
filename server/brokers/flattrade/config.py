"""One account at Flattrade: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.flattrade.data import FlattradeData
from server.brokers.flattrade.execution import FlattradeExecution
from server.brokers.flattrade.http import flattrade_http
from server.brokers.flattrade.stream import flattrade_stream
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.brokers.noren.http import NorenHttp
from server.brokers.noren.parse import Noren
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("FlattradeConnection",)


class FlattradeConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.http = flattrade_http(context, manifest)
        self.events = Fanout[Event]()
        noren = NorenHttp(self.http, Noren(manifest.name))
        self.line = flattrade_stream(noren, self.events.put)
        self.stream: Stream | None = self.line
        self.execution: Execution = FlattradeExecution(context, noren, self.line, self.events)
        self.data: Data = FlattradeData(context, noren)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the limits."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Order updates of the socket."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.line.close()
        self.events.close()
        await self.http.close()
