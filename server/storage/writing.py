"""The one connection that writes: how it is opened, and what its failures mean in words."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from server.core.errors import Unavailable

__all__ = ("explain", "open_writer", "writer_engine")

_PRAGMAS = (
    "busy_timeout=5000",
    "journal_mode=WAL",
    # a commit is on disk when it returns, power cut or not
    "synchronous=FULL",
    # the writer thread checkpoints when it is idle; this is for a long burst only, in which one order in some five
    # hundred waits for it
    "wal_autocheckpoint=16000",
    "journal_size_limit=67108864",
    "cache_size=-8000",
    "temp_store=MEMORY",
)


def writer_engine(path: Path) -> Engine:
    """An engine for a database file that opens a fresh writing connection each time it is asked.

    The driver's own transaction handling is off, so that BEGIN and COMMIT are where the code says them."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def open_writer(engine: Engine) -> sqlite3.Connection:
    """The driver's own connection, prepared for writing; its owner closes it."""
    fairy = engine.raw_connection()
    connection = fairy.driver_connection
    fairy.detach()
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError(f"the writer is made for SQLite, not {type(connection).__name__}")
    return connection


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


_CAUSES = {
    "SQLITE_FULL": ("the disk is full", "Free some disk space; trading resumes with the next write that succeeds."),
    "SQLITE_READONLY": ("the database is read-only", "Make the data folder writable again."),
    "SQLITE_CANTOPEN": ("the database cannot be opened", "Check that the data folder is there and writable."),
    "SQLITE_IOERR": ("the disk reports an error", "Check the disk; run `sauda doctor`."),
    "SQLITE_BUSY": ("another program holds the database", "Close the program that has it open."),
    "SQLITE_CORRUPT": ("the database is damaged", "Stop Sauda and start it again; it will restore the last backup."),
    "SQLITE_NOTADB": ("the database is damaged", "Stop Sauda and start it again; it will restore the last backup."),
}


def explain(error: BaseException) -> Unavailable:
    """The error a trader sees when the journal could not be written."""
    name = str(getattr(error, "sqlite_errorname", ""))
    cause, remedy = next(
        (words for prefix, words in _CAUSES.items() if name.startswith(prefix)),
        (str(error) or type(error).__name__, "Run `sauda doctor`; it says how to mend it."),
    )
    if isinstance(error, sqlite3.ProgrammingError):
        cause = "the database connection was closed"
    return Unavailable(
        f"The journal could not be written: {cause}. Trading is halted; nothing was stored or sent.",
        code="journal.failed",
        value=cause,
        remedy=remedy,
    )
