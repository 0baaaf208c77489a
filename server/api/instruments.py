"""Instruments: search, and one by key."""

from datetime import date
from typing import Annotated, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.api.context import Context
from server.api.wire import InstrumentWire, Page, instrument_wire
from server.domain.instruments import Instrument
from server.market.market import Market

__all__ = ("ROUTES", "wire_of")

Kind = Literal["INDEX", "EQUITY", "FUTURE", "OPTION", "CURRENCY", "CRYPTO"]


def wire_of(context: Context, market: Market, key: str) -> InstrumentWire:
    """The wire form of one instrument; raises NotFound."""
    return _wire(context, market, market.catalogue.get(key))


def _wire(context: Context, market: Market, instrument: Instrument) -> InstrumentWire:
    types = context.rulebook.order_types(instrument, market.day) if instrument.tradable else frozenset()
    return instrument_wire(instrument, types)


@get("/api/v1/instruments", tags=["Instruments"], summary="Search instruments", sync_to_thread=False)
def search(
    context: NamedDependency[Context],
    q: Annotated[str, QueryParameter(description="words: `nif 24500 ce`", max_length=100)] = "",
    market: FromQuery[str] = "sim",
    kind: FromQuery[Kind | None] = None,
    name: Annotated[str | None, QueryParameter(description="underlying, as NIFTY")] = None,
    expiry: FromQuery[date | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> Page[InstrumentWire]:
    """Best match first: exact names, then indices, shares, futures, options near the money."""
    where = context.market(market)
    found = where.search(q, kind=kind, name=name, expiry=expiry, limit=limit)
    return Page([_wire(context, where, instrument) for instrument in found])


@get("/api/v1/instruments/{key:str}", tags=["Instruments"], summary="One instrument", sync_to_thread=False)
def instrument(context: NamedDependency[Context], key: FromPath[str], market: FromQuery[str] = "sim") -> InstrumentWire:
    """By key, as `NFO:NIFTY01DEC2624500CE`."""
    return wire_of(context, context.market(market), key)


ROUTES = (search, instrument)
