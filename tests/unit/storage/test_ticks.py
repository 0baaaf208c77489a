"""The tick store: what goes in comes out, folded as asked, before and after compaction and restart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.core.clock import IST, ManualClock, to_ns
from server.core.errors import Fault, Invalid, Unavailable
from server.market.ports import BARS, TICKS, BarColumns, TickBatch
from server.storage.files import TICKS as TICKS_FILE
from server.storage.timeseries.spans import SPANS, bucket_start
from server.storage.timeseries.store import DuckStore
from tests.unit.storage.samples import NOW

KEY = "NSE_INDEX:NIFTY"
FOREVER = 2**62
MINUTE = 60_000_000_000


@asynccontextmanager
async def store(folder: Path) -> AsyncIterator[DuckStore]:
    """A tick store on a folder, closed at the end."""
    made = DuckStore(folder / TICKS_FILE, ManualClock(NOW))
    made.start()
    try:
        yield made
    finally:
        made.close()


def ns(day: str, clock: str = "00:00") -> int:
    """A moment in IST."""
    return to_ns(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=IST))


def bars(starts: list[int], closes: list[float], volume: int = 10) -> BarColumns:
    """Bars that open at 1 below and reach 2 above and below their close."""
    close = np.array(closes)
    count = len(starts)
    return BarColumns(
        np.array(starts, dtype=np.int64),
        close - 1,
        close + 2,
        close - 2,
        close,
        np.full(count, volume, dtype=np.int64),
        np.arange(count, dtype=np.int64),
    )


def ticks(times: list[int], prices: list[float], volumes: list[int]) -> TickBatch:
    """Ticks of one instrument."""
    count = len(times)
    price = np.array(prices)
    whole = np.zeros(count, dtype=np.int64)
    return TickBatch(
        source="test",
        rows=np.zeros(count, dtype=np.int32),
        time_ns=np.array(times, dtype=np.int64),
        ltp=price,
        bid=np.full(count, np.nan),
        ask=price,
        bid_qty=whole,
        ask_qty=whole,
        volume=np.array(volumes, dtype=np.int64),
        oi=whole,
    )


async def test_bars_when_written_then_read_in_order_within_the_range(tmp_path: Path) -> None:
    first = ns("2026-11-20", "09:15")
    starts = [first + n * MINUTE for n in range(10)]
    async with store(tmp_path) as made:
        made.put_bars("sim", "1m", [KEY] * 10, bars(starts[::-1], [float(n) for n in range(10, 0, -1)]))
        made.put_bars("replay", "1m", [KEY], bars([first], [99.0]))
        await made.flush()
        found = await made.bars("sim", KEY, "1m", starts[2], starts[8], 4)
        assert list(found.start_ns) == starts[4:8]
        assert list(found.close) == [5.0, 6.0, 7.0, 8.0]
        assert [str(column.dtype) for column in (found.start_ns, found.open, found.oi)] == ["int64", "float64", "int64"]
        assert list((await made.bars("replay", KEY, "1m", 0, FOREVER, 5)).close) == [99.0]
        assert len((await made.bars("sim", "NSE:NONE", "1m", 0, FOREVER, 5)).close) == 0


async def test_bars_when_given_again_then_the_new_one_replaces_the_old_wherever_it_lies(tmp_path: Path) -> None:
    first = ns("2026-11-20", "09:15")
    async with store(tmp_path) as made:
        for close in (1.0, 2.0):
            made.put_bars("sim", "1m", [KEY], bars([first], [close]))
        await made.flush()
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [2.0]
        assert await made.compact() == 2
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [2.0]
        made.put_bars("sim", "1m", [KEY, KEY], bars([first, first + MINUTE], [3.0, 4.0]))
        await made.flush()
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [3.0, 4.0]
        await made.compact()
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [3.0, 4.0]
        assert await made.compact() == 0


@pytest.mark.parametrize("compacted", [False, True])
async def test_bars_when_coarser_then_folded_from_minutes_on_the_grid_of_the_session(
    tmp_path: Path, compacted: bool
) -> None:
    first = ns("2026-11-20", "09:15")
    async with store(tmp_path) as made:
        minutes = bars([first + n * MINUTE for n in range(75)], [100.0 + n for n in range(75)])
        made.put_bars("sim", "1m", [KEY] * 75, minutes)
        await made.flush()
        if compacted:
            await made.compact()
        hours = await made.bars("sim", KEY, "1h", 0, FOREVER, 10)
        assert list(hours.start_ns) == [first, first + 60 * MINUTE]
        assert (hours.open[0], hours.high[0], hours.low[0], hours.close[0]) == (99.0, 161.0, 98.0, 159.0)
        assert list(hours.volume) == [600, 150]
        assert list(hours.oi) == [59, 74]
        fives = await made.bars("sim", KEY, "5m", first + 3 * MINUTE, first + 12 * MINUTE, 10)
        # the bar at 09:15 began before the range; the one at 09:25 holds nothing from its end on
        assert list(fives.start_ns) == [first + 5 * MINUTE, first + 10 * MINUTE]
        assert list(fives.volume) == [50, 20]


async def test_bars_when_days_weeks_and_months_are_asked_then_they_begin_on_ist_dates(tmp_path: Path) -> None:
    days = ["2026-10-30", "2026-11-02", "2026-11-06", "2026-11-09"]
    async with store(tmp_path) as made:
        for number, day in enumerate(days):
            # the first minute of an IST day lies on the day before in UTC
            two = bars([ns(day, "00:05"), ns(day, "15:29")], [10.0 + number, 20.0 + number])
            made.put_bars("sim", "1m", [KEY] * 2, two)
        await made.flush()
        found = await made.bars("sim", KEY, "1d", 0, FOREVER, 10)
        assert list(found.start_ns) == [ns(day) for day in days]
        assert list(found.open) == [9.0, 10.0, 11.0, 12.0]
        weeks = await made.bars("sim", KEY, "1w", 0, FOREVER, 10)
        assert list(weeks.start_ns) == [ns("2026-10-26"), ns("2026-11-02"), ns("2026-11-09")]
        assert list(weeks.close) == [20.0, 22.0, 23.0]
        months = await made.bars("sim", KEY, "1M", 0, FOREVER, 10)
        assert list(months.start_ns) == [ns("2026-10-01"), ns("2026-11-01")]
        assert list(months.volume) == [20, 60]


async def test_bars_when_day_bars_are_stored_too_then_they_stand_and_the_rest_is_folded(tmp_path: Path) -> None:
    async with store(tmp_path) as made:
        made.put_bars("sim", "1d", [KEY] * 2, bars([ns("2026-11-18"), ns("2026-11-19")], [500.0, 600.0], 7))
        for day, close in (("2026-11-19", 1.0), ("2026-11-20", 2.0)):
            made.put_bars("sim", "1m", [KEY], bars([ns(day, "09:15")], [close]))
        await made.flush()
        assert list((await made.bars("sim", KEY, "1d", 0, FOREVER, 10)).close) == [500.0, 600.0, 2.0]
        week = await made.bars("sim", KEY, "1w", 0, FOREVER, 10)
        assert (list(week.close), list(week.volume)) == ([2.0], [24])


async def test_bars_when_few_are_asked_of_a_long_history_then_the_newest_come(tmp_path: Path) -> None:
    start = ns("2025-11-20")
    async with store(tmp_path) as made:
        starts = [start + n * 30 * 86_400_000_000_000 for n in range(12)]  # a bar a month: look-backs must widen
        made.put_bars("sim", "1m", [KEY] * 12, bars(starts, [float(n) for n in range(12)]))
        await made.flush()
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 3)).close) == [9.0, 10.0, 11.0]
        assert len((await made.bars("sim", KEY, "1m", 0, FOREVER, 500)).close) == 12


async def test_ticks_when_recorded_twice_then_once_and_in_time_order(tmp_path: Path) -> None:
    first = ns("2026-11-20", "09:15")
    times = [first + n * 400_000_000 for n in range(6)]
    batch = ticks(times, [100.0, 101.0, 99.0, 99.0, 102.0, 101.5], [10, 15, 15, 30, 31, 40])
    async with store(tmp_path) as made:
        made.put_ticks("replay", [KEY] * 6, batch)
        await made.flush()
        await made.compact()
        made.put_ticks("replay", [KEY] * 6, batch)
        await made.flush()
        when, price, volume = await made.ticks("replay", KEY, 0, FOREVER, 100)
        assert list(when) == times
        assert list(price) == [100.0, 101.0, 99.0, 99.0, 102.0, 101.5]
        assert list(volume) == [10, 15, 15, 30, 31, 40]
        when, _, _ = await made.ticks("replay", KEY, times[1], times[5], 2)
        assert list(when) == times[3:5]
        await made.compact()
        assert made.facts().ticks in (6, 12)
        seconds = await made.bars("replay", KEY, "1s", 0, FOREVER, 10)
        assert list(seconds.start_ns - first) == [0, 1_000_000_000, 2_000_000_000]
        assert list(seconds.open) == [100.0, 99.0, 101.5]
        assert list(seconds.high) == [101.0, 102.0, 101.5]
        assert list(seconds.close) == [99.0, 102.0, 101.5]
        assert list(seconds.volume) == [5, 16, 9]


async def test_prune_when_old_then_only_that_kind_and_age_goes(tmp_path: Path) -> None:
    old, new = ns("2026-11-01", "10:00"), ns("2026-11-20", "10:00")
    async with store(tmp_path) as made:
        made.put_bars("sim", "1m", [KEY] * 2, bars([old, new], [1.0, 2.0]))
        made.put_bars("sim", "1d", [KEY], bars([ns("2026-11-01")], [1.0]))
        made.put_ticks("sim", [KEY] * 2, ticks([old, new], [1.0, 2.0], [1, 2]))
        await made.flush()
        await made.compact()
        assert await made.prune(TICKS, new) == 1
        assert await made.prune(BARS, new) == 1
        assert await made.prune("bars:1d", new) == 1
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [2.0]
        assert list((await made.ticks("sim", KEY, 0, FOREVER, 9))[1]) == [2.0]
        with pytest.raises(Invalid):
            await made.prune("orders", new)
        with pytest.raises(Invalid):
            await made.bars("sim", KEY, "7m", 0, FOREVER, 9)


async def test_restart_when_written_then_everything_is_there_and_goes_on(tmp_path: Path) -> None:
    first = ns("2026-11-20", "09:15")
    async with store(tmp_path) as made:
        made.put_bars("sim", "1m", [KEY, "NSE:INFY"], bars([first, first], [1.0, 5.0]))
    async with store(tmp_path) as made:
        assert await made.opened() == ""
        made.put_bars("sim", "1m", ["NSE:TCS", KEY], bars([first, first], [7.0, 2.0]))
        await made.flush()
        for key, close in ((KEY, 2.0), ("NSE:INFY", 5.0), ("NSE:TCS", 7.0)):
            assert list((await made.bars("sim", key, "1m", 0, FOREVER, 9)).close) == [close]


async def test_rest_when_much_was_written_then_all_is_there_and_the_limit_stands_again(tmp_path: Path) -> None:
    starts = [ns("2026-11-20", "09:15") + n * MINUTE for n in range(300)]
    async with store(tmp_path) as made:
        for number in range(200):
            key = f"{KEY}{number}"
            made.put_bars("sim", "1m", [key] * 300, bars(starts, [float(n) for n in range(300)]))
        await made.compact()
        limits = await made._do(_limit)
        await made.rest()
        assert await made._do(_limit) == limits
        assert len((await made.bars("sim", f"{KEY}7", "1m", 0, FOREVER, 500)).start_ns) == 300


def _limit(connection: Any) -> object:
    return connection.execute("SELECT current_setting('memory_limit')").fetchall()


async def test_store_when_closed_then_reads_are_unavailable_and_puts_are_ignored(tmp_path: Path) -> None:
    async with store(tmp_path) as made:
        await made.flush()
    made.put_bars("sim", "1m", [KEY], bars([0], [1.0]))
    with pytest.raises(Unavailable):
        await made.bars("sim", KEY, "1m", 0, FOREVER, 9)
    with pytest.raises(Unavailable):
        await made.flush()


async def test_put_when_columns_do_not_fit_then_fault_and_later_ones_are_written(tmp_path: Path) -> None:
    async with store(tmp_path) as made:
        with pytest.raises(Fault):
            made.put_bars("sim", "1m", [KEY, "NSE:INFY"], bars([0], [1.0]))
        with pytest.raises(Fault):
            made.put_ticks("sim", [KEY], ticks([1, 2], [1.0, 2.0], [1, 2]))
        made.put_bars("sim", "1m", [], bars([], []))
        made.put_bars("sim", "1m", [KEY], bars([0], [2.0]))
        await made.flush()
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [2.0]


async def test_put_when_the_feed_uses_its_arrays_again_then_what_was_given_is_kept(tmp_path: Path) -> None:
    batch = ticks([1], [100.0], [5])
    async with store(tmp_path) as made:
        made.put_ticks("sim", [KEY], batch)
        batch.ltp[0] = 999.0
        await made.flush()
        assert list((await made.ticks("sim", KEY, 0, FOREVER, 9))[1]) == [100.0]


@pytest.mark.parametrize("span", sorted(SPANS.values()))
def test_bucket_when_asked_for_any_moment_then_it_holds_that_moment_and_is_its_own_start(span: int) -> None:
    moment = datetime(2026, 2, 27, 3, 0, tzinfo=IST)
    for step in range(400):
        at = to_ns(moment + timedelta(minutes=97 * step, seconds=step))
        start = bucket_start(span, at)
        assert start <= at < start + (span if span < 2_592_000 else 31 * 86_400) * 1_000_000_000
        assert bucket_start(span, start) == start
        assert bucket_start(span, start - 1) < start


async def test_ranges_when_minutes_were_replaced_and_compacted_then_open_high_low_of_the_newest(tmp_path: Path) -> None:
    async with store(tmp_path) as ticks:
        start = ns("2026-11-20", "09:15")
        minutes = [start + n * MINUTE for n in range(4)]
        ticks.put_bars("sim", "1m", [KEY] * 4, bars(minutes, [100.0, 130.0, 90.0, 110.0]))
        await ticks.flush()
        await ticks.compact()
        ticks.put_bars("sim", "1m", [KEY], bars(minutes[1:2], [105.0]))
        ticks.put_bars("replay", "1m", [KEY], bars(minutes[:1], [1.0]))
        await ticks.flush()
        found = await ticks.ranges("sim", start, minutes[3])
        whole = await ticks.bars("sim", KEY, "1m", start, minutes[3], 10)
        assert found == {KEY: (whole.open[0], whole.high.max(), whole.low.min())}
