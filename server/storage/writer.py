"""The writer thread: takes units of journal entries off a queue and commits all that wait in one transaction.

A unit is what one caller wants written whole or not at all. If a group fails, its units are tried one by one, so that a
bad unit does not spoil the others. Sequence numbers and hashes are given here, in commit order. After a failure of the
database the connection is dropped and the head of the chain is read anew, so that memory never runs ahead of the disk.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Dialect

from server.audit.chain import GENESIS, Anchor, canonical, digest
from server.core.errors import Conflict, Fault, SaudaError, Unavailable
from server.domain.journal import Entry
from server.storage.anchor import write_anchor
from server.storage.columns import to_us
from server.storage.projections import Changes, Projector, project
from server.storage.statements import insert
from server.storage.tables import journal
from server.storage.writing import explain

__all__ = ("Item", "Writer")

_GROUP = 256
_ANCHOR_EVERY = 4096
_IDLE_SECONDS = 0.25


class Item(NamedTuple):
    """An entry with what its caller worked out beforehand."""

    entry: Entry
    kind: str
    subject: str
    payload: bytes


class _Unit(NamedTuple):
    items: tuple[Item, ...]
    done: asyncio.Future[Any]
    call: Callable[[sqlite3.Connection], Any] | None = None


class Writer:
    """Owns the writing connection; everything that writes goes through its thread."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], dialect: Dialect, anchor: Path) -> None:
        self._connect = connect
        self._projector = Projector(dialect)
        self._journal = insert(journal, dialect)
        self._anchor = anchor
        self._anchored = 0
        self._connection: sqlite3.Connection | None = None
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._closed = False
        self._dirty = False
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self.healthy = True
        self.problem = ""
        """Why it is not healthy, in one sentence."""
        self.seq = 0
        """Sequence number of the last committed entry."""
        self._hash = GENESIS

    def start(self) -> None:
        """Open the connection and start the thread; raises what opening raises."""
        self._open()
        self._anchored = self.seq
        self._thread.start()

    def submit(self, items: tuple[Item, ...]) -> asyncio.Future[int]:
        """Queue a unit; the future gives the sequence number of its last entry once it is on disk."""
        return self._put(_Unit(items, asyncio.get_running_loop().create_future()))

    def call(self, function: Callable[[sqlite3.Connection], Any]) -> asyncio.Future[Any]:
        """Run a function on the writer's thread and connection, outside any transaction."""
        return self._put(_Unit((), asyncio.get_running_loop().create_future(), function))

    def close(self) -> None:
        """Finish what is queued, write the anchor, close the connection. Blocks."""
        if self._closed:
            return
        self._closed = True
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _put(self, unit: _Unit) -> asyncio.Future[Any]:
        if self._closed:
            raise Unavailable("The journal is closed; Sauda is stopping.", code="journal.failed")
        self._queue.put(unit)
        return unit.done

    # what follows runs on the writer's thread

    def _run(self) -> None:
        while True:
            units = self._take()
            if units is None:
                break
            if units:
                self._serve(units)
            else:
                self._idle()
        self._idle()
        self._drop()

    def _take(self) -> list[_Unit] | None:
        """All that waits, up to a group; [] when nothing came for a while, None at the end."""
        try:
            first = self._queue.get(timeout=_IDLE_SECONDS if self._dirty else None)
        except queue.Empty:
            return []
        if first is None:
            return None
        units = [first]
        while len(units) < _GROUP:
            try:
                unit = self._queue.get_nowait()
            except queue.Empty:
                break
            if unit is None:
                self._queue.put(None)
                break
            units.append(unit)
        return units

    def _serve(self, units: list[_Unit]) -> None:
        results: list[tuple[_Unit, Any]] = []
        waiting: list[_Unit] = []
        for unit in units:
            if unit.call is None:
                waiting.append(unit)
            else:
                results += self._commit(waiting)
                waiting = []
                results.append((unit, self._attempt(unit.call)))
        results += self._commit(waiting)
        _deliver(results)
        if self.seq - self._anchored >= _ANCHOR_EVERY:
            self._mark()

    def _commit(self, units: list[_Unit]) -> list[tuple[_Unit, Any]]:
        if not units:
            return []
        outcome = self._transaction(units)
        if isinstance(outcome, list):
            return list(zip(units, outcome, strict=True))
        if len(units) == 1:
            return [(units[0], outcome)]
        return [result for unit in units for result in self._commit([unit])]

    def _transaction(self, units: list[_Unit]) -> list[int] | SaudaError:
        """Last sequence number of each unit, or why all of them failed."""
        try:
            connection = self._open()
            seq, last, changes, rows, ends = self.seq, self._hash, Changes(), [], []
            for unit in units:
                for item in unit.items:
                    seq += 1
                    entry = item.entry
                    body = canonical(seq, to_us(entry.at), entry.actor, entry.correlation, item.subject, item.payload)
                    last = digest(last, body)
                    row = (seq, entry.at, entry.actor, entry.correlation, item.kind, item.subject)
                    rows.append((*row, item.payload.decode(), last))
                    project(changes, seq, entry.at, entry.payload)
                ends.append(seq)
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            self._journal.run(cursor, rows)
            self._projector.write(cursor, changes)
            cursor.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            self._rollback()
            return Conflict(f"This is on record already: {error}.", code="journal.duplicate")
        except (sqlite3.Error, OSError) as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - a unit that cannot be written must not end the thread
            self._rollback()
            return Fault(f"An entry could not be stored: {type(error).__name__}: {error}", code="journal.entry")
        self.seq, self._hash, self._dirty = seq, last, True
        self.healthy, self.problem = True, ""
        return ends

    def _attempt(self, function: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            result = function(self._open())
        except sqlite3.IntegrityError as error:
            self._drop()
            return Fault(f"The tables could not be written: {error}.", code="storage.refused")
        except (sqlite3.Error, OSError) as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            self._drop()
            return error
        self._dirty = True
        return result

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = self._connect()
            row = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
            self.seq, self._hash = (row[0], bytes(row[1])) if row else (0, GENESIS)
            self._connection = connection
        return self._connection

    def _failed(self, error: BaseException) -> SaudaError:
        self._drop()
        problem = explain(error)
        self.healthy, self.problem = False, problem.detail
        return problem

    def _rollback(self) -> None:
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()  # rolls back what was open
            except sqlite3.Error as error:
                self.problem = str(error)

    def _idle(self) -> None:
        """Nothing waits: fold the write-ahead log into the database and note the head."""
        self._dirty = False
        if self._connection is not None:
            try:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            except sqlite3.Error:
                self._drop()  # the next write says what is wrong
        if self.seq != self._anchored:
            self._mark()

    def _mark(self) -> None:
        self._anchored = self.seq
        write_anchor(self._anchor, Anchor(self.seq, self._hash.hex()))


def _deliver(results: list[tuple[_Unit, Any]]) -> None:
    """Hand results to their callers, waking each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Unit, Any]]] = {}
    for unit, result in results:
        by_loop.setdefault(unit.done.get_loop(), []).append((unit, result))
    for loop, share in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, share)
        except RuntimeError:
            continue  # that loop is gone, and its callers with it


def _settle(results: list[tuple[_Unit, Any]]) -> None:
    for unit, result in results:
        if unit.done.done():
            continue  # cancelled meanwhile; what is written stays written
        if isinstance(result, BaseException):
            unit.done.set_exception(result)
        else:
            unit.done.set_result(result)
