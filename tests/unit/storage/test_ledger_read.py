"""Balances, holds and statements as read back from disk."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from server.domain.books import Mark, Position
from server.domain.journal import FundsMoved, PositionMarked
from tests.unit.storage.samples import (
    ACCOUNT,
    NOW,
    deposit,
    entry,
    filled,
    intended,
    opened,
    opening,
    posting,
    story,
    transfer,
)


async def test_statement_when_paged_then_balances_run_through_every_page(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for unit in story(range(1, 6)):
            await storage.journal.commit(*unit)
        lines, before = [], None
        while page := await storage.postings.statement(ACCOUNT, limit=7, before=before):
            lines += page
            before = page[-1].id
        running: dict[str, int] = defaultdict(int)
        for line in reversed(lines):
            running[line.posting.book] += line.posting.minor
            assert line.balance_minor == running[line.posting.book]
        assert dict(running) == await storage.postings.balances(ACCOUNT)
        assert sum(running.values()) == 0
        assert len(lines) == 2 + 5 * 8


async def test_statement_when_books_and_times_are_chosen_then_balances_count_what_is_left_out(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        for number in range(1, 6):
            moved = tuple(
                posting(f"d{number}", book, minor, kind="deposit", at=NOW + timedelta(minutes=number))  # type: ignore[arg-type]
                for book, minor in (("cash", 100), ("capital", -100))
            )
            await storage.journal.commit(entry(FundsMoved(account=ACCOUNT, reason="", postings=moved)))
        lines = await storage.postings.statement(
            ACCOUNT, books=("cash",), start=NOW + timedelta(minutes=2), end=NOW + timedelta(minutes=4)
        )
        assert [line.balance_minor for line in lines] == [5_00_000_00 + 300, 5_00_000_00 + 200]
        assert {line.posting.book for line in lines} == {"cash"}
        assert await storage.postings.statement("nobody") == []


async def test_balances_when_loaded_then_by_account_and_book(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening(), deposit(1))
        assert await storage.postings.load_balances() == {
            (ACCOUNT, "cash"): 5_01_000_00,
            (ACCOUNT, "capital"): -5_01_000_00,
        }
        assert await storage.postings.unbalanced() == 0


async def test_holds_when_margin_was_released_then_only_what_is_still_held(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(intended(1), intended(2))
        await storage.journal.commit(filled(1))
        held = intended(2).payload.order.id  # type: ignore[union-attr]
        assert await storage.postings.load_holds() == {(ACCOUNT, held): 1_18_495}


async def test_load_since_when_many_are_older_then_only_the_days_postings_oldest_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for number in range(3):
            earlier = tuple(
                posting(f"old-{number}-{k}", "cash", sign, at_market=NOW - timedelta(days=3 - number))
                for k in range(800)
                for sign in (1, -1)
            )
            await storage.journal.commit(entry(FundsMoved(account=ACCOUNT, reason="", postings=earlier)))
        await storage.journal.commit(deposit(1), deposit(2))
        found = await storage.postings.load_since(ACCOUNT, NOW)
        assert [p.transaction for p in found] == ["deposit-1", "deposit-1", "deposit-2", "deposit-2"]
        assert len(await storage.postings.load_since(ACCOUNT, NOW - timedelta(days=1))) == 1604


async def test_marks_when_written_then_read_back_with_the_position_and_made_again_by_a_rebuild(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        marked = [
            Mark(
                account=ACCOUNT,
                key="NFO:NIFTY29DEC26FUT",
                product="NRML",
                day=date(2026, 11, 19 + number),
                price=Decimal("24600.55"),
                at_market=NOW + timedelta(days=number),
            )
            for number in range(2)
        ]
        for one in marked:
            held = Position(account=ACCOUNT, key=one.key, product="NRML", quantity=65, marked=one.day)
            moved = transfer(f"m{one.day}", "profit", "cash", 6_500, kind="mark", reference=str(one.price))
            await storage.journal.commit(entry(PositionMarked(mark=one, position=held, postings=moved)))
        assert await storage.marks.load_since(NOW) == marked
        assert await storage.marks.load_since(NOW + timedelta(hours=1)) == marked[1:]
        (position,) = await storage.positions.of(ACCOUNT)
        assert (position.quantity, position.marked) == (65, date(2026, 11, 20))
        assert (await storage.postings.balances(ACCOUNT))["profit"] == -13_000
        await storage.rebuild()
        assert await storage.differences() == []
        assert await storage.marks.load_since(NOW) == marked
