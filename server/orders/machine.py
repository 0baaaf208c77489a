"""The order state machine: pure, and the only place where an order's state is decided.

`advance(order, step, now)` gives the order after a step, or raises Illegal when the step cannot follow. All legal
moves are in `MOVES`; a state and step that are not there are illegal. A terminal state is left by one thing only:
a proven fill that comes late, because a fill is a fact.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Literal

import msgspec

from server.domain.orders import TERMINAL_STATES, Order, OrderState, OrderType

__all__ = (
    "MOVES",
    "Accept",
    "Cancel",
    "Expire",
    "Fill",
    "Illegal",
    "Lose",
    "Modify",
    "Reject",
    "Step",
    "Trigger",
    "advance",
    "alarming",
    "overfilled",
)

_AVERAGE_PLACES = Decimal("0.0001")


class Accept(msgspec.Struct, frozen=True):
    """Proof that the broker has the order."""

    broker_id: str


class Reject(msgspec.Struct, frozen=True):
    """Proof that the broker or exchange refused it, or that it never arrived."""

    reason: str


class Lose(msgspec.Struct, frozen=True):
    """Sent, and nobody can say what became of it."""

    reason: str


class Fill(msgspec.Struct, frozen=True):
    """One execution. `value` is the sum of price x quantity over all fills of the order, this one included."""

    quantity: int
    price: Decimal
    value: Decimal


class Trigger(msgspec.Struct, frozen=True):
    """The stop price was reached; the order now works as a limit or market order."""


class Modify(msgspec.Struct, frozen=True):
    """The broker took a change: the order's terms are now these."""

    quantity: int
    price: Decimal | None
    trigger: Decimal | None
    type: OrderType
    broker_id: str = ""
    """Its new number, where the broker makes another order of a changed one."""


class Cancel(msgspec.Struct, frozen=True):
    """The rest was cancelled."""

    reason: str


class Expire(msgspec.Struct, frozen=True):
    """Its validity ended."""

    reason: str


Step = Accept | Reject | Lose | Fill | Trigger | Modify | Cancel | Expire

Move = OrderState | Literal["FILL", "SAME"]
"""Where a step leads. FILL: PARTIAL or FILLED by quantity. SAME: the state stays (only fields change)."""

MOVES: Mapping[str, Mapping[type, Move]] = MappingProxyType(
    {
        "SUBMITTING": {
            Accept: "OPEN",
            Reject: "REJECTED",
            Lose: "UNKNOWN",
            Fill: "FILL",
            Trigger: "OPEN",
            Cancel: "CANCELLED",
            Expire: "EXPIRED",
        },
        "UNKNOWN": {
            Accept: "OPEN",
            Reject: "REJECTED",
            Fill: "FILL",
            Trigger: "OPEN",
            Cancel: "CANCELLED",
            Expire: "EXPIRED",
        },
        "OPEN": {
            Accept: "SAME",
            Reject: "REJECTED",
            Fill: "FILL",
            Trigger: "SAME",
            Modify: "SAME",
            Cancel: "CANCELLED",
            Expire: "EXPIRED",
        },
        "PARTIAL": {
            Accept: "SAME",
            # the exchange refused the rest of what it had begun to fill: what is filled stands
            Reject: "CANCELLED",
            Fill: "FILL",
            Trigger: "SAME",
            Modify: "FILL",
            Cancel: "CANCELLED",
            Expire: "EXPIRED",
        },
        # late news about a finished order: its broker id may still be learnt, and a fill is a fact
        "FILLED": {Accept: "SAME", Fill: "SAME"},
        "CANCELLED": {Accept: "SAME", Fill: "SAME"},
        "EXPIRED": {Accept: "SAME", Fill: "SAME"},
        # a fill proves that the order lives after all, so it must be possible to cancel what is left of it
        "REJECTED": {Fill: "FILL"},
        "DENIED": {},
    }
)


class Illegal(Exception):
    """The step cannot follow on the order's state; the order is as it was."""

    def __init__(self, order: Order, step: Step, why: str = "") -> None:
        super().__init__(f"order {order.id} is {order.state}: {type(step).__name__} cannot follow. {why}".strip())
        self.state = order.state
        self.step = step


def advance(order: Order, step: Step, now: datetime) -> Order:
    """The order after `step`; raises Illegal. `now` is wall time, aware UTC."""
    move = MOVES[order.state].get(type(step))
    if move is None:
        raise Illegal(order, step)
    filled, average = order.filled, order.average
    quantity, price, trigger, kind = order.quantity, order.price, order.trigger, order.type
    broker_id, reason, revision, triggered = order.broker_id, order.reason, order.revision, order.triggered
    match step:
        case Accept():
            broker_id = step.broker_id or broker_id
            reason = "" if order.state in ("SUBMITTING", "UNKNOWN") else reason
        case Fill():
            if step.quantity <= 0:
                raise Illegal(order, step, "A fill has a positive quantity.")
            filled += step.quantity
            average = (step.value / filled).quantize(_AVERAGE_PLACES, ROUND_HALF_UP)
            reason = "" if order.state in ("SUBMITTING", "UNKNOWN", "REJECTED") else reason
        case Modify():
            if step.quantity < filled or step.quantity <= 0:
                raise Illegal(order, step, f"{filled} are filled already.")
            quantity, price, trigger, kind = step.quantity, step.price, step.trigger, step.type
            broker_id = step.broker_id or broker_id
            revision += 1
        case Trigger():
            triggered = True
        case Reject() | Lose() | Cancel() | Expire():
            reason = step.reason
    return msgspec.structs.replace(
        order,
        state=_state(order.state, move, filled, quantity),
        filled=filled,
        average=average,
        quantity=quantity,
        price=price,
        trigger=trigger,
        type=kind,
        broker_id=broker_id,
        reason=reason,
        revision=revision,
        triggered=triggered,
        updated=now,
    )


def overfilled(order: Order) -> bool:
    """Whether more was filled than asked for: applied all the same, and an alarm."""
    return order.filled > order.quantity


def alarming(before: Order, after: Order) -> str:
    """The sentence to shout about a move from `before` to `after`; empty when all is well."""
    if overfilled(after) and after.filled > before.filled:
        return f"Overfill: {after.filled} filled of {after.quantity} ordered in {after.key}. Check with the broker."
    if before.state == "REJECTED" and after.filled > before.filled:
        return f"A fill came for order {after.id} in {after.key}, which had been reported as rejected. It is applied."
    return ""


def _state(state: OrderState, move: Move, filled: int, quantity: int) -> OrderState:
    if state in TERMINAL_STATES and move == "SAME":
        # CANCELLED or EXPIRED, then proved to be filled to the last unit
        return "FILLED" if filled >= quantity else state
    if move == "FILL":
        return "FILLED" if filled >= quantity else "PARTIAL"
    return state if move == "SAME" else move
