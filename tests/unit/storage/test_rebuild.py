"""Rebuilding: tables equal a replay of the journal, and differences are named."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from server.core.errors import Fault
from server.storage.files import DATABASE
from server.storage.tables import PROJECTED
from tests.unit.storage.samples import ACCOUNT, deposit, filled, intended, opened, story


def tamper(folder: Path, *statements: str) -> None:
    """Change tables behind Sauda's back."""
    connection = sqlite3.connect(folder / DATABASE)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


async def test_differences_when_all_is_well_then_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        assert await storage.differences() == []
        for unit in story(range(1, 30)):
            await storage.journal.commit(*unit)
        assert await storage.differences() == []


async def test_differences_when_tables_were_changed_then_each_row_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for unit in story(range(1, 6)):
            await storage.journal.commit(*unit)
    tamper(
        tmp_path,
        "UPDATE balances SET minor = minor + 1 WHERE book = 'cash'",
        "DELETE FROM fills WHERE execution = 'X3'",
        "INSERT INTO settings VALUES ('ghost', '1', 0)",
        "UPDATE orders SET state = 'OPEN' WHERE id LIKE '%2'",
    )
    async with opened(tmp_path) as storage:
        assert sorted(await storage.differences()) == [
            f"balances: row {ACCOUNT} cash differs from the journal",
            f"fills: row {ACCOUNT} X3 is missing",
            "orders: row 01TEST00000000000002 differs from the journal",
            "settings: row ghost is not in the journal",
        ]


async def test_rebuild_when_tables_were_changed_then_they_are_as_the_journal_says(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for unit in story(range(1, 6)):
            await storage.journal.commit(*unit)
    tamper(tmp_path, *(f"DELETE FROM {table.name}" for table in PROJECTED))
    async with opened(tmp_path) as storage:
        assert await storage.differences() != []
        assert await storage.rebuild() == 16
        assert await storage.differences() == []
        assert await storage.journal.commit(intended(9)) == 17
        assert len(await storage.orders.page(ACCOUNT)) == 6


async def test_rebuild_when_it_fails_midway_then_tables_stay_as_they_were(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(intended(1), filled(1))
    # an entry that no rebuild can take: its fill is there twice
    tamper(
        tmp_path,
        "INSERT INTO journal SELECT seq + 10, at, actor, correlation, kind, subject, payload, hash FROM journal"
        " WHERE kind = 'fill.applied'",
    )
    async with opened(tmp_path) as storage:
        with pytest.raises(Fault):
            await storage.rebuild()
        assert len(await storage.orders.page(ACCOUNT)) == 1
        assert len(await storage.fills.page(ACCOUNT)) == 1
        assert storage.journal.healthy


async def test_rebuild_when_orders_come_meanwhile_then_they_wait_and_are_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for unit in story(range(1, 4)):
            await storage.journal.commit(*unit)
        replayed, seq = await asyncio.gather(storage.rebuild(), storage.journal.commit(deposit(7)))
        assert (replayed, seq) == (10, 11)
        assert await storage.differences() == []
