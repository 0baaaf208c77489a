"""Folds ticks into the current bar of every instrument, for one interval, column-wise."""

from collections import deque
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from server.market.ports import BarColumns
from server.market.slots import scatter

__all__ = ("BarFolder", "EndedBar", "Finished")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Rows = npt.NDArray[Any]
_KEPT = 256
_COLUMNS = BarColumns.__struct_fields__
_BAR = np.dtype(
    [
        ("start", "<i8"),
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("volume", "<i8"),
        ("oi", "<i8"),
        ("changed", "<i8"),
        ("given", "?"),
    ],
    align=True,
)
_ZERO = np.zeros(1, dtype=np.int64)
_TRUE = np.ones(1, dtype=np.bool_)

EndedBar = tuple[float, ...]
"""(start in ns, open, high, low, close, volume, open interest)."""


class Finished(msgspec.Struct, frozen=True):
    """Bars that ended: `rows[i]` belongs to bar i; a row may appear more than once, oldest first."""

    rows: Rows
    bars: BarColumns

    def before(self, start_ns: int) -> "Finished":
        """Those that start before a moment."""
        pick = self.bars.start_ns < start_ns
        columns = (getattr(self.bars, name)[pick] for name in BarColumns.__struct_fields__)
        return Finished(self.rows[pick], BarColumns(*columns))


class BarFolder:
    """One current bar a row; one record a row, so that a tick touches one place in memory."""

    def __init__(self, size: int) -> None:
        self._bars = _fresh(size)
        self._watched: npt.NDArray[np.bool_] = np.zeros(size, dtype=np.bool_)
        self._ended: dict[int, deque[EndedBar]] = {}

    def grow(self, size: int) -> None:
        """Make room for more rows."""
        more = size - len(self._bars)
        if more > 0:
            self._bars = np.concatenate((self._bars, _fresh(more)))
            self._watched = np.concatenate((self._watched, np.zeros(more, dtype=np.bool_)))

    @property
    def start(self) -> I8:
        """Start of the current bar by row, -1 where there is none."""
        found: I8 = self._bars["start"]
        return found

    @property
    def changed(self) -> I8:
        """Version of the last change of the current bar by row."""
        found: I8 = self._bars["changed"]
        return found

    def reset(self) -> None:
        """Forget all current bars (a new day, or time was set back)."""
        self._bars = _fresh(len(self._bars))
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
        return _columns(self._bars[row : row + 1 if self._bars["start"][row] >= 0 else row].copy())

    def seed(self, row: int, bars: BarColumns, version: int) -> None:
        """Set the current bar of a row to the last of some bars (at least one)."""
        last = (getattr(bars, name)[-1] for name in BarColumns.__struct_fields__)
        self._bars[row] = (*last, version, False)

    def fold(self, rows: Rows, starts: I8, ltp: F8, traded: I8, oi: I8, version: int) -> Finished | None:
        """Take ticks sorted by row and by time within a row; `starts` is the bar each lies in.

        Returns the bars that ended by it and were not given out before.
        """
        n = len(rows)
        if n == 0:
            return None
        begin = np.concatenate((_ZERO, np.flatnonzero((rows[1:] != rows[:-1]) | (starts[1:] != starts[:-1])) + 1))
        end = np.concatenate((begin[1:], np.array([n]))) - 1
        row = rows[begin]
        made = np.empty(len(begin), dtype=_BAR)
        made["start"], made["open"], made["close"], made["oi"] = starts[begin], ltp[begin], ltp[end], oi[end]
        made["high"], made["low"] = np.maximum.reduceat(ltp, begin), np.minimum.reduceat(ltp, begin)
        made["volume"] = np.add.reduceat(traded, begin)
        made["changed"], made["given"] = version, False
        edge = row[1:] != row[:-1]
        several = not edge.all()  # some row has more than one bar in this batch
        if several:
            head = np.concatenate((_ZERO, np.flatnonzero(edge) + 1))
            at, first = row[head], made.take(head)
        else:
            at, first = row, made
        held = self._bars.take(at)
        older = np.flatnonzero((held["start"] >= 0) & (held["start"] < first["start"]))
        parts = []
        if len(older):
            ended = Finished(at[older], _columns(held.take(older)))
            if self._ended:
                self._note(ended)
            fresh = np.flatnonzero(~held["given"][older])
            if len(fresh) == len(older):
                parts.append(ended)
            elif len(fresh):
                parts.append(Finished(at[older[fresh]], _columns(held.take(older[fresh]))))
        same = held["start"] == first["start"]
        if same.any():
            np.copyto(first["open"], held["open"], where=same)
            np.maximum(first["high"], held["high"], out=first["high"], where=same)
            np.minimum(first["low"], held["low"], out=first["low"], where=same)
            np.add(first["volume"], held["volume"], out=first["volume"], where=same)
            if several:
                scatter(made, head, first)
        if several:
            tail = np.concatenate((edge, _TRUE))
            body = np.flatnonzero(~tail)
            parts.append(Finished(row[body], _columns(made.take(body))))
            if self._ended:
                self._note(parts[-1])
            row, made = row[tail], made.take(np.flatnonzero(tail))
        scatter(self._bars, row, made)
        return _joined(parts)

    def sweep(self, before_ns: int) -> Finished | None:
        """Give out current bars that start before a moment and were not given out yet.

        They stay current: a late tick still joins its bar, which is then given out again, whole.
        """
        bars = self._bars
        rows = np.flatnonzero(~bars["given"] & (bars["start"] < before_ns) & (bars["start"] >= 0))
        if len(rows) == 0:
            return None
        bars["given"][rows] = True
        return Finished(rows, _columns(bars.take(rows)))

    def _note(self, ended: Finished) -> None:
        """Keep what ended for those who watch it live."""
        bars = ended.bars
        for i in np.flatnonzero(self._watched[ended.rows]):
            kept = self._ended[int(ended.rows[i])]
            kept.append((int(bars.start_ns[i]), *(float(getattr(bars, n)[i]) for n in _COLUMNS[1:])))


def _fresh(size: int) -> npt.NDArray[Any]:
    bars = np.zeros(size, dtype=_BAR)
    bars["start"], bars["given"] = -1, True
    return bars


def _columns(bars: npt.NDArray[Any]) -> BarColumns:
    """Contiguous copies: bars that were given out must not change with the table."""
    return BarColumns(*(np.ascontiguousarray(bars[name]) for name in _BAR.names[:7]))  # type: ignore[index]


def _joined(parts: list[Finished]) -> Finished | None:
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    columns = (np.concatenate([getattr(p.bars, n) for p in parts]) for n in _COLUMNS)
    return Finished(np.concatenate([p.rows for p in parts]), BarColumns(*columns))
