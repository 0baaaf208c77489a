"""Whatever the seed, the step and the pace: quotes are sound, and the same question has the same answer."""

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.core.clock import ManualClock
from server.feeds.simulator import noise
from server.feeds.simulator.book import depth, on_tick, touch
from server.feeds.simulator.feed import Simulator
from server.feeds.simulator.scenario import SCENARIOS
from server.rulebook import Rulebook
from tests.unit.feeds.simulator.kit import same

LONG = os.environ.get("SAUDA_LONG") == "1"
RULES = Path(__file__).resolve().parents[2] / "config" / "rules"


@cache
def rules() -> Rulebook:
    return Rulebook.load(RULES)


@cache
def market(seed: int, scenario: str, volatility: float) -> Simulator:
    clock = ManualClock(datetime(2026, 11, 20, 1, tzinfo=UTC))
    return Simulator(rules(), clock, seed=seed, scenario=scenario, volatility=volatility)


@settings(max_examples=300 if LONG else 25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**64 - 1) if LONG else st.sampled_from([0, 2**64 - 1]),
    scenario=st.sampled_from(sorted(SCENARIOS) if LONG else ["calm", "crash"]),
    volatility=st.sampled_from([0.2, 1.0, 5.0] if LONG else [1.0]),
    step=st.integers(0, 92_400),
    length=st.integers(1, 60),
)
def test_batch_when_read_anywhere_then_sound_and_repeatable(
    seed: int, scenario: str, volatility: float, step: int, length: int
) -> None:
    simulator = market(seed, scenario, volatility)
    tape = simulator.tape()
    batch = tape.batch(step, length, 2.0)
    tape.batch(92_000 - step if step < 92_000 else 0, 1, 1.0)  # look elsewhere in between
    assert same(batch, tape.batch(step, length, 2.0))
    if batch is None:
        assert step >= tape.steps
        return
    assert np.all(np.diff(batch.time_ns) >= 0)
    assert np.all(np.isfinite(batch.ltp) & (batch.ltp > 0))
    assert np.all(~(batch.bid >= batch.ask))
    assert np.all((batch.bid_qty > 0) == (batch.bid > 0))
    assert np.all((batch.volume >= 0) & (batch.oi >= 0))
    assert batch.rows.max() < len(simulator.instruments())


@settings(max_examples=2_000 if LONG else 200, deadline=None)
@given(
    fair=st.floats(0.0, 1e6),
    tick=st.sampled_from([0.01, 0.05, 0.1, 0.5, 1.0, 5.0]),
    spread=st.floats(1.0, 50_000.0),
    lots=st.floats(0.1, 1e5),
    lot=st.integers(1, 10_000),
    missing=st.floats(0.0, 1.0),
    least=st.sampled_from([0.0, 1.0]),
    epoch=st.integers(0, 2**40),
)
def test_touch_when_any_fair_price_then_quote_around_it(
    fair: float, tick: float, spread: float, lots: float, lot: int, missing: float, least: float, epoch: int
) -> None:
    one = np.ones(1)
    key = noise.keys(1, ["x"])
    quote = touch(
        fair * one,
        tick * one,
        spread * one,
        lots * one,
        np.array([lot]),
        missing * one,
        least * one,
        key,
        epoch,
        epoch // 80,
    )
    bid, ask, last = float(quote.bid[0]), float(quote.ask[0]), float(quote.last[0])
    assert last >= 1.0
    assert bid >= 0.0 and ask >= 0.0
    if ask:
        assert bid < ask
        assert ask * tick >= fair - 1e-6 * tick - 1e-9 * fair
    if bid > least:
        assert bid * tick <= fair + 1e-6 * tick + 1e-9 * fair
    assert quote.bid_qty[0] % lot == 0 and quote.ask_qty[0] % lot == 0
    book = depth(np.zeros(1, np.int32), quote, tick * one, spread * one, lots * one, np.array([lot]), key, epoch)
    prices = book.bid_px[0][~np.isnan(book.bid_px[0])]
    assert np.all(np.diff(prices) < 0)
    assert len(prices) == 0 or prices[0] == on_tick(quote.bid, tick * one)[0]


@settings(max_examples=500 if LONG else 100, deadline=None)
@given(seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 2**60), stream=st.integers(0, 1_000))
def test_noise_when_any_key_then_in_range_and_without_order(seed: int, epoch: int, stream: int) -> None:
    keys = noise.keys(seed, ["a", "b", "c"])
    whole = noise.uniform(keys, epoch, stream)
    assert np.all((whole > 0.0) & (whole < 1.0))
    assert np.array_equal(noise.uniform(keys[::-1], epoch, stream)[::-1], whole)
    assert np.array_equal(noise.uniform(keys, np.full(3, epoch, dtype=np.uint64), stream), whole)
    assert np.all(np.abs(noise.normal(keys, epoch, stream)) < 3.5)


def test_noise_when_many_then_uniform_normal_and_uncorrelated() -> None:
    keys = noise.keys(3, (str(i) for i in range(20_000)))
    u, z = noise.uniform(keys, 5, 1), noise.normal(keys, 5, 2)
    assert abs(u.mean() - 0.5) < 0.01
    assert abs(u.std() - 12**-0.5) < 0.01
    assert abs(z.mean()) < 0.03
    assert abs(z.std() - 1.0) < 0.02
    assert abs(np.corrcoef(u, noise.uniform(keys, 6, 1))[0, 1]) < 0.03
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.03
