"""Reads bars for charts: what is stored, what was handed to the store a moment ago, and the bar still being made."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from server.core.clock import Clock
from server.market.folder import Finished
from server.market.intervals import (
    INTERVALS,
    Interval,
    bar_starts,
    clip_bars,
    empty_bars,
    fold_bars,
    overlay,
)
from server.market.ports import BarColumns, TickStore
from server.market.sessions import DAY_NS, Sessions

__all__ = ("History", "Recent", "fold_ticks")

I8 = npt.NDArray[np.int64]
_MAX_MINUTES = 200_000
_MAX_TICKS = 200_000
_MAX_DAYS = 20_000
_RECENT_SECONDS = 15.0


class LiveBars(Protocol):
    """Bars still in memory, one row at a time."""

    def minute(self, row: int) -> BarColumns:
        """The current one-minute bar, or none."""
        ...

    def today(self, row: int) -> BarColumns:
        """The day's bar so far, or none."""
        ...

    def fine(self, row: int, kind: Interval) -> BarColumns:
        """Kept and current bars of a live sub-minute series, or none."""
        ...

    async def settle_ticks(self) -> None:
        """Return when the ticks taken so far can be read from the store."""
        ...


class Recent:
    """Minute bars given to the store within the last seconds: it may not show them yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._parts: list[tuple[float, Finished]] = []

    def add(self, part: Finished) -> None:
        """Remember a part; those older than 15 s are let go."""
        now = self._clock.monotonic()
        self._parts = [(at, p) for at, p in self._parts if now - at < _RECENT_SECONDS]
        self._parts.append((now, part))

    def forget_since(self, start_ns: int) -> None:
        """Let go of bars that start at or after a moment."""
        self._parts = [(at, part.before(start_ns)) for at, part in self._parts]

    def of(self, row: int) -> list[BarColumns]:
        """What is remembered of one row, oldest first."""
        found = []
        for _, part in self._parts:
            pick = np.flatnonzero(part.rows == row)
            if len(pick):
                found.append(BarColumns(*(getattr(part.bars, n)[pick] for n in BarColumns.__struct_fields__)))
        return found


class History:
    """Bars of one market, merged. Times are market time in nanoseconds, UTC."""

    def __init__(
        self,
        market: str,
        store: TickStore | None,
        sessions: Sessions,
        live: LiveBars,
        recent: Recent,
        now_ns: Callable[[], int],
    ) -> None:
        self._market = market
        self._store = store
        self._sessions = sessions
        self._live = live
        self._recent = recent
        self._now_ns = now_ns

    async def read(
        self, row: int, key: str, segment: str, kind: Interval, end_ns: int | None, limit: int
    ) -> BarColumns:
        """The newest `limit` bars that start before `end_ns` (None = all), oldest first; the last may be unfinished."""
        # the store looks back from the end it is given, so "all" must not lie years ahead
        newest = self._now_ns() + DAY_NS
        end = newest if end_ns is None else min(end_ns, newest)
        if kind.fine:
            bars = await self._fine(row, key, segment, kind, end)
        elif kind.intraday:
            bars = await self._minutes(row, key, end, limit * (kind.seconds // 60) + kind.seconds // 60)
            if kind.seconds > 60:
                bars = fold_bars(bars, bar_starts(kind, bars.start_ns, self._sessions, segment))
        else:
            bars = await self._days(row, key, segment, end, limit * {"1d": 1, "1w": 7, "1M": 31}[kind.name])
            if kind.name != "1d":
                bars = fold_bars(bars, bar_starts(kind, bars.start_ns, self._sessions, segment))
        return clip_bars(bars, end, limit)

    async def _minutes(self, row: int, key: str, end: int, count: int) -> BarColumns:
        stored = empty_bars()
        if self._store is not None:
            stored = await self._store.bars(self._market, key, "1m", 0, end, min(count, _MAX_MINUTES))
        # no await below: what is live now fits what was read
        bars = overlay(stored, *self._recent.of(row), self._live.minute(row))
        return clip_bars(bars, end, count)

    async def _days(self, row: int, key: str, segment: str, end: int, count: int) -> BarColumns:
        stored = empty_bars()
        if self._store is not None:
            stored = await self._store.bars(self._market, key, "1d", 0, end, min(count, _MAX_DAYS))
            starts = bar_starts(INTERVALS["1d"], stored.start_ns, self._sessions, segment)
            stored = fold_bars(stored, starts)
        return clip_bars(overlay(stored, self._live.today(row)), end, count)

    async def _fine(self, row: int, key: str, segment: str, kind: Interval, end: int) -> BarColumns:
        stored = empty_bars()
        if self._store is not None:
            await self._live.settle_ticks()
            times, prices, volumes = await self._store.ticks(self._market, key, 0, end, _MAX_TICKS)
            stored = fold_ticks(times, prices, volumes, kind, self._sessions, segment)
        return overlay(stored, self._live.fine(row, kind))


def fold_ticks(
    times: I8, prices: npt.NDArray[np.float64], volumes: I8, kind: Interval, sessions: Sessions, segment: str
) -> BarColumns:
    """Stored ticks in time order -> bars; `volumes` is cumulative for the day, so a fall means a new day."""
    if len(times) == 0:
        return empty_bars()
    traded = np.maximum(np.diff(volumes, prepend=volumes[0]), 0)
    good = sessions.in_trading(segment, times)
    times = sessions.clamp(segment, times[good])
    prices, traded = prices[good], traded[good]
    none = np.zeros(len(times), dtype=np.int64)
    return fold_bars(
        BarColumns(times, prices, prices, prices, prices, traded, none), bar_starts(kind, times, sessions, segment)
    )
