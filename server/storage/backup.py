"""Backups: one `.tar.gz` holding the database, the ticks and a manifest with versions and hashes."""

import contextlib
import hashlib
import shutil
import sqlite3
import tarfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Engine

from server.audit.chain import GENESIS
from server.core.errors import Invalid, Unavailable
from server.storage.files import DATABASE, SMALL, TICKS
from server.storage.migrate import HEAD

__all__ = (
    "DAILY",
    "BackupReport",
    "FileFact",
    "Manifest",
    "copy_small",
    "daily_names",
    "newest",
    "pack",
    "read_manifest",
    "snapshot",
    "unpack",
    "unwritable",
)

DAILY = "daily-"
"""Beginning of the names of backups made by themselves."""
_MANIFEST = "manifest.json"
_FORMAT = 1
_KNOWN = (DATABASE, TICKS, *SMALL)


class FileFact(msgspec.Struct, frozen=True):
    """What a file in the archive must be."""

    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    format: int = _FORMAT
    version: str
    """Version of Sauda that made it."""
    schema: str
    """Version of the tables."""
    created: datetime
    seq: int
    """Last journal entry in it, and its hash."""
    head: str
    files: dict[str, FileFact]


class BackupReport(msgspec.Struct, frozen=True):
    """A backup just made."""

    path: Path
    size: int
    manifest: Manifest


def daily_names(folder: Path) -> list[str]:
    """Names of the daily backups in a folder, oldest first."""
    return sorted(path.name for path in folder.glob(f"{DAILY}*.tar.gz"))


def copy_small(source: Path, target: Path) -> None:
    """Copy a small file as it stands at one moment: a database through SQLite, for somebody may be writing to it."""
    if source.suffix != ".db":
        shutil.copyfile(source, target)
        return
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)


def snapshot(engine: Engine, target: Path) -> tuple[int, str]:
    """Copy the database as it stands at one moment, beside a running writer; returns (last seq, its hash)."""
    with engine.connect() as connection:
        source = connection.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError("only an SQLite database is copied by file")
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
            row = copy.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        finally:
            copy.close()
    return (row[0], bytes(row[1]).hex()) if row else (0, GENESIS.hex())


def pack(
    folder: Path, names: Iterable[str], target: Path, *, version: str, created: datetime, head: tuple[int, str]
) -> BackupReport:
    """Put files of a folder into an archive that appears under its name only when it is whole."""
    facts = {name: _fact(folder / name) for name in names}
    manifest = Manifest(version=version, schema=HEAD, created=created, seq=head[0], head=head[1], files=facts)
    (folder / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(part, "w:gz", compresslevel=3) as archive:
            for name in (_MANIFEST, *facts):
                archive.add(folder / name, arcname=name)
        part.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise unwritable(target, error) from error
    return BackupReport(target, target.stat().st_size, manifest)


def unwritable(target: Path, error: Exception) -> Unavailable:
    """The error for a backup that could not be written."""
    return Unavailable(
        f"The backup could not be written to {target}: {getattr(error, 'strerror', None) or error}.",
        code="backup.failed",
        remedy="Free some space there, or name another place.",
    )


def read_manifest(path: Path) -> Manifest:
    """The manifest of an archive; raises Invalid when it is not a backup this Sauda can read."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            file = archive.extractfile(_MANIFEST)
            manifest = msgspec.json.decode(file.read() if file else b"", type=Manifest)
    except (OSError, EOFError, tarfile.TarError, KeyError, msgspec.DecodeError) as error:
        raise _bad(path, str(error)) from error
    if manifest.format != _FORMAT or manifest.schema > HEAD:
        raise Invalid(
            f"{path.name} was made by Sauda {manifest.version}, which is newer than this one.",
            code="backup.newer",
            remedy="Install that version or a later one, then restore.",
        )
    if DATABASE not in manifest.files or not set(manifest.files) <= set(_KNOWN):
        raise _bad(path, "it does not hold the files a backup has")
    return manifest


def unpack(path: Path, folder: Path, only: tuple[str, ...] = _KNOWN) -> Manifest:
    """Take the files out into a folder and hold each against its hash; raises Invalid for any that differs."""
    manifest = read_manifest(path)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(path, "r:gz") as archive:
            for name in manifest.files:
                source = archive.extractfile(name)
                if name in only and source is not None:
                    with source, (folder / name).open("wb") as target:
                        shutil.copyfileobj(source, target, 1 << 20)
    except (OSError, EOFError, tarfile.TarError, KeyError) as error:
        raise _bad(path, str(error)) from error
    for name, fact in manifest.files.items():
        if name in only and ((folder / name).is_file() is False or _fact(folder / name) != fact):
            raise _bad(path, f"{name} in it is not what was backed up")
    return manifest


def newest(folder: Path) -> Path | None:
    """The newest readable backup in a folder, by the time in its manifest."""
    found: list[tuple[datetime, Path]] = []
    for path in folder.glob("*.tar.gz"):
        try:
            found.append((read_manifest(path).created, path))
        except Invalid:
            continue
    return max(found)[1] if found else None


def _fact(path: Path) -> FileFact:
    with path.open("rb") as file:
        return FileFact(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _bad(path: Path, why: str) -> Invalid:
    return Invalid(
        f"{path.name} is not a whole Sauda backup: {why}.",
        code="backup.damaged",
        field="file",
        remedy="Choose another backup. Nothing was changed.",
    )
