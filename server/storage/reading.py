"""Reading from the database beside the writer: an async engine whose connections can never write or checkpoint.

SQLite before 3.51.3 can corrupt a database when two connections write or checkpoint at once (stack.md 2c). Readers are
therefore `query_only` with automatic checkpoints off; only the writer thread's connection does either.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Executable, Row, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from server.core.errors import Unavailable

__all__ = ("Reader", "reader_engine")

_READERS = 4


class Reader:
    """A pool of reading connections. Each statement sees one consistent moment of the database."""

    def __init__(self, path: Path) -> None:
        self._engine: AsyncEngine = create_async_engine(
            f"sqlite+aiosqlite:///{path}", pool_size=_READERS, max_overflow=_READERS, pool_timeout=10
        )
        event.listen(self._engine.sync_engine, "connect", _read_only)

    async def all(self, statement: Executable) -> Sequence[Row[Any]]:
        """All rows of a statement; raises Unavailable when the database cannot be read."""
        try:
            async with self._engine.connect() as connection:
                return (await connection.execute(statement)).all()
        except DBAPIError as error:
            raise Unavailable(
                f"The database could not be read: {error.orig}.",
                code="storage.read",
                remedy="Run `sauda doctor`; it says how to mend it.",
            ) from error

    async def first(self, statement: Executable) -> Row[Any] | None:
        """The first row, or None."""
        rows = await self.all(statement)
        return rows[0] if rows else None

    async def close(self) -> None:
        """Let go of all connections."""
        await self._engine.dispose()


def reader_engine(path: Path) -> Engine:
    """An engine for long reads in a thread of their own (backup, verify, rebuild comparison), as harmless."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _read_only)
    return engine


def _read_only(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("busy_timeout=5000", "query_only=1", "wal_autocheckpoint=0", "cache_size=-2000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
