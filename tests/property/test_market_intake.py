"""The column-wise pipeline says what a tick-by-tick reading says, however the ticks are cut into batches."""

import asyncio
import math
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core.clock import to_ns
from server.market.hub import Hub
from server.market.ports import BarColumns, TickBatch
from tests.unit.market.kit import INSTRUMENTS, OPEN, MemoryStore, make_hub

EXAMPLES = 5_000 if os.environ.get("SAUDA_LONG") == "1" else 150
EDGES = {"opening": OPEN - timedelta(minutes=1), "closing": OPEN + timedelta(hours=6, minutes=18)}
"""Where the ticks' time 0 lies: a minute before 09:15, two minutes before 15:35, when the closing auction ends."""
FACTOR = {0: (1.05, 1.0), 1: (1.25, 1.0), 2: (5.0, 25.0), 3: (5.0, 25.0)}


@dataclass(frozen=True)
class Tick:
    """One tick in plain numbers; `at` in tenths of a second after the edge."""

    row: int
    at: int
    ltp: float
    bid: float
    ask: float
    volume: int


@dataclass
class Reference:
    """The pipeline as a person would write it: one tick after another."""

    edge: str
    drops: Counter[str] = field(default_factory=Counter)
    last: dict[int, Tick] = field(default_factory=dict)
    held: dict[int, tuple[int, float]] = field(default_factory=dict)
    bars: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    range: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    carry: Counter[int] = field(default_factory=Counter)

    def take(self, t: Tick) -> None:
        if not 0 <= t.row < len(INSTRUMENTS):
            self.drops["unknown_row"] += 1
            return
        if not (0 < t.ltp < math.inf) or t.bid < 0 or t.ask < 0 or math.isinf(t.bid) or math.isinf(t.ask):
            self.drops["bad_price"] += 1
            return
        if t.bid > t.ask > 0:
            self.drops["crossed"] += 1
            return
        before = self.last.get(t.row)
        if before and t.at < before.at:
            self.drops["backwards"] += 1
            return
        if before and self.jumps(t.row, before.ltp, t.ltp):
            count, price = self.held.get(t.row, (0, 0.0))
            count = 1 if count == 0 or self.jumps(t.row, price, t.ltp) else count + 1
            if count < 3:
                self.held[t.row] = (count, t.ltp)
                self.drops["outlier"] += 1
                return
        self.held.pop(t.row, None)
        volume = max(t.volume, before.volume) if before else t.volume
        clean = Tick(t.row, t.at, t.ltp, t.bid or math.nan, t.ask or math.nan, volume)
        if before and repr(clean) == repr(before):
            self.drops["duplicate"] += 1
            return
        self.last[t.row] = clean
        self.fold(clean, volume - (before.volume if before else 0))

    def fold(self, t: Tick, traded: int) -> None:
        if not self.inside(t):
            self.carry[t.row] += traded
            return
        # the tick of the closing second belongs to the last minute
        at = min(t.at, 1_199) if self.edge == "closing" and t.row in (0, 1) else t.at
        bar = self.bars.setdefault((t.row, at // 600), [t.ltp, t.ltp, t.ltp, t.ltp, 0])
        bar[1], bar[2], bar[3] = max(bar[1], t.ltp), min(bar[2], t.ltp), t.ltp
        bar[4] += traded + self.carry.pop(t.row, 0)
        first, high, low = self.range.get(t.row, (t.ltp, t.ltp, t.ltp))
        self.range[t.row] = (first, max(high, t.ltp), min(low, t.ltp))

    def inside(self, t: Tick) -> bool:
        if self.edge == "opening":
            return t.at >= 600
        return t.row in (2, 3) or t.at < 1_210  # options trade until 15:40

    @staticmethod
    def jumps(row: int, last: float, price: float) -> bool:
        factor, floor = FACTOR[row]
        high, low = max(last, price), min(last, price)
        return high > low * factor and high - low > floor


prices = st.sampled_from(
    [100.0, 100.05, 101.0, 99.95, 104.0, 130.0, 150.0, 700.0, 12.0, 0.05, 0.0, -1.0, math.nan, math.inf]
)
sides = st.sampled_from([0.0, 99.0, 99.9, 100.0, 100.1, 130.0, -1.0, math.nan, math.inf])
ticks = st.builds(
    Tick, st.sampled_from([0, 1, 1, 1, 2, 3, 4, -1]), st.integers(0, 2_400), prices, sides, sides, st.integers(0, 30)
)
# mostly well-behaved runs with faults among them: times that go on, and now and then a copy
runs = st.lists(st.tuples(ticks, st.booleans(), st.booleans()), max_size=60).map(lambda items: _ordered(items))


def _ordered(items: list[tuple[Tick, bool, bool]]) -> list[Tick]:
    found: list[Tick] = []
    clock = 0
    for tick, keep_time, copy in items:
        if copy and found:
            found.append(found[-1])
            continue
        clock = min(2_400, clock + tick.at % 97)
        at = tick.at if keep_time else clock
        found.append(Tick(tick.row, at, tick.ltp, tick.bid, tick.ask, tick.volume))
    return found


def batch_of(some: list[Tick], edge: str) -> TickBatch:
    count = len(some)
    start = to_ns(EDGES[edge])
    return TickBatch(
        source="told",
        rows=np.array([t.row for t in some], dtype=np.int32),
        time_ns=np.array([start + t.at * 100_000_000 for t in some], dtype=np.int64),
        ltp=np.array([t.ltp for t in some], dtype=np.float64),
        bid=np.array([t.bid for t in some], dtype=np.float64),
        ask=np.array([t.ask for t in some], dtype=np.float64),
        bid_qty=np.zeros(count, dtype=np.int64),
        ask_qty=np.zeros(count, dtype=np.int64),
        volume=np.array([t.volume for t in some], dtype=np.int64),
        oi=np.zeros(count, dtype=np.int64),
    )


def fed(
    run: list[Tick], cuts: list[int], edge: str, store: MemoryStore | None = None, *, sweep: bool = False
) -> tuple[Hub, Reference]:
    """A hub that took the run in some cut, and the reference that read it tick by tick."""
    reference = Reference(edge)
    for tick in run:
        reference.take(tick)
    hub, _, market = make_hub(store=store)
    market.jump(EDGES[edge] + timedelta(minutes=5))
    edges = sorted({0, len(run), *(c % (len(run) + 1) for c in cuts)})
    for low, high in pairwise(edges):
        hub.intake(batch_of(run[low:high], edge))
        if sweep:
            hub.housekeep()  # ends minutes early: what comes late must still end in the right bar
    return hub, reference


@settings(max_examples=EXAMPLES, deadline=None)
@given(runs, st.lists(st.integers(0, 100), max_size=8), st.sampled_from(sorted(EDGES)))
def test_intake_when_cut_anyhow_then_equals_a_reading_tick_by_tick(run: list[Tick], cuts: list[int], edge: str) -> None:
    hub, reference = fed(run, cuts, edge)
    assert hub.intake_stats().drops == dict(reference.drops)
    for row, instrument in enumerate(INSTRUMENTS):
        quote = hub.quote(instrument.key)
        if row not in reference.last:
            assert quote is None
            continue
        tick = reference.last[row]
        assert quote is not None
        record = hub.slots.quotes[row]
        assert (float(quote.ltp), quote.volume) == (tick.ltp, tick.volume)
        assert repr((float(record["bid"]), float(record["ask"]))) == repr((tick.bid, tick.ask))
        figures = (float(record["open"]), float(record["high"]), float(record["low"]))
        assert repr(figures) == repr(reference.range.get(row, (math.nan, math.nan, math.nan)))
        assert hub.slots.time_ns[row] == to_ns(EDGES[edge]) + tick.at * 100_000_000


@settings(max_examples=EXAMPLES, deadline=None)
@given(runs, st.lists(st.integers(0, 100), max_size=8), st.sampled_from(sorted(EDGES)), st.booleans())
def test_bars_when_cut_anyhow_then_every_minute_is_whole(
    run: list[Tick], cuts: list[int], edge: str, sweep: bool
) -> None:
    store = MemoryStore()
    hub, reference = fed(run, cuts, edge, store, sweep=sweep)
    asyncio.run(hub.close())
    for row, instrument in enumerate(INSTRUMENTS):
        expected = {minute: bar for (r, minute), bar in reference.bars.items() if r == row}
        kept = store.kept.get(("sim", instrument.key, "1m"))
        assert ({} if kept is None else _by_minute(kept, to_ns(EDGES[edge]))) == expected


def _by_minute(bars: BarColumns, start_ns: int) -> dict[int, list[float]]:
    columns = [getattr(bars, n).tolist() for n in ("start_ns", "open", "high", "low", "close", "volume")]
    return {(s - start_ns) // 60_000_000_000: [o, h, low, c, v] for s, o, h, low, c, v in zip(*columns, strict=True)}
