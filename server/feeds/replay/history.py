"""What a replay's charts look back on: the recorded days, up to the replay's own present and no further.

A `TickStore` that is not written: the prices of a replay are on disk already, and what it shows must not lie ahead of
the moment it stands at, even when the day was replayed before.
"""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from server.core.clock import to_ns
from server.core.errors import Unavailable
from server.feeds.replay.clean import GRAIN_NS, MINUTE
from server.feeds.replay.columns import day_of, midnight
from server.feeds.replay.known import Known
from server.feeds.replay.recordings import Recorded, Recordings
from server.feeds.replay.walk import cumulative, fold, walk
from server.market.ports import BarColumns, TickBatch

__all__ = ("RecordedHistory",)

_MOST_DAYS = 60
_DAY_NS = 24 * 60 * MINUTE
Columns = dict[str, npt.NDArray[Any]]


class RecordedHistory:
    """Implements `market.ports.TickStore` for one replayed day."""

    def __init__(self, recordings: Recordings, known: Known, day: date, now: Callable[[], datetime]) -> None:
        self._recordings = recordings
        self._known = known
        self._day = day
        self._now = now
        self._today: dict[str, tuple[npt.NDArray[np.int64], Columns] | None] = {}

    def put_ticks(self, market: str, keys: list[str], batch: TickBatch) -> None:
        """Nothing to keep."""

    def put_bars(self, market: str, interval: str, keys: list[str], bars: BarColumns) -> None:
        """Nothing to keep."""

    async def bars(self, market: str, key: str, interval: str, start_ns: int, end_ns: int, limit: int) -> BarColumns:
        """Minute bars, or day bars of the days before, that are over at the replay's present."""
        now = to_ns(self._now())
        if interval == "1d":
            return await asyncio.to_thread(self._days, key, start_ns, end_ns, limit)
        if interval != "1m":
            raise Unavailable(f"A replay keeps no bars of {interval}.", code="replay.bars")
        return await asyncio.to_thread(self._minutes, key, start_ns, min(end_ns, now - now % MINUTE), limit)

    async def ticks(
        self, market: str, key: str, start_ns: int, end_ns: int, limit: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """The day's ticks up to the replay's present."""
        return await asyncio.to_thread(self._ticks, key, start_ns, min(end_ns, to_ns(self._now()) + 1), limit)

    async def closing_interest(self, market: str, since_ns: int, before_ns: int) -> dict[str, int]:
        """Open interest at the end of the session before the replayed day, if that is not older than `since_ns`."""
        return await asyncio.to_thread(self._recordings.opening_interest, self._day, day_of(since_ns))

    async def flush(self) -> None:
        """All is on disk."""

    async def prune(self, kind: str, before_ns: int) -> int:
        """Recordings are kept until the user removes them."""
        return 0

    def _minutes(self, key: str, start_ns: int, end_ns: int, limit: int) -> BarColumns:
        parts: list[tuple[npt.NDArray[np.int64], Columns]] = []
        found = 0
        if (today := self._of_today(key)) is not None:
            inside = (today[0] >= start_ns) & (today[0] < end_ns)
            parts.append((today[0][inside], {name: column[inside] for name, column in today[1].items()}))
            found = int(inside.sum())
        if found < limit:
            for about in self._recordings.of_key(key, self._day, _MOST_DAYS):
                if about.last_ns < start_ns or found >= limit:
                    break
                if (recorded := self._recordings.load(about)) is not None:
                    time, columns = self._fold(recorded)
                    inside = (time >= start_ns) & (time < end_ns)
                    parts.insert(0, (time[inside], {name: column[inside] for name, column in columns.items()}))
                    found += int(inside.sum())
        return _joined(parts, limit)

    def _days(self, key: str, start_ns: int, end_ns: int, limit: int) -> BarColumns:
        days: dict[date, tuple[float, float, float, float, int, int]] = {
            row[0]: (*row[1:5], row[5], row[6]) for row in self._recordings.daily(key, self._day, limit)
        }
        for about in self._recordings.of_key(key, self._day, limit):
            days.setdefault(about.day, (about.open, about.high, about.low, about.close, about.volume, 0))
        picked = sorted(day for day in days if start_ns <= midnight(day) < end_ns)[-limit:]
        rows = [days[day] for day in picked]
        whole = np.array(
            [(midnight(day), row[4], row[5]) for day, row in zip(picked, rows, strict=True)], dtype=np.int64
        )
        real = np.array([row[:4] for row in rows], dtype=np.float64)
        whole, real = whole.reshape(-1, 3), real.reshape(-1, 4)
        return BarColumns(whole[:, 0], real[:, 0], real[:, 1], real[:, 2], real[:, 3], whole[:, 1], whole[:, 2])

    def _ticks(
        self, key: str, start_ns: int, end_ns: int, limit: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        about = next((r for r in self._recordings.recordings(self._day) if r.instrument.key == key), None)
        recorded = self._recordings.load(about) if about is not None else None
        if recorded is None:
            return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.int64)
        time, price, volume, _ = _as_ticks(recorded)
        pick = slice(int(np.searchsorted(time, start_ns)), int(np.searchsorted(time, end_ns)))
        time, price, volume = time[pick][-limit:], price[pick][-limit:], volume[pick][-limit:]
        return time, price, volume

    def _of_today(self, key: str) -> tuple[npt.NDArray[np.int64], Columns] | None:
        if key not in self._today:
            about = next((r for r in self._recordings.recordings(self._day) if r.instrument.key == key), None)
            recorded = self._recordings.load(about) if about is not None else None
            self._today[key] = self._fold(recorded) if recorded is not None else None
        return self._today[key]

    def _fold(self, recorded: Recorded) -> tuple[npt.NDArray[np.int64], Columns]:
        """Minute bars of a recorded day, of trading hours where these are known."""
        time, columns = recorded.time, recorded.columns
        spans = self._known.plan(recorded.about.instrument.segment, recorded.about.day).spans
        if recorded.about.grain != "1m":
            time, price, volume, oi = _as_ticks(recorded)
            inside = np.ones(len(time), dtype=np.bool_)
            if spans:
                inside = np.zeros(len(time), dtype=np.bool_)
                for span in spans:
                    late = (time >= span.end) & (time < span.end + 1_000_000_000)  # the closing tick
                    time = np.where(late, span.end - 1, time)
                    inside |= (time >= span.start) & (time < span.end)
            traded = cumulative(volume, whole=not spans or int(time[0]) <= spans[0].start + MINUTE)
            return fold(time[inside], price[inside], traded[inside], oi[inside])
        if not spans:
            return time, columns
        inside = np.zeros(len(time), dtype=np.bool_)
        for span in spans:
            inside |= (time >= span.start) & (time < span.end)
        return time[inside], {name: column[inside] for name, column in columns.items()}


def _as_ticks(
    recorded: Recorded,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    length, columns = GRAIN_NS[recorded.about.grain], recorded.columns
    if length:
        return walk(recorded.time, columns, length)
    none = np.zeros(len(recorded.time), dtype=np.int64)
    return recorded.time, columns["price"], columns.get("volume", none), columns.get("oi", none)


def _joined(parts: list[tuple[npt.NDArray[np.int64], Columns]], limit: int) -> BarColumns:
    time = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, dtype=np.int64)

    def column(name: str, kind: type) -> Any:
        whole = np.concatenate([part[1][name] for part in parts]) if parts else np.empty(0)
        return whole[-limit:].astype(kind)

    opened, high, low, close = (column(name, np.float64) for name in ("open", "high", "low", "close"))
    return BarColumns(time[-limit:], opened, high, low, close, column("volume", np.int64), column("oi", np.int64))
