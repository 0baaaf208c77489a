"""The journal: durable commits (WAL, synchronous FULL) with their projections, beside the same rows written with
SQLAlchemy Core over aiosqlite.

One order is two commits: its intent with the margin held (1 entry, 3 rows beside the journal), then acceptance and
fill (2 entries, 12 rows). Goal: p50 0.2-0.4 ms alone, at least 5,000 commits a second with 16-32 at once.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from server.audit.chain import GENESIS, canonical, digest
from server.core.clock import SystemClock
from server.domain.journal import Entry, OrderChanged
from server.storage.columns import to_us
from server.storage.projections import Changes, project
from server.storage.store import Storage
from server.storage.tables import metadata
from tests.unit.storage.samples import entry, filled, intended, make_order, opening

__all__ = ("main",)

Commit = Callable[..., Awaitable[int]]


def units(number: int) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """The two commits of one order."""
    order = make_order(number, state="OPEN", broker_id=f"P{number}")
    return (intended(number),), (entry(OrderChanged(event="accepted", order=order), number), filled(number))


class Peer:
    """The same rows through SQLAlchemy Core and aiosqlite, one transaction a unit, one at a time."""

    def __init__(self, path: Path) -> None:
        self._engine: AsyncEngine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        event.listen(self._engine.sync_engine, "connect", _full)
        self._lock = asyncio.Lock()
        self._seq, self._hash = 0, GENESIS

    async def start(self) -> None:
        """Make the tables."""
        async with self._engine.begin() as connection:
            await connection.run_sync(metadata.create_all)

    async def commit(self, *entries: Entry) -> int:
        """What `SqliteJournal.commit` does."""
        async with self._lock, self._engine.begin() as connection:
            changes, rows = Changes(), []
            for item in entries:
                self._seq += 1
                payload = msgspec.json.encode(item.payload)
                body = canonical(self._seq, to_us(item.at), item.actor, item.correlation, item.subject, payload)
                self._hash = digest(self._hash, body)
                kind = item.payload.__struct_config__.tag
                head = (self._seq, item.at, item.actor, item.correlation, kind, item.subject)
                rows.append((*head, payload.decode(), self._hash))
                project(changes, self._seq, item.at, item.payload)
            changes.rows["journal"] = rows
            changes.rows["balances"] = [(*book, minor) for book, minor in changes.balances.items()]
            changes.rows["holds"] = [(*held, minor) for held, minor in changes.holds.items()]
            changes.rows |= {name: list(latest.values()) for name, latest in changes.latest.items()}
            for name, values in changes.rows.items():
                if not values:
                    continue
                table = metadata.tables[name]
                names = table.c.keys()
                base = insert(table)
                change: dict[str, Any] = {c.name: base.excluded[c.name] for c in table.c if not c.primary_key}
                if name in ("balances", "holds"):
                    change = {"minor": table.c.minor + base.excluded.minor}
                statement: Any = base
                if name not in ("journal", "fills", "postings"):
                    statement = base.on_conflict_do_update(index_elements=list(table.primary_key), set_=change)
                await connection.execute(statement, [dict(zip(names, row, strict=True)) for row in values])
        return self._seq

    async def close(self) -> None:
        """Let go."""
        await self._engine.dispose()


def _full(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def trade(commit: Commit, clients: int, seconds: float, first: int) -> tuple[float, float, float]:
    """(p50 ms, p99 ms, commits a second) of clients that place one order after the other."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    counter = [first]

    async def client() -> None:
        while time.perf_counter() < end:
            counter[0] += 1
            for unit in units(counter[0]):
                began = time.perf_counter()
                await commit(*unit)
                took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    wall = time.perf_counter() - began
    took.sort()
    return took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, len(took) / wall


async def measure(seconds: float = 4.0) -> None:
    """Print the table."""
    print("| commits | clients | p50 ms | p99 ms | commits/s | peer p50 | peer p99 | peer/s | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        storage = await Storage.open(Path(name) / "ours", SystemClock(), version="bench")
        peer = Peer(Path(name) / "peer.db")
        await peer.start()
        for commit in (storage.journal.commit, peer.commit):
            await commit(opening())
        first = 0
        for clients in (1, 16, 32):
            ours = await trade(storage.journal.commit, clients, seconds, first)
            theirs = await trade(peer.commit, clients, seconds, first)
            first += 1_000_000
            print(
                f"| orders, 2 commits each | {clients} | {ours[0]:.2f} | {ours[1]:.2f} | {ours[2]:.0f} "
                f"| {theirs[0]:.2f} | {theirs[1]:.2f} | {theirs[2]:.0f} | {ours[2] / theirs[2]:.1f}x |",
                flush=True,
            )
        rows = storage.journal.last_seq
        began = time.perf_counter()
        replayed = await storage.rebuild()
        took = time.perf_counter() - began
        print(f"\nRebuild of all tables from {rows:,} entries: {took:.1f} s ({replayed / took:,.0f} entries/s).")
        await storage.close()
        await peer.close()


def main() -> None:
    """Measure and print; on uvloop where it is installed, as the server runs."""
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.run(measure())
        return
    asyncio.run(measure())


if __name__ == "__main__":
    main()
