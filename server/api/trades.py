"""The trade book: fills with what each cost and brought."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from server.api.context import Context
from server.api.ports import Trade
from server.api.wire import Page, money
from server.domain.books import Charges
from server.domain.orders import Fill

__all__ = ("ROUTES", "TradeWire", "trade_wire")


class TradeWire(msgspec.Struct, frozen=True):
    """A fill, its charges, and the profit it realised before them."""

    fill: Fill
    charges: Charges
    charges_total: str
    realised: str


def trade_wire(trade: Trade) -> TradeWire:
    """A trade as the API sends it."""
    return TradeWire(trade.fill, trade.charges, str(trade.charges.total), money(trade.realised_minor))


@get("/api/v1/trades", tags=["Orders"], summary="Trades of an account, newest first")
async def trades(
    context: NamedDependency[Context],
    account: FromQuery[str] = "paper-sim",
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    before: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
) -> Page[TradeWire]:
    """`before` is the `next` of the page before."""
    context.account(account)
    found = await context.reads.trades.page(account, limit, before)
    return Page([trade_wire(t) for t in found], str(found[-1].entry) if len(found) == limit else None)


ROUTES = (trades,)
