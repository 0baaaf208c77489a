"""Fills in any order, repeated and late, give the same books, and the books sum to zero at every step.

About 300 sequences by default; 10,000 with SAUDA_LONG=1.
"""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.core.clock import ManualClock
from server.core.ids import Ids
from server.domain.books import Mark, Position
from server.domain.instruments import Instrument
from server.domain.orders import Fill, Product, Side
from server.ledger.ledger import Ledger, PastFill
from tests.instruments import future, option, share
from tests.trading import DAY, fill, ist, rulebook

LONG = bool(os.environ.get("SAUDA_LONG"))
PROFILE = settings(
    max_examples=10_000 if LONG else 300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
pytestmark = pytest.mark.timeout(1800 if LONG else 120)
WHO = "paper-sim"
TRADED: tuple[tuple[Instrument, Product], ...] = (
    (option("NIFTY", DAY.replace(day=30), 24500, "CE"), "NRML"),
    (future("NIFTY", DAY.replace(day=30)), "NRML"),
    (share("RELIANCE"), "CNC"),
    (share("RELIANCE"), "MIS"),
)
BY_KEY = {(i.key, p): i for i, p in TRADED}


@st.composite
def trades(draw: st.DrawFn) -> list[tuple[Fill, Product]]:
    """Fills of a few orders over less than `KEEP_DAYS`, in the order in which they happened."""
    out = []
    moment = ist("09:30")
    for number in range(draw(st.integers(1, 12))):
        instrument, product = draw(st.sampled_from(TRADED))
        side: Side = draw(st.sampled_from(("BUY", "SELL")))
        order = f"order-{draw(st.integers(0, 2))}-{instrument.symbol}-{product}-{side}-{moment.date()}"
        moment += timedelta(seconds=draw(st.sampled_from((0, 1, 40_000))))
        price = Decimal(draw(st.integers(1, 3_000_000))) / 100
        quantity = draw(st.integers(1, 40)) * instrument.lot
        one = fill(instrument.key, side, quantity, price, execution=f"X{number:02d}", order=order, at=moment)
        out.append((one, product))
    return out


def empty() -> Ledger:
    """A ledger with one account."""
    clock = ManualClock(datetime(2026, 11, 20, tzinfo=UTC))
    ledger = Ledger(rulebook(), Ids(clock, lambda bits: 0), clock)
    ledger.load(WHO, "zerodha")
    return ledger


def run(ledger: Ledger, items: list[tuple[Fill, Product]]) -> Iterator[PastFill]:
    """Apply and commit one after the other, checking the books after each."""
    for one, product in items:
        applied = ledger.apply(one, product, BY_KEY[one.key, product])
        if applied is None:
            continue
        assert sum(p.minor for p in applied.postings) == 0
        ledger.commit(applied)
        assert sum(ledger.balances(WHO).values()) == 0
        yield PastFill(applied.fill, product, applied.charges)


FUTURE = TRADED[1]
Step = tuple[Fill, Product] | Mark


def with_marks(items: list[tuple[Fill, Product]], prices: list[int]) -> list[Step]:
    """The same with a mark of the future at the end of each day."""
    out: list[Step] = []
    for (day, some), price in zip(groupby(items, lambda i: i[0].at_market.date()), prices, strict=False):
        out += some
        out.append(
            Mark(
                account=WHO,
                key=FUTURE[0].key,
                product=FUTURE[1],
                day=day,
                price=Decimal(price) / 100,
                at_market=datetime.combine(day, ist("15:40").timetz()),
            )
        )
    return out


def run_steps(ledger: Ledger, steps: list[Step]) -> tuple[list[PastFill], list[Mark]]:
    """Apply fills and marks one after the other; returns what was taken."""
    fills: list[PastFill] = []
    marks: list[Mark] = []
    for step in steps:
        if not isinstance(step, Mark):
            fills += run(ledger, [step])
        elif (marked := ledger.mark_to_market(step)) is not None:
            assert sum(p.minor for p in marked.postings) == 0
            ledger.commit_mark(marked)
            assert sum(ledger.balances(WHO).values()) == 0
            marks.append(step)
    return fills, marks


def positions(ledger: Ledger) -> dict[tuple[str, str], Position]:
    """Positions by place."""
    return {(p.key, p.product): p for p in ledger.positions(WHO)}


@PROFILE
@given(items=trades(), seed=st.integers(0, 2**32))
def test_apply_when_shuffled_repeated_and_late_then_same_books(items: list[tuple[Fill, Product]], seed: int) -> None:
    in_time, mixed = empty(), empty()
    list(run(in_time, items))
    chaos = random.Random(seed)
    arrivals = items + chaos.choices(items, k=len(items))
    chaos.shuffle(arrivals)
    list(run(mixed, arrivals))
    assert positions(mixed) == positions(in_time)
    assert mixed.balances(WHO) == in_time.balances(WHO)
    got, expected = mixed.funds(WHO), in_time.funds(WHO)
    assert (got.cash_minor, got.realised_minor, got.day) == (expected.cash_minor, expected.realised_minor, expected.day)


@PROFILE
@given(items=trades())
def test_flatten_when_all_is_closed_then_no_cost_is_left_and_profit_is_what_came_in_less_what_went_out(
    items: list[tuple[Fill, Product]],
) -> None:
    ledger = empty()
    list(run(ledger, items))
    end = items[-1][0].at_market + timedelta(seconds=1)
    closing = [
        (fill(p.key, "SELL" if p.quantity > 0 else "BUY", abs(p.quantity), "123.45", at=end), p.product)
        for p in ledger.positions(WHO)
        if p.quantity
    ]
    list(run(ledger, closing))
    for place, position in positions(ledger).items():
        assert (position.quantity, position.cost_minor) == (0, 0)
        flow = sum(f.price * -f.signed for f, product in items + closing if (f.key, product) == place)
        assert position.realised_minor == int(flow * 100)
    balances = ledger.balances(WHO)
    assert balances["positions"] == 0
    assert balances["cash"] == -balances["profit"] - balances["charges"] - balances["tax"]


@PROFILE
@given(items=trades(), cut=st.integers(0, 12))
def test_reload_when_stopped_anywhere_then_the_rest_gives_the_same_books(
    items: list[tuple[Fill, Product]], cut: int
) -> None:
    whole, before = empty(), empty()
    list(run(whole, items))
    done = list(run(before, items[:cut]))
    after = empty()
    after.load(
        WHO,
        "zerodha",
        balances=before.balances(WHO),
        holds=before.holds(WHO),
        positions=before.positions(WHO),
        fills=done,
    )
    list(run(after, items))  # the broker tells all of them again
    assert after.balances(WHO) == whole.balances(WHO)
    assert positions(after) == positions(whole)


@PROFILE
@given(items=trades(), marks=st.lists(st.integers(1, 3_000_000), min_size=4, max_size=4))
def test_mark_when_prices_are_known_then_equity_is_capital_and_all_profit_less_costs(
    items: list[tuple[Fill, Product]], marks: list[int]
) -> None:
    ledger = empty()
    list(run(ledger, items))
    prices = {i.key: Decimal(m) / 100 for (i, _), m in zip(TRADED, marks, strict=True)}
    funds = ledger.funds(WHO, prices)
    flow = sum(f.price * -f.signed for f, _ in items) * 100
    worth = sum(prices[p.key] * p.quantity for p in ledger.positions(WHO)) * 100
    assert funds.equity_minor == int(flow + worth) - funds.charges_minor - funds.tax_minor


levels = st.lists(st.integers(1, 3_000_000), min_size=12, max_size=12)


@PROFILE
@given(items=trades(), prices=levels, seed=st.integers(0, 2**32))
def test_mark_daily_when_fills_come_late_then_same_books_and_the_profit_of_one_never_marked(
    items: list[tuple[Fill, Product]], prices: list[int], seed: int
) -> None:
    in_time, mixed, never = empty(), empty(), empty()
    steps = with_marks(items, prices)
    _, marks = run_steps(in_time, steps)
    # a mark is made once its day is over, from a position that is known; fills may still come after it, and again
    late = [step for step in steps if not isinstance(step, Mark)]
    random.Random(seed).shuffle(late)
    for part in (late[: len(late) // 2], marks, late, marks):
        run_steps(mixed, list(part))
    run_steps(never, [step for step in steps if not isinstance(step, Mark)])
    assert sum(mixed.balances(WHO).values()) == 0
    place = (FUTURE[0].key, FUTURE[1])
    for ledger in (in_time, mixed):
        got, bare = positions(ledger).get(place), positions(never).get(place)
        if got is None or bare is None:
            assert got is bare
            continue
        assert got.quantity == bare.quantity
        # whatever was paid in cash on the way is in the price at which the rest is carried
        assert got.realised_minor - got.cost_minor == bare.realised_minor - bare.cost_minor
        last = next((m for m in reversed(marks) if m.day == got.marked), None)
        after = [f for f, _ in items if f.key == place[0] and last is not None and f.at_market > last.at_market]
        if got.quantity and last is not None and not after:
            assert abs(got.cost_minor) == int(last.price * abs(got.quantity) * 100)


@PROFILE
@given(items=trades(), prices=levels, cut=st.integers(0, 24))
def test_mark_daily_when_stopped_anywhere_then_the_rest_gives_the_same_books(
    items: list[tuple[Fill, Product]], prices: list[int], cut: int
) -> None:
    whole, before, after = empty(), empty(), empty()
    steps = with_marks(items, prices)
    run_steps(whole, steps)
    fills, marks = run_steps(before, steps[:cut])
    after.load(
        WHO,
        "zerodha",
        balances=before.balances(WHO),
        holds=before.holds(WHO),
        positions=before.positions(WHO),
        fills=fills,
        marks=marks,
    )
    run_steps(after, steps)  # all of it is told again
    assert after.balances(WHO) == whole.balances(WHO)
    assert positions(after) == positions(whole)
