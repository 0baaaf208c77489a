"""The ledger: balances by book, and statements with a running balance."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from server.domain.books import Book, Posting
from server.storage.reading import Reader
from server.storage.tables import balances, holds, postings

__all__ = ("PostingRows", "StatementLine")

_STEP = 1_000


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """A posting and the balance of its book after it."""

    id: int
    """Cursor of `statement`."""
    posting: Posting
    balance_minor: int


class PostingRows:
    """Reads the ledger."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def balances(self, account: str) -> dict[Book, int]:
        """Minor units by book of one account."""
        query = select(balances.c.book, balances.c.minor).where(balances.c.account == account)
        return {row.book: row.minor for row in await self._reader.all(query)}

    async def load_balances(self) -> dict[tuple[str, Book], int]:
        """Minor units by (account, book) of every account: what engines start from."""
        return {(row.account, row.book): row.minor for row in await self._reader.all(select(balances))}

    async def statement(
        self,
        account: str,
        *,
        books: Sequence[Book] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> list[StatementLine]:
        """Postings newest first, each with the balance of its book after it.

        `start` and `end` bound wall time, [start, end); `before` is the id of the last line of the page before.
        The balance counts back from the present one, so a recent page costs the same however long the ledger is."""
        wanted = [postings.c.account == account]
        if books:
            wanted.append(postings.c.book.in_(books))
        if start is not None:
            wanted.append(postings.c.at >= start)
        if end is not None:
            wanted.append(postings.c.at < end)
        if before is not None:
            wanted.append(postings.c.id < before)
        page = select(postings.c.id).where(*wanted).order_by(postings.c.id.desc()).limit(limit).subquery()
        # from the present balance back over all postings since, those that the page leaves out included
        since = func.sum(postings.c.minor).over(
            partition_by=postings.c.book, order_by=postings.c.id.desc(), rows=(None, -1)
        )
        counted = (
            select(postings, (balances.c.minor - func.coalesce(since, 0)).label("balance"))
            .join(balances, (balances.c.account == postings.c.account) & (balances.c.book == postings.c.book))
            .where(postings.c.account == account, postings.c.id >= select(func.min(page.c.id)).scalar_subquery())
            .subquery()
        )
        query = select(counted).where(counted.c.id.in_(select(page.c.id))).order_by(counted.c.id.desc())
        return [
            StatementLine(id=row.id, posting=_posting(row), balance_minor=row.balance)
            for row in await self._reader.all(query)
        ]

    async def load_holds(self) -> dict[tuple[str, str], int]:
        """Margin held, in minor units, by (account, reference): an order id, or what the ledger calls positions."""
        query = select(holds).where(holds.c.minor != 0)
        return {(row.account, row.reference): row.minor for row in await self._reader.all(query)}

    async def load_since(self, account: str, at_market: datetime) -> list[Posting]:
        """Postings of an account since a market moment, oldest first: what day totals start from.

        Walks back from the newest and stops at the first thousand with none so new: older ones that a replay wound
        back leaves behind are not looked for."""
        found: list[Posting] = []
        before: int | None = None
        while True:
            query = select(postings).where(postings.c.account == account).order_by(postings.c.id.desc()).limit(_STEP)
            if before is not None:
                query = query.where(postings.c.id < before)
            rows = await self._reader.all(query)
            fresh = [_posting(row) for row in rows if row.at_market >= at_market]
            found += fresh
            if len(rows) < _STEP or not fresh:
                return found[::-1]
            before = rows[-1].id

    async def unbalanced(self) -> int:
        """Sum of all postings of all accounts in minor units; anything but 0 is damage."""
        row = await self._reader.first(select(func.coalesce(func.sum(postings.c.minor), 0).label("total")))
        return int(row.total) if row else 0


def _posting(row: Row[Any]) -> Posting:
    return Posting(
        transaction=row.txn,
        account=row.account,
        book=row.book,
        minor=row.minor,
        kind=row.kind,
        key=row.key,
        reference=row.reference,
        at=row.at,
        at_market=row.at_market,
    )
