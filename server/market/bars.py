"""All bars of a market: minute bars of every instrument, other intervals for series somebody watches."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import date

import numpy as np
import numpy.typing as npt
import structlog

from server.core.clock import Clock
from server.market.catalogue import Catalogue
from server.market.folder import BarFolder, EndedBar, Finished
from server.market.history import History, Recent
from server.market.intervals import INTERVALS, MINUTE_NS, Interval, bar_starts, empty_bars, overlay
from server.market.pipeline import Screened
from server.market.ports import BarColumns, TickBatch, TickStore
from server.market.sessions import Sessions, midnight_ns
from server.market.slots import Slots

__all__ = ("BarBook",)

I8 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_ALWAYS = 2**62
_GRACE_NS = 1_000_000_000  # the closing tick of feeds that stamp whole seconds, see `sessions`
_log = structlog.get_logger("bars")


class BarBook:
    """Folds, keeps and reads bars; finished minute bars go to the store.

    Args:
        market: market id, the store's first key.
        catalogue: rows and segments.
        slots: today's figures, for the day bar.
        sessions: hours by segment.
        store: keeps bars and ticks; None for a market without memory (tests, backtests).
        clock: for ages of what was handed over.
        now_ns: market time, in nanoseconds.
    """

    def __init__(
        self,
        market: str,
        catalogue: Catalogue,
        slots: Slots,
        sessions: Sessions,
        store: TickStore | None,
        clock: Clock,
        now_ns: Callable[[], int],
    ) -> None:
        self._market = market
        self._catalogue = catalogue
        self._slots = slots
        self._sessions = sessions
        self._store = store
        self._minute = BarFolder(slots.size)
        self._others: dict[str, BarFolder] = {}
        self._watchers: dict[tuple[int, str], int] = {}
        self._seeding: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._low: I8 = np.empty(0, dtype=np.int64)
        self._high: I8 = np.empty(0, dtype=np.int64)
        self._carry: I8 = np.zeros(slots.size, dtype=np.int64)
        self._carried = False
        self._pending: deque[Finished] = deque()
        self._ticks: list[tuple[list[str], TickBatch]] = []
        self._recent = Recent(clock)
        self._history = History(market, store, sessions, self, self._recent, now_ns)
        self._day: date | None = None
        self._whole_day = False
        self.finished = 0
        """Minute bars given to the store so far."""

    def grow(self, size: int) -> None:
        """Make room for new rows."""
        for folder in (self._minute, *self._others.values()):
            folder.grow(size)
        if size > len(self._carry):
            self._carry = np.concatenate((self._carry, np.zeros(size - len(self._carry), dtype=np.int64)))
        if self._day is not None and len(self._high) < len(self._catalogue.segments):
            self._set_hours(self._day)  # the first instrument of a segment came during the day

    def start_day(self, day: date, *, whole: bool) -> None:
        """End yesterday's bars and set the hours of `day`; `whole` = its first tick is still to come."""
        self.finish()
        if self._whole_day and self._day is not None and self._day != day:
            self._keep_day_bars()
        self._day, self._whole_day = day, whole
        self._minute.reset()
        for folder in self._others.values():
            folder.reset()
        self._carry.fill(0)
        self._carried = False
        self._set_hours(day)
        for row, name in self._watchers:
            self._seed_later(row, INTERVALS[name])

    def _set_hours(self, day: date) -> None:
        spans = []
        for segment in self._catalogue.segments:
            hours = self._sessions.hours(segment, day)
            spans.append(hours.trading or ((0, 0) if hours.known else (0, _ALWAYS)))
        self._low = np.array([s[0] for s in spans], dtype=np.int64)
        self._high = np.array([s[1] for s in spans], dtype=np.int64)

    def trading(self, ticks: Screened) -> tuple[Mask | None, I8]:
        """Which ticks lie in a trading phase (None = all), and their times with the closing second pulled in."""
        segment = self._catalogue.segment[ticks.rows]
        high = self._high[segment]
        inside = (ticks.time_ns >= self._low[segment]) & (ticks.time_ns < high + _GRACE_NS)
        times = np.minimum(ticks.time_ns, high - 1)
        return (None if inside.all() else inside), times

    def fold(self, ticks: Screened, inside: Mask | None, times: I8, version: int) -> None:
        """Fold screened ticks; those outside trading phases only pass their volume on to the next bar."""
        rows, ltp, traded, oi = ticks.rows, ticks.ltp, ticks.traded, ticks.oi
        if inside is not None or self._carried:
            picked, traded = self._carry_over(ticks, np.ones(len(rows), dtype=np.bool_) if inside is None else inside)
            rows, ltp, oi, times = rows[picked], ltp[picked], oi[picked], times[picked]
            if len(rows) == 0:
                return
        done = self._minute.fold(rows, times - times % MINUTE_NS, ltp, traded, oi, version)
        if done is not None:
            self._pending.append(done)
        for name, folder in self._others.items():
            pick = np.flatnonzero(folder.watched[rows])
            if len(pick):
                starts = self._starts(INTERVALS[name], rows[pick], times[pick])
                folder.fold(rows[pick], starts, ltp[pick], traded[pick], oi[pick], version)

    def keep_ticks(self, keys: list[str], batch: TickBatch) -> None:
        """Queue ticks for the store; they are handed over at the next `hand_over`."""
        if self._store is not None:
            self._ticks.append((keys, batch))

    def sweep(self, now_ns: int) -> None:
        """End the minute bars whose minute is over by market time, so that quiet instruments' bars are kept too."""
        done = self._minute.sweep(now_ns - now_ns % MINUTE_NS)
        if done is not None:
            self._pending.append(done)

    def finish(self) -> None:
        """End all bars as they stand."""
        self.sweep(_ALWAYS)

    def forget_since(self, now_ns: int) -> None:
        """Let go of finished bars, not yet to be read from the store, that start at or after a moment."""
        self._pending = deque(part.before(now_ns) for part in self._pending)
        self._recent.forget_since(now_ns)

    def hand_over(self, most: int = 4_096) -> bool:
        """Give at most `most` finished bars and all queued ticks to the store; True when more bars wait."""
        ticks, self._ticks = self._ticks, []
        if self._store is None:
            self._pending.clear()
            return False
        for keys, batch in ticks:
            self._store.put_ticks(self._market, keys, batch)
        while self._pending and most > 0:
            part = self._pending.popleft()
            if len(part.rows) > most:
                rest = Finished(part.rows[most:], _cut(part.bars, slice(most, None)))
                self._pending.appendleft(rest)
                part = Finished(part.rows[:most], _cut(part.bars, slice(most)))
            most -= len(part.rows)
            self.finished += len(part.rows)
            self._recent.add(part)
            self._store.put_bars(self._market, "1m", self._catalogue.keys[part.rows].tolist(), part.bars)
        return bool(self._pending)

    async def read(self, row: int, kind: Interval, end_ns: int | None, limit: int) -> BarColumns:
        """See `History.read`."""
        segment = self._catalogue.segments[self._catalogue.segment[row]]
        return await self._history.read(row, self._catalogue.key(row), segment, kind, end_ns, limit)

    def watch(self, row: int, kind: Interval) -> None:
        """Fold this series live from now on; must be called in a running loop."""
        count = self._watchers.get((row, kind.name), 0)
        self._watchers[(row, kind.name)] = count + 1
        if count == 0:
            self.folder(kind).remember(row)
            self._seed_later(row, kind)

    def unwatch(self, row: int, kind: Interval) -> None:
        """One watcher less; the last one ends the folding."""
        count = self._watchers.get((row, kind.name), 0)
        if count > 1:
            self._watchers[(row, kind.name)] = count - 1
        elif count == 1:
            del self._watchers[(row, kind.name)]
            self.folder(kind).forget(row)
            if task := self._seeding.pop((row, kind.name), None):
                task.cancel()

    def folder(self, kind: Interval) -> BarFolder:
        """The folder of an interval."""
        if kind.name == "1m":
            return self._minute
        return self._others.setdefault(kind.name, BarFolder(self._slots.size))

    def ready(self, row: int, kind: Interval) -> bool:
        """Whether the live bar is whole (a coarse bar is first filled up from what is stored)."""
        return (row, kind.name) not in self._seeding

    def live(self, row: int, kind: Interval, since_ns: int) -> list[EndedBar]:
        """Ended bars from `since_ns` on and the current one, oldest first, of a watched series."""
        folder = self.folder(kind)
        bars = folder.ended_after(row, since_ns)
        if folder.start[row] >= since_ns:
            now = folder.current(row)
            bars.append((int(now.start_ns[0]), *(float(getattr(now, n)[0]) for n in BarColumns.__struct_fields__[1:])))
        return bars

    async def close(self) -> None:
        """End what still runs for watchers and give everything to the store."""
        tasks = list(self._seeding.values())
        self._seeding.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.finish()
        while self.hand_over():
            pass

    # what History reads from memory

    def minute(self, row: int) -> BarColumns:
        """The current one-minute bar, with those that wait to be handed over."""
        waiting = [_cut(p.bars, p.rows == row) for p in self._pending if (p.rows == row).any()]
        return overlay(*waiting, self._minute.current(row))

    def today(self, row: int) -> BarColumns:
        """The day's bar so far."""
        quote = self._slots.quotes[row]
        if self._day is None or not quote["open"] > 0:
            return empty_bars()
        whole = np.array([midnight_ns(self._day), max(0, self._slots.volume[row]), self._slots.oi[row]], dtype=np.int64)
        real = np.array([quote["open"], quote["high"], quote["low"], quote["ltp"]])
        return BarColumns(whole[:1], real[:1], real[1:2], real[2:3], real[3:], whole[1:2], whole[2:])

    def fine(self, row: int, kind: Interval) -> BarColumns:
        """Kept and current bars of a watched sub-minute series."""
        if (row, kind.name) not in self._watchers:
            return empty_bars()
        bars = self.live(row, kind, 0)
        whole = np.array([(b[0], b[5], b[6]) for b in bars], dtype=np.int64).reshape(-1, 3).T
        real = np.array([b[1:5] for b in bars], dtype=np.float64).reshape(-1, 4).T
        return BarColumns(whole[0], real[0], real[1], real[2], real[3], whole[1], whole[2])

    async def settle_ticks(self) -> None:
        """Return when the ticks taken so far can be read from the store."""
        self.hand_over()
        if self._store is not None:
            await self._store.flush()

    def _carry_over(self, ticks: Screened, inside: Mask) -> tuple[I8, I8]:
        """Indexes of the ticks inside, and what traded at each since the tick inside before it.

        What trades outside (in the opening match) belongs to the next tick inside, in this batch or a later one.
        """
        picked = np.flatnonzero(inside)
        total = np.cumsum(ticks.traded)
        before = total[ticks.first] - ticks.traded[ticks.first]
        run = np.repeat(np.arange(len(ticks.first)), ticks.last - ticks.first + 1)[picked]
        opens = np.append(True, run[1:] != run[:-1])[: len(run)]
        since = np.empty(len(picked), dtype=np.int64)
        since[1:] = total[picked[:-1]]
        since[opens] = before[run[opens]] - self._carry[ticks.rows[picked[opens]]]
        counted = before - self._carry[ticks.rows[ticks.first]]
        counted[run] = total[picked]  # the last one of each run stays
        self._carry[ticks.rows[ticks.first]] = total[ticks.last] - counted
        self._carried = bool(self._carry.any())
        return picked, total[picked] - since

    def _starts(self, kind: Interval, rows: npt.NDArray[np.int32], times: I8) -> I8:
        segments = self._catalogue.segment[rows]
        out = np.empty(len(rows), dtype=np.int64)
        for code in np.unique(segments):
            here = segments == code
            out[here] = bar_starts(kind, times[here], self._sessions, self._catalogue.segments[code])
        return out

    def _seed_later(self, row: int, kind: Interval) -> None:
        if kind.seconds <= 60 or (row, kind.name) in self._seeding:
            return
        task = asyncio.get_running_loop().create_task(self._seed(row, kind), name=f"seed:{row}:{kind.name}")
        self._seeding[(row, kind.name)] = task

    async def _seed(self, row: int, kind: Interval) -> None:
        """Fill a coarse live bar up with what happened before it was watched."""
        folder = self.folder(kind)
        try:
            bars = await self.read(row, kind, None, 1)
            if len(bars.start_ns) and bars.start_ns[-1] >= folder.start[row]:
                folder.seed(row, bars, int(self._slots.changed[row]))
        except Exception:  # noqa: BLE001 - the live bar then starts at the moment it was asked for
            _log.exception("seed_failed", row=row, interval=kind.name)
        finally:
            self._seeding.pop((row, kind.name), None)

    def _keep_day_bars(self) -> None:
        """Give yesterday's day bars to the store, read from the day's own figures."""
        if self._store is None or self._day is None:
            return
        quotes = self._slots.quotes[: self._slots.size]
        rows = np.flatnonzero(quotes["open"] > 0)
        if len(rows) == 0:
            return
        picked = quotes[rows]
        bars = BarColumns(
            np.full(len(rows), midnight_ns(self._day), dtype=np.int64),
            picked["open"].copy(),
            picked["high"].copy(),
            picked["low"].copy(),
            picked["ltp"].copy(),
            np.maximum(self._slots.volume[rows], 0),
            self._slots.oi[rows].copy(),
        )
        self._store.put_bars(self._market, "1d", self._catalogue.keys[rows].tolist(), bars)


def _cut(bars: BarColumns, pick: slice | Mask) -> BarColumns:
    return BarColumns(*(getattr(bars, n)[pick] for n in BarColumns.__struct_fields__))
