"""Open interest at the end of the session before, by contract: what today's change is counted from.

It comes from the daily bars of the market; a contract that has none counts from the first open interest seen today.
"""

import asyncio
from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from server.core.errors import SaudaError
from server.market.market import Market
from server.market.sessions import midnight_ns

__all__ = ("OpeningInterest",)

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
_BREATH = 8


class OpeningInterest:
    """Of all markets; rows are looked up once a day, in the background."""

    def __init__(self) -> None:
        self._day: dict[str, date] = {}
        self._before: dict[str, F8] = {}
        self._asked: dict[str, set[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, market: Market, rows: I8, now: F8) -> F8:
        """Open interest before today for catalogue rows (-1 = NaN), given what it is now."""
        known = self._table(market)
        places = np.maximum(rows, 0)
        new = [int(row) for row in rows[rows >= 0] if int(row) not in self._asked[market.id]]
        if new:
            self._asked[market.id].update(new)
            task = asyncio.create_task(self._look(market, new), name="opening-interest")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        seen = (rows >= 0) & np.isfinite(now) & np.isnan(known[places])
        known[places[seen]] = now[seen]
        return np.where(rows >= 0, known[places], np.nan)

    def forget(self, market: str) -> None:
        """A market has gone."""
        for kept in (self._day, self._before, self._asked):
            kept.pop(market, None)  # type: ignore[attr-defined]

    async def close(self) -> None:
        """End what is being looked up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _table(self, market: Market) -> F8:
        size = len(market.catalogue)
        if self._day.get(market.id) != market.day:
            self._day[market.id] = market.day
            self._before[market.id] = np.full(size, np.nan)
            self._asked[market.id] = set()
        known = self._before[market.id]
        if len(known) < size:
            known = self._before[market.id] = np.concatenate((known, np.full(size - len(known), np.nan)))
        return known

    async def _look(self, market: Market, rows: Sequence[int]) -> None:
        day, end = market.day, midnight_ns(market.day)
        for count, row in enumerate(rows):
            try:
                bars = await market.hub.bars(market.catalogue.key(row), "1d", end, 1)
            except SaudaError:
                return  # no store, or it is closing: the first seen stays
            if self._day.get(market.id) != day:
                return
            if len(bars.oi) and bars.oi[-1] > 0:
                self._before[market.id][row] = float(bars.oi[-1])
            if count % _BREATH == 0:
                await asyncio.sleep(0)
