"""Calls to brokers on disk: one SQLite file in the data folder, one row a call (FEATURES B5).

Why a file of its own: the log is neither books nor prices, it may be lost without harm, and it must not make the
journal wait. It is no part of a backup. Rows are written in groups; blocking, so asked from threads.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Unavailable
from server.storage.files import USAGE, aside

__all__ = ("CallRow", "CallTimes", "UsageFile")

_SCHEMA: Final = """
CREATE TABLE calls (
  at_ms INTEGER NOT NULL, account TEXT NOT NULL, broker TEXT NOT NULL, endpoint TEXT NOT NULL, call TEXT NOT NULL,
  status INTEGER NOT NULL, ms REAL NOT NULL, left INTEGER, problem TEXT NOT NULL);
CREATE INDEX calls_at ON calls (at_ms);
"""
_VERSION: Final = 1
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_COLUMNS: Final = "at_ms, account, broker, endpoint, call, status, ms, left, problem"


class CallRow(msgspec.Struct, frozen=True, array_like=True):
    """One call: when it began (UTC milliseconds), whose it was, what came of it and how long that took."""

    at_ms: int
    account: str
    broker: str
    endpoint: str
    call: str
    status: int
    """HTTP status; 0 when there was no answer."""
    ms: float
    left: int | None
    problem: str

    @property
    def failed(self) -> bool:
        """Whether it brought no success."""
        return bool(self.problem) or not 200 <= self.status < 400


class CallTimes(msgspec.Struct, frozen=True):
    """All calls of one endpoint of one account in a span, oldest first."""

    at_ms: npt.NDArray[np.int64]
    ms: npt.NDArray[np.float64]
    failed: npt.NDArray[np.bool_]
    left: int | None
    """Calls left in the broker's window after the last one."""
    problem: str
    """What the last failure was."""


class UsageFile:
    """Reads and writes the file; connections are short-lived."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / USAGE

    def open(self, now: datetime) -> str:
        """Make the file where there is none; puts a damaged one aside and says so ("" = nothing to say)."""
        try:
            with self._connect() as connection:
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    connection.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={_VERSION};COMMIT;")
                elif version != _VERSION:
                    raise Unavailable(
                        f"The usage log is of version {version}, this Sauda writes {_VERSION}; calls are not recorded.",
                        code="usage.version",
                        remedy=f"Use the newer Sauda, or move {USAGE} away.",
                    )
                sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise _closed(error) from error
            sound = False
        if sound:
            return ""
        moved = aside(self._path, now)
        self.open(now)
        return f"The usage log could not be read; it is kept as {moved.name}, and calls are recorded anew."

    def add(self, rows: Sequence[CallRow]) -> None:
        """Write calls; raises Unavailable when the disk does not take them."""
        with self._using() as connection:
            connection.execute("BEGIN")
            connection.executemany(
                f"INSERT INTO calls ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)",  # noqa: S608 - a constant
                [msgspec.structs.astuple(row) for row in rows],
            )
            connection.execute("COMMIT")

    def last(self, limit: int) -> list[CallRow]:
        """The newest calls, newest first."""
        with self._using() as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM calls ORDER BY at_ms DESC, rowid DESC LIMIT ?",  # noqa: S608
                (limit,),
            ).fetchall()
        return [CallRow(*row) for row in found]

    def times(self, since_ms: int) -> dict[tuple[str, str, str], CallTimes]:
        """Calls since a moment by (account, broker, endpoint)."""
        with self._using() as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM calls WHERE at_ms >= ? ORDER BY at_ms, rowid",  # noqa: S608
                (since_ms,),
            ).fetchall()
        groups: dict[tuple[str, str, str], list[CallRow]] = {}
        for raw in found:
            row = CallRow(*raw)
            groups.setdefault((row.account, row.broker, row.endpoint), []).append(row)
        return {key: _times(rows) for key, rows in groups.items()}

    def prune(self, before_ms: int) -> int:
        """Drop what is older; returns rows dropped."""
        with self._using() as connection:
            return connection.execute("DELETE FROM calls WHERE at_ms < ?", (before_ms,)).rowcount

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._connect() as connection:
                yield connection
        except sqlite3.Error as error:
            raise _closed(error) from error

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            yield connection
        finally:
            connection.close()


def _times(rows: Sequence[CallRow]) -> CallTimes:
    return CallTimes(
        at_ms=np.array([row.at_ms for row in rows], dtype=np.int64),
        ms=np.array([row.ms for row in rows], dtype=np.float64),
        failed=np.array([row.failed for row in rows], dtype=np.bool_),
        left=rows[-1].left,
        problem=next((row.problem or f"HTTP {row.status}" for row in reversed(rows) if row.failed), ""),
    )


def _closed(error: sqlite3.Error) -> Unavailable:
    return Unavailable(
        f"The usage log cannot be used: {error}.", code="usage.file", remedy="It is tried again by itself."
    )
