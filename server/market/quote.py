"""One row of the table as the exact quote the order path works with."""

from decimal import Decimal
from typing import Any

import numpy as np

from server.core.clock import from_ns
from server.domain.money import exact
from server.domain.quotes import Quote
from server.market.slots import Slots

__all__ = ("quote_of",)


def quote_of(slots: Slots, row: int, key: str, source: str, age: float) -> Quote | None:
    """The quote of a row, prices as exact Decimals; None before the first price. `age` in monotonic seconds."""
    record = slots.quotes[row]
    if np.isnan(record["ltp"]):
        return None
    return Quote(
        key=key,
        ltp=exact(record["ltp"]),
        bid=_price(record["bid"]),
        ask=_price(record["ask"]),
        bid_qty=int(record["bid_qty"]),
        ask_qty=int(record["ask_qty"]),
        volume=int(record["volume"]),
        oi=int(record["oi"]),
        open=_price(record["open"]),
        high=_price(record["high"]),
        low=_price(record["low"]),
        close=_price(record["close"]),
        source=source,
        market_time=from_ns(round(record["market_ms"] * 1e6)),
        age=age,
    )


def _price(value: Any) -> Decimal | None:
    return None if np.isnan(value) else exact(value)
