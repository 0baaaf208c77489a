"""Disk full, read-only, failing or closed database: commits fail in words, reads go on, nothing is half-written."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from server.audit.verify import verify
from server.core.errors import Unavailable
from server.domain.journal import Noted
from server.storage.store import Storage
from tests.unit.storage.samples import ACCOUNT, deposit, entry, filled, intended, opened, opening

ROOT = Path(__file__).resolve().parents[2]


class Flaky:
    """A connection whose n-th statement of a kind fails."""

    def __init__(self, real: sqlite3.Connection, word: str, error: sqlite3.Error) -> None:
        self._real = real
        self._word = word
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def cursor(self) -> "Flaky":
        """Statements of the cursor fail as the connection's do."""
        return self

    def execute(self, sql: str, *rest: Any) -> Any:
        """Fail when the statement holds the word."""
        if self._word in sql:
            raise self._error
        return self._real.execute(sql, *rest)

    def executemany(self, sql: str, *rest: Any) -> Any:
        """Fail when the statement holds the word."""
        if self._word in sql:
            raise self._error
        return self._real.executemany(sql, *rest)


@contextmanager
def failing(storage: Storage, word: str, error: sqlite3.Error) -> Iterator[None]:
    """From the next commit on, every new connection of the writer fails at statements with a word."""
    writer = storage._writer
    real = writer._connect
    writer._connect = lambda: Flaky(real(), word, error)  # type: ignore[assignment,return-value]
    writer._drop()
    try:
        yield
    finally:
        writer._connect = real
        writer._drop()


WORDS = ("BEGIN", "INSERT INTO journal", "INSERT INTO orders", "INSERT INTO postings", "INSERT INTO balances", "COMMIT")


@pytest.mark.parametrize("word", WORDS)
async def test_commit_when_a_statement_fails_then_nothing_of_the_unit_stays_and_it_recovers(
    tmp_path: Path, word: str
) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        with failing(storage, word, sqlite3.OperationalError("disk I/O error")):
            results = await asyncio.gather(
                *(storage.journal.commit(intended(n)) for n in range(3)), return_exceptions=True
            )
            assert {type(r) for r in results} == {Unavailable}
            assert {r.code for r in results if isinstance(r, Unavailable)} == {"journal.failed"}
            assert (storage.journal.healthy, "disk I/O error" in storage.journal.problem) == (False, True)
            assert await storage.orders.page(ACCOUNT) == []
            assert (await storage.postings.balances(ACCOUNT))["cash"] == 5_00_000_00
        assert await storage.journal.commit(intended(1), filled(1)) == 3
        assert (storage.journal.healthy, storage.journal.problem) == (True, "")
        assert verify(storage.links(), storage.anchor()).ok
        assert await storage.differences() == []


async def test_commit_when_the_database_is_read_only_then_words_and_reads_go_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        writer = storage._writer
        real = writer._connect

        def read_only() -> sqlite3.Connection:
            connection = real()
            connection.execute("PRAGMA query_only=1")
            return connection

        writer._connect = read_only
        writer._drop()
        with pytest.raises(Unavailable) as caught:
            await storage.journal.commit(deposit(1))
        assert caught.value.detail == (
            "The journal could not be written: the database is read-only. "
            "Trading is halted; nothing was stored or sent."
        )
        assert caught.value.remedy == "Make the data folder writable again."
        assert len(await storage.audit.page()) == 1
        writer._connect = real
        writer._drop()
        assert await storage.journal.commit(deposit(1)) == 2


async def test_commit_when_the_database_is_full_then_words_and_the_next_small_write_recovers(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        connection = storage._writer._connection
        assert connection is not None
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 4}")
        with pytest.raises(Unavailable) as caught:
            for number in range(50):
                await storage.journal.commit(entry(Noted(what="long", detail={"x": "y" * 4000, "n": number})))
        assert "the disk is full" in caught.value.detail
        assert "Free some disk space" in caught.value.remedy
        health = [storage.journal.healthy]
        before = await storage.audit.last_seq()
        # the connection that was full is gone; a new one has no such limit
        assert await storage.journal.commit(deposit(1)) == before + 1
        assert [*health, storage.journal.healthy] == [False, True]
        assert verify(storage.links()).ok


async def test_commit_when_the_connection_was_closed_underneath_then_words_and_recovery(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        assert storage._writer._connection is not None
        storage._writer._connection.close()
        with pytest.raises(Unavailable) as caught:
            await storage.journal.commit(deposit(1))
        assert "connection was closed" in caught.value.detail
        assert await storage.journal.commit(deposit(1)) == 2


FILL_UP = """
import asyncio, resource, sys
from pathlib import Path
from server.core.clock import SystemClock
from server.core.errors import Unavailable
from server.storage.store import Storage
from tests.unit.storage.samples import filled, intended, opening

async def main():
    storage = await Storage.open(Path(sys.argv[1]), SystemClock(), version="0")
    await storage.ticks.opened()
    await storage.journal.commit(opening())
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
    try:
        for number in range(1, 2000):
            await storage.journal.commit(intended(number))
            await storage.journal.commit(filled(number))
    except Unavailable as error:
        print(number, error.code, storage.journal.healthy, len(await storage.orders.page("paper-sim", limit=5000)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(await storage.journal.commit(intended(5000)), storage.journal.healthy)
    await storage.close()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="not run: file size limits are a thing of Unix")
async def test_commit_when_files_may_not_grow_then_it_fails_whole_and_recovers_when_they_may(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FILL_UP, str(tmp_path), stdout=subprocess.PIPE, cwd=ROOT
    )
    output, _ = await process.communicate()
    refused, recovered = output.decode().splitlines()
    number, code, healthy, orders = refused.split()
    assert (code, healthy) == ("journal.failed", "False")
    assert int(orders) in (int(number), int(number) - 1)
    assert recovered.endswith("True")
    async with opened(tmp_path) as storage:
        assert storage.report.notices == ()
        assert verify(storage.links(), storage.anchor()).ok
        assert await storage.differences() == []
        assert await storage.postings.unbalanced() == 0
