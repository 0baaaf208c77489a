"""What the ticket works out before a server is asked: allowed choices, steps on the grid, the request, the amounts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

FORM = "views/shared/orderform.js"
MORE = {"variety": "plain", "slice": None, "stop": "", "target": "", "disclosed": None, "protection": ""}
OPTION = {"kind": "OPTION", "strike": "24400", "right": "CE", "order_types": ["MARKET", "LIMIT"], "lot": 65}


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


def draft(**changes: Any) -> dict[str, Any]:
    base = {"key": "NFO:X", "side": "BUY", "quantity": 130, "type": "LIMIT", "product": "NRML", "price": "182.30"}
    return {**base, "trigger": "", "validity": "DAY", "afterMarket": False, "requestId": "w1", **MORE, **changes}


def test_types_when_the_server_names_them_then_only_those_and_gtt(call: Call) -> None:
    assert call(FORM, "return m.typesFor(a)", OPTION) == ["MARKET", "LIMIT", "GTT"]


def test_types_when_the_instrument_is_not_known_yet_then_all(call: Call) -> None:
    assert call(FORM, "return m.typesFor(undefined)") == ["MARKET", "LIMIT", "SL", "SL-M", "GTT"]


@pytest.mark.parametrize(
    ("quantity", "direction", "big", "after"),
    [
        (65, 1, False, 130),
        (65, -1, False, 65),
        (130, 1, True, 780),
        (100, 1, False, 130),
        (100, -1, False, 65),
        (None, 1, False, 65),
    ],
)
def test_quantity_when_stepped_then_whole_lots(
    call: Call, quantity: int | None, direction: int, big: bool, after: int
) -> None:
    assert call(FORM, "return m.stepQuantity(a[0], 65, a[1], a[2])", [quantity, direction, big]) == after


@pytest.mark.parametrize(
    ("price", "tick", "direction", "big", "after"),
    [
        ("182.30", "0.05", 1, False, "182.35"),
        ("182.30", "0.05", -1, False, "182.25"),
        ("182.30", "0.05", 1, True, "182.80"),
        ("182.32", "0.05", 1, False, "182.35"),
        ("182.32", "0.05", -1, False, "182.30"),
        ("0.05", "0.05", -1, False, "0.05"),
        ("1.15", "0.05", 1, False, "1.20"),
        ("84.0025", "0.0025", 1, False, "84.0050"),
    ],
)
def test_price_when_stepped_then_exactly_on_the_tick(
    call: Call, price: str, tick: str, direction: int, big: bool, after: str
) -> None:
    assert call(FORM, "return m.stepPrice(a[0], a[1], a[2], a[3])", [price, tick, direction, big]) == after


@pytest.mark.parametrize(
    ("kind", "present", "absent"),
    [
        ("MARKET", set(), {"price", "trigger"}),
        ("LIMIT", {"price"}, {"trigger"}),
        ("SL", {"price", "trigger"}, set()),
        ("SL-M", {"trigger"}, {"price"}),
    ],
)
def test_request_when_made_then_carries_what_its_type_needs(
    call: Call, kind: str, present: set[str], absent: set[str]
) -> None:
    found = call(FORM, "return m.toRequest(a, 'paper-sim')", draft(type=kind, trigger="180.00"))
    assert present <= set(found)
    assert not absent & set(found)
    assert found["quantity"] == 130
    assert found["request_id"] == "w1"


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({}, True),
        ({"quantity": None}, False),
        ({"quantity": 0}, False),
        ({"price": ""}, False),
        ({"price": "1e3"}, False),
        ({"price": "-5"}, False),
        ({"price": "NaN"}, False),
        ({"type": "SL"}, False),
        ({"type": "SL", "trigger": "180"}, True),
        ({"type": "MARKET", "price": ""}, True),
    ],
)
def test_draft_when_something_is_missing_then_not_whole(call: Call, changes: dict[str, Any], whole: bool) -> None:
    assert call(FORM, "return m.complete(a)", draft(**changes)) is whole


def test_amount_when_not_yet_previewed_then_quantity_times_price(call: Call) -> None:
    assert call(FORM, "return m.amountOf(a, undefined, null, null).amount", draft()) == pytest.approx(23699)


def test_amount_when_previewed_then_the_money_it_takes(call: Call) -> None:
    preview = {"margin_required": "23733.18", "charges": {"total": "34.18"}}
    found = call(FORM, "return m.amountOf(a[0], a[1], a[2], null)", [draft(), OPTION, preview])
    assert found == {"amount": 23733.18, "margin": False}


@pytest.mark.parametrize(
    ("side", "right", "even"), [("BUY", "CE", 24582.56), ("BUY", "PE", 24217.44), ("SELL", "CE", 24582.04)]
)
def test_breakeven_when_an_option_then_at_expiry(call: Call, side: str, right: str, even: float) -> None:
    preview = {"breakeven": "182.8", "price_used": "182.30", "charges": {"total": "34.18"}}
    found = call(
        FORM, "return m.breakevenOf(a[0], a[1], a[2])", [draft(side=side), {**OPTION, "right": right}, preview]
    )
    assert found == pytest.approx(even, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({"variety": "iceberg"}, False),
        ({"variety": "iceberg", "slice": 130}, False),
        ({"variety": "iceberg", "slice": 65}, True),
        ({"variety": "cover"}, False),
        ({"variety": "cover", "stop": "170"}, True),
        ({"variety": "bracket", "stop": "170"}, False),
        ({"variety": "bracket", "stop": "170", "target": "200.05"}, True),
    ],
)
def test_complete_when_a_parent_order_lacks_its_own_terms_then_not(
    call: Call, changes: dict[str, Any], whole: bool
) -> None:
    assert call(FORM, "return m.complete(a)", draft(**changes)) is whole


def test_parent_when_a_bracket_then_its_terms_and_nothing_of_others(call: Call) -> None:
    asked = call(
        FORM,
        "return m.toParent(a, 'paper-sim')",
        draft(variety="bracket", stop="170", target="200", slice=65, product="MIS"),
    )
    assert asked == {
        "account": "paper-sim",
        "kind": "bracket",
        "key": "NFO:X",
        "side": "BUY",
        "quantity": 130,
        "product": "MIS",
        "type": "LIMIT",
        "price": "182.30",
        "stop": "170",
        "target": "200",
        "request_id": "w1",
    }


def test_request_when_disclosed_or_protected_then_only_where_the_type_takes_it(call: Call) -> None:
    both = {"disclosed": 65, "protection": "2.5"}
    limit = call(FORM, "return m.toRequest(a, 'x')", draft(**both))
    assert (limit["disclosed"], "protection" in limit) == (65, False)
    market = call(FORM, "return m.toRequest(a, 'x')", draft(type="MARKET", **both))
    assert ("disclosed" in market, market["protection"]) == (False, "2.5")
    assert "disclosed" not in call(FORM, "return m.toRequest(a, 'x')", draft(variety="iceberg", slice=65, **both))


FROZEN = {**OPTION, "exchange": "NFO", "freeze": 1800}


def test_quantity_when_above_the_freeze_quantity_then_whole_lots_in_parts(call: Call) -> None:
    body = "return [m.slicesOf(a[0], a[1]), m.toParent(a[0], 'kite')]"
    cut, asked = call(FORM, body, [draft(quantity=3900), FROZEN])
    assert cut == {"parts": 3, "most": 1755}
    assert (asked["kind"], asked["quantity"], asked["price"]) == ("slices", 3900, "182.30")
    assert "slice" not in asked


@pytest.mark.parametrize(
    ("changes", "instrument"),
    [
        ({"quantity": 1755}, {}),
        ({"validity": "IOC"}, {}),
        ({"type": "SL"}, {}),
        ({"afterMarket": True}, {}),
        ({"variety": "iceberg"}, {}),
        ({"quantity": 65 * 1400}, {}),
        ({}, {"exchange": "GLOBAL"}),
        ({}, {"freeze": None}),
    ],
)
def test_order_when_it_may_not_be_cut_then_left_whole(
    call: Call, changes: dict[str, Any], instrument: dict[str, Any]
) -> None:
    asked = [draft(**{"quantity": 3900, **changes}), {**FROZEN, **instrument}]
    assert call(FORM, "return m.slicesOf(a[0], a[1])", asked) is None
