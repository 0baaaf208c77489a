"""The 30-day at-the-money volatility of each index, kept by the minute, so that a year's rank survives a restart.

Kept as bars of a series of their own; the tick store folds them into days. Replays are not recorded: their days are
history already, and the same day may be replayed many times.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import numpy as np
import structlog

from server.analytics.chains import Chains
from server.analytics.contracts import ChainId
from server.analytics.terms import constant_maturity
from server.analytics.underlyings import Underlying, underlyings
from server.core.clock import Clock, to_ns
from server.core.errors import SaudaError
from server.market.market import Market
from server.market.ports import BarColumns, TickStore

__all__ = ("Minutes", "bracket", "series_key")

_LOOK_EVERY = 5.0
_MINUTE = 60_000_000_000
_log = structlog.get_logger("volatility")


def series_key(underlying: str) -> str:
    """Key of an underlying's 30-day volatility in the tick store."""
    return f"IV30:{underlying}"


def bracket(found: Underlying, market: Market) -> list[ChainId]:
    """The chains about thirty days ahead: the last one before and the first one after, those nearest where one side
    is missing."""
    month = market.day + timedelta(days=30)
    before = [e for e in found.expiries if e <= month][-1:]
    after = [e for e in found.expiries if e > month][:1]
    return [ChainId(found.name, e) for e in (*before, *after)]


class Minutes:
    """Samples and keeps; see the module's text."""

    def __init__(self, chains: Chains, markets: Mapping[str, Market], store: TickStore, clock: Clock) -> None:
        self._chains = chains
        self._markets = markets
        self._store = store
        self._clock = clock
        self._kept: dict[str, int] = {}
        self.latest: dict[tuple[str, str], float] = {}
        """Newest volatility by (market, underlying key)."""

    async def run(self, ready: Callable[[], None]) -> None:
        """Sample each market minute until cancelled (a supervisor part)."""
        ready()
        while True:
            for market in list(self._markets.values()):
                if market.kind != "replay":
                    await self._sample(market)
            await self._clock.sleep(_LOOK_EVERY)

    async def _sample(self, market: Market) -> None:
        minute = to_ns(market.now()) // _MINUTE * _MINUTE
        if self._kept.get(market.id) == minute or market.phase().name != "continuous":
            return
        self._kept[market.id] = minute
        start = np.array([minute], dtype=np.int64)
        whole = np.zeros(1, dtype=np.int64)
        for found in underlyings(market):
            if found.kind != "INDEX":
                break
            try:
                views = await self._chains.bare(market.id, bracket(found, market))
            except SaudaError as error:
                _log.info("no_volatility", underlying=found.key, error=error.detail)
                continue
            iv = constant_maturity([(view.term.years, view.summary.atm_iv) for view in views])
            if iv is None:
                continue
            self.latest[market.id, found.key] = iv
            one = np.array([iv])
            bars = BarColumns(start, one, one, one, one, whole, whole)
            self._store.put_bars(market.id, "1m", [series_key(found.key)], bars)
            await asyncio.sleep(0)
