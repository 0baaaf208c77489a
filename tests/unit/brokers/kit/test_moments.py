"""Moments, fields and option symbols as brokers write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from server.brokers.kit.fields import Fields
from server.brokers.kit.moments import epoch, epoch_text, local, rfc3339
from server.brokers.kit.occ import OccSymbol, occ_symbol, read_occ
from server.core.errors import Invalid

NAME = ("broker", "call", "$.at")


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-11-20T10:00:00.123456789Z", datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-20T10:00:00.9999999Z", datetime(2026, 11, 20, 10, 0, 0, 999999, tzinfo=UTC)),
        ("2026-11-20T15:30:00+05:30", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T15:30:00+0530", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_rfc3339_when_read_then_utc_and_never_rounded(raw: str | None, moment: datetime | None) -> None:
    assert rfc3339(*NAME, raw) == moment


@pytest.mark.parametrize("raw", ["2026-13-01T00:00:00Z", "yesterday", "2026-11-20", "0001-01-01T00:00:00+23:59"])
def test_rfc3339_when_no_moment_then_invalid_with_its_path(raw: str) -> None:
    with pytest.raises(Invalid) as caught:
        rfc3339(*NAME, raw)
    assert (caught.value.field, caught.value.extra["call"]) == ("$.at", "call")


def test_epoch_when_the_unit_is_misread_then_invalid() -> None:
    assert epoch(*NAME, 1_795_146_300_000) == epoch(*NAME, 1_795_146_300, "s")
    assert epoch(*NAME, 0) is None
    with pytest.raises(Invalid):
        epoch(*NAME, 1_795_146_300_000, "s")
    with pytest.raises(Invalid):
        epoch_text(*NAME, "12x")


def test_local_when_a_wall_clock_then_utc() -> None:
    assert local(*NAME, "09:15:00 20-11-2026", ("%H:%M:%S %d-%m-%Y",)) == datetime(2026, 11, 20, 3, 45, tzinfo=UTC)
    with pytest.raises(Invalid):
        local(*NAME, "09:15", ("%H:%M:%S %d-%m-%Y",))


def test_fields_when_ill_typed_then_invalid_and_never_another_error() -> None:
    fields = Fields("broker", "call")
    odd: tuple[object, ...] = (True, {}, [], "x", "NaN", "1e9999", 10**40)
    for raw in odd:
        with pytest.raises(Invalid):
            fields.need("$.n", raw)
    moments: tuple[object, ...] = ({}, 1.5, "1.5", True)
    for raw in moments:
        with pytest.raises(Invalid):
            fields.epoch("$.at", raw)
    assert (fields.number("$.n", ""), fields.price("$.n", "0.00"), fields.whole("$.n", "5")) == (None, None, 5)


def test_option_symbol_when_taken_apart_and_put_together_then_the_same() -> None:
    parts = read_occ("AAPL240503P00155000")
    assert parts == OccSymbol("AAPL", date(2024, 5, 3), "PE", Decimal(155))
    assert occ_symbol(parts) == "AAPL240503P00155000"
    assert read_occ(occ_symbol(parts, padded=True)) == parts
    assert str(read_occ("SPY  261218C00500500").strike) == "500.5"  # type: ignore[union-attr]
    assert read_occ("AAPL") is None and read_occ("AAPL249903P00155000") is None
