"""Same seed, same market, to the last tick."""

import numpy as np

from server.feeds.simulator.feed import Simulator
from server.feeds.simulator.schedule import STEPS
from server.market.ports import TickBatch
from tests.unit.feeds.simulator.conftest import Make
from tests.unit.feeds.simulator.kit import same


def _prints(batch: TickBatch) -> list[tuple[int, int, float, int]]:
    """(time, row, price, volume) of a batch's spots."""
    of = batch.rows < 55
    columns = (batch.time_ns[of], batch.rows[of], batch.ltp[of], batch.volume[of])
    return list(zip(*(c.tolist() for c in columns), strict=True))


def test_draw_when_seed_equal_then_every_tick_equal(calm: Simulator, make: Make) -> None:
    twin, _ = make(seed=7)
    for step in (0, 1, 239, 240, 5_003, 60_000):
        assert same(calm.tape().batch(step, 1, 1.0), twin.tape().batch(step, 1, 1.0))


def test_draw_when_seed_differs_then_prices_differ(calm: Simulator, make: Make) -> None:
    other, _ = make(seed=8)
    left, right = calm.tape().everything(4_000), other.tape().everything(4_000)
    assert left is not None and right is not None
    assert np.mean(left.ltp == right.ltp) < 0.2


def test_draw_when_steps_read_in_another_order_then_same_ticks(calm: Simulator, make: Make) -> None:
    twin, _ = make(seed=7)
    forward = [calm.tape().batch(step, 1, 1.0) for step in (100, 9_000, 9_001, 50_000)]
    back = [twin.tape().batch(step, 1, 1.0) for step in (50_000, 9_001, 9_000, 100)]
    assert all(same(a, b) for a, b in zip(forward, reversed(back), strict=True))


def test_draw_when_second_day_then_equal_too(make: Make) -> None:
    left, right = make(seed=3)[0], make(seed=3)[0]
    assert left.next_day() and right.next_day()
    assert left.previous_closes() == right.previous_closes()
    assert same(left.tape().everything(30_000), right.tape().everything(30_000))


def test_play_when_fast_then_spot_prints_are_those_of_slow_play(calm: Simulator) -> None:
    tape, first = calm.tape(), 60 * STEPS
    fast = tape.batch(first, 60, 1.0)
    slow = [tape.batch(step, 1, 1.0) for step in range(first, first + 60)]
    assert fast is not None
    seen = _prints(fast)
    wanted = [p for batch in slow if batch is not None for p in _prints(batch)]
    assert seen == wanted
    assert len(seen) == 15 * 55


def test_play_when_batches_follow_then_time_never_goes_back(calm: Simulator) -> None:
    tape = calm.tape()
    last = 0
    for begin in (0, 60, 120, 180, 240):
        batch = tape.batch(begin, 60, 1.0)
        assert batch is not None
        assert np.all(np.diff(batch.time_ns) >= 0)
        assert batch.time_ns[0] > last
        last = int(batch.time_ns[-1])
