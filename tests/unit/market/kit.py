"""What the market tests share: a market clock, a store in memory, ticks in one line, a feed that obeys."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from server.core.clock import ManualClock, to_ns
from server.core.errors import Invalid
from server.core.paths import bundled
from server.domain.instruments import Instrument
from server.market.catalogue import Catalogue
from server.market.hub import Hub
from server.market.intervals import clip_bars, empty_bars, overlay
from server.market.ports import BarColumns, DepthBatch, FeedState, TickBatch
from server.market.sessions import Sessions
from server.rulebook import Rulebook
from tests.instruments import index, option, share

__all__ = ("DAY", "INSTRUMENTS", "OPEN", "MemoryStore", "ToldFeed", "book", "make_hub", "rules", "ticks")

DAY = date(2026, 11, 20)
OPEN = datetime(2026, 11, 20, 3, 45, tzinfo=UTC)
"""09:15 IST of a Friday."""

INSTRUMENTS = (
    index("NIFTY"),
    share("RELIANCE"),
    option("NIFTY", date(2026, 12, 1), 24500, "CE"),
    option("NIFTY", date(2026, 12, 1), 24500, "PE"),
)


@cache
def rules() -> Rulebook:
    """The rules that ship."""
    return Rulebook.load(bundled("config") / "rules")


class MemoryStore:
    """`TickStore` in memory, which keeps the order of what it was given."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], BarColumns] = {}
        self.tick_rows: dict[tuple[str, str], list[tuple[int, float, int]]] = {}
        self.calls: list[str] = []
        self.closing: dict[str, int] = {}

    def put_ticks(self, market: str, keys: list[str], batch: TickBatch) -> None:
        for key, at, price, volume in zip(
            keys, batch.time_ns.tolist(), batch.ltp.tolist(), batch.volume.tolist(), strict=True
        ):
            self.tick_rows.setdefault((market, key), []).append((at, price, volume))

    def put_bars(self, market: str, interval: str, keys: list[str], bars: BarColumns) -> None:
        self.calls.append(interval)
        for i, key in enumerate(keys):
            one = BarColumns(*(getattr(bars, n)[i : i + 1] for n in BarColumns.__struct_fields__))
            old = self.kept.get((market, key, interval), empty_bars())
            same = old.start_ns != one.start_ns[0]
            rest = BarColumns(*(getattr(old, n)[same] for n in BarColumns.__struct_fields__))
            self.kept[(market, key, interval)] = overlay(rest, one)

    async def bars(self, market: str, key: str, interval: str, start_ns: int, end_ns: int, limit: int) -> BarColumns:
        await asyncio.sleep(0)
        return clip_bars(self.kept.get((market, key, interval), empty_bars()), end_ns, limit)

    async def ticks(
        self, market: str, key: str, start_ns: int, end_ns: int, limit: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        rows = [r for r in self.tick_rows.get((market, key), []) if start_ns <= r[0] < end_ns][-limit:]
        times, prices, volumes = zip(*rows, strict=True) if rows else ((), (), ())
        return np.array(times, np.int64), np.array(prices, np.float64), np.array(volumes, np.int64)

    async def flush(self) -> None:
        await asyncio.sleep(0)

    async def closing_interest(self, market: str, since_ns: int, before_ns: int) -> dict[str, int]:
        return dict(self.closing)

    async def prune(self, kind: str, before_ns: int) -> int:
        raise NotImplementedError


class ToldFeed:
    """A `Feed` on a clock of its own that sends what the test tells it to."""

    source = "told"

    def __init__(self, instruments: Sequence[Instrument] = INSTRUMENTS, start: datetime = OPEN) -> None:
        self.listed = list(instruments)
        self.clock = ManualClock(start)
        self.closes: dict[str, float] = {}
        self.phase = "running"
        self.sink: Callable[[TickBatch], None] | None = None
        self.on_day: Callable[[date], None] | None = None
        self.end = asyncio.Event()
        self.failure: Exception | None = None

    def instruments(self) -> list[Instrument]:
        return list(self.listed)

    def now(self) -> datetime:
        return self.clock.now()

    def state(self) -> FeedState:
        return FeedState(source=self.source, state=self.phase, market_time=self.now(), day=DAY)

    async def run(self, sink: Callable[[TickBatch], None], on_day: Callable[[date], None]) -> None:
        self.sink, self.on_day = sink, on_day
        on_day(DAY)
        await self.end.wait()
        if self.failure is not None:
            raise self.failure

    def control(self, action: str, **arguments: Any) -> FeedState:
        if action == "seek":
            self.clock.jump(arguments["to"])
        elif action in ("pause", "play"):
            self.phase = "paused" if action == "pause" else "running"
        else:
            raise Invalid(f"cannot {action}")
        return self.state()

    def previous_closes(self) -> dict[str, float]:
        return dict(self.closes)


def make_hub(
    instruments: Sequence[Instrument] = INSTRUMENTS,
    *,
    at: datetime = OPEN,
    store: MemoryStore | None = None,
    day: bool = True,
    closes: dict[str, float] | None = None,
) -> tuple[Hub, ManualClock, ManualClock]:
    """(hub, wall clock, market clock), its day begun at the opening unless told otherwise."""
    wall, market = ManualClock(datetime(2026, 11, 20, 12, 0, tzinfo=UTC)), ManualClock(at)
    hub = Hub("sim", Catalogue(instruments), wall, market.now, Sessions(rules()), store)
    if day:
        hub.start_day(DAY, closes or {})
    return hub, wall, market


def ticks(*rows: tuple[int, float, float], volume: int | Sequence[int] = 0, **columns: Any) -> TickBatch:
    """(row, seconds after the opening, price) each; bid and ask lie 0.05 around it unless given."""
    count = len(rows)
    ltp = np.array([r[2] for r in rows], dtype=np.float64)
    base: dict[str, Any] = {
        "source": "told",
        "rows": np.array([r[0] for r in rows], dtype=np.int32),
        "time_ns": np.array([to_ns(OPEN + timedelta(seconds=r[1])) for r in rows], dtype=np.int64),
        "ltp": ltp,
        "bid": np.round(ltp - 0.05, 2),
        "ask": np.round(ltp + 0.05, 2),
        "bid_qty": np.full(count, 65, dtype=np.int64),
        "ask_qty": np.full(count, 130, dtype=np.int64),
        "volume": np.broadcast_to(np.array(volume, dtype=np.int64), count).copy(),
        "oi": np.zeros(count, dtype=np.int64),
    }
    for name, value in columns.items():
        kind = base[name].dtype if isinstance(base.get(name), np.ndarray) else None
        base[name] = np.broadcast_to(np.array(value, dtype=kind), count).copy() if kind is not None else value
    return TickBatch(**base)


def book(row: int, best_bid: float, best_ask: float, quantity: int = 65) -> DepthBatch:
    """Five levels a side, a tick apart."""
    steps = np.arange(5) * 0.05
    quantities = np.full((1, 5), quantity, dtype=np.int64)
    return DepthBatch(
        np.array([row], dtype=np.int32),
        np.round(best_bid - steps, 2)[None, :],
        quantities,
        np.round(best_ask + steps, 2)[None, :],
        quantities,
    )
