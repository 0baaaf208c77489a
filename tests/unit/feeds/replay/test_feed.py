"""The replay feed: its pace, pause, seek forward and back, as fast as it goes, its end; on a clock moved by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from server.core.clock import IST, ManualClock, from_ns
from server.core.errors import Invalid
from server.feeds.replay.feed import ReplayFeed
from server.market.ports import Feed, Rewindable, TickBatch
from tests.unit.feeds.replay.kit import AT, Bench, minute_rows, ns

HEAD = "date,open,high,low,close,volume"
TICKS = "timestamp,ltp,volume"


def at(text: str) -> datetime:
    return from_ns(ns(f"2024-01-05 {text}"))


class Heard:
    """What a feed sent."""

    def __init__(self) -> None:
        self.batches: list[TickBatch] = []
        self.days: list[date] = []

    @property
    def times(self) -> list[int]:
        return [int(t) for batch in self.batches for t in batch.time_ns]

    @property
    def prices(self) -> list[float]:
        return [float(p) for batch in self.batches for p in batch.ltp]


@asynccontextmanager
async def running(feed: ReplayFeed, heard: Heard) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run(heard.batches.append, heard.days.append))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def seconds(bench: Bench, count: int = 300) -> None:
    """Ticks of SBIN, one a second from 09:15:00, price and volume rising by one."""
    rows = [f"2024-01-05 09:{15 + i // 60:02d}:{i % 60:02d},{500 + i},{10 * (i + 1)}" for i in range(count)]
    assert bench.write("2024-01-05/SBIN.csv", [TICKS, *rows]).taken == count


async def to_the_end(feed: ReplayFeed) -> int:
    """Give the loop turns until the feed has ended; returns how many."""
    turns = 0
    while feed.state().state != "ended":
        await asyncio.sleep(0)
        turns += 1
    return turns


def make(bench: Bench, clock: ManualClock, **settings: Any) -> ReplayFeed:
    feed = bench.library.feed("2024-01-05", clock, **settings)
    assert isinstance(feed, Rewindable)
    port: Feed = feed
    assert port.source == "replay"
    return feed


async def test_run_when_at_one_then_ticks_come_at_their_own_times(bench: Bench) -> None:
    seconds(bench)
    clock, heard = ManualClock(AT), Heard()
    feed = make(bench, clock)
    async with running(feed, heard):
        await clock.advance(10.5)
        assert heard.prices == [500.0 + i for i in range(11)]
        assert feed.now() == at("09:15:10.5")
        await clock.advance(49.5)
        assert len(heard.prices) == 61
    assert heard.days == [date(2024, 1, 5)]


@pytest.mark.parametrize("speed", [5.0, 60.0])
async def test_run_when_faster_then_no_batch_spans_more_than_a_second(bench: Bench, speed: float) -> None:
    seconds(bench)
    clock, heard = ManualClock(AT), Heard()
    async with running(make(bench, clock, speed=speed), heard):
        await clock.advance(240.5 / speed)
    assert heard.prices == [500.0 + i for i in range(241)]
    assert all(np.ptp(batch.time_ns) < 1_000_000_000 for batch in heard.batches)


async def test_run_when_as_fast_as_it_goes_then_all_comes_without_time_and_others_breathe(bench: Bench) -> None:
    seconds(bench)
    clock, heard = ManualClock(AT), Heard()
    feed = make(bench, clock, speed=0)
    async with running(feed, heard):
        turns = await to_the_end(feed)
    assert clock.monotonic() == 0.0
    assert heard.prices == [500.0 + i for i in range(300)]
    assert turns >= 300


async def test_pause_when_running_then_market_time_stands_and_play_goes_on(bench: Bench) -> None:
    seconds(bench)
    clock, heard = ManualClock(AT), Heard()
    feed = make(bench, clock)
    async with running(feed, heard):
        await clock.advance(5)
        assert feed.control("pause").state == "paused"
        before = len(heard.prices)
        await clock.advance(60)
        assert (len(heard.prices), feed.now()) == (before, at("09:15:05"))
        assert feed.control("play").state == "running"
        await clock.advance(5)
        assert heard.prices == [500.0 + i for i in range(11)]


@pytest.mark.parametrize("to", ["09:18:30.5", "09:15:30.5"])
async def test_seek_when_forward_or_back_then_minute_so_far_comes_at_once_and_day_figures_fit(
    bench: Bench, to: str
) -> None:
    seconds(bench)
    clock, heard = ManualClock(AT), Heard()
    feed = make(bench, clock)
    async with running(feed, heard):
        await clock.advance(100)
        heard.batches.clear()
        feed.control("seek", to=at(to))
        last = round((at(to) - at("09:15:00")).total_seconds() - 0.5)
        first = last - last % 60
        assert feed.so_far() == {
            "NSE:SBIN": (500.0, 500.0 + last, 500.0, 10 * first),
        }
        await clock.advance(0)
        await clock.advance(0.3)
        assert heard.prices == [500.0 + i for i in range(first, last + 1)]
        await clock.advance(1)
        assert heard.prices[-1] == 501.0 + last
        assert feed.now() == at(to) + timedelta(seconds=1.3)


async def test_seek_when_paused_then_state_comes_and_it_stays_paused(bench: Bench) -> None:
    seconds(bench)
    clock, heard = ManualClock(AT), Heard()
    feed = make(bench, clock, at=at("09:16:00"))
    feed.control("pause")
    async with running(feed, heard):
        await clock.advance(1)
        assert heard.prices == [500.0 + i for i in range(60)]
        feed.control("seek", to=at("09:17:00.5"))
        await clock.advance(5)
        assert heard.prices[-1] == 620.0
        assert feed.state().state == "paused"


async def test_run_when_recording_ends_early_then_ended_there_and_play_begins_anew(bench: Bench) -> None:
    seconds(bench, 120)
    clock, heard = ManualClock(AT), Heard()
    feed = make(bench, clock)
    async with running(feed, heard):
        await clock.advance(1_000)
        assert (feed.state().state, feed.now()) == ("ended", at("09:17:00"))
        heard.batches.clear()
        feed.control("play")
        await clock.advance(3)
        assert heard.prices[:3] == [500.0, 501.0, 502.0]


async def test_run_when_day_is_whole_then_it_goes_on_past_the_close(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05")])
    clock, heard = ManualClock(AT), Heard()
    feed = make(bench, clock, speed=0)
    async with running(feed, heard):
        await to_the_end(feed)
    assert feed.now() == at("15:31:00")
    assert len(heard.prices) == 4 * 375


async def test_run_when_machine_slept_then_market_waits_rather_than_rushes(bench: Bench) -> None:
    seconds(bench)
    clock, heard = ManualClock(AT), Heard()
    feed = make(bench, clock)
    async with running(feed, heard):
        await clock.advance(5)
        clock._mono += 100.0  # the machine was asleep: monotonic time went on, nobody ran
        await clock.advance(1)
        assert feed.now() < at("09:15:10")


@pytest.mark.parametrize(
    ("action", "arguments", "code"),
    [
        ("scenario", {"name": "crash"}, "replay.action"),
        ("speed", {"value": -1}, "replay.speed"),
        ("speed", {"value": float("nan")}, "replay.speed"),
        ("speed", {"value": "5"}, "replay.speed"),
        ("speed", {}, "replay.speed"),
        ("seek", {"to": "10:00"}, "replay.seek"),
        ("seek", {"to": datetime(2024, 1, 5, 10)}, "replay.seek"),  # noqa: DTZ001 - a time without a zone is the point
        ("seek", {"to": datetime(2024, 1, 6, 10, tzinfo=IST)}, "replay.seek"),
    ],
)
def test_control_when_it_cannot_be_done_then_invalid_and_nothing_changes(
    bench: Bench, action: str, arguments: dict[str, Any], code: str
) -> None:
    seconds(bench)
    feed = make(bench, ManualClock(AT))
    before = feed.state()
    with pytest.raises(Invalid) as caught:
        feed.control(action, **arguments)
    assert caught.value.code == code
    assert feed.state() == before


def test_speed_when_beyond_the_fastest_then_as_fast_as_it_goes(bench: Bench) -> None:
    seconds(bench)
    assert make(bench, ManualClock(AT)).control("speed", value=100_000).speed == 0.0
