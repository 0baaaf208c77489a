"""Backup beside a running writer, restore into a folder, and everything a restore refuses."""

import asyncio
import io
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from server.audit.verify import verify
from server.core.clock import ManualClock, to_ns
from server.core.errors import Conflict, Invalid, Unavailable
from server.market.ports import BarColumns
from server.storage import restore as restoring
from server.storage.backup import Manifest, read_manifest
from server.storage.files import DATABASE, RECORDINGS, TICKS
from server.storage.restore import restore
from server.storage.store import Storage
from tests.unit.storage.samples import ACCOUNT, NOW, deposit, opened, opening, story

CLOCK = ManualClock(NOW)


async def trade_and_back_up(folder: Path, target: Path | None = None) -> Path:
    """A folder with trades, a bar, and a backup of it."""
    async with opened(folder) as storage:
        for unit in story(range(1, 4)):
            await storage.journal.commit(*unit)
        one, start = np.array([182.5]), np.array([to_ns(NOW)])
        bar = BarColumns(start, one, one, one, one, np.array([65]), np.array([0]))
        storage.ticks.put_bars("sim", "1m", ["NFO:X"], bar)
        await storage.ticks.flush()
        return (await storage.backup(target)).path


async def test_backup_when_orders_come_meanwhile_then_it_holds_one_whole_moment(tmp_path: Path) -> None:
    async with opened(tmp_path / "a") as storage:
        await storage.journal.commit(opening())

        async def trade() -> None:
            for number in range(150):
                await storage.journal.commit(deposit(number), deposit(1000 + number))

        report, _ = await asyncio.gather(storage.backup(), trade())
        assert report.manifest.seq % 2 == 1
        assert storage.journal.last_seq == 301
    restore(report.path, tmp_path / "b", CLOCK)
    async with opened(tmp_path / "b") as storage:
        assert storage.report.notices == ()
        assert storage.journal.last_seq == report.manifest.seq
        verdict = verify(storage.links(), storage.anchor())
        assert (verdict.ok, verdict.head) == (True, report.manifest.head)
        assert await storage.differences() == []
        assert await storage.postings.unbalanced() == 0


async def test_restore_when_there_are_data_then_they_are_kept_aside(tmp_path: Path) -> None:
    backup = await trade_and_back_up(tmp_path / "a", tmp_path)
    assert backup.parent == tmp_path
    async with opened(tmp_path / "b") as storage:
        await storage.journal.commit(deposit(99))
    report = restore(backup, tmp_path / "b", CLOCK)
    assert report.aside is not None
    assert sqlite3.connect(report.aside / DATABASE).execute("SELECT count(*) FROM journal").fetchone() == (1,)
    async with opened(tmp_path / "b") as storage:
        assert len(await storage.fills.page(ACCOUNT)) == 3
        bars = await storage.ticks.bars("sim", "NFO:X", "1m", 0, 2**62, 10)
        assert list(bars.close) == [182.5]
    assert sorted(p.name for p in (tmp_path / "b").iterdir() if p.name.startswith((".", "restore"))) == []


async def test_restore_when_small_files_were_there_then_they_travel_and_the_old_ones_are_kept(tmp_path: Path) -> None:
    for folder, text in (("a", "old = 1"), ("b", "new = 2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sauda.toml").write_text(text)
    (tmp_path / "b" / "simulator.state").write_bytes(b"later")
    backup = await trade_and_back_up(tmp_path / "a", tmp_path)
    report = restore(backup, tmp_path / "b", CLOCK)
    assert report.aside is not None
    assert (tmp_path / "b" / "sauda.toml").read_text() == "old = 1"
    assert (report.aside / "sauda.toml").read_text() == "new = 2"
    assert (tmp_path / "b" / "simulator.state").read_bytes() == b"later"


async def test_restore_when_a_server_runs_there_then_conflict(tmp_path: Path) -> None:
    backup = await trade_and_back_up(tmp_path / "a")
    async with opened(tmp_path / "b") as storage:
        await storage.journal.commit(deposit(1))
        with pytest.raises(Conflict):
            restore(backup, tmp_path / "b", CLOCK)
        assert await storage.journal.commit(deposit(2)) == 2


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change what is in an archive."""
    with tarfile.open(path, "r:gz") as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}  # type: ignore[union-attr]
    change(files)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def _flip(files: dict[str, bytes]) -> None:
    body = bytearray(files[DATABASE])
    body[len(body) // 2] ^= 1
    files[DATABASE] = bytes(body)


def _without(files: dict[str, bytes]) -> None:
    del files[TICKS]


def _manifest(**changes: object) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        manifest = msgspec.json.decode(files["manifest.json"], type=Manifest)
        files["manifest.json"] = msgspec.json.encode(msgspec.structs.replace(manifest, **changes))

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_flip, "backup.damaged"),
        (_without, "backup.damaged"),
        (lambda files: files.pop("manifest.json"), "backup.damaged"),
        (_manifest(files={}), "backup.damaged"),
        (_manifest(seq=999), "backup.damaged"),
        (_manifest(head="00" * 32), "backup.damaged"),
        (_manifest(schema="9999"), "backup.newer"),
        (_manifest(format=2), "backup.newer"),
    ],
)
async def test_restore_when_the_archive_is_wrong_then_refused_and_nothing_changed(
    tmp_path: Path, change: Callable[[dict[str, bytes]], None], code: str
) -> None:
    backup = await trade_and_back_up(tmp_path / "a", tmp_path)
    rewrite(backup, change)
    async with opened(tmp_path / "b") as storage:
        await storage.journal.commit(deposit(1))
    before = {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir() if p.is_file()}
    with pytest.raises(Invalid) as caught:
        restore(backup, tmp_path / "b", CLOCK)
    assert caught.value.code == code
    after = {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir() if p.is_file()}
    assert {k: v for k, v in after.items() if k != "sauda.lock"} == {
        k: v for k, v in before.items() if k != "sauda.lock"
    }


@pytest.mark.parametrize("keep", [0, 100, 0.5])
async def test_restore_when_the_archive_was_cut_then_refused(tmp_path: Path, keep: float) -> None:
    backup = await trade_and_back_up(tmp_path / "a", tmp_path)
    content = backup.read_bytes()
    backup.write_bytes(content[: int(keep if keep > 1 else len(content) * keep)])
    with pytest.raises(Invalid):
        restore(backup, tmp_path / "b", CLOCK)
    assert not (tmp_path / "b" / DATABASE).exists()


@pytest.mark.parametrize("cut", range(8))
async def test_restore_when_cut_in_the_swap_then_the_next_start_finishes_it(
    tmp_path: Path, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = await trade_and_back_up(tmp_path / "a", tmp_path)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    async with opened(tmp_path / "b") as storage:
        await storage.journal.commit(deposit(50))
    left = [cut]
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    try:
        restore(backup, tmp_path / "b", CLOCK)
    except KeyboardInterrupt:
        assert (tmp_path / "b" / restoring._NOTE).exists()
    monkeypatch.undo()
    async with opened(tmp_path / "b") as storage:
        assert storage.report.notices == ()
        assert storage.journal.last_seq == 10
        assert len(await storage.fills.page(ACCOUNT)) == 3
    kept = list((tmp_path / "b").glob("before-restore-*"))
    assert sqlite3.connect(kept[0] / DATABASE).execute("SELECT count(*) FROM journal").fetchone() == (11,)


async def test_backup_when_the_place_cannot_be_written_then_unavailable_and_no_rubbish(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    async with opened(tmp_path / "a") as storage:
        with pytest.raises(Unavailable) as caught:
            await storage.backup(tmp_path / "file" / "x.tar.gz")
        assert caught.value.code == "backup.failed"
        assert await storage.journal.commit(deposit(1)) == 1
        assert not [p for p in (tmp_path / "a").iterdir() if p.name.startswith(".")]


async def test_manifest_when_read_then_it_says_what_is_inside(tmp_path: Path) -> None:
    backup = await trade_and_back_up(tmp_path / "a")
    manifest = read_manifest(backup)
    assert (manifest.version, manifest.seq, manifest.created) == ("0.1.0", 10, NOW)
    assert set(manifest.files) == {DATABASE, TICKS}
    assert backup.name == "sauda-20261120T043000Z.tar.gz"


async def test_backup_when_recordings_were_imported_then_their_list_travels_along(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    with closing(sqlite3.connect(folder / RECORDINGS)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE recordings (id TEXT)")
        made.execute("INSERT INTO recordings VALUES ('nifty')")
        made.commit()
        path = await trade_and_back_up(folder)  # while somebody has it open, with rows in its log only
    restore(path, tmp_path / "b", CLOCK)
    with closing(sqlite3.connect(tmp_path / "b" / RECORDINGS)) as found:
        assert found.execute("SELECT id FROM recordings").fetchall() == [("nifty",)]


async def test_daily_backup_when_days_pass_then_one_a_day_and_the_oldest_make_room(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    storage = await Storage.open(tmp_path, clock, version="0")
    try:
        asked = await storage.backup()
        assert await storage.backup_daily(2) is not None
        await clock.advance(3600)
        assert await storage.backup_daily(2) is None, "one a day"
        kept = []
        for _ in range(3):
            await clock.advance(86_400)
            made = await storage.backup_daily(2)
            assert made is not None
            kept.append(made.path.name)
        assert sorted(p.name for p in (tmp_path / "backups").iterdir()) == sorted([*kept[-2:], asked.path.name])
    finally:
        await storage.close()
