"""Parent orders: an iceberg, cover, bracket or sliced order, and what its child orders call for next.

`decide` is a pure function of the parent, its children as they stand, the last price and the position: the same answer
before and after a restart. Children carry request ids made of the parent's, so that however often a step is tried, it
is one order.

A sliced order is one above the exchange's freeze quantity: its parts go out one behind the other and work side by side.
While one is in doubt, or after one was refused, no further part goes out; what stands there stays.

A cover or bracket order has ONE exit order at a time, which rests at the broker as a stop and so protects while Sauda
is away. At the target the same order is changed to a limit order, and back when the price turns: two orders that could
both fill, and leave the opposite position, never exist.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from server.domain.instruments import plain_quantity
from server.domain.orders import LIVE_STATES, Order, OrderRequest, OrderType, Product, Side
from server.orders.ports import Change

__all__ = (
    "RUNNING_STATES",
    "Amend",
    "Cancel",
    "End",
    "ParentKind",
    "ParentOrder",
    "ParentState",
    "Send",
    "Step",
    "Wait",
    "decide",
    "parts_told",
)

ParentKind = Literal["iceberg", "cover", "bracket", "slices"]
ParentState = Literal["RUNNING", "CLOSING", "DONE", "STOPPED", "CANCELLED"]
"""CLOSING: asked to end; what is not filled is cancelled, what is held is closed. STOPPED: something refused; what is
there stays and `reason` says it. CANCELLED: ended before anything was filled."""

RUNNING_STATES: tuple[str, ...] = ("RUNNING", "CLOSING")
_STOPS = ("SL", "SL-M")


class ParentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, and how it stands."""

    id: str
    account: str
    kind: ParentKind
    key: str
    product: Product
    side: Side
    quantity: int
    type: Literal["MARKET", "LIMIT"]
    price: Decimal | None = None
    slice: int = 0
    """Iceberg: units shown at a time. Slices: units of a part, the most the exchange takes in one order."""
    stop: Decimal | None = None
    """Cover and bracket: trigger of the exit."""
    stop_limit: Decimal | None = None
    """Limit of the exit where the exchange has no SL-M for the instrument; None = SL-M."""
    target: Decimal | None = None
    """Bracket: price at which the profit is taken."""
    state: ParentState = "RUNNING"
    reason: str = ""
    orders: tuple[str, ...] = ()
    """Ids of the children, in the order in which they were sent."""
    filled: int = 0
    """Units of the iceberg or the parts, or of the entry."""
    held_back: str = ""
    """Slices: why no further part goes out; empty while more may."""
    tag: str = ""
    request_id: str = ""
    created: datetime
    created_market: datetime
    updated: datetime
    unit: Decimal = Decimal(1)
    """What one unit of the quantities was when it was made; a child is refused when that has changed."""

    @property
    def way(self) -> int:
        """+1 when it buys, -1 when it sells."""
        return 1 if self.side == "BUY" else -1

    def request_name(self, number: int) -> str:
        """Request id of a child: the same every time it is asked."""
        return f"{self.kind}-{self.id}-{number}"


class Send(msgspec.Struct, frozen=True):
    """Place the next child."""

    request: OrderRequest


class Amend(msgspec.Struct, frozen=True):
    """Change a child at work."""

    order: Order
    change: Change


class Cancel(msgspec.Struct, frozen=True):
    """Cancel a child at work."""

    order: Order


class End(msgspec.Struct, frozen=True):
    """Nothing is left to do."""

    state: ParentState
    reason: str = ""


class Wait(msgspec.Struct, frozen=True):
    """Until a child or the price moves."""


Step = Send | Amend | Cancel | End | Wait


def decide(
    parent: ParentOrder, children: Sequence[Order], last: float, held: int, reprice: Collection[str] = ()
) -> Step:
    """The next step. `last` is the last price (NaN where there is none), `held` the signed position in its instrument
    and product, `reprice` the parts that are to get the parent's price."""
    if parent.kind == "slices":
        return _slices(parent, children, reprice)
    if any(order.state in ("SUBMITTING", "UNKNOWN") for order in children):
        return Wait()  # in doubt: nothing is sent on top of it (law 3)
    if parent.kind == "iceberg":
        return _iceberg(parent, children)
    return _guarded(parent, children, last, held)


def _iceberg(parent: ParentOrder, children: Sequence[Order]) -> Step:
    live = [order for order in children if order.state in LIVE_STATES]
    done = sum(order.filled for order in children)
    if live:
        return Cancel(live[-1]) if parent.state == "CLOSING" else Wait()
    if done >= parent.quantity:
        return End("DONE")
    if parent.state == "CLOSING":
        return End(
            "CANCELLED",
            f"{plain_quantity(done, parent.unit)} of {plain_quantity(parent.quantity, parent.unit)} are filled."
            if done
            else "",
        )
    if children and children[-1].state != "FILLED":
        ended = children[-1]
        why = f"Part {len(children)} was {ended.state.lower()}. {ended.reason}".strip()
        return End(
            "STOPPED",
            f"{why} {_progress(parent, done)}",
        )
    return Send(_child(parent, len(children), parent.side, min(parent.slice, parent.quantity - done), parent.type))


def _progress(parent: ParentOrder, done: int) -> str:
    return f"{plain_quantity(done, parent.unit)} of {plain_quantity(parent.quantity, parent.unit)} are filled."


def _slices(parent: ParentOrder, children: Sequence[Order], reprice: Collection[str]) -> Step:
    working = [order for order in children if order.state in ("OPEN", "PARTIAL")]
    in_doubt = any(order.state in ("SUBMITTING", "UNKNOWN") for order in children)
    done = sum(order.filled for order in children)
    if parent.state == "CLOSING" and working:
        return Cancel(working[-1])
    for order in working:
        if order.id in reprice and order.price != parent.price:
            return Amend(order, Change(price=parent.price))
    if in_doubt:
        return Wait()
    left = parent.quantity - sum(order.quantity for order in children)
    if parent.state == "RUNNING" and left > 0 and not parent.held_back and not _ended_badly(children):
        return Send(_child(parent, len(children), parent.side, min(parent.slice, left), parent.type))
    if working:
        return Wait()
    if done >= parent.quantity:
        return End("DONE")
    return End("CANCELLED" if parent.state == "CLOSING" else "STOPPED", parts_told(parent, children))


def _ended_badly(children: Sequence[Order]) -> list[int]:
    """Numbers of the parts that are over and not filled."""
    return [n for n, o in enumerate(children, 1) if o.state not in LIVE_STATES and o.state != "FILLED"]


def parts_told(parent: ParentOrder, children: Sequence[Order]) -> str:
    """What became of the parts of a sliced order, in sentences; empty while all is as it should be."""
    over = _ended_badly(children)
    total = -(-parent.quantity // parent.slice)
    if parent.state == "CLOSING":  # that these are cancelled is what was asked for
        over = [n for n in over if children[n - 1].state != "CANCELLED"]
    said = [f"Part {n} was {(o := children[n - 1]).state.lower()}: {o.reason or 'no reason given'}" for n in over]
    if parent.held_back:
        said.append(parent.held_back)
    if not said and parent.state == "RUNNING":
        return ""
    if left := total - len(children):
        said.append(f"{left} of {total} parts {'was' if left == 1 else 'were'} not sent")
    done = sum(order.filled for order in children)
    said.append(f"{done} of {parent.quantity} {'is' if done == 1 else 'are'} filled")
    return " ".join(f"{sentence.rstrip('.')}." for sentence in said)


def _guarded(parent: ParentOrder, children: Sequence[Order], last: float, held: int) -> Step:
    if not children:
        if parent.state == "CLOSING":
            return End("CANCELLED")
        return Send(_child(parent, 0, parent.side, parent.quantity, parent.type))
    entry, exits = children[0], children[1:]
    entering = entry.state in LIVE_STATES
    if entering and parent.state == "CLOSING":
        return Cancel(entry)
    working = next((order for order in exits if order.state in LIVE_STATES), None)
    # others may have closed part of it: an exit must never open the opposite position
    left = min(entry.filled - sum(order.filled for order in exits), max(0, held * parent.way))
    if left <= 0:
        return _emptied(entry, exits, working)
    if working is None:
        if exits and exits[-1].state != "FILLED":
            ended = exits[-1]
            why = f"The exit was {ended.state.lower()}. {ended.reason}".strip()
            return End("STOPPED", f"{why} {left} are open and unguarded.")
        return Send(_exit(parent, len(children), left))
    change = _change(parent, working, last, working.filled + left)
    return Amend(working, change) if change is not None else Wait()


def _emptied(entry: Order, exits: Sequence[Order], working: Order | None) -> Step:
    """Nothing is held (any more)."""
    if working is not None:
        return Cancel(working)
    if entry.state in LIVE_STATES:
        # before its first fill it waits; after an exit, or a close by hand, what is left must not open anew unguarded
        return Wait() if entry.filled == 0 else Cancel(entry)
    if entry.filled == 0:
        cancelled = entry.state == "CANCELLED"
        return End("CANCELLED" if cancelled else "STOPPED", "" if cancelled else _ended_words(entry))
    if sum(order.filled for order in exits) < entry.filled:
        return End("DONE", "The position was closed by another order.")
    return End("DONE")


def _ended_words(entry: Order) -> str:
    return f"The entry was {entry.state.lower()}. {entry.reason}".strip()


def _change(parent: ParentOrder, working: Order, last: float, quantity: int) -> Change | None:
    """What the exit at work should be; None when it is that already."""
    units = quantity if quantity != working.quantity else None
    kind = _wanted(parent, working, last)
    if kind == working.type:
        return Change(quantity=units) if units is not None else None
    if kind == "LIMIT":
        return Change(quantity=units, type=kind, price=parent.target)
    if kind == "MARKET":
        return Change(quantity=units, type=kind)
    return Change(quantity=units, type=kind, price=parent.stop_limit, trigger=parent.stop)


def _wanted(parent: ParentOrder, working: Order, last: float) -> OrderType:
    """Type the exit should have: a stop; at the target a limit; at the end, or past the stop without one, at market."""
    if working.triggered or working.type == "MARKET":
        return working.type
    if parent.state == "CLOSING":
        return "MARKET"
    stop_type: OrderType = "SL" if parent.stop_limit is not None else "SL-M"
    if parent.target is None or parent.stop is None or last != last:
        return working.type
    at = last * parent.way
    target, stop = float(parent.target) * parent.way, float(parent.stop) * parent.way
    if working.type in _STOPS:
        return "LIMIT" if at >= target else working.type
    if at <= stop:
        return "MARKET"
    # nearer to the stop than to the target: the stop must rest at the broker again
    return stop_type if at - stop < target - at else "LIMIT"


def _exit(parent: ParentOrder, number: int, quantity: int) -> OrderRequest:
    side: Side = "SELL" if parent.side == "BUY" else "BUY"
    if parent.state == "CLOSING":
        return _child(parent, number, side, quantity, "MARKET")
    kind: OrderType = "SL" if parent.stop_limit is not None else "SL-M"
    request = _child(parent, number, side, quantity, kind)
    return msgspec.structs.replace(request, price=parent.stop_limit, trigger=parent.stop)


def _child(parent: ParentOrder, number: int, side: Side, quantity: int, kind: OrderType) -> OrderRequest:
    return OrderRequest(
        account=parent.account,
        key=parent.key,
        side=side,
        quantity=quantity,
        unit=parent.unit,
        type=kind,
        product=parent.product,
        price=parent.price if kind == "LIMIT" else None,
        tag=parent.tag,
        request_id=parent.request_name(number),
        parent=parent.id,
        origin=parent.kind,
    )
