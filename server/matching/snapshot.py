"""The market in one instrument at one instant, as the simulated exchange sees it."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from operator import gt, lt

import msgspec

from server.domain.orders import Side
from server.domain.quotes import Depth, Level, Quote

__all__ = ("DEPTH_LEVELS", "Snapshot", "snapshot")

DEPTH_LEVELS = 5
"""Levels a full book shows on each side; fewer means that there is nothing behind them."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Last trade and book; best level first."""

    ltp: Decimal
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    deep: bool
    """Whether the levels are a five-level book; otherwise they are the touch alone, or nothing at all."""
    volume: int
    """Traded today; 0 where the source does not say."""
    open: Decimal | None
    close: Decimal | None
    """Close of the session before."""
    at: datetime
    """Market time of the last tick."""
    fresh: bool
    """Whether it may be traded on."""

    @property
    def bare(self) -> bool:
        """Whether there is only a last price: no book on either side."""
        return not self.bids and not self.asks

    def against(self, side: Side) -> tuple[Level, ...]:
        """The levels an order of `side` trades against."""
        return self.asks if side == "BUY" else self.bids

    def beside(self, side: Side) -> tuple[Level, ...]:
        """The levels an order of `side` queues among."""
        return self.bids if side == "BUY" else self.asks


def snapshot(quote: Quote, depth: Depth | None, *, fresh: bool) -> Snapshot:
    """Join quote and depth.

    Depth may be a moment older than the quote: the touch is the quote's where it tells one, and the depth's levels
    stand behind it. A side the quote shows empty is empty. A feed without depth gives the touch alone.
    """
    deep = depth is not None and bool(depth.bids or depth.asks)
    bids, asks = (depth.bids, depth.asks) if depth is not None else ((), ())
    if quote.bid is not None or quote.ask is not None:
        bids = _behind(quote.bid, quote.bid_qty, bids, worse=lt)
        asks = _behind(quote.ask, quote.ask_qty, asks, worse=gt)
    return Snapshot(
        ltp=quote.ltp,
        bids=bids,
        asks=asks,
        deep=deep,
        volume=quote.volume,
        open=quote.open,
        close=quote.close,
        at=quote.market_time,
        fresh=fresh,
    )


def _behind(
    price: Decimal | None, quantity: int, levels: tuple[Level, ...], *, worse: Callable[[Decimal, Decimal], bool]
) -> tuple[Level, ...]:
    """The touch, and of `levels` those that are worse than it."""
    if price is None:
        return ()
    touch = (Level(price, quantity),) if quantity > 0 else ()
    return touch + tuple([level for level in levels if worse(level.price, price)])[: DEPTH_LEVELS - 1]
