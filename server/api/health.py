"""/health and /ready: for people, scripts and load balancers."""

from datetime import datetime

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from server.api.context import Context

__all__ = ("ROUTES", "PartWire", "part_wires")


class PartWire(msgspec.Struct, frozen=True):
    """One part of the program."""

    name: str
    state: str
    since: datetime | None
    restarts: int
    error: str
    essential: bool


class Health(msgspec.Struct, frozen=True):
    """`ok` when every part runs and the journal can be written, else `degraded`."""

    status: str
    parts: list[PartWire]
    journal: str


def part_wires(context: Context) -> list[PartWire]:
    """All parts in start order."""
    return [PartWire(s.name, s.state, s.since, s.restarts, s.error, s.essential) for s in context.supervisor.states()]


@get("/health", tags=["System"], summary="How every part is doing", sync_to_thread=False)
def health(context: NamedDependency[Context]) -> Health:
    """Always 200 while the server answers."""
    return _health(context)


@get("/ready", tags=["System"], summary="Whether orders can be taken", sync_to_thread=False)
def ready(context: NamedDependency[Context]) -> Response[Health]:
    """200 when every essential part runs and the journal can be written, else 503."""
    return Response(_health(context), status_code=200 if context.ready else 503)


def _health(context: Context) -> Health:
    parts = part_wires(context)
    well = context.journal.healthy and all(p.state == "running" for p in parts)
    return Health("ok" if well else "degraded", parts, "ok" if context.journal.healthy else "failed")


ROUTES = (health, ready)
