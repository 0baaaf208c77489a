"""Settlement prices that futures positions were brought to."""

from datetime import datetime

from sqlalchemy import select

from server.domain.books import Mark
from server.storage.reading import Reader
from server.storage.tables import marks

__all__ = ("MarkRows",)

_FIELDS = tuple(Mark.__struct_fields__)


class MarkRows:
    """Reads marks."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def load_since(self, at_market: datetime) -> list[Mark]:
        """Marks of every account since a market moment: what the ledger starts from."""
        query = select(marks).where(marks.c.at_market >= at_market).order_by(*marks.primary_key)
        return [Mark(**dict(zip(_FIELDS, row, strict=True))) for row in await self._reader.all(query)]
