"""The hub of one market: the last price of every instrument, its bars, and who wants to hear of it.

A batch of ticks costs the same however many instruments there are and however many screens look: the work is
column-wise over the batch, and screens compare versions of the rows they show when they are due (`subscription`).
Batches larger than `CHUNK` are cut and taken in turns of the event loop, so that a burst of ticks delays a command
by one chunk at most (law 12).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.clock import Clock, to_ns
from server.domain.instruments import Instrument
from server.domain.quotes import Depth, Quote
from server.market.bars import BarBook
from server.market.catalogue import Catalogue
from server.market.depth import depth_of, write_depth
from server.market.freshness import Freshness, FreshnessPolicy, SegmentClocks
from server.market.intervals import interval as interval_of
from server.market.pipeline import Pipeline, Screened, ScreenRules
from server.market.ports import BarColumns, TickBatch, TickStore
from server.market.quote import quote_of
from server.market.sessions import Sessions, ist_day, midnight_ns
from server.market.slots import META, QUOTE_COLUMNS, Slots, scatter
from server.market.subscription import Subscription
from server.market.table import FLAG_STALE
from server.market.watch import Watch, Watches

__all__ = ("CHUNK", "Hub", "IntakeStats")

CHUNK = 2_048
"""Ticks taken in one turn of the loop (well under a millisecond of work)."""
MAX_BACKLOG = 1_000_000
"""Ticks that may wait; what comes on top is dropped and counted as `overload`."""
_RATE_SPAN = 10.0
_OPENING_NS = 60_000_000_000  # a feed that starts within the opening minute has missed nothing that matters
_AT = QUOTE_COLUMNS
_SOURCES = 255


class IntakeStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start, for the System page."""

    ticks: int
    """Received."""
    kept: int
    batches: int
    rate: float
    """Ticks received a second, over the last ten seconds."""
    drops: dict[str, int]
    repaired: int
    backlog: int
    instruments: int
    last_tick_age: float | None
    """Seconds since the last accepted tick of any instrument; None before the first."""
    bars_finished: int
    watched: int


class Hub:
    """See the module's text.

    Args:
        market: market id.
        catalogue: its instruments; may be empty and be filled by `refresh`.
        clock: wall and monotonic time.
        market_now: the feed's own clock (market time, aware UTC).
        sessions: session hours.
        store: keeps ticks and bars; None keeps nothing.
        policy: freshness limits.
        rules: pipeline limits.
    """

    def __init__(
        self,
        market: str,
        catalogue: Catalogue,
        clock: Clock,
        market_now: Callable[[], datetime],
        sessions: Sessions,
        store: TickStore | None = None,
        *,
        policy: FreshnessPolicy | None = None,
        rules: ScreenRules | None = None,
    ) -> None:
        self.market = market
        self.catalogue = catalogue
        self.slots = Slots(len(catalogue))
        self.watches = Watches()
        self.day: date | None = None
        self.version = 0
        """Counts changes of anything a screen may show."""
        self.sources: list[str] = [""]
        self._clock = clock
        self._market_now = market_now
        self._sessions = sessions
        self._segments = SegmentClocks(policy or FreshnessPolicy())
        self._pipeline = Pipeline(self.slots, rules or ScreenRules(), lambda: to_ns(market_now()))
        self.book = BarBook(market, catalogue, self.slots, sessions, store, clock, lambda: to_ns(market_now()))
        self._queue: deque[TickBatch | tuple[date, dict[str, float]]] = deque()
        self._waiting = 0
        self._some_stale = False
        self._ticks = self._kept = self._batches = 0
        self._rates: deque[tuple[float, int]] = deque()
        self._last_tick = -np.inf
        self._turn_left = CHUNK
        self._turn_open = False
        self.on_backlog: Callable[[], None] | None = None
        """Called when work waits for `drain`; the market's own task sets it. None = the caller drains by itself."""
        self._fit()

    # ------------------------------------------------------------------ in

    def refresh(self, instruments: list[Instrument], day: date | None = None) -> range:
        """Take the feed's list; returns the new rows. Raises Fault when a known row would move."""
        new = self.catalogue.refresh(instruments, day)
        self._fit()
        if self.day is not None:
            self._judge_sessions()  # a new segment's prices must not wait for the next housekeeping to be believed
        return new

    def intake(self, batch: TickBatch) -> None:
        """Take ticks. Small batches are done on return; large ones, and those behind them, by `drain`."""
        size = len(batch.rows)
        self._ticks += size
        self._batches += 1
        if not self._queue and size <= self._turn():
            self._turn_left -= size
            self._take(batch)
            return
        if self._waiting + size > MAX_BACKLOG:
            self._pipeline.drops.add("overload", size)
            return
        self._waiting += size
        self._queue.extend(_chunks(batch))
        if self.on_backlog is not None:
            self.on_backlog()

    def drain(self) -> bool:
        """Take one waiting chunk; True when more wait. Give the loop a turn between calls."""
        if self._queue:
            item = self._queue.popleft()
            if isinstance(item, TickBatch):
                self._waiting -= len(item.rows)
                self._take(item)
            else:
                self._start_day(*item)
        return bool(self._queue)

    def start_day(self, day: date, closes: dict[str, float]) -> None:
        """Begin a session day, in order with the ticks: open, high, low and volume start anew.

        Args:
            day: the session's date.
            closes: close of the session before, by instrument key.
        """
        if self._queue:
            self._queue.append((day, closes))
        else:
            self._start_day(day, closes)

    def set_closes(self, closes: Mapping[str, float]) -> None:
        """Closes of the session before, where they become known only after the day began (brokers' snapshots)."""
        for key, close in closes.items():
            if (row := self.catalogue.find(key)) is not None and close > 0:
                self.slots.quotes["close"][row] = close
                self.version += 1
                self.slots.changed[row] = self.version

    def rewind(self, so_far: Mapping[str, tuple[float, float, float, int]] | None = None) -> None:
        """The feed was set to another moment of the same day: times may step back once, volumes are unknown.

        Args:
            so_far: (open, high, low, volume) of the day up to that moment, by instrument key, where the feed knows
                (`ports.Rewindable`).
        """
        while self.drain():
            pass
        if self.day is None:
            return
        self._start_day(self.day, {})
        # a feed that knows the day has a store that knows its bars: those left half-made are forgotten altogether
        self.book.forget_since(0 if so_far is not None else to_ns(self._market_now()))
        for key, (first, high, low, volume) in (so_far or {}).items():
            if (row := self.catalogue.find(key)) is not None:
                quote = self.slots.quotes[row]
                quote["open"], quote["high"], quote["low"], quote["volume"] = first, high, low, max(0, volume)
                self.slots.volume[row] = volume

    def remember(self, ranges: Mapping[str, tuple[float, float, float]]) -> None:
        """(open, high, low) of the day before this process began to listen, by key: a restart must not begin the day
        anew. What has come since stays counted."""
        self.version += 1
        for key, (first, high, low) in ranges.items():
            if (row := self.catalogue.find(key)) is not None:
                quote = self.slots.quotes[row]
                quote["open"] = first
                quote["high"], quote["low"] = np.fmax(quote["high"], high), np.fmin(quote["low"], low)
                self.slots.changed[row] = self.version

    def housekeep(self) -> None:
        """Twice a second: judge freshness, end the minutes that are over, hand bars and ticks to the store."""
        now = self._clock.monotonic()
        self._rates.append((now, self._ticks))
        while now - self._rates[0][0] > _RATE_SPAN:
            self._rates.popleft()
        self._judge_sessions()
        flags = self._segments.flags(self.slots, self.catalogue.segment, now)
        quotes = self.slots.quotes
        changed = np.flatnonzero(quotes["flags"][: self.slots.size] != flags)
        if len(changed):
            self.version += 1
            quotes["flags"][changed] = flags[changed]
            self.slots.changed[changed] = self.version
        self._some_stale = bool((flags & FLAG_STALE).any())
        self.book.sweep(to_ns(self._market_now()))
        self.book.hand_over()

    async def close(self) -> None:
        """Take what waits, end the bars as they stand and give all to the store."""
        while self.drain():
            pass
        await self.book.close()

    # ----------------------------------------------------------------- out

    def row(self, key: str) -> int:
        """Catalogue row of a key; raises NotFound."""
        return self.catalogue.row(key)

    def key(self, row: int) -> str:
        """Key of a row."""
        return self.catalogue.key(row)

    def quote(self, key: str) -> Quote | None:
        """Last known state in exact Decimals; None before the first price. Raises NotFound for an unknown key."""
        return self.quote_at(self.catalogue.row(key), key)

    def quote_at(self, row: int, key: str) -> Quote | None:
        """The same of a row, whose key is known."""
        slots = self.slots
        age = self._clock.monotonic() - slots.received.item(row)
        return quote_of(slots, row, key, self.sources[slots.source.item(row)], age)

    def depth(self, key: str) -> Depth | None:
        """Last known book; None when none was ever sent."""
        return self.depth_at(self.catalogue.row(key))

    def depth_at(self, row: int) -> Depth | None:
        """The same of a row."""
        return depth_of(self.slots, row)

    def last(self, key: str) -> float:
        """Last price as a float, NaN before the first; for analytics and marks, never for orders."""
        return self.last_at(self.catalogue.row(key))

    def last_at(self, row: int) -> float:
        """The same of a row."""
        price: float = self.slots.ltp.item(row)
        return price

    def age(self, key: str) -> float:
        """Monotonic seconds since the instrument's own last tick; infinity before the first."""
        return self._clock.monotonic() - float(self.slots.received[self.catalogue.row(key)])

    def freshness(self, key: str, limit: float | None = None) -> Freshness:
        """Whether its price may be trusted now (law 11), with the reason; `limit` overrides its own-tick limit."""
        row = self.catalogue.row(key)
        segment = int(self.catalogue.segment[row])
        return self._segments.judge(segment, float(self.slots.received[row]), self._clock.monotonic(), limit)

    def fresh(self, key: str, limit: float | None = None) -> bool:
        """Whether an order may be priced on it now (law 11)."""
        return self.freshness(key, limit).state == "live"

    def watch(self, rows: Iterable[int], callback: Callable[[TickBatch], None]) -> Watch:
        """Call `callback` inside intake with the accepted ticks of these rows, in arrival order."""
        watch = self.watches.open(callback)
        watch.add(rows)
        return watch

    def subscribe(self, number: int) -> Subscription:
        """A screen's view of this market; `number` is the market's number on the wire."""
        return Subscription(self, number)

    async def bars(self, key: str, interval: str, end_ns: int | None, limit: int) -> BarColumns:
        """The newest `limit` bars that start before `end_ns` (None = all), oldest first; the last may be unfinished.

        Raises NotFound for an unknown key, Invalid for an unknown interval.
        """
        return await self.book.read(self.catalogue.row(key), interval_of(interval), end_ns, limit)

    def intake_stats(self) -> IntakeStats:
        """Counts for the System page."""
        now = self._clock.monotonic()
        at, ticks = self._rates[0] if self._rates else (now, self._ticks)
        return IntakeStats(
            ticks=self._ticks,
            kept=self._kept,
            batches=self._batches,
            rate=(self._ticks - ticks) / (now - at) if now > at else 0.0,
            drops=self._pipeline.drops.counts(),
            repaired=self._pipeline.repaired,
            backlog=self._waiting,
            instruments=len(self.catalogue),
            last_tick_age=now - self._last_tick if self._last_tick > -np.inf else None,
            bars_finished=self.book.finished,
            watched=self.watches.wanted,
        )

    def wall_ms(self) -> float:
        """Wall clock in milliseconds since the epoch."""
        return to_ns(self._clock.now()) / 1e6

    # -------------------------------------------------------------- inside

    def _turn(self) -> int:
        """Ticks that may still be taken in this turn of the loop, however many batches they come in."""
        if self.on_backlog is None:
            return CHUNK
        if not self._turn_open:
            self._turn_open, self._turn_left = True, CHUNK
            asyncio.get_running_loop().call_soon(self._end_turn)
        return self._turn_left

    def _end_turn(self) -> None:
        self._turn_open = False

    def _judge_sessions(self) -> None:
        market_now = self._market_now()
        for code, name in enumerate(self.catalogue.segments):
            self._segments.open[code] = self._sessions.phase(name, market_now).name != "closed"

    def _fit(self) -> None:
        size = len(self.catalogue)
        self.slots.grow(size)
        self.book.grow(size)
        self.watches.grow(size)
        self._segments.set_segments(self.catalogue.segments)
        self._pipeline.set_kinds([i.kind for i in self.catalogue.instruments])

    def _start_day(self, day: date, closes: dict[str, float]) -> None:
        now = to_ns(self._market_now())
        spans = [self._sessions.hours(name, day).trading for name in self.catalogue.segments]
        # volume counts from 0 where the feed shows the segment from its opening on, else from the first tick seen
        whole = np.array([span is None or now <= span[0] + _OPENING_NS for span in spans], dtype=np.bool_)
        self.book.start_day(day, whole=bool(whole.all()))
        self._pipeline.start_day(midnight_ns(day))
        slots, size = self.slots, self.slots.size
        self.day = day
        self.version += 1
        slots.time_ns[:size] = 0
        slots.volume[:size] = np.where(whole[self.catalogue.segment], 0, -1)
        for name in ("open", "high", "low"):
            slots.quotes[name][:size] = np.nan
        slots.quotes["volume"][:size] = 0.0
        rows = [(row, close) for key, close in closes.items() if (row := self.catalogue.find(key)) is not None]
        if rows:
            places, values = zip(*rows, strict=True)
            slots.quotes["close"][list(places)] = values
        slots.changed[:size] = self.version

    def _take(self, batch: TickBatch) -> None:
        if self.day is None and len(batch.rows):
            self._start_day(ist_day(int(batch.time_ns[0])), {})
        ticks = self._pipeline.screen(batch)
        if len(ticks):
            self.version += 1
            self._kept += len(ticks)
            self._last_tick = self._clock.monotonic()
            inside, times = self.book.trading(ticks)
            self._write(ticks, self._source(batch.source), inside)
            self.book.fold(ticks, inside, times, self.version)
        if batch.depth is not None:
            refused, written = write_depth(self.slots, batch, ticks, self.version + 1)
            self._pipeline.drops.add("bad_depth", refused)
            self.version += written > 0
        if self.watches.wanted and len(ticks):
            self._tell(batch.source, ticks)

    def _write(self, ticks: Screened, source: int, inside: npt.NDArray[np.bool_] | None) -> None:
        slots, first, last = self.slots, ticks.first, ticks.last
        rows = ticks.rows[last]
        meta = np.empty(len(rows), dtype=META)
        meta["time_ns"], meta["volume"], meta["oi"] = ticks.time_ns[last], ticks.volume[last], ticks.oi[last]
        meta["changed"], meta["received"], meta["source"] = self.version, self._last_tick, source
        scatter(slots.meta, rows, meta)
        records = slots.quotes.take(rows)
        block = records.view(np.float64).reshape(len(rows), -1)
        block[:, _AT["market_ms"]] = meta["time_ns"] / 1e6
        block[:, _AT["received_ms"]] = self.wall_ms()
        for name, column in (("ltp", ticks.ltp), ("bid", ticks.bid), ("ask", ticks.ask)):
            block[:, _AT[name]] = column[last]
        block[:, _AT["bid_qty"]] = ticks.bid_qty[last]
        block[:, _AT["ask_qty"]] = ticks.ask_qty[last]
        block[:, _AT["volume"]] = meta["volume"]
        block[:, _AT["oi"]] = meta["oi"]
        if inside is None:
            _widen_range(block, ticks.ltp, first)
        elif inside.any():
            # open, high and low of the day are made in trading phases only
            traded, ltp = ticks.rows[inside], ticks.ltp[inside]
            begin = np.flatnonzero(np.append(True, traded[1:] != traded[:-1]))
            which = np.searchsorted(rows, traded[begin])
            some = block[which]
            _widen_range(some, ltp, begin)
            block[which, _AT["open"] : _AT["low"] + 1] = some[:, _AT["open"] : _AT["low"] + 1]
        if self._some_stale:
            records["flags"] &= ~np.uint32(FLAG_STALE)
        scatter(slots.quotes, rows, records)
        self._segments.ticked[self.catalogue.segment[rows]] = self._last_tick

    def _tell(self, source: str, ticks: Screened) -> None:
        """Hand ticks to the engines that watch, and those of all watched rows to the store."""

        def make(index: npt.NDArray[np.int64]) -> TickBatch:
            pick = index[np.argsort(ticks.place[index], kind="stable")]
            return TickBatch(
                source=source,
                rows=ticks.rows[pick],
                time_ns=ticks.time_ns[pick],
                ltp=ticks.ltp[pick],
                bid=ticks.bid[pick],
                ask=ticks.ask[pick],
                bid_qty=ticks.bid_qty[pick],
                ask_qty=ticks.ask_qty[pick],
                volume=ticks.volume[pick],
                oi=ticks.oi[pick],
            )

        wanted = np.flatnonzero(self.watches.counted[ticks.rows])
        if len(wanted):
            kept = make(wanted)
            self.book.keep_ticks(self.catalogue.keys[kept.rows].tolist(), kept)
            self.watches.tell(ticks.rows, make)

    def _source(self, name: str) -> int:
        if name not in self.sources:
            if len(self.sources) > _SOURCES:
                return 0
            self.sources.append(name)
        return self.sources.index(name)


def _chunks(batch: TickBatch) -> list[TickBatch]:
    """The batch in pieces of `CHUNK` ticks; its books go with the last piece."""
    size = len(batch.rows)
    if size <= CHUNK:
        return [batch]
    names = ("rows", "time_ns", "ltp", "bid", "ask", "bid_qty", "ask_qty", "volume", "oi")
    return [
        TickBatch(
            source=batch.source,
            depth=batch.depth if at + CHUNK >= size else None,
            **{name: getattr(batch, name)[at : at + CHUNK] for name in names},
        )
        for at in range(0, size, CHUNK)
    ]


def _widen_range(block: npt.NDArray[np.float64], ltp: npt.NDArray[np.float64], first: npt.NDArray[np.int64]) -> None:
    """Take the prices of each row (they begin at `first`) into its open, high and low."""
    opened, high, low = block[:, _AT["open"]], block[:, _AT["high"]], block[:, _AT["low"]]
    none = np.isnan(opened)
    if none.any():
        np.copyto(opened, ltp[first], where=none)
    np.fmax(high, np.maximum.reduceat(ltp, first), out=high)
    np.fmin(low, np.minimum.reduceat(ltp, first), out=low)
