"""Reading Kite's answers: their envelope, refusals in its own words, one row where several are usual, IST times."""

from decimal import Decimal
from typing import Any

from server.brokers.kit.moments import wall
from server.brokers.kit.reading import Reader, refuse
from server.brokers.zerodha.wire import EnvelopeWire, ErrorWire
from server.core.errors import Invalid

__all__ = ("BROKER", "ERROR", "carried", "moment", "nonzero", "read_as", "reader_of", "several")

BROKER = "zerodha"

ERROR: Reader[ErrorWire] = Reader(BROKER, "error", ErrorWire)


def carried(call: str, body: bytes) -> bytes:
    """What an answer carries; an answer that says error is refused in the broker's own words."""
    try:
        answer: EnvelopeWire = reader_of(call, EnvelopeWire)(body)
    except Invalid:
        _refuse_error(call, body)
        raise
    if answer.status != "success":
        _refuse_error(call, body)
        refuse(BROKER, call, "$.status", f"expected success, got {answer.status[:24]!r}")
    return bytes(answer.data)


def _refuse_error(call: str, body: bytes) -> None:
    try:
        said = ERROR(body)
    except Invalid:
        return
    if said.status == "error":
        refuse(BROKER, call, "$", f"the broker answered with an error, {said.message[:200]!r}")


def read_as(call: str, type_: Any, body: bytes) -> Any:
    """What an answer carries, as this type."""
    return reader_of(call, type_)(carried(call, body))


def reader_of(call: str, type_: Any) -> Reader[Any]:
    """The reader of this call and type, made once."""
    found = _readers.get((call, type_))
    if found is None:
        found = _readers[call, type_] = Reader(BROKER, call, type_)
    return found


_readers: dict[tuple[str, Any], Reader[Any]] = {}


def moment(call: str, path: str, raw: str | None) -> Any:
    """A naive IST time of an answer, aware."""
    return wall(BROKER, call, path, raw)


def nonzero(value: Decimal | None) -> Decimal | None:
    """None where Kite writes 0 for nothing."""
    return value or None


def several(call: str, type_: Any, data: bytes) -> list[Any]:
    """A list, or one object where a list is usual."""
    if data.lstrip()[:1] == b"{":
        return [reader_of(call, type_)(data)]
    found: list[Any] = reader_of(call, list[type_])(data)
    return found
