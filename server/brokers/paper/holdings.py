"""What the paper broker holds for the account: quantities only, folded from the fills it made."""

from collections.abc import Iterable
from datetime import date

from server.domain.books import Position
from server.domain.orders import Fill, Product
from server.matching.sessions import session_day

__all__ = ("Holdings",)

Place = tuple[str, Product]


class Holdings:
    """Signed quantities by instrument and product, and the market day of the last change."""

    def __init__(self) -> None:
        self._quantity: dict[Place, int] = {}
        self._day: dict[Place, date] = {}

    def restore(self, positions: Iterable[Position]) -> None:
        """Start from the books."""
        for position in positions:
            place = (position.key, position.product)
            self._quantity[place] = position.quantity
            if position.day is not None:
                self._day[place] = position.day

    def apply(self, fill: Fill, product: Product) -> None:
        """Take one execution in."""
        place = (fill.key, product)
        self._quantity[place] = self._quantity.get(place, 0) + fill.signed
        self._day[place] = session_day(fill.at_market)

    def quantity(self, key: str, product: Product) -> int:
        """Signed units held."""
        return self._quantity.get((key, product), 0)

    def day(self, key: str, product: Product) -> date | None:
        """Market day of the last change."""
        return self._day.get((key, product))

    def open(self, product: Product | None = None) -> list[tuple[str, Product, int]]:
        """(key, product, signed units) of all that is not flat."""
        return [(k, p, q) for (k, p), q in self._quantity.items() if q and product in (None, p)]
