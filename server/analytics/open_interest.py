"""Open interest at the end of the session before, by contract: what today's change is counted from.

It comes from the store's bars of that session, for a whole market at once; a contract that has none (a new one, or one
never recorded) counts from the first open interest seen today.
"""

import asyncio
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt
import structlog

from server.core.errors import SaudaError
from server.market.market import Market
from server.market.sessions import midnight_ns
from server.rulebook import Rulebook

__all__ = ("ClosingStore", "OpeningInterest")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
_SEGMENT = "INDEX_OPT"
_log = structlog.get_logger("chains")


class ClosingStore(Protocol):
    """A tick store that can tell the open interest at the end of a session."""

    async def closing_interest(self, market: str, since_ns: int, before_ns: int) -> dict[str, int]:
        """Last open interest above zero of each instrument in [since, before), by key."""
        ...


class OpeningInterest:
    """Of all markets; read once a day each, in the background."""

    def __init__(self, store: ClosingStore | None, rulebook: Rulebook) -> None:
        self._store = store
        self._rulebook = rulebook
        self._day: dict[str, date] = {}
        self._before: dict[str, F8] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, market: Market, rows: I8, now: F8) -> F8:
        """Open interest before today for catalogue rows (-1 = NaN), given what it is now."""
        known = self._table(market)
        places = np.maximum(rows, 0)
        seen = (rows >= 0) & np.isfinite(now) & np.isnan(known[places])
        known[places[seen]] = now[seen]
        return np.where(rows >= 0, known[places], np.nan)

    def forget(self, market: str) -> None:
        """A market has gone."""
        self._day.pop(market, None)
        self._before.pop(market, None)

    async def close(self) -> None:
        """Wait for what is being read (it is one query)."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _table(self, market: Market) -> F8:
        size = len(market.catalogue)
        if self._day.get(market.id) != market.day:
            self._day[market.id] = market.day
            self._before[market.id] = np.full(size, np.nan)
            if self._store is not None:
                task = asyncio.create_task(self._read(market, market.day), name="opening-interest")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        known = self._before[market.id]
        if len(known) < size:
            known = self._before[market.id] = np.concatenate((known, np.full(size - len(known), np.nan)))
        return known

    async def _read(self, market: Market, day: date) -> None:
        assert self._store is not None
        try:
            eve = self._rulebook.previous_trading_day(day, _SEGMENT)
            found = await self._store.closing_interest(market.id, midnight_ns(eve), midnight_ns(day))
        except SaudaError as error:
            _log.info("no_opening_interest", market=market.id, error=error.detail)
            return
        if self._day.get(market.id) != day:
            return
        table = self._table(market)
        for key, oi in found.items():
            row = market.catalogue.find(key)
            if row is not None:
                table[row] = float(oi)
