"""Which of several streams an instrument's price is taken from (FEATURES M6).

Sources have a rank: the user's order first, then that in which they came. The best one that delivers is taken. A source
is silent for a segment when it brought nothing there for `SILENT` seconds while the segment's session is open; the next
source that carries the instrument takes over with its next tick. Sources stand by with the same subscriptions, so that
the change costs no round trip. The better one gets its place back once it has delivered without a gap for `STEADY`
seconds.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ("SILENT", "STEADY", "Choice")

SILENT = 2.0
"""Seconds; the feature's bar is 3 s from the last tick to the next source's first."""
STEADY = 10.0
_NEVER = -1.0e9


class Choice:
    """Sources by number, segments by code, instruments by row."""

    def __init__(self) -> None:
        self.switches: Counter[str] = Counter()
        """Changes by `from>to`, for the Usage page."""
        self._names: list[str] = []
        self._preferred: list[str] = []
        self._rank: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        """By source; 0 is best."""
        self._last: npt.NDArray[np.float64] = np.full((0, 0), _NEVER)
        self._since: npt.NDArray[np.float64] = np.full((0, 0), _NEVER)
        self._active: npt.NDArray[np.int16] = np.full(0, -1, dtype=np.int16)

    def join(self, name: str) -> int:
        """A new source, ranked behind the others; returns its number. A name that comes back keeps its rank."""
        if name in self._names:
            return self._names.index(name)
        self._names.append(name)
        self._fit(len(self._names), self._last.shape[1])
        self._rerank()
        return len(self._names) - 1

    def prefer(self, names: Sequence[str]) -> None:
        """These go before the others, in this order. A better one takes over as after a gap: once it is steady."""
        self._preferred = list(names)
        self._rerank()

    def leave(self, name: str) -> None:
        """A source that is gone: what was taken from it is free for the next one at once."""
        number = self._names.index(name)
        self._last[number] = self._since[number] = _NEVER

    def name(self, number: int) -> str:
        """Name of a source."""
        return self._names[number]

    def active(self, row: int) -> str:
        """Name of the source a row is taken from; empty before its first tick."""
        number = int(self._active[row]) if row < len(self._active) else -1
        return self._names[number] if number >= 0 else ""

    def take(
        self, number: int, rows: npt.NDArray[np.int32], segments: npt.NDArray[np.uint8], now: float
    ) -> npt.NDArray[np.bool_]:
        """Which ticks of one source count.

        Args:
            number: the source.
            rows: shape (n,), catalogue rows of the ticks.
            segments: shape (n,), segment codes of those rows.
            now: monotonic seconds.
        """
        if len(rows) == 0:
            return np.zeros(0, dtype=np.bool_)
        self._fit(len(self._names), int(segments.max()) + 1)
        if int(rows.max()) >= len(self._active):
            self._active = np.concatenate(
                (self._active, np.full(int(rows.max()) + 1 - len(self._active), -1, np.int16))
            )
        for segment in np.unique(segments):
            if now - self._last[number, segment] > SILENT:
                self._since[number, segment] = now
            self._last[number, segment] = now
        current = self._active[rows]
        of_current = np.where(current >= 0, current, number)
        silent = now - self._last[of_current, segments] > SILENT
        steady = now - self._since[number, segments] >= STEADY
        better = self._rank[number] < self._rank[of_current]
        mine: npt.NDArray[np.bool_] = (current == number) | (current < 0) | silent | (better & steady)
        changed = mine & (current >= 0) & (current != number)
        for old in np.unique(current[changed]):
            self.switches[f"{self._names[old]}>{self._names[number]}"] += int((current[changed] == old).sum())
        self._active[rows[mine]] = number
        return mine

    def _rerank(self) -> None:
        best = [name for name in self._preferred if name in self._names]
        order = [*best, *(name for name in self._names if name not in best)]
        self._rank = np.array([order.index(name) for name in self._names], dtype=np.int32)

    def _fit(self, sources: int, segments: int) -> None:
        rows, columns = self._last.shape
        if sources > rows or segments > columns:
            grown = np.full((max(sources, rows), max(segments, columns)), _NEVER)
            since = grown.copy()
            grown[:rows, :columns], since[:rows, :columns] = self._last, self._since
            self._last, self._since = grown, since
