"""The short way of an order to the order path: an ASGI app round the whole API that takes `POST /api/v1/orders` itself.

The framework's routing, signature and response models cost a sixth of an order's processor time, and an order that must
be sent should not wait for them. Body, rules, answers and errors are the very same functions; whatever is out of the
ordinary (no body, one that is too large, a caller that left) goes on to the framework as it came.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from server.api.context import Context
from server.api.errors import MEDIA, answer_of
from server.api.orders import PLACE, place_one
from server.api.refusals import note_refusal
from server.api.security import MAX_BODY
from server.api.strict import decode
from server.domain.orders import OrderRequest

__all__ = ("Express",)

_encoder = msgspec.json.Encoder()


class Express:
    """See the module's text. `app` is the API as a whole."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found: Any = scope
        if found["type"] != "http" or found["path"] != PLACE or found["method"] != "POST":
            await self._app(scope, receive, send)
            return
        messages, body = await _read(receive)
        if not 0 < len(body) <= MAX_BODY:
            await self._app(scope, _again(messages, receive), send)
            return
        headers: dict[str, str] = {}
        try:
            order, status = await place_one(self._context, decode(body, OrderRequest))
            media, answer = "application/json", _encoder.encode(order)
        except Exception as error:  # noqa: BLE001 - every error has its answer
            await note_refusal(self._context, error, scope)
            status, headers, answer = answer_of(error, PLACE)
            media = MEDIA
        headers |= {"content-type": media, "content-length": str(len(answer))}
        start: Any = {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        end: Any = {"type": "http.response.body", "body": answer, "more_body": False}
        await send(start)
        await send(end)


async def _read(receive: Receive) -> tuple[list[Any], bytes]:
    """The messages of the body and the body itself; as far as it was read, when it is too large or the caller left."""
    messages: list[Any] = []
    size = 0
    while True:
        message: Any = await receive()
        messages.append(message)
        if message["type"] != "http.request":
            return messages, b""
        size += len(message.get("body", b""))
        if size > MAX_BODY or not message.get("more_body"):
            return messages, b"".join(m.get("body", b"") for m in messages)


def _again(messages: Sequence[Any], receive: Receive) -> Receive:
    """What was read, and then the rest."""
    left = list(messages)

    async def read() -> Any:
        return left.pop(0) if left else await receive()

    return read
