"""Triggers, baskets, parent orders and strategies: kept for an account, each with a state and a body of its own."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Table, select

from server.core.errors import NotFound
from server.storage.reading import Reader
from server.storage.tables import baskets, parents, strategies, triggers

__all__ = ("BasketRows", "Kept", "ParentRows", "StrategyRows", "TriggerRows")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger, basket or strategy as last journalled."""

    id: str
    account: str
    state: str
    event: str
    """The last step it took."""
    body: dict[str, Any]
    """The owner's struct as plain data."""
    updated: datetime


class _Rows:
    _table: Table
    _noun: str

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, item_id: str) -> Kept:
        """One of them; raises NotFound."""
        row = await self._reader.first(select(self._table).where(self._table.c.id == item_id))
        if row is None:
            raise NotFound(f"There is no {self._noun} {item_id}.", code=f"{self._noun}.not_found", field="id")
        return _kept(row)

    async def page(
        self, account: str, limit: int = 100, before: str | None = None, states: tuple[str, ...] = ()
    ) -> list[Kept]:
        """Those of an account, newest first, in some states or any; `before` is the last id of the page before."""
        table = self._table
        query = select(table).where(table.c.account == account).order_by(table.c.id.desc()).limit(limit)
        if states:
            query = query.where(table.c.state.in_(states))
        if before:
            query = query.where(table.c.id < before)
        return [_kept(row) for row in await self._reader.all(query)]

    async def load_all(self, states: tuple[str, ...]) -> list[Kept]:
        """All in the given states, oldest first: what engines start from."""
        query = select(self._table).where(self._table.c.state.in_(states)).order_by(self._table.c.id)
        return [_kept(row) for row in await self._reader.all(query)]


class TriggerRows(_Rows):
    """Reads GTT and OCO triggers."""

    _table = triggers
    _noun = "trigger"


class BasketRows(_Rows):
    """Reads baskets."""

    _table = baskets
    _noun = "basket"


class ParentRows(_Rows):
    """Reads iceberg, cover and bracket orders."""

    _table = parents
    _noun = "parent"


class StrategyRows(_Rows):
    """Reads option strategies."""

    _table = strategies
    _noun = "strategy"


def _kept(row: Row[Any]) -> Kept:
    return Kept(id=row.id, account=row.account, state=row.state, event=row.event, body=row.body, updated=row.updated)
