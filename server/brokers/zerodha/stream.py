"""Kite's ticker: prices on up to three sockets of 3,000 instruments; order updates on each of them.

The first socket is up as soon as orders are listened for, though nothing is watched. A frame is decoded as events, or,
where `columns` is set, in one go as columns for the hub.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlencode

from server.brokers.kit.http import Http
from server.brokers.kit.shards import Plan, Shards
from server.brokers.kit.stream import Address, Socket
from server.brokers.zerodha.packets import Columns, decode_columns
from server.brokers.zerodha.parse import decode_stream
from server.core.errors import SaudaError, Unauthorised
from server.domain.brokerage import Event, NoticeEvent, OrderEvent, TickEvent

__all__ = ("KiteStream",)

_ONE_MESSAGE = 1_000
"""Tokens in one subscription message."""


class KiteStream:
    """Implements `kit.ports.Stream`."""

    def __init__(self, http: Http, on_order: Callable[[Event], None]) -> None:
        facts = http.manifest.stream
        assert facts is not None
        self._http = http
        self._on_order = on_order
        self._shards = Shards(facts.sockets, facts.per_socket)
        self._silence = facts.silence_s
        self._sockets: list[Socket] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._sink: Callable[[str, Event, int], None] | None = None
        self._keys: dict[str, str] = {}
        self._over: asyncio.Future[None] | None = None
        self.on_up: Callable[[], Awaitable[None]] | None = None
        """Called when the first socket is up (again): what happened meanwhile is in the books."""
        self.columns: Callable[[list[Columns], int], None] | None = None
        """Takes whole frames instead of events, with the monotonic time of receipt."""
        self.dropped = 0
        """Packets of instruments nobody asked for."""

    @property
    def silent_for(self) -> float:
        """Seconds since the last byte on any socket."""
        return min((socket.silent_for for socket in self._sockets), default=0.0)

    async def start(self) -> None:
        """Bring the first socket up, if it is not."""
        if not self._sockets:
            self._grow(1)

    async def run(self, sink: Callable[[str, Event, int], None]) -> None:
        """Hand ticks to `sink` until cancelled; raises Unauthorised when Kite refuses the session."""
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
        symbols = self._http.context.symbols
        tokens = {symbols.of(key).token: key for key in keys}
        plans = self._shards.assign(dict.fromkeys(tokens, mode))
        self._keys = tokens
        self._grow(len(plans))
        for socket, plan in zip(self._sockets, plans, strict=False):
            for message in _messages(plan):
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

    def _grow(self, count: int) -> None:
        while len(self._sockets) < count:
            number = len(self._sockets)

            async def opened(socket: Socket, number: int = number) -> None:
                for message in _messages(Plan((), self._shards.held(number))):
                    await socket.say(message)
                if number == 0 and self.on_up is not None:
                    await self.on_up()

            def heard(data: bytes | str, at: int, number: int = number) -> None:
                self._heard(number, data, at)

            socket = Socket(self._http, f"zerodha:{number}", self._address, opened, heard, silence=self._silence)
            self._sockets.append(socket)
            task = asyncio.create_task(socket.run(), name=f"zerodha:socket:{number}")
            self._tasks.append(task)
            task.add_done_callback(self._socket_ended)

    def _socket_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._over is None:
            self._over = asyncio.get_running_loop().create_future()
        if not self._over.done():
            self._over.set_exception(error)
            self._over.exception()  # looked at: nobody may be waiting for it

    async def _address(self) -> Address:
        context = self._http.context
        if context.session is None:
            raise Unauthorised("Zerodha is not signed in.", code="broker.session", remedy="Sign in again.")
        query = {"api_key": context.credentials.get("api_key", ""), "access_token": context.session.access_token}
        return Address(f"{self._http.address('stream')}?{urlencode(query)}")

    def _heard(self, number: int, data: bytes | str, at: int) -> None:
        if isinstance(data, bytes) and len(data) > 1 and self.columns is not None:
            self.columns(decode_columns(data), at)
            return
        for event in decode_stream(data):
            if isinstance(event, TickEvent):
                key = self._keys.get(event.quote.token)
                if key is None:
                    self.dropped += 1
                elif self._sink is not None:
                    self._sink(key, event, at)
            elif isinstance(event, (OrderEvent, NoticeEvent)) and number == 0:  # every socket tells the same orders
                self._on_order(event)


def _messages(plan: Plan) -> list[str]:
    """What a socket is told: Kite subscribes in mode quote first, then takes the mode."""
    found = []
    if plan.drop:
        found += [_message("unsubscribe", _tokens(plan.drop, at)) for at in range(0, len(plan.drop), _ONE_MESSAGE)]
    by_mode: dict[str, list[str]] = {}
    for token, mode in plan.add.items():
        by_mode.setdefault(mode, []).append(token)
    for mode, tokens in by_mode.items():
        for at in range(0, len(tokens), _ONE_MESSAGE):
            page = _tokens(tokens, at)
            found += [_message("subscribe", page), _message("mode", [mode, page])]
    return found


def _tokens(tokens: Sequence[str], at: int) -> list[int]:
    return [int(token) for token in tokens[at : at + _ONE_MESSAGE]]


def _message(action: str, value: object) -> str:
    return json.dumps({"a": action, "v": value}, separators=(",", ":"))
