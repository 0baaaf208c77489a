"""Where implied volatility stands in its year: by the app's own record where that is long enough, else by the
volatility index, which is said."""

import asyncio
from datetime import date
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.analytics.minutes import Minutes, series_key
from server.analytics.underlyings import volatility_index
from server.analytics.view import ChainView
from server.core.errors import SaudaError
from server.market.market import Market
from server.market.ports import TickStore
from server.market.sessions import midnight_ns
from server.options.rank import rank

__all__ = ("History", "Ranks", "share")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
_YEAR = 252
_OWN = 120
"""Days of own record from which it is preferred to the volatility index."""
_PERCENT = 100.0


class History(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Daily volatility of the days before today, oldest first."""

    source: Literal["own", "vix", "none"]
    start_ns: I8
    values: F8
    """Fractions: 0.13 is 13 %."""


class Ranks:
    """Histories by market and underlying, read once a day."""

    def __init__(self, store: TickStore, minutes: Minutes) -> None:
        self._store = store
        self._minutes = minutes
        self._kept: dict[tuple[str, str], tuple[date, History]] = {}
        self._asked: set[tuple[str, str, date]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def history(self, market: Market, key: str, kind: str) -> History:
        """Of an underlying; `none` where there is no record and no volatility index for it."""
        kept = self._kept.get((market.id, key))
        if kept is not None and kept[0] == market.day:
            return kept[1]
        found = await self._read(market, key, kind)
        self._kept[market.id, key] = (market.day, found)
        return found

    def now(self, market: Market, key: str, source: str, atm_iv: float | None) -> float | None:
        """Volatility that is compared with a history of this source."""
        if source == "vix":
            index = volatility_index(market)
            last = market.last(index.key) / _PERCENT if index is not None else float("nan")
            return last if last > 0 else None
        return self._minutes.latest.get((market.id, key), atm_iv)

    def ranked(self, market: Market, view: ChainView) -> ChainView:
        """The view with its rank, where the history was read already; else it is read for the next one."""
        kept = self._kept.get((market.id, view.underlying))
        if kept is None or kept[0] != market.day:
            self._ask(market, view.underlying)
            return view
        history = kept[1]
        now = self.now(market, view.underlying, history.source, view.summary.atm_iv)
        found = rank(history.values, now) if now is not None else None
        if found is None:
            return view
        summary = msgspec.structs.replace(
            view.summary,
            iv_rank=share(found.rank),
            iv_percentile=share(found.percentile),
            rank_source=history.source,
        )
        return msgspec.structs.replace(view, summary=summary)

    def _ask(self, market: Market, key: str) -> None:
        asked = (market.id, key, market.day)
        if asked in self._asked:
            return
        self._asked.add(asked)
        item = market.instrument(key)

        async def read() -> None:
            try:
                await self.history(market, key, item.kind if item is not None else "")
            except SaudaError:
                self._asked.discard(asked)  # the store is not open yet: the next view asks again

        task = asyncio.get_running_loop().create_task(read(), name="rank")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, market: Market, key: str, kind: str) -> History:
        end = midnight_ns(market.day)
        own = await self._store.bars(market.id, series_key(key), "1d", 0, end, _YEAR)
        if len(own.close) >= _OWN:
            return History(source="own", start_ns=own.start_ns, values=own.close)
        index = volatility_index(market)
        if kind == "INDEX" and index is not None:
            vix = await market.hub.bars(index.key, "1d", end, _YEAR)
            if len(vix.close) > len(own.close):
                return History(source="vix", start_ns=vix.start_ns, values=vix.close / _PERCENT)
        if len(own.close):
            return History(source="own", start_ns=own.start_ns, values=own.close)
        none = np.empty(0)
        return History(source="none", start_ns=none.astype(np.int64), values=none)


def share(percent: float | None) -> float | None:
    """0..1 of 0..100."""
    return None if percent is None else percent / _PERCENT
