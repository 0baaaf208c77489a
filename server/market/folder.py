"""Folds ticks into the current bar of every instrument, for one interval, column-wise."""

from collections import deque

import msgspec
import numpy as np
import numpy.typing as npt

from server.market.ports import BarColumns

__all__ = ("BarFolder", "EndedBar", "Finished")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.integer]
_KEPT = 256
_BAR = ("start", "open", "high", "low", "close", "volume", "oi")
_COLUMNS = ("start_ns", "open", "high", "low", "close", "volume", "oi")

EndedBar = tuple[float, ...]
"""(start in ns, open, high, low, close, volume, open interest)."""


class Finished(msgspec.Struct, frozen=True):
    """Bars that ended: `rows[i]` belongs to bar i; a row may appear more than once, oldest first."""

    rows: I8
    bars: BarColumns


class BarFolder:
    """One current bar a row. `start` is -1 where there is none yet."""

    def __init__(self, size: int) -> None:
        self.start: I8 = np.full(size, -1, dtype=np.int64)
        self.open: F8 = np.zeros(size)
        self.high: F8 = np.zeros(size)
        self.low: F8 = np.zeros(size)
        self.close: F8 = np.zeros(size)
        self.volume: I8 = np.zeros(size, dtype=np.int64)
        self.oi: I8 = np.zeros(size, dtype=np.int64)
        self.changed: I8 = np.zeros(size, dtype=np.int64)
        """Version of the last change of the current bar."""
        self._given: npt.NDArray[np.bool_] = np.ones(size, dtype=np.bool_)
        self._watched: npt.NDArray[np.bool_] = np.zeros(size, dtype=np.bool_)
        self._ended: dict[int, deque[EndedBar]] = {}

    def grow(self, size: int) -> None:
        """Make room for more rows."""
        more = size - len(self.start)
        if more <= 0:
            return
        for name in ("open", "high", "low", "close"):
            setattr(self, name, np.concatenate((getattr(self, name), np.zeros(more))))
        for name in ("volume", "oi", "changed"):
            setattr(self, name, np.concatenate((getattr(self, name), np.zeros(more, dtype=np.int64))))
        self.start = np.concatenate((self.start, np.full(more, -1, dtype=np.int64)))
        self._given = np.concatenate((self._given, np.ones(more, dtype=np.bool_)))
        self._watched = np.concatenate((self._watched, np.zeros(more, dtype=np.bool_)))

    def reset(self) -> None:
        """Forget all current bars (a new day, or time was set back)."""
        self.start.fill(-1)
        self._given.fill(True)
        for ended in self._ended.values():
            ended.clear()

    def remember(self, row: int) -> None:
        """Keep the last ended bars of a row, because somebody watches them live."""
        self._ended.setdefault(row, deque(maxlen=_KEPT))
        self._watched[row] = True

    def forget(self, row: int) -> None:
        """Nobody watches the row's bars any more."""
        self._ended.pop(row, None)
        self._watched[row] = False

    @property
    def watched(self) -> npt.NDArray[np.bool_]:
        """Mask of the rows that are watched live."""
        return self._watched

    def ended_after(self, row: int, start_ns: int) -> list[EndedBar]:
        """Kept ended bars of a row that start at or after a moment, oldest first."""
        return [bar for bar in self._ended.get(row, ()) if bar[0] >= start_ns]

    def current(self, row: int) -> BarColumns:
        """The current bar as columns of one, or of none."""
        pick = slice(row, row + 1) if self.start[row] >= 0 else slice(0, 0)
        return BarColumns(*(getattr(self, n)[pick].copy() for n in _BAR))

    def seed(self, row: int, bars: BarColumns, version: int) -> None:
        """Set the current bar of a row to the last of some bars (at least one)."""
        for name, source in zip(_BAR, _COLUMNS, strict=True):
            getattr(self, name)[row] = getattr(bars, source)[-1]
        self.changed[row] = version
        self._given[row] = False

    def fold(self, rows: Rows, starts: I8, ltp: F8, traded: I8, oi: I8, version: int) -> Finished | None:
        """Take ticks sorted by row and by time within a row; `starts` is the bar each lies in.

        Returns the bars that ended by it and were not given out before.
        """
        n = len(rows)
        if n == 0:
            return None
        begin = np.flatnonzero(np.append(True, (rows[1:] != rows[:-1]) | (starts[1:] != starts[:-1])))
        end = np.append(begin[1:], n) - 1
        row, start = rows[begin], starts[begin]
        opened, closed = ltp[begin], ltp[end]
        high, low = np.maximum.reduceat(ltp, begin), np.minimum.reduceat(ltp, begin)
        volume, last_oi = np.add.reduceat(traded, begin), oi[end]
        change = row[1:] != row[:-1]
        head, tail = np.append(True, change), np.append(change, True)
        at = row[head]
        held, given = self.start[at], self._given[at]
        older = (held >= 0) & (held < start[head])
        if self._ended and older.any():
            self._note(self._taken(at[older]))
        fresh = older & ~given
        parts = [self._taken(at[fresh])] if fresh.any() else []
        merge = np.flatnonzero(head)[held == start[head]]
        if len(merge):
            into = row[merge]
            opened[merge] = self.open[into]
            high[merge] = np.maximum(high[merge], self.high[into])
            low[merge] = np.minimum(low[merge], self.low[into])
            volume[merge] += self.volume[into]
        if not tail.all():
            body = ~tail
            columns = BarColumns(
                start[body], opened[body], high[body], low[body], closed[body], volume[body], last_oi[body]
            )
            parts.append(Finished(row[body].astype(np.int64), columns))
            if self._ended:
                self._note(parts[-1])
        to = row[tail]
        self.start[to], self.open[to], self.high[to], self.low[to] = start[tail], opened[tail], high[tail], low[tail]
        self.close[to], self.volume[to], self.oi[to] = closed[tail], volume[tail], last_oi[tail]
        self.changed[to] = version
        self._given[to] = False
        return _joined(parts)

    def sweep(self, before_ns: int) -> Finished | None:
        """Give out current bars that start before a moment and were not given out yet.

        They stay current: a late tick still joins its bar, which is then given out again, whole.
        """
        rows = np.flatnonzero(~self._given & (self.start < before_ns) & (self.start >= 0))
        if len(rows) == 0:
            return None
        self._given[rows] = True
        return self._taken(rows)

    def _taken(self, rows: Rows) -> Finished:
        return Finished(rows.astype(np.int64), BarColumns(*(getattr(self, n)[rows] for n in _BAR)))

    def _note(self, ended: Finished) -> None:
        """Keep what ended for those who watch it live."""
        bars = ended.bars
        for i in np.flatnonzero(self._watched[ended.rows]):
            kept = self._ended[int(ended.rows[i])]
            kept.append((int(bars.start_ns[i]), *(float(getattr(bars, n)[i]) for n in _COLUMNS[1:])))


def _joined(parts: list[Finished]) -> Finished | None:
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    columns = (np.concatenate([getattr(p.bars, n) for p in parts]) for n in _COLUMNS)
    return Finished(np.concatenate([p.rows for p in parts]), BarColumns(*columns))
