"""One account over HTTP: a broker's parts, opened, timed and closed in their order."""

from collections.abc import AsyncIterator
from typing import Protocol

from server.brokers.kit.events import Fanout
from server.brokers.kit.http import Http
from server.brokers.kit.ports import Data, Stream
from server.domain.brokerage import Event
from server.orders.ports import Execution

__all__ = ("HttpAccount", "Prices")


class Prices(Stream, Protocol):
    """A stream with sockets of its own to let go of."""

    async def close(self) -> None:
        """Close the sockets."""
        ...


class HttpAccount:
    """Implements `kit.ports.Connection`. A broker's `config.py` joins its parts in `__init__` and hands them over."""

    def __init__(self, http: Http, events: Fanout[Event], *, data: Data, execution: Execution, prices: Prices) -> None:
        self.http = http
        self.events = events
        self.data = data
        self.execution = execution
        self.prices = prices
        self.stream: Stream | None = prices

    async def open(self) -> None:
        """Make the HTTP session."""
        await self.http.open()

    async def ping(self) -> float:
        """Seconds of a read of the funds: every broker has that call, and it needs the session."""
        started = self.http.context.clock.monotonic()
        await self.data.funds()
        return self.http.context.clock.monotonic() - started

    def order_events(self) -> AsyncIterator[Event]:
        """Order updates as the broker pushes them, from now on."""
        return self.events.listen()

    async def close(self) -> None:
        """Let go of everything, what sends first."""
        await self.execution.close()
        await self.prices.close()
        self.events.close()
        await self.http.close()
