"""Wire forms that several controllers share: instruments in words, money and prices as strings."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from math import isnan
from typing import Generic, TypeVar

import msgspec

from server.domain.instruments import Instrument
from server.domain.money import exact, to_text

__all__ = ("InstrumentWire", "Page", "instrument_wire", "money", "price")

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list; `next` is the cursor to pass as `before` for the next page, null at the end."""

    items: Sequence[T]
    next: str | None = None


class InstrumentWire(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument with the words a screen shows for it."""

    key: str
    symbol: str
    exchange: str
    kind: str
    name: str
    title: str
    segment: str
    lot: int
    """Units of one lot; quantities are whole multiples of it."""
    tick: str
    unit: str
    """What one unit of quantity is: `1` for shares and contracts, the exchange's step (`0.00001`) where fractions
    trade. Quantities everywhere are whole units; value = price x quantity x unit."""
    least: int
    """Smallest quantity of one order, in units."""
    least_value: str | None
    """Smallest value of one order, in `currency`."""
    currency: str
    """What prices are quoted in."""
    freeze: int | None
    expiry: date | None
    strike: str | None
    right: str | None
    underlying: str
    tradable: bool
    barred: str
    """Why orders are not taken in it though it is no index; empty otherwise."""
    order_types: list[str]
    """Order types the exchange takes for it; empty for an index."""
    label: str
    """`NIFTY 24500 CE`."""
    sub: str
    """`1 Dec`, or `NSE`, or `Index`."""


def instrument_wire(instrument: Instrument, order_types: frozenset[str] = frozenset()) -> InstrumentWire:
    """An instrument as the API sends it."""
    return InstrumentWire(
        key=instrument.key,
        symbol=instrument.symbol,
        exchange=instrument.exchange,
        kind=instrument.kind,
        name=instrument.name,
        title=instrument.title,
        segment=instrument.segment,
        lot=instrument.lot,
        tick=str(instrument.tick),
        unit=format(instrument.unit, "f"),
        least=instrument.least,
        least_value=None if instrument.least_value is None else format(instrument.least_value.normalize(), "f"),
        currency=instrument.currency,
        freeze=instrument.freeze,
        expiry=instrument.expiry,
        strike=None if instrument.strike is None else format(instrument.strike.normalize(), "f"),
        right=instrument.right,
        underlying=instrument.underlying,
        tradable=instrument.tradable,
        barred=instrument.barred,
        order_types=sorted(order_types, key=("MARKET", "LIMIT", "SL", "SL-M").index),
        label=_label(instrument),
        sub=_sub(instrument),
    )


def money(minor: int) -> str:
    """Paise as a decimal string."""
    return to_text(minor)


def price(value: float | Decimal | None) -> str | None:
    """A price as a string; an absent one (None or NaN) is null."""
    if value is None:
        return None
    if isinstance(value, float):
        return None if isnan(value) else format(exact(value), "f")
    return format(value, "f")


def _label(instrument: Instrument) -> str:
    if instrument.kind == "OPTION" and instrument.strike is not None:
        return f"{instrument.name} {format(instrument.strike.normalize(), 'f')} {instrument.right}"
    if instrument.kind == "FUTURE":
        return f"{instrument.name} FUT"
    return instrument.symbol if instrument.kind != "INDEX" else instrument.title or instrument.symbol


def _sub(instrument: Instrument) -> str:
    if instrument.expiry is not None:
        return f"{instrument.expiry.day} {instrument.expiry:%b}"
    return "Index" if instrument.kind == "INDEX" else instrument.exchange
