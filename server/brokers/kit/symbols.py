"""A broker's names for instruments, and ours: the map both ways that each adapter fills from the broker's master."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal

import msgspec

from server.core.errors import NotFound
from server.domain.instruments import Instrument

__all__ = ("Listing", "SymbolMap", "least_units")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument as a broker lists it."""

    instrument: Instrument
    """Canonical; its `unit` is the broker's quantity step unless `step` says otherwise."""
    symbol: str
    """What orders name."""
    exchange: str
    """The broker's word for the exchange or segment."""
    token: str
    """What streams and history name; may equal `symbol`."""
    step: Decimal | None = None
    """The broker's own quantity step where the market counts in another unit; None = `instrument.unit`."""


def least_units(least: Decimal | None, unit: Decimal) -> int:
    """A broker's smallest quantity in whole units, rounded up; 1 where it names none."""
    return 1 if least is None else max(1, int((least / unit).to_integral_value(ROUND_CEILING)))


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

    def recount(self, units: Mapping[str, Decimal]) -> None:
        """Count some instruments as the market does: another broker, or an earlier master, said its unit first. What
        is no whole number of the one in the other is left out."""
        if not units:
            return
        kept = dict(self._by_key)
        for key, unit in units.items():
            listing = kept.get(key)
            if listing is None:
                continue
            own = listing.instrument.unit
            if unit % own and own % unit:
                del kept[key]
                self.unmapped["counted in another step"] += 1
                continue
            one = listing.instrument
            changed = msgspec.structs.replace(
                one,
                unit=unit,
                freeze=None if one.freeze is None else int(one.freeze * own / unit),
                least=max(1, int(one.least * own / unit)),
            )
            kept[key] = msgspec.structs.replace(listing, instrument=changed, step=own)
        self.fill(list(kept.values()), self.unmapped)

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
