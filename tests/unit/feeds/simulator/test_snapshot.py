"""After a crash the market goes on where it was."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from server.core.clock import ManualClock
from server.core.errors import Invalid
from server.feeds.simulator.feed import Simulator
from tests.unit.feeds.simulator.conftest import MORNING, Make
from tests.unit.feeds.simulator.kit import same

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def test_restore_when_later_moment_known_then_same_ticks_from_there(make: Make) -> None:
    first, _ = make(seed=11)
    saved = first.snapshot()
    second, _ = make(seed=99)
    second.restore(saved, NOON)
    assert second.now() == NOON
    for step in (39_600, 39_601, 41_000):
        assert same(first.tape().batch(step, 1, 1.0), second.tape().batch(step, 1, 1.0))


def test_restore_when_scenario_was_changed_then_same_ticks(make: Make) -> None:
    first, _ = make(seed=11)
    first.control("seek", to=NOON)
    first.control("scenario", name="crash", value=1.5)
    second, _ = make()
    second.restore(first.snapshot(), NOON + timedelta(minutes=5))
    assert second.state().scenario == "crash"
    assert same(first.tape().everything(45_000), second.tape().everything(45_000))


def test_restore_when_third_day_then_same_ticks_closes_and_listing(make: Make) -> None:
    first, _ = make(seed=4)
    first.next_day()
    first.next_day()
    saved = first.snapshot()
    assert len(saved) < 150_000
    second, _ = make()
    second.restore(saved)
    assert second.state().day == first.state().day
    assert second.previous_closes() == first.previous_closes()
    left, right = first.tape().everything(20_000), second.tape().everything(20_000)
    assert left is not None and right is not None
    first_keys = [first.instruments()[r].key for r in left.rows]
    second_keys = [second.instruments()[r].key for r in right.rows]
    assert first_keys == second_keys
    assert left.ltp.tolist() == right.ltp.tolist()
    assert left.oi.tolist() == right.oi.tolist()


def test_restore_when_crash_came_after_midnight_of_the_market_then_rolls_on(make: Make) -> None:
    first, _ = make(seed=4)
    saved = first.snapshot()
    first.next_day()
    second, _ = make()
    moment = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    second.restore(saved, moment)
    assert second.now() == moment
    left, right = first.tape().batch(18_000, 1, 1.0), second.tape().batch(18_000, 1, 1.0)
    assert same(left, right)


def test_restore_when_paused_and_fast_then_still_so(make: Make) -> None:
    first, _ = make()
    first.control("speed", value=30)
    first.control("pause")
    second, _ = make()
    second.restore(first.snapshot())
    assert (second.state().state, second.state().speed) == ("paused", 30.0)


async def test_restore_when_run_goes_on_then_first_batch_shows_every_row(make: Make) -> None:
    first, _ = make(seed=2)
    clock = ManualClock(MORNING)
    second = Simulator(first._rulebook, clock)
    second.restore(first.snapshot(), NOON)
    seen: list[int] = []
    task = asyncio.create_task(second.run(lambda b: seen.append(len(b.rows)), lambda _: None))
    await clock.advance(0.5)
    task.cancel()
    assert seen[0] == len(second.instruments())
    assert 100 < seen[1] < len(second.instruments())


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_restore_when_snapshot_damaged_then_says_so(make: Make, raw: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        make()[0].restore(raw)
    assert caught.value.code == "simulator.snapshot"
