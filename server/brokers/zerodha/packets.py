"""Kite's binary ticker frames, to the byte: as events one by one, or a whole frame as columns for the hub.

Big-endian: u16 count, then per packet u16 length and body. 8 = ltp, 28 / 32 = index quote / full (high and low come
before open there), 44 = quote, 184 = full with five levels a side. The low byte of a token is its segment.
"""

import struct
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from server.brokers.kit.moments import epoch
from server.brokers.kit.reading import refuse, unknown_words
from server.domain.brokerage import DepthLevel, Event, QuoteLine, TickEvent

__all__ = ("MOST_PACKETS", "SEGMENTS", "Columns", "decode_binary", "decode_columns")

BROKER = "zerodha"
MOST_PACKETS = 4_000
"""A socket carries 3,000 instruments: a frame that claims more is no frame."""
SEGMENTS = {
    1: "NSE",
    2: "NFO",
    3: "CDS",
    4: "BSE",
    5: "BFO",
    6: "BCD",
    7: "MCX",
    8: "MCXSX",
    9: "INDICES",
    12: "NCO",
}
_PLACES = {3: 7, 6: 4, 12: 4}
_LTP, _INDEX, _INDEX_FULL, _QUOTE, _FULL = 8, 28, 32, 44, 184
_KNOWN = frozenset({_LTP, _INDEX, _INDEX_FULL, _QUOTE, _FULL})
_LENGTH = struct.Struct(">H")
_HEAD = {
    _LTP: struct.Struct(">Ii"),
    _INDEX: struct.Struct(">I6i"),
    _INDEX_FULL: struct.Struct(">I6iI"),
    _QUOTE: struct.Struct(">IiIiIII4i"),
    _FULL: struct.Struct(">IiIiIII4iIIIII"),
}
_LEVEL = struct.Struct(">IiH2x")
_DIVISOR = np.full(256, 100.0)
_DIVISOR[3], _DIVISOR[6], _DIVISOR[12] = 1e7, 1e4, 1e4


def _bounds(frame: bytes) -> list[tuple[int, int]]:
    """(offset, length) of each packet; refuses a frame whose lengths do not add up."""
    size = len(frame)
    if size < 2:
        refuse(BROKER, "stream", "frame[0]", "expected a packet count")
    count = _LENGTH.unpack_from(frame)[0]
    if count > MOST_PACKETS:
        refuse(BROKER, "stream", "frame[0]", f"{count} packets are more than a socket carries")
    found, at = [], 2
    for index in range(count):
        if at + 2 > size:
            refuse(BROKER, "stream", f"packet[{index}]", f"the frame ends at byte {size}")
        length = frame[at] << 8 | frame[at + 1]
        at += 2
        if at + length > size:
            refuse(BROKER, "stream", f"packet[{index}]", f"{length} bytes were promised, {size - at} are there")
        if length in _KNOWN:
            found.append((at, length))
        else:
            unknown_words[BROKER, "packet length", str(length)] += 1
        at += length
    if at != size:
        refuse(BROKER, "stream", f"packet[{count}]", f"{size - at} bytes too many")
    return found


def decode_binary(frame: bytes) -> list[Event]:
    """Every packet as a TickEvent with exact prices."""
    return [TickEvent(quote=_quote(frame, at, length), mode=_mode(length)) for at, length in _bounds(frame)]


def _mode(length: int) -> str:
    return {_LTP: "ltp", _INDEX: "quote", _QUOTE: "quote"}.get(length, "full")


def _quote(frame: bytes, at: int, length: int) -> QuoteLine:
    values = _HEAD[length].unpack_from(frame, at)
    token, last = values[0], values[1]
    places = _PLACES.get(token & 0xFF, 2)

    def price(raw: int) -> Decimal:
        return Decimal(raw).scaleb(-places)

    def some(raw: int) -> Decimal | None:
        return price(raw) if raw else None

    common: dict[str, Any] = {
        "token": str(token),
        "exchange": SEGMENTS.get(token & 0xFF, ""),
        "last": price(last),
    }
    if length == _LTP:
        return QuoteLine(**common)
    if length in (_INDEX, _INDEX_FULL):
        high, low, opening, close = values[2:6]
        moment = epoch(BROKER, "stream", "packet.timestamp", values[7], "s") if length == _INDEX_FULL else None
        return QuoteLine(
            **common, open=some(opening), high=some(high), low=some(low), close=some(close), at=moment, traded_at=moment
        )
    last_quantity, average, volume, bid_total, ask_total, opening, high, low, close = values[2:11]
    common |= {
        "last_quantity": Decimal(last_quantity),
        "average": some(average),
        "volume": Decimal(volume),
        "total_bid": Decimal(bid_total),
        "total_ask": Decimal(ask_total),
        "open": some(opening),
        "high": some(high),
        "low": some(low),
        "close": some(close),
    }
    if length == _QUOTE:
        return QuoteLine(**common)
    traded, oi, oi_high, oi_low, stamped = values[11:16]
    sides: list[tuple[DepthLevel, ...]] = []
    for side in (at + 64, at + 124):
        raw = (_LEVEL.unpack_from(frame, side + 12 * n) for n in range(5))
        sides.append(
            tuple(
                DepthLevel(price=price(rate), quantity=Decimal(size), orders=orders)
                for size, rate, orders in raw
                if size or rate
            )
        )
    bids, asks = sides
    return QuoteLine(
        **common,
        oi=Decimal(oi),
        oi_high=Decimal(oi_high),
        oi_low=Decimal(oi_low),
        bid=bids[0].price if bids else None,
        bid_quantity=bids[0].quantity if bids else None,
        ask=asks[0].price if asks else None,
        ask_quantity=asks[0].quantity if asks else None,
        bids=bids,
        asks=asks,
        traded_at=epoch(BROKER, "stream", "packet.last_trade_time", traded, "s"),
        at=epoch(BROKER, "stream", "packet.timestamp", stamped, "s"),
    )


F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Packets of one length as columns, one row a packet; prices are floats (analytics and screens, never orders).

    A column the packets do not carry is None. `market_ns` is the exchange's own time in nanoseconds, 0 where none."""

    mode: str
    tokens: I8
    last: F8
    last_quantity: I8 | None = None
    average: F8 | None = None
    volume: I8 | None = None
    total_bid: I8 | None = None
    total_ask: I8 | None = None
    open: F8 | None = None
    high: F8 | None = None
    low: F8 | None = None
    close: F8 | None = None
    oi: I8 | None = None
    market_ns: I8 | None = None
    bid_prices: F8 | None = None
    """(rows, 5), best first; 0 where there is no level."""
    bid_quantities: I8 | None = None
    ask_prices: F8 | None = None
    ask_quantities: I8 | None = None


_U4, _I4 = np.dtype(">u4"), np.dtype(">i4")


def decode_columns(frame: bytes) -> list[Columns]:
    """The packets of a frame grouped by length, each group decoded at once. Raises Invalid as `decode_stream` does."""
    by_length: dict[int, list[int]] = {}
    for at, length in _bounds(frame):
        by_length.setdefault(length, []).append(at)
    data = np.frombuffer(frame, dtype=np.uint8)
    return [_columns(data, np.array(starts), length) for length, starts in by_length.items()]


def _columns(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], length: int) -> Columns:
    stride = length + 2
    first, rows = int(starts[0]), len(starts)
    if rows == 1 or bool((np.diff(starts) == stride).all()):  # one after another: no copying to gather them
        block = np.lib.stride_tricks.as_strided(data[first:], (rows, length), (stride, 1), writeable=False)
        packets = np.ascontiguousarray(block)
    else:
        packets = data[starts[:, None] + np.arange(length)]
    signed = packets.view(_I4).reshape(rows, -1)
    unsigned = packets.view(_U4).reshape(rows, -1)
    tokens = unsigned[:, 0].astype(np.int64)
    divisor = _DIVISOR[tokens & 0xFF][:, None]
    if length == _LTP:
        return Columns(mode="ltp", tokens=tokens, last=signed[:, 1] / divisor[:, 0])
    if length in (_INDEX, _INDEX_FULL):
        prices = signed[:, 1:6] / divisor
        stamps = unsigned[:, 7].astype(np.int64) * 1_000_000_000 if length == _INDEX_FULL else None
        return Columns(
            mode=_mode(length),
            tokens=tokens,
            last=prices[:, 0],
            high=prices[:, 1],
            low=prices[:, 2],
            open=prices[:, 3],
            close=prices[:, 4],
            market_ns=stamps,
        )
    prices = signed[:, [1, 3, 7, 8, 9, 10]] / divisor
    counts = unsigned[:, [2, 4, 5, 6]].astype(np.int64)
    basic: dict[str, Any] = {
        "mode": _mode(length),
        "tokens": tokens,
        "last": prices[:, 0],
        "average": prices[:, 1],
        "open": prices[:, 2],
        "high": prices[:, 3],
        "low": prices[:, 4],
        "close": prices[:, 5],
        "last_quantity": counts[:, 0],
        "volume": counts[:, 1],
        "total_bid": counts[:, 2],
        "total_ask": counts[:, 3],
    }
    if length == _QUOTE:
        return Columns(**basic)
    quantities = unsigned[:, 16::3].astype(np.int64)
    rates = signed[:, 17::3] / divisor
    return Columns(
        **basic,
        oi=unsigned[:, 12].astype(np.int64),
        market_ns=unsigned[:, 15].astype(np.int64) * 1_000_000_000,
        bid_prices=rates[:, :5],
        ask_prices=rates[:, 5:],
        bid_quantities=quantities[:, :5],
        ask_quantities=quantities[:, 5:],
    )
