"""Reading Upstox's answers: with or without their envelope, one row for several, IST times."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from server.brokers.kit.moments import local, wall
from server.brokers.kit.reading import Reader, refuse
from server.brokers.upstox.wire import EnvelopeWire

__all__ = ("BROKER", "carried", "moment", "nonzero", "reader_of", "several")

BROKER = "upstox"

_readers: dict[tuple[str, Any], Reader[Any]] = {}


def reader_of(call: str, type_: Any) -> Reader[Any]:
    """The reader of this call and type, made once."""
    found = _readers.get((call, type_))
    if found is None:
        found = _readers[call, type_] = Reader(BROKER, call, type_)
    return found


def carried(call: str, body: bytes) -> bytes:
    """What an answer carries, with or without its envelope; an answer that says error is refused in its own words."""
    if body.lstrip()[:1] == b"[":
        return body
    answer: EnvelopeWire = reader_of(call, EnvelopeWire)(body)
    if answer.status not in ("success", "partial_success"):
        said = answer.errors[0].message if answer.errors else answer.status
        refuse(BROKER, call, "$", f"the broker answered with an error, {str(said)[:200]!r}")
    return bytes(answer.data)


def several(call: str, type_: Any, data: bytes) -> list[Any]:
    """A list, one object where a list is usual, or nothing."""
    start = data.lstrip()[:1]
    if start == b"{":
        return [reader_of(call, type_)(data)]
    found: list[Any] | None = reader_of(call, list[type_] | None)(data)
    return found or []


def nonzero(value: Decimal | None) -> Decimal | None:
    """None where Upstox writes 0 for nothing."""
    return value or None


def moment(call: str, path: str, raw: str | None) -> datetime | None:
    """A time of an answer, in either of the two forms."""
    if raw and len(raw) > 3 and raw[2] == "-":
        return local(BROKER, call, path, raw, ("%d-%b-%Y %H:%M:%S",))
    return wall(BROKER, call, path, raw)
