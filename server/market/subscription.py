"""What one screen sees of one market: its rows, what of them has changed since it last looked, as binary frames.

Nothing happens here when a tick comes. At its own pace the connection asks `collect`, which compares versions of the
rows shown: prices in between are skipped, the last one never is, and a slow screen costs nobody else anything.
"""

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from server.market.intervals import Interval
from server.market.table import BAR_RECORD, FRAME_HEADER

if TYPE_CHECKING:
    from server.market.hub import Hub

__all__ = ("KIND_BARS", "KIND_DEPTH", "KIND_QUOTES", "Subscription")

KIND_QUOTES, KIND_DEPTH, KIND_BARS = 1, 2, 3
_VERSION = 1
_HEADER = struct.Struct("<BBHIIId")
assert _HEADER.size == FRAME_HEADER.itemsize
_NEVER = -1
_MOST = 512
"""Records of one frame; more go in further frames, so that one message stays small."""


class Subscription:
    """Made by `Hub.subscribe`. `number` is the market's number on the wire."""

    def __init__(self, hub: "Hub", number: int) -> None:
        self.hub = hub
        self.number = number
        self._quotes = _Rows()
        self._depth = _Rows()
        self._series: dict[tuple[int, str], _Series] = {}
        self._looked = _NEVER

    def set_quotes(self, rows: Sequence[int]) -> None:
        """Show these rows' quotes and no others; a row that is new here is sent whole at the next `collect`."""
        self._replace(self._quotes, rows)

    def set_depth(self, rows: Sequence[int]) -> None:
        """Show these rows' books and no others."""
        self._replace(self._depth, rows)

    def set_bars(self, series: Sequence[tuple[int, Interval]]) -> None:
        """Follow these live bars and no others; needs a running loop."""
        wanted = {(row, kind.name): kind for row, kind in series}
        for key in [k for k in self._series if k not in wanted]:
            self._end(key)
        for (row, name), kind in wanted.items():
            if (row, name) not in self._series:
                self.hub.book.watch(row, kind)
                self.hub.watches.want(np.array([row]), 1)
                self._series[(row, name)] = _Series(row, kind)
        self._looked = _NEVER

    def quote_rows(self) -> list[int]:
        """The rows whose quotes are shown."""
        return [int(r) for r in self._quotes.rows]

    def changed_quotes(self) -> list[int]:
        """Rows whose quotes changed since the last call or `collect`, for streams that do not use frames."""
        return [int(r) for r in self._quotes.take(self.hub.slots.changed)]

    def changed_depth(self) -> list[int]:
        """Like `changed_quotes`, for books."""
        return [int(r) for r in self._depth.take(self.hub.slots.depth_changed)]

    def changed_bars(self) -> list[tuple[Any, ...]]:
        """Bars that changed since the last call or `collect`, oldest first: the fields of `BAR_RECORD`, in order."""
        return [record for series in self._series.values() for record in self._bars_of(series)]

    @property
    def pending(self) -> bool:
        """Whether anything in the market changed since the last `collect` (not whether this screen shows it)."""
        return self._looked != self.hub.version

    def collect(self, frame: int = 0) -> list[bytes]:
        """Frames of all that changed since the last call, numbered from `frame` on; empty when nothing did."""
        hub = self.hub
        if self._looked == hub.version:
            return []
        self._looked = hub.version
        bodies = _split(KIND_QUOTES, hub.slots.quotes, self._quotes.take(hub.slots.changed))
        bodies += _split(KIND_DEPTH, hub.slots.depth, self._depth.take(hub.slots.depth_changed))
        bars = self.changed_bars()
        for at in range(0, len(bars), _MOST):
            part = np.array(bars[at : at + _MOST], dtype=BAR_RECORD)
            bodies.append((KIND_BARS, len(part), part.tobytes()))
        if not bodies:
            return []
        stamp = hub.wall_ms()
        return [
            _HEADER.pack(kind, _VERSION, self.number, count, (frame + i) & 0xFFFFFFFF, 0, stamp) + body
            for i, (kind, count, body) in enumerate(bodies)
        ]

    def close(self) -> None:
        """Show nothing any more."""
        self.set_quotes(())
        self.set_depth(())
        for key in list(self._series):
            self._end(key)

    def _replace(self, shown: "_Rows", rows: Sequence[int]) -> None:
        new = np.unique(np.array(rows, dtype=np.int64))
        self.hub.watches.want(shown.rows, -1)
        self.hub.watches.want(new, 1)
        shown.replace(new)
        self._looked = _NEVER

    def _end(self, key: tuple[int, str]) -> None:
        series = self._series.pop(key)
        self.hub.book.unwatch(series.row, series.kind)
        self.hub.watches.want(np.array([series.row]), -1)

    def _bars_of(self, series: "_Series") -> list[tuple[Any, ...]]:
        book = self.hub.book
        version = int(book.folder(series.kind).changed[series.row])
        if not book.ready(series.row, series.kind):
            self._looked = _NEVER  # look again: it becomes ready without a tick
            return []
        if version == series.sent:
            return []
        if series.sent == _NEVER:
            series.since = max(0, int(book.folder(series.kind).start[series.row]))
        series.sent = version
        found = book.live(series.row, series.kind, series.since)
        if found:
            series.since = int(found[-1][0])
        return [(series.row, series.kind.seconds, bar[0] / 1e6, *bar[1:]) for bar in found]


class _Rows:
    """Distinct rows, sorted, with the version of each that was sent last."""

    def __init__(self) -> None:
        self.rows: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._sent: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def replace(self, rows: npt.NDArray[np.int64]) -> None:
        sent = np.full(len(rows), _NEVER, dtype=np.int64)
        if len(self.rows) and len(rows):
            at = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
            same = self.rows[at] == rows
            sent[same] = self._sent[at[same]]
        self.rows, self._sent = rows, sent

    def take(self, versions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Rows that changed since they were last taken."""
        if len(self.rows) == 0:
            return self.rows
        now = versions[self.rows]
        dirty = now != self._sent
        self._sent = now
        changed: npt.NDArray[np.int64] = self.rows[dirty]
        return changed


class _Series:
    """One live bar series and what was sent of it."""

    __slots__ = ("kind", "row", "sent", "since")

    def __init__(self, row: int, kind: Interval) -> None:
        self.row = row
        self.kind = kind
        self.sent = _NEVER
        self.since = 0


def _split(kind: int, table: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> list[tuple[int, int, bytes]]:
    parts = (rows[at : at + _MOST] for at in range(0, len(rows), _MOST))
    return [(kind, len(part), table.take(part).tobytes()) for part in parts]
