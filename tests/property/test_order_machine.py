"""The state machine under any sequence of steps."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from server.domain.orders import LIVE_STATES, TERMINAL_STATES, Order
from server.orders import machine
from tests.instruments import share
from tests.trading import order

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
PRICES = st.decimals(min_value=Decimal("0.05"), max_value=Decimal(9999), places=2)

steps = st.lists(
    st.one_of(
        st.builds(machine.Accept, st.sampled_from(["B1", ""])),
        st.builds(machine.Reject, st.just("no")),
        st.builds(machine.Lose, st.just("lost")),
        st.tuples(st.integers(0, 40), PRICES),
        st.just(machine.Trigger()),
        st.builds(machine.Modify, st.integers(1, 120), PRICES, st.none(), st.just("LIMIT")),
        st.builds(machine.Cancel, st.just("user")),
        st.builds(machine.Expire, st.just("day over")),
    ),
    max_size=25,
)


def fresh() -> Order:
    """An order just made."""
    made = order(share(), quantity=100, type="LIMIT", price="100.00")
    return msgspec.structs.replace(made, state="SUBMITTING")


@given(steps)
def test_advance_when_any_steps_come_then_every_move_is_legal(moves: list[object]) -> None:
    current, value, fills = fresh(), Decimal(0), 0
    for move in moves:
        late_fill = isinstance(move, tuple)
        if isinstance(move, tuple):
            quantity, price = move
            step: machine.Step = machine.Fill(quantity, price, value + quantity * price)
        else:
            step = move  # type: ignore[assignment]
        try:
            after = machine.advance(current, step, NOW)
        except machine.Illegal:
            assert type(step) not in machine.MOVES[current.state] or isinstance(step, machine.Fill | machine.Modify)
            continue
        if current.state in TERMINAL_STATES and after.state != current.state:
            assert late_fill, "only a proven fill leaves a terminal state"
        if isinstance(step, machine.Fill):
            value, fills = step.value, fills + step.quantity
        assert after.filled == fills
        assert (after.state == "FILLED") == (fills >= after.quantity)
        if after.state == "PARTIAL":
            assert 0 < fills < after.quantity
        if after.filled > after.quantity:
            assert machine.overfilled(after)
            assert bool(machine.alarming(current, after)) == isinstance(step, machine.Fill)
        assert after.revision == current.revision + isinstance(step, machine.Modify)
        current = after
    if fills:
        assert current.average is not None
        assert abs(current.average - value / fills) <= Decimal("0.00005")


@given(st.permutations([(10, "99.95"), (25, "100.05"), (40, "101.10"), (25, "98.00")]))
def test_fill_when_the_order_of_arrival_changes_then_the_result_does_not(fills: list[tuple[int, str]]) -> None:
    current, value = machine.advance(fresh(), machine.Accept("B1"), NOW), Decimal(0)
    for quantity, price in fills:
        value += quantity * Decimal(price)
        current = machine.advance(current, machine.Fill(quantity, Decimal(price), value), NOW)
    assert (current.state, current.filled, current.average) == ("FILLED", 100, Decimal("99.9475"))


@given(st.sampled_from(sorted(LIVE_STATES | TERMINAL_STATES)), st.integers(1, 200))
def test_fill_when_a_terminal_order_is_filled_late_then_the_fill_is_counted(state: str, quantity: int) -> None:
    before = msgspec.structs.replace(fresh(), state=state)
    step = machine.Fill(quantity, Decimal(100), Decimal(100) * quantity)
    if state == "DENIED":
        try:
            machine.advance(before, step, NOW)
        except machine.Illegal:
            return
        raise AssertionError("what was never sent cannot fill")
    after = machine.advance(before, step, NOW)
    assert after.filled == quantity
    assert machine.overfilled(after) == (quantity > 100)
    assert bool(machine.alarming(before, after)) == (quantity > 100 or state == "REJECTED")
