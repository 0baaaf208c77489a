"""What the routes of imports and replays work with; the composition root implements both."""

from collections.abc import AsyncIterator
from typing import Protocol

from server.domain.recordings import ImportJob, Replay
from server.market.market import MarketState

__all__ = ("Imports", "Replays")


class Imports(Protocol):
    """Files on their way in."""

    async def accept(self, name: str, parts: AsyncIterator[bytes]) -> ImportJob:
        """Take a file's bytes to disk and queue it; `name` is the user's, with its folder where known."""
        ...

    async def all(self) -> list[ImportJob]:
        """Those waiting and under way, then those done, newest first."""
        ...

    async def one(self, job: str) -> ImportJob:
        """One of them; raises NotFound."""
        ...


class Replays(Protocol):
    """Recorded days, and the one that is being replayed."""

    async def all(self) -> list[Replay]:
        """All days that can be replayed, newest first."""
        ...

    async def start(self, id: str, speed: float) -> MarketState:  # noqa: A002 - the wire's own word
        """Replay a day, in place of the one that runs; raises NotFound or Invalid."""
        ...

    async def stop(self) -> None:
        """End the replay; raises NotFound when none runs."""
        ...
