"""What the API says of itself, and that its answers keep to it: money is text, shapes have names, refusals one form."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api_kit import Served, order

NUMERIC = {
    # measures, not money: documented as numbers
    *("age", "speed", "heartbeat", "change_pct", "margin_share", "price_age", "rate", "last_tick_age", "spark"),
    *("t", "o", "h", "l", "c", "v", "oi", "curve", "p50", "p99", "cpu_load", "process_cpu", "ram_mb", "ram_total_mb"),
    *("concentration", "leverage", "correlated", "volume_share", "spread", "drawdown"),
    *("orders_per_second", "price_away", "seconds"),
}
MONEY = {
    *("price", "trigger", "ltp", "bid", "ask", "open", "high", "low", "close", "average", "amount", "balance", "cash"),
    *("margin", "free", "capital", "realised", "unrealised", "charges", "tax", "equity", "mtm", "value", "net"),
}
PATHS = (
    *("session", "markets", "instruments?q=nifty", "instruments/NSE:RELIANCE", "orders", "trades", "positions"),
    *("holdings", "funds", "statement?book=all", "triggers", "baskets", "risk", "kill-switch", "watchlists"),
    *("preferences", "overview", "system", "audit", "imports", "replays", "bars?key=NSE:RELIANCE"),
    "quotes?keys=NSE:RELIANCE,NSE_INDEX:NIFTY&depth=true",
)


@pytest.fixture(scope="module")
def traded(sauda: Served) -> Served:
    """With an order, a fill, a trigger and a basket to show."""
    sauda.order()
    sauda.order(type="LIMIT", price="1250.00")
    leg = {"side": "BUY", "quantity": 1, "trigger": "1200.00", "price": "1200.00"}
    body = {"account": "paper-sim", "key": "NSE:ITC", "product": "CNC", "legs": [{**leg, "trigger": "1.00"}]}
    sauda.send("POST", "/api/v1/triggers", body, 201)
    legs = [{k: v for k, v in order().items() if k != "account"}]
    sauda.send("POST", "/api/v1/baskets", {"account": "paper-sim", "legs": legs}, 202)
    sauda.advance(1)
    return sauda


@pytest.fixture(scope="module")
def document(sauda: Served) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = sauda.get("/docs/openapi.json")
    return found


def numbers(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int | float]]:
    """Every number in an answer, with the names on the way to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from numbers(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


@pytest.mark.parametrize("path", PATHS)
def test_answers_when_they_hold_money_then_it_is_text(traded: Served, path: str) -> None:
    for names, value in numbers(traded.get(f"/api/v1/{path}")):
        if not NUMERIC & set(names):
            assert isinstance(value, int), f"{'.'.join(names)} is the number {value}"
            assert names[-1] not in MONEY, f"{'.'.join(names)} is the number {value}"


def test_answers_to_orders_when_they_hold_money_then_it_is_text(traded: Served) -> None:
    asked = order(type="LIMIT", price="1251.00")
    for answer in (traded.send("POST", "/api/v1/orders/preview", asked), traded.order(**asked)):
        for names, value in numbers(answer):
            assert NUMERIC & set(names) or (isinstance(value, int) and names[-1] not in MONEY), names


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of every address."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_document_when_read_then_every_operation_and_parameter_is_described(document: dict[str, Any]) -> None:
    assert len(list(operations(document))) > 40
    for method, path, operation in operations(document):
        for name in ("summary", "description", "tags"):
            assert operation.get(name), f"{method} {path} has no {name}"
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{method} {path}: {parameter['name']} is not described"


def test_document_when_read_then_bodies_and_answers_are_named_shapes(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for method, path, operation in operations(document):
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in contents:
            for kind in content.get("content", {}).values():
                name = kind["schema"]["$ref"].removeprefix("#/components/schemas/")
                assert name.isidentifier(), f"{method} {path}: {name}"
                assert schemas[name]["description"], name


def test_document_when_something_can_be_refused_then_as_a_problem(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        refusals = {s: a for s, a in operation["responses"].items() if s >= "400" and path != "/ready"}
        assert method == "get" or {"400", "409", "422", "503"} <= set(refusals), f"{method} {path}"
        for answer in refusals.values():
            schema = answer["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def test_document_when_fields_have_a_meaning_then_it_stands_there(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["OrderRequest"]["properties"]
    assert fields["quantity"]["description"].startswith("Whole units of the instrument's `unit`, not lots")
    assert "same order" in fields["request_id"]["description"]


def test_page_when_opened_then_lists_every_address_without_a_script(sauda: Served, document: dict[str, Any]) -> None:
    answer = sauda.ask("GET", "/docs/api")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in answer.text
    assert "://" not in answer.text.replace("http://127.0.0.1", "")
    for _, path, operation in operations(document):
        assert f"<code>{path}</code>" in answer.text
        assert operation["summary"] in answer.text
    for name in document["components"]["schemas"]:
        assert f'id="shape-{name}"' in answer.text


def test_page_when_opened_then_what_it_links_to_is_there(sauda: Served) -> None:
    text = sauda.ask("GET", "/docs/api").text
    links = set(re.findall(r'(?:href|src)="([^"#]+)"', text))
    assert {"/docs/openapi.json", "/docs/stream", "/docs/docs.css", "/"} <= links
    for link in links:
        assert sauda.ask("GET", link).status_code == 200, link
    assert "<h1" in sauda.ask("GET", "/docs/stream").text
    assert sauda.ask("GET", "/docs/openapi.json").headers["content-type"].startswith("application/")
