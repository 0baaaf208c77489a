"""The tick store: `server.market.ports.TickStore` over DuckDB, with its own writer thread.

Chunks that come in are written in one transaction about twice a second: NumPy columns are handed to DuckDB as a table,
which is some fifty times faster than row by row. Reads run beside the writer, each on a cursor of its own in a small
pool of threads. When the disk refuses, chunks wait up to a limit and are then dropped and counted; nothing blocks.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import structlog

from server.core.clock import Clock
from server.core.errors import Invalid, SaudaError, Unavailable
from server.market.ports import BARS, TICKS, BarColumns, TickBatch
from server.storage.timeseries.buffer import BarChunk, TickChunk, join
from server.storage.timeseries.database import open_ticks
from server.storage.timeseries.queries import COMPACT_BARS, COMPACT_TICKS, bars_sql, ticks_sql
from server.storage.timeseries.spans import DAY, bucket_start, span_of

if TYPE_CHECKING:
    import duckdb

__all__ = ("DuckStore", "StoreFacts")

_log = structlog.get_logger("ticks")
_NS = 1_000_000_000
_GATHER_SECONDS = 0.5
_RETRY_SECONDS = 2.0
_MOST_WAITING = 2_000_000
_WRITE_ROWS = 100_000
_COMPACT_ROWS = 2_000_000
_WIDEN = 8
_INSERT = {
    "ticks": "INSERT INTO ticks_new SELECT * FROM chunk",
    # every bar a later version than the one before it, so that the last one given wins
    "bars": "INSERT INTO bars_new SELECT *, ? + row_number() OVER () FROM chunk",
}


class StoreFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How the store is doing, for the System page."""

    ticks: int
    bars: int
    """Rows kept, about."""
    waiting: int
    dropped: int
    """Rows queued, and rows lost because the disk refused for too long."""
    problem: str


class _Job(NamedTuple):
    run: "Callable[[duckdb.DuckDBPyConnection], Any]"
    done: asyncio.Future[Any]


class DuckStore:
    """Keeps ticks and bars; see the module's text."""

    def __init__(self, path: Path, clock: Clock, *, memory: str = "64MB", threads: int = 1) -> None:
        self._path = path
        self._clock = clock
        self._limits = (memory, threads)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._series: dict[tuple[str, str], int] = {}
        self._version = 0
        self._queue: queue.SimpleQueue[TickChunk | BarChunk | _Job | None] = queue.SimpleQueue()
        self._pending: list[TickChunk | BarChunk] = []
        self._waiting = 0
        self._dropped = 0
        self._counts = (0, 0)
        self._opened = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="tick-writer", daemon=True)
        self._readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tick-reader")
        self.problem = ""
        """What is wrong, in one sentence; "" when nothing is."""
        self.found_damaged = ""
        """What was put aside when the database was opened, in one sentence."""

    def start(self) -> None:
        """Begin opening the database on the writer's thread; returns at once."""
        self._thread.start()

    async def opened(self) -> str:
        """Wait until the database is open or has refused; returns what was put aside ("" = nothing)."""
        await asyncio.get_running_loop().run_in_executor(self._readers, self._opened.wait)
        return self.found_damaged

    def put_ticks(self, market: str, keys: list[str], batch: TickBatch) -> None:
        """Queue ticks (`keys[i]` belongs to `batch.rows[i]`)."""
        self._put(TickChunk(market, keys, batch))

    def put_bars(self, market: str, interval: str, keys: list[str], bars: BarColumns) -> None:
        """Queue finished bars, one for each key; a bar with the same start replaces the old one."""
        self._put(BarChunk(market, span_of(interval), keys, bars))

    async def bars(self, market: str, key: str, interval: str, start_ns: int, end_ns: int, limit: int) -> BarColumns:
        """The newest `limit` bars with start in [start, end), oldest first; `queries.bars_sql` says what is folded."""
        span = span_of(interval)
        found: BarColumns = await self._read(
            lambda cursor: self._find_bars(cursor, (market, key), span, start_ns, end_ns, limit)
        )
        return found

    async def ticks(
        self, market: str, key: str, start_ns: int, end_ns: int, limit: int
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """(time_ns, ltp, cumulative volume) of the newest `limit` ticks in [start, end), in time order."""

        def find(cursor: "duckdb.DuckDBPyConnection") -> Any:
            series = self._series.get((market, key), -1)
            asked = {"series": series, "start": start_ns, "end": end_ns, "limit": limit}
            return cursor.execute(ticks_sql(), asked).fetchnumpy()

        found = await self._read(find)
        return _plain(found["time_ns"], np.int64), _plain(found["ltp"], np.float64), _plain(found["volume"], np.int64)

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
        moved: int = await self._do(self._compact)
        return moved

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

    def facts(self) -> StoreFacts:
        """How the store is doing. Costs nothing: counts are taken by the writer as it goes."""
        ticks, bars = self._counts
        return StoreFacts(ticks=ticks, bars=bars, waiting=self._waiting, dropped=self._dropped, problem=self.problem)

    def close(self) -> None:
        """Write what is queued and close the database. Blocks."""
        if self._closed:
            return
        self._closed = True
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        self._readers.shutdown(wait=True)

    def _put(self, chunk: TickChunk | BarChunk) -> None:
        if self._closed or not len(chunk):
            return
        if self._waiting >= _MOST_WAITING:
            self._dropped += len(chunk)
            return
        self._waiting += len(chunk)
        self._queue.put(chunk)

    async def _do(self, run: "Callable[[duckdb.DuckDBPyConnection], Any]") -> Any:
        """Run on the writer's thread, after all that was queued before."""
        if self._closed:
            raise Unavailable("The tick store is closed; Sauda is stopping.", code="ticks.closed")
        job = _Job(run, asyncio.get_running_loop().create_future())
        self._queue.put(job)
        return await job.done

    async def _read(self, run: "Callable[[duckdb.DuckDBPyConnection], Any]") -> Any:
        if self._closed:
            raise Unavailable("The tick store is closed; Sauda is stopping.", code="ticks.closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._on_cursor, run)

    # what follows runs on reader threads

    def _on_cursor(self, run: "Callable[[duckdb.DuckDBPyConnection], Any]") -> Any:
        import duckdb

        self._opened.wait()
        connection = self._connection
        if connection is None:
            raise Unavailable(self.problem or "The tick database is not open.", code="ticks.closed")
        try:
            with connection.cursor() as cursor:
                return run(cursor)
        except duckdb.Error as error:
            raise Unavailable(
                f"Price history could not be read: {str(error).splitlines()[0]}",
                code="ticks.read",
                remedy="Run `sauda doctor`; it says how to mend it.",
            ) from error

    def _find_bars(
        self,
        cursor: "duckdb.DuckDBPyConnection",
        name: tuple[str, str],
        span: int,
        start_ns: int,
        end_ns: int,
        limit: int,
    ) -> BarColumns:
        asked = {"series": self._series.get(name, -1), "end": end_ns, "limit": limit}
        sql = bars_sql(span)
        # newest bars are asked for: look back a stretch that most likely holds them, and further only if it does not
        width = max(span, 60) * _NS * limit * _WIDEN
        while True:
            since = max(start_ns, bucket_start(span, max(end_ns - width, 0)))
            found = cursor.execute(sql, {**asked, "start": since}).fetchnumpy()
            if since <= start_ns or since <= 0 or len(found["start_ns"]) >= limit:
                break
            width *= _WIDEN
        whole, real = np.int64, np.float64
        kinds = {
            "start_ns": whole,
            "open": real,
            "high": real,
            "low": real,
            "close": real,
            "volume": whole,
            "oi": whole,
        }
        return BarColumns(**{field: _plain(found[field], kinds[field]) for field in BarColumns.__struct_fields__})

    # what follows runs on the writer's thread

    def _run(self) -> None:
        try:
            self._open()
        except Exception as error:  # noqa: BLE001 - each later write tries again, and says so until it works
            self.problem = str(error)
            _log.exception("ticks_not_opened")
        finally:
            self._opened.set()
        ending = False
        while not ending:
            jobs, ending = self._gather()
            written = self._write()
            for job in jobs:
                self._answer(job, written)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _gather(self) -> tuple[list[_Job], bool]:
        """Take what waits until a job, the end, or half a second's worth has come."""
        timeout: float | None = _RETRY_SECONDS if self._pending else None
        deadline, rows = 0.0, 0
        while rows < _WRITE_ROWS:
            try:
                item = self._queue.get(timeout=timeout)
            except queue.Empty:
                return [], False
            if item is None:
                return [], True
            if isinstance(item, _Job):
                return [item], False
            self._pending.append(item)
            deadline = deadline or self._clock.monotonic() + _GATHER_SECONDS
            timeout = max(0.0, deadline - self._clock.monotonic())
            rows += len(item)
        return [], False

    def _write(self) -> bool:
        """Write all pending chunks in one transaction; on failure they stay pending."""
        if not self._pending:
            return True
        import duckdb

        try:
            connection = self._connection or self._open()
            connection.execute("BEGIN")
            for kind, chunk_type in (("ticks", TickChunk), ("bars", BarChunk)):
                chunks = [c for c in self._pending if isinstance(c, chunk_type)]
                if chunks:
                    series = [self._numbers(connection, chunk) for chunk in chunks]
                    connection.register("chunk", join(chunks, series))
                    connection.execute(_INSERT[kind], [self._version] if kind == "bars" else [])
                    connection.unregister("chunk")
                    self._version += sum(len(chunk) for chunk in chunks)
            connection.execute("COMMIT")
        except (duckdb.Error, SaudaError) as error:
            self.problem = f"Ticks and bars cannot be written: {str(error).splitlines()[0]}"
            _log.warning("ticks_not_written", error=self.problem, waiting=self._waiting)
            self._reset()
            return False
        self._waiting -= sum(len(chunk) for chunk in self._pending)
        self._pending = []
        self.problem = ""
        self._tidy(connection)
        return True

    def _answer(self, job: _Job, written: bool) -> None:
        result: Any = Unavailable(self.problem, code="ticks.failed") if not written else None
        if written:
            try:
                connection = self._connection or self._open()
                result = job.run(connection)
                self._count(connection)
            except SaudaError as error:
                result = error
            except Exception as error:  # noqa: BLE001 - handed to whoever asked
                result = Unavailable(f"The tick database refused: {str(error).splitlines()[0]}", code="ticks.failed")
        job.done.get_loop().call_soon_threadsafe(_settle, job.done, result)

    def _open(self) -> "duckdb.DuckDBPyConnection":
        memory, threads = self._limits
        connection, damaged = open_ticks(self._path, self._clock.now(), memory=memory, threads=threads)
        self.found_damaged = damaged or self.found_damaged
        rows = connection.execute("SELECT id, market, key FROM series").fetchall()
        self._series = {(market, key): number for number, market, key in rows}
        newest = connection.execute("SELECT coalesce(max(ver), 0) FROM bars_new").fetchall()
        self._version = int(newest[0][0])
        self._connection = connection
        self._count(connection)
        return connection

    def _numbers(self, connection: "duckdb.DuckDBPyConnection", chunk: TickChunk | BarChunk) -> "np.ndarray[Any, Any]":
        known, market = self._series, chunk.market
        fresh = [key for key in dict.fromkeys(chunk.keys) if (market, key) not in known]
        if fresh:
            first = len(known)
            table = {
                "id": np.arange(first, first + len(fresh), dtype=np.int32),
                "market": np.full(len(fresh), market, dtype=object),
                "key": np.array(fresh, dtype=object),
            }
            connection.register("fresh", table)
            connection.execute("INSERT INTO series SELECT * FROM fresh")
            connection.unregister("fresh")
            known.update({(market, key): first + place for place, key in enumerate(fresh)})
        return np.fromiter((known[market, key] for key in chunk.keys), dtype=np.int32, count=len(chunk))

    def _compact(self, connection: "duckdb.DuckDBPyConnection") -> int:
        moved = 0
        for table, steps in (("bars_new", COMPACT_BARS), ("ticks_new", COMPACT_TICKS)):
            moved += int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])  # noqa: S608
            connection.execute("BEGIN")
            try:
                for step in steps:
                    connection.execute(step)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
        return moved

    def _tidy(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Note the sizes, and compact once many rows have arrived."""
        import duckdb

        try:
            if self._count(connection) > _COMPACT_ROWS:
                self._compact(connection)
        except duckdb.Error:
            _log.exception("ticks_not_compacted")  # what is written stays readable; the next write tries again

    def _count(self, connection: "duckdb.DuckDBPyConnection") -> int:
        """Take the sizes of the tables; returns rows not yet in sorted form."""
        sizes = dict(connection.execute("SELECT table_name, estimated_size FROM duckdb_tables()").fetchall())
        self._counts = (
            int(sizes.get("ticks", 0) + sizes.get("ticks_new", 0)),
            int(sizes.get("bars", 0) + sizes.get("bars_new", 0)),
        )
        return int(sizes.get("ticks_new", 0) + sizes.get("bars_new", 0))

    def _reset(self) -> None:
        """Close a connection that failed; the next write opens the database anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _settle(done: asyncio.Future[Any], result: Any) -> None:
    if done.done():
        return
    if isinstance(result, BaseException):
        done.set_exception(result)
    else:
        done.set_result(result)


def _plain(column: Any, kind: Any) -> Any:
    """A column without a mask; no column here is ever null."""
    return np.ascontiguousarray(np.ma.getdata(column), dtype=kind)
