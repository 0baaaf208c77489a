"""What can be taken from the other side of the book, and what we have taken of it already.

A snapshot does not know of our fills, so what we took is remembered: a level gives its quantity once, to whichever of
our orders comes first, until the market shows a new quantity there. Behind a full five-level book there is more that
nobody sees: it is taken to be of the size of an average shown level, each level `slippage` worse than the one before.
A book of fewer levels is all there is.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from server.domain.instruments import Instrument
from server.domain.orders import Side
from server.domain.quotes import Level
from server.matching.snapshot import DEPTH_LEVELS, Snapshot

__all__ = ("Liquidity", "Slice", "to_tick")

_MOST_HIDDEN = 400


class Slice(msgspec.Struct, frozen=True):
    """A quantity to be had at one price."""

    price: Decimal
    quantity: int


class Liquidity:
    """Both sides of one instrument's book, less what we have taken."""

    def __init__(self) -> None:
        self._taken: dict[tuple[Side, Decimal], int] = {}
        self._last: Snapshot | None = None

    def refresh(self, now: Snapshot) -> None:
        """Take the new book; what was taken of a level is forgotten once that level has changed."""
        if self._taken and self._last is not None:
            for side in ("BUY", "SELL"):
                self._forget(side, self._last.against(side), now.against(side))
        self._last = now

    def take(self, side: Side, limit: Decimal, quantity: int, instrument: Instrument, slippage: Decimal) -> list[Slice]:
        """Take up to `quantity` in whole lots at `limit` or better, best price first, and remember it."""
        got: list[Slice] = []
        lot = instrument.lot
        for level in self._levels(side, instrument.tick, slippage):
            if quantity < lot or (level.price > limit if side == "BUY" else level.price < limit):
                break
            part = min(level.quantity - self._taken.get((side, level.price), 0), quantity) // lot * lot
            if part <= 0:
                continue
            self._taken[side, level.price] = self._taken.get((side, level.price), 0) + part
            quantity -= part
            got.append(Slice(level.price, part))
        return got

    def _levels(self, side: Side, tick: Decimal, slippage: Decimal) -> Iterator[Level]:
        if self._last is None:
            return
        levels = self._last.against(side)
        yield from levels
        if not levels or (self._last.deep and len(levels) < DEPTH_LEVELS):
            return
        each = max(1, sum(level.quantity for level in levels) // len(levels))
        price = levels[-1].price
        for _ in range(_MOST_HIDDEN):
            step = to_tick(price * slippage, tick, up=True)
            price = price + step if side == "BUY" else price - step
            if price <= 0:
                return
            yield Level(price, each)

    def _forget(self, side: Side, old: tuple[Level, ...], new: tuple[Level, ...]) -> None:
        if old == new:
            return
        same = {level.price for level in new if level in old}
        for place in [p for p in self._taken if p[0] == side and p[1] not in same]:
            del self._taken[place]


def to_tick(price: Decimal, tick: Decimal, *, up: bool) -> Decimal:
    """`price` (not negative) moved up or down to a whole number of ticks."""
    steps, rest = divmod(price, tick)
    return (steps + 1) * tick if up and rest else steps * tick
