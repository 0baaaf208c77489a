"""One source, many listeners: each gets everything from the moment it listens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

__all__ = ("Fanout",)

T = TypeVar("T")


class Fanout(Generic[T]):
    """Hands what is put to everyone who listens; `close` ends them."""

    def __init__(self) -> None:
        self._queues: list[asyncio.Queue[tuple[T] | None]] = []
        self._heard: list[Callable[[T], None]] = []

    def listen_with(self, heard: Callable[[T], None]) -> None:
        """Call `heard` for each, at once."""
        self._heard.append(heard)

    def put(self, item: T) -> None:
        """Hand it on; never waits."""
        for heard in self._heard:
            heard(item)
        for queue in self._queues:
            queue.put_nowait((item,))

    def listen(self) -> AsyncIterator[T]:
        """From now on (not from the first `anext`) until `close`."""
        queue: asyncio.Queue[tuple[T] | None] = asyncio.Queue()
        self._queues.append(queue)
        return self._drain(queue)

    async def _drain(self, queue: asyncio.Queue[tuple[T] | None]) -> AsyncIterator[T]:
        try:
            while (found := await queue.get()) is not None:
                yield found[0]
        finally:
            self._queues.remove(queue)

    def close(self) -> None:
        """End every listener."""
        self._heard.clear()
        for queue in self._queues:
            queue.put_nowait(None)
