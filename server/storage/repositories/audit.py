"""Pages of the audit log, which is the journal."""

from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from server.domain.journal import Entry, Payload
from server.storage.reading import Reader
from server.storage.tables import journal

__all__ = ("AuditRow", "AuditRows")

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Payload)


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """A journal entry with its place in the chain."""

    seq: int
    kind: str
    """The payload's tag: `order.changed`."""
    entry: Entry
    hash: str
    """Hexadecimal."""


class AuditRows:
    """Reads the journal."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, limit: int = 50, before: int | None = None, subject: str = "") -> list[AuditRow]:
        """Entries newest first, of one subject or all; `before` is the last seq of the page before."""
        query = select(journal).order_by(journal.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(journal.c.seq < before)
        if subject:
            query = query.where(journal.c.subject == subject)
        return [_audit(row) for row in await self._reader.all(query)]

    async def last_seq(self) -> int:
        """Sequence number of the newest entry; 0 in an empty journal."""
        row = await self._reader.first(select(func.coalesce(func.max(journal.c.seq), 0).label("seq")))
        return int(row.seq) if row else 0


def _audit(row: Row[Any]) -> AuditRow:
    entry = Entry(
        at=row.at,
        actor=row.actor,
        correlation=row.correlation,
        subject=row.subject,
        payload=_decoder.decode(row.payload),
    )
    return AuditRow(seq=row.seq, kind=row.kind, entry=entry, hash=row.hash.hex())
