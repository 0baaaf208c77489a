"""The Noren socket: prices (and, at most brokers, orders) over one line. Deltas are merged here, per instrument.

A missing field of a delta is unchanged; so the last message of each instrument is kept raw and read anew as a whole.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from server.brokers.kit.http import Http
from server.brokers.kit.stream import Address, Socket
from server.brokers.noren.parse import Noren
from server.core.errors import Denied, Invalid, SaudaError, Unauthorised
from server.domain.brokerage import Event, NoticeEvent, OrderEvent, TickEvent

__all__ = ("NorenStream",)

_BEAT_EVERY = 30.0
_ONE_MESSAGE = 100
"""Instruments in one subscription message."""
_WORDS = {"ltp": ("t", "u"), "quote": ("t", "u"), "full": ("d", "ud")}


class NorenStream:
    """Implements `kit.ports.Stream`.

    Args:
        hello: what signs in; asked before each connect, and may raise Unauthorised.
        beat: what is said every half minute.
        orders: the account whose order updates come over this socket too; empty = not over this one.
    """

    def __init__(
        self,
        http: Http,
        noren: Noren,
        hello: Callable[[], Awaitable[dict[str, str]]],
        *,
        orders: Callable[[], str] = str,
        on_order: Callable[[Event], None] = lambda event: None,
        beat: str = '{"t":"h"}',
    ) -> None:
        facts = http.manifest.stream
        assert facts is not None
        self._http, self._noren, self._hello = http, noren, hello
        self._orders, self._on_order = orders, on_order
        self._room = facts.per_socket
        name = f"{http.manifest.name}:stream"
        self._socket = Socket(
            http, name, self._address, self._opened, self._heard, silence=facts.silence_s, beat=(_BEAT_EVERY, beat)
        )
        self._task: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._keys: dict[str, str] = {}
        self._mode = "full"
        self._signed_in = False
        self._raw: dict[str, dict[str, Any]] = {}
        self._sink: Callable[[str, Event, int], None] | None = None
        self.on_up: Callable[[], Awaitable[None]] | None = None
        """Called when orders are listened for (again): what happened meanwhile is in the books."""
        self.dropped = 0
        """Prices of instruments nobody asked for."""

    @property
    def silent_for(self) -> float:
        """Seconds since the last byte."""
        return self._socket.silent_for

    async def run(self, sink: Callable[[str, Event, int], None]) -> None:
        """Hand ticks to `sink` until cancelled; raises Unauthorised when the session is refused."""
        self._sink = sink
        try:
            await self.ended()
        finally:
            self._sink = None

    async def ended(self) -> None:
        """Keep the line up; wait until it gives up, and raise why."""
        if self._task is None:
            self._task = asyncio.create_task(self._socket.run(), name=self._socket.name)
            self._task.add_done_callback(_look_at)
        await asyncio.shield(self._task)

    async def watch(self, keys: Sequence[str], mode: str) -> None:
        """Make the watched set exactly `keys`."""
        symbols = self._http.context.symbols
        wanted = {symbols.of(key).token: key for key in keys}
        if len(wanted) > self._room:
            raise Denied(
                f"{len(wanted)} instruments are more than the {self._room} this broker's stream carries.",
                code="broker.stream_full",
                limit=self._room,
                value=len(wanted),
                remedy="Watch fewer instruments, or let another broker carry some.",
            )
        old, old_mode = self._keys, self._mode
        self._keys, self._mode = wanted, mode
        if self._signed_in:
            await self._say([t for t in old if t not in wanted or old_mode != mode], _WORDS[old_mode][1])
            await self._say([t for t in wanted if t not in old or old_mode != mode], _WORDS[mode][0])
        for token in old:
            if token not in wanted:
                self._raw.pop(token, None)

    async def close(self) -> None:
        """Take the line down."""
        for task in (self._task, *self._asking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, SaudaError):
                    await task
        self._task = None

    async def _address(self) -> Address:
        return Address(self._http.address("stream"))

    async def _opened(self, socket: Socket) -> None:
        self._signed_in = False
        self._raw.clear()
        await socket.say(msgspec.json.encode(await self._hello()).decode())

    def _heard(self, data: bytes | str, at: int) -> None:
        for event in self._noren.decode_stream(data):
            if isinstance(event, TickEvent):
                self._price(data, at)
            elif isinstance(event, OrderEvent):
                self._on_order(event)
            elif isinstance(event, NoticeEvent):
                if event.kind == "connected":
                    task = asyncio.create_task(self._begin())
                    self._asking.add(task)
                    task.add_done_callback(self._asking.discard)
                elif event.refusal is not None and event.refusal.kind == "auth":
                    raise Unauthorised(
                        f"{self._http.manifest.title} does not accept the session for its stream.",
                        code="broker.session",
                        remedy="Sign in again on the Connect page.",
                    )
                self._on_order(event)

    async def _begin(self) -> None:
        """Signed in: ask for orders, and for everything watched."""
        self._signed_in = True
        account = self._orders()
        if account:
            await self._socket.say(msgspec.json.encode({"t": "o", "actid": account}).decode())
            if self.on_up is not None:
                await self.on_up()
        await self._say(list(self._keys), _WORDS[self._mode][0])

    async def _say(self, tokens: list[str], word: str) -> None:
        for at in range(0, len(tokens), _ONE_MESSAGE):
            await self._socket.say(
                msgspec.json.encode({"t": word, "k": "#".join(tokens[at : at + _ONE_MESSAGE])}).decode()
            )

    def _price(self, data: bytes | str, at: int) -> None:
        raw: dict[str, Any] = msgspec.json.decode(data)
        token = f"{raw.get('e', '')}|{raw.get('tk', '')}"
        key = self._keys.get(token)
        if key is None:
            self.dropped += 1
            return
        if str(raw.get("t", "")).endswith("k"):
            self._raw[token] = raw
        else:
            raw = self._raw.setdefault(token, {}) | raw
            self._raw[token] = raw
        try:
            event = self._noren.tick(raw)
        except Invalid:
            self._raw.pop(token, None)
            raise
        if self._sink is not None:
            self._sink(key, event, at)


def _look_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
