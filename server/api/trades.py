"""The trade book: fills with what each cost and brought."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from server.api.context import Context
from server.api.wire import Page, money
from server.domain.books import Charges
from server.domain.orders import Fill

__all__ = ("ROUTES", "TradeWire")


class TradeWire(msgspec.Struct, frozen=True):
    """A fill, its charges, and the profit it realised before them."""

    fill: Fill
    charges: Charges
    charges_total: str
    realised: str


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
    items = [TradeWire(t.fill, t.charges, str(t.charges.total), money(t.realised_minor)) for t in found]
    return Page(items, str(found[-1].entry) if len(found) == limit else None)


ROUTES = (trades,)
