"""A position with the recent fills and marks it was folded from, so that a late one can be put where it belongs."""

from bisect import insort
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from server.domain.books import Mark, Position
from server.domain.orders import Fill
from server.ledger.books import fill_key, move_fill
from server.ledger.marking import mark_key, move_mark

__all__ = ("KEEP_DAYS", "Story")

KEEP_DAYS = 7
"""How long fills are kept; one that is later still is taken as the oldest of those kept."""


class Story:
    """Folds fills and marks by market time, in whatever order they come."""

    def __init__(self, position: Position, fills: Iterable[Fill] = (), marks: Iterable[Mark] = ()) -> None:
        """Keep `fills` and `marks` if they lead from flat to `position`; else start from it as it stands."""
        flat = Position(account=position.account, key=position.key, product=position.product)
        known: list[Fill | Mark] = sorted([*fills, *marks], key=_key)
        told = _fold(flat, known)
        self.position = position
        if known and (told.quantity, told.cost_minor) == (position.quantity, position.cost_minor):
            self._base = msgspec.structs.replace(
                flat,
                realised_minor=position.realised_minor - told.realised_minor,
                marked=position.marked if told.marked is None else None,
            )
            self._steps = known
        else:
            self._base = position
            self._steps = []

    def after(self, step: Fill | Mark) -> Position:
        """The position with `step` in its place, its charges apart; changes nothing."""
        if self._steps and _key(step) < _key(self._steps[-1]):
            told = _fold(self._base, sorted([*self._steps, step], key=_key))
            return msgspec.structs.replace(told, charges_minor=self.position.charges_minor)
        return _move(self.position, step)

    def add(self, step: Fill | Mark, position: Position) -> None:
        """Take `step` in; `position` is what `after` said, with charges."""
        insort(self._steps, step, key=_key)
        self.position = position
        limit = self._steps[-1].at_market - timedelta(days=KEEP_DAYS)
        while self._steps[0].at_market < limit:
            self._base = _move(self._base, self._steps.pop(0))


def _key(step: Fill | Mark) -> tuple[datetime, str]:
    return mark_key(step) if isinstance(step, Mark) else fill_key(step)


def _move(position: Position, step: Fill | Mark) -> Position:
    return move_mark(position, step) if isinstance(step, Mark) else move_fill(position, step)


def _fold(base: Position, steps: Iterable[Fill | Mark]) -> Position:
    for step in steps:
        base = _move(base, step)
    return base
