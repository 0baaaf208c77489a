"""The tick store under faults: damaged files go aside and are said; a refusing disk loses nothing it need not lose."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from server.core.errors import Unavailable
from server.storage.files import TICKS as TICKS_FILE
from server.storage.timeseries import writer as writer_module
from tests.unit.storage.test_ticks import FOREVER, KEY, MINUTE, bars, store

WRITE_AND_DIE = """
import asyncio, os, sys
from pathlib import Path
from typing import Any
from tests.unit.storage.test_ticks import KEY, MINUTE, bars, store

async def main():
    async with store(Path(sys.argv[1])) as made:
        made.put_bars("sim", "1m", [KEY], bars([0], [1.0]))
        await made.compact()
        for number in range(1, 1000):
            made.put_bars("sim", "1m", [KEY], bars([number * MINUTE], [float(number)]))
            await made.flush()
            print(number, flush=True)

asyncio.run(main())
"""


async def killed(folder: Path, after: int) -> int:
    """A store whose process was killed after it said that so many bars are on disk; the last number it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITE_AND_DIE, str(folder), stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    said = 0
    while line := await process.stdout.readline():
        said = int(line)
        if said == after:
            process.kill()
    await process.wait()
    return said


@pytest.mark.parametrize("after", [1, 37])
async def test_start_when_killed_while_writing_then_all_that_was_flushed_is_there(tmp_path: Path, after: int) -> None:
    said = await killed(tmp_path, after)
    async with store(tmp_path) as made:
        assert await made.opened() == ""
        found = await made.bars("sim", KEY, "1m", 0, FOREVER, 2000)
        assert list(found.close[: said + 1]) == [1.0, *(float(n) for n in range(1, said + 1))]


async def test_start_when_the_log_is_scribbled_over_then_it_goes_aside_and_the_rest_is_there(tmp_path: Path) -> None:
    await killed(tmp_path, 20)
    log = tmp_path / f"{TICKS_FILE}.wal"
    content = bytearray(log.read_bytes())
    content[300:400] = b"\xff" * 100
    log.write_bytes(bytes(content))
    async with store(tmp_path) as made:
        said = await made.opened()
        assert "could not be read" in said
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 2000)).close) == [1.0]
        made.put_bars("sim", "1m", [KEY], bars([MINUTE], [2.0]))
        await made.flush()
    assert [p.read_bytes() for p in tmp_path.glob("*.wal.damaged-*")] == [bytes(content)]


@pytest.mark.parametrize("content", [b"", b"rubbish" * 5000])
async def test_start_when_the_file_is_no_database_then_it_goes_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / TICKS_FILE).write_bytes(content)
    async with store(tmp_path) as made:
        assert "damaged" in await made.opened()
        assert len((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == 0
    assert [p.read_bytes() for p in tmp_path.glob("*.damaged-*")] == [content]


async def test_start_when_another_process_has_the_file_then_it_is_not_taken_for_damage(tmp_path: Path) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()",
        str(tmp_path / TICKS_FILE),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    await holder.stdout.readline()
    async with store(tmp_path) as made:
        assert await made.opened() == ""
        assert "cannot be opened" in made.problem
        with pytest.raises(Unavailable):
            await made.bars("sim", KEY, "1m", 0, FOREVER, 9)
        made.put_bars("sim", "1m", [KEY], bars([0], [1.0]))
        with pytest.raises(Unavailable):
            await made.flush()
        assert made.facts().waiting == 1
        holder.stdin.close()
        await holder.wait()
        await made.flush()
        assert (made.problem, made.facts().waiting) == ("", 0)
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [1.0]
    assert not list(tmp_path.glob("*.damaged-*"))


async def test_put_when_the_disk_refuses_for_long_then_old_data_wait_and_the_overflow_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(writer_module, "_MOST_WAITING", 3)
    async with store(tmp_path) as made:
        await made.flush()
        with monkeypatch.context() as broken:
            broken.setattr(writer_module, "join", refuse)
            for number in range(5):
                made.put_bars("sim", "1m", [KEY], bars([number * MINUTE], [float(number)]))
            with pytest.raises(Unavailable):
                await made.flush()
            facts = made.facts()
            assert (facts.waiting, facts.dropped) == (3, 2)
            assert "No space left" in facts.problem
        await made.flush()
        assert made.facts().problem == ""
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [0.0, 1.0, 2.0]


async def test_read_when_a_full_disk_has_shut_the_database_then_it_is_opened_anew_and_read(tmp_path: Path) -> None:
    async with store(tmp_path) as made:
        made.put_bars("sim", "1m", [KEY], bars([0], [1.0]))
        await made.flush()
        before = made._writer.connection
        assert before is not None
        before.close()  # closed underneath
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [1.0]
        again = made._writer.connection
        assert again is not None
        assert again is not before
        tried = 0

        def find(cursor: duckdb.DuckDBPyConnection) -> Any:
            nonlocal tried
            tried += 1
            if tried == 1:
                raise duckdb.FatalException("database has been invalidated; the database must be restarted")
            return cursor.execute("SELECT count(*) FROM bars_new").fetchall()

        assert await made._read(find) == [(1,)]
        assert made._writer.connection is not again
        made.put_bars("sim", "1m", [KEY], bars([MINUTE], [2.0]))
        await made.flush()
        assert list((await made.bars("sim", KEY, "1m", 0, FOREVER, 9)).close) == [1.0, 2.0]


async def test_read_when_the_query_itself_is_wrong_then_refused_at_once(tmp_path: Path) -> None:
    async with store(tmp_path) as made:
        await made.flush()
        before = made._writer.connection
        with pytest.raises(Unavailable) as caught:
            await made._read(lambda cursor: cursor.execute("SELECT nothing FROM nowhere"))
        assert caught.value.code == "ticks.read"
        assert made._writer.connection is before
