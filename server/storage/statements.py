"""SQLAlchemy Core statements compiled once to driver SQL, for the writer thread.

Building and compiling an INSERT through SQLAlchemy costs more than the INSERT itself. The statement and the column
types' conversions are therefore worked out once for a dialect; after that a row is a tuple given to the raw cursor.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol

from sqlalchemy import Dialect, Table

from server.core.errors import Fault
from server.storage.columns import Exact, Moment, to_us

__all__ = ("Cursor", "Statement", "insert", "upsert")


_PLAIN: dict[type, Callable[[Any], Any]] = {Moment: to_us, Exact: str}
"""What the commonest columns' own types do, without the layers in between: half of a row's cost."""


class Cursor(Protocol):
    """What is used of a driver's cursor."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any: ...

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> Any: ...


class Statement:
    """One writing statement for all columns of a table, in the table's own column order."""

    def __init__(self, table: Table, built: Any, dialect: Dialect) -> None:
        names = [column.name for column in table.columns]
        compiled = built.compile(dialect=dialect, column_keys=names)
        if list(compiled.positiontup or ()) != names:
            raise Fault(f"the statement for {table.name} does not take its columns in order")
        self.table = table
        self.sql = str(compiled)
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
        ready = [list(row) for row in rows]
        for values in ready:
            for place, convert in self._present:
                if (value := values[place]) is not None:
                    values[place] = convert(value)
            for place, convert in self._convert:
                values[place] = convert(values[place])
        if len(ready) == 1:
            cursor.execute(self.sql, ready[0])
        else:
            cursor.executemany(self.sql, ready)


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
