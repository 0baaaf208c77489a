"""A line of JSON objects over HTTP, kept up as a socket is: backoff, silence and refused sessions are judged alike."""

import asyncio
from typing import Any

import aiohttp

from server.brokers.kit.stream import Address, Socket
from server.core.errors import Invalid, Unauthorised, Unavailable

__all__ = ("Lines",)

_HANDSHAKE = 10.0
_LONGEST = 1024 * 1024


class _Body:
    """An answer that goes on, with the few words of a socket that its keeper uses."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    @property
    def closed(self) -> bool:
        return self.response.closed

    async def close(self) -> None:
        self.response.close()


class Lines(Socket):
    """One such line. `address` may give an empty address: then there is nothing to listen for, and it waits."""

    async def say(self, message: str | bytes) -> bool:
        """Nothing can be said on it."""
        return False

    def renew(self) -> None:
        """Drop the line: it comes back with a fresh address."""
        held: Any = self._ws
        if held is not None:
            held.response.close()

    async def _connect(self, address: Address) -> Any:
        if not address.url:
            raise Unavailable("There is nothing to listen for.", code="broker.stream")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_HANDSHAKE)
        async with asyncio.timeout(_HANDSHAKE):
            response = await self._http.session.get(
                address.url, headers=address.headers, timeout=timeout, allow_redirects=False
            )
        if response.status == 200:
            return _Body(response)
        response.close()
        title = self._http.manifest.title
        if response.status in (401, 403):
            raise Unauthorised(
                f"{title} does not accept the session for its stream (HTTP {response.status}).",
                code="broker.session",
                remedy="Sign in again on the Connect page.",
            )
        raise Unavailable(f"{title}: no stream (HTTP {response.status}).", code="broker.stream")

    async def _listen(self, ws: Any, patience: float) -> None:
        content, held = ws.response.content, b""
        while True:
            async with asyncio.timeout(patience):
                part = await content.readany()
            if not part:
                return
            now = self._clock.monotonic()
            self._last_byte = now
            *lines, held = (held + part).split(b"\n")
            if len(held) > _LONGEST:
                return
            for line in lines:
                if line.strip():
                    try:
                        self._heard(line, int(now * 1e9))
                    except Invalid:
                        self.unreadable += 1
