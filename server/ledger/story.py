"""A position with the recent fills it was folded from, so that a late fill can be put where it belongs."""

from bisect import insort
from collections.abc import Iterable
from datetime import timedelta

import msgspec

from server.domain.books import Position
from server.domain.orders import Fill
from server.ledger.books import fill_key, move_fill

__all__ = ("KEEP_DAYS", "Story")

KEEP_DAYS = 7
"""How long fills are kept; one that is later still is taken as the oldest of those kept."""


class Story:
    """Folds fills by market time, in whatever order they come."""

    def __init__(self, position: Position, fills: Iterable[Fill] = ()) -> None:
        """Keep `fills` if they lead from flat to `position`; else start from the position as it stands."""
        flat = Position(account=position.account, key=position.key, product=position.product)
        known = sorted(fills, key=fill_key)
        told = _fold(flat, known)
        self.position = position
        if known and (told.quantity, told.cost_minor) == (position.quantity, position.cost_minor):
            self._base = msgspec.structs.replace(flat, realised_minor=position.realised_minor - told.realised_minor)
            self._fills = known
        else:
            self._base = position
            self._fills = []

    def after(self, fill: Fill) -> Position:
        """The position with `fill` in its place, its charges apart; changes nothing."""
        if self._fills and fill_key(fill) < fill_key(self._fills[-1]):
            told = _fold(self._base, sorted([*self._fills, fill], key=fill_key))
            return msgspec.structs.replace(told, charges_minor=self.position.charges_minor)
        return move_fill(self.position, fill)

    def add(self, fill: Fill, position: Position) -> None:
        """Take `fill` in; `position` is what `after` said, with charges."""
        insort(self._fills, fill, key=fill_key)
        self.position = position
        limit = self._fills[-1].at_market - timedelta(days=KEEP_DAYS)
        while self._fills[0].at_market < limit:
            self._base = move_fill(self._base, self._fills.pop(0))


def _fold(base: Position, fills: Iterable[Fill]) -> Position:
    for fill in fills:
        base = move_fill(base, fill)
    return base
