"""Fills with their charges: the trade book."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, select

from server.domain.books import Charges
from server.domain.orders import Fill, Product
from server.storage.reading import Reader
from server.storage.tables import fills

__all__ = ("FillRows", "Trade")

_CHARGES = tuple(Charges.__struct_fields__)


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A fill and what it cost and brought."""

    fill: Fill
    product: Product
    charges: Charges
    realised_minor: int
    """Profit (+) or loss (-) it realised before charges, in minor units."""
    entry: int
    """Journal entry that recorded it; the cursor of `page`."""


class FillRows:
    """Reads fills."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, account: str, limit: int = 100, before: int | None = None) -> list[Trade]:
        """Trades of an account, newest first; `before` is the `entry` of the last trade of the page before."""
        query = select(fills).where(fills.c.account == account).order_by(fills.c.entry.desc()).limit(limit)
        if before is not None:
            query = query.where(fills.c.entry < before)
        return [_trade(row) for row in await self._reader.all(query)]

    async def after(self, account: str, entry: int, limit: int = 500) -> list[Trade]:
        """Trades of an account recorded after a journal entry, oldest first."""
        query = select(fills).where(fills.c.account == account, fills.c.entry > entry).order_by(fills.c.entry)
        return [_trade(row) for row in await self._reader.all(query.limit(limit))]

    async def of_order(self, order_id: str) -> list[Trade]:
        """Trades of one order, oldest first."""
        query = select(fills).where(fills.c.order_id == order_id).order_by(fills.c.entry)
        return [_trade(row) for row in await self._reader.all(query)]

    async def load_since(self, at_market: datetime) -> list[Trade]:
        """Trades of every account since a market moment, oldest entry first: what the ledger starts from."""
        query = select(fills).where(fills.c.at_market >= at_market).order_by(fills.c.entry)
        return [_trade(row) for row in await self._reader.all(query)]

    async def load_executions(self, since: datetime | None = None) -> set[tuple[str, str]]:
        """(account, execution id) of all fills learnt of since a moment: what must not be applied again (law 5).

        An older fill that comes again is still refused: its identity is the table's primary key."""
        query = select(fills.c.account, fills.c.execution)
        if since is not None:
            query = query.where(fills.c.at >= since)
        return {(row.account, row.execution) for row in await self._reader.all(query)}


def _trade(row: Row[Any]) -> Trade:
    fill = Fill(
        execution=row.execution,
        account=row.account,
        order=row.order_id,
        key=row.key,
        side=row.side,
        quantity=row.quantity,
        price=row.price,
        at=row.at,
        at_market=row.at_market,
        liquidity=row.liquidity,
        unit=row.unit,
    )
    charges = Charges(**{name: getattr(row, name) for name in _CHARGES})
    return Trade(fill=fill, product=row.product, charges=charges, realised_minor=row.realised_minor, entry=row.entry)
