"""The state of every instrument in columns: the wire table of last prices and depth, and what goes with each row."""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.market.table import DEPTH_RECORD, QUOTE_RECORD

__all__ = ("QUOTE_COLUMNS", "Slots")

QUOTE_COLUMNS = {name: place for place, name in enumerate(QUOTE_RECORD.names or ()) if name not in ("row", "flags")}
"""Place of each float field in `Slots.values` less one: the first eight bytes of a record are row and flags."""
_SPARE = 1.25
_NEVER = -np.inf


class Slots:
    """Columns with room to grow. Index all of them by catalogue row."""

    def __init__(self, size: int = 0) -> None:
        self.size = 0
        self.quotes: npt.NDArray[Any] = np.zeros(0, dtype=QUOTE_RECORD)
        """The wire records."""
        self.values: npt.NDArray[np.float64] = np.zeros((0, 14))
        """The same memory as float64, 14 a row; column 0 is row and flags and must not be touched."""
        self.depth: npt.NDArray[Any] = np.zeros(0, dtype=DEPTH_RECORD)
        self.time_ns: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        """Market time of the last tick; 0 = none yet this session day."""
        self.volume: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        """Cumulative volume of the last tick; -1 = not known where it stood before."""
        self.oi: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.received: npt.NDArray[np.float64] = np.zeros(0)
        """Monotonic seconds of the last tick; -inf = never."""
        self.source: npt.NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)
        """Number of the source (see `Hub.sources`)."""
        self.changed: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        """Version of the last change of the quote; 0 = never."""
        self.depth_changed: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.scratch: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.grow(size)

    def grow(self, size: int) -> None:
        """Make room for `size` rows; new rows are empty."""
        if size > len(self.quotes):
            room = max(size, int(len(self.quotes) * _SPARE))
            self._widen(room)
        self.size = max(size, self.size)

    def _widen(self, room: int) -> None:
        old = len(self.quotes)
        quotes = np.zeros(room, dtype=QUOTE_RECORD)
        values = quotes.view(np.float64).reshape(room, 14)
        values[:, 1:] = np.nan
        for name in ("bid_qty", "ask_qty", "volume", "oi"):
            quotes[name] = 0.0
        quotes[:old] = self.quotes
        quotes["row"] = np.arange(room)
        depth = np.zeros(room, dtype=DEPTH_RECORD)
        depth["bid_px"] = depth["ask_px"] = np.nan
        depth[:old] = self.depth
        depth["row"] = np.arange(room)
        self.quotes, self.values, self.depth = quotes, values, depth
        self.time_ns = _extend(self.time_ns, room, 0)
        self.volume = _extend(self.volume, room, -1)
        self.oi = _extend(self.oi, room, 0)
        self.received = _extend(self.received, room, _NEVER)
        self.source = _extend(self.source, room, 0)
        self.changed = _extend(self.changed, room, 0)
        self.depth_changed = _extend(self.depth_changed, room, 0)
        self.scratch = _extend(self.scratch, room, 0)


def _extend(column: npt.NDArray[Any], room: int, fill: float) -> npt.NDArray[Any]:
    out = np.full(room, fill, dtype=column.dtype)
    out[: len(column)] = column
    return out
