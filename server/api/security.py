"""What guards the local server: host and origin checks, security headers, a body limit, a rate limit, correlation ids.

There is no password on this machine by default, so the browser's same-origin rule is the fence: a request must name
one of our own hosts (against DNS rebinding) and one that changes something must come from our own pages or from a
program that sends no Origin at all (against cross-site requests).
"""

import secrets
from typing import Any

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from server.api.errors import problem_of
from server.core.clock import Clock
from server.core.errors import RateLimited, SaudaError, Unauthorised
from server.core.logs import correlation
from server.core.ratelimit import TokenBucket

__all__ = ("CSP", "MAX_BODY", "Guard", "own_hosts")

MAX_BODY = 1_000_000
"""Bytes of a JSON body; Litestar refuses more (413). Uploads have a limit of their own."""

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types app"
)

_HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def own_hosts(port: int) -> frozenset[str]:
    """Values of the Host header that mean this server."""
    return frozenset({f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"})


class Guard:
    """An ASGI app round the whole app, so that errors of routing are dressed too; see the module's text.

    Args:
        app: the app inside.
        hosts: accepted Host values, with port.
        clock: for the rate limit.
        per_minute: requests a minute from the local owner (FEATURES G3), in one bucket.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], clock: Clock, per_minute: int = 60_000) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = frozenset(f"{scheme}://{host}" for host in hosts for scheme in ("http", "https"))
        self._bucket = TokenBucket(clock, per_minute / 60, per_minute / 6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if str(scope["type"]) != "http":
            await self._app(scope, receive, send)
            return
        trace = secrets.token_hex(8)
        token = correlation.set(trace)
        headers = dict(scope["headers"])

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS, (b"x-correlation-id", trace.encode())]
            await send(message)

        try:
            refusal = self._refuse(scope, headers)
            if refusal is None:
                await self._app(scope, receive, dressed)
            else:
                await _answer(refusal, dressed)
        finally:
            correlation.reset(token)

    def _refuse(self, scope: Any, headers: dict[bytes, bytes]) -> SaudaError | None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if host not in self._hosts:
            return Unauthorised(
                f"This server is not {host or 'nameless'}.",
                code="request.host",
                remedy="Open it as http://127.0.0.1 with its port.",
            )
        if not self._bucket.take():
            return RateLimited(
                "Too many requests.", retry_after=self._bucket.wait_for(), remedy="Wait a second and try again."
            )
        if scope["method"] in _SAFE:
            return None
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1").lower() not in self._origins:
            return Unauthorised(
                "Changes are only taken from Sauda's own pages.",
                code="request.origin",
                field="Origin",
                remedy="Use the app, or a program that sends no Origin header.",
            )
        return None


async def _answer(error: SaudaError, send: Send) -> None:
    body = msgspec.json.encode(problem_of(error))
    start: Any = {
        "type": "http.response.start",
        "status": error.status,
        "headers": [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())],
    }
    end: Any = {"type": "http.response.body", "body": body, "more_body": False}
    await send(start)
    await send(end)
