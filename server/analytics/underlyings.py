"""What options are written on: finding it by name or key, with its expiries."""

from datetime import date

import msgspec

from server.core.errors import NotFound
from server.domain.instruments import Instrument
from server.market.catalogue import KINDS
from server.market.market import Market

__all__ = ("Underlying", "expiry_of", "lot_of", "underlying", "underlyings", "volatility_index")

_CASH = ("NSE_INDEX", "BSE_INDEX", "NSE", "BSE")
_VOLATILITY = ("INDIAVIX", "INDIA VIX", "VIX")
_SHOWN = 12


class Underlying(msgspec.Struct, frozen=True, kw_only=True):
    """An index or share with listed options."""

    key: str
    name: str
    title: str
    kind: str
    """INDEX or EQUITY."""
    expiries: tuple[date, ...]
    """Soonest first."""


def underlyings(market: Market) -> list[Underlying]:
    """All of a market, indices first, each kind in the market's own order."""
    catalogue = market.catalogue
    names = dict.fromkeys(
        catalogue.instruments[row].name for row in (catalogue.kind == KINDS.index("OPTION")).nonzero()[0].tolist()
    )
    found = [one for name in names if (one := _make(market, name)) is not None and one.expiries]
    return sorted(found, key=lambda u: u.kind != "INDEX")


def underlying(market: Market, asked: str) -> Underlying:
    """By name (`NIFTY`) or key (`NSE_INDEX:NIFTY`); raises NotFound for what has no listed options."""
    name = asked.partition(":")[2] or asked
    found = _make(market, name.upper())
    if found is not None and found.expiries and (":" not in asked or found.key == asked):
        return found
    listed = [u.name for u in underlyings(market)]
    some = ", ".join(listed[:_SHOWN]) + (", ..." if len(listed) > _SHOWN else "")
    raise NotFound(
        f"There are no options on {asked[:40]!r} in this market.",
        code="underlying.unknown",
        field="underlying",
        value=asked[:40],
        remedy=f"Use one of: {some}." if some else "This market lists no options.",
    )


def expiry_of(found: Underlying, asked: date | None, today: date) -> date:
    """The expiry asked for, the nearest when none is; raises NotFound when it is not listed."""
    if asked is None:
        return found.expiries[0]
    if asked in found.expiries:
        return asked
    some = ", ".join(e.isoformat() for e in found.expiries[:_SHOWN])
    why = "has passed" if asked < today else "is not listed"
    raise NotFound(
        f"There are no {found.name} options expiring on {asked:%d %b %Y}: this expiry {why}.",
        code="chain.unknown",
        field="expiry",
        value=asked.isoformat(),
        remedy=f"Use one of: {some}.",
    )


def lot_of(market: Market, found: Underlying, expiry: date) -> int:
    """Units in one lot of that expiry's contracts."""
    for row in market.catalogue.chain(found.name, expiry):
        side = row.call if row.call is not None else row.put
        if side is not None:
            return market.catalogue.instruments[side].lot
    return 1


def volatility_index(market: Market) -> Instrument | None:
    """The market's volatility index (India VIX), None when it has none."""
    for name in _VOLATILITY:
        row = market.catalogue.find(f"NSE_INDEX:{name}")
        if row is not None:
            return market.catalogue.instruments[row]
    return None


def _make(market: Market, name: str) -> Underlying | None:
    catalogue = market.catalogue
    for exchange in _CASH:
        row = catalogue.find(f"{exchange}:{name}")
        if row is not None:
            item = catalogue.instruments[row]
            return Underlying(
                key=item.key,
                name=item.name,
                title=item.title or item.symbol,
                kind=item.kind,
                expiries=tuple(catalogue.expiries(name)),
            )
    return None
