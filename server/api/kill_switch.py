"""The kill switch: one gesture cancels everything and blocks new orders until it is released with a reason."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from server.api.context import Context
from server.api.orders import OWNER
from server.api.strict import Strict
from server.core.logs import correlation
from server.orders.kill import KillResult

__all__ = ("ROUTES", "KillWire", "kill_wire")


class KillWire(msgspec.Struct, frozen=True):
    """Whether it is engaged, why, since when."""

    engaged: bool
    reason: str
    since: datetime | None


class KillAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`engage` false releases it and needs a reason; `flatten` also closes all positions."""

    engage: bool
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    flatten: bool = False


def kill_wire(context: Context) -> KillWire:
    """Its state now."""
    state = context.orders.kill.state()
    return KillWire(state.engaged, state.reason, state.since)


@get("/api/v1/kill-switch", tags=["Risk"], summary="The kill switch", sync_to_thread=False)
def kill_switch(context: NamedDependency[Context]) -> KillWire:
    """Its state now."""
    return kill_wire(context)


@post(
    "/api/v1/kill-switch",
    dto=Strict[KillAsked],
    return_dto=None,
    tags=["Risk"],
    summary="Engage or release",
    status_code=200,
)
async def switch(context: NamedDependency[Context], data: JSONBody[KillAsked]) -> KillResult:
    """Engaging says what it cancelled and what is still open."""
    kill, trace = context.orders.kill, correlation.get()
    if data.engage:
        return await kill.engage(data.reason, flatten=data.flatten, actor=OWNER, correlation=trace)
    return await kill.release(data.reason, actor=OWNER, correlation=trace)


ROUTES = (kill_switch, switch)
