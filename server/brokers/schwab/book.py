"""Which of the orders in Schwab's book are ours. Schwab keeps no id of ours: only its number tells, where the answer
brought one, and else what was sent and when. Pure.

A change ends the order as REPLACED and makes another with a number of its own; no field joins the two. What is not
clear is never settled here: two that might be it are as good as none.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from server.domain.brokerage import OrderLine

__all__ = ("ENDED", "Attempt", "one_order", "only", "successors")

ENDED = ("FILLED", "CANCELLED", "REJECTED", "EXPIRED")
_EARLY, _LATE = timedelta(seconds=5), timedelta(seconds=60)
"""Around the moment of sending: clocks differ, and what is slow on the way is still entered within a minute."""
_JOINED = timedelta(seconds=5)
"""Between the end of an order and the entry of the one that replaced it."""
_GONE = ("REPLACED", "PENDING_REPLACE")


class Attempt(msgspec.Struct, kw_only=True):
    """A new order, or a change of one, whose number at Schwab is not known (yet)."""

    order: str
    """Our id."""
    symbol: str
    side: str
    quantity: Decimal
    type: str
    price: Decimal | None
    trigger: Decimal | None
    at: datetime
    """When it was sent, by our clock."""
    replaces: str = ""
    """Number of the order it changes; empty for a new one."""
    sending: bool = True
    """Whether its answer may still come."""
    number: str = ""
    """Its number, once the book has told it."""

    @property
    def terms(self) -> tuple[object, ...]:
        """What a second one would have in common with it."""
        return self.symbol, self.side, self.quantity, self.type, self.price, self.trigger

    def fits(self, line: OrderLine) -> bool:
        """Whether a line may be it: symbol, side, quantity, type, prices, and entered when it was sent."""
        theirs = (line.symbol, line.side, line.quantity, line.type, line.price, line.trigger)
        at = line.placed
        return theirs == self.terms and at is not None and self.at - _EARLY <= at <= self.at + _LATE


def only(attempt: Attempt, lines: Sequence[OrderLine], rivals: Iterable[Attempt]) -> OrderLine | None:
    """The one line that must be the attempt: no other fits it, and no other attempt fits that line."""
    fitting = [line for line in lines if attempt.fits(line)]
    if len(fitting) != 1 or any(one is not attempt and one.fits(fitting[0]) for one in rivals):
        return None
    return fitting[0]


def successors(lines: Sequence[OrderLine], known: Mapping[str, str], placed: Iterable[str]) -> dict[str, str]:
    """Replaced order -> the order that replaced it, for those that are not in `known`: entered as the other ended, in
    the same symbol and on the same side, and no other was. `placed` are numbers that answers gave for new orders."""
    taken = {*known.values(), *placed}
    free = [line for line in lines if line.broker_id not in taken and line.side != "UNKNOWN"]
    found: dict[str, str] = {}
    for old in lines:
        if old.raw_state != "REPLACED" or old.broker_id in known or old.updated is None:
            continue
        near = [line for line in free if _follows(old, line)]
        if len(near) == 1:
            found[old.broker_id] = near[0].broker_id
    counted = list(found.values())
    return {old: new for old, new in found.items() if counted.count(new) == 1}


def _follows(old: OrderLine, line: OrderLine) -> bool:
    if line.broker_id == old.broker_id or (line.symbol, line.side) != (old.symbol, old.side):
        return False
    return line.placed is not None and old.updated is not None and abs(line.placed - old.updated) <= _JOINED


def one_order(lines: Iterable[OrderLine], order: str) -> OrderLine:
    """A row of replaced orders as the one order it is to us: the one at work, else the last that took effect, with what
    the ones before it had filled.

    Where the last is REPLACED and what replaced it cannot be told, its state is UNKNOWN: it may work on."""
    row = sorted(lines, key=lambda line: (line.placed is not None, line.placed, len(line.broker_id), line.broker_id))
    live = [line for line in row if line.state not in ENDED]
    done = [line for line in row if line.raw_state not in _GONE and line.state != "REJECTED"]
    current = (live or done or row)[-1]
    before = row[: row.index(current)]
    carried = sum((line.filled for line in before), Decimal(0))
    value = sum((line.filled * (line.average or 0) for line in (*before, current)), Decimal(0))
    filled = carried + current.filled
    lost = current.raw_state == "REPLACED"
    return msgspec.structs.replace(
        current,
        client_id=order,
        quantity=carried + current.quantity,
        filled=filled,
        average=value / filled if filled else None,
        state="UNKNOWN" if lost else current.state,
        reason="Replaced at Schwab, and by which order cannot be told." if lost else current.reason,
        placed=row[0].placed,
    )
