"""Restoring a backup: verified and migrated beside the old data, then swapped in; the old data are kept.

The swap is several renames. A note written before the first of them lets the next start finish it, so that a cut in the
middle never leaves a folder without a database.
"""

import shutil
from pathlib import Path

import msgspec

from server.audit.chain import Anchor
from server.core.clock import Clock
from server.core.errors import Invalid
from server.storage.anchor import write_anchor
from server.storage.backup import Manifest, unpack
from server.storage.files import ANCHOR, DATABASE, RESTORING, SMALL, TICKS, family, stamp
from server.storage.integrity import check_fully, check_head
from server.storage.lock import DataLock
from server.storage.migrate import migrate
from server.storage.writing import open_writer, writer_engine

__all__ = ("RestoreReport", "finish_swap", "prepare_database", "restore")

_NOTE = "restore.json"
_FILES = (DATABASE, TICKS, ANCHOR, *SMALL)


class RestoreReport(msgspec.Struct, frozen=True):
    """A restore just done."""

    manifest: Manifest
    aside: Path | None
    """Folder with the data as they were before; None when there were none."""
    schema_before: str


class _Swap(msgspec.Struct, frozen=True):
    ready: str
    aside: str
    moves: tuple[tuple[str, str], ...]
    """Renames in order, from and to, within the data folder."""


def restore(archive: Path, data_dir: Path, clock: Clock) -> RestoreReport:
    """Put a backup in the place of a data folder's data.

    Raises Conflict when a server runs on the folder, Invalid when the archive is damaged or newer than this Sauda;
    in both cases nothing was changed. An older backup is migrated."""
    lock = DataLock(data_dir)
    try:
        finish_swap(data_dir)
        when = stamp(clock.now())
        ready, aside = data_dir / f"{RESTORING}{when}", data_dir / f"before-restore-{when}"
        try:
            manifest = prepare_database(archive, ready, (DATABASE, TICKS, *SMALL))
        except BaseException:
            shutil.rmtree(ready, ignore_errors=True)
            raise
        # what the backup does not hold of the small files stays as it is
        names = [name for name in _FILES if name not in SMALL or (ready / name).exists()]
        old = [member.name for name in names for member in family(data_dir / name)]
        moves = [(name, f"{aside.name}/{name}") for name in old]
        moves += [(f"{ready.name}/{name}", name) for name in _FILES if (ready / name).exists()]
        note = data_dir / f"{_NOTE}.new"
        note.write_bytes(msgspec.json.encode(_Swap(ready.name, aside.name, tuple(moves))))
        note.replace(data_dir / _NOTE)
        finish_swap(data_dir)
        return RestoreReport(manifest, aside if old else None, manifest.schema)
    finally:
        lock.release()


def prepare_database(archive: Path, folder: Path, names: tuple[str, ...]) -> Manifest:
    """Unpack an archive into a folder, bring its database to the newest tables, check it, and write its anchor."""
    manifest = unpack(archive, folder, names)
    engine = writer_engine(folder / DATABASE)
    try:
        migrate(engine)
        anchor = Anchor(manifest.seq, manifest.head)
        if problem := check_fully(engine) or check_head(engine, anchor):
            raise Invalid(
                f"The database in {archive.name} is damaged: {problem}",
                code="backup.damaged",
                field="file",
                remedy="Choose another backup. Nothing was changed.",
            )
        # the database is moved as one file, so nothing may be left in its log
        connection = open_writer(engine)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    finally:
        engine.dispose()
    write_anchor(folder / ANCHOR, anchor)
    return manifest


def finish_swap(data_dir: Path) -> bool:
    """Finish a swap that was begun, if one was; returns whether there was one. It may be cut and repeated."""
    note = data_dir / _NOTE
    if not note.exists():
        return False
    swap = msgspec.json.decode(note.read_bytes(), type=_Swap)
    (data_dir / swap.aside).mkdir(exist_ok=True)
    for name, to in swap.moves:
        source, target = data_dir / name, data_dir / to
        # a move that was done before the cut has its target in place already
        if source.exists() and not target.exists():
            source.rename(target)
    shutil.rmtree(data_dir / swap.ready, ignore_errors=True)
    if not any((data_dir / swap.aside).iterdir()):
        (data_dir / swap.aside).rmdir()
    note.unlink()
    return True
