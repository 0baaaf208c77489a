"""The state of every instrument: the wire table of last prices and depth, and what goes with each row."""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.market.table import DEPTH_RECORD, QUOTE_RECORD

__all__ = ("META", "QUOTE_COLUMNS", "Slots", "scatter")

QUOTE_COLUMNS = {name: place - 1 for place, name in enumerate(QUOTE_RECORD.names or ()) if name not in ("row", "flags")}
"""Column of each float field of a record seen as 14 float64s; column 0 is row and flags."""

META = np.dtype(
    [
        ("time_ns", "<i8"),
        ("volume", "<i8"),
        ("oi", "<i8"),
        ("changed", "<i8"),
        ("received", "<f8"),
        ("source", "<i8"),
    ]
)
"""What goes with a quote but not over the wire. One record a row, not one column a field: a tick then touches one
cache line here however many instruments there are."""

Records = npt.NDArray[Any]
_SPARE = 1.25
_NEVER = -np.inf


def scatter(table: Records, rows: npt.NDArray[Any], records: Records) -> None:
    """`table[rows] = records` for packed records. Assigning records copies field by field; as raw bytes it is some
    twenty times faster (for reading, `table.take(rows)` already is)."""
    raw = np.dtype((np.void, table.dtype.itemsize))
    table.view(raw)[rows] = records.view(raw)


class Slots:
    """The tables, with room to grow. Index all of them by catalogue row."""

    def __init__(self, size: int = 0) -> None:
        self.size = 0
        self.quotes: npt.NDArray[Any] = np.zeros(0, dtype=QUOTE_RECORD)
        """The wire records."""
        self.ltp: npt.NDArray[np.float64] = self.quotes["ltp"]
        """The last prices among them."""
        self.meta: npt.NDArray[Any] = np.zeros(0, dtype=META)
        self.depth: npt.NDArray[Any] = np.zeros(0, dtype=DEPTH_RECORD)
        self.depth_changed: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.scratch: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.grow(size)

    @property
    def time_ns(self) -> npt.NDArray[np.int64]:
        """Market time of the last tick; 0 = none yet this session day."""
        found: npt.NDArray[np.int64] = self.meta["time_ns"]
        return found

    @property
    def volume(self) -> npt.NDArray[np.int64]:
        """Cumulative volume of the last tick; -1 = not known where it stood before."""
        found: npt.NDArray[np.int64] = self.meta["volume"]
        return found

    @property
    def oi(self) -> npt.NDArray[np.int64]:
        """Open interest of the last tick."""
        found: npt.NDArray[np.int64] = self.meta["oi"]
        return found

    @property
    def changed(self) -> npt.NDArray[np.int64]:
        """Version of the last change of the quote; 0 = never."""
        found: npt.NDArray[np.int64] = self.meta["changed"]
        return found

    @property
    def received(self) -> npt.NDArray[np.float64]:
        """Monotonic seconds of the last tick; -inf = never."""
        found: npt.NDArray[np.float64] = self.meta["received"]
        return found

    @property
    def source(self) -> npt.NDArray[np.int64]:
        """Number of the source (see `Hub.sources`)."""
        found: npt.NDArray[np.int64] = self.meta["source"]
        return found

    def grow(self, size: int) -> None:
        """Make room for `size` rows; new rows are empty."""
        if size > len(self.quotes):
            self._widen(max(size, int(len(self.quotes) * _SPARE)))
        self.size = max(size, self.size)

    def _widen(self, room: int) -> None:
        old = len(self.quotes)
        quotes = np.zeros(room, dtype=QUOTE_RECORD)
        for name in QUOTE_COLUMNS:
            quotes[name] = 0.0 if name in ("bid_qty", "ask_qty", "volume", "oi") else np.nan
        quotes[:old] = self.quotes
        quotes["row"] = np.arange(room)
        depth = np.zeros(room, dtype=DEPTH_RECORD)
        depth["bid_px"] = depth["ask_px"] = np.nan
        depth[:old] = self.depth
        depth["row"] = np.arange(room)
        meta = np.zeros(room, dtype=META)
        meta["volume"], meta["received"] = -1, _NEVER
        meta[:old] = self.meta
        self.quotes, self.depth, self.meta = quotes, depth, meta
        self.ltp = quotes["ltp"]
        self.depth_changed = np.concatenate((self.depth_changed, np.zeros(room - old, dtype=np.int64)))
        self.scratch = np.zeros(room, dtype=np.int64)
