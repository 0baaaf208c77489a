"""Risk rows: limits, trading state, kill switch and day-start equity, as last set."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from server.storage.reading import Reader
from server.storage.tables import risk

__all__ = ("RiskRow", "RiskRows")


class RiskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing risk remembers (law 8)."""

    account: str
    """An account, or `*` for all."""
    name: str
    """limits, state, kill_switch, day_start."""
    body: dict[str, Any]
    reason: str
    updated: datetime


class RiskRows:
    """Reads risk rows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def load_all(self) -> list[RiskRow]:
        """Everything, loaded before any broker connects."""
        query = select(risk).order_by(risk.c.account, risk.c.name)
        return [
            RiskRow(account=row.account, name=row.name, body=row.body, reason=row.reason, updated=row.updated)
            for row in await self._reader.all(query)
        ]
