"""SQLAlchemy Core statements compiled once to driver SQL, for the writer thread.

Building and compiling an INSERT through SQLAlchemy costs more than the INSERT itself. The statement and the column
types' conversions are therefore worked out once for a dialect; after that a row is a tuple given to the raw cursor.

Several rows go as one statement with several VALUES, not through `executemany`: that lets go of the interpreter and
asks for it back at every row, which is dear while the event loop is busy.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol

from sqlalchemy import Dialect, Table

from server.core.errors import Fault
from server.storage.columns import Exact, Moment, to_us

__all__ = ("Cursor", "Statement", "insert", "upsert")


_SIZES = (32, 16, 8, 7, 6, 5, 4, 3, 2, 1)
"""Rows a statement may have: few sizes, so that the driver keeps them all prepared (128 statements), and far below
SQLite's limit of 32,766 values."""

_PLAIN: dict[type, Callable[[Any], Any]] = {Moment: to_us, Exact: str}
"""What the commonest columns' own types do, without the layers in between: half of a row's cost."""


class Cursor(Protocol):
    """What is used of a driver's cursor."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any: ...


class Statement:
    """One writing statement for all columns of a table, in the table's own column order."""

    def __init__(self, table: Table, built: Any, dialect: Dialect) -> None:
        names = [column.name for column in table.columns]
        compiled = built.compile(dialect=dialect, column_keys=names)
        if list(compiled.positiontup or ()) != names:
            raise Fault(f"the statement for {table.name} does not take its columns in order")
        self.table = table
        self.sql = str(compiled)
        self._sql = _by_size(self.sql, table)
        self._convert: list[tuple[int, Callable[[Any], Any]]] = []
        self._present: list[tuple[int, Callable[[Any], Any]]] = []
        """Conversions of what is there: None stays None."""
        for place, column in enumerate(table.columns):
            plain = _PLAIN.get(type(column.type))
            if plain is not None:
                self._present.append((place, plain))
                continue
            processor = column.type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                self._convert.append((place, processor))

    def run(self, cursor: Cursor, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows of domain values, in order."""
        at, left = 0, len(rows)
        for size in _SIZES:
            while left >= size:
                cursor.execute(self._sql[size], self._ready(rows[at : at + size]))
                at, left = at + size, left - size

    def _ready(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The values of some rows, converted, one row after the other."""
        values: list[Any] = []
        for row in rows:
            start = len(values)
            values += row
            for place, convert in self._present:
                if (value := values[start + place]) is not None:
                    values[start + place] = convert(value)
            for place, convert in self._convert:
                values[start + place] = convert(values[start + place])
        return values


def _by_size(sql: str, table: Table) -> dict[int, str]:
    """The statement for each number of rows."""
    head, begin, rest = sql.partition(" VALUES (")
    one, end, tail = rest.partition(")")
    if not begin or not end or begin in tail:
        raise Fault(f"the statement for {table.name} has no plain list of values")
    return {size: f"{head} VALUES {', '.join([f'({one})'] * size)}{tail}" for size in _SIZES}


def insert(table: Table, dialect: Dialect) -> Statement:
    """INSERT; a row that is there already is an error."""
    return Statement(table, table.insert(), dialect)


def upsert(table: Table, dialect: Dialect, add: tuple[str, ...] = ()) -> Statement:
    """INSERT, or replace the row with the same primary key; columns in `add` are added to instead."""
    # both dialects spell it alike, and importing one that is not used costs start-up time
    base: Any = import_module(f"sqlalchemy.dialects.{dialect.name}").insert(table)
    change = {
        column.name: column + base.excluded[column.name] if column.name in add else base.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return Statement(table, base.on_conflict_do_update(index_elements=list(table.primary_key), set_=change), dialect)
