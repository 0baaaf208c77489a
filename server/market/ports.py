"""What the market engine needs from outside: feeds that bring ticks, a store that keeps them.

Adapters implement these; the composition root joins them. Columns are NumPy arrays of one length.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Protocol, runtime_checkable

import msgspec
import numpy as np
import numpy.typing as npt

from server.domain.instruments import Instrument

__all__ = (
    "BARS",
    "TICKS",
    "BarColumns",
    "DepthBatch",
    "Feed",
    "FeedState",
    "Growing",
    "Remembering",
    "Rewindable",
    "TickBatch",
    "TickStore",
)

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
I4 = npt.NDArray[np.int32]


class DepthBatch(msgspec.Struct, frozen=True):
    """Five levels a side for some rows of a batch: shapes (n,), (n, 5). NaN price = no such level."""

    rows: I4
    bid_px: F8
    bid_qty: I8
    ask_px: F8
    ask_qty: I8


class TickBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Ticks in the order they happened; one row of the arrays is one tick of one instrument.

    Prices in currency units as float64 on the instrument's tick (shortest repr is the exact price). NaN bid or ask
    means that side is empty. `volume` is cumulative for the session day, `oi` the open interest in units.
    """

    source: str
    rows: I4
    """Instrument rows in the market's catalogue."""
    time_ns: I8
    """Market time, nanoseconds since the epoch, UTC."""
    ltp: F8
    bid: F8
    ask: F8
    bid_qty: I8
    ask_qty: I8
    volume: I8
    oi: I8
    depth: DepthBatch | None = None


class FeedState(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed says of itself, for the strip and the System page."""

    source: str
    state: str
    """running, paused, halted, ended, failed"""
    market_time: datetime
    day: date
    speed: float = 1.0
    scenario: str = ""
    detail: str = ""


class Feed(Protocol):
    """A source of prices for one market, with its own session clock."""

    source: str
    """Short name carried by each price: `simulator`, `replay`."""

    def instruments(self) -> list[Instrument]:
        """All instruments of the current session day; list order gives the catalogue's rows."""
        ...

    def now(self) -> datetime:
        """Market time, aware UTC."""
        ...

    def state(self) -> FeedState:
        """How it is doing."""
        ...

    async def run(self, sink: Callable[[TickBatch], None], on_day: Callable[[date], None]) -> None:
        """Bring ticks until cancelled. `on_day` is called before the first tick of each session day, when
        `instruments()` may have changed (new listings are appended, rows never move)."""
        ...

    def control(self, action: str, **arguments: Any) -> FeedState:
        """play, pause, seek(to=), speed(value=), scenario(name=); raises Invalid for what it cannot do."""
        ...

    def previous_closes(self) -> dict[str, float]:
        """Close of the session before the current day, by instrument key (for change figures and price bands)."""
        ...


@runtime_checkable
class Rewindable(Protocol):
    """A feed that can be sought and knows what the day had brought up to where it stands now."""

    def so_far(self) -> dict[str, tuple[float, float, float, int]]:
        """(open, high, low, volume) of the day so far, by instrument key; the volume is that before the ticks the feed
        sends next."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A feed that knows the open interest its day began with."""

    def previous_interest(self) -> dict[str, int]:
        """Units open at the end of the session before, by instrument key."""
        ...


@runtime_checkable
class Growing(Protocol):
    """A feed that makes rows on demand out of a master too large to hold."""

    def admit(self, key: str) -> bool:
        """Append the instrument to `instruments()`; False when the master has no such key or there is no room."""
        ...

    def search(
        self, query: str, *, kind: str | None, name: str | None, expiry: date | None, limit: int
    ) -> list[Instrument]:
        """Matches in the master, best first; gives them no rows."""
        ...

    def listed_expiries(self, name: str) -> list[date]:
        """Expiry days of options on a name in the master, soonest first."""
        ...

    def listed_chain(self, name: str, expiry: date) -> list[str]:
        """Keys of one chain in the master."""
        ...


class BarColumns(msgspec.Struct, frozen=True):
    """Bars in columns, oldest first; `start_ns` is market time in UTC."""

    start_ns: I8
    open: F8
    high: F8
    low: F8
    close: F8
    volume: I8
    oi: I8


class TickStore(Protocol):
    """Keeps ticks and bars of all markets by (market, instrument key). Writing never blocks the loop."""

    def put_ticks(self, market: str, keys: list[str], batch: TickBatch) -> None:
        """Queue ticks (`keys[i]` belongs to `batch.rows[i]`)."""
        ...

    def put_bars(self, market: str, interval: str, keys: list[str], bars: BarColumns) -> None:
        """Queue finished bars, one for each key; a bar with the same start replaces the old one."""
        ...

    async def bars(self, market: str, key: str, interval: str, start_ns: int, end_ns: int, limit: int) -> BarColumns:
        """The newest `limit` bars with start in [start, end), oldest first; coarser intervals are folded from finer."""
        ...

    async def ticks(self, market: str, key: str, start_ns: int, end_ns: int, limit: int) -> tuple[I8, F8, I8]:
        """(time_ns, ltp, cumulative volume) in time order."""
        ...

    async def closing_interest(self, market: str, since_ns: int, before_ns: int) -> dict[str, int]:
        """Last open interest, units, of each contract of the session in [since, before), by key."""
        ...

    async def flush(self) -> None:
        """Return when all that was queued before is on disk."""
        ...

    async def prune(self, kind: str, before_ns: int) -> int:
        """Drop ticks or bars older than a moment; returns rows dropped."""
        ...


TICKS = "ticks"
BARS = "bars"
