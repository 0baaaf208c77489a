"""One account at Schwab: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.kit.events import Fanout
from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.brokers.schwab.data import SchwabData
from server.brokers.schwab.execution import SchwabExecution
from server.brokers.schwab.http import SchwabHttp
from server.brokers.schwab.stream import SchwabStream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("SchwabConnection",)


class SchwabConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.http = SchwabHttp(context, manifest)
        self.events = Fanout[Event]()
        self.prices = SchwabStream(self.http, self.events.put)
        self.stream: Stream | None = self.prices
        self.execution: Execution = SchwabExecution(context, self.http, self.prices, self.events)
        self.data: Data = SchwabData(context, self.http)

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of asking for the account's number."""
        started = self.http.context.clock.monotonic()
        await self.http.read(Call(name="ping", method="GET", path="/accounts/accountNumbers"))
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """The account's news, which name no order in full: what they are about is read from the book."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        await self.prices.close()
        self.events.close()
        await self.http.close()
