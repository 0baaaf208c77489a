"""Charts of a replay: days before and the day so far, never what lies ahead; bars walked and folded are the file's."""

from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.clock import from_ns
from server.feeds.replay.history import RecordedHistory
from server.feeds.replay.walk import cumulative, fold, walk
from tests.unit.feeds.replay.kit import Bench, minute_rows, ns

HEAD = "date,open,high,low,close,volume"
DAY = date(2024, 1, 5)
KEY = "NSE_INDEX:NIFTY"
FAR = 2**62


def history(bench: Bench, now: str) -> RecordedHistory:
    moment: datetime = from_ns(ns(f"2024-01-05 {now}"))
    return bench.library.history(DAY, lambda: moment)


async def test_bars_when_asked_mid_day_then_nothing_ahead_of_the_present(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-04"), *minute_rows("2024-01-05", price=22_100.0)])
    found = await history(bench, "09:20:30").bars("replay-1", KEY, "1m", 0, FAR, 400)
    assert found.start_ns[-1] == ns("2024-01-05 09:19:00")
    assert len(found.start_ns) == 375 + 5
    assert found.close[-1] == 22_105.0
    assert (np.diff(found.start_ns) > 0).all()
    newest = await history(bench, "09:20:30").bars("replay-1", KEY, "1m", 0, FAR, 3)
    assert newest.open.tolist() == [22_102.0, 22_103.0, 22_104.0]


async def test_bars_when_daily_then_days_before_only(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-04"), *minute_rows("2024-01-05", price=22_100.0)])
    found = await history(bench, "15:31:00").bars("replay-1", KEY, "1d", 0, FAR, 10)
    assert (found.open.tolist(), found.close.tolist()) == ([22_000.0], [22_375.0])
    assert found.volume.tolist() == [3_750]


async def test_ticks_when_asked_then_up_to_the_present(bench: Bench) -> None:
    rows = [f"2024-01-05 09:15:{i:02d},{500 + i},{10 * (i + 1)}" for i in range(60)]
    bench.write("2024-01-05/SBIN.csv", ["timestamp,ltp,volume", *rows])
    times, prices, volumes = await history(bench, "09:15:30").ticks("replay-1", "NSE:SBIN", 0, FAR, 1_000)
    assert (len(times), prices[-1], volumes[-1]) == (31, 530.0, 310)


async def test_bars_when_made_of_ticks_then_first_volume_counts_from_the_opening(bench: Bench) -> None:
    rows = [f"2024-01-05 09:15:{i:02d},{500 + i},{10 * (i + 1)}" for i in range(60)]
    bench.write("2024-01-05/SBIN.csv", ["timestamp,ltp,volume", *rows, "2024-01-05 09:16:01,499,700"])
    found = await history(bench, "09:17:00").bars("replay-1", "NSE:SBIN", "1m", 0, FAR, 10)
    assert found.volume.tolist() == [600, 100]
    assert (found.open[0], found.high[0], found.low[1]) == (500.0, 559.0, 499.0)


async def test_bars_when_key_is_not_recorded_then_none(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05")])
    assert len((await history(bench, "10:00:00").bars("replay-1", "NSE:SBIN", "1m", 0, FAR, 10)).start_ns) == 0
    assert len((await history(bench, "10:00:00").ticks("replay-1", "NSE:SBIN", 0, FAR, 10))[0]) == 0


@pytest.mark.parametrize(("close", "path"), [(102.0, [100.0, 98.0, 103.0, 102.0]), (99.0, [100.0, 103.0, 98.0, 99.0])])
def test_walk_when_bar_rose_or_fell_then_the_far_side_comes_last(close: float, path: list[float]) -> None:
    columns = {"open": [100.0], "high": [103.0], "low": [98.0], "close": [close], "volume": [100], "oi": [7]}
    start = np.array([0], dtype=np.int64)
    times, prices, volume, oi = walk(start, {n: np.array(v) for n, v in columns.items()}, 60_000_000_000)
    assert prices.tolist() == path
    assert (times // 1_000_000_000).tolist() == [0, 20, 40, 59]
    assert volume.tolist() == [0, 33, 66, 100]
    assert oi.tolist() == [7] * 4


prices = st.floats(min_value=1, max_value=1e5, allow_nan=False).map(lambda p: round(p, 2))
bar = st.tuples(prices, prices, prices, prices, st.integers(min_value=0, max_value=10**9))


@given(st.lists(bar, min_size=1, max_size=30))
def test_fold_when_bars_were_walked_then_the_same_bars(rows: list[tuple[float, float, float, float, int]]) -> None:
    body = np.array([row[:4] for row in rows])
    columns = {
        "open": body[:, 0],
        "high": body.max(axis=1),
        "low": body.min(axis=1),
        "close": body[:, 3],
        "volume": np.array([row[4] for row in rows], dtype=np.int64),
        "oi": np.zeros(len(rows), dtype=np.int64),
    }
    start = np.arange(len(rows), dtype=np.int64) * 60_000_000_000
    times, price, volume, oi = walk(start, columns, 60_000_000_000)
    starts, folded = fold(times, price, cumulative(volume, whole=False), oi)
    assert starts.tolist() == start.tolist()
    for name, column in columns.items():
        assert folded[name].tolist() == column.tolist(), name
