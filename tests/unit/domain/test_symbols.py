"""The canonical symbol form is the one external tools already send."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.errors import Invalid
from server.domain.instruments import Right, future_symbol, option_symbol, parse_symbol


def test_known_symbols() -> None:
    assert option_symbol("NIFTY", date(2026, 12, 1), Decimal(24500), "CE") == "NIFTY01DEC2624500CE"
    assert option_symbol("VEDL", date(2024, 4, 25), Decimal("292.50"), "CE") == "VEDL25APR24292.5CE"
    assert future_symbol("BANKNIFTY", date(2024, 4, 24)) == "BANKNIFTY24APR24FUT"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RELIANCE",
        "NIFTY31FEB2624500CE",
        "NIFTY01DEC26CE",
        "NIFTY01XXX2624500CE",
        "nifty01DEC2624500CE",
        "NIFTY01DEC2624500XX",
    ],
)
def test_wrong_symbols_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(Invalid, match="not a derivative symbol") as caught:
        parse_symbol(text)
    assert "NIFTY01DEC2624500CE" in caught.value.remedy


@given(
    name=st.sampled_from(["NIFTY", "BANKNIFTY", "M&M", "BAJAJ-AUTO", "NIFTYNXT50", "360ONE"]),
    expiry=st.dates(date(2020, 1, 1), date(2099, 12, 31)),
    strike=st.decimals(Decimal("0.5"), Decimal(200000), places=2),
    right=st.sampled_from(["CE", "PE"]),
)
def test_symbols_round_trip(name: str, expiry: date, strike: Decimal, right: Right) -> None:
    if name[0].isdigit():
        name = "A" + name
    parts = parse_symbol(option_symbol(name, expiry, strike, right))
    assert (parts.name, parts.expiry, parts.strike, parts.right) == (name, expiry, strike, right)
