"""What a client needs first: version, accounts, markets, kill switch, preferences."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import get
from litestar.di import NamedDependency

from server.api.context import Context
from server.api.kill_switch import KillWire, kill_wire
from server.domain.accounts import Account
from server.market.market import MarketState

__all__ = ("ROUTES",)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The first answer to a client."""

    version: str
    boot: str
    """Another id than last time: the server was started anew, read everything again."""
    mode: str
    timezone: str
    accounts: list[Account]
    default_account: str
    markets: list[MarketState]
    heartbeat: float
    """Seconds between beats of the stream."""
    kill_switch: KillWire
    preferences: dict[str, Any]
    brokers: tuple[int, int]
    """Live accounts connected, and all of them."""
    order_routes: dict[str, str]
    """Account in which a segment's tickets begin, by the user's rules."""
    ending: dict[str, datetime | None]
    """Accounts whose session at the broker ends soon, with when; null when it has ended."""
    notices: list[str]
    """What was found at start-up and must be read."""


@get("/api/v1/session", tags=["Session"], summary="What a client needs first")
async def session(context: NamedDependency[Context]) -> Session:
    """Read it at start and after a `resync`."""
    return Session(
        version=context.version,
        boot=context.boot,
        mode=context.mode,
        timezone=context.timezone,
        accounts=list(context.accounts.values()),
        default_account=next(iter(context.accounts)),
        markets=[market.state() for market in context.markets.values()],
        heartbeat=context.heartbeat,
        kill_switch=kill_wire(context),
        preferences=await context.reads.settings.get("preferences", {}),
        brokers=context.brokers(),
        order_routes=dict(context.order_routes()),
        ending=dict(context.ending()),
        notices=list(context.notices),
    )


ROUTES = (session,)
