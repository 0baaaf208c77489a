"""Matching by property: same seed and inputs, same events byte for byte; nothing filled twice, nor past its limit.

About 150 sequences by default; 5,000 with SAUDA_LONG=1.
"""

import os
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.domain.orders import Order, OrderType, Side
from server.matching.engine import Engine
from server.matching.messages import Cancel, Changed, Event, Input, Modify, Price, Submit, Trade
from server.matching.settings import MatchingSettings
from server.matching.snapshot import Snapshot
from tests.instruments import share
from tests.trading import book, ist, order, rulebook

LONG = bool(os.environ.get("SAUDA_LONG"))
PROFILE = settings(
    max_examples=5_000 if LONG else 150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
pytestmark = pytest.mark.timeout(1800 if LONG else 120)
SBIN = share("SBIN")
TICK = Decimal("0.05")
Step = tuple[datetime, Input]


@st.composite
def books(draw: st.DrawFn, at: datetime, volume: int) -> Snapshot:
    """A book around Rs 800; one side may be empty, or both."""
    middle = 16_000 + draw(st.integers(-10, 10))
    spread = draw(st.integers(1, 4))
    depth = st.integers(0, 5)
    bids = [((middle - i) * TICK, draw(st.integers(1, 200))) for i in range(draw(depth))]
    asks = [((middle + spread + i) * TICK, draw(st.integers(1, 200))) for i in range(draw(depth))]
    ltp = (middle + draw(st.integers(-1, spread + 1))) * TICK
    return book(
        [(str(p), q) for p, q in bids],
        [(str(p), q) for p, q in asks],
        ltp=str(ltp),
        volume=volume,
        at=at,
        close="800.00",
        fresh=draw(st.integers(0, 9)) > 0,
        deep=draw(st.booleans()),
    )


@st.composite
def days(draw: st.DrawFn) -> list[Step]:
    """Prices and commands over some minutes, perhaps across the closing auction."""
    now = draw(st.sampled_from((ist("10:00"), ist("15:13"))))
    volume = draw(st.sampled_from((0, 10_000)))
    steps: list[Step] = [(now, Price(SBIN.key, draw(books(now, volume))))]
    sent: list[Order] = []
    for number in range(draw(st.integers(1, 25))):
        now += timedelta(seconds=draw(st.sampled_from((0, 1, 30, 120))))
        what = draw(st.integers(0, 9))
        if what < 4 or not sent:
            sent.append(draw(orders(number)))
            steps.append((now, Submit(sent[-1], SBIN)))
        elif what == 4:
            steps.append((now, Cancel(draw(st.sampled_from(sent)).id)))
        elif what == 5:
            change = Modify(order_id=draw(st.sampled_from(sent)).id, quantity=draw(st.integers(1, 500)))
            steps.append((now, change))
        else:
            volume += draw(st.integers(0, 300)) if volume else 0
            steps.append((now, Price(SBIN.key, draw(books(now, volume)))))
    return steps


@st.composite
def orders(draw: st.DrawFn, number: int) -> Order:
    """Any order, sensible or not."""
    side: Side = draw(st.sampled_from(("BUY", "SELL")))
    kind: OrderType = draw(st.sampled_from(("MARKET", "LIMIT", "LIMIT", "SL", "SL-M")))
    limit = (16_000 + draw(st.integers(-20, 20))) * TICK
    trigger = limit - TICK * draw(st.integers(0, 5)) * (1 if side == "BUY" else -1)
    return order(
        SBIN,
        side,
        draw(st.integers(1, 500)),
        kind,
        str(limit) if kind in ("LIMIT", "SL") else None,
        str(trigger) if kind in ("SL", "SL-M") else None,
        product="MIS",
        validity=draw(st.sampled_from(("DAY", "DAY", "IOC"))),
        id=f"ORDER{number:015d}",
    )


def run(steps: list[Step], seed: int, latency: float) -> list[Event]:
    """All events of a run to the end of the day."""
    engine = Engine(rulebook(), MatchingSettings(seed=seed, latency=latency))
    out: list[Event] = []
    for at, item in steps:
        out += engine.step(at, [item])
    while (due := engine.next_due()) is not None:
        out += engine.step(due)
    return out


@PROFILE
@given(steps=days(), seed=st.integers(0, 5), latency=st.sampled_from((0.0, 0.05)))
def test_run_when_seed_and_inputs_are_the_same_then_events_are_byte_for_byte_the_same(
    steps: list[Step], seed: int, latency: float
) -> None:
    first, second = run(steps, seed, latency), run(steps, seed, latency)
    assert msgspec.json.encode(first) == msgspec.json.encode(second)


@PROFILE
@given(steps=days(), seed=st.integers(0, 5))
def test_fill_when_anything_happens_then_never_past_limit_never_too_much_and_every_order_ends(
    steps: list[Step], seed: int
) -> None:
    events = run(steps, seed, 0.0)
    sent = {item.order.id: item.order for _, item in steps if isinstance(item, Submit)}
    most = {i: max([o.quantity, *_quantities(steps, i)]) for i, o in sent.items()}
    filled = dict.fromkeys(sent, 0)
    seen = set()
    for event in events:
        if not isinstance(event, Trade):
            continue
        one = sent[event.order_id]
        filled[one.id] += event.quantity
        assert event.quantity > 0
        assert event.price % TICK == 0
        assert event.execution not in seen
        seen.add(event.execution)
        if one.price is not None:
            assert event.price <= one.price if one.side == "BUY" else event.price >= one.price
    assert all(filled[i] <= most[i] for i in sent)
    ends = [e.order_id for e in events if isinstance(e, Changed) and e.state in ("CANCELLED", "EXPIRED", "REJECTED")]
    assert len(ends) == len(set(ends)), "an order ends once"
    told = {e.order_id: e.filled for e in events if isinstance(e, Changed)}
    assert all(told[i] == filled[i] for i in ends)


@PROFILE
@given(
    asks=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    wants=st.lists(st.integers(1, 400), min_size=1, max_size=6),
)
def test_take_when_several_orders_meet_one_book_then_together_no_more_than_it_shows(
    asks: list[int], wants: list[int]
) -> None:
    engine = Engine(rulebook(), MatchingSettings(latency=0.0))
    shown = book([("799.00", 10)], [(str(800 + TICK * i), q) for i, q in enumerate(asks)], ltp="799.00")
    commands: list[Input] = [Submit(order(SBIN, "BUY", q, "LIMIT", "801.00"), SBIN) for q in wants]
    events = engine.step(ist("10:00"), [Price(SBIN.key, shown), *commands])
    events += engine.step(ist("10:00:01"), [Price(SBIN.key, shown)])
    got = sum(e.quantity for e in events if isinstance(e, Trade))
    assert got == min(sum(asks), sum(wants))


def _quantities(steps: list[Step], order_id: str) -> list[int]:
    return [i.quantity for _, i in steps if isinstance(i, Modify) and i.order_id == order_id and i.quantity]
