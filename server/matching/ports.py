"""What the exchange simulator and paper trading need to see of a market: the hub, behind a thin adapter."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from server.domain.instruments import Instrument
from server.domain.quotes import Depth, Quote

__all__ = ("Market",)


class Market(Protocol):
    """One market's prices and its session clock; synchronous, in memory. Widens `risk.ports.Market`."""

    def now(self) -> datetime:
        """Market time, aware UTC."""
        ...

    def instrument(self, key: str) -> Instrument | None:
        """The instrument, or None when this market does not have it. Expired contracts still held must be known."""
        ...

    def quote(self, key: str) -> Quote | None:
        """The last known price; None when there was none yet."""
        ...

    def depth(self, key: str) -> Depth | None:
        """The last known book; None when none was ever sent."""
        ...

    def fresh(self, key: str, limit: float | None = None) -> bool:
        """Whether an order may be filled on it now (law 11)."""
        ...

    def watch(self, keys: Sequence[str], handler: Callable[[str], None]) -> Callable[[], None]:
        """Call `handler(key)` when a price of `keys` changed; returns the call that ends it."""
        ...

    def settled(self, key: str, day: date, window: tuple[datetime, datetime] | None) -> Decimal | None:
        """Value at which contracts on `key` that expire on `day` are settled: its mean over `window`, weighted by
        volume where there is any, or its closing price; None when that is not known (yet)."""
        ...
