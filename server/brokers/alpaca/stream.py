"""Alpaca's price streams: one socket for shares, one for coins. Signs in, subscribes when told that it may.

A message carries one thing, a trade or a best bid and offer: `mode` decides which are asked for. Within a plan only
one connection a service is allowed, and thirty symbols on the free one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import msgspec

from server.brokers.alpaca.parse import decode_stream
from server.brokers.kit.http import Http
from server.brokers.kit.stream import Address, Socket
from server.core.errors import Denied, SaudaError, Unauthorised
from server.domain.brokerage import Event, NoticeEvent, TickEvent

__all__ = ("AlpacaStream",)

_BEAT = 10.0
_CHANNELS = {"ltp": ("trades",), "quote": ("trades", "quotes", "dailyBars"), "full": ("trades", "quotes", "dailyBars")}


class AlpacaStream:
    """Implements `kit.ports.Stream`."""

    def __init__(self, http: Http) -> None:
        facts = http.manifest.stream
        assert facts is not None
        self._http = http
        self._room = facts.per_socket
        self._silence = facts.silence_s
        self._lines = {"stream": _Line("stream"), "crypto_stream": _Line("crypto_stream")}
        self._sink: Callable[[str, Event, int], None] | None = None
        self._over: asyncio.Future[None] | None = None
        self.dropped = 0
        """Prices of instruments nobody asked for."""

    @property
    def silent_for(self) -> float:
        """Seconds since the last byte on any socket."""
        sockets = [line.socket for line in self._lines.values() if line.socket is not None]
        return min((socket.silent_for for socket in sockets), default=0.0)

    async def run(self, sink: Callable[[str, Event, int], None]) -> None:
        """Hand ticks to `sink` until cancelled; raises Unauthorised when the keys are refused."""
        self._sink = sink
        self._over = asyncio.get_running_loop().create_future()
        for line in self._lines.values():
            self._start(line)
        try:
            await self._over
        finally:
            self._sink = None
            await self.close()

    async def watch(self, keys: Sequence[str], mode: str) -> None:
        """Make the watched set exactly `keys`; Denied, and nothing changed, when a plan has no room for them."""
        symbols = self._http.context.symbols
        wanted: dict[str, dict[str, str]] = {name: {} for name in self._lines}
        for key in keys:
            listing = symbols.of(key)
            where = "crypto_stream" if listing.instrument.kind == "CRYPTO" else "stream"
            wanted[where][listing.symbol] = key
        for names in wanted.values():
            if len(names) > self._room:
                raise Denied(
                    f"{len(names)} instruments are more than the {self._room} that Alpaca's stream carries.",
                    code="broker.stream_full",
                    limit=self._room,
                    value=len(names),
                    remedy="Watch fewer instruments, or let another broker carry some.",
                )
        for name, line in self._lines.items():
            old, line.keys = line.keys, wanted[name]
            old_mode, line.mode = line.mode, mode
            if line.socket is None and self._sink is not None:
                self._start(line)
            elif line.socket is not None and line.signed_in:
                gone = [n for n in old if n not in line.keys or old_mode != mode]
                new = [n for n in line.keys if n not in old or old_mode != mode]
                if gone:
                    await line.socket.say(_ask("unsubscribe", gone, old_mode))
                if new:
                    await line.socket.say(_ask("subscribe", new, mode))

    async def close(self) -> None:
        """Take the sockets down."""
        for line in self._lines.values():
            for task in (line.task, *line.asking):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, SaudaError):
                        await task
            line.task, line.socket, line.signed_in = None, None, False
            line.asking.clear()

    def _start(self, line: "_Line") -> None:
        """Bring a socket up once something is watched on it."""
        if not line.keys or line.task is not None:
            return

        async def address() -> Address:
            return Address(self._http.address(line.name))

        async def opened(socket: Socket) -> None:
            line.signed_in = False
            keys = self._http.context.credentials
            signing = {"action": "auth", "key": keys.get("key_id", ""), "secret": keys.get("secret_key", "")}
            await socket.say(msgspec.json.encode(signing).decode())

        def heard(data: bytes | str, at: int) -> None:
            self._heard(line, data, at)

        name = f"alpaca:{line.name}"
        line.socket = Socket(self._http, name, address, opened, heard, silence=self._silence, beat=(_BEAT, None))
        line.task = asyncio.create_task(line.socket.run(), name=name)
        line.task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        over = self._over
        if not task.cancelled() and (error := task.exception()) is not None and over is not None and not over.done():
            over.set_exception(error)

    def _heard(self, line: "_Line", data: bytes | str, at: int) -> None:
        for event in decode_stream(data):
            if isinstance(event, TickEvent):
                key = line.keys.get(event.quote.symbol)
                if key is None:
                    self.dropped += 1
                elif self._sink is not None:
                    self._sink(key, event, at)
            elif isinstance(event, NoticeEvent):
                self._told(line, event)

    def _told(self, line: "_Line", event: NoticeEvent) -> None:
        if event.kind == "connected" and event.text == "authenticated" and line.socket is not None:
            line.signed_in = True
            if line.keys:
                task = asyncio.create_task(line.socket.say(_ask("subscribe", list(line.keys), line.mode)))
                line.asking.add(task)
                task.add_done_callback(line.asking.discard)
        elif event.refusal is not None and event.refusal.kind == "auth":
            raise Unauthorised(
                "Alpaca does not accept the keys for its stream.",
                code="broker.session",
                remedy="Sign in again on the Connect page.",
            )


class _Line:
    """One socket and what is watched on it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.keys: dict[str, str] = {}
        self.mode = "quote"
        self.socket: Socket | None = None
        self.task: asyncio.Task[None] | None = None
        self.signed_in = False
        self.asking: set[asyncio.Task[bool]] = set()


def _ask(action: str, names: list[str], mode: str) -> str:
    return msgspec.json.encode({"action": action, **dict.fromkeys(_CHANNELS.get(mode, ("trades",)), names)}).decode()
