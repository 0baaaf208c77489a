"""Wire frames that fakes send and tests read: built here, from the documented layouts, not by the code under test."""

import struct
from collections.abc import Sequence

__all__ = ("kite_frame", "kite_full", "kite_index", "kite_ltp", "kite_quote")

Levels = Sequence[tuple[int, int, int]]
"""(quantity, price in wire units, orders)."""


def kite_frame(packets: Sequence[bytes]) -> bytes:
    """Packets behind their count and lengths."""
    return struct.pack(">H", len(packets)) + b"".join(struct.pack(">H", len(p)) + p for p in packets)


def kite_ltp(token: int, ltp: int) -> bytes:
    """An 8-byte packet."""
    return struct.pack(">II", token, ltp)


def kite_index(token: int, ltp: int, day: tuple[int, int, int], close: int, at: int | None) -> bytes:
    """An index packet of 28 bytes, or with a time of 32; `day` = open, high, low."""
    opening, high, low = day
    packet = struct.pack(">IIIIIIi", token, ltp, high, low, opening, close, ltp - close)
    return packet if at is None else packet + struct.pack(">I", at)


def kite_quote(token: int, ltp: int, volume: int = 0, close: int = 0, day: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    """A 44-byte packet; prices in wire units, `day` = open, high, low."""
    return struct.pack(">IIIIIIIIIII", token, ltp, 1, ltp, volume, 0, 0, *day, close)


def kite_full(
    token: int,
    ltp: int,
    *,
    at: int,
    volume: int = 0,
    close: int = 0,
    oi: int = 0,
    day: tuple[int, int, int] = (0, 0, 0),
    bids: Levels = (),
    asks: Levels = (),
) -> bytes:
    """A 184-byte packet of five levels a side."""
    totals = (sum(x[0] for x in bids), sum(x[0] for x in asks))
    head = struct.pack(">IIIIIIIIIII", token, ltp, 1, ltp, volume, *totals, *day, close)
    tail = struct.pack(">IIIII", at, oi, oi, oi, at)
    book = b"".join(
        struct.pack(">IIHxx", *(side[n] if n < len(side) else (0, 0, 0))) for side in (bids, asks) for n in range(5)
    )
    return head + tail + book
