"""Bars of live markets: what was stored here first, and what is missing from the brokers, kept once it has come."""

import asyncio
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import structlog

from server.app.live.router import Router
from server.core.clock import Clock, from_ns, to_ns
from server.core.errors import SaudaError
from server.domain.brokerage import BarLine
from server.market.intervals import overlay
from server.market.ports import BarColumns, TickBatch, TickStore

__all__ = ("LiveStore",)

_SPAN = {"1m": timedelta(days=7), "1d": timedelta(days=730)}
"""How far back a broker is asked, once a day for each instrument."""
_SLACK = timedelta(days=1)
_AT_ONCE = 2
_log = structlog.get_logger("live.history")


class LiveStore:
    """Implements `market.ports.TickStore` over another one."""

    def __init__(self, store: TickStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.router: Router | None = None
        """Set once there are accounts to ask."""
        self._asked: dict[tuple[str, str], date] = {}
        self._gate = asyncio.Semaphore(_AT_ONCE)

    def put_ticks(self, market: str, keys: list[str], batch: TickBatch) -> None:
        """Queue ticks."""
        self._store.put_ticks(market, keys, batch)

    def put_bars(self, market: str, interval: str, keys: list[str], bars: BarColumns) -> None:
        """Queue finished bars."""
        self._store.put_bars(market, interval, keys, bars)

    async def bars(self, market: str, key: str, interval: str, start_ns: int, end_ns: int, limit: int) -> BarColumns:
        """As stored; where that is short, the brokers are asked, and what they tell is stored.

        A broker that cannot answer leaves the chart with what there is: prices go on being recorded."""
        found = await self._store.bars(market, key, interval, start_ns, end_ns, limit)
        today = self._clock.now().date()
        if interval not in _SPAN or len(found.start_ns) >= limit or self._asked.get((key, interval)) == today:
            return found
        if self.router is None or not self.router.order("history", key):
            return found
        self._asked[key, interval] = today
        try:
            async with self._gate:
                told = await self._fetch(key, interval, end_ns)
        except SaudaError as error:
            self._asked.pop((key, interval), None)
            _log.info("history_not_told", key=key, interval=interval, problem=error.detail)
            return found
        if len(told.start_ns) == 0:
            return found
        self._store.put_bars(market, interval, [key] * len(told.start_ns), told)
        merged = overlay(told, found)
        keep = (merged.start_ns >= start_ns) & (merged.start_ns < end_ns)
        return BarColumns(*(getattr(merged, name)[keep][-limit:] for name in BarColumns.__struct_fields__))

    async def ticks(
        self, market: str, key: str, start_ns: int, end_ns: int, limit: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """As stored."""
        return await self._store.ticks(market, key, start_ns, end_ns, limit)

    async def closing_interest(self, market: str, since_ns: int, before_ns: int) -> dict[str, int]:
        """As stored."""
        return await self._store.closing_interest(market, since_ns, before_ns)

    async def flush(self) -> None:
        """Return when all that was queued before is on disk."""
        await self._store.flush()

    async def prune(self, kind: str, before_ns: int) -> int:
        """Drop what is older."""
        return await self._store.prune(kind, before_ns)

    async def _fetch(self, key: str, interval: str, end_ns: int) -> BarColumns:
        assert self.router is not None
        end = min(from_ns(end_ns), self._clock.now())
        start = end - _SPAN[interval] - _SLACK
        lines = await self.router.read("history", key, lambda c: c.data.history(key, interval, start, end))
        return _columns([line for line in lines if line.complete], self._clock.now())


def _columns(lines: list[BarLine], now: datetime) -> BarColumns:
    """Bars that are over, in columns."""
    over = [line for line in lines if line.start < now]

    def prices(name: str) -> npt.NDArray[np.float64]:
        return np.array([float(getattr(line, name)) for line in over], dtype=np.float64)

    def counts(name: str) -> npt.NDArray[np.int64]:
        return np.array([int(getattr(line, name) or 0) for line in over], dtype=np.int64)

    return BarColumns(
        start_ns=np.array([to_ns(line.start) for line in over], dtype=np.int64),
        open=prices("open"),
        high=prices("high"),
        low=prices("low"),
        close=prices("close"),
        volume=counts("volume"),
        oi=counts("oi"),
    )
