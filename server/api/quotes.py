"""Quotes: the last known price of each instrument, with its source and its age."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from server.api.context import Context
from server.api.wire import Page, price
from server.core.errors import Invalid
from server.domain.quotes import Depth
from server.market.market import Market

__all__ = ("ROUTES", "DepthWire", "QuoteWire", "depth_wire", "quote_wire")

_MOST = 500


class DepthWire(msgspec.Struct, frozen=True):
    """The book, best first: [price, quantity]."""

    bids: list[tuple[str, int]]
    asks: list[tuple[str, int]]


class QuoteWire(msgspec.Struct, frozen=True, kw_only=True):
    """A quote; absent numbers are null. A price is live only while `stale` is false."""

    key: str
    ltp: str | None = None
    bid: str | None = None
    ask: str | None = None
    bid_qty: int = 0
    ask_qty: int = 0
    volume: int = 0
    oi: int = 0
    open: str | None = None
    high: str | None = None
    low: str | None = None
    close: str | None = None
    source: str = ""
    market_time: datetime | None = None
    age: float | None = None
    """Seconds since it reached us; null before the first price."""
    stale: bool = True
    depth: DepthWire | None = None


@get("/api/v1/quotes", tags=["Prices"], summary="Quotes of some instruments", sync_to_thread=False)
def quotes(
    context: NamedDependency[Context],
    keys: Annotated[
        str, QueryParameter(description="instrument keys, comma separated, at most 500", max_length=16_000)
    ],
    market: FromQuery[str] = "sim",
    depth: FromQuery[bool] = False,
) -> Page[QuoteWire]:
    """In the order asked for; a key this market does not have is an error."""
    wanted = [k for k in keys.split(",") if k]
    if not wanted or len(wanted) > _MOST:
        raise Invalid(
            f"{len(wanted)} keys were asked for.",
            code="quotes.keys",
            field="keys",
            limit=_MOST,
            value=len(wanted),
            remedy=f"Ask for 1 to {_MOST} keys, comma separated.",
        )
    where = context.market(market)
    return Page([quote_wire(where, k, depth=depth) for k in wanted])


def quote_wire(market: Market, key: str, *, depth: bool = False) -> QuoteWire:
    """A quote as the API and the script stream send it; raises NotFound."""
    quote = market.hub.quote(key)
    if quote is None:
        return QuoteWire(key=key)
    book = market.hub.depth(key) if depth else None
    return QuoteWire(
        key=key,
        ltp=price(quote.ltp),
        bid=price(quote.bid),
        ask=price(quote.ask),
        bid_qty=quote.bid_qty,
        ask_qty=quote.ask_qty,
        volume=quote.volume,
        oi=quote.oi,
        open=price(quote.open),
        high=price(quote.high),
        low=price(quote.low),
        close=price(quote.close),
        source=quote.source,
        market_time=quote.market_time,
        age=round(quote.age, 3),
        stale=not market.hub.fresh(key),
        depth=None if book is None else depth_wire(book),
    )


def depth_wire(depth: Depth) -> DepthWire:
    """A book as the API sends it."""
    return DepthWire(
        [(str(level.price), level.quantity) for level in depth.bids],
        [(str(level.price), level.quantity) for level in depth.asks],
    )


ROUTES = (quotes,)
