"""Names of what lies in a data folder, and the stamp that files set aside carry."""

from datetime import UTC, datetime
from pathlib import Path

__all__ = (
    "ANCHOR",
    "BACKING_UP",
    "BACKUPS",
    "DATABASE",
    "RECORDINGS",
    "RESTORING",
    "SMALL",
    "TICKS",
    "USAGE",
    "aside",
    "family",
    "stamp",
)

DATABASE = "sauda.db"
TICKS = "ticks.duckdb"
ANCHOR = "journal.anchor"
BACKUPS = "backups"
RECORDINGS = "recordings.db"
"""The list of imported recordings (`feeds.replay`), a small SQLite file."""
USAGE = "usage.db"
"""Calls to brokers (`storage.usage`), a small SQLite file."""
SMALL = ("sauda.toml", "simulator.state", RECORDINGS)
"""Files of others that travel in a backup when they are there: the user's settings, the simulated
market's state, the list of recordings."""
BACKING_UP = ".backing-up-"
RESTORING = ".restoring-"
"""Beginnings of the names of working folders; one left by a cut is removed at the next start."""


def stamp(moment: datetime) -> str:
    """A moment as it stands in file names: `20261120T105150Z`."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def family(path: Path) -> list[Path]:
    """A database file and the logs that belong to it, those that exist."""
    names = (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}.wal")
    return [found for name in names if (found := path.with_name(name)).exists()]


def aside(path: Path, moment: datetime) -> Path:
    """Rename a damaged file and its logs to `<name>.damaged-<time>`; returns the new name of the file."""
    mark = f".damaged-{stamp(moment)}"
    count = 1
    while path.with_name(path.name + mark).exists():
        count += 1
        mark = f".damaged-{stamp(moment)}-{count}"
    for member in family(path):
        member.rename(member.with_name(path.name + mark + member.name[len(path.name) :]))
    return path.with_name(path.name + mark)
