"""Upstox's market feed v3, message by message as `MarketDataFeedV3.proto` numbers them.

In proto3 a number that is 0 is not sent: prices and quantities that are absent are None here.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from server.brokers.kit.moments import epoch
from server.brokers.kit.reading import refuse
from server.brokers.upstox.protobuf import Field, as_decimal, as_int, fields
from server.domain.brokerage import DepthLevel, Event, NoticeEvent, QuoteLine, TickEvent

__all__ = ("decode_feed",)

BROKER = "upstox"
_INITIAL, _LIVE, _INFO = 0, 1, 2
_MODES = {0: "ltp", 1: "full", 2: "option_greeks", 3: "full_d30"}
_STATUS = {
    0: "PRE_OPEN_START",
    1: "PRE_OPEN_END",
    2: "NORMAL_OPEN",
    3: "NORMAL_CLOSE",
    4: "CLOSING_START",
    5: "CLOSING_END",
}
_MOST_FEEDS = 10_000
_MOST_LEVELS = 200
Reading = Callable[[str, Field, str], Any]


def decode_feed(frame: bytes) -> list[Event]:
    """One FeedResponse."""
    kind, stamp = _INITIAL, 0
    feeds: list[bytes] = []
    infos: list[bytes] = []
    for field in fields(BROKER, frame, "frame"):
        match field[0]:
            case 1:
                kind = as_int(BROKER, field, "type")
            case 2:
                feeds.append(_bytes(field, "feeds"))
                if len(feeds) > _MOST_FEEDS:
                    refuse(BROKER, "stream", "feeds", "more instruments than a socket carries")
            case 3:
                stamp = as_int(BROKER, field, "currentTs")
            case 4:
                infos.append(_bytes(field, "marketInfo"))
    at = epoch(BROKER, "stream", "currentTs", stamp, "ms")
    events: list[Event] = [_feed(entry, n, at, kind == _INITIAL) for n, entry in enumerate(feeds)]
    events += [NoticeEvent(kind="status", text=_statuses(info)) for info in infos]
    return events


def _bytes(field: Field, path: str) -> bytes:
    if not isinstance(field[2], bytes) or field[1] != 2:
        refuse(BROKER, "stream", path, "expected a message")
    return field[2]


def _feed(entry: bytes, number: int, at: datetime | None, snapshot: bool) -> TickEvent:
    path = f"feeds[{number}]"
    key, value = "", b""
    for field in fields(BROKER, entry, path):
        if field[0] == 1:
            key = _text(field, f"{path}.key")
        elif field[0] == 2:
            value = _bytes(field, path)
    if not key:
        refuse(BROKER, "stream", f"{path}.key", "expected an instrument")
    known: dict[str, Any] = {}
    mode = "ltp"
    for field in fields(BROKER, value, path):
        match field[0]:
            case 1:
                _ltpc(_bytes(field, path), f"{path}.ltpc", known)
            case 2:
                _full(_bytes(field, path), f"{path}.fullFeed", known)
                mode = "full"
            case 3:
                _first_level(_bytes(field, path), f"{path}.firstLevelWithGreeks", known)
                mode = "option_greeks"
            case 4:
                mode = _MODES.get(as_int(BROKER, field, f"{path}.requestMode"), mode)
    quote = QuoteLine(symbol=key, exchange=key.partition("|")[0], token=key, at=at, **known)
    return TickEvent(quote=quote, mode=mode, snapshot=snapshot)


def _take(data: bytes, path: str, known: dict[str, Any], wanted: dict[int, tuple[str, Reading]]) -> None:
    """Read flat fields into `known` by name."""
    for field in fields(BROKER, data, path):
        if field[0] in wanted:
            name, read = wanted[field[0]]
            known[name] = read(BROKER, field, f"{path}.{name}")


def _count(broker: str, field: Field, path: str) -> Decimal:
    return Decimal(as_int(broker, field, path))


def _moment(broker: str, field: Field, path: str) -> datetime | None:
    return epoch(broker, "stream", path, as_int(broker, field, path), "ms")


def _ltpc(data: bytes, path: str, known: dict[str, Any]) -> None:
    _take(
        data,
        path,
        known,
        {
            1: ("last", as_decimal),
            2: ("traded_at", _moment),
            3: ("last_quantity", _count),
            4: ("close", as_decimal),
        },
    )


def _full(data: bytes, path: str, known: dict[str, Any]) -> None:
    for field in fields(BROKER, data, path):
        if field[0] == 1:
            _market(_bytes(field, path), f"{path}.marketFF", known)
        elif field[0] == 2:
            _index(_bytes(field, path), f"{path}.indexFF", known)


def _market(data: bytes, path: str, known: dict[str, Any]) -> None:
    _take(
        data,
        path,
        known,
        {
            5: ("average", as_decimal),
            6: ("volume", _count),
            7: ("oi", as_decimal),
            9: ("total_bid", as_decimal),
            10: ("total_ask", as_decimal),
        },
    )
    for field in fields(BROKER, data, path):
        match field[0]:
            case 1:
                _ltpc(_bytes(field, path), f"{path}.ltpc", known)
            case 2:
                _levels(_bytes(field, path), f"{path}.marketLevel", known)
            case 4:
                _day(_bytes(field, path), f"{path}.marketOHLC", known)


def _index(data: bytes, path: str, known: dict[str, Any]) -> None:
    for field in fields(BROKER, data, path):
        if field[0] == 1:
            _ltpc(_bytes(field, path), f"{path}.ltpc", known)
        elif field[0] == 2:
            _day(_bytes(field, path), f"{path}.marketOHLC", known)


def _first_level(data: bytes, path: str, known: dict[str, Any]) -> None:
    _take(data, path, known, {4: ("volume", _count), 5: ("oi", as_decimal)})
    for field in fields(BROKER, data, path):
        if field[0] == 1:
            _ltpc(_bytes(field, path), f"{path}.ltpc", known)
        elif field[0] == 2:
            _book([_bytes(field, path)], f"{path}.firstDepth", known)


def _levels(data: bytes, path: str, known: dict[str, Any]) -> None:
    rows = [_bytes(field, path) for field in fields(BROKER, data, path) if field[0] == 1]
    if len(rows) > _MOST_LEVELS:
        refuse(BROKER, "stream", path, f"{len(rows)} levels are no book")
    _book(rows, path, known)


def _book(rows: list[bytes], path: str, known: dict[str, Any]) -> None:
    """Sides out of rows that carry a bid and an ask each; best first."""
    bids: list[DepthLevel] = []
    asks: list[DepthLevel] = []
    for n, row in enumerate(rows):
        level: dict[str, Any] = {}
        wanted: dict[int, tuple[str, Reading]] = {
            1: ("bidQ", _count),
            2: ("bidP", as_decimal),
            3: ("askQ", _count),
            4: ("askP", as_decimal),
        }
        _take(row, f"{path}[{n}]", level, wanted)
        for side, letter in ((bids, "bid"), (asks, "ask")):
            if level.get(f"{letter}P"):
                side.append(DepthLevel(price=level[f"{letter}P"], quantity=level.get(f"{letter}Q", Decimal(0))))
    known["bids"], known["asks"] = tuple(bids), tuple(asks)
    if bids:
        known["bid"], known["bid_quantity"] = bids[0].price, bids[0].quantity
    if asks:
        known["ask"], known["ask_quantity"] = asks[0].price, asks[0].quantity


def _day(data: bytes, path: str, known: dict[str, Any]) -> None:
    """The day's bar; minute bars beside it are left to our own folding."""
    for n, field in enumerate(fields(BROKER, data, path)):
        if field[0] != 1:
            continue
        bar: dict[str, Any] = {}
        wanted: dict[int, tuple[str, Reading]] = {
            2: ("open", as_decimal),
            3: ("high", as_decimal),
            4: ("low", as_decimal),
            6: ("volume", _count),
        }
        row = _bytes(field, path)
        _take(row, f"{path}[{n}]", bar, wanted)
        interval = next((_text(f, path) for f in fields(BROKER, row, path) if f[0] == 1), "")
        if interval == "1d":
            for name, value in bar.items():
                known.setdefault(name, value)


def _statuses(info: bytes) -> str:
    found = []
    for field in fields(BROKER, info, "marketInfo"):
        if field[0] != 1:
            continue
        name, status = "", 0
        for part in fields(BROKER, _bytes(field, "segmentStatus"), "segmentStatus"):
            if part[0] == 1:
                name = _text(part, "segmentStatus.key")
            elif part[0] == 2:
                status = as_int(BROKER, part, "segmentStatus.value")
        found.append(f"{name}={_STATUS.get(status, 'UNKNOWN')}")
    return " ".join(sorted(found))[:2000]


def _text(field: Field, path: str) -> str:
    try:
        return _bytes(field, path).decode()
    except UnicodeDecodeError:
        refuse(BROKER, "stream", path, "expected text")
