"""Reading from the database beside the writer, on connections that can never write or checkpoint.

SQLite before 3.51.3 can corrupt a database when two connections write or checkpoint at once (the WAL-reset bug), so
readers are `query_only` with automatic checkpoints off; only the writer thread's connection does either.
Reads run in a few threads of their own: one hop a query, where the async driver takes one for each step of it.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Executable, Pool, QueuePool, Row, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from server.core.errors import Unavailable

__all__ = ("Reader", "reader_engine")

_READERS = 4


class Reader:
    """A pool of reading threads. Each statement sees one consistent moment of the database."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path, QueuePool, pool_size=_READERS, max_overflow=0)
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")
        self._closed = False

    async def all(self, statement: Executable) -> Sequence[Row[Any]]:
        """All rows of a statement; raises Unavailable when the database cannot be read."""
        if self._closed:
            raise Unavailable("The database is closed; Sauda is stopping.", code="storage.closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._fetch, statement)

    async def first(self, statement: Executable) -> Row[Any] | None:
        """The first row, or None."""
        rows = await self.all(statement)
        return rows[0] if rows else None

    def close(self) -> None:
        """Wait for reads under way, then let go of all connections. Blocks."""
        self._closed = True
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(statement).all()
        except DBAPIError as error:
            raise Unavailable(
                f"The database could not be read: {error.orig}.",
                code="storage.read",
                remedy="Run `sauda doctor`; it says how to mend it.",
            ) from error


def reader_engine(path: Path) -> Engine:
    """An engine for long reads in a thread of their own (backup, verify, rebuild comparison), as harmless."""
    return _engine(path, NullPool)


def _engine(path: Path, pool: type[Pool], **options: Any) -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=pool, connect_args={"check_same_thread": False}, **options)
    event.listen(engine, "connect", _read_only)
    return engine


def _read_only(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("busy_timeout=5000", "query_only=1", "wal_autocheckpoint=0", "cache_size=-2000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
