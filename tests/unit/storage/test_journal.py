"""The journal: durable, whole or not at all, and one bad unit spoils no other."""

import asyncio
import sqlite3
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from server.audit.verify import verify
from server.core.errors import Conflict, Fault, Unavailable
from server.domain.journal import FundsMoved, Noted, SettingChanged
from server.storage.files import DATABASE
from tests.unit.storage.samples import ACCOUNT, deposit, entry, filled, intended, opened, opening, posting, story


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    """What another program sees in the database."""
    connection = sqlite3.connect(folder / DATABASE)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def test_commit_when_it_returns_then_others_see_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        seq = await storage.journal.commit(opening(), intended(1))
        assert seq == 2
        assert storage.journal.last_seq == 2
        assert rows(tmp_path, "SELECT seq, kind FROM journal") == [(1, "account.opened"), (2, "order.changed")]
        assert rows(tmp_path, "SELECT state FROM orders") == [("SUBMITTING",)]
        assert storage.journal.times().n == 1


async def test_commit_when_many_wait_then_each_gets_its_own_number(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        numbers = await asyncio.gather(*(storage.journal.commit(deposit(n), deposit(1000 + n)) for n in range(300)))
        assert sorted(numbers) == list(range(3, 603, 2))
        assert verify(storage.links()).ok
        assert await storage.postings.unbalanced() == 0
        assert (await storage.postings.balances(ACCOUNT))["cash"] == 5_00_000_00 + 600 * 1_000_00


async def test_commit_when_rows_are_of_any_number_then_each_is_there_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        await storage.journal.commit(deposit(1))
        one = len(rows(tmp_path, "SELECT id FROM postings"))
        for count in (1, 2, 3, 31, 33, 100):  # 32 rows go in one statement at most
            await storage.journal.commit(*(deposit(count * 1000 + n) for n in range(count)))
        assert len(rows(tmp_path, "SELECT id FROM postings")) == one + 2 * 170
        assert await storage.differences() == []


async def test_commit_when_one_unit_of_a_group_is_bad_then_only_that_one_fails(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        await storage.journal.commit(intended(1))
        await storage.journal.commit(filled(1))
        units = [deposit(1), filled(1), deposit(2), filled(1), deposit(3)]
        results = await asyncio.gather(*(storage.journal.commit(u) for u in units), return_exceptions=True)
        failed = [type(r) for r in results if isinstance(r, BaseException)]
        assert failed == [Conflict, Conflict]
        assert sorted(r for r in results if isinstance(r, int)) == [4, 5, 6]
        assert storage.journal.healthy
        assert len(rows(tmp_path, "SELECT * FROM fills")) == 1
        assert verify(storage.links()).ok
        assert await storage.differences() == []


async def test_commit_when_one_entry_is_on_record_then_nothing_of_its_unit_is_stored(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for unit in story(range(1, 2)):
            await storage.journal.commit(*unit)
        with pytest.raises(Conflict) as caught:
            await storage.journal.commit(deposit(9), filled(1))
        assert caught.value.code == "journal.duplicate"
        assert len(rows(tmp_path, "SELECT * FROM journal")) == 4
        assert (await storage.postings.balances(ACCOUNT))["capital"] == -5_00_000_00


async def test_commit_when_a_request_was_made_before_then_no_second_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(intended(1, request_id="same"))
        with pytest.raises(Conflict):
            await storage.journal.commit(intended(2, request_id="same"))
        await storage.journal.commit(intended(3, request_id=""))
        await storage.journal.commit(intended(4, request_id=""))
        assert len(await storage.orders.page(ACCOUNT)) == 3


async def test_commit_when_postings_do_not_sum_to_zero_then_fault_and_nothing_stored(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        lopsided = FundsMoved(account=ACCOUNT, reason="", postings=(posting("t", "cash", 5),))
        with pytest.raises(Fault) as caught:
            await storage.journal.commit(entry(lopsided))
        assert caught.value.code == "ledger.unbalanced"
        assert storage.journal.last_seq == 0


@pytest.mark.parametrize("detail", [{"x": object()}, {"x": 1j}, {"x": b"\xff", 1.5: {2, object()}}])
async def test_commit_when_an_entry_is_not_plain_data_then_fault_and_the_journal_goes_on(
    tmp_path: Path, detail: dict[str, object]
) -> None:
    async with opened(tmp_path) as storage:
        with pytest.raises(Fault) as caught:
            await storage.journal.commit(entry(Noted(what="odd", detail=detail)))
        assert caught.value.code == "journal.entry"
        assert await storage.journal.commit(entry(Noted(what="fine"))) == 1


async def test_commit_when_a_row_cannot_be_made_then_fault_and_others_are_stored(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        broken = msgspec.structs.replace(intended(1).payload, order=None)
        results = await asyncio.gather(
            storage.journal.commit(entry(broken, subject="o")),
            storage.journal.commit(deposit(1)),
            return_exceptions=True,
        )
        assert isinstance(results[0], Fault)
        assert results[1] == 1
        assert storage.journal.healthy


async def test_commit_when_empty_or_without_zone_then_fault(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        with pytest.raises(Fault):
            await storage.journal.commit()
        naive = msgspec.structs.replace(deposit(1), at=deposit(1).at.replace(tzinfo=None))
        with pytest.raises(Fault):
            await storage.journal.commit(naive)


async def test_commit_when_its_caller_is_cancelled_then_it_is_whole_or_absent(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        task = asyncio.create_task(storage.journal.commit(deposit(1), deposit(2)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await storage.journal.commit(deposit(3)) == 3
        assert verify(storage.links()).ok


async def test_commit_when_storage_is_closed_then_unavailable(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(deposit(1))
    with pytest.raises(Unavailable) as caught:
        await storage.journal.commit(deposit(2))
    assert caught.value.code == "journal.failed"


async def test_entries_when_no_subject_is_given_then_the_payload_names_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        order = intended(1)
        await storage.journal.commit(
            order, deposit(1), entry(SettingChanged(name="watchlists", value=[1])), entry(Noted(what="start"))
        )
        subjects = [line.entry.subject for line in await storage.audit.page()]
        assert subjects == ["start", "watchlists", ACCOUNT, order.payload.order.id]  # type: ignore[union-attr]


async def test_restart_when_entries_were_written_then_the_chain_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        await storage.journal.commit(entry(Noted(what="price", detail={"p": Decimal("1.50")})))
        before = verify(storage.links()).head
    async with opened(tmp_path) as storage:
        assert storage.report.notices == ()
        assert storage.journal.last_seq == 2
        assert await storage.journal.commit(deposit(1)) == 3
        verdict = verify(storage.links(), storage.anchor())
        assert verdict.ok
        assert verdict.entries == 3
        assert verdict.head != before
