"""Orders at rest: their place in the queue, and what the market's trades fill of them.

An order waits behind the quantity shown at its price when it came. Volume traded at that price, and a shown quantity
that shrinks, move it forward; volume beyond what was ahead fills it. A trade through its price means that the queue
at its price is gone. A price not shown (beyond the five levels) gives no place until it is shown.
"""

from server.matching.snapshot import DEPTH_LEVELS, Snapshot
from server.matching.working import Working

__all__ = ("fill_from_trades", "join_queue", "move_queue")


def join_queue(order: Working, now: Snapshot) -> None:
    """Put the order at the end of the queue at its price."""
    order.ahead = _shown(order, now)


def fill_from_trades(order: Working, now: Snapshot, traded: int, used: int) -> int:
    """Units that `traded` units at the last price fill, `used` of which went to our earlier orders; moves the queue.

    0 where the source tells no volume and nothing traded through.
    """
    if order.limit is None or traded <= 0:
        return 0
    through = now.ltp < order.limit if order.buy else now.ltp > order.limit
    most = order.shown if order.order.disclosed else order.left
    if through:
        order.ahead = 0
        got = min(most, traded - used)
    elif now.ltp == order.limit and order.ahead is not None:
        got = min(most, traded - order.ahead - used)
        order.ahead = max(0, order.ahead - traded)
    else:
        return 0
    lot = order.instrument.lot
    return max(0, got) // lot * lot


def move_queue(order: Working, now: Snapshot) -> None:
    """Let a shown quantity that has shrunk move the order forward."""
    shown = _shown(order, now)
    if shown is not None:
        order.ahead = shown if order.ahead is None else min(order.ahead, shown)


def _shown(order: Working, now: Snapshot) -> int | None:
    """Quantity shown at the order's price; 0 where the book shows that there is none; None where it does not say."""
    levels = now.beside(order.order.side)
    if order.limit is None or now.bare:
        return None
    for level in levels:
        if level.price == order.limit:
            return level.quantity
    if not levels:
        return 0
    worst = levels[-1].price
    inside = order.limit > worst if order.buy else order.limit < worst
    return 0 if inside or (now.deep and len(levels) < DEPTH_LEVELS) else None
