"""Markets: their state, and play, pause, seek, speed, scenario for those that are simulated or replayed."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server.api.context import Context
from server.api.strict import Strict
from server.api.wire import Page
from server.core.errors import Invalid
from server.domain.journal import Noted
from server.market.market import MarketState

__all__ = ("ROUTES",)


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`to` goes with seek, `value` with speed, `name` with scenario."""

    action: Literal["play", "pause", "seek", "speed", "scenario"]
    to: datetime | None = None
    value: Annotated[float, msgspec.Meta(ge=0, le=100_000)] | None = None
    name: Annotated[str, msgspec.Meta(max_length=40)] | None = None


@get("/api/v1/markets", tags=["Markets"], summary="All markets", sync_to_thread=False)
def markets(context: NamedDependency[Context]) -> Page[MarketState]:
    """The simulated market, and a replay while there is one."""
    return Page([market.state() for market in context.markets.values()])


@post(
    "/api/v1/markets/{market:str}/control",
    dto=Strict[Control],
    return_dto=None,
    tags=["Markets"],
    summary="Play, pause, seek, speed, scenario",
    status_code=200,
)
async def control(context: NamedDependency[Context], market: FromPath[str], data: JSONBody[Control]) -> MarketState:
    """Answers with the state after it."""
    where = context.market(market)
    needed: dict[str, dict[str, Any]] = {
        "seek": {"to": data.to},
        "speed": {"value": data.value},
        "scenario": {"name": data.name},
    }
    arguments = needed.get(data.action, {})
    missing = [name for name, value in arguments.items() if value is None]
    if missing:
        raise Invalid(f"{data.action} needs {missing[0]!r}.", code="market.control", field=missing[0], remedy="Add it.")
    if data.to is not None and data.to.tzinfo is None:
        raise Invalid(
            "The moment has no zone.", code="market.control", field="to", remedy="Write it as 2026-11-20T04:00:00Z."
        )
    state = where.control(data.action, **arguments)
    detail = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in arguments.items()}
    await context.write(Noted(what=f"market.{data.action}", detail={"market": market, **detail}), subject=market)
    return state


ROUTES = (markets, control)
