"""Opening the tick database: limits set, extensions off, and a damaged file put aside rather than in the way."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.core.errors import Unavailable
from server.storage.files import aside
from server.storage.timeseries.queries import SCHEMA

if TYPE_CHECKING:
    import duckdb

__all__ = ("open_ticks",)

_DAMAGE = ("corrupt", "not a valid duckdb", "could not read enough bytes", "checksum", "replaying wal", "serializ")


def open_ticks(
    path: Path, now: datetime, *, memory: str = "64MB", threads: int = 1
) -> "tuple[duckdb.DuckDBPyConnection, str]":
    """A connection with all tables, and a sentence about what was found damaged ("" = nothing).

    A write-ahead log that cannot be read is put aside alone, which keeps all but the last writes; a database that
    cannot is put aside whole. Raises Unavailable when the file is held by another program or cannot be opened."""
    import duckdb

    said = ""
    for _ in range(3):
        try:
            connection = duckdb.connect(str(path), config=_config(path, memory, threads))
            for statement in SCHEMA:
                connection.execute(statement)
        except duckdb.Error as error:
            text = str(error)
            if not any(word in text.lower() for word in _DAMAGE):
                raise _closed(path, text) from error
            log = path.with_name(f"{path.name}.wal")
            if "wal" in text.lower() and log.exists():
                moved = aside(log, now)
                said = f"The newest ticks and bars could not be read; their file is kept as {moved.name}."
            else:
                moved = aside(path, now)
                said = f"The tick database was damaged; it is kept as {moved.name}, and price history starts anew."
        else:
            return connection, said
    raise _closed(path, "it is damaged beyond opening")


def _config(path: Path, memory: str, threads: int) -> dict[str, Any]:
    return {
        # Sauda fetches no code from the network
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": memory,
        "threads": str(threads),
        "temp_directory": str(path.with_name(f"{path.name}.tmp")),
        "checkpoint_threshold": "64MB",
    }


def _closed(path: Path, why: str) -> Unavailable:
    return Unavailable(
        f"The tick database {path.name} cannot be opened: {why.splitlines()[0]}",
        code="ticks.closed",
        remedy="Close other programs that have it open, and check that the data folder is writable.",
    )
