"""Bars in columns: numbers, not strings, because charts and analytics read them."""

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from server.api.context import Context

__all__ = ("ROUTES", "Interval")

Interval = Literal["1s", "5s", "15s", "30s", "1m", "3m", "5m", "15m", "30m", "1h", "1d", "1w", "1M"]
_MS = 1_000_000


class BarsWire(msgspec.Struct, frozen=True):
    """Columns of equal length, oldest first; `t` in milliseconds since the epoch. The last bar may be unfinished."""

    key: str
    interval: str
    source: str
    t: list[int]
    o: list[float]
    h: list[float]
    l: list[float]  # noqa: E741 - the field's usual letter
    c: list[float]
    v: list[int]
    oi: list[int]


@get("/api/v1/bars", tags=["Prices"], summary="Bars of one instrument")
async def bars(
    context: NamedDependency[Context],
    key: FromQuery[str],
    interval: FromQuery[Interval] = "1m",
    market: FromQuery[str] = "sim",
    end: Annotated[int | None, QueryParameter(description="milliseconds; bars start before it", ge=0, le=2**53)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=20_000)] = 500,
) -> BarsWire:
    """The newest `limit` bars before `end` (default: now)."""
    where = context.market(market)
    where.catalogue.get(key)
    found = await where.hub.bars(key, interval, None if end is None else end * _MS, limit)
    return BarsWire(
        key,
        interval,
        where.source,
        (found.start_ns // _MS).tolist(),
        found.open.tolist(),
        found.high.tolist(),
        found.low.tolist(),
        found.close.tolist(),
        found.volume.tolist(),
        found.oi.tolist(),
    )


ROUTES = (bars,)
