"""Trading accounts."""

from sqlalchemy import select

from server.domain.accounts import Account
from server.storage.reading import Reader
from server.storage.tables import accounts

__all__ = ("AccountRows",)


class AccountRows:
    """Reads accounts."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def load_all(self) -> list[Account]:
        """All accounts, by id."""
        rows = await self._reader.all(select(accounts).order_by(accounts.c.id))
        return [Account(**row._mapping) for row in rows]
