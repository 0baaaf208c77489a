"""Call auctions: who of our orders is filled at the one price, in the exchange's order of priority.

Market orders go first, then better limits, then earlier ones. What there is to be had is what the auction traded;
where the source tells no volume, what the book shows against us; where it shows none, all.
"""

from collections.abc import Iterable
from decimal import Decimal

from server.domain.orders import Side
from server.matching.snapshot import Snapshot
from server.matching.working import Working

__all__ = ("allot",)


def allot(orders: Iterable[Working], price: Decimal, now: Snapshot, traded: int) -> list[tuple[Working, int]]:
    """(order, units) to fill at `price`; each side of our orders shares what there is."""
    out = []
    sides: tuple[Side, Side] = ("BUY", "SELL")
    for side in sides:
        mine = sorted((o for o in orders if o.order.side == side and o.crosses(price)), key=_priority)
        shown = sum(level.quantity for level in now.against(side))
        there = traded or shown or sum(order.left for order in mine)
        for order in mine:
            lot = order.instrument.lot
            got = min(order.left, there) // lot * lot
            if got > 0:
                there -= got
                out.append((order, got))
    return out


def _priority(order: Working) -> tuple[bool, Decimal, int]:
    if order.limit is None:
        return (False, Decimal(0), order.sequence)
    return (True, -order.limit if order.buy else order.limit, order.sequence)
