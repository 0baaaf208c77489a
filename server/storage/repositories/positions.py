"""Positions, as folded from fills."""

from sqlalchemy import select

from server.domain.books import Position
from server.storage.reading import Reader
from server.storage.tables import positions

__all__ = ("PositionRows",)

_FIELDS = tuple(Position.__struct_fields__)


class PositionRows:
    """Reads positions."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of(self, account: str) -> list[Position]:
        """Positions of an account, flat ones included (they carry realised profit), by key."""
        return await self._load(positions.c.account == account)

    async def load_all(self) -> list[Position]:
        """Positions of every account: what engines start from."""
        return await self._load()

    async def _load(self, *where: object) -> list[Position]:
        query = select(positions).where(*where).order_by(*positions.primary_key)  # type: ignore[arg-type]
        return [Position(**dict(zip(_FIELDS, row, strict=True))) for row in await self._reader.all(query)]
