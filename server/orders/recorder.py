"""Writes the journal in the order in which the order path decided, many decisions to one commit.

Decisions are folded into memory at once and queued here. One drain at a time takes all that waits and commits it as
one transaction, so while the disk works the next group gathers. Events go to the bus after their entries are on disk.
After a failed commit nothing that was queued behind it is written: it was computed on what is not there (law 9).
"""

import asyncio
from collections.abc import Callable, Sequence

from server.core.bus import Bus
from server.core.errors import Unavailable
from server.domain.journal import Entry
from server.orders.ports import Journal

__all__ = ("Recorder",)

_MOST = 512
"""Entries of one commit: keeps the wait of the first in line short."""
_GATHER = 16
"""Most turns of the event loop before a group is closed. It is closed earlier, at the first turn in which nothing came:
a fill and the broker's answer, or the orders of many clients, come within a turn of each other and share a commit
then, which costs as much time as some fifty turns."""


class Recorder:
    """The one way from the order path into the journal."""

    def __init__(self, journal: Journal, bus: Bus, on_failure: Callable[[str], None]) -> None:
        self._journal = journal
        self._bus = bus
        self._on_failure = on_failure
        self._queue: list[tuple[Sequence[Entry], Sequence[object], asyncio.Future[None]]] = []
        self._drain: asyncio.Task[None] | None = None
        self.broken = ""
        """Why nothing can be written; empty while all is well."""

    def write(self, entries: Sequence[Entry], events: Sequence[object] = ()) -> asyncio.Future[None]:
        """Queue entries that stand or fall together; the future is done when they are on disk.

        The future raises Unavailable when they are not, and so does this call once the journal has failed."""
        if self.broken:
            raise self._unavailable()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_seen)
        self._queue.append((entries, events, done))
        if self._drain is None:
            self._drain = asyncio.create_task(self._run(), name="journal-drain")
        return done

    async def probe(self, entry: Entry) -> bool:
        """Try the broken journal with one entry; True makes it usable again."""
        try:
            await self._journal.commit(entry)
        except Exception:  # noqa: BLE001 - any failure means: not yet
            return False
        self.broken = ""
        return True

    async def flush(self) -> None:
        """Return when all that was queued is on disk or refused."""
        while self._drain is not None:
            await asyncio.wait({self._drain})

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._gather()
                group, entries = self._take()
                try:
                    await self._journal.commit(*entries)
                except Exception as error:  # noqa: BLE001 - whatever it was, it is not on disk
                    self._fail(group, _cause(error))
                    return
                for _, _, done in group:
                    if not done.done():
                        done.set_result(None)
                for _, events, _ in group:
                    for event in events:
                        self._bus.publish(event)
        finally:
            self._drain = None

    async def _gather(self) -> None:
        """Wait while each turn of the loop brings more."""
        for _ in range(_GATHER):
            waiting = len(self._queue)
            await asyncio.sleep(0)
            if len(self._queue) == waiting:
                return

    def _take(self) -> tuple[list[tuple[Sequence[Entry], Sequence[object], asyncio.Future[None]]], list[Entry]]:
        entries: list[Entry] = []
        count = 0
        for item in self._queue:
            if entries and len(entries) + len(item[0]) > _MOST:
                break
            entries.extend(item[0])
            count += 1
        group, self._queue = self._queue[:count], self._queue[count:]
        return group, entries

    def _fail(self, group: list[tuple[Sequence[Entry], Sequence[object], asyncio.Future[None]]], why: str) -> None:
        self.broken = why
        waiting, self._queue = group + self._queue, []
        for _, _, done in waiting:
            if not done.done():
                done.set_exception(self._unavailable())
        self._on_failure(why)

    def _unavailable(self) -> Unavailable:
        return Unavailable(
            f"Trading is halted: the journal cannot be written ({self.broken}). Nothing was sent.",
            code="journal.broken",
            remedy="Free disk space or mend the disk. Sauda tries again by itself and says when trading resumes.",
        )


def _cause(error: Exception) -> str:
    """Why, in few words: `the disk is full`."""
    return str(getattr(error, "value", "") or error) or type(error).__name__


def _seen(future: asyncio.Future[None]) -> None:
    """Not everybody waits for a write; its failure is handled by `on_failure`."""
    if not future.cancelled():
        future.exception()
