"""Prices on as many sockets as a broker's limits demand: the shared half of every `stream.py`.

A broker says where a socket goes, what it is told to watch, and how a message is read; ticks are matched to canonical
keys here, and what nobody asked for is dropped and counted.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

from server.brokers.kit.http import Http
from server.brokers.kit.shards import Plan, Shards
from server.brokers.kit.stream import Address, Socket
from server.brokers.kit.symbols import Listing
from server.core.errors import SaudaError
from server.domain.brokerage import DepthEvent, Event, TickEvent

__all__ = ("PriceStream",)


class PriceStream:
    """Implements `kit.ports.Stream` over the methods a broker writes."""

    beat: tuple[float, str | bytes | None] | None = None
    """(seconds, message) the broker wants to hear regularly."""

    def __init__(self, http: Http) -> None:
        facts = http.manifest.stream
        assert facts is not None
        self.http = http
        self.shards = Shards(facts.sockets, facts.per_socket)
        self.on_up: Callable[[], Awaitable[None]] | None = None
        """Called when the first socket is up (again)."""
        self.dropped = 0
        """Ticks of instruments nobody asked for."""
        self._silence = facts.silence_s
        self._sockets: list[Socket] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._sink: Callable[[str, Event, int], None] | None = None
        self._keys: dict[str, str] = {}
        self._over: asyncio.Future[None] | None = None

    # what a broker writes

    async def address(self) -> Address:
        """Where a socket goes; asked before every connect."""
        raise NotImplementedError

    async def greet(self, socket: Socket) -> None:
        """Log in on a fresh socket, where that is done by messages."""

    def messages(self, plan: Plan) -> Iterable[str | bytes]:
        """What a socket is told to watch and to drop."""
        raise NotImplementedError

    def read(self, number: int, data: bytes | str, at: int) -> Iterable[Event]:
        """The events of a message of socket `number`; raises Invalid."""
        raise NotImplementedError

    def topic(self, listing: Listing) -> str:
        """What the stream calls an instrument, as it comes back in a tick's token."""
        return listing.token

    def mode(self, wanted: str, listing: Listing) -> str:
        """The broker's word for a mode."""
        return wanted

    # Stream

    @property
    def silent_for(self) -> float:
        """Seconds since the last byte on any socket."""
        return min((socket.silent_for for socket in self._sockets), default=0.0)

    async def start(self) -> None:
        """Bring the first socket up, if it is not."""
        if not self._sockets:
            self._grow(1)

    async def run(self, sink: Callable[[str, Event, int], None]) -> None:
        """Hand ticks to `sink` until cancelled; raises Unauthorised when the broker refuses the session."""
        self._sink = sink
        try:
            await self.start()
            await self.ended()
        finally:
            self._sink = None

    async def ended(self) -> None:
        """Wait until a socket gives up, and raise why."""
        if self._over is None:
            self._over = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._over)

    async def watch(self, keys: Sequence[str], mode: str) -> None:
        """Make the watched set exactly `keys`."""
        symbols = self.http.context.symbols
        listings = {key: symbols.of(key) for key in keys}
        plans = self.shards.assign({self.topic(one): self.mode(mode, one) for one in listings.values()})
        self._keys = {self.topic(one): key for key, one in listings.items()}
        self._grow(len(plans))
        for socket, plan in zip(self._sockets, plans, strict=False):
            if plan:
                for message in self.messages(plan):
                    await socket.say(message)

    async def close(self) -> None:
        """Take every socket down."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError, SaudaError):
                await task
        self._tasks.clear()
        self._sockets.clear()

    # inside

    def _grow(self, count: int) -> None:
        while len(self._sockets) < count:
            number = len(self._sockets)

            async def opened(socket: Socket, number: int = number) -> None:
                await self.greet(socket)
                held = Plan((), self.shards.held(number))
                if held:
                    for message in self.messages(held):
                        await socket.say(message)
                if number == 0 and self.on_up is not None:
                    await self.on_up()

            def heard(data: bytes | str, at: int, number: int = number) -> None:
                for event in self.read(number, data, at):
                    self.hand(event, at)

            name = f"{self.http.manifest.name}:{number}"
            socket = Socket(self.http, name, self.address, opened, heard, silence=self._silence, beat=self.beat)
            self._sockets.append(socket)
            task = asyncio.create_task(socket.run(), name=f"{name}:socket")
            self._tasks.append(task)
            task.add_done_callback(self._socket_ended)

    def hand(self, event: Event, at: int) -> None:
        """Give a tick to the sink under its canonical key."""
        if isinstance(event, TickEvent):
            key = self._keys.get(event.quote.token)
        elif isinstance(event, DepthEvent):
            key = self._keys.get(event.token)
        else:
            return
        if key is None:
            self.dropped += 1
        elif self._sink is not None:
            self._sink(key, event, at)

    def _socket_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._over is None:
            self._over = asyncio.get_running_loop().create_future()
        if not self._over.done():
            self._over.set_exception(error)
            self._over.exception()  # looked at: nobody may be waiting for it
