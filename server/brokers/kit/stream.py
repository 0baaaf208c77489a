"""One socket to a broker, kept up: connects, says again what is watched, notices silence, backs off.

Liveness is bytes, not data (law 11). A line that stays mute is renewed after the manifest's silence; each time that
brings nothing the patience doubles, so that closed hours make no storm. A broker that was away and answers calls again
is tried at once. Refused sessions end it: somebody must sign in.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
import msgspec

from server.brokers.kit.http import Http
from server.core.errors import Invalid, SaudaError, Unauthorised, Unavailable

__all__ = ("Address", "Socket")

_FIRST, _MOST = 0.5, 60.0
_MOST_SILENCE = 600.0
_HANDSHAKE = 10.0
_MOST_MESSAGE = 8 * 1024 * 1024
_GREETING = 1.0
"""Seconds: what comes in them is the answer to signing in and says nothing of the line."""
_GARBAGE = 50
"""Unreadable messages in a row after which the line is renewed."""


class Address(msgspec.Struct, frozen=True):
    """Where a socket goes; its repr does not show the tokens an address may carry."""

    url: str
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "Address(…)"


class Socket:
    """One socket.

    Args:
        address: asked before every connect: single-use addresses and fresh tokens.
        opened: called with the socket connected: log in, subscribe. Returns when data may flow.
        heard: each message with the monotonic time of receipt in nanoseconds; may raise Invalid (counted).
        beat: (seconds, message) to say regularly; a message of None is a WebSocket ping.
    """

    first_wait = _FIRST
    most_wait = _MOST

    def __init__(
        self,
        http: Http,
        name: str,
        address: Callable[[], Awaitable[Address]],
        opened: Callable[["Socket"], Awaitable[None]],
        heard: Callable[[bytes | str, int], None],
        *,
        silence: float,
        beat: tuple[float, str | bytes | None] | None = None,
    ) -> None:
        self._http = http
        self._clock = http.context.clock
        self.name = name
        self._address = address
        self._opened = opened
        self._heard = heard
        self._silence = silence
        self._beat = beat
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._last_byte = self._clock.monotonic()
        self._chance = random.Random()  # noqa: S311 - spreads reconnects
        self.connects = 0
        self.unreadable = 0

    @property
    def up(self) -> bool:
        """Whether it is connected."""
        return self._ws is not None and not self._ws.closed

    @property
    def silent_for(self) -> float:
        """Seconds since the last byte."""
        return self._clock.monotonic() - self._last_byte

    async def say(self, message: str | bytes) -> bool:
        """Send a message; False when the line is down (what it asked for is said again after the reconnect)."""
        ws = self._ws
        if ws is None or ws.closed:
            return False
        try:
            await (ws.send_str(message) if isinstance(message, str) else ws.send_bytes(message))
        except (aiohttp.ClientError, OSError):
            return False
        return True

    async def run(self) -> None:
        """Keep it up until cancelled; raises Unauthorised when the broker refuses the session."""
        wait, patience = self.first_wait, self._silence
        while True:
            fruitful = await self._once(patience)
            wait = self.first_wait if fruitful else min(self.most_wait, wait * 2)
            patience = self._silence if fruitful else min(_MOST_SILENCE, patience * 2)
            if await self._rest(wait * self._chance.uniform(0.5, 1.0)):
                wait = self.first_wait

    async def _rest(self, seconds: float) -> bool:
        """Wait before the next try; True when it was cut short, because calls to the broker are answered again."""
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        back = asyncio.ensure_future(self._http.back.wait())
        try:
            await asyncio.wait({sleep, back}, return_when=asyncio.FIRST_COMPLETED)
            return back.done() and not sleep.done()
        finally:
            sleep.cancel()
            back.cancel()

    async def _once(self, patience: float) -> bool:
        """One life of the line; True when it went on bringing something after its greeting."""
        beat: asyncio.Task[None] | None = None
        started = self._clock.monotonic()
        try:
            address = await self._address()
            self._ws = ws = await self._connect(address)
            self.connects += 1
            started = self._last_byte = self._clock.monotonic()
            await self._opened(self)
            if self._beat is not None:
                beat = asyncio.create_task(self._keep_beating(ws, *self._beat), name=f"{self.name}:beat")
            await self._listen(ws, patience)
        except Unauthorised:
            raise
        except (SaudaError, aiohttp.ClientError, OSError):
            pass  # silence, a cut or a refusal: the caller renews the line
        finally:
            if beat is not None:
                beat.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await beat
            if self._ws is not None:
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    await self._ws.close()
                self._ws = None
        return self._last_byte - started > _GREETING

    async def _connect(self, address: Address) -> aiohttp.ClientWebSocketResponse:
        title = self._http.manifest.title
        try:
            async with asyncio.timeout(_HANDSHAKE):
                return await self._http.session.ws_connect(
                    address.url, headers=address.headers, autoping=False, max_msg_size=_MOST_MESSAGE, compress=0
                )
        except aiohttp.WSServerHandshakeError as error:
            if error.status in (401, 403):
                raise Unauthorised(
                    f"{title} does not accept the session for its stream (HTTP {error.status}).",
                    code="broker.session",
                    remedy="Sign in again on the Connect page.",
                ) from None
            raise Unavailable(f"{title}: no stream (HTTP {error.status}).", code="broker.stream") from None

    async def _listen(self, ws: aiohttp.ClientWebSocketResponse, patience: float) -> None:
        garbage = 0
        while True:
            message = await ws.receive(timeout=patience)
            now = self._clock.monotonic()
            if message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
                self._last_byte = now
                try:
                    self._heard(message.data, int(now * 1e9))
                    garbage = 0
                except Invalid:
                    self.unreadable += 1
                    garbage += 1
                    if garbage >= _GARBAGE:
                        return
            elif message.type is aiohttp.WSMsgType.PING:
                self._last_byte = now
                await ws.pong(message.data)
            elif message.type is aiohttp.WSMsgType.PONG:
                self._last_byte = now
            else:
                return

    async def _keep_beating(self, ws: aiohttp.ClientWebSocketResponse, every: float, text: str | bytes | None) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            while True:
                await self._clock.sleep(every)
                if text is None:
                    await ws.ping()
                else:
                    await self.say(text)
