"""Iceberg, cover, bracket and sliced orders kept by Sauda."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from server.api.context import Context
from server.api.orders import OWNER
from server.api.strict import Strict
from server.api.wire import Page
from server.core.logs import correlation
from server.domain.orders import Product, Side
from server.orders.parent import ParentKind, ParentOrder

__all__ = ("ROUTES",)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class ParentAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`iceberg` needs `slice`; `cover` needs `stop`; `bracket` needs `stop` and `target`; `slices` is cut at the
    exchange's freeze quantity. Prices in rupees."""

    account: str
    kind: ParentKind
    key: str
    side: Side
    quantity: int
    product: Product = "MIS"
    type: Literal["MARKET", "LIMIT"] = "LIMIT"
    price: Decimal | None = None
    slice: int = 0
    stop: Decimal | None = None
    target: Decimal | None = None
    tag: str = ""
    request_id: str = ""


class ParentPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new price of a sliced limit order."""

    price: Decimal


class ParentWire(msgspec.Struct, frozen=True):
    """A parent order."""

    parent: ParentOrder


@get("/api/v1/parents", tags=["Orders"], summary="Iceberg, cover, bracket and sliced orders, newest first")
async def parents(
    context: NamedDependency[Context],
    account: FromQuery[str] = "paper-sim",
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    before: Annotated[str | None, QueryParameter(max_length=40)] = None,
) -> Page[ParentOrder]:
    """Running and past ones; their child orders name them as `parent`."""
    context.account(account)
    found = await context.reads.parents.page(account, limit=limit, before=before)
    items = [msgspec.convert(kept.body, ParentOrder, strict=False) for kept in found]
    return Page(items, found[-1].id if len(found) == limit else None)


@post("/api/v1/parents", dto=Strict[ParentAsked], return_dto=None, tags=["Orders"], summary="Place a parent order")
async def create(context: NamedDependency[Context], data: JSONBody[ParentAsked]) -> ParentWire:
    """Its first order goes out at once. It survives a restart on its own market day; the same `request_id` twice is
    the same parent. State STOPPED: the first order was refused, and `reason` says why."""
    context.ensure_confirmed(data.account)
    asked = ParentOrder(
        id="",
        account=data.account,
        kind=data.kind,
        key=data.key,
        product=data.product,
        side=data.side,
        quantity=data.quantity,
        type=data.type,
        price=data.price,
        slice=data.slice,
        stop=data.stop,
        target=data.target,
        tag=data.tag,
        request_id=data.request_id,
        created=_NEVER,
        created_market=_NEVER,
        updated=_NEVER,
    )
    return ParentWire(await context.orders.parents.create(asked, actor=OWNER, correlation=correlation.get()))


@patch(
    "/api/v1/parents/{parent_id:str}",
    dto=Strict[ParentPrice],
    return_dto=None,
    tags=["Orders"],
    summary="Change the price of a sliced order",
)
async def reprice(
    context: NamedDependency[Context], parent_id: FromPath[str], data: JSONBody[ParentPrice]
) -> ParentWire:
    """Changes every part at work; one that is refused keeps its price, which is told as a notice. 404 when it ended."""
    changed = await context.orders.parents.reprice(parent_id, data.price, actor=OWNER, correlation=correlation.get())
    return ParentWire(changed)


@delete("/api/v1/parents/{parent_id:str}", tags=["Orders"], summary="Close a parent order", status_code=200)
async def close(context: NamedDependency[Context], parent_id: FromPath[str]) -> ParentWire:
    """Cancels what is not filled; a cover or bracket order then closes what it holds at market. 404 when it ended."""
    return ParentWire(await context.orders.parents.close(parent_id, actor=OWNER, correlation=correlation.get()))


ROUTES = (parents, create, reprice, close)
