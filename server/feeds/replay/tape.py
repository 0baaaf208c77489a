"""All ticks of a recorded day in order of time, ready to be cut into batches."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.feeds.replay.clean import GRAIN_NS, MINUTE, SECOND
from server.feeds.replay.recordings import Recorded
from server.feeds.replay.walk import walk
from server.market.ports import TickBatch

__all__ = ("SOURCE", "Tape")

SOURCE: Final = "replay"
_COLUMNS: Final = ("price", "bid", "ask", "volume", "oi", "bid_qty", "ask_qty")


class Tape:
    """The day's ticks; `time` is ascending, nanoseconds UTC."""

    def __init__(self, recorded: Sequence[Recorded], rows: Mapping[str, int]) -> None:
        """`rows`: row of each instrument key in the market's catalogue."""
        parts = [_ticks(one) for one in recorded]
        time = np.concatenate([part["time"] for part in parts]) if parts else np.empty(0, dtype=np.int64)
        owner = [np.full(len(p["time"]), rows[r.about.instrument.key]) for p, r in zip(parts, recorded, strict=True)]
        row = np.concatenate(owner) if owner else np.empty(0)
        order = np.lexsort((row, time))
        self.time: npt.NDArray[np.int64] = time[order]
        self.rows = row[order].astype(np.int32)
        self._columns: dict[str, npt.NDArray[Any]] = {}
        for name in _COLUMNS:
            if any(name in part for part in parts):
                blank = np.nan if name in ("price", "bid", "ask") else 0
                joined = [p[name] if name in p else np.full(len(p["time"]), blank) for p in parts]
                kind = np.float64 if name in ("price", "bid", "ask") else np.int64
                self._columns[name] = np.concatenate(joined).astype(kind)[order]

    def __len__(self) -> int:
        return len(self.time)

    def until(self, time: int) -> int:
        """How many ticks lie before a moment."""
        return int(np.searchsorted(self.time, time, side="left"))

    def batch(self, begin: int, end: int) -> TickBatch:
        """Ticks [begin, end)."""
        return self._batch(slice(begin, end), end - begin)

    def state(self, end: int) -> TickBatch | None:
        """What is needed to stand at tick `end`: for each instrument its last tick before, and those of its minute,
        so that the bar of that minute comes out whole; None when nothing came before."""
        pick = self._state(end)
        return self._batch(pick, len(pick)) if end else None

    def so_far(
        self, end: int, trading: tuple[int, int] | None, *, whole: bool
    ) -> dict[int, tuple[float, float, float, int]]:
        """(open, high, low, volume) of the day up to tick `end`, by row; prices of trading hours where they are known,
        volume as it stood before what `state` gives: at the beginning 0 when the recording is `whole`, else -1."""
        nothing = 0 if whole else -1
        rows, price = self.rows[:end], self._columns["price"][:end]
        known = np.ones(end, dtype=np.bool_)
        if trading is not None:
            known = (self.time[:end] >= trading[0]) & (self.time[:end] < trading[1] + SECOND)
        volume = self._columns.get("volume", np.zeros(end, dtype=np.int64))[:end]
        earlier = np.ones(end, dtype=np.bool_)
        earlier[self._state(end)] = False
        out = {}
        for row in np.unique(rows[known]).tolist():
            mine = price[known & (rows == row)]
            before = volume[earlier & (rows == row)]
            out[row] = (
                float(mine[0]),
                float(mine.max()),
                float(mine.min()),
                int(before[-1]) if len(before) else nothing,
            )
        return out

    def _state(self, end: int) -> npt.NDArray[np.intp]:
        rows, time = self.rows[:end], self.time[:end]
        if end == 0:
            return np.empty(0, dtype=np.intp)
        minute = np.zeros(int(rows.max()) + 1, dtype=np.int64)
        minute[rows] = time - time % MINUTE  # the last one given stays
        return np.flatnonzero(time >= minute[rows])

    def _batch(self, pick: Any, count: int) -> TickBatch:
        columns = self._columns
        none, zero = np.full(count, np.nan), np.zeros(count, dtype=np.int64)
        return TickBatch(
            source=SOURCE,
            rows=self.rows[pick],
            time_ns=self.time[pick],
            ltp=columns["price"][pick],
            bid=columns["bid"][pick] if "bid" in columns else none,
            ask=columns["ask"][pick] if "ask" in columns else none,
            bid_qty=columns["bid_qty"][pick] if "bid_qty" in columns else zero,
            ask_qty=columns["ask_qty"][pick] if "ask_qty" in columns else zero,
            volume=columns["volume"][pick] if "volume" in columns else zero,
            oi=columns["oi"][pick] if "oi" in columns else zero,
        )


def _ticks(one: Recorded) -> dict[str, npt.NDArray[Any]]:
    length = GRAIN_NS[one.about.grain]
    if not length:
        return {"time": one.time, **one.columns}
    time, price, volume, oi = walk(one.time, one.columns, length)
    return {"time": time, "price": price, "volume": volume, "oi": oi}
