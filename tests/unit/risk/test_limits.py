"""Limits: each field range-checked, read back from disk as written."""

from typing import Any

import msgspec
import pytest

from server.core.errors import Invalid
from server.risk.limits import Limits, limits_from, limits_to


def test_limits_when_written_and_read_then_the_same() -> None:
    limits = Limits(order_value=123, blocked=("NIFTY", "NSE:INFY"), price_age=2.5)
    assert limits_from(msgspec.json.decode(msgspec.json.encode(limits_to(limits)))) == limits


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order_quantity": 0}, "order_quantity"),
        ({"order_value": -1}, "order_value"),
        ({"position_quantity": 10**12}, "position_quantity"),
        ({"concentration": 100.5}, "concentration"),
        ({"day_loss": "50000"}, "day_loss"),
        ({"open_orders": 10_001}, "open_orders"),
        ({"orders_per_second": 0.0}, "orders_per_second"),
        ({"price_away": 0.0}, "price_away"),
        ({"price_age": -1.0}, "price_age"),
        ({"blocked": [1]}, "blocked[0]"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"blocked": ["x" * 61]}, "blocked[0]"),
    ],
)
def test_limits_when_out_of_range_then_refused_naming_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        limits_from({**limits_to(Limits()), **change})
    assert wrong.value.field == field
    assert wrong.value.code == "risk.limits"
    assert wrong.value.remedy


def test_limits_when_refused_then_the_sentence_has_the_range() -> None:
    for change, sentence in (
        ({"order_quantity": None}, "order quantity must be a whole number from 1 to 1,000,000,000."),
        ({"leverage": 5000.0}, "leverage must be a number above 0, at most 1,000, or nothing for no limit."),
    ):
        with pytest.raises(Invalid, match="Limits not changed") as wrong:
            limits_from({**limits_to(Limits()), **change})
        assert wrong.value.detail == f"Limits not changed: {sentence}"
