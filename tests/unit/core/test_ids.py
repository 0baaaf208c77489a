"""Ids are 20 characters, ordered by time, and strictly increasing even when the clock steps back."""

from datetime import UTC, datetime, timedelta

from server.core.clock import ManualClock
from server.core.ids import Ids, is_id

START = datetime(2026, 11, 20, 3, 45, tzinfo=UTC)


def test_next_when_an_earlier_run_had_a_later_clock_then_ids_go_on() -> None:
    clock = ManualClock(datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
    last = Ids(clock).next()
    clock.jump(datetime(2026, 11, 20, 3, 30, tzinfo=UTC))
    again = Ids(clock)
    again.after(last)
    assert last < again.next() < again.next()


def test_ids_fit_a_broker_tag() -> None:
    made = Ids(ManualClock(START)).next()
    assert is_id(made)
    assert len(made) == 20
    assert made.isalnum()


async def test_ids_sort_by_time() -> None:
    clock = ManualClock(START)
    ids = Ids(clock)
    first = ids.next()
    await clock.advance(0.002)
    assert ids.next() > first


def test_ids_increase_when_the_clock_steps_back() -> None:
    clock = ManualClock(START)
    ids = Ids(clock, randbits=lambda n: (1 << n) - 1)
    made = [ids.next()]
    clock.jump(START - timedelta(hours=1))
    made += [ids.next() for _ in range(1000)]
    assert made == sorted(set(made))
