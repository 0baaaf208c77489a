"""One row of the table as the exact quote the order path works with."""

from decimal import Decimal
from operator import itemgetter

from server.core.clock import from_ns
from server.domain.money import exact
from server.domain.quotes import Quote
from server.market.slots import Slots
from server.market.table import QUOTE_RECORD

__all__ = ("quote_of",)

_PRICES = ("ltp", "bid", "ask", "open", "high", "low", "close")
_OTHERS = ("bid_qty", "ask_qty", "volume", "oi", "market_ms")
_FIELDS = itemgetter(*((QUOTE_RECORD.names or ()).index(name) for name in (*_PRICES, *_OTHERS)))


def quote_of(slots: Slots, row: int, key: str, source: str, age: float) -> Quote | None:
    """The quote of a row, prices as exact Decimals; None before the first price. `age` in monotonic seconds."""
    ltp, bid, ask, opened, high, low, close, bid_qty, ask_qty, volume, oi, market_ms = _FIELDS(slots.quotes[row].item())
    if ltp != ltp:  # NaN: the quickest test there is
        return None
    return Quote(
        key=key,
        ltp=exact(ltp),
        bid=_price(bid),
        ask=_price(ask),
        bid_qty=int(bid_qty),
        ask_qty=int(ask_qty),
        volume=int(volume),
        oi=int(oi),
        open=_price(opened),
        high=_price(high),
        low=_price(low),
        close=_price(close),
        source=source,
        market_time=from_ns(round(market_ms * 1e6)),
        age=age,
    )


def _price(value: float) -> Decimal | None:
    return None if value != value else exact(value)
