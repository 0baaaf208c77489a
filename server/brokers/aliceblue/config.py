"""One account at Alice Blue: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.aliceblue.data import AliceData
from server.brokers.aliceblue.execution import AliceExecution
from server.brokers.aliceblue.http import AliceHttp
from server.brokers.aliceblue.stream import alice_stream
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("AliceConnection",)


class AliceConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        side = AliceHttp(context, manifest)
        self.http = side.http
        self.events = Fanout[Event]()
        self.line = alice_stream(side)
        self.stream: Stream | None = self.line
        self.execution: Execution = AliceExecution(context, side, self.events)
        self.data: Data = AliceData(context, side)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the limits."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Order updates."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.line.close()
        self.events.close()
        await self.http.close()
