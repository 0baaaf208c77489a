"""What orders may look like: types, price bands, market protection."""

from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.rulebook.rows import Row, Rows

__all__ = ("OrderRules", "cash_exchange")

_CASH_OF = {"NFO": "NSE", "BFO": "BSE", "NSE_INDEX": "NSE", "BSE_INDEX": "BSE"}


class _Slab(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    below: Decimal | None = None
    upto: Decimal | None = None
    percent: Decimal | None = None
    rupees: Decimal | None = None
    least: Decimal = Decimal(0)


class _Types(Row, frozen=True, kw_only=True):
    keys: list[str]
    types: frozenset[str]


class _Slabs(Row, frozen=True, kw_only=True):
    keys: list[str]
    slabs: list[_Slab]


def cash_exchange(instrument: Instrument) -> str:
    """NSE, BSE, CDS or MCX: the exchange without its derivative or index suffix."""
    return _CASH_OF.get(instrument.exchange, instrument.exchange)


class OrderRules:
    """Answers by instrument and day."""

    def __init__(self, rows: Rows) -> None:
        self._types = rows.table("order_types", _Types, lambda r: r.keys)
        self._protection = rows.table("protection", _Slabs, lambda r: r.keys)
        self._bands = rows.table("price_band", _Slabs, lambda r: r.keys)
        self.tables = {"order_types": self._types, "protection": self._protection, "price_band": self._bands}

    def types(self, instrument: Instrument, day: date) -> frozenset[str]:
        """Order types taken in continuous trading."""
        if not instrument.tradable:
            return frozenset()
        return self._types.need(f"{cash_exchange(instrument)}_{instrument.kind}", day).types

    def protection(self, instrument: Instrument, price: Decimal, day: date) -> Decimal:
        """Market protection in percent."""
        slab = _pick(self._protection.need(instrument.kind, day).slabs, price)
        assert slab.percent is not None
        return slab.percent

    def band(self, instrument: Instrument, reference: Decimal, day: date) -> tuple[Decimal, Decimal]:
        """Lowest and highest limit price, on the tick."""
        if not reference.is_finite() or reference <= 0:
            raise Invalid(f"A price band needs a price above zero, not {reference}.", code="rules.price", field="price")
        row = self._bands.need(f"{cash_exchange(instrument)}_{instrument.segment}", day)
        slab = _pick(row.slabs, reference)
        width = slab.rupees if slab.rupees is not None else reference * (slab.percent or Decimal(0)) / 100
        width = max(width, slab.least)
        tick = instrument.tick
        low = ((reference - width) / tick).to_integral_value(ROUND_CEILING) * tick
        high = ((reference + width) / tick).to_integral_value(ROUND_FLOOR) * tick
        return max(low, tick), high


def _pick(slabs: list[_Slab], price: Decimal) -> _Slab:
    for slab in slabs:
        if (slab.below is None or price < slab.below) and (slab.upto is None or price <= slab.upto):
            return slab
    raise Invalid(f"No slab for a price of {price}.", code="rules.price", field="price")
