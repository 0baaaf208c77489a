"""Reading Alpaca's answers: lists or single objects, and refusals told by their own words."""

from typing import Any

import msgspec

from server.brokers.alpaca.wire import ErrorBody
from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Reader

__all__ = ("BROKER", "many", "not_refused")

BROKER = "alpaca"


def many(call: str, kind: Any) -> Any:
    """A reader of a list, or of one object as a list of one; a refusal is Invalid with its words."""
    single: Reader[Any] = Reader(BROKER, call, kind)
    many: Reader[Any] = Reader(BROKER, call, tuple[kind, ...])

    def read(body: bytes) -> tuple[Any, ...]:
        if body.lstrip()[:1] != b"{":
            return tuple(many(body))
        not_refused(call, body)
        return (single(body),)

    return read


def not_refused(call: str, body: bytes) -> None:
    """Raise Invalid with Alpaca's words if the answer is a refusal."""
    if b'"message"' in body[:2048]:
        error: ErrorBody | None = None
        try:
            error = msgspec.json.decode(body, type=ErrorBody)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        Fields(BROKER, call).fail("$.message", f"the broker refused: {error.message[:160]!r}")
