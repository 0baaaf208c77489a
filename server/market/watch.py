"""Engines that want the ticks of some instruments as they come: matching, triggers, open positions."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import structlog

from server.market.ports import TickBatch

__all__ = ("Watch", "Watches")

_log = structlog.get_logger("watch")


class Watch:
    """One engine's rows; made by `Hub.watch`."""

    def __init__(self, owner: "Watches", callback: Callable[[TickBatch], None]) -> None:
        self._owner = owner
        self.callback = callback
        self.rows: set[int] = set()

    def add(self, rows: Iterable[int]) -> None:
        """Watch more rows."""
        new = set(rows) - self.rows
        self.rows |= new
        self._owner.count(new, 1)

    def remove(self, rows: Iterable[int]) -> None:
        """Watch fewer rows."""
        old = set(rows) & self.rows
        self.rows -= old
        self._owner.count(old, -1)

    def close(self) -> None:
        """End the watch; the callback is not called again."""
        self.remove(set(self.rows))
        self._owner.drop(self)


class Watches:
    """All watches of a hub. `counted` tells how many want each row, whoever they are (screens count too)."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []
        self._engine: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self.counted: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self.wanted = 0
        """How many (row, watcher) pairs there are; 0 = nobody watches anything."""
        self.failures = 0

    def grow(self, size: int) -> None:
        """Make room for more rows."""
        more = size - len(self.counted)
        if more > 0:
            self._engine = np.concatenate((self._engine, np.zeros(more, dtype=np.int32)))
            self.counted = np.concatenate((self.counted, np.zeros(more, dtype=np.int32)))

    def open(self, callback: Callable[[TickBatch], None]) -> Watch:
        """A new watch on no rows."""
        watch = Watch(self, callback)
        self._watches.append(watch)
        return watch

    def drop(self, watch: Watch) -> None:
        """Forget a watch (`Watch.close` does it)."""
        if watch in self._watches:
            self._watches.remove(watch)

    def count(self, rows: set[int], by: int) -> None:
        """An engine wants these rows (+1) or no longer (-1)."""
        picked = np.fromiter(rows, np.int64, len(rows))
        self._engine[picked] += by
        self.want(picked, by)

    def want(self, rows: npt.NDArray[np.int64], by: int) -> None:
        """Somebody wants these distinct rows (+1) or no longer (-1); their ticks are kept in the store."""
        self.counted[rows] += by
        self.wanted += by * len(rows)

    def tell(self, rows: npt.NDArray[np.int32], make: Callable[[npt.NDArray[np.int64]], TickBatch]) -> None:
        """Call the engines whose rows are among `rows`; `make` builds a batch from the indexes picked."""
        if not self._watches:
            return
        hit = np.flatnonzero(self._engine[rows])
        if len(hit) == 0:
            return
        here = rows[hit]
        for watch in tuple(self._watches):
            mine = hit if len(self._watches) == 1 else hit[[int(r) in watch.rows for r in here]]
            if len(mine) == 0:
                continue
            try:
                watch.callback(make(mine))
            except Exception:  # noqa: BLE001 - one failing engine must not stop the prices of the rest
                self.failures += 1
                _log.exception("watch_failed")
