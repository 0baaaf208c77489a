"""Orders: place, preview, change, cancel, look at. The rules are the order path's; nothing is decided here."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from server.api.context import Context
from server.api.strict import Strict
from server.api.trades import TradeWire, trade_wire
from server.api.wire import Page
from server.core.logs import correlation
from server.domain.orders import Order, OrderRequest, OrderType, Product
from server.orders.ports import Change
from server.orders.preview import Preview

__all__ = ("OWNER", "PLACE", "ROUTES", "OrderWire", "place_one")

OWNER = "owner"
"""The actor of everything the local owner does."""
PLACE = "/api/v1/orders"


class OrderWire(msgspec.Struct, frozen=True):
    """An order."""

    order: Order


class StepWire(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an order's life, from the journal."""

    seq: int
    at: datetime
    at_market: datetime | None
    event: str
    state: str
    reason: str
    correlation: str


class OrderStory(msgspec.Struct, frozen=True):
    """An order with all its steps and fills."""

    order: Order
    steps: list[StepWire]
    fills: list[TradeWire]


class Amend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change; `quantity` is the new total, `revision` the one you saw."""

    revision: int
    quantity: int | None = None
    price: Decimal | None = None
    trigger: Decimal | None = None
    type: OrderType | None = None


class Exit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The position to close with a market order."""

    account: str
    key: str
    product: Product
    request_id: str = ""


@post(PLACE, dto=Strict[OrderRequest], return_dto=None, tags=["Orders"], summary="Place an order")
async def place(context: NamedDependency[Context], data: JSONBody[OrderRequest]) -> Response[OrderWire]:
    """201 with the order as it stands on disk (its state may be REJECTED or UNKNOWN); 200 when this request_id came
    before; 422 when a limit refuses it, and then nothing was sent."""
    order, status = await place_one(context, data)
    return Response(order, status_code=status)


async def place_one(context: Context, request: OrderRequest) -> tuple[OrderWire, int]:
    """What `place` answers: the order, and the status. Also the whole of what `express` does."""
    context.ensure_confirmed(request.account)
    began = context.clock.monotonic()
    placed = await context.orders.place(request, actor=OWNER, correlation=correlation.get())
    context.order_times.add(context.clock.monotonic() - began)
    return OrderWire(placed.order), 201 if placed.new else 200


@post(
    "/api/v1/orders/preview",
    dto=Strict[OrderRequest],
    return_dto=None,
    tags=["Orders"],
    summary="What an order would cost",
    status_code=200,
    sync_to_thread=False,
)
def preview(context: NamedDependency[Context], data: JSONBody[OrderRequest]) -> Preview:
    """Margin, charges, breakeven, free funds, and every objection in `problems`; nothing is stored or sent."""
    return context.orders.preview(data)


@get("/api/v1/orders", tags=["Orders"], summary="Orders of an account, newest first")
async def orders(
    context: NamedDependency[Context],
    account: FromQuery[str] = "paper-sim",
    which: Annotated[Literal["open", "done", "all"], QueryParameter(name="state")] = "all",
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    before: Annotated[str | None, QueryParameter(max_length=40)] = None,
) -> Page[Order]:
    """`before` is the `next` of the page before."""
    context.account(account)
    found = await context.reads.orders.page(account, which, limit, before)
    return Page(found, found[-1].id if len(found) == limit else None)


@get("/api/v1/orders/{order_id:str}", tags=["Orders"], summary="One order with its steps and fills")
async def order(context: NamedDependency[Context], order_id: FromPath[str]) -> OrderStory:
    """Steps in the order they became true."""
    found = await context.reads.orders.get(order_id)
    steps = await context.reads.orders.steps(order_id)
    fills = await context.reads.trades.of_order(order_id)
    return OrderStory(
        found,
        [
            StepWire(
                seq=s.seq,
                at=s.at,
                at_market=s.at_market,
                event=s.event,
                state=s.state,
                reason=s.reason,
                correlation=s.correlation,
            )
            for s in steps
        ],
        [trade_wire(fill) for fill in fills],
    )


@patch(
    "/api/v1/orders/{order_id:str}",
    dto=Strict[Amend],
    return_dto=None,
    tags=["Orders"],
    summary="Change a working order",
)
async def amend(context: NamedDependency[Context], order_id: FromPath[str], data: JSONBody[Amend]) -> OrderWire:
    """409 when the order has changed since the revision you saw."""
    change = Change(quantity=data.quantity, price=data.price, trigger=data.trigger, type=data.type)
    changed = await context.orders.modify(order_id, change, data.revision, actor=OWNER, correlation=correlation.get())
    return OrderWire(changed)


@delete("/api/v1/orders/{order_id:str}", tags=["Orders"], summary="Cancel a working order", status_code=200)
async def cancel(context: NamedDependency[Context], order_id: FromPath[str]) -> OrderWire:
    """The order as it stands; it may have been filled meanwhile."""
    return OrderWire(await context.orders.cancel(order_id, actor=OWNER, correlation=correlation.get()))


@post("/api/v1/positions/exit", dto=Strict[Exit], return_dto=None, tags=["Portfolio"], summary="Close a position")
async def exit_position(context: NamedDependency[Context], data: JSONBody[Exit]) -> Response[OrderWire]:
    """Sends one market order for the whole quantity."""
    context.ensure_confirmed(data.account)
    placed = await context.orders.exit_position(
        data.account, data.key, data.product, actor=OWNER, correlation=correlation.get(), request_id=data.request_id
    )
    return Response(OrderWire(placed.order), status_code=201 if placed.new else 200)


ROUTES = (place, preview, orders, order, amend, cancel, exit_position)
