"""Opening a data folder: damage is put aside and said, and never passed over."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from server.audit.verify import verify
from server.core.clock import ManualClock
from server.core.errors import Conflict, Unavailable
from server.storage.files import ANCHOR, DATABASE
from server.storage.integrity import check_at_start
from server.storage.writing import writer_engine
from tests.unit.storage.samples import ACCOUNT, NOW, deposit, opened, story


async def day(folder: Path, orders: int = 5) -> None:
    """A data folder with some trading in it."""
    async with opened(folder) as storage:
        for unit in story(range(1, 1 + orders)):
            await storage.journal.commit(*unit)


def scribble(path: Path) -> None:
    """Overwrite the middle of a file."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\x5a" * (size - 8192))


async def test_open_when_damaged_without_backup_then_put_aside_and_said(tmp_path: Path) -> None:
    await day(tmp_path)
    scribble(tmp_path / DATABASE)
    before = (tmp_path / DATABASE).read_bytes()
    async with opened(tmp_path) as storage:
        report = storage.report
        assert report.damaged == tmp_path / "sauda.db.damaged-20261120T043000Z"
        assert report.restored_from is None
        assert len(report.notices) == 1
        assert "no backup, so Sauda starts with empty books" in report.notices[0]
        assert report.damaged.read_bytes() == before
        assert storage.journal.last_seq == 0
        assert await storage.journal.commit(deposit(1)) == 1
        assert verify(storage.links(), storage.anchor()).ok
    async with opened(tmp_path) as storage:
        assert storage.report.notices == ()


async def test_open_when_damaged_with_backups_then_the_newest_whole_one_is_restored(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with opened(tmp_path, clock) as storage:
        await storage.journal.commit(*(u for unit in story(range(1, 3)) for u in unit))
        await storage.backup()
        await clock.advance(60)
        await storage.journal.commit(deposit(1))
        newest = (await storage.backup()).path
        await storage.journal.commit(deposit(2))
    (newest.parent / "rubbish.tar.gz").write_bytes(b"rubbish")
    scribble(tmp_path / DATABASE)
    async with opened(tmp_path, clock) as storage:
        assert storage.report.restored_from == newest
        assert newest.name in storage.report.notices[0]
        assert storage.journal.last_seq == 8
        assert await storage.differences() == []
        assert verify(storage.links(), storage.anchor()).ok
        assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("content", [b"not a database at all, but text" * 200, b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_open_when_the_file_is_no_database_then_put_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    async with opened(tmp_path) as storage:
        assert storage.report.damaged is not None
        assert storage.report.damaged.read_bytes() == content
        assert await storage.orders.page(ACCOUNT) == []


async def test_open_when_the_file_is_gone_then_said_and_restored(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(deposit(1))
        backup = await storage.backup()
    (tmp_path / DATABASE).unlink()
    async with opened(tmp_path) as storage:
        assert "missing" in storage.report.notices[0]
        assert storage.report.restored_from == backup.path
        assert storage.journal.last_seq == 1


async def test_open_when_the_tail_was_cut_then_said(tmp_path: Path) -> None:
    await day(tmp_path)
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.execute("DELETE FROM journal WHERE seq > 12")
    connection.commit()
    connection.close()
    async with opened(tmp_path) as storage:
        assert storage.report.notices[0].startswith("The journal ends at entry 12, but entry 16 had been written")
        verdict = verify(storage.links(), storage.anchor())
        assert verdict.problem == "Entries 13 to 16 are missing at the end: the journal was cut."


async def test_open_when_the_last_entry_was_changed_then_said(tmp_path: Path) -> None:
    await day(tmp_path)
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.execute("UPDATE journal SET actor = 'nobody' WHERE seq = 16")
    connection.commit()
    connection.close()
    async with opened(tmp_path) as storage:
        assert storage.report.notices[0].startswith("Journal entry 16 does not match its hash")


async def test_open_when_the_anchor_is_torn_then_no_matter(tmp_path: Path) -> None:
    await day(tmp_path)
    (tmp_path / ANCHOR).write_bytes(b'{"se')
    async with opened(tmp_path) as storage:
        assert storage.report.notices == ()
        assert storage.anchor() is None
        await storage.journal.commit(deposit(1))
    async with opened(tmp_path) as storage:
        anchor = storage.anchor()
        assert anchor is not None
        assert anchor.seq == 17


async def test_open_when_another_process_has_the_folder_then_conflict_names_it(tmp_path: Path) -> None:
    async with opened(tmp_path):
        code = (
            "import asyncio, sys; from pathlib import Path; from server.core.clock import SystemClock;"
            "from server.core.errors import Conflict; from server.storage.store import Storage\n"
            "try: asyncio.run(Storage.open(Path(sys.argv[1]), SystemClock(), version='0'))\n"
            "except Conflict as error: print(error.code, error.detail)"
        )
        command = [sys.executable, "-c", code, str(tmp_path)]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        assert str(done.stdout).startswith("data.locked Another Sauda (process ")
        with pytest.raises(Conflict):
            async with opened(tmp_path):
                pass
    async with opened(tmp_path):
        pass


async def test_open_when_the_folder_cannot_be_made_then_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as caught:
        async with opened(tmp_path / "file" / "data"):
            pass
    assert caught.value.code == "data.unwritable"


async def test_check_at_start_when_time_is_up_then_it_says_so_and_the_start_goes_on(tmp_path: Path) -> None:
    await day(tmp_path, 300)
    engine = writer_engine(tmp_path / DATABASE)
    assert check_at_start(engine, tmp_path / DATABASE, ManualClock(NOW), seconds=-1.0) == ("", False)
    assert check_at_start(engine, tmp_path / DATABASE, ManualClock(NOW)) == ("", True)
    engine.dispose()


async def test_check_when_thorough_then_damage_in_an_index_is_found(tmp_path: Path) -> None:
    await day(tmp_path)
    async with opened(tmp_path) as storage:
        assert await storage.check() == ""
        assert storage.facts().journal_rows == 16
        assert storage.facts().database_bytes > 8192
