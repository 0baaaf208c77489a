"""One WebSocket connection: a reader and a writer task, a bounded outbox, and one way to end.

Traps of the server underneath that shape this file: a close hangs while another task still waits in `receive`, so the
reader is always cancelled first; nothing pings dead peers, so silence and stuck sends are judged by our own clock.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog

from server.core.clock import Clock
from server.core.errors import Invalid, Problem, SaudaError
from server.core.ratelimit import TokenBucket

__all__ = ("BAD_MESSAGE", "GOING_AWAY", "TIMED_OUT", "TOO_MUCH", "Connection", "Session", "Wire")

GOING_AWAY, FAILED, BAD_MESSAGE, TIMED_OUT, TOO_MUCH = 1001, 1011, 4400, 4408, 4429
_OUTBOX_MOST = 4_000
_CLOSE_SECONDS = 1.0
_log = structlog.get_logger("stream")


class Wire(Protocol):
    """The socket, as little of it as is needed."""

    async def receive(self) -> str | bytes | None:
        """The next message, None when the peer is gone."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Send one message; returns when it has been taken."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close with a code and a reason."""
        ...


class Session(Protocol):
    """What is said on a connection: `/stream` and `/ws` each have their own."""

    hz: float
    """Price flushes a second."""
    greeted: bool
    """Whether the client has said who it is (always true where no greeting is asked for)."""

    def take(self, text: str) -> None:
        """A message from the client; raises SaudaError, which ends the connection."""
        ...

    def flush(self) -> list[str | bytes]:
        """Prices that changed since the last flush."""
        ...

    @property
    def pending(self) -> bool:
        """Whether a flush may have something to send."""
        ...

    def on_event(self, sequence: int, event: object, text: str) -> None:
        """A bus event; `text` is its wire form for the app stream."""
        ...

    def on_beat(self, text: str) -> None:
        """The common heartbeat."""
        ...

    def problem(self, problem: Problem) -> str:
        """An error in this stream's wire form."""
        ...

    def close(self) -> None:
        """Let go of subscriptions."""
        ...


class Connection:
    """Runs one session over one wire until either end is done.

    Args:
        wire: the socket.
        clock: for ages; never for waiting.
        max_bytes: characters of one client message.
        per_second: client messages a second, on average; bursts of twice that.
    """

    def __init__(self, wire: Wire, clock: Clock, *, max_bytes: int, per_second: float = 30.0) -> None:
        self._wire = wire
        self._clock = clock
        self._max_bytes = max_bytes
        self._bucket = TokenBucket(clock, per_second, 2 * per_second)
        self._outbox: deque[str] = deque()
        self._frames: deque[str | bytes] = deque()
        self._wake = asyncio.Event()
        self._over = asyncio.Event()
        self._verdict: tuple[int, str] | None = None
        self._gone = False
        self._due = False
        self.session: Session | None = None
        self.opened = clock.monotonic()
        self.heard = self.opened
        self.next_flush = self.opened
        self.sending_since: float | None = None
        self.frames = 0
        self.bytes = 0
        self.on_sent: Callable[[float], None] = lambda _: None

    async def serve(self, session: Session) -> None:
        """Run until the peer goes, misbehaves, or `end` is called; always returns."""
        self.session = session
        tasks = [asyncio.create_task(self._read(session)), asyncio.create_task(self._write(session))]
        try:
            await self._over.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            session.close()
            await self._close()

    @property
    def ending(self) -> bool:
        """Whether it has been decided to close."""
        return self._verdict is not None

    def say(self, text: str) -> None:
        """Queue a text message: never conflated, sent before prices, dropped only with the connection."""
        if self._verdict is not None:
            return
        self._outbox.append(text)
        if len(self._outbox) > _OUTBOX_MOST:
            self.end(TIMED_OUT, "you stopped reading")
        self._wake.set()

    def flush(self) -> None:
        """It is time for prices."""
        self._due = True
        self._wake.set()

    def refuse(self, error: SaudaError, code: int = BAD_MESSAGE) -> None:
        """Say what is wrong, then close."""
        if self._verdict is None and self.session is not None:
            self.say(self.session.problem(error.problem()))
            self._verdict = (code, error.detail[:100])

    def end(self, code: int, reason: str) -> None:
        """Close as soon as the loop comes round, whatever is still queued."""
        if self._verdict is None:
            self._verdict = (code, reason)
        self._over.set()

    async def _read(self, session: Session) -> None:
        while self._verdict is None:
            try:
                message = await self._wire.receive()
            except Exception:  # noqa: BLE001 - a socket that fails to read is a peer that has gone
                message = None
            if message is None:
                self._gone = True
                self._over.set()
                return
            self.heard = self._clock.monotonic()
            try:
                self._admit(message)
                session.take(message)  # type: ignore[arg-type] # bytes were refused just above
            except _TooMuch as error:
                self.refuse(error, TOO_MUCH)
            except SaudaError as error:
                self.refuse(error)
            except Exception:  # noqa: BLE001 - our own mistake ends this connection, not the server
                _log.exception("stream_message_failed")
                self.end(FAILED, "something failed here")

    def _admit(self, message: str | bytes) -> None:
        if not self._bucket.take():
            raise _TooMuch("Too many messages.", code="stream.rate", remedy="Send at most 30 a second.")
        if isinstance(message, bytes):
            raise Invalid("Only text messages are taken.", code="stream.binary", remedy="Send JSON text.")
        if len(message) > self._max_bytes:
            raise Invalid(
                f"The message has {len(message):,} characters.",
                code="stream.size",
                limit=self._max_bytes,
                value=len(message),
                remedy="Send less in one message.",
            )

    async def _write(self, session: Session) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (message := self._guarded_next(session)) is not None:
                self.sending_since = started = self._clock.monotonic()
                try:
                    await self._wire.send(message)
                except Exception:  # noqa: BLE001 - a socket that fails to send is a peer that has gone
                    self._gone = True
                    self._over.set()
                    return
                self.sending_since = None
                self.frames += 1
                self.bytes += len(message)
                if isinstance(message, bytes):
                    self.on_sent(self._clock.monotonic() - started)
            if self._verdict is not None:
                self._over.set()
                return

    def _guarded_next(self, session: Session) -> str | bytes | None:
        try:
            return self._next(session)
        except Exception:  # noqa: BLE001 - our own mistake ends this connection, not the server
            _log.exception("stream_flush_failed")
            self.end(FAILED, "something failed here")
            return None

    def _next(self, session: Session) -> str | bytes | None:
        """Texts first, then prices already cut into frames, then prices that are due."""
        if self._outbox:
            return self._outbox.popleft()
        if self._verdict is not None:
            return None
        if not self._frames and self._due:
            self._due = False
            self._frames.extend(session.flush())
        return self._frames.popleft() if self._frames else None

    async def _close(self) -> None:
        if self._gone:
            return
        code, reason = self._verdict or (GOING_AWAY, "")
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._wire.close(code, reason)
        except Exception as error:  # noqa: BLE001 - it could not be told; the socket is dropped on return
            _log.info("close_not_delivered", error=repr(error))


class _TooMuch(SaudaError):
    status = 429
    default_code = "stream.rate"
