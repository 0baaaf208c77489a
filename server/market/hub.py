"""The hub of one market: the last price of every instrument, and who wants to hear of it.

Public surface (being filled in):

- `Hub.intake(batch)`: ticks in; validated, written, folded into bars, handed to watchers.
- `Hub.quote(key) -> Quote | None`, `depth(key) -> Depth | None`, `age(key) -> float`, `fresh(key) -> bool`,
  `freshness(key) -> Freshness`, `row(key) -> int`, `last(key) -> float` (NaN before the first tick).
- `Hub.watch(rows, callback) -> Watch`: `callback(TickBatch)` with the kept ticks of those rows, in order.
  `Watch.add(rows)`, `Watch.remove(rows)`, `Watch.close()`.
- `Hub.start_day(day, closes)`, `await Hub.bars(key, interval, end_ns, limit) -> BarColumns`.
- `Hub.subscribe() -> Subscription`.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Protocol

from server.domain.quotes import Depth, Quote
from server.market.ports import BarColumns, TickBatch

__all__ = ("PriceSource", "Watching")


class Watching(Protocol):
    """A watch on some rows, as `Hub.watch` gives it."""

    def add(self, rows: Iterable[int]) -> None:
        """Watch more rows."""
        ...

    def remove(self, rows: Iterable[int]) -> None:
        """Watch fewer rows."""
        ...

    def close(self) -> None:
        """End the watch; the callback is not called again."""
        ...


class PriceSource(Protocol):
    """The part of `Hub` that engines use (matching, risk, triggers)."""

    def row(self, key: str) -> int:
        """Catalogue row of a key; raises NotFound."""
        ...

    def key(self, row: int) -> str:
        """Key of a row."""
        ...

    def quote(self, key: str) -> Quote | None:
        """Last known state in exact Decimals; None before the first price. Raises NotFound for an unknown key."""
        ...

    def depth(self, key: str) -> Depth | None:
        """Last known book; None when none was ever sent."""
        ...

    def age(self, key: str) -> float:
        """Monotonic seconds since the instrument's own last tick; infinity before the first."""
        ...

    def fresh(self, key: str, limit: float | None = None) -> bool:
        """Whether an order may be priced on it now (law 11); `limit` overrides the policy's own-tick limit."""
        ...

    def watch(self, rows: Iterable[int], callback: Callable[[TickBatch], None]) -> Watching:
        """Call `callback` inside intake with the kept ticks of these rows, in arrival order."""
        ...

    def start_day(self, day: date, closes: dict[str, float]) -> None:
        """Begin a session day: OHLC and volume reset, previous closes set."""
        ...

    async def bars(self, key: str, interval: str, end_ns: int | None, limit: int) -> BarColumns:
        """The newest `limit` bars that start before `end_ns`, oldest first; the last may be unfinished."""
        ...
