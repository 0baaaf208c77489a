"""The ledger: balances by book, and statements with a running balance."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, select

from server.domain.books import Book, Posting
from server.storage.reading import Reader
from server.storage.tables import balances, postings

__all__ = ("PostingRows", "StatementLine")


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
        The balance counts back from the present one, so recent pages cost the same however long the ledger is."""
        later = postings.alias("later")
        since = (
            select(func.coalesce(func.sum(later.c.minor), 0))
            .where(later.c.account == postings.c.account, later.c.book == postings.c.book, later.c.id > postings.c.id)
            .scalar_subquery()
        )
        query = (
            select(postings, (balances.c.minor - since).label("balance"))
            .join(balances, (balances.c.account == postings.c.account) & (balances.c.book == postings.c.book))
            .where(postings.c.account == account)
            .order_by(postings.c.id.desc())
            .limit(limit)
        )
        if books:
            query = query.where(postings.c.book.in_(books))
        if start is not None:
            query = query.where(postings.c.at >= start)
        if end is not None:
            query = query.where(postings.c.at < end)
        if before is not None:
            query = query.where(postings.c.id < before)
        return [
            StatementLine(
                id=row.id,
                posting=Posting(
                    transaction=row.txn,
                    account=row.account,
                    book=row.book,
                    minor=row.minor,
                    kind=row.kind,
                    key=row.key,
                    reference=row.reference,
                    at=row.at,
                    at_market=row.at_market,
                ),
                balance_minor=row.balance,
            )
            for row in await self._reader.all(query)
        ]

    async def unbalanced(self) -> int:
        """Sum of all postings of all accounts in minor units; anything but 0 is damage."""
        row = await self._reader.first(select(func.coalesce(func.sum(postings.c.minor), 0).label("total")))
        return int(row.total) if row else 0
