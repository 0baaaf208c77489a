"""Risk: an account's trading state, its limits, and how much of them is used."""

from typing import Annotated, Any

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from server.api.context import Context
from server.api.orders import OWNER
from server.api.strict import Strict
from server.core.logs import correlation
from server.orders.service import RiskView
from server.risk.state import TradingState

__all__ = ("ROUTES",)


class LimitsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Only the limits named are changed."""

    account: str
    limits: dict[str, Any]
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class StateAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new trading state, and why."""

    account: str
    state: TradingState
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@get("/api/v1/risk", tags=["Risk"], summary="State, limits, use", sync_to_thread=False)
def risk(context: NamedDependency[Context], account: FromQuery[str] = "paper-sim") -> RiskView:
    """ACTIVE, REDUCING or HALTED, with the reason."""
    return context.orders.risk_view(account)


@put("/api/v1/risk/limits", dto=Strict[LimitsAsked], return_dto=None, tags=["Risk"], summary="Change limits")
async def limits(context: NamedDependency[Context], data: JSONBody[LimitsAsked]) -> RiskView:
    """All or none of them are changed."""
    await context.orders.set_limits(
        data.account, data.limits, actor=OWNER, correlation=correlation.get(), reason=data.reason
    )
    return context.orders.risk_view(data.account)


@put("/api/v1/risk/state", dto=Strict[StateAsked], return_dto=None, tags=["Risk"], summary="Change the trading state")
async def state(context: NamedDependency[Context], data: JSONBody[StateAsked]) -> RiskView:
    """REDUCING lets only orders pass that make a position smaller; HALTED none."""
    await context.orders.set_state(data.account, data.state, data.reason, actor=OWNER, correlation=correlation.get())
    return context.orders.risk_view(data.account)


ROUTES = (risk, limits, state)
