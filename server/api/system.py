"""The System page: parts, intake and drops, latency, devices, storage, the last events, the log."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import psutil
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from server.api.context import Context
from server.api.health import PartWire, part_wires
from server.api.strict import Strict
from server.core.errors import Conflict, Invalid
from server.domain.instruments import plain_quantity
from server.market.hub import IntakeStats
from server.market.market import MarketState

__all__ = ("ROUTES",)

_EVENTS = 100


class MarketFigures(msgspec.Struct, frozen=True):
    """A market and what its pipeline took and dropped."""

    state: MarketState
    intake: IntakeStats


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """The machine. `npu` and `gpu` are names, empty when none is used."""

    cpus: int
    cpu_load: float
    """Percent of all cores, since the last look."""
    process_cpu: float
    """Percent of one core this process used since the last look."""
    ram_mb: float
    """Resident memory of this process."""
    ram_total_mb: float
    npu: str = ""
    gpu: str = ""


class EventWire(msgspec.Struct, frozen=True):
    """A bus event in short."""

    seq: int
    at: datetime | None
    topic: str
    text: str


class System(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the System page shows."""

    version: str
    mode: str
    data: str
    parts: list[PartWire]
    journal: str
    markets: list[MarketFigures]
    latency: dict[str, Any]
    streams: dict[str, Any]
    storage: dict[str, Any]
    devices: Devices
    events: list[EventWire]


class BackupAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to write: the full path of a new file, or a folder; empty = the data folder's own `backups`."""

    file: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class BackupDone(msgspec.Struct, frozen=True):
    """Where it was written."""

    file: str
    bytes: int


@get("/api/v1/system", tags=["System"], summary="Parts, drops, latency, devices, events")
async def system(context: NamedDependency[Context]) -> System:
    """Cheap enough to be read every second."""
    return System(
        version=context.version,
        mode=context.mode,
        data=str(context.data),
        parts=part_wires(context),
        journal="ok" if context.journal.healthy else "failed",
        markets=[MarketFigures(m.state(), m.hub.intake_stats()) for m in context.markets.values()],
        latency=context.latency(),
        streams=context.streams(),
        storage=context.storage_facts(),
        devices=_devices(context),
        events=_events(context),
    )


@post(
    "/api/v1/backups",
    dto=Strict[BackupAsked],
    return_dto=None,
    tags=["System"],
    summary="Write a backup while running",
    status_code=200,
)
async def backup(context: NamedDependency[Context], data: JSONBody[BackupAsked]) -> BackupDone:
    """One file with the journal, the tables and the market data. A file that is there already is never replaced."""
    _check_target(data.file)
    path, size = await context.backup(data.file)
    return BackupDone(path, size)


def _check_target(file: str) -> None:
    """Refuse a place that is no full path, or a file that is there; a folder is fine, and so is none."""
    if not file:
        return
    target = Path(file)
    if not target.is_absolute():
        raise Invalid(
            f"{file!r} is not a full path.",
            code="backup.path",
            field="file",
            limit="a path from the root",
            remedy="Write the whole path, or leave it empty for the data folder's own backups.",
        )
    if target.exists() and not target.is_dir():
        raise Conflict(f"{file} is there already.", code="backup.exists", field="file", remedy="Choose another name.")


def _devices(context: Context) -> Devices:
    memory = context.process.memory_info().rss / 1e6
    return Devices(
        cpus=psutil.cpu_count() or 1,
        cpu_load=psutil.cpu_percent(),
        process_cpu=context.process.cpu_percent(),
        ram_mb=round(memory, 1),
        ram_total_mb=round(psutil.virtual_memory().total / 1e6, 1),
    )


def _events(context: Context) -> list[EventWire]:
    kept = context.bus.since(max(0, context.bus.sequence - _EVENTS)) or []
    return [_event(seq, event) for seq, event in reversed(kept)]


def _event(seq: int, event: object) -> EventWire:
    plain: dict[str, Any] = msgspec.to_builtins(event)
    topic = str(plain.pop("type", type(event).__name__))
    plain.pop("at", None)
    return EventWire(seq, getattr(event, "at", None), topic, _short(topic, plain))


def _amount(body: dict[str, Any]) -> str:
    """The quantity of an order or fill as the exchange counts it."""
    return plain_quantity(int(body["quantity"]), Decimal(body.get("unit", "1")))


def _short(topic: str, body: dict[str, Any]) -> str:
    """A line for the list; the whole event travels on the stream."""
    match topic:
        case "order":
            order = body["order"]
            return f"{body['event']}: {order['side']} {_amount(order)} {order['key']}, {order['state']}"
        case "fill":
            fill = body["fill"]
            return f"{fill['side']} {_amount(fill)} {fill['key']} at {fill['price']}"
        case "part":
            return f"{body['name']} {body['state']} {body.get('error', '')}".strip()
        case "notice":
            return str(body["text"])
        case "market":
            state = body.get("body", {})
            return f"{body['market']}: {state.get('state', '')} {state.get('phase', '')} {state.get('day', '')}".strip()
        case _:
            return " ".join(str(v) for v in body.values() if isinstance(v, (str, int, float)) and v != "")


ROUTES = (system, backup)
