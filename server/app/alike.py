"""How alike underlyings move: correlations of daily returns, from stored daily bars, beside the order path."""

import asyncio
from collections.abc import Callable, Mapping

import numpy as np

from server.core.clock import Clock, to_ns
from server.market.market import Market
from server.market.ports import TickStore
from server.risk.exposure import Correlations, correlations

__all__ = ("Alike",)

_DAYS = 120
_FIRST_AFTER = 20.0
"""Seconds: a start has better things to do."""
_EVERY = 3_600.0
_NS_DAY = 86_400_000_000_000


class Alike:
    """Fills `known`, by market id, once an hour.

    Args:
        known: where the order path looks; what is not there is not known to it.
    """

    def __init__(
        self, clock: Clock, store: TickStore, markets: Mapping[str, Market], known: dict[str, Correlations]
    ) -> None:
        self._clock = clock
        self._store = store
        self._markets = markets
        self._known = known

    async def run(self, ready: Callable[[], None]) -> None:
        """Work until cancelled (a supervisor part)."""
        ready()
        await self._clock.sleep(_FIRST_AFTER)
        while True:
            for market in list(self._markets.values()):
                self._known[market.id] = await self.of(market)
            await self._clock.sleep(_EVERY)

    async def of(self, market: Market) -> Correlations:
        """Correlations of a market's indices and shares; empty where no days are stored."""
        keys = [i.key for i in market.catalogue.instruments if i.kind in ("INDEX", "SHARE")]
        until = to_ns(market.now())
        found: dict[str, dict[int, float]] = {}
        for key in keys:
            bars = await self._store.bars(market.id, key, "1d", 0, until, _DAYS)
            days = (bars.start_ns // _NS_DAY).tolist()
            found[key] = dict(zip(days, bars.close.tolist(), strict=True))
            await asyncio.sleep(0)
        days = sorted({day for one in found.values() for day in one})
        if not days:
            return {}
        closes = np.full((len(days), len(keys)), np.nan)
        place = {day: row for row, day in enumerate(days)}
        for column, key in enumerate(keys):
            for day, close in found[key].items():
                closes[place[day], column] = close
        return await asyncio.to_thread(correlations, keys, closes)
