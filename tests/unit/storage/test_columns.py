"""Column types give back exactly what went in."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, select

from server.storage.columns import BigKey, Exact, Json, Moment, from_us, to_us

TABLE = Table(
    "t", MetaData(), Column("id", BigKey, primary_key=True), Column("a", Exact), Column("b", Moment), Column("c", Json)
)


@pytest.mark.parametrize("price", ["182.30", "0.05", "-0", "1E+2", "12345678901234567890.123456789", None])
def test_exact_when_read_back_then_same_digits(price: str | None) -> None:
    value = None if price is None else Decimal(price)
    assert str(stored("a", value)) == str(value)


def test_moment_when_read_back_then_same_microsecond_in_utc() -> None:
    moment = datetime(2026, 11, 20, 9, 15, 0, 123457, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    back = stored("b", moment)
    assert isinstance(back, datetime)
    assert back == moment
    assert back.tzinfo is UTC
    assert from_us(to_us(moment)) == moment
    assert from_us(to_us(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))).year == 1969


def test_json_when_read_back_then_plain_data() -> None:
    assert stored("c", {"a": Decimal("1.50"), "b": [1, None, True]}) == {"a": "1.50", "b": [1, None, True]}


def stored(column: str, value: object) -> object:
    """A value through the database and back."""
    engine = create_engine("sqlite://")
    TABLE.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(TABLE.insert(), {"id": 1, "a": None, "b": None, "c": None, column: value})
        return connection.execute(select(TABLE.c[column])).scalar_one_or_none()
