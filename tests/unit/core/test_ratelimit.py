"""The token bucket refuses when empty and fills with time."""

from datetime import UTC, datetime

from server.core.clock import ManualClock
from server.core.ratelimit import TokenBucket


async def test_bucket_refuses_above_burst_and_fills_by_time() -> None:
    clock = ManualClock(datetime(2026, 11, 20, tzinfo=UTC))
    bucket = TokenBucket(clock, rate=10, burst=3)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    assert 0.09 < bucket.wait_for() <= 0.1
    await clock.advance(0.1)
    assert bucket.take()
    assert not bucket.take()
    await clock.advance(100)
    assert bucket.left == 3
