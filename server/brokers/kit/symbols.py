"""A broker's names for instruments, and ours: the map both ways that each adapter fills from the broker's master."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from server.core.errors import NotFound
from server.domain.instruments import Instrument

__all__ = ("Listing", "SymbolMap")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument as a broker lists it."""

    instrument: Instrument
    """Canonical; its `unit` is the broker's quantity step."""
    symbol: str
    """What orders name."""
    exchange: str
    """The broker's word for the exchange or segment."""
    token: str
    """What streams and history name; may equal `symbol`."""


class SymbolMap:
    """Listings of one broker by canonical key, by symbol and by token. Filled in place, replaced whole each day."""

    def __init__(self, broker: str) -> None:
        self.broker = broker
        self.unmapped: Counter[str] = Counter()
        """Reasons for master rows that have no canonical symbol."""
        self._by_key: dict[str, Listing] = {}
        self._by_symbol: dict[tuple[str, str], Listing] = {}
        self._by_token: dict[str, Listing] = {}

    def fill(self, listings: Iterable[Listing], unmapped: Counter[str] | None = None) -> None:
        """Replace everything."""
        by_key = {listing.instrument.key: listing for listing in listings}
        self._by_key = by_key
        self._by_symbol = {(listing.exchange, listing.symbol): listing for listing in by_key.values()}
        self._by_token = {listing.token: listing for listing in by_key.values() if listing.token}
        self.unmapped = Counter(unmapped or {})

    def __len__(self) -> int:
        return len(self._by_key)

    def of(self, key: str) -> Listing:
        """The listing of a canonical key; raises NotFound in words."""
        found = self._by_key.get(key)
        if found is None:
            raise NotFound(
                f"{self.broker} does not list {key}",
                code="broker.not_listed",
                field="key",
                remedy="Choose an instrument this broker lists, or another account.",
            )
        return found

    def has(self, key: str) -> bool:
        """Whether this broker lists it."""
        return key in self._by_key

    def by_symbol(self, exchange: str, symbol: str) -> Listing | None:
        """By the broker's exchange and symbol."""
        return self._by_symbol.get((exchange, symbol))

    def by_token(self, token: str) -> Listing | None:
        """By the broker's token."""
        return self._by_token.get(token)

    def keys(self) -> Iterable[str]:
        """All canonical keys."""
        return self._by_key.keys()

    def units(self, key: str, quantity: Decimal) -> int | None:
        """A broker's quantity in our integer units; None when it is no whole number of them."""
        units = quantity / self.of(key).instrument.unit
        return int(units) if units == units.to_integral_value() else None
