"""FYERS' market data socket (HSM), to the byte: frames out, records in. Big-endian throughout.

A snapshot record names a topic and its scale; updates and light records name the topic by number alone, so a decoder
belongs to one connection. The value -2147483648 means: unchanged. No official binary sample is public: the layout is
the one the official client reads and writes.
"""

import struct
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.kit.moments import epoch
from server.brokers.kit.reading import refuse
from server.domain.brokerage import DepthEvent, DepthLevel, Event, NoticeEvent, QuoteLine, Refusal, TickEvent

__all__ = ("CHANNEL", "PING", "HsmDecoder", "ack", "auth", "mode", "subscription", "topic_of")

BROKER = "fyers"
CHANNEL = 11
PING = b"\x00\x01\x0b"
_NONE = -2147483648
_MOST_TOPICS = 12_000
_SNAPSHOT, _UPDATE, _LITE = 83, 85, 76
_SEGMENTS = {
    "1010": "nse_cm",
    "1011": "nse_fo",
    "1120": "mcx_fo",
    "1210": "bse_cm",
    "1012": "cde_fo",
    "1211": "bse_fo",
    "1212": "bcs_fo",
    "1020": "nse_com",
}
_PRICES = {
    0: "last",
    6: "bid",
    7: "ask",
    11: "average",
    13: "low",
    14: "high",
    17: "lower",
    18: "upper",
    19: "open",
    20: "close",
}
_COUNTS = {
    1: "volume",
    4: "bid_quantity",
    5: "ask_quantity",
    8: "last_quantity",
    9: "total_bid",
    10: "total_ask",
    12: "oi",
}
_MOMENTS = {2: "traded_at", 3: "at"}
_INDEX_PRICES = {0: "last", 1: "close", 3: "high", 4: "low", 5: "open"}
_INDEX_MOMENTS = {2: "at"}
_FIELDS = {"sf": 21, "if": 6, "dp": 30}


def topic_of(token: str) -> str:
    """`nse_cm|3045` of a fyToken; empty for segments the socket does not carry."""
    segment = _SEGMENTS.get(token[:4])
    return f"{segment}|{token[10:]}" if segment and len(token) > 10 else ""


# what is said to the server


def auth(key: str, source: str = "Sauda") -> bytes:
    """The sign-in; the count in its head is of what follows it."""
    body = b"".join(
        (_field(1, key.encode()), _field(2, b"P"), _field(3, b"\x01"), _field(4, source.encode())),
    )
    return struct.pack(">HBB", len(body) + 2, 1, 4) + body


def subscription(topics: list[str], *, add: bool = True, channel: int = CHANNEL) -> bytes:
    """Watch topics, or drop them."""
    names = struct.pack(">H", len(topics)) + b"".join(bytes((len(t),)) + t.encode("ascii") for t in topics)
    body = _field(1, names) + _field(2, bytes((channel,)))
    return struct.pack(">HBB", len(body) + 2, 4 if add else 5, 2) + body


def mode(full: bool, channel: int = CHANNEL) -> bytes:
    """Full records, or light ones with the last price only."""
    body = _field(1, struct.pack(">Q", 1 << channel)) + _field(2, b"F" if full else b"L")
    return struct.pack(">HBB", len(body) + 2, 12, 2) + body


def ack(number: int) -> bytes:
    """Says how far the data frames were read."""
    body = _field(1, struct.pack(">I", number))
    return struct.pack(">HBB", len(body) + 2, 3, 1) + body


def _field(number: int, data: bytes) -> bytes:
    return struct.pack(">BH", number, len(data)) + data


# what the server says


class _Topic(msgspec.Struct):
    kind: str
    name: str
    """Without its kind: `nse_cm|3045`, as `topic_of` gives it."""
    symbol: str
    exchange: str
    places: int
    multiplier: int
    values: list[int]


class _Cursor:
    """Reads a frame from front to back; refuses to go over its end."""

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.at = 0

    def take(self, form: str) -> Any:
        size = struct.calcsize(form)
        if self.at + size > len(self.frame):
            refuse(
                BROKER, "stream", f"byte {self.at}", f"{size} bytes were expected, {len(self.frame) - self.at} are left"
            )
        found = struct.unpack_from(form, self.frame, self.at)
        self.at += size
        return found if len(found) != 1 else found[0]

    def text(self) -> str:
        size = self.take(">B")
        if self.at + size > len(self.frame):
            refuse(BROKER, "stream", f"byte {self.at}", "a text goes over the end of the frame")
        raw = self.frame[self.at : self.at + size]
        self.at += size
        return raw.decode("utf-8", "replace")


class HsmDecoder:
    """Decodes the frames of one connection."""

    def __init__(self) -> None:
        self.last_message = 0
        """Number of the last data frame, for `ack`."""
        self.unknown = 0
        """Records of topics that had no snapshot."""
        self._topics: dict[int, _Topic] = {}

    def decode(self, frame: bytes) -> list[Event]:
        """The events of a frame; raises Invalid."""
        cursor = _Cursor(frame)
        _, kind = cursor.take(">HB")
        if kind == 6:
            return self._data(cursor)
        if kind == 1:
            text = frame[3:].decode("latin-1")
            if "K" in text:
                return [NoticeEvent(kind="connected", text="signed in")]
            no = Refusal(kind="auth", code="hsm", message="the market data socket refused the sign-in")
            return [NoticeEvent(kind="refused", text=no.message, refusal=no)]
        if kind in (4, 5, 7, 8, 12):
            return [NoticeEvent(kind="subscribed" if kind == 4 else "other", text=f"answer to {kind}")]
        if kind == 51:
            code = cursor.take(">i") if len(frame) >= 7 else 0
            no = Refusal(kind="input", code=str(code), message=f"the market data socket says {code}")
            return [NoticeEvent(kind="refused", text=no.message, refusal=no)]
        return [NoticeEvent(kind="other", text=f"frame of type {kind}")]

    def _data(self, cursor: _Cursor) -> list[Event]:
        self.last_message, count = cursor.take(">IH")
        events: list[Event] = []
        for _ in range(count):
            kind = cursor.take(">B")
            if kind == _SNAPSHOT:
                event = self._snapshot(cursor)
            elif kind == _UPDATE:
                event = self._update(cursor)
            elif kind == _LITE:
                event = self._lite(cursor)
            else:
                refuse(BROKER, "stream", f"byte {cursor.at - 1}", f"there is no record of kind {kind}")
            if event is not None:
                events.append(event)
        return events

    def _snapshot(self, cursor: _Cursor) -> Event | None:
        number = cursor.take(">H")
        kind, _, name = cursor.text().partition("|")
        fields = cursor.take(">B")
        values = [cursor.take(">i") for _ in range(fields)]
        _, multiplier, places = cursor.take(">HHB")
        exchange, _, symbol = cursor.text(), cursor.text(), cursor.text()
        if kind not in _FIELDS:
            return NoticeEvent(kind="other", text=f"topic of kind {kind[:8]}")
        if multiplier == 0 or places > 12:
            refuse(BROKER, "stream", f"topic {number}", f"no price has multiplier {multiplier} and {places} decimals")
        if number not in self._topics and len(self._topics) >= _MOST_TOPICS:
            refuse(BROKER, "stream", f"topic {number}", "more topics than the socket carries")
        values += [_NONE] * (_FIELDS[kind] - len(values))
        topic = _Topic(kind, name, symbol, exchange, places, multiplier, values[: _FIELDS[kind]])
        self._topics[number] = topic
        return _event(topic, topic.values, snapshot=True)

    def _update(self, cursor: _Cursor) -> Event | None:
        number, fields = cursor.take(">HB")
        values = [cursor.take(">i") for _ in range(fields)]
        topic = self._topics.get(number)
        if topic is None:
            self.unknown += 1
            return None
        for position, value in enumerate(values[: len(topic.values)]):
            if value != _NONE:
                topic.values[position] = value
        return _event(topic, values, snapshot=False)

    def _lite(self, cursor: _Cursor) -> Event | None:
        number, last = cursor.take(">Hi")
        topic = self._topics.get(number)
        if topic is None:
            self.unknown += 1
            return None
        if last == _NONE:
            return None
        topic.values[0] = last
        return _event(topic, [last], snapshot=False)


def _event(topic: _Topic, values: list[int], *, snapshot: bool) -> Event:
    if topic.kind == "dp":
        return DepthEvent(
            symbol=topic.symbol,
            exchange=topic.exchange,
            token=topic.name,
            bids=_side(topic, 0, 10, 20),
            asks=_side(topic, 5, 15, 25),
        )
    prices, moments = (_PRICES, _MOMENTS) if topic.kind == "sf" else (_INDEX_PRICES, _INDEX_MOMENTS)
    counts = _COUNTS if topic.kind == "sf" else {}
    known: dict[str, Any] = {}
    for position, value in enumerate(values):
        if value == _NONE:
            continue
        if position in prices:
            known[prices[position]] = _price(topic, value) if value else None
        elif position in counts:
            known[counts[position]] = Decimal(value)
        elif position in moments and value > 0:
            known[moments[position]] = epoch(BROKER, "stream", moments[position], value, "s")
    quote = QuoteLine(symbol=topic.symbol, exchange=topic.exchange, token=topic.name, **known)
    return TickEvent(quote=quote, mode="full", snapshot=snapshot)


def _side(topic: _Topic, prices: int, sizes: int, orders: int) -> tuple[DepthLevel, ...]:
    found = []
    for level in range(5):
        price, size, count = (topic.values[start + level] for start in (prices, sizes, orders))
        if price not in (_NONE, 0):
            quantity = Decimal(size) if size != _NONE else Decimal(0)
            found.append(
                DepthLevel(
                    price=_price(topic, price), quantity=quantity, orders=count if count not in (_NONE, 0) else None
                )
            )
    return tuple(found)


def _price(topic: _Topic, value: int) -> Decimal:
    price = Decimal(value).scaleb(-topic.places)
    return price / topic.multiplier if topic.multiplier != 1 else price
