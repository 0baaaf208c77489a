"""WebSocket endpoints: /stream for the app, /ws for scripts; the protocol is written down at /docs/stream.

One `StreamServer` holds all connections. It is a part of the supervisor: its loop keeps the pace of price flushes,
sends heartbeats, ends silent and stuck clients, and on shutdown closes everybody with 1001 before it returns.
"""

import asyncio
import ipaddress
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from server.analytics.chains import Chains
from server.api.stream_app import HEARTBEAT_SECONDS, AppSession, event_text
from server.api.stream_connection import GOING_AWAY, TIMED_OUT, TOO_MUCH, Connection, Session
from server.api.stream_messages import MOST_BYTES
from server.api.stream_scripts import ScriptSession
from server.core.bus import Bus
from server.core.clock import Clock, to_ns
from server.domain.events import Event
from server.market.market import Market

__all__ = ("StreamServer", "StreamStats", "stream_handlers")

_TICK_SECONDS = 1 / 60
_HELLO_SECONDS = 5.0
_SILENT_SECONDS = 30.0
_STUCK_SECONDS = 10.0
_MOST_CONNECTIONS = 256
_encode = msgspec.json.Encoder().encode


class StreamStats(msgspec.Struct, frozen=True, kw_only=True):
    """For the System page; times in milliseconds from handing a price frame to the socket until it was taken."""

    clients: int
    frames: int
    bytes: int
    dropped: int
    """Connections ended because they stopped reading or went silent."""
    p50: float | None
    p99: float | None
    n: int


class StreamServer:
    """See the module's text.

    Args:
        markets: by id; looked at afresh each time, replays come and go.
        bus: events for the clients.
        clock: time.
        boot: id of this run of the server.
        chains: live option chains.
        hosts: accepted Host headers with port, as `api.security.own_hosts` gives them.
        default_market: market of a /ws channel when none is named.
    """

    def __init__(
        self,
        markets: Mapping[str, Market],
        bus: Bus,
        clock: Clock,
        boot: str,
        hosts: frozenset[str],
        chains: Chains,
        default_market: Callable[[], str] = lambda: "sim",
    ) -> None:
        self._markets = markets
        self._bus = bus
        self._clock = clock
        self._boot = boot
        self._hosts = hosts
        self._origins = frozenset(f"{scheme}://{host}" for host in hosts for scheme in ("http", "https"))
        self._chains = chains
        self._default_market = default_market
        self._connections: set[Connection] = set()
        self._ended = asyncio.Event()
        self._busy = asyncio.Event()
        self._closing = False
        self._pumped = bus.sequence
        self._pump_due = False
        self._frames = self._bytes = self._dropped = 0
        self._times: deque[float] = deque(maxlen=1_000)
        bus.subscribe(Event, self._on_event)

    # ----------------------------------------------------------- the part

    async def run(self, ready: Callable[[], None]) -> None:
        """Keep the pace until cancelled, then close everybody (a supervisor part)."""
        self._closing = False
        ready()
        next_beat = self._clock.monotonic() + HEARTBEAT_SECONDS
        try:
            while True:
                if not self._connections:
                    await self._busy.wait()
                    next_beat = self._clock.monotonic() + HEARTBEAT_SECONDS
                await self._clock.sleep(_TICK_SECONDS)
                now = self._clock.monotonic()
                if now >= next_beat:
                    next_beat = max(next_beat + HEARTBEAT_SECONDS, now)
                    self._beat()
                for connection in tuple(self._connections):
                    self._pace(connection, now)
        finally:
            await self.close_all()

    async def close_all(self, within: float = 2.0) -> None:
        """Close every connection with 1001 and wait for that, at most `within` seconds; new ones are turned away."""
        self._closing = True
        for connection in tuple(self._connections):
            connection.end(GOING_AWAY, "the server is going away")
        try:
            async with asyncio.timeout(within):
                while self._connections:
                    self._ended.clear()
                    await self._ended.wait()
        except TimeoutError:
            pass  # the process ends; what is left is cut

    def stats(self) -> StreamStats:
        """Counts since the start."""
        times = sorted(self._times)
        return StreamStats(
            clients=len(self._connections),
            frames=self._frames + sum(c.frames for c in self._connections),
            bytes=self._bytes + sum(c.bytes for c in self._connections),
            dropped=self._dropped,
            p50=round(times[len(times) // 2] * 1e3, 3) if times else None,
            p99=round(times[min(len(times) - 1, len(times) * 99 // 100)] * 1e3, 3) if times else None,
            n=len(times),
        )

    # -------------------------------------------------------- connections

    def app(self, connection: Connection) -> Session:
        """A session of the app."""
        return AppSession(connection, self._markets, self._bus, self._boot, self._wall_ms, self._catch_up, self._chains)

    def script(self, connection: Connection) -> Session:
        """A session of a script."""
        return ScriptSession(connection, self._markets, self._default_market, self._chains)

    async def serve(self, wire: Any, make: Callable[[Connection], Session]) -> None:
        """Run one accepted connection to its end."""
        connection = Connection(wire, self._clock, max_bytes=MOST_BYTES)
        connection.on_sent = self._times.append
        self._catch_up()
        session = make(connection)
        if self._closing:
            connection.end(GOING_AWAY, "the server is going away")
        elif len(self._connections) >= _MOST_CONNECTIONS:
            connection.end(TOO_MUCH, "too many connections")
        connection.session = session
        self._connections.add(connection)
        self._busy.set()
        try:
            await connection.serve(session)
        finally:
            self._connections.discard(connection)
            if not self._connections:
                self._busy.clear()
            self._frames += connection.frames
            self._bytes += connection.bytes
            self._ended.set()

    def admits(self, headers: Mapping[str, str], client: str, *, scripts: bool) -> bool:
        """Whether the handshake may go on.

        The Host must be one of ours (against DNS rebinding). An Origin must be one of our own pages: cookies and
        same-origin rules do not guard WebSockets. Browsers always send one; only /ws takes a handshake without,
        and only from this machine, which is a program run by its owner.
        """
        if headers.get("host", "").lower() not in self._hosts:
            return False
        origin = headers.get("origin")
        if origin is None:
            return scripts and _loopback(client)
        return origin.lower() in self._origins

    # ------------------------------------------------------------- inside

    def _pace(self, connection: Connection, now: float) -> None:
        session = connection.session
        if session is None or (connection.ending and connection.sending_since is None):
            return
        if connection.sending_since is not None and now - connection.sending_since > _STUCK_SECONDS:
            self._drop(connection, "you stopped reading")
        elif not session.greeted and now - connection.opened > _HELLO_SECONDS:
            self._drop(connection, "no hello")
        elif isinstance(session, AppSession) and now - connection.heard > _SILENT_SECONDS:
            self._drop(connection, "no ping")
        elif now >= connection.next_flush:
            connection.next_flush = max(connection.next_flush + 1 / session.hz, now)
            if session.pending:
                connection.flush()

    def _drop(self, connection: Connection, reason: str) -> None:
        self._dropped += not connection.ending
        connection.end(TIMED_OUT, reason)

    def _beat(self) -> None:
        markets = [market.beat() for market in self._markets.values()]
        beat = {"type": "beat", "t": self._wall_ms(), "seq": self._pumped, "markets": markets}
        text = _encode(beat).decode()
        for connection in self._connections:
            if connection.session is not None:
                connection.session.on_beat(text)

    def _on_event(self, _: Event) -> None:
        """Events are handed on once a turn of the loop, in order, encoded once for all."""
        if not self._pump_due and self._connections:
            self._pump_due = True
            asyncio.get_running_loop().call_soon(self._catch_up)

    def _catch_up(self) -> int:
        """Hand on what was published; returns the last sequence number handed on."""
        self._pump_due = False
        if not self._connections:
            self._pumped = self._bus.sequence
            return self._pumped
        found = self._bus.since(self._pumped)
        self._pumped = self._bus.sequence
        if found is None:
            for connection in self._connections:
                if isinstance(connection.session, AppSession) and connection.session.greeted:
                    connection.session.resync("too much has happened at once")
            return self._pumped
        for sequence, event in found:
            if isinstance(event, Event):
                text = event_text(sequence, event)
                for connection in self._connections:
                    if connection.session is not None:
                        connection.session.on_event(sequence, event, text)
        return self._pumped

    def _wall_ms(self) -> float:
        return to_ns(self._clock.now()) / 1e6


class _SocketWire:
    """A Litestar socket as a `Wire`."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes | None:
        message: Any = await self._socket.receive()
        if message["type"] != "websocket.receive":
            return None
        text: str | None = message.get("text")
        return text if text is not None else (message.get("bytes") or b"")

    async def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            await self._socket.send({"type": "websocket.send", "text": message, "bytes": None})
        else:
            await self._socket.send({"type": "websocket.send", "bytes": message, "text": None})

    async def close(self, code: int, reason: str) -> None:
        await self._socket.close(code, reason)


def stream_handlers(server: StreamServer) -> list[WebsocketRouteHandler]:
    """Routes to register: /stream and /ws."""

    async def serve(socket: WebSocket[Any, Any, Any], make: Callable[[Connection], Session], scripts: bool) -> None:
        client = socket.client.host if socket.client else ""
        if not server.admits(socket.headers, client, scripts=scripts):
            await socket.receive()
            await socket.close(4403, "not from here")
            return
        await socket.accept()
        await server.serve(_SocketWire(socket), make)

    @websocket("/stream")
    async def stream(socket: WebSocket[Any, Any, Any]) -> None:
        """The app's stream."""
        await serve(socket, server.app, False)

    @websocket("/ws")
    async def scripts(socket: WebSocket[Any, Any, Any]) -> None:
        """The JSON stream for scripts."""
        await serve(socket, server.script, True)

    return [stream, scripts]


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
