"""Dated rows: how `config/rules/*.toml` becomes tables that answer "what holds on this day".

A table's rows are grouped by key. Within a key a row holds from its `from` until the day before the next row's
`from`, or until its own `to` where that comes first. Rows of a group that is switched off are not there at all, so the
row before them stays in force. See `server/decisions/0003-dated-rules.md`.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import msgspec

from server.core.errors import Fault, Invalid

__all__ = ("Confidence", "Row", "Rows", "Table", "unknown")

Confidence = Literal["H", "M", "L", "MEM"]
_FIRST = date(1, 1, 1)


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every row says besides its rule."""

    source: str
    """Key of `sources.toml`, or words."""
    conf: Confidence
    since: date | None = msgspec.field(name="from", default=None)
    """First day, inclusive; None = older than our knowledge."""
    to: date | None = None
    """Last day, inclusive, where the rule or our knowledge ends; None = until the next row."""
    group: str = ""
    """Name of the group this row can be switched off with."""
    note: str = ""


R = TypeVar("R", bound=Row)


def unknown(what: str, detail: str, *, field: str = "", remedy: str = "") -> Invalid:
    """The error of a date, name or segment that no row covers."""
    return Invalid(
        detail,
        code=f"rules.unknown_{what}",
        field=field or what,
        remedy=remedy or "Add the rule to config/rules with its source, or choose what the rulebook knows.",
    )


class Table(Generic[R]):
    """The rows of one table by key, newest last."""

    def __init__(self, name: str, rows: Iterable[tuple[str, R]]) -> None:
        self.name = name
        self._by_key: dict[str, list[R]] = {}
        for key, row in rows:
            self._by_key.setdefault(key, []).append(row)
        self._starts: dict[str, list[date]] = {}
        for key, held in self._by_key.items():
            held.sort(key=lambda row: row.since or _FIRST)
            self._starts[key] = [row.since or _FIRST for row in held]
            for before, after in pairwise(held):
                if (before.since or _FIRST) == after.since or (before.to and before.to >= (after.since or _FIRST)):
                    raise Fault(
                        f"Two rows of {name} {key!r} claim {after.since}.", code="rules.overlap", field=f"{name}.{key}"
                    )

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def at(self, key: str, day: date) -> R | None:
        """The row that holds on `day`; None when no row does."""
        starts = self._starts.get(key)
        if starts is None:
            return None
        index = bisect_right(starts, day) - 1
        if index < 0:
            return None
        row = self._by_key[key][index]
        return None if row.to is not None and row.to < day else row

    def need(self, key: str, day: date, what: str = "") -> R:
        """The row that holds on `day`; Invalid (`rules.unknown_<what>`) when no row does."""
        row = self.at(key, day)
        if row is None:
            what = what or self.name
            words = what.replace("_", " ")
            if key not in self._by_key:
                raise unknown(what, f"The rulebook has no {words} for {key}.")
            raise unknown(what, f"The rulebook has no {words} for {key} on {day}.", field="day")
        return row

    def until(self, key: str, row: R) -> date | None:
        """Last day of `row`, as its own `to` or the next row has it; None = still open."""
        held = self._by_key[key]
        index = held.index(row)
        following = held[index + 1].since if index + 1 < len(held) else None
        ends = [d for d in (row.to, following - timedelta(days=1) if following else None) if d is not None]
        return min(ends, default=None)


class Rows:
    """All rule files of a folder, read once; tables are taken out of it by name."""

    def __init__(self, folder: Path, without: frozenset[str]) -> None:
        self._tables: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.groups: set[str] = set()
        self._taken: set[str] = set()
        files = sorted(folder.glob("*.toml"))
        if not files:
            raise Fault(f"No rule files in {folder}.", code="rules.missing", remedy="Install Sauda again.")
        for file in files:
            try:
                content = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
            except (OSError, tomllib.TOMLDecodeError) as error:
                raise Fault(f"{file.name} cannot be read: {error}.", code="rules.file", field=file.name) from error
            for name, rows in content.items():
                if isinstance(rows, list):
                    self._tables.setdefault(name, []).extend((file.name, row) for row in rows)
        for rows in self._tables.values():
            self.groups.update(row["group"] for _, row in rows if row.get("group"))
        if missing := without - self.groups:
            raise Invalid(
                f"There is no group of rules called {', '.join(sorted(missing))}.",
                code="rules.unknown_group",
                field="without",
                remedy=f"Known groups: {', '.join(sorted(self.groups)) or 'none'}.",
            )
        for name, rows in self._tables.items():
            self._tables[name] = [(file, row) for file, row in rows if row.get("group", "") not in without]

    def take(self, name: str, kind: type[R]) -> list[R]:
        """All rows of a table, checked against `kind`."""
        self._taken.add(name)
        found = []
        for index, (file, raw) in enumerate(self._tables.get(name, ())):
            try:
                found.append(msgspec.convert(raw, kind))
            except msgspec.ValidationError as error:
                where = f"{file}, {name} row {index + 1}"
                raise Fault(f"{where}: {error}.", code="rules.row", field=where) from error
        return found

    def table(self, name: str, kind: type[R], keys: Callable[[R], Iterable[str]]) -> Table[R]:
        """A dated table; `keys` gives the keys of a row."""
        return Table(name, ((key, row) for row in self.take(name, kind) for key in keys(row)))

    def finish(self) -> None:
        """Raise Fault when a file holds a table that nobody reads."""
        if left := set(self._tables) - self._taken:
            raise Fault(
                f"Rule tables that nothing reads: {', '.join(sorted(left))}.",
                code="rules.table",
                remedy="Mend the name.",
            )
