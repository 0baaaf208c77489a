"""The simulated market's keeper: resumes it where it was, saves where it stands, fills its chart history.

The snapshot is a small file beside the database. After a cut the market goes on from the latest moment anybody can
have seen: the snapshot's, or that of the newest order or fill in the journal if it is later.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import structlog

from server.app.settings import Settings
from server.core.bus import Bus
from server.core.clock import IST, Clock, to_ns
from server.core.errors import SaudaError
from server.feeds.simulator.feed import Simulator
from server.market.market import Market
from server.rulebook import Rulebook
from server.storage.store import Storage
from server.storage.timeseries.store import DuckStore

__all__ = ("ACCOUNT", "MARKET", "Simulated")

MARKET = "sim"
ACCOUNT = "paper-sim"
_SNAPSHOT = "simulator.state"
_SAVE_EVERY = 5.0
_DAILY_BARS = 250
_FLUSH_ROWS = 20_000
_WITNESS = "NSE_INDEX:NIFTY"

_log = structlog.get_logger("simulated")


class Simulated:
    """Makes, resumes and saves the simulated market."""

    def __init__(self, data: Path, settings: Settings, rulebook: Rulebook, clock: Clock, bus: Bus) -> None:
        self._file = data / _SNAPSHOT
        self._clock = clock
        self._settings = settings.market
        self._rulebook = rulebook
        self._bus = bus
        self.feed = self._fresh()
        self.resumed = False
        self._refused = False
        self._market: Market | None = None

    async def market(self, storage: Storage) -> Market:
        """The market, standing where it was left; a snapshot that cannot be used is said and put aside."""
        last = await _last_moment(storage)
        if self._file.exists():
            try:
                self.feed.restore(self._file.read_bytes(), last)
                self.resumed = True
            except SaudaError as error:
                _log.warning("snapshot_unusable", problem=error.detail)
                self._file.replace(self._file.with_suffix(".unusable"))
                self.feed = self._fresh()
        if not self.resumed:
            # without a snapshot too, market time must not go back behind what the journal has seen
            self.feed.restore(self.feed.snapshot(), last)
            self.save()
        self._market = Market(
            MARKET, 1, "simulated", "Simulated market", self.feed, self._rulebook, self._clock, self._bus, storage.ticks
        )
        return self._market

    async def keep(self, ready: Callable[[], None]) -> None:
        """Save the snapshot every few seconds and at the end (a supervisor part)."""
        ready()
        try:
            while True:
                await self._clock.sleep(_SAVE_EVERY)
                self.save()
        finally:
            self.save()

    def save(self) -> None:
        """Write the snapshot whole or not at all; a disk that refuses is said once, and tried again the next time."""
        spare = self._file.with_suffix(".new")
        try:
            with spare.open("wb") as file:
                file.write(self.feed.snapshot())
                file.flush()
                os.fsync(file.fileno())  # else a power cut may leave the new name with nothing in it
            spare.replace(self._file)
        except OSError as error:
            if not self._refused:
                _log.warning("snapshot_not_saved", problem=str(error))
            self._refused = True
        else:
            self._refused = False

    async def fill_history(self, store: DuckStore) -> None:
        """Bars before the first day, once; after a restart, those of today that the cut may have lost."""
        begin = datetime.combine(self.feed.first_day, datetime.min.time(), IST)
        # daily bars are written last: where there are more of them than fold from the minutes, all the rest is there
        fine = self._settings.history_days
        kept = await store.bars(MARKET, _WITNESS, "1d", 0, to_ns(begin), fine + 1)
        if len(kept.start_ns) <= fine:
            await self._fill(store)
        if self.resumed:
            midnight = datetime.combine(self.feed.state().day, datetime.min.time(), IST)
            for keys, bars in self.feed.minute_bars(midnight, self.feed.now()):
                store.put_bars(MARKET, "1m", keys, bars)
                await asyncio.sleep(0)
            await store.flush()
            day = self.feed.state().day
            ranges = await store.ranges(MARKET, to_ns(midnight), to_ns(self.feed.now()))
            if self._market is not None and self._market.day == day == midnight.date():
                self._market.hub.remember(ranges)

    async def _fill(self, store: DuckStore) -> None:
        """Draw the past piece by piece beside the loop, no faster than the store writes."""
        pieces = self.feed.past(self._settings.history_days, _DAILY_BARS)
        waiting = 0
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            if piece.interval == "1d" and waiting:
                await store.flush()
                waiting = 0
            store.put_bars(MARKET, piece.interval, piece.keys, piece.bars)
            waiting += len(piece.keys) if piece.interval == "1m" else 0
            if waiting > _FLUSH_ROWS:
                await store.flush()
                waiting = 0
        # sorted and on disk, this much takes a third of the memory
        await store.compact()

    def _fresh(self) -> Simulator:
        chosen = self._settings
        return Simulator(
            self._rulebook,
            self._clock,
            seed=chosen.seed,
            speed=chosen.speed,
            scenario=chosen.scenario,
            volatility=chosen.volatility,
            start=date.fromisoformat(chosen.start) if chosen.start else None,
        )


async def _last_moment(storage: Storage) -> datetime | None:
    """Newest market time that the journal of the account has seen."""
    orders = await storage.orders.page(ACCOUNT, limit=1)
    trades = await storage.fills.page(ACCOUNT, limit=1)
    lines = await storage.postings.statement(ACCOUNT, limit=1)
    moments = [order.created_market for order in orders] + [trade.fill.at_market for trade in trades]
    moments += [line.posting.at_market for line in lines]
    return max(moments, default=None)
