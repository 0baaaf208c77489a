"""The feed on the clock: pace, controls, days."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from server.core.clock import ManualClock
from server.core.errors import Invalid
from server.feeds.simulator.feed import Simulator
from server.market.ports import TickBatch
from tests.unit.feeds.simulator.conftest import MORNING, Make

Log = tuple[list[TickBatch], list[date]]


@asynccontextmanager
async def running(simulator: Simulator, clock: ManualClock) -> AsyncIterator[Log]:
    batches: list[TickBatch] = []
    days: list[date] = []
    task = asyncio.create_task(simulator.run(batches.append, days.append))
    try:
        await clock.advance(0.0)
        yield batches, days
        if task.done():
            task.result()
    finally:
        task.cancel()


def ticks(batches: list[TickBatch]) -> int:
    return sum(len(b.rows) for b in batches)


def test_begin_when_trading_day_then_a_little_before_the_opening(make: Make) -> None:
    simulator, _ = make()
    assert simulator.now() == datetime(2026, 11, 20, 3, 44, 50, tzinfo=UTC)
    state = simulator.state()
    assert (state.state, state.day, state.speed, state.scenario) == ("running", date(2026, 11, 20), 1.0, "calm")


def test_begin_when_holiday_or_weekend_then_next_trading_day(make: Make) -> None:
    assert make(datetime(2026, 11, 21, 5, tzinfo=UTC))[0].state().day == date(2026, 11, 23)
    assert make(datetime(2026, 11, 24, 5, tzinfo=UTC))[0].state().day == date(2026, 11, 25)


def test_begin_when_calendar_of_the_year_unknown_then_same_time_of_the_last_known(make: Make) -> None:
    day = make(datetime(2027, 6, 10, 5, tzinfo=UTC))[0].state().day
    assert day.year == 2026
    assert abs((day.replace(year=2027) - date(2027, 6, 10)).days) <= 4


async def test_run_when_opening_comes_then_ticks_flow_in_time(make: Make) -> None:
    simulator, clock = make()
    async with running(simulator, clock) as (batches, days):
        assert days == [date(2026, 11, 20)]
        await clock.advance(9.0)
        assert batches == []
        await clock.advance(6.0)
        assert ticks(batches) > 4_000
        stamps = np.concatenate([b.time_ns for b in batches])
        assert np.all(np.diff(stamps) >= 0)
        assert simulator.now() == datetime(2026, 11, 20, 3, 45, 5, tzinfo=UTC)
        assert stamps[-1] <= 1_000_000_000 * simulator.now().timestamp()


async def test_pause_when_played_again_then_nothing_is_lost(make: Make) -> None:
    simulator, clock = make()
    async with running(simulator, clock) as (batches, _):
        await clock.advance(12.0)
        assert simulator.control("pause").state == "paused"
        await clock.advance(0.5)
        count, moment = len(batches), simulator.now()
        await clock.advance(30.0)
        assert len(batches) == count
        assert simulator.now() == moment
        assert simulator.control("play").state == "running"
        await clock.advance(1.0)
        gaps = np.diff([b.time_ns[0] for b in batches])
        assert gaps.max() <= 500_000_000


async def test_speed_when_sixty_then_a_minute_passes_each_second(make: Make) -> None:
    simulator, clock = make()
    simulator.control("speed", value=60)
    async with running(simulator, clock) as (batches, _):
        await clock.advance(10.0)
        assert simulator.now() == datetime(2026, 11, 20, 3, 54, 50, tzinfo=UTC)
        nifty = np.concatenate([b.time_ns[b.rows == 0] for b in batches])
        assert np.all(np.diff(nifty) == 1_000_000_000)
        assert len(nifty) >= 570


async def test_seek_when_later_today_then_jumps_there_and_shows_all(make: Make) -> None:
    simulator, clock = make()
    noon = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    async with running(simulator, clock) as (batches, _):
        simulator.control("seek", to=noon)
        await clock.advance(1.0)
        assert noon <= simulator.now() <= noon + timedelta(seconds=1)
        assert len(batches[0].rows) == len(simulator.instruments())
        with pytest.raises(Invalid, match="cannot go there"):
            simulator.control("seek", to=noon - timedelta(hours=1))
        with pytest.raises(Invalid, match="cannot go there"):
            simulator.control("seek", to=noon + timedelta(hours=8))
        with pytest.raises(Invalid, match="cannot go there"):
            simulator.control("seek", to="12:00")


async def test_halt_when_scenario_halted_then_time_goes_on_in_silence(make: Make) -> None:
    simulator, clock = make()
    async with running(simulator, clock) as (batches, _):
        await clock.advance(15.0)
        assert simulator.control("scenario", name="halted").state == "halted"
        count = len(batches)
        await clock.advance(20.0)
        assert len(batches) == count
        assert simulator.now() == datetime(2026, 11, 20, 3, 45, 25, tzinfo=UTC)
        assert simulator.control("scenario", name="calm").state == "running"
        await clock.advance(2.0)
        assert len(batches) > count


async def test_close_when_thirty_seconds_pass_then_next_session_opens(make: Make) -> None:
    simulator, clock = make()
    async with running(simulator, clock) as (batches, days):
        simulator.control("seek", to=datetime(2026, 11, 20, 10, 9, 55, tzinfo=UTC))
        await clock.advance(6.0)
        count = len(batches)
        await clock.advance(25.0)
        assert len(batches) == count
        assert simulator.now().hour == 10
        await clock.advance(8.0)
        assert days == [date(2026, 11, 20), date(2026, 11, 23)]
        assert simulator.now() < datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
        await clock.advance(12.0)
        assert len(batches) > count


async def test_gap_when_chosen_then_today_closes_and_the_next_day_opens_far_away(make: Make) -> None:
    simulator, clock = make()
    async with running(simulator, clock) as (_, days):
        await clock.advance(11.0)
        simulator.control("scenario", name="gap")
        await clock.advance(12.0)
        assert days[-1] == date(2026, 11, 23)
        assert simulator.state().scenario == "gap"
        first = simulator.tape().everything(0)
        assert first is not None
        move = float(first.ltp[0]) / simulator.previous_closes()["NSE_INDEX:NIFTY"] - 1.0
        assert 0.015 < abs(move) < 0.035


async def test_expiry_when_chosen_then_the_next_expiry_day_opens(make: Make) -> None:
    simulator, clock = make()
    async with running(simulator, clock) as (_, days):
        simulator.control("scenario", name="expiry")
        await clock.advance(1.0)
        assert days[-1] == date(2026, 11, 23)
        assert simulator.state().scenario == "expiry"


async def test_end_when_calendar_is_over_then_says_so(make: Make) -> None:
    simulator, clock = make(datetime(2026, 12, 31, 1, tzinfo=UTC))
    assert simulator.state().day == date(2026, 12, 31)
    async with running(simulator, clock) as (_, days):
        simulator.control("seek", to=datetime.fromtimestamp(simulator.plan().end / 1e9, tz=UTC))
        await clock.advance(40.0)
        assert days == [date(2026, 12, 31)]
        state = simulator.state()
        assert state.state == "ended"
        assert "31 Dec 2026" in state.detail
        with pytest.raises(Invalid, match="calendar ends"):
            simulator.control("scenario", name="gap")


async def test_run_when_machine_slept_then_market_waits(make: Make) -> None:
    class Sleepy(ManualClock):
        lost = 0.0

        def monotonic(self) -> float:
            return super().monotonic() + self.lost

    clock = Sleepy(MORNING)
    simulator = Simulator(make()[0]._rulebook, clock)
    async with running(simulator, clock) as (batches, _):
        await clock.advance(12.0)
        before = simulator.now()
        clock.lost = 3_600.0
        await clock.advance(1.0)
        assert simulator.now() - before < timedelta(seconds=5)
        gaps = np.diff([b.time_ns[0] for b in batches])
        assert gaps.max() <= 500_000_000


@pytest.mark.parametrize(
    ("action", "arguments", "code"),
    [
        ("speed", {"value": 61}, "simulator.speed"),
        ("speed", {"value": 0}, "simulator.speed"),
        ("speed", {"value": "5"}, "simulator.value"),
        ("speed", {}, "simulator.value"),
        ("scenario", {"name": "boom"}, "simulator.scenario"),
        ("scenario", {"name": "calm", "value": 9}, "simulator.volatility"),
        ("volatility", {"value": float("nan")}, "simulator.volatility"),
        ("rewind", {}, "simulator.action"),
    ],
)
def test_control_when_it_cannot_be_done_then_says_why(
    make: Make, action: str, arguments: dict[str, object], code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        make()[0].control(action, **arguments)
    assert caught.value.code == code
    assert caught.value.remedy


async def test_now_when_the_feed_starves_then_market_time_stands_still_but_never_goes_back(make: Make) -> None:
    simulator, clock = make()
    async with running(simulator, clock) as (batches, _):
        await clock.advance(12.0)
        clock._move_to(clock.monotonic() + 9.0)
        seen = [simulator.now()]
        late = seen[0]
        before = ticks(batches)
        for _ in range(60):
            await clock.advance(0.25)
            seen.append(simulator.now())
        assert seen == sorted(seen)
        assert seen[1] == late, "it stands still until the schedule has caught up"
        assert seen[-1] > late
        assert ticks(batches) > before
