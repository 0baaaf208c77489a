"""GTT and OCO triggers kept by Sauda."""

from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from server.api.context import Context
from server.api.orders import OWNER
from server.api.strict import Strict
from server.api.wire import Page
from server.core.logs import correlation
from server.domain.orders import Product
from server.orders.triggers import Trigger, TriggerLeg

__all__ = ("ROUTES",)


class TriggerAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`single` has one leg, `oco` two: target and stop."""

    account: str
    key: str
    product: Product
    kind: Literal["single", "oco"] = "single"
    legs: Annotated[tuple[TriggerLeg, ...], msgspec.Meta(min_length=1, max_length=2)]


class TriggerWire(msgspec.Struct, frozen=True):
    """A trigger."""

    trigger: Trigger


@get("/api/v1/triggers", tags=["Orders"], summary="GTT and OCO triggers, newest first")
async def triggers(
    context: NamedDependency[Context],
    account: FromQuery[str] = "paper-sim",
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    before: Annotated[str | None, QueryParameter(max_length=40)] = None,
) -> Page[Trigger]:
    """Active and past ones."""
    context.account(account)
    found = await context.reads.triggers.page(account, limit=limit, before=before)
    return Page([msgspec.convert(kept.body, Trigger) for kept in found], found[-1].id if len(found) == limit else None)


@post("/api/v1/triggers", dto=Strict[TriggerAsked], return_dto=None, tags=["Orders"], summary="Keep a trigger")
async def create(context: NamedDependency[Context], data: JSONBody[TriggerAsked]) -> TriggerWire:
    """It fires once, sends a limit order, and survives a restart; it is no order until then and holds no margin."""
    context.ensure_confirmed(data.account)
    made = await context.orders.triggers.create(
        data.account, data.key, data.product, data.kind, data.legs, actor=OWNER, correlation=correlation.get()
    )
    return TriggerWire(made)


@delete("/api/v1/triggers/{trigger_id:str}", tags=["Orders"], summary="Delete a trigger", status_code=200)
async def remove(context: NamedDependency[Context], trigger_id: FromPath[str]) -> TriggerWire:
    """409 when it has fired already."""
    return TriggerWire(await context.orders.triggers.cancel(trigger_id, actor=OWNER, correlation=correlation.get()))


ROUTES = (triggers, create, remove)
