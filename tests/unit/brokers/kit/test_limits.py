"""Limits, breaker, shards, slices and sockets of the brokers' shared floor, by a clock moved by hand."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.brokers.kit.breaker import Breaker
from server.brokers.kit.limits import Limiter
from server.brokers.kit.manifest import EndpointLimit, Manifest
from server.brokers.kit.shards import Shards
from server.brokers.kit.slices import joined
from server.brokers.zerodha import ADAPTER
from server.core.clock import ManualClock
from server.core.errors import Denied, RateLimited
from server.domain.brokerage import LineState, OrderLine

D = Decimal
START = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)


def limited(**limit: float) -> tuple[ManualClock, Limiter]:
    """A limiter of one group."""
    clock = ManualClock(START)
    facts: Manifest = msgspec.structs.replace(
        ADAPTER.manifest, limits={"default": EndpointLimit(), "orders": msgspec.convert(limit, EndpointLimit)}
    )
    return clock, Limiter(clock, facts)


async def test_limit_when_the_burst_is_used_up_then_calls_wait_their_turn() -> None:
    clock, limiter = limited(per_second=8.0, burst=10)
    went: list[tuple[int, float]] = []

    async def call(number: int) -> None:
        await limiter.enter("orders", 100.0)
        went.append((number, clock.monotonic()))

    tasks = [asyncio.create_task(call(n)) for n in range(26)]
    await clock.advance(0)
    assert len(went) == 10
    await clock.advance(1.0)
    assert len(went) == 18
    await clock.advance(1.0)
    await asyncio.gather(*tasks)
    assert [n for n, _ in went] == list(range(26)), "in the order they came"
    for start in range(len(went) - 18):
        assert went[start + 18][1] - went[start][1] >= 0.999


async def test_limit_when_the_wait_is_too_long_then_refused_with_the_time() -> None:
    _, limiter = limited(per_second=1.0, burst=1)
    await limiter.enter("orders", 0.5)
    with pytest.raises(RateLimited) as caught:
        await limiter.enter("orders", 0.5)
    assert caught.value.retry_after == pytest.approx(1.0)


async def test_limit_when_the_minute_or_the_day_is_full_then_refused() -> None:
    clock, limiter = limited(per_second=100.0, burst=100, per_minute=3, per_day=5)
    for _ in range(3):
        await limiter.enter("orders", 0)
    assert limiter.left("orders") == 0
    with pytest.raises(RateLimited):
        await limiter.enter("orders", 1)
    await clock.advance(60)
    for _ in range(2):
        await limiter.enter("orders", 0)
    await clock.advance(60)
    with pytest.raises(RateLimited) as caught:
        await limiter.enter("orders", 1)
    assert caught.value.retry_after == pytest.approx(14 * 3600 - 120), "until midnight in India"
    await clock.advance(14 * 3600)
    await limiter.enter("orders", 0)


async def test_limit_when_the_broker_says_too_often_then_the_group_is_held() -> None:
    clock, limiter = limited(per_second=8.0, burst=10)
    limiter.hold("orders", 3.0)
    with pytest.raises(RateLimited):
        await limiter.enter("orders", 1.0)
    await clock.advance(3.0)
    await limiter.enter("orders", 0)


async def test_breaker_when_five_fail_within_a_minute_then_opens_and_one_probe_decides() -> None:
    clock = ManualClock(START)
    breaker = Breaker(clock, failures=5, window=60, rest=15)
    for _ in range(4):
        breaker.fail()
    assert breaker.enter()
    breaker.fail()
    assert (breaker.state, breaker.enter()) == ("open", False)
    await clock.advance(15)
    assert breaker.wait_for() == 0
    assert [breaker.enter(), breaker.enter()] == [True, False]
    breaker.fail()
    assert breaker.wait_for() == pytest.approx(15)
    await clock.advance(15)
    assert breaker.enter()
    breaker.succeed()
    assert [breaker.enter(), breaker.enter()] == [True, True], "closed again"


async def test_breaker_when_failures_are_far_apart_then_stays_closed() -> None:
    clock = ManualClock(START)
    breaker = Breaker(clock)
    for _ in range(20):
        breaker.fail()
        await clock.advance(20)
    assert breaker.state == "closed"


@given(
    st.lists(
        st.dictionaries(st.integers(0, 40).map(str), st.sampled_from(["ltp", "full"]), max_size=30),
        min_size=1,
        max_size=8,
    )
)
def test_shards_when_wishes_change_then_what_is_told_adds_up_and_fits(wishes: list[dict[str, str]]) -> None:
    shards = Shards(sockets=3, room=10)
    told: list[dict[str, str]] = []
    for wanted in wishes:
        plans = shards.assign(wanted)
        while len(told) < len(plans):
            told.append({})
        for held, plan in zip(told, plans, strict=True):
            for token in plan.drop:
                del held[token]
            held.update(plan.add)
        together: dict[str, str] = {}
        for number, held in enumerate(told):
            assert len(held) <= 10
            assert held == shards.held(number)
            assert not together.keys() & held.keys()
            together.update(held)
        assert together == wanted
    assert not any(shards.assign(wishes[-1])), "nothing is said twice"


def test_shards_when_there_is_no_room_then_denied_and_unchanged() -> None:
    shards = Shards(sockets=1, room=2)
    shards.assign({"1": "ltp"})
    with pytest.raises(Denied):
        shards.assign({"1": "ltp", "2": "ltp", "3": "ltp"})
    assert shards.held(0) == {"1": "ltp"}


def line(
    broker_id: str, quantity: int, filled: int = 0, *, state: LineState = "OPEN", parent: str = "", tag: str = "T"
) -> OrderLine:
    """A line of a broker's book."""
    return OrderLine(
        broker_id=broker_id,
        client_id=tag,
        parent_id=parent,
        symbol="NIFTY",
        exchange="NFO",
        side="BUY",
        quantity=D(quantity),
        filled=D(filled),
        average=D(100) if filled else None,
        price=D(100),
        type="LIMIT",
        product="NRML",
        validity="DAY",
        state=state,
        raw_state=state,
        reason="no funds" if state == "REJECTED" else "",
    )


@pytest.mark.parametrize("parent", ["", "1"])
def test_slices_when_some_were_refused_then_one_order_that_tells(parent: str) -> None:
    lines = [
        line("1", 1800, 1800, state="FILLED"),
        line("2", 1800, 900, parent=parent),
        line("3", 400, state="REJECTED", parent=parent),
    ]
    (one,) = joined(lines, lambda _: 1800)
    assert (one.broker_id, one.quantity, one.filled, one.state) == ("1", D(4000), D(2700), "PARTIAL")
    assert "1 of 3" in one.reason
    ended = [lines[0], msgspec.structs.replace(lines[1], filled=D(1800), state="FILLED"), lines[2]]
    (one,) = joined(ended, lambda _: 1800)
    assert (one.state, one.filled) == ("CANCELLED", D(3600))


def test_slices_when_an_order_was_sent_twice_then_both_are_seen() -> None:
    twice = [line("1", 1000), line("2", 1000)]
    assert joined(twice, lambda _: 1800) == twice
    assert joined(twice, lambda _: None) == twice
    foreign = [line("1", 1800, tag=""), line("2", 200, tag="")]
    assert joined(foreign, lambda _: 1800) == foreign
