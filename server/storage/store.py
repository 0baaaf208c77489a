"""All of storage in one object: what the composition root opens, hands out and closes."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
from sqlalchemy import Engine

from server.audit.chain import Anchor, Link
from server.core.clock import Clock
from server.storage.anchor import read_anchor
from server.storage.backup import DAILY, BackupReport, copy_small, daily_names, pack, snapshot, unwritable
from server.storage.files import ANCHOR, BACKING_UP, BACKUPS, DATABASE, SMALL, TICKS, family, stamp
from server.storage.integrity import check_fully
from server.storage.journal import SqliteJournal
from server.storage.lock import DataLock
from server.storage.opening import StartReport, open_database
from server.storage.reading import Reader, reader_engine
from server.storage.rebuild import differences, links, rebuild
from server.storage.repositories.accounts import AccountRows
from server.storage.repositories.audit import AuditRows
from server.storage.repositories.fills import FillRows
from server.storage.repositories.kept import BasketRows, ParentRows, StrategyRows, TriggerRows
from server.storage.repositories.markets import MarketRows
from server.storage.repositories.marks import MarkRows
from server.storage.repositories.orders import OrderRows
from server.storage.repositories.positions import PositionRows
from server.storage.repositories.postings import PostingRows
from server.storage.repositories.risk import RiskRows
from server.storage.repositories.settings import SettingRows
from server.storage.timeseries.store import DuckStore
from server.storage.writer import Writer
from server.storage.writing import open_writer

__all__ = ("Storage", "StorageFacts")

_DAY = timedelta(hours=23)
"""Between two daily backups: a little less than a day, so that the hour of it does not wander."""


class StorageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes, for the System page."""

    journal_rows: int
    database_bytes: int
    ticks_rows: int
    bars_rows: int
    ticks_bytes: int
    ticks_dropped: int
    disk_free: int


class Storage:
    """A data folder, held for this process alone. Use `await Storage.open(...)`, and `await close()` at the end."""

    def __init__(self, data_dir: Path, clock: Clock, version: str, lock: DataLock, engine: Engine) -> None:
        self._clock = clock
        self._version = version
        self._lock = lock
        self._engine = engine
        self._writer = Writer(lambda: open_writer(engine), engine.dialect, data_dir / ANCHOR)
        self._reader = Reader(data_dir / DATABASE)
        self._walker = reader_engine(data_dir / DATABASE)
        self.data_dir = data_dir
        self.report = StartReport()
        self.journal = SqliteJournal(self._writer, clock)
        self.ticks = DuckStore(data_dir / TICKS, clock)
        self.orders = OrderRows(self._reader)
        self.fills = FillRows(self._reader)
        self.positions = PositionRows(self._reader)
        self.marks = MarkRows(self._reader)
        self.postings = PostingRows(self._reader)
        self.triggers = TriggerRows(self._reader)
        self.baskets = BasketRows(self._reader)
        self.parents = ParentRows(self._reader)
        self.strategies = StrategyRows(self._reader)
        self.risk = RiskRows(self._reader)
        self.settings = SettingRows(self._reader)
        self.accounts = AccountRows(self._reader)
        self.markets = MarketRows(self._reader)
        self.audit = AuditRows(self._reader)

    @classmethod
    async def open(cls, data_dir: Path, clock: Clock, *, version: str) -> "Storage":
        """Lock, check, migrate and open a data folder; `report` then says what was found.

        The tick database opens in the background; await `ticks.opened()` for what was found there. Raises Conflict
        when another Sauda uses the folder, Invalid when a newer one made it, Unavailable when it cannot be opened."""
        lock = DataLock(data_dir)
        try:
            engine, report = await asyncio.to_thread(open_database, data_dir, clock)
            self = cls(data_dir, clock, version, lock, engine)
            self.report = report
            await asyncio.to_thread(self._writer.start)
        except BaseException:
            lock.release()
            raise
        self.ticks.start()
        return self

    async def close(self) -> None:
        """Write what is queued, then let go of everything. Calling it twice is harmless."""
        # readers first, so that the writer is the one to fold the log in
        await asyncio.to_thread(self._reader.close)
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self.ticks.close)
        self._walker.dispose()
        self._engine.dispose()
        self._lock.release()

    async def backup(self, target: Path | None = None) -> BackupReport:
        """Write a backup while everything runs; into the folder's own `backups` unless told otherwise.

        Raises Unavailable when it cannot be written."""
        now = self._clock.now()
        when = stamp(now)
        if target is None:
            target = self.data_dir / BACKUPS / f"sauda-{when}.tar.gz"
        elif target.is_dir():
            target = target / f"sauda-{when}.tar.gz"
        try:
            work = Path(tempfile.mkdtemp(prefix=BACKING_UP, dir=self.data_dir))
        except OSError as error:
            raise unwritable(target, error) from error
        try:
            head = await asyncio.to_thread(snapshot, self._walker, work / DATABASE)
            await self.ticks.copy_to(work / TICKS)
            small = [name for name in SMALL if (self.data_dir / name).is_file()]
            for name in small:
                await asyncio.to_thread(copy_small, self.data_dir / name, work / name)
            names = (DATABASE, TICKS, *small)
            return await asyncio.to_thread(pack, work, names, target, version=self._version, created=now, head=head)
        except (sqlite3.Error, OSError) as error:
            raise unwritable(target, error) from error
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)

    async def backup_daily(self, keep: int) -> BackupReport | None:
        """Make a daily backup unless the newest one is younger than a day, and drop all but the newest `keep` of them.
        Backups somebody asked for are left alone. Raises Unavailable when it cannot be written."""
        folder, now = self.data_dir / BACKUPS, self._clock.now()
        made = None
        if not any(name > f"{DAILY}{stamp(now - _DAY)}" for name in daily_names(folder)):
            folder.mkdir(exist_ok=True)
            made = await self.backup(folder / f"{DAILY}{stamp(now)}.tar.gz")
        for name in daily_names(folder)[:-keep]:
            (folder / name).unlink(missing_ok=True)
        return made

    async def rebuild(self) -> int:
        """Empty all tables but the journal and replay it into them, in one transaction; returns entries replayed."""
        dialect = self._engine.dialect
        count: int = await self._writer.call(lambda connection: rebuild(connection, dialect))
        return count

    async def differences(self) -> list[str]:
        """Where tables and journal tell different stories; [] when they agree."""
        return await asyncio.to_thread(differences, self._walker)

    async def check(self) -> str:
        """The thorough look at every page and index; "" when all is well."""
        return await asyncio.to_thread(check_fully, self._walker)

    def links(self) -> Iterator[Link]:
        """All journal entries for `server.audit.verify`, from one moment. Blocks: walk it in a thread."""
        return links(self._walker)

    def anchor(self) -> Anchor | None:
        """The entry that is known to have been on disk, for `server.audit.verify`."""
        return read_anchor(self.data_dir / ANCHOR)

    def facts(self) -> StorageFacts:
        """Sizes; a few file look-ups, no query."""
        ticks = self.ticks.facts()
        return StorageFacts(
            journal_rows=self.journal.last_seq,
            database_bytes=sum(p.stat().st_size for p in family(self.data_dir / DATABASE)),
            ticks_rows=ticks.ticks,
            bars_rows=ticks.bars,
            ticks_bytes=sum(p.stat().st_size for p in family(self.data_dir / TICKS)),
            ticks_dropped=ticks.dropped,
            disk_free=shutil.disk_usage(self.data_dir).free,
        )
