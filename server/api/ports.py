"""What the API reads from disk: pages of orders, trades, ledger and audit. Storage implements these."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from server.domain.books import Book, Charges, Posting
from server.domain.journal import Entry
from server.domain.orders import Fill, Order

__all__ = ("AuditLine", "Reads", "Reloaded", "StatementLine", "Step", "Trade")


class Step(Protocol):
    """One step of an order's life."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def at_market(self) -> datetime | None: ...
    @property
    def event(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def correlation(self) -> str: ...


class Trade(Protocol):
    """A fill with what it cost and brought."""

    @property
    def fill(self) -> Fill: ...
    @property
    def charges(self) -> Charges: ...
    @property
    def realised_minor(self) -> int: ...
    @property
    def entry(self) -> int: ...


class StatementLine(Protocol):
    """A posting and the balance of its book after it."""

    @property
    def id(self) -> int: ...
    @property
    def posting(self) -> Posting: ...
    @property
    def balance_minor(self) -> int: ...


class AuditLine(Protocol):
    """A journal entry with its place in the chain."""

    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def entry(self) -> Entry: ...
    @property
    def hash(self) -> str: ...


class Orders(Protocol):
    """Pages of orders."""

    async def get(self, order_id: str) -> Order: ...
    async def page(
        self, account: str, state: Literal["open", "done", "all"] = "all", limit: int = 100, before: str | None = None
    ) -> list[Order]: ...
    async def steps(self, order_id: str) -> Sequence[Step]: ...


class Trades(Protocol):
    """Pages of trades."""

    async def page(self, account: str, limit: int = 100, before: int | None = None) -> Sequence[Trade]: ...
    async def of_order(self, order_id: str) -> Sequence[Trade]: ...


class Statement(Protocol):
    """Pages of the ledger."""

    async def statement(
        self,
        account: str,
        *,
        books: Sequence[Book] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[StatementLine]: ...


class Audit(Protocol):
    """Pages of the journal."""

    async def page(self, limit: int = 50, before: int | None = None, subject: str = "") -> Sequence[AuditLine]: ...


class UserSettings(Protocol):
    """Kept settings of the user."""

    async def get(self, name: str, default: Any = None) -> Any: ...


class Kept(Protocol):
    """Pages of baskets, triggers or parent orders."""

    async def page(self, account: str, limit: int = 100, before: str | None = None) -> Sequence[Any]: ...


class Reloaded(msgspec.Struct, frozen=True):
    """What came of reading the settings again."""

    applied: list[str]
    """Settings that changed and act now."""
    restart: list[str]
    """Settings that changed and wait for a restart."""


class Reads(msgspec.Struct, frozen=True, kw_only=True):
    """All pages the API can read."""

    orders: Orders
    trades: Trades
    postings: Statement
    audit: Audit
    settings: UserSettings
    triggers: Kept
    parents: Kept
    baskets: Kept
