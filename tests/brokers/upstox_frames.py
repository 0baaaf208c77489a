"""Frames of Upstox's market feed, written from the .proto by an encoder of the tests' own."""

import struct
from collections.abc import Mapping, Sequence

__all__ = ("feed_frame", "full_feed", "index_feed", "info_frame", "ltpc")

Value = int | float | str | bytes


def message(*fields: tuple[int, Value]) -> bytes:
    """Fields in order; ints as varints, floats as doubles, text and bytes with their length. Zeros are left out."""
    out = b""
    for number, value in fields:
        if isinstance(value, float):
            if value:
                out += _varint(number << 3 | 1) + struct.pack("<d", value)
        elif isinstance(value, int):
            if value:
                out += _varint(number << 3) + _varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return out


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def ltpc(ltp: float, at_ms: int, quantity: int, close: float) -> bytes:
    """An LTPC message."""
    return message((1, ltp), (2, at_ms), (3, quantity), (4, close))


def full_feed(
    price: bytes,
    levels: Sequence[tuple[int, float, int, float]],
    *,
    day: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
    average: float = 0.0,
    volume: int = 0,
    oi: float = 0.0,
) -> bytes:
    """A Feed in mode full; levels are (bid quantity, bid price, ask quantity, ask price)."""
    book = message(*((1, message((1, bq), (2, bp), (3, aq), (4, ap))) for bq, bp, aq, ap in levels))
    ohlc = message((1, message((1, "1d"), (2, day[0]), (3, day[1]), (4, day[2]), (5, day[3]))))
    market = message((1, price), (2, book), (4, ohlc), (5, average), (6, volume), (7, oi))
    return message((2, message((1, market))), (4, 1))


def index_feed(price: bytes, day: tuple[float, float, float, float]) -> bytes:
    """A Feed of an index in mode full."""
    ohlc = message((1, message((1, "1d"), (2, day[0]), (3, day[1]), (4, day[2]), (5, day[3]))))
    return message((2, message((2, message((1, price), (2, ohlc))))), (4, 1))


def feed_frame(feeds: Mapping[str, bytes], at_ms: int, kind: int = 1) -> bytes:
    """A FeedResponse: kind 0 = first picture, 1 = live."""
    return message((1, kind), *((2, message((1, key), (2, feed))) for key, feed in feeds.items()), (3, at_ms))


def info_frame(statuses: Mapping[str, int], at_ms: int) -> bytes:
    """The market_info message a connection begins with."""
    info = message(*((1, message((1, name), (2, status))) for name, status in statuses.items()))
    return message((1, 2), (3, at_ms), (4, info))
