"""Prices as facts: each with its source and its two times."""

from datetime import datetime
from decimal import Decimal

import msgspec

__all__ = ("Bar", "Depth", "Level", "Quote")


class Level(msgspec.Struct, frozen=True):
    """One price level of the book."""

    price: Decimal
    quantity: int


class Depth(msgspec.Struct, frozen=True):
    """The book, best first on both sides; a side may be empty (one-sided quote)."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The last known state of one instrument, as the order path sees it."""

    key: str
    ltp: Decimal
    bid: Decimal | None
    ask: Decimal | None
    bid_qty: int
    ask_qty: int
    volume: int
    oi: int
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal | None
    """Previous session's close."""
    source: str
    """Who said so: `simulator`, `replay`, `zerodha`."""
    market_time: datetime
    """When it happened there, aware UTC."""
    age: float
    """Seconds since it reached us, by the monotonic clock."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar; `start` is market time, aware UTC. Prices are floats: bars are for charts and analytics."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int = 0
    oi: int = 0
