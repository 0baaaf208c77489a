"""User settings by name: watchlists, layouts, preferences."""

from typing import Any

from sqlalchemy import select

from server.storage.reading import Reader
from server.storage.tables import settings

__all__ = ("SettingRows",)


class SettingRows:
    """Reads settings."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, name: str, default: Any = None) -> Any:
        """The value last set, as plain data; `default` when it never was."""
        row = await self._reader.first(select(settings.c.value).where(settings.c.name == name))
        return default if row is None else row.value

    async def load_all(self, prefix: str = "") -> dict[str, Any]:
        """All settings whose name begins with `prefix`."""
        query = select(settings.c.name, settings.c.value).where(settings.c.name.startswith(prefix, autoescape=True))
        return {row.name: row.value for row in await self._reader.all(query)}
