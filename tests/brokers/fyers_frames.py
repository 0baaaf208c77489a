"""Frames of FYERS' market data socket, packed by hand from the layout the official client reads."""

import struct
from collections.abc import Sequence

__all__ = ("NONE", "data_frame", "lite", "result", "snapshot", "update")

NONE = -2147483648


def snapshot(
    topic: int, name: str, values: Sequence[int], *, symbol: str, multiplier: int = 1, places: int = 2
) -> bytes:
    """A first picture of a topic."""
    exchange, token = name.split("|")[1], name.split("|")[2]
    texts = b"".join(bytes((len(t),)) + t.encode() for t in (exchange, token, symbol))
    head = b"\x53" + struct.pack(">H", topic) + bytes((len(name),)) + name.encode() + bytes((len(values),))
    return head + struct.pack(f">{len(values)}i", *values) + struct.pack(">HHB", 0, multiplier, places) + texts


def update(topic: int, values: Sequence[int]) -> bytes:
    """What changed of a topic."""
    return struct.pack(f">BHB{len(values)}i", 85, topic, len(values), *values)


def lite(topic: int, last: int) -> bytes:
    """The last price of a topic."""
    return struct.pack(">BHi", 76, topic, last)


def data_frame(number: int, records: Sequence[bytes]) -> bytes:
    """Records behind their count and the message's number."""
    body = b"\x06" + struct.pack(">IH", number, len(records)) + b"".join(records)
    return struct.pack(">H", len(body)) + body


def result(kind: int, text: str = "K") -> bytes:
    """The answer to a request."""
    body = bytes((kind, 1)) + struct.pack(">BH", 1, len(text)) + text.encode()
    return struct.pack(">H", len(body)) + body
