"""Recorded days on disk: one SQLite file in the data folder, one row an instrument, day and grain.

Why a file of its own and not the journal's database or the tick store: recordings are neither books nor prices of a
running market, they can be imported again, and an import must appear whole or not at all. One transaction a file gives
that. Columns are packed as zlib over NumPy bytes. See `server/decisions/0007-replay.md`.
"""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Unavailable
from server.domain.instruments import Instrument
from server.domain.recordings import Grain, ImportJob
from server.feeds.replay.clean import DayRows
from server.feeds.replay.found import Found, Token

__all__ = ("FILE", "Recorded", "Recording", "Recordings")

FILE: Final = "recordings.db"
_VERSION: Final = 2
_SCHEMA: Final = """
CREATE TABLE series (
  day TEXT NOT NULL, key TEXT NOT NULL, grain TEXT NOT NULL, source TEXT NOT NULL, rows INTEGER NOT NULL,
  open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL, volume INTEGER NOT NULL,
  first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, lot INTEGER, fingerprint BLOB NOT NULL, faults TEXT NOT NULL,
  instrument BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (day, key, grain)) WITHOUT ROWID;
CREATE INDEX series_key ON series (key, day);
CREATE INDEX series_print ON series (key, fingerprint);
CREATE TABLE daily (
  day TEXT NOT NULL, key TEXT NOT NULL, open REAL, high REAL, low REAL, close REAL NOT NULL, previous REAL,
  volume INTEGER NOT NULL, oi INTEGER NOT NULL, PRIMARY KEY (day, key)) WITHOUT ROWID;
CREATE INDEX daily_key ON daily (key, day);
CREATE TABLE opening (day TEXT NOT NULL, key TEXT NOT NULL, oi INTEGER NOT NULL, PRIMARY KEY (day, key)) WITHOUT ROWID;
CREATE TABLE tokens (token INTEGER PRIMARY KEY, lot INTEGER NOT NULL, instrument BLOB NOT NULL);
CREATE TABLE imports (id TEXT PRIMARY KEY, at TEXT NOT NULL, body BLOB NOT NULL);
"""
_SECOND: Final = _SCHEMA[_SCHEMA.index("CREATE TABLE opening") : _SCHEMA.index("CREATE TABLE tokens")]
"""What version 2 added: open interest of the session before, as a day's own file states it."""
_GRAINS: Final[tuple[Grain, ...]] = ("ticks", "snapshots", "1m", "5m", "15m")
"""Finest first: of several recordings of one instrument and day the finest is replayed."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument's recorded day, without its rows."""

    day: date
    instrument: Instrument
    grain: Grain
    source: str
    """Name of the file it came from."""
    rows: int
    open: float
    high: float
    low: float
    close: float
    """Its closing value: what the file gives after the close, else the last price."""
    volume: int
    first_ns: int
    last_ns: int
    lot: int | None
    faults: tuple[str, ...]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A recording with its rows."""

    about: Recording
    time: npt.NDArray[np.int64]
    columns: dict[str, npt.NDArray[Any]]


class Recordings:
    """Reads and writes the file; connections are short-lived, so a thread or another process may use it too."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def open(self, now: datetime) -> str:
        """Make the file where there is none; puts a damaged one aside and says so ("" = nothing to say)."""
        try:
            with self._connect() as connection:
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    connection.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={_VERSION};COMMIT;")
                elif version == 1:
                    connection.executescript(f"BEGIN;{_SECOND}PRAGMA user_version={_VERSION};COMMIT;")
                elif version != _VERSION:
                    raise Unavailable(
                        f"Recorded days are of version {version}, this Sauda reads {_VERSION}.",
                        code="recordings.version",
                        remedy="Use the newer Sauda, or move recordings.db away and import the files again.",
                    )
                sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise Unavailable(
                    f"Recorded days cannot be opened: {error}.", code="recordings.open", remedy="Try again."
                ) from error
            sound = False
        if not sound:
            aside = self._path.with_name(f"{FILE}.damaged-{now:%Y%m%d-%H%M%S}")
            self._path.replace(aside)
            for tail in ("-wal", "-shm"):
                self._path.with_name(FILE + tail).unlink(missing_ok=True)
            self.open(now)
            return f"The recorded days could not be read; the file is kept as {aside.name}. Import them again."
        return ""

    # ------------------------------------------------------------- writing

    def store(self, job: ImportJob, days: Sequence[DayRows], found: Found) -> None:
        """Put all of one file in, or nothing: days to replay, and what it said to look things up in."""
        with self._connect() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "REPLACE INTO series VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", (_pack(job.file, d) for d in days)
            )
            connection.executemany(
                "REPLACE INTO daily VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    (r.day.isoformat(), r.instrument.key, r.open, r.high, r.low, r.close, r.previous, r.volume, r.oi)
                    for r in found.daily
                ),
            )
            connection.executemany(
                "REPLACE INTO tokens VALUES (?,?,?)",
                ((t.token, t.lot, msgspec.json.encode(t.instrument)) for t in found.tokens),
            )
            connection.executemany(
                "REPLACE INTO opening VALUES (?,?,?)", ((o.day.isoformat(), o.key, o.oi) for o in found.opening)
            )
            _note(connection, job)

    def note(self, job: ImportJob) -> None:
        """Keep the report of an import."""
        with self._connect() as connection, connection:
            _note(connection, job)

    def drop(self, day: date, key: str) -> None:
        """Take a day of an instrument out again."""
        with self._connect() as connection, connection:
            connection.execute("DELETE FROM series WHERE day = ? AND key = ?", (day.isoformat(), key))

    # ------------------------------------------------------------- reading

    def imports(self, limit: int = 200) -> list[ImportJob]:
        """Reports of imports, newest first."""
        rows = self._all("SELECT body FROM imports ORDER BY at DESC, id DESC LIMIT ?", (limit,))
        return [msgspec.json.decode(body, type=ImportJob) for (body,) in rows]

    def one_import(self, job: str) -> ImportJob | None:
        """One report."""
        rows = self._all("SELECT body FROM imports WHERE id = ?", (job,))
        return msgspec.json.decode(rows[0][0], type=ImportJob) if rows else None

    def recordings(self, day: date | None = None) -> list[Recording]:
        """What is recorded, of one day or of all, the finest grain of each instrument and day."""
        where, arguments = ("WHERE day = ?", (day.isoformat(),)) if day is not None else ("", ())
        best: dict[tuple[str, str], Recording] = {}
        for row in self._all(f"SELECT {_ABOUT} FROM series {where} ORDER BY day, key", arguments):  # noqa: S608
            found = _about(row)
            place = (row[0], found.instrument.key)
            if place not in best or _GRAINS.index(found.grain) < _GRAINS.index(best[place].grain):
                best[place] = found
        return list(best.values())

    def load(self, recording: Recording) -> Recorded | None:
        """A recording's rows; None when it is gone."""
        rows = self._all(
            "SELECT data FROM series WHERE day = ? AND key = ? AND grain = ?",
            (recording.day.isoformat(), recording.instrument.key, recording.grain),
        )
        return _unpack(recording, rows[0][0]) if rows else None

    def of_key(self, key: str, before: date, limit: int) -> list[Recording]:
        """An instrument's recorded days before `before`, newest first, the finest of each."""
        rows = self._all(
            f"SELECT {_ABOUT} FROM series WHERE key = ? AND day < ? ORDER BY day DESC LIMIT ?",  # noqa: S608
            (key, before.isoformat(), limit * len(_GRAINS)),
        )
        best: dict[str, Recording] = {}
        for row in rows:
            found = _about(row)
            if row[0] not in best or _GRAINS.index(found.grain) < _GRAINS.index(best[row[0]].grain):
                best[row[0]] = found
        return list(best.values())[:limit]

    def twin(self, key: str, fingerprint: bytes, day: date) -> date | None:
        """Another day of the instrument with the very same prices at the same times."""
        if not fingerprint:
            return None
        rows = self._all(
            "SELECT day FROM series WHERE key = ? AND fingerprint = ? AND day <> ? ORDER BY day LIMIT 1",
            (key, fingerprint, day.isoformat()),
        )
        return date.fromisoformat(rows[0][0]) if rows else None

    def near(self, key: str, day: date, days: int) -> float | None:
        """A recorded or published close of the instrument within some days of `day`, the nearest one."""
        rows = self._all(
            "SELECT close, abs(julianday(day) - julianday(?)) AS away FROM ("
            "SELECT day, close FROM series WHERE key = ? "
            "UNION ALL SELECT day, close FROM daily WHERE key = ?) WHERE away <= ? ORDER BY away LIMIT 1",
            (day.isoformat(), key, key, days),
        )
        return float(rows[0][0]) if rows else None

    def close_on(self, key: str, day: date) -> float | None:
        """Closing value of a day: published, or recorded."""
        rows = self._all(
            "SELECT close FROM daily WHERE key = ? AND day = ? UNION ALL "
            "SELECT close FROM series WHERE key = ? AND day = ? LIMIT 1",
            (key, day.isoformat(), key, day.isoformat()),
        )
        return float(rows[0][0]) if rows else None

    def previous_said(self, key: str, day: date) -> float | None:
        """The close of the session before that day's bhavcopy states."""
        rows = self._all("SELECT previous FROM daily WHERE key = ? AND day = ?", (key, day.isoformat()))
        return float(rows[0][0]) if rows and rows[0][0] is not None else None

    def daily(self, key: str, before: date, limit: int) -> list[tuple[date, float, float, float, float, int, int]]:
        """(day, open, high, low, close, volume, oi) of days before `before` that traded, newest first."""
        rows = self._all(
            "SELECT day, open, high, low, close, volume, oi FROM daily WHERE key = ? AND day < ? "
            "AND open > 0 AND high > 0 AND low > 0 ORDER BY day DESC LIMIT ?",
            (key, before.isoformat(), limit),
        )
        return [(date.fromisoformat(row[0]), *row[1:]) for row in rows]

    def opening_interest(self, day: date, since: date) -> dict[str, int]:
        """Open interest of contracts at the end of the session before the day, units by key: as the day's own files
        state it, else as published that evening, else the last that was recorded. Not older than `since`."""
        reach = (since.isoformat(), day.isoformat())
        found: dict[str, int] = {}
        for (eve,) in self._all("SELECT max(day) FROM series WHERE day >= ? AND day < ?", reach):
            kept = self.recordings(date.fromisoformat(eve)) if eve else []
            found |= {r.instrument.key: oi for r in kept if r.instrument.derivative and (oi := self._last_interest(r))}
        found |= dict(
            self._all(
                "SELECT key, oi FROM daily WHERE oi > 0 AND day = "
                "(SELECT max(day) FROM daily WHERE oi > 0 AND day >= ? AND day < ?)",
                reach,
            )
        )
        return found | dict(self._all("SELECT key, oi FROM opening WHERE day = ?", (day.isoformat(),)))

    def _last_interest(self, recording: Recording) -> int:
        recorded = self.load(recording)
        oi = recorded.columns.get("oi") if recorded is not None else None
        if oi is None:
            return 0
        held = oi[oi > 0]
        return int(held[-1]) if len(held) else 0

    def token(self, token: int) -> Token | None:
        """What a broker's number means."""
        rows = self._all("SELECT lot, instrument FROM tokens WHERE token = ?", (token,))
        if not rows:
            return None
        return Token(token=token, lot=rows[0][0], instrument=msgspec.json.decode(rows[0][1], type=Instrument))

    # -------------------------------------------------------------- inside

    def _all(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        with self._connect() as connection:
            return connection.execute(sql, arguments).fetchall()

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            yield connection
        finally:
            connection.close()


_ABOUT: Final = "day, grain, source, rows, open, high, low, close, volume, first_ns, last_ns, lot, faults, instrument"


def _about(row: Sequence[Any]) -> Recording:
    return Recording(
        day=date.fromisoformat(row[0]),
        grain=row[1],
        source=row[2],
        rows=row[3],
        open=row[4],
        high=row[5],
        low=row[6],
        close=row[7],
        volume=row[8],
        first_ns=row[9],
        last_ns=row[10],
        lot=row[11],
        faults=tuple(row[12].split()),
        instrument=msgspec.json.decode(row[13], type=Instrument),
    )


def _pack(source: str, rows: DayRows) -> tuple[object, ...]:
    columns, inside = rows.columns, rows.trading
    bars = "close" in columns
    high, low = (columns[name][inside] for name in (("high", "low") if bars else ("price", "price")))
    first = columns["open" if bars else "price"][inside]
    volume = columns["volume"]
    return (
        rows.day.isoformat(),
        rows.instrument.key,
        rows.grain,
        source,
        len(rows.time),
        float(first[0]),
        float(high.max()),
        float(low.min()),
        rows.close,
        int(volume.sum() if bars else volume[-1]),
        int(rows.time[0]),
        int(rows.time[-1]),
        rows.lot,
        rows.fingerprint,
        " ".join(rows.faults),
        msgspec.json.encode(rows.instrument),
        _bytes(rows),
    )


def _bytes(rows: DayRows) -> bytes:
    """Times as steps, columns that hold nothing left out: what compresses well."""
    kept = {name: c for name, c in rows.columns.items() if not (c.dtype.kind == "f" and np.isnan(c).all()) and c.any()}
    head = {"n": len(rows.time), "columns": {name: c.dtype.str for name, c in kept.items()}}
    names = {"missing": {n: c.dtype.str for n, c in rows.columns.items() if n not in kept}}
    parts = [np.diff(rows.time, prepend=0).tobytes(), *(np.ascontiguousarray(c).tobytes() for c in kept.values())]
    return zlib.compress(msgspec.msgpack.encode((msgspec.msgpack.encode(head | names), parts)), 6)


def _unpack(about: Recording, data: bytes) -> Recorded:
    head, parts = msgspec.msgpack.decode(zlib.decompress(data), type=tuple[bytes, list[bytes]])
    form = msgspec.msgpack.decode(head)
    time = np.cumsum(np.frombuffer(parts[0], dtype=np.int64))
    columns: dict[str, npt.NDArray[Any]] = {
        name: np.frombuffer(part, dtype=kind)
        for (name, kind), part in zip(form["columns"].items(), parts[1:], strict=True)
    }
    for name, kind in form["missing"].items():
        columns[name] = np.full(form["n"], np.nan) if np.dtype(kind).kind == "f" else np.zeros(form["n"], dtype=kind)
    return Recorded(about=about, time=time, columns=columns)


def _note(connection: sqlite3.Connection, job: ImportJob) -> None:
    connection.execute("REPLACE INTO imports VALUES (?,?,?)", (job.id, job.at.isoformat(), msgspec.json.encode(job)))
