"""Open interest at the end of the session before, by contract: what today's change is counted from.

It comes from the market, for all of its contracts at once: what its feed began the day with, bars of that session, or
what a recorded day's own files state. A contract of which that is not known counts from the first open interest seen,
and is counted as such.
"""

import asyncio
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import structlog

from server.core.errors import Invalid, SaudaError
from server.market.market import Market
from server.market.ports import Remembering, TickStore
from server.market.sessions import midnight_ns
from server.rulebook import Rulebook

__all__ = ("Opening", "OpeningInterest")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
_SEGMENT = "INDEX_OPT"
_REACH = timedelta(days=5)
"""How far back the session before is looked for where the calendar does not know the year."""
_log = structlog.get_logger("chains")


class Opening(NamedTuple):
    """What the change of some contracts is counted from."""

    oi: F8
    """NaN = neither known nor seen yet."""
    first: int
    """How many count from the first seen."""


class OpeningInterest:
    """Of all markets; read once a day each, in the background."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._day: dict[str, date] = {}
        self._known: dict[str, F8] = {}
        self._seen: dict[str, F8] = {}
        self._at: dict[str, datetime] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ready(self, market: Market) -> None:
        """Return when what is known of the session before has been read."""
        self._tables(market)
        if (reading := self._tasks.get(market.id)) is not None:
            await asyncio.wait({reading})

    def of(self, market: Market, rows: I8, now: F8) -> Opening:
        """Open interest before today for catalogue rows (-1 = NaN), given what it is now."""
        known, seen = self._tables(market)
        if (moment := market.now()) < self._at.get(market.id, moment):
            seen[:] = np.nan  # a replay was set back: what was seen lies ahead now
        self._at[market.id] = moment
        places = np.maximum(rows, 0)
        fresh = (rows >= 0) & np.isfinite(now) & np.isnan(seen[places])
        seen[places[fresh]] = now[fresh]
        told = known[places]
        first = np.isnan(told) & (rows >= 0) & np.isfinite(seen[places])
        oi = np.where(rows >= 0, np.where(np.isnan(told), seen[places], told), np.nan)
        return Opening(oi, int(first.sum()))

    def forget(self, market: str) -> None:
        """A market has gone."""
        for kept in (self._day, self._known, self._seen, self._at):
            kept.pop(market, None)

    async def close(self) -> None:
        """Wait for what is being read (it is one query)."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _tables(self, market: Market) -> tuple[F8, F8]:
        """(told by the session before, first seen today), a place a catalogue row."""
        size = len(market.catalogue)
        if self._day.get(market.id) != market.day:
            self._day[market.id] = market.day
            self._known[market.id], self._seen[market.id] = np.full((2, size), np.nan)
            if isinstance(market.feed, Remembering):
                self._take(market, market.feed.previous_interest())
            elif market.store is not None:
                task = asyncio.create_task(self._read(market, market.store, market.day), name="opening-interest")
                self._tasks[market.id] = task
                task.add_done_callback(lambda done: self._done(market.id, done))
        for table in (self._known, self._seen):
            if len(table[market.id]) < size:
                more = np.full(size - len(table[market.id]), np.nan)
                table[market.id] = np.concatenate((table[market.id], more))
        return self._known[market.id], self._seen[market.id]

    def _done(self, market: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(market) is task:
            del self._tasks[market]

    async def _read(self, market: Market, store: TickStore, day: date) -> None:
        try:
            found = await store.closing_interest(market.id, midnight_ns(self._eve(day)), midnight_ns(day))
        except SaudaError as error:
            _log.info("no_opening_interest", market=market.id, error=error.detail)
            return
        if self._day.get(market.id) != day:
            return
        self._tables(market)
        self._take(market, found)

    def _take(self, market: Market, found: dict[str, int]) -> None:
        known = self._known[market.id]
        for key, oi in found.items():
            row = market.catalogue.find(key)
            if row is not None:
                known[row] = float(oi)

    def _eve(self, day: date) -> date:
        try:
            return self._rulebook.previous_trading_day(day, _SEGMENT)
        except Invalid:
            return day - _REACH
