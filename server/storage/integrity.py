"""Is the database whole? A check at start that never takes long, and the thorough one for `sauda doctor`."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, desc, select, text
from sqlalchemy.exc import DatabaseError

from server.audit.chain import GENESIS, Anchor, canonical, digest
from server.core.clock import Clock
from server.storage.columns import to_us
from server.storage.tables import journal

__all__ = ("check_at_start", "check_fully", "check_head")

_STEPS = 20_000


def check_at_start(engine: Engine, path: Path, clock: Clock, seconds: float = 0.4) -> tuple[str, bool]:
    """What is broken ("" = nothing found), and whether the whole file was looked at within `seconds`."""
    if not path.exists() or path.stat().st_size == 0:
        return "", True
    deadline = clock.monotonic() + seconds
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.set_progress_handler(lambda: clock.monotonic() > deadline, _STEPS)
            try:
                found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
            except DatabaseError as error:
                if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                    return "", False
                raise
            finally:
                raw.set_progress_handler(None, 0)
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return str(error.orig), True
        raise
    return ("", True) if found == "ok" else (str(found), True)


def check_fully(engine: Engine) -> str:
    """Every page and index of the database; "" when all is well. Takes as long as it takes."""
    try:
        with engine.connect() as connection:
            found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check(20)"))]
    except DatabaseError as error:
        return str(error.orig)
    return "" if found == ["ok"] else "; ".join(found)


def check_head(engine: Engine, anchor: Anchor | None) -> str:
    """Whether the journal ends where it should: the newest entry's own hash holds, and nothing after it was cut."""
    with engine.connect() as connection:
        rows = connection.execute(select(journal).order_by(desc(journal.c.seq)).limit(2)).all()
        seq = rows[0].seq if rows else 0
        if rows:
            row = rows[0]
            previous = bytes(rows[1].hash) if len(rows) > 1 else GENESIS
            body = canonical(row.seq, to_us(row.at), row.actor, row.correlation, row.subject, row.payload.encode())
            if digest(previous, body) != bytes(row.hash):
                return f"Journal entry {seq} does not match its hash."
        if anchor is None:
            return ""
        if anchor.seq > seq:
            return f"The journal ends at entry {seq}, but entry {anchor.seq} had been written: its tail was cut."
        return _anchored(connection, anchor)


def _anchored(connection: Connection, anchor: Anchor) -> str:
    found = connection.execute(select(journal.c.hash).where(journal.c.seq == anchor.seq)).scalar()
    if anchor.seq and (found is None or bytes(found).hex() != anchor.hash):
        return f"Journal entry {anchor.seq} is not the one that was written."
    return ""
