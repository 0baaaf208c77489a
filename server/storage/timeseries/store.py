"""The tick store: `server.market.ports.TickStore` over DuckDB. Writing is `writer.py`'s; reads run beside it, each on a
cursor of its own in a small pool of threads.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from server.core.clock import Clock
from server.core.errors import Invalid, Unavailable
from server.market.ports import BARS, F8, I8, TICKS, BarColumns, TickBatch
from server.storage.timeseries.buffer import BarChunk, TickChunk
from server.storage.timeseries.queries import bars_sql, closing_interest_sql, ranges_sql, ticks_sql
from server.storage.timeseries.spans import DAY, MINUTE, bucket_start, span_of
from server.storage.timeseries.writer import TickWriter

if TYPE_CHECKING:
    import duckdb

__all__ = ("DuckStore", "StoreFacts")

_NS = 1_000_000_000
_WIDEN = 8
_LATE_NS = 15 * 3_600 * _NS
"""From midnight to the last half hour of a session."""
_TRIES = 3
_SHUT = ("database must be restarted", "has been invalidated", "Connection already closed", "connection closed")
"""In DuckDB's words for a database that takes no query any more, and for one that was just closed underneath."""
_WHOLE = ("start_ns", "volume", "oi")


class StoreFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How the store is doing, for the System page."""

    ticks: int
    bars: int
    """Rows kept, about."""
    waiting: int
    dropped: int
    """Rows queued, and rows lost because the disk refused for too long."""
    problem: str
    """What is wrong, in one sentence; "" when nothing is."""


class DuckStore:
    """Keeps ticks and bars of all markets."""

    def __init__(self, path: Path, clock: Clock, *, memory: str = "64MB", threads: int = 1) -> None:
        self._writer = TickWriter(path, clock, memory, threads)
        self._readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tick-reader")
        self._closed = False

    def start(self) -> None:
        """Begin opening the database on the writer's thread; returns at once."""
        self._writer.start()

    async def opened(self) -> str:
        """Wait until the database is open or has refused; returns what was put aside ("" = nothing)."""
        await asyncio.get_running_loop().run_in_executor(self._readers, self._writer.opened.wait)
        return self._writer.found_damaged

    def put_ticks(self, market: str, keys: list[str], batch: TickBatch) -> None:
        """Queue ticks (`keys[i]` belongs to `batch.rows[i]`)."""
        if keys and not self._closed:
            self._writer.put(TickChunk(market, keys, batch))

    def put_bars(self, market: str, interval: str, keys: list[str], bars: BarColumns) -> None:
        """Queue finished bars, one for each key; a bar with the same start replaces the old one."""
        if keys and not self._closed:
            self._writer.put(BarChunk(market, span_of(interval), keys, bars))

    async def bars(self, market: str, key: str, interval: str, start_ns: int, end_ns: int, limit: int) -> BarColumns:
        """The newest `limit` bars with start in [start, end), oldest first; `queries.bars_sql` says what is folded."""
        span = span_of(interval)

        def find(cursor: "duckdb.DuckDBPyConnection") -> BarColumns:
            asked = {"series": self._writer.series.get((market, key), -1), "end": end_ns, "limit": limit}
            sql = bars_sql(span)
            # newest bars are asked for: look back a stretch that most likely holds them, and further only if not
            width = max(span, MINUTE) * _NS * limit * _WIDEN
            while True:
                since = max(start_ns, bucket_start(span, max(end_ns - width, 0)))
                found = cursor.execute(sql, {**asked, "start": since}).fetchnumpy()
                if since <= start_ns or since <= 0 or len(found["start_ns"]) >= limit:
                    break
                width *= _WIDEN
            return BarColumns(
                **{
                    name: _plain(found[name], np.int64 if name in _WHOLE else np.float64)
                    for name in BarColumns.__struct_fields__
                }
            )

        bars: BarColumns = await self._read(find)
        return bars

    async def ticks(self, market: str, key: str, start_ns: int, end_ns: int, limit: int) -> tuple[I8, F8, I8]:
        """(time_ns, ltp, cumulative volume) of the newest `limit` ticks in [start, end), in time order."""

        def find(cursor: "duckdb.DuckDBPyConnection") -> Any:
            series = self._writer.series.get((market, key), -1)
            asked = {"series": series, "start": start_ns, "end": end_ns, "limit": limit}
            return cursor.execute(ticks_sql(), asked).fetchnumpy()

        found = await self._read(find)
        return _plain(found["time_ns"], np.int64), _plain(found["ltp"], np.float64), _plain(found["volume"], np.int64)

    async def closing_interest(self, market: str, since_ns: int, before_ns: int) -> dict[str, int]:
        """Last open interest above zero of each instrument of a session, by key. `since_ns` is midnight of its day;
        daily bars count, and minutes of the last half hour, whichever is later."""

        def find(cursor: "duckdb.DuckDBPyConnection") -> dict[str, int]:
            names = {number: key for (owner, key), number in self._writer.series.items() if owner == market}
            asked = {"since": since_ns, "before": before_ns, "late": since_ns + _LATE_NS}
            found = cursor.execute(closing_interest_sql(), asked).fetchall()
            return {names[series]: int(oi) for series, oi in found if series in names}

        closing: dict[str, int] = await self._read(find)
        return closing

    async def ranges(self, market: str, start_ns: int, end_ns: int) -> dict[str, tuple[float, float, float]]:
        """(open, high, low) of the minutes stored in [start, end), by key: what a day has brought so far."""

        def find(cursor: "duckdb.DuckDBPyConnection") -> dict[str, tuple[float, float, float]]:
            names = {number: key for (owner, key), number in self._writer.series.items() if owner == market}
            found = cursor.execute(ranges_sql(), {"start": start_ns, "end": end_ns}).fetchall()
            return {names[series]: (first, high, low) for series, first, high, low in found if series in names}

        known: dict[str, tuple[float, float, float]] = await self._read(find)
        return known

    async def flush(self) -> None:
        """Return when all that was queued before is on disk; raises Unavailable when it cannot be written."""
        await self._do(lambda _: None)

    async def prune(self, kind: str, before_ns: int) -> int:
        """Drop what is older than a moment; returns rows dropped.

        `kind` is `ticks`, `bars` (all shorter than a day) or `bars:<interval>`; longer bars go only when named."""
        if kind == TICKS:
            where, tables = "time_ns < ?", ("ticks", "ticks_new")
        elif kind == BARS:
            where, tables = f"start_ns < ? AND span < {DAY}", ("bars", "bars_new")
        elif kind.startswith(f"{BARS}:"):
            where, tables = f"start_ns < ? AND span = {span_of(kind[5:])}", ("bars", "bars_new")
        else:
            raise Invalid(f"There is no kind {kind!r} of history.", code="ticks.kind", field="kind")

        def drop(connection: "duckdb.DuckDBPyConnection") -> int:
            gone = 0
            for table in tables:
                row = connection.execute(f"DELETE FROM {table} WHERE {where}", [before_ns]).fetchone()  # noqa: S608
                gone += int(row[0]) if row else 0
            connection.execute("CHECKPOINT")
            return gone

        dropped: int = await self._do(drop)
        return dropped

    async def compact(self) -> int:
        """Move arrivals over into sorted form; returns rows moved. Also done by itself when many have come."""
        moved: int = await self._do(self._writer.compact)
        return moved

    async def rest(self) -> None:
        """Let go of the memory that much writing has taken: pages of the database that nobody reads, and what its
        allocator keeps of what was freed. Setting the limit does both."""
        await self._do(self._writer.rest)

    async def copy_to(self, target: Path) -> None:
        """Write a whole copy of the database to a new file, beside readers and between writes."""

        def copy(connection: "duckdb.DuckDBPyConnection") -> None:
            name = str(target).replace("'", "''")
            source = connection.execute("SELECT current_database()").fetchall()[0][0]
            connection.execute(f"ATTACH '{name}' AS backup_copy")
            try:
                connection.execute(f'COPY FROM DATABASE "{source}" TO backup_copy')
            finally:
                connection.execute("DETACH backup_copy")

        await self._do(copy)

    @property
    def problem(self) -> str:
        """What is wrong, in one sentence; "" when nothing is."""
        return self._writer.problem

    def facts(self) -> StoreFacts:
        """How the store is doing. Costs nothing: counts are taken by the writer as it goes."""
        writer = self._writer
        ticks, bars = writer.counts
        return StoreFacts(
            ticks=ticks, bars=bars, waiting=writer.waiting, dropped=writer.dropped, problem=writer.problem
        )

    def close(self) -> None:
        """Write what is queued and close the database. Blocks."""
        if self._closed:
            return
        self._closed = True
        self._readers.shutdown(wait=True)  # a connection does not close while a reader takes its cursor from it
        self._writer.close()

    async def _do(self, run: "Callable[[duckdb.DuckDBPyConnection], Any]") -> Any:
        self._check_open()
        return await self._writer.call(run)

    async def _read(self, run: "Callable[[duckdb.DuckDBPyConnection], Any]") -> Any:
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._on_cursor, run)

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("The tick store is closed; Sauda is stopping.", code="ticks.closed")

    def _on_cursor(self, run: "Callable[[duckdb.DuckDBPyConnection], Any]") -> Any:
        """On a reader's thread: run a query on a cursor of its own. A database that a full disk has shut is opened
        anew for it: while nothing can be written, reading goes on (law 9)."""
        import duckdb

        self._writer.opened.wait()
        for left in reversed(range(_TRIES)):
            connection = self._writer.connection
            try:
                if connection is None:
                    raise Unavailable(self._writer.problem or "The tick database is not open.", code="ticks.closed")
                with connection.cursor() as cursor:
                    return run(cursor)
            except (duckdb.Error, Unavailable) as error:
                shut = connection is None or any(word in str(error) for word in _SHUT)
                if not shut or not left:
                    raise _unreadable(error) from error
            # the cursor is given back here: the old database goes with its last one
            self._writer.renew(connection)
        raise AssertionError("unreachable")


def _unreadable(error: Exception) -> Unavailable:
    if isinstance(error, Unavailable):
        return error
    return Unavailable(
        f"Price history could not be read: {str(error).splitlines()[0]}",
        code="ticks.read",
        remedy="Run `sauda doctor`; it says how to mend it.",
    )


def _plain(column: Any, kind: Any) -> Any:
    """A column without a mask; no column here is ever null."""
    return np.ascontiguousarray(np.ma.getdata(column), dtype=kind)
