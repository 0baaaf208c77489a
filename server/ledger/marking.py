"""Daily mark-to-market of futures: pure functions from a position and a settlement price to the next position.

The exchange settles every open future in cash each evening, at the day's settlement price (rules/india_rules.md §1);
from then on the position is carried at that price. So a mark is to a future what a fill is to a position: it has a
place in market time, it is applied once, and one that comes late is put where it belongs. Cash and profit move by the
same amount, so the books stay at zero and the profit of a position does not depend on how often it was marked.
"""

from datetime import datetime

import msgspec

from server.domain.books import Mark, Position
from server.domain.money import to_minor

__all__ = ("mark_key", "move_mark")


def mark_key(mark: Mark) -> tuple[datetime, str]:
    """Order of marks among fills: after every fill of the same moment."""
    return (mark.at_market, f"~{mark.day}")


def move_mark(position: Position, mark: Mark) -> Position:
    """The position carried at the mark's price; one that is flat at that time stays as it is."""
    if position.quantity == 0:
        return position
    worth = to_minor(abs(position.worth(mark.price)))
    cost = worth if position.quantity > 0 else -worth
    return msgspec.structs.replace(
        position,
        cost_minor=cost,
        realised_minor=position.realised_minor + cost - position.cost_minor,
        marked=mark.day,
    )
