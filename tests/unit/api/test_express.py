"""The short way of an order gives the answers that the framework gives, and leaves the out-of-the-ordinary to it."""

import msgspec
import pytest

from server.api.express import Express
from server.api.security import MAX_BODY
from tests.api_kit import ACCOUNT, Served

ORDERS = "/api/v1/orders"
GOOD = {"account": ACCOUNT, "key": "NSE:RELIANCE", "side": "BUY", "quantity": 1, "type": "MARKET", "product": "MIS"}
OWN = {"id", "broker_id", "created", "created_market", "updated", "correlation", "average", "reference"}
"""What two orders of one request differ in."""

CASES = [
    ("filled", GOOD),
    ("twice", {**GOOD, "request_id": "express-twice"}),
    ("a text for a number", {**GOOD, "quantity": "5"}),
    ("an unknown field", {**GOOD, "colour": "red"}),
    ("not JSON", b"{"),
    ("no body", b""),
    ("off the tick", {**GOOD, "type": "LIMIT", "price": "1250.01"}),
    ("no such instrument", {**GOOD, "key": "NSE:NOBODY"}),
    ("no such account", {**GOOD, "account": "nobody"}),
    ("above a limit", {**GOOD, "quantity": 900_000}),
    ("a megabyte", msgspec.json.encode({**GOOD, "tag": "x" * MAX_BODY})),
]


@pytest.fixture
def framework(sauda: Served, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Call `setattr` of what it gives to send everything through the framework."""
    sauda.advance(2)
    return monkeypatch


@pytest.mark.parametrize(("name", "body"), CASES, ids=[name for name, _ in CASES])
def test_express_when_asked_then_answers_as_the_framework_does(
    sauda: Served, framework: pytest.MonkeyPatch, name: str, body: object
) -> None:
    if name == "twice":
        sauda.send("POST", ORDERS, body, 201)
    short = _tell(sauda, body)
    sauda.advance(2)
    framework.setattr(Express, "__call__", lambda self, *rest: self._app(*rest))
    assert _tell(sauda, body) == short


def test_express_when_refused_unread_then_one_line_in_the_audit_log(sauda: Served) -> None:
    sauda.problem("POST", ORDERS, {**GOOD, "quantity": "5"})
    newest = sauda.get("/api/v1/audit", limit=1)["items"][0]
    assert newest["subject"] == ORDERS
    assert newest["kind"] == "noted"
    assert "quantity" in newest["text"]


def test_express_when_the_body_comes_in_pieces_then_it_is_one_order(sauda: Served) -> None:
    whole = msgspec.json.encode(GOOD)

    async def pieces() -> object:
        for at in range(0, len(whole), 40):
            yield whole[at : at + 40]

    answer = sauda.ask("POST", ORDERS, content=pieces(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["order"]["state"]) == (201, "FILLED")


def _tell(sauda: Served, body: object) -> tuple[int, str, object]:
    """(status, content type, answer without what is an order's own)."""
    answer = sauda.ask("POST", ORDERS, body)
    said = answer.json()
    found = said.get("order", said)
    return answer.status_code, answer.headers["content-type"], {k: v for k, v in found.items() if k not in OWN}
