"""Replaying the journal: make all tables anew, or tell where they differ from what a replay gives."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Dialect, Engine, create_engine
from sqlalchemy.pool import StaticPool

from server.audit.chain import Link
from server.domain.journal import Payload
from server.storage.columns import from_us
from server.storage.projections import Changes, Projector, project
from server.storage.tables import PROJECTED, metadata

__all__ = ("differences", "links", "rebuild")

_CHUNK = 2_000
_LINKS = "SELECT seq, at, actor, correlation, subject, payload, hash FROM journal ORDER BY seq"
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Payload)


def links(engine: Engine) -> Iterator[Link]:
    """All journal entries in order, as the verifier wants them, from one moment of the database."""
    with engine.connect() as connection:
        for seq, at, actor, correlation, subject, payload, digest in connection.exec_driver_sql(_LINKS):
            yield Link(
                seq=seq,
                at_us=at,
                actor=actor,
                correlation=correlation,
                subject=subject,
                payload=payload.encode(),
                hash=bytes(digest),
            )


def rebuild(connection: sqlite3.Connection, dialect: Dialect) -> int:
    """Empty every table but the journal and fill it again, in one transaction; returns entries replayed.

    Runs on the writer's connection. On any error the tables stay as they were."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table in PROJECTED:
            connection.execute(str(table.delete().compile(dialect=dialect)))
        count = _replay(connection, connection, dialect)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return count


def differences(engine: Engine, limit: int = 50) -> list[str]:
    """One sentence for each row in which the tables differ from a replay of the journal; [] when they agree."""
    fresh = create_engine("sqlite://", creator=_scratch, poolclass=StaticPool)
    found: list[str] = []
    try:
        metadata.create_all(fresh)
        with engine.connect() as kept, fresh.connect() as made:
            old: Any = kept.connection.driver_connection
            new: Any = made.connection.driver_connection
            old.execute("BEGIN")  # one moment for the journal and all tables
            _replay(old, new, fresh.dialect)
            for table in PROJECTED:
                key = [column.name for column in table.primary_key]
                query = str(table.select().order_by(*table.primary_key).compile(dialect=engine.dialect))
                for line in _compare(table.name, len(key), old.execute(query), new.execute(query)):
                    found.append(line)
                    if len(found) >= limit:
                        break
            old.execute("ROLLBACK")
    finally:
        fresh.dispose()
    return found[:limit]


def _scratch() -> sqlite3.Connection:
    """A private database that lives in memory and spills to a temporary file."""
    return sqlite3.connect("", check_same_thread=False, isolation_level=None)


def _replay(source: sqlite3.Connection, target: sqlite3.Connection, dialect: Dialect) -> int:
    projector = Projector(dialect)
    count = 0
    reading = source.execute("SELECT seq, at, payload FROM journal ORDER BY seq")
    while rows := reading.fetchmany(_CHUNK):
        changes = Changes()
        for seq, at, payload in rows:
            project(changes, seq, from_us(at), _decoder.decode(payload))
        projector.write(target.cursor(), changes)
        count += len(rows)
    return count


def _compare(table: str, keys: int, old: Iterator[Any], new: Iterator[Any]) -> Iterator[str]:
    """Walk two row streams in key order. Key columns come first in every table."""
    have, want = next(old, None), next(new, None)
    while have is not None or want is not None:
        if want is None or (have is not None and have[:keys] < want[:keys]):
            yield f"{table}: row {_name(have, keys)} is not in the journal"
            have = next(old, None)
        elif have is None or want[:keys] < have[:keys]:
            yield f"{table}: row {_name(want, keys)} is missing"
            want = next(new, None)
        else:
            if have != want:
                yield f"{table}: row {_name(have, keys)} differs from the journal"
            have, want = next(old, None), next(new, None)


def _name(row: Any, keys: int) -> str:
    return " ".join(str(part) for part in row[:keys])
