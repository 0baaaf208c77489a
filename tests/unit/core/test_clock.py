"""The three clocks: they never go back where they must not, and sleepers wake at their own moment."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from server.core.clock import AcceleratedClock, ManualClock, SystemClock, from_ns, to_ns

START = datetime(2026, 11, 20, 3, 45, tzinfo=UTC)


def test_ns_round_trip_keeps_microseconds() -> None:
    moment = START + timedelta(microseconds=123_457)
    assert from_ns(to_ns(moment)) == moment


def test_system_clock_is_aware() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_manual_clock_refuses_naive_start() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2026, 11, 20))  # noqa: DTZ001 - that is the point


async def test_advance_wakes_sleepers_in_order_at_their_moments() -> None:
    clock = ManualClock(START)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper("late", 2.0)), asyncio.create_task(sleeper("soon", 0.5))]
    await clock.advance(3.0)
    assert woken == [("soon", 0.5), ("late", 2.0)]
    await asyncio.gather(*tasks)
    assert clock.now() == START + timedelta(seconds=3)


async def test_jump_back_leaves_monotonic_alone() -> None:
    clock = ManualClock(START)
    await clock.advance(5)
    clock.jump(START - timedelta(hours=1))
    assert clock.monotonic() == 5
    assert clock.now() == START - timedelta(hours=1)


async def test_accelerated_clock_keeps_the_present_when_speed_changes() -> None:
    base = ManualClock(START)
    market = AcceleratedClock(base, START, speed=10)
    await base.advance(3)
    assert market.now() == START + timedelta(seconds=30)
    market.set_speed(0)
    await base.advance(60)
    assert market.now() == START + timedelta(seconds=30)
    market.set_speed(60)
    await base.advance(1)
    assert market.now() == START + timedelta(seconds=90)
    assert market.monotonic() == pytest.approx(90)


async def test_accelerated_sleep_follows_a_change_of_speed() -> None:
    base = ManualClock(START)
    market = AcceleratedClock(base, START, speed=1)
    task = asyncio.create_task(market.sleep(60))
    await base.advance(1)
    market.set_speed(59)
    await base.advance(1.5)
    assert task.done()
