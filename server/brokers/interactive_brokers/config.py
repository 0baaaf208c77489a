"""One account at Interactive Brokers: its parts, joined."""

from collections.abc import AsyncIterator

from server.brokers.interactive_brokers.data import GatewayData
from server.brokers.interactive_brokers.execution import GatewayExecution
from server.brokers.interactive_brokers.http import Gateway
from server.brokers.interactive_brokers.stream import GatewayStream
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Data, Stream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("GatewayConnection",)


class GatewayConnection:
    """Implements `kit.ports.Connection`."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.http = Gateway(context, manifest)
        self.events = Fanout[Event]()
        self.prices = GatewayStream(self.http)
        self.stream: Stream | None = self.prices
        self.execution: Execution = GatewayExecution(context, self.http, self.events)
        self.data: Data = GatewayData(context, self.http)

    async def open(self) -> None:
        """Connect to the gateway."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of asking the gateway for its time."""
        started = self.http.context.clock.monotonic()
        await self.http.fetch("ping", lambda ib: ib.reqCurrentTimeAsync(), alone=True)
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Orders and executions as the library tells them."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything."""
        await self.execution.close()
        self.events.close()
        await self.http.close()
