"""Baskets: several orders sent one after the other, buy legs first, with a stated policy when one fails."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from server.api.context import Context
from server.api.orders import OWNER
from server.api.strict import Strict
from server.api.wire import Page
from server.core.logs import correlation
from server.domain.orders import OrderRequest, OrderType, Product, Side, Validity
from server.orders.basket_preview import BasketPreview
from server.orders.baskets import Basket

__all__ = ("ROUTES",)


class LegAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One order of a basket; the account is the basket's."""

    key: str
    side: Side
    quantity: int
    unit: Decimal | None = None
    type: OrderType
    product: Product
    price: Decimal | None = None
    trigger: Decimal | None = None
    validity: Validity = "DAY"
    tag: str = ""


class BasketAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`stop` leaves what was done; `unwind` closes it again when a leg fails."""

    account: str
    legs: Annotated[list[LegAsked], msgspec.Meta(min_length=1, max_length=20)]
    name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    on_failure: Literal["stop", "unwind"] = "stop"
    buy_first: bool = True

    def requests(self) -> list[OrderRequest]:
        """The legs as order requests."""
        return [OrderRequest(account=self.account, **msgspec.structs.asdict(leg)) for leg in self.legs]


class BasketWire(msgspec.Struct, frozen=True):
    """A basket."""

    basket: Basket


@get("/api/v1/baskets", tags=["Orders"], summary="Baskets of an account, newest first")
async def baskets(
    context: NamedDependency[Context],
    account: FromQuery[str] = "paper-sim",
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    before: Annotated[str | None, QueryParameter(max_length=40)] = None,
) -> Page[Basket]:
    """Running and past ones."""
    context.account(account)
    found = await context.reads.baskets.page(account, limit=limit, before=before)
    return Page([msgspec.convert(kept.body, Basket) for kept in found], found[-1].id if len(found) == limit else None)


@post(
    "/api/v1/baskets",
    dto=Strict[BasketAsked],
    return_dto=None,
    tags=["Orders"],
    summary="Send a basket",
    status_code=202,
)
async def create(context: NamedDependency[Context], data: JSONBody[BasketAsked]) -> BasketWire:
    """Answers when the basket is on disk; its legs follow one after the other, told on the stream."""
    context.ensure_confirmed(data.account)
    made = await context.orders.baskets.create(
        data.account,
        data.name,
        data.requests(),
        on_failure=data.on_failure,
        buy_first=data.buy_first,
        actor=OWNER,
        correlation=correlation.get(),
    )
    return BasketWire(made)


@post(
    "/api/v1/baskets/preview",
    dto=Strict[BasketAsked],
    return_dto=None,
    tags=["Orders"],
    summary="What a basket would cost",
    status_code=200,
    sync_to_thread=False,
)
def preview(context: NamedDependency[Context], data: JSONBody[BasketAsked]) -> BasketPreview:
    """Margin on the way and at the end, charges, the order of legs, and every objection."""
    return context.orders.preview_basket(data.account, data.requests(), data.buy_first)


ROUTES = (baskets, create, preview)
