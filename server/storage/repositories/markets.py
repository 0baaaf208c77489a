"""How far each simulated or replayed market had come."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select

from server.storage.reading import Reader
from server.storage.tables import markets

__all__ = ("MarketRow", "MarketRows")


class MarketRow(msgspec.Struct, frozen=True, kw_only=True):
    """The last moment of a market worth keeping."""

    market: str
    at_market: datetime
    day: date
    body: dict[str, Any]
    updated: datetime


class MarketRows:
    """Reads market moments."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def load_all(self) -> dict[str, MarketRow]:
        """The last moment of every market, by market id."""
        rows = await self._reader.all(select(markets))
        return {row.market: MarketRow(**row._mapping) for row in rows}
