"""Constant maturity, slope, and the cache of answers."""

from datetime import UTC, datetime

import pytest

from server.analytics.cache import KINDS, Cache
from server.analytics.terms import MONTH, constant_maturity, slope
from server.core.clock import ManualClock


def test_maturity_when_between_two_expiries_then_straight_in_variance() -> None:
    near, far = 0.5 * MONTH, 2.0 * MONTH
    found = constant_maturity([(near, 0.10), (far, 0.20)])
    assert found is not None
    total = 0.01 * near + (0.04 * far - 0.01 * near) * (MONTH - near) / (far - near)
    assert found**2 * MONTH == pytest.approx(total, rel=1e-12)


def test_maturity_when_outside_or_missing_then_the_nearest_that_is_known() -> None:
    assert constant_maturity([(0.2, 0.15), (0.3, 0.16)]) == 0.15
    assert constant_maturity([(0.01, 0.15), (0.02, None)]) == 0.15
    assert constant_maturity([(0.01, None)]) is None
    assert constant_maturity([]) is None


@pytest.mark.parametrize(
    ("near", "far", "word"), [(0.1, 0.2, "contango"), (0.2, 0.1, "backwardation"), (0.1, 0.101, "flat")]
)
def test_slope_when_asked_then_in_words(near: float, far: float, word: str) -> None:
    assert slope([(0.01, near), (0.1, far)]) == word
    assert slope([(0.01, near)]) == "unknown"


async def test_cache_when_an_answer_is_young_then_it_is_given_again_and_counted() -> None:
    clock = ManualClock(datetime(2026, 11, 20, tzinfo=UTC))
    cache, asked = Cache(clock), []

    async def make() -> int:
        asked.append(1)
        return len(asked)

    assert [await cache.get("option chain", "a", make) for _ in range(3)] == [1, 1, 1]
    await clock.advance(KINDS["option chain"] + 0.1)
    assert await cache.get("option chain", "a", make) == 2
    found = next(kind for kind in cache.stats() if kind.kind == "option chain")
    assert (found.hits, found.misses, found.entries) == (2, 2, 1)


async def test_cache_when_making_fails_then_nothing_is_kept() -> None:
    cache = Cache(ManualClock(datetime(2026, 11, 20, tzinfo=UTC)))

    async def fail() -> int:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await cache.get("volatility", 1, fail)
    assert next(kind for kind in cache.stats() if kind.kind == "volatility").entries == 0
