"""Opening the database of a data folder: found whole, or put aside and restored, or said; never quietly half."""

import shutil
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from server.core.clock import Clock
from server.core.errors import Invalid, Unavailable
from server.storage.anchor import read_anchor
from server.storage.backup import newest, snapshot
from server.storage.files import ANCHOR, BACKING_UP, BACKUPS, DATABASE, RESTORING, aside, stamp
from server.storage.integrity import check_at_start, check_head
from server.storage.migrate import HEAD, migrate, revision_of
from server.storage.restore import finish_swap, prepare_database
from server.storage.writing import writer_engine

__all__ = ("StartReport", "open_database")


class StartReport(msgspec.Struct, frozen=True, kw_only=True):
    """What opening the data folder found. `notices` are sentences to show the user until he has read them."""

    notices: tuple[str, ...] = ()
    damaged: Path | None = None
    """Where a damaged database was put aside."""
    restored_from: Path | None = None
    """The backup that took its place; None with `damaged` set = it started empty."""
    migrated_from: str | None = None
    checked: bool = True
    """Whether the whole file was looked at; a large one is left to `Storage.check`."""


def open_database(data_dir: Path, clock: Clock) -> tuple[Engine, StartReport]:
    """The engine of a migrated, checked database, and what there is to tell. The caller holds the data lock.

    Raises Invalid when a newer Sauda made it, Unavailable when it cannot be opened or made."""
    path = data_dir / DATABASE
    finish_swap(data_dir)
    for left in (*data_dir.glob(f"{BACKING_UP}*"), *data_dir.glob(f"{RESTORING}*")):
        shutil.rmtree(left, ignore_errors=True)
    notices: list[str] = []
    anchor = read_anchor(data_dir / ANCHOR)
    if anchor is not None and anchor.seq and not path.exists():
        moved, backup = None, _from_backup(data_dir, clock.now())
        notices.append(f"The database file {DATABASE} was missing. {_told(backup)}")
        checked = True
    else:
        engine = writer_engine(path)
        try:
            problem, checked = check_at_start(engine, path, clock)
        except DatabaseError as error:
            raise _unopened(path, error) from error
        finally:
            engine.dispose()
        moved, backup = None, None
        if problem:
            moved = aside(path, clock.now())
            backup = _from_backup(data_dir, clock.now())
            notices.append(f"The database was damaged ({problem}); it is kept as {moved.name}. {_told(backup)}")
    engine = writer_engine(path)
    try:
        before = _migrated(engine, data_dir, clock.now())
        if problem := check_head(engine, read_anchor(data_dir / ANCHOR)):
            notices.append(f"{problem} Run `sauda audit verify`; what is shown may be incomplete.")
    except DatabaseError as error:
        engine.dispose()
        raise _unopened(path, error) from error
    return engine, StartReport(
        notices=tuple(notices), damaged=moved, restored_from=backup, migrated_from=before, checked=checked
    )


def _migrated(engine: Engine, data_dir: Path, now: datetime) -> str | None:
    """Migrate; returns the version before if there was an older one, of which a copy is kept first."""
    before = revision_of(engine)
    if before is not None and before < HEAD:
        copies = data_dir / BACKUPS
        copies.mkdir(exist_ok=True)
        snapshot(engine, copies / f"before-{HEAD}-{stamp(now)}.db")
    migrate(engine)
    return before if before != HEAD else None


def _from_backup(data_dir: Path, now: datetime) -> Path | None:
    """Put the database of the newest backup that proves whole in place; returns that backup."""
    backup = newest(data_dir / BACKUPS)
    if backup is None:
        # the anchor stays until here: with it, a cut before this line is seen as a missing database
        (data_dir / ANCHOR).unlink(missing_ok=True)
        return None
    spare = data_dir / f"{RESTORING}{stamp(now)}"
    try:
        prepare_database(backup, spare, (DATABASE,))
    except Invalid:
        (data_dir / ANCHOR).unlink(missing_ok=True)
        return None
    else:
        for name in (ANCHOR, DATABASE):
            (spare / name).replace(data_dir / name)
        return backup
    finally:
        shutil.rmtree(spare, ignore_errors=True)


def _told(backup: Path | None) -> str:
    if backup is None:
        return "There is no backup, so Sauda starts with empty books."
    return f"The backup {backup.name} was restored; what came after it is not in the books."


def _unopened(path: Path, error: DatabaseError) -> Unavailable:
    return Unavailable(
        f"The database {path} cannot be opened: {error.orig}.",
        code="storage.unopened",
        remedy="Check that the data folder is writable and the disk not full; run `sauda doctor`.",
    )
