"""The thread that writes ticks and bars: gathers chunks, writes them about twice a second, compacts, runs jobs.

NumPy columns are handed to DuckDB as a table, which is far faster than row by row. When the disk refuses, chunks wait
up to a limit and are then dropped and counted; the loop that brings prices is never held up.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import structlog

from server.core.clock import Clock
from server.core.errors import SaudaError, Unavailable
from server.storage.timeseries.buffer import BarChunk, TickChunk, join
from server.storage.timeseries.database import open_ticks
from server.storage.timeseries.queries import COMPACT_BARS, COMPACT_TICKS

if TYPE_CHECKING:
    import duckdb

__all__ = ("TickWriter", "compact")

_log = structlog.get_logger("ticks")
_GATHER_SECONDS = 0.5
_AT_REST, _AT_WORK = "8MB", "192MB"
"""Memory of the database while it rests and while it sorts. One limit for both, small enough to be idle with, was now
and then too small to sort with."""
_RETRY_SECONDS = 2.0
_RENEW_SECONDS = 10.0
"""Longest that a reader waits for the database to be opened anew."""
_MOST_WAITING = 2_000_000
_WRITE_ROWS = 100_000
_COMPACT_ROWS = 2_000_000
_INSERT = {
    "ticks": "INSERT INTO ticks_new SELECT * FROM chunk",
    # every bar a later version than the one before it, so that the last one given wins
    "bars": "INSERT INTO bars_new SELECT *, ? + row_number() OVER () FROM chunk",
}

Chunk = TickChunk | BarChunk


class _Job(NamedTuple):
    run: "Callable[[duckdb.DuckDBPyConnection], Any]"
    done: asyncio.Future[Any]


class _Renewal(NamedTuple):
    """A reader found this connection dead: a disk that refuses at the wrong moment makes DuckDB shut its database."""

    dead: "duckdb.DuckDBPyConnection | None"
    done: threading.Event


class TickWriter:
    """Owns the tick database; its connection is made and used for writing on one thread."""

    def __init__(self, path: Path, clock: Clock, memory: str, threads: int) -> None:
        self._path = path
        self._clock = clock
        self._limits = (memory, threads)
        self._version = 0
        self._queue: queue.SimpleQueue[Chunk | _Job | _Renewal | None] = queue.SimpleQueue()
        self._pending: list[Chunk] = []
        self._thread = threading.Thread(target=self._run, name="tick-writer", daemon=True)
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.series: dict[tuple[str, str], int] = {}
        """Number of each (market, instrument key)."""
        self.opened = threading.Event()
        """Set once the database is open or has refused."""
        self.problem = ""
        self.found_damaged = ""
        self.counts = (0, 0)
        """Rows of ticks and of bars, about."""
        self.dropped = 0
        self._given = 0  # counted by the loop's thread alone
        self._written = 0  # by the writer's

    @property
    def waiting(self) -> int:
        """Rows queued and not yet on disk."""
        return self._given - self._written

    def start(self) -> None:
        """Begin opening the database; returns at once."""
        self._thread.start()

    def put(self, chunk: Chunk) -> None:
        """Queue a chunk, or drop and count it when too much waits already."""
        if self.waiting >= _MOST_WAITING:
            self.dropped += len(chunk)
            return
        self._given += len(chunk)
        self._queue.put(chunk)

    def call(self, run: "Callable[[duckdb.DuckDBPyConnection], Any]") -> asyncio.Future[Any]:
        """Run a function on the writer's thread after all that was queued before; the future gives its result."""
        job = _Job(run, asyncio.get_running_loop().create_future())
        self._queue.put(job)
        return job.done

    def renew(self, dead: "duckdb.DuckDBPyConnection | None") -> None:
        """Have the database opened anew, unless that happened since; returns when it was tried. Blocks a reader's
        thread, which must have given its cursor back: a database is closed with its last cursor."""
        asked = _Renewal(dead, threading.Event())
        self._queue.put(asked)
        asked.done.wait(_RENEW_SECONDS)

    def compact(self, connection: "duckdb.DuckDBPyConnection") -> int:
        """Move arrivals over into sorted form, with the memory that sorting takes; a job for `call`."""
        try:
            connection.execute(f"SET memory_limit = '{_AT_WORK}'")
            return compact(connection)
        finally:
            connection.execute(f"SET memory_limit = '{self._limits[0]}'")

    def rest(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """See `DuckStore.rest`; a job for `call`."""
        try:
            with suppress(Exception):  # what is in use stays; as much as can go has gone by then
                connection.execute(f"SET memory_limit = '{_AT_REST}'")
        finally:
            connection.execute(f"SET memory_limit = '{self._limits[0]}'")

    def close(self) -> None:
        """Write what is queued and close the database. Blocks."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    # what follows runs on the writer's thread

    def _run(self) -> None:
        try:
            self._open()
        except Exception as error:  # noqa: BLE001 - each later write tries again, and says so until it works
            self.problem = str(error)
            _log.warning("ticks_not_opened", error=self.problem)
        finally:
            self.opened.set()
        ending = False
        while not ending:
            job, ending = self._gather()
            written = self._write()
            if isinstance(job, _Renewal):
                self._renew(job)
            elif job is not None:
                self._answer(job, written)
        self._reset()

    def _gather(self) -> tuple[_Job | _Renewal | None, bool]:
        """Take what waits until a job, the end, or half a second's worth has come."""
        timeout: float | None = _RETRY_SECONDS if self._pending else None
        deadline, rows = 0.0, 0
        while rows < _WRITE_ROWS:
            try:
                item = self._queue.get(timeout=timeout)
            except queue.Empty:
                return None, False
            if item is None:
                return None, True
            if isinstance(item, _Job | _Renewal):
                return item, False
            self._pending.append(item)
            deadline = deadline or self._clock.monotonic() + _GATHER_SECONDS
            timeout = max(0.0, deadline - self._clock.monotonic())
            rows += len(item)
        return None, False

    def _write(self) -> bool:
        """Write all pending chunks in one transaction; on failure they stay pending."""
        if not self._pending:
            return True
        try:
            connection = self.connection or self._open()
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
        except Exception as error:  # noqa: BLE001 - whatever it was, the thread goes on and tries again
            self.problem = f"Ticks and bars cannot be written: {str(error).splitlines()[0]}"
            _log.warning("ticks_not_written", error=self.problem, waiting=self.waiting)
            self._undo()
            return False
        self._written += sum(len(chunk) for chunk in self._pending)
        self._pending = []
        self.problem = ""
        self._tidy(connection)
        return True

    def _answer(self, job: _Job, written: bool) -> None:
        result: Any
        if written:
            try:
                connection = self.connection or self._open()
                result = job.run(connection)
                self._count(connection)
            except SaudaError as error:
                result = error
            except Exception as error:  # noqa: BLE001 - handed to whoever asked
                result = Unavailable(f"The tick database refused: {str(error).splitlines()[0]}", code="ticks.failed")
        else:
            result = Unavailable(self.problem, code="ticks.failed")
        job.done.get_loop().call_soon_threadsafe(_settle, job.done, result)

    def _renew(self, asked: _Renewal) -> None:
        if self.connection is asked.dead:
            self._reopen()
        asked.done.set()

    def _open(self) -> "duckdb.DuckDBPyConnection":
        memory, threads = self._limits
        connection, damaged = open_ticks(self._path, self._clock.now(), memory=memory, threads=threads)
        self.found_damaged = damaged or self.found_damaged
        self._recall(connection)
        self.connection = connection
        self._count(connection)
        return connection

    def _recall(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Take series numbers and version from what is on disk."""
        rows = connection.execute("SELECT id, market, key FROM series").fetchall()
        newest = connection.execute("SELECT coalesce(max(ver), 0) FROM bars_new").fetchall()
        self.series = {(market, key): number for number, market, key in rows}
        self._version = int(newest[0][0])

    def _undo(self) -> None:
        """After a failed write: back to what is on disk, so that reading goes on; opened anew where it must be."""
        try:
            if self.connection is not None:
                with suppress(Exception):  # it may have rolled back by itself
                    self.connection.execute("ROLLBACK")
                self._recall(self.connection)
                return
        except Exception:  # noqa: BLE001, S110 - a connection that cannot be read either is of no use
            pass
        self._reopen()

    def _reopen(self) -> None:
        _log.info("ticks_reopened")
        self._reset()
        try:
            self._open()
        except Exception as error:  # noqa: BLE001 - the next write tries again
            _log.warning("ticks_not_opened", error=str(error))

    def _numbers(self, connection: "duckdb.DuckDBPyConnection", chunk: Chunk) -> "np.ndarray[Any, Any]":
        """Series numbers of a chunk's rows; new instruments are given one."""
        known, market = self.series, chunk.market
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

    def _tidy(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Note the sizes, and compact once many rows have arrived."""
        try:
            if self._count(connection) > _COMPACT_ROWS:
                self.compact(connection)
        except Exception:  # noqa: BLE001 - what is written stays readable; the next write tries again
            _log.exception("ticks_not_compacted")
            self._undo()

    def _count(self, connection: "duckdb.DuckDBPyConnection") -> int:
        """Take the sizes of the tables; returns rows not yet in sorted form."""
        sizes = dict(connection.execute("SELECT table_name, estimated_size FROM duckdb_tables()").fetchall())
        fresh = (int(sizes.get("ticks_new", 0)), int(sizes.get("bars_new", 0)))
        self.counts = (int(sizes.get("ticks", 0)) + fresh[0], int(sizes.get("bars", 0)) + fresh[1])
        return sum(fresh)

    def _reset(self) -> None:
        """Close the connection; the next write opens the database anew."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # busy with a reader, it goes when the last cursor does
                connection.close()


def compact(connection: "duckdb.DuckDBPyConnection") -> int:
    """Move arrivals over into sorted form; returns rows moved."""
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


def _settle(done: asyncio.Future[Any], result: Any) -> None:
    if done.done():
        return
    if isinstance(result, BaseException):
        done.set_exception(result)
    else:
        done.set_result(result)
