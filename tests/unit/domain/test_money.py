"""Money is exact; floats from the market table become the Decimal they stand for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.money import Money, exact, on_tick, to_minor, to_text


def test_rounding_is_half_up_away_from_zero() -> None:
    assert [to_minor(Decimal(t)) for t in ("1.005", "-1.005", "1.004", "0.115")] == [101, -101, 100, 12]


def test_text_keeps_the_paise() -> None:
    assert [to_text(m) for m in (123450, -5, 0)] == ["1234.50", "-0.05", "0.00"]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="USD"):
        Money(1) + Money(1, "USD")


@given(st.integers(1, 20_000_000))
def test_exact_gives_the_tick_back(ticks: int) -> None:
    price = Decimal(ticks) * Decimal("0.05")
    assert exact(float(price)) == price
    assert on_tick(exact(float(price)), Decimal("0.05"))
