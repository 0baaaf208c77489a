"""Quantities on the screen: whole units and decimals turn into each other digit by digit; the ticket steps."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from server.domain.instruments import plain_quantity
from tests.web.modules import Call, caller

SIZES, FORM = "format/sizes.js", "views/shared/orderform.js"
STEPS = ("1", "0.1", "0.001", "0.00001", "1E-8", "1E-9", "0.25", "0.0005")
BTC: dict[str, Any] = {
    "kind": "CRYPTO", "name": "BTC", "unit": "0.00001", "lot": 1, "least": 1, "least_value": "5", "currency": "USDT",
}  # fmt: skip


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


def test_size_when_any_then_as_the_server_says_it_and_back(call: Call) -> None:
    cases: list[tuple[int, str]] = []

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(st.integers(0, 2**53 - 1), st.sampled_from(STEPS))
    def gather(units: int, unit: str) -> None:
        cases.append((units, unit))

    gather()
    said = call(SIZES, "return a.map(([n, u]) => m.plainSize(n, u))", cases)
    assert said == [plain_quantity(units, Decimal(unit)) for units, unit in cases]
    pairs = [[text, unit] for text, (_, unit) in zip(said, cases, strict=True)]
    assert call(SIZES, "return a.map(([s, u]) => m.unitsOf(s, u))", pairs) == [units for units, _ in cases]


@pytest.mark.parametrize(
    ("text", "unit", "units"),
    [
        ("0.015", "0.00001", 1500),
        (".015", "0.00001", 1500),
        ("0.0150000", "0.00001", 1500),
        ("1.", "0.001", 1000),
        ("75", "1", 75),
        ("0.5", "0.25", 2),
        ("0.000015", "0.00001", None),
        ("0.3", "0.25", None),
        ("1.5", "1", None),
        ("", "0.001", None),
        ("abc", "0.001", None),
        ("1e3", "0.001", None),
        ("-1", "0.001", None),
        ("99999999999", "0.00001", 9999999999900000 if 9999999999900000 < 2**53 else None),
    ],
)
def test_typed_when_read_then_whole_units_or_nothing(call: Call, text: str, unit: str, units: int | None) -> None:
    assert call(SIZES, "return m.unitsOf(a[0], a[1])", [text, unit]) == units


@pytest.mark.parametrize(
    ("units", "unit", "shown"),
    [
        (1500, "0.00001", "0.015"),
        (123456789, "0.001", "1,23,456.789"),
        (-1500, "0.00001", "−0.015"),
        (1_000_000_000, "1E-9", "1"),
        (75, "1", "75"),
        (130, None, "130"),
        (None, "0.001", "—"),
    ],
)
def test_size_when_shown_then_grouped_with_the_digits_that_count(
    call: Call, units: int | None, unit: str | None, shown: str
) -> None:
    assert call(SIZES, "return m.size(a[0], a[1])", [units, unit]) == shown


@pytest.mark.parametrize(
    ("units", "direction", "big", "after"),
    [
        (1500, 1, False, 1600),
        (1500, -1, False, 1400),
        (1500, 1, True, 2000),
        (1000, -1, False, 990),
        (1555, 1, False, 1600),
        (1555, -1, False, 1500),
        (9, -1, False, 9),
        (None, 1, False, 9),
    ],
)
def test_fraction_when_stepped_then_by_its_second_digit_and_never_below_the_least(
    call: Call, units: int | None, direction: int, big: bool, after: int
) -> None:
    assert call(FORM, "return m.stepSize(a[0], 9, a[1], a[2])", [units, direction, big]) == after


def test_share_when_stepped_then_by_whole_ones(call: Call) -> None:
    one = 10**9
    assert call(FORM, "return m.stepSize(a, 1, 1, false, a)", one) == 2 * one
    assert call(FORM, "return m.stepSize(a * 3, 1, -1, true, a)", one) == 1
    assert call(FORM, "return m.stepSize(a, 1, -1, false, a)", one) == 99 * 10**7


def test_order_when_new_then_it_begins_with_the_smallest_the_exchange_takes(call: Call) -> None:
    assert call(FORM, "return m.firstQuantity(a, 60000)", BTC) == 9  # 5.40 dollars; 8 would be 4.80
    assert call(FORM, "return m.firstQuantity(a, null)", BTC) == 1
    assert call(FORM, "return m.firstQuantity(a, 800)", {**BTC, "unit": "1E-9", "kind": "EQUITY"}) == 10**9
    assert call(FORM, "return m.firstQuantity(a, 60000)", {**BTC, "unit": "1", "lot": 65}) == 65


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0.015", None),
        ("0.000015", ["ticket.stepFault", {"step": "0.00001"}]),
        ("0.00008", ["ticket.valueFault", {"value": "5 USDT"}]),
        ("0.00009", None),
        ("", None),
        ("0", None),
    ],
)
def test_typed_when_between_steps_or_too_small_then_said_before_anyone_is_asked(
    call: Call, text: str, fault: list[Any] | None
) -> None:
    assert call(FORM, "return m.sizeFault(a[0], a[1], 60000)", [text, BTC]) == fault


def test_typed_when_below_the_least_quantity_then_that_is_said(call: Call) -> None:
    found = call(FORM, "return m.sizeFault('0.0005', a, 60000)", {**BTC, "least": 100})
    assert found == ["ticket.leastFault", {"least": "0.001 BTC"}]


def test_request_when_of_fractions_then_it_says_what_its_units_are(call: Call) -> None:
    draft = {
        "key": "CRYPTO:BTCUSDT", "side": "BUY", "quantity": 1500, "unit": "0.00001", "type": "LIMIT", "product": "CNC",
        "price": "60000.00", "trigger": "", "validity": "DAY", "afterMarket": False, "requestId": "w1",
        "variety": "plain", "slice": None, "stop": "", "target": "", "disclosed": None, "protection": "",
    }  # fmt: skip
    asked = call(FORM, "return m.toRequest(a, 'binance-1')", draft)
    assert (asked["quantity"], asked["unit"]) == (1500, "0.00001")
    assert call(FORM, "return m.amountOf(a, undefined, null, null).amount", draft) == 900
