"""Replays: recorded days as markets of their own. One runs at a time; play, pause, seek, speed: see Markets."""

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from server.api.recordings import Replays
from server.api.strict import Strict
from server.api.wire import Page
from server.domain.recordings import Replay
from server.market.market import MarketState

__all__ = ("replay_handlers",)


class StartReplay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`speed`: market seconds a second; 0 = as fast as it goes."""

    id: Annotated[str, msgspec.Meta(max_length=40)]
    speed: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 1.0


def replay_handlers(replays: Replays) -> list[HTTPRouteHandler]:
    """The routes over the replay keeper."""

    @get("/api/v1/replays", tags=["Replays"], summary="Recorded days")
    async def listed() -> Page[Replay]:
        """Days that can be replayed, newest first."""
        return Page(await replays.all())

    @post(
        "/api/v1/replays",
        dto=Strict[StartReplay],
        return_dto=None,
        tags=["Replays"],
        summary="Replay a day",
        status_code=201,
    )
    async def start(data: JSONBody[StartReplay]) -> MarketState:
        """Starts market `replay-N` with a paper account `paper-replay-N` of its own, in place of one that runs."""
        return await replays.start(data.id, data.speed)

    @delete("/api/v1/replays", tags=["Replays"], summary="Stop the replay", status_code=204)
    async def stop() -> None:
        """Its working orders are cancelled; what its account did stays on record."""
        await replays.stop()

    return [listed, start, stop]
