"""The course of each account's profit through the market day, a point a market minute, kept as bars."""

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from server.core.clock import Clock, to_ns
from server.core.errors import SaudaError
from server.domain.accounts import Account
from server.market.market import Market
from server.market.ports import BarColumns, TickStore

__all__ = ("Curve",)

_MINUTE = 60_000_000_000
_LOOK_EVERY = 1.0
_MOST = 500


class Curve:
    """Samples, keeps and gives the course of profit.

    Args:
        profit: account id -> profit of the day in paise.
        market: account id -> its market.
    """

    def __init__(
        self,
        clock: Clock,
        store: TickStore,
        accounts: Callable[[], Sequence[Account]],
        profit: Callable[[str], int],
        market: Callable[[str], Market],
    ) -> None:
        self._clock = clock
        self._store = store
        self._accounts = accounts
        self._profit = profit
        self._market = market
        self._points: dict[str, dict[int, float]] = {}
        self._days: dict[str, object] = {}

    def points(self, account: str) -> list[tuple[int, float]]:
        """[market time in ms, rupees] of the present market day, oldest first."""
        return [(minute // 1_000_000, value) for minute, value in self._points.get(account, {}).items()]

    async def run(self, ready: Callable[[], None]) -> None:
        """Sample until cancelled (a supervisor part)."""
        for account in self._accounts():
            await self._load(account.id)
        ready()
        while True:
            for account in self._accounts():
                try:
                    self._sample(account.id)
                except SaudaError:
                    continue  # its market does not run
            await self._clock.sleep(_LOOK_EVERY)

    async def _load(self, account: str) -> None:
        try:
            market = self._market(account)
        except SaudaError:
            return  # its market does not run
        start = _midnight(market.now())
        bars = await self._store.bars(market.id, _key(account), "1m", start, to_ns(market.now()), _MOST)
        self._points[account] = dict(zip(bars.start_ns.tolist(), bars.close.tolist(), strict=True))
        self._days[account] = market.day

    def _sample(self, account: str) -> None:
        market = self._market(account)
        if market.phase().name == "closed":
            return
        if self._days.get(account) != market.day:
            self._days[account] = market.day
            self._points[account] = {}
        minute = to_ns(market.now()) // _MINUTE * _MINUTE
        points = self._points.setdefault(account, {})
        value = self._profit(account) / 100
        if minute not in points:
            one = np.array([value])
            whole = np.zeros(1, dtype=np.int64)
            start = np.array([minute], dtype=np.int64)
            self._store.put_bars(market.id, "1m", [_key(account)], BarColumns(start, one, one, one, one, whole, whole))
        points[minute] = value


def _key(account: str) -> str:
    return f"ACCOUNT:{account}"


def _midnight(moment: datetime) -> int:
    day_ns = 86_400_000_000_000
    ist_ns = 19_800_000_000_000
    return (to_ns(moment) + ist_ns) // day_ns * day_ns - ist_ns
