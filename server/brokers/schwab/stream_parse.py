"""Frames of Schwab's streamer -> events. Pure. Field numbers as in the guide's tables (not its older sample)."""

from decimal import Decimal
from typing import Any

from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Reader, number
from server.brokers.schwab.rows import BROKER
from server.brokers.schwab.wire import Content, StreamData, StreamFrame, StreamResponse
from server.core.errors import Invalid
from server.domain.brokerage import (
    BeatEvent,
    Event,
    NoticeEvent,
    QuoteLine,
    Refusal,
    RefusalKind,
    TickEvent,
)

__all__ = ("decode_orders", "decode_stream")

_FRAME: Reader[StreamFrame] = Reader(BROKER, "stream", StreamFrame)
_FIELDS = Fields(BROKER, "stream")
_TABLES: dict[str, dict[str, str]] = {
    "LEVELONE_EQUITIES": {
        "1": "bid", "2": "ask", "3": "last", "4": "bid_quantity", "5": "ask_quantity", "8": "volume",
        "9": "last_quantity", "10": "high", "11": "low", "12": "close", "17": "open",
    },
    "LEVELONE_OPTIONS": {
        "2": "bid", "3": "ask", "4": "last", "5": "high", "6": "low", "7": "close", "8": "volume", "9": "oi",
    },
}  # fmt: skip
_SUCCEEDED = (0, 26, 27, 28, 29)
_REFUSED: dict[int, RefusalKind] = {3: "auth", 12: "permission", 19: "permission", 11: "permission", 20: "network"}


def decode_stream(frame: bytes | str) -> list[Event]:
    """One frame: prices, answers and heartbeats."""
    got = _FRAME(frame)
    found: list[Event] = [_answer(row) for row in got.response]
    for note in got.notify:
        if note.heartbeat:
            found.append(BeatEvent(at=_FIELDS.epoch("$.notify.heartbeat", note.heartbeat)))
        else:
            found.append(_told(note.content))
    for n, data in enumerate((*got.data, *got.snapshot)):
        found.extend(_prices(f"$.data[{n}]", data))
    return found or [NoticeEvent(kind="other")]


def decode_orders(frame: bytes | str) -> list[Event]:
    """Account activity is only a wake-up to read the book: it comes as a notice `status`."""
    return decode_stream(frame)


def _answer(row: StreamResponse) -> Event:
    if row.content.code in _SUCCEEDED:
        kind = "connected" if row.command == "LOGIN" else "subscribed"
        return NoticeEvent(kind="connected" if kind == "connected" else "subscribed", text=row.content.msg)
    return _told(row.content)


def _told(content: Content | None) -> Event:
    if content is None:
        return NoticeEvent(kind="other")
    if content.code == 30:
        return NoticeEvent(kind="closing", text=content.msg)
    if content.code in _SUCCEEDED:
        return NoticeEvent(kind="other", text=content.msg)
    refusal = Refusal(kind=_REFUSED.get(content.code, "input"), code=str(content.code), message=content.msg)
    return NoticeEvent(kind="refused", text=content.msg, refusal=refusal)


def _prices(path: str, data: StreamData) -> list[Event]:
    if data.service == "ACCT_ACTIVITY":
        return [NoticeEvent(kind="status", text=str(row.get("2", ""))[:80]) for row in data.content]
    table = _TABLES.get(data.service)
    if table is None:
        return [NoticeEvent(kind="other", text=data.service)]
    at = _FIELDS.epoch(f"{path}.timestamp", data.timestamp)
    found: list[Event] = []
    for n, row in enumerate(data.content):
        symbol = _FIELDS.text(f"{path}.content[{n}].key", row.get("key"))
        if row.get("delayed") is True:  # a quarter of an hour old: it would pass for a live price
            found.append(NoticeEvent(kind="other", text=f"delayed: {symbol[:40]}"))
            continue
        values: dict[str, Any] = {name: _loose(row[field]) for field, name in table.items() if field in row}
        found.append(
            TickEvent(quote=QuoteLine(symbol=symbol, token=symbol, at=at, **values), mode="quote", snapshot=False)
        )
    return found


def _loose(raw: object) -> Decimal | None:
    """A number, or nothing: the older numbering has words where numbers are now, and they must not end the stream."""
    try:
        return number(BROKER, "stream", "$", raw)
    except Invalid:
        return None
