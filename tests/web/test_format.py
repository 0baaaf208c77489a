"""Numbers and dates as an Indian trader reads them; nothing unknown ever shows as a figure."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

MINUS, DASH, RUPEE = "\u2212", "\u2014", "\u20b9"


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


@pytest.mark.parametrize(
    ("function", "value", "shown"),
    [
        ("number", 451206.4, "4,51,206.40"),
        ("number", 12345678, "1,23,45,678.00"),
        ("number", 999, "999.00"),
        ("number", -1234.5, f"{MINUS}1,234.50"),
        ("number", -0.001, "0.00"),
        ("signed", 1839.5, "+1,839.50"),
        ("signed", 0.001, "0.00"),
        ("signed", -0.004, "0.00"),
        ("rupees", "-1234.50", f"{MINUS}{RUPEE}1,234.50"),
        ("profit", "6482.5", f"+{RUPEE}6,482.50"),
        ("profit", "-2210", f"{MINUS}{RUPEE}2,210.00"),
        ("percent", 0.62, "+0.62%"),
        ("percent", -3.1, f"{MINUS}3.10%"),
        ("quantity", 107000, "1,07,000"),
        ("held", 130, "+130"),
        ("held", -65, f"{MINUS}65"),
        ("compact", 2240000, "22.4L"),
        ("compact", 12000000, "1.2Cr"),
        ("compact", 9995000, "1.0Cr"),
        ("compact", 99999, "99,999"),
        ("compactRupees", -2240000, f"{MINUS}{RUPEE}22.4L"),
        ("bytes", 1536, "1.5 kB"),
        ("bytes", 263192576, "251 MB"),
        ("millis", 0.42, "0.4 ms"),
        ("millis", 1234, "1.2 s"),
    ],
)
def test_number_when_given_then_written_the_indian_way(call: Call, function: str, value: Any, shown: str) -> None:
    assert call("format/numbers.js", f"return m.{function}(a)", value) == shown


@pytest.mark.parametrize("value", [None, "", "abc", "NaN", "Infinity"])
@pytest.mark.parametrize(
    "function", ["number", "signed", "price", "rupees", "profit", "percent", "quantity", "compact", "bytes", "millis"]
)
def test_number_when_unknown_then_a_dash(call: Call, function: str, value: Any) -> None:
    assert call("format/numbers.js", f"return m.{function}(a)", value) == DASH


@pytest.mark.parametrize(
    ("tick", "shown"), [("0.05", "182.30"), ("0.0025", "182.3000"), ("1", "182.30"), ("0.1", "182.30")]
)
def test_price_when_tick_given_then_its_decimals(call: Call, tick: str, shown: str) -> None:
    assert call("format/numbers.js", "return m.price(182.3, a)", tick) == shown


def test_compact_when_short_forms_are_off_then_written_out(call: Call) -> None:
    body = "m.useShortForms(false); const text = m.compact(2240000); m.useShortForms(true); return text"
    assert call("format/numbers.js", body) == "22,40,000"


@pytest.mark.parametrize(
    ("function", "value", "shown"),
    [
        ("clock", "2026-11-20T07:11:07Z", "12:41:07"),
        ("clock", "2026-11-20T20:00:00Z", "01:30:00"),
        ("hourMinute", "2026-11-20T10:10:00Z", "15:40"),
        ("day", "2026-12-01", "1 Dec"),
        ("day", "2026-11-20T20:00:00Z", "21 Nov"),
        ("dayYear", "2026-11-20", "20 Nov 2026"),
        ("clock", None, DASH),
        ("day", "nonsense", DASH),
        ("isoDay", 1795176000000, "2026-11-20"),
        ("age", 0.1, "0.1 s"),
        ("age", 12.4, "12 s"),
        ("age", 200, "3 min"),
        ("age", 7300, "2 h"),
        ("age", 400000, "5 d"),
        ("age", None, DASH),
    ],
)
def test_moment_when_given_then_shown_in_india_time(call: Call, function: str, value: Any, shown: str) -> None:
    assert call("format/dates.js", f"return m.{function}(a)", value) == shown


@pytest.mark.parametrize(
    ("now", "shown"), [("2026-11-20T09:00:00Z", "12:41:07"), ("2026-11-21T09:00:00Z", "20 Nov 12:41:07")]
)
def test_stamp_when_of_today_then_clock_alone(call: Call, now: str, shown: str) -> None:
    assert call("format/dates.js", "return m.stamp('2026-11-20T07:11:07Z', a)", now) == shown
