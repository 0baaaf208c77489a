"""The fence round the local server: hosts, origins, sizes, rate, headers; and the one shape of every error."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.params import FromQuery, JSONBody
from litestar.testing import TestClient

from server.api.errors import HANDLERS
from server.api.security import CSP, MAX_BODY, Guard, own_hosts
from server.api.strict import Strict
from server.core.clock import ManualClock
from server.core.errors import Denied, Problem
from server.domain.orders import OrderRequest

HOST = "127.0.0.1:8420"
ORDER: dict[str, Any] = {
    "account": "paper-sim",
    "key": "NSE:RELIANCE",
    "side": "BUY",
    "quantity": 5,
    "type": "LIMIT",
    "product": "MIS",
    "price": "1400.10",
}


@post("/orders", dto=Strict[OrderRequest], return_dto=None, sync_to_thread=False)
def place(data: JSONBody[OrderRequest]) -> dict[str, str]:
    return {"price": str(data.price)}


@get("/denied", sync_to_thread=False)
def denied() -> None:
    raise Denied("Not sent.", code="risk.order_value", field="quantity", limit=5, value=9, headroom=0, remedy="Use 5.")


@get("/broken", sync_to_thread=False)
def broken() -> None:
    raise RuntimeError("secret inner text")


@get("/page", sync_to_thread=False)
def page(limit: FromQuery[int]) -> int:
    return limit


def client(per_minute: int = 60_000) -> TestClient[Any]:
    app = Litestar(
        [place, denied, broken, page],
        exception_handlers=HANDLERS,
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        logging_config=None,
    )
    guard = Guard(app, own_hosts(8420), ManualClock(datetime(2026, 11, 20, tzinfo=UTC)), per_minute)
    return TestClient(guard, base_url=f"http://{HOST}", raise_server_exceptions=False)


def shape(answer: Any, status: int) -> Problem:
    """The answer as the one error shape; fails on anything else."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = msgspec.json.decode(answer.content, type=Problem)
    assert problem.status == status
    assert problem.code
    assert problem.detail
    return problem


def test_good_order_is_decoded_exactly() -> None:
    assert client().post("/orders", json=ORDER).json() == {"price": "1400.10"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": "5"}, "quantity"),
        ({"quantity": 5.5}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"price": "NaN-ish"}, "price"),
        ({"side": "buy"}, "side"),
        ({"qty": 5}, "qty"),
        ({"account": None}, "account"),
    ],
)
def test_wrong_field_is_named(change: dict[str, Any], field: str) -> None:
    problem = shape(client().post("/orders", json={**ORDER, **change}), 400)
    assert problem.field == field
    assert problem.remedy


def test_missing_field_is_named() -> None:
    body = {k: v for k, v in ORDER.items() if k != "side"}
    assert shape(client().post("/orders", json=body), 400).field == "side"


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[]", b"\xff\xfe", b'{"a":' * 5000, b"null", b'"text"'])
def test_what_is_not_an_order_is_refused(body: bytes) -> None:
    shape(client().post("/orders", content=body, headers={"content-type": "application/json"}), 400)


def test_large_body_is_refused_before_it_is_read() -> None:
    problem = shape(client().post("/orders", content=b" " * (MAX_BODY + 1)), 413)
    assert problem.code == "request.size"


def test_large_body_without_length_is_refused() -> None:
    def chunks() -> Any:
        for _ in range(20):
            yield b" " * 100_000

    shape(client().post("/orders", content=chunks(), headers={"content-type": "application/json"}), 413)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:9999", "localhost.evil.example:8420"])
def test_foreign_host_is_refused(host: str) -> None:
    assert shape(client().get("/page?limit=1", headers={"host": host}), 401).code == "request.host"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
def test_change_from_a_foreign_page_is_refused(origin: str) -> None:
    answer = client().post("/orders", json=ORDER, headers={"origin": origin})
    assert shape(answer, 401).code == "request.origin"


def test_change_from_our_own_page_passes() -> None:
    assert client().post("/orders", json=ORDER, headers={"origin": f"http://{HOST}"}).status_code == 201


def test_denied_carries_limit_value_headroom() -> None:
    problem = shape(client().get("/denied"), 422)
    assert (problem.limit, problem.value, problem.headroom, problem.remedy) == ("5", "9", "0", "Use 5.")
    assert problem.correlation


def test_fault_hides_its_inner_text() -> None:
    answer = client().get("/broken")
    assert shape(answer, 500).code == "fault"
    assert "secret" not in answer.text


def test_unknown_address_and_method_have_the_shape() -> None:
    shape(client().get("/nothing"), 404)
    answer = client().delete("/denied")
    shape(answer, 405)
    assert "GET" in answer.headers["allow"]


def test_wrong_parameter_is_named() -> None:
    assert shape(client().get("/page?limit=many"), 400).field == "limit"
    assert shape(client().get("/page"), 400).field == "limit"


def test_rate_limit_says_when_to_come_back() -> None:
    asked = client(per_minute=60)
    answers = [asked.get("/page?limit=1") for _ in range(11)]
    assert [a.status_code for a in answers[:10]] == [200] * 10
    shape(answers[10], 429)


def test_every_answer_carries_the_headers() -> None:
    for path in ("/page?limit=1", "/nothing", "/broken"):
        headers = client().get(path).headers
        assert headers["content-security-policy"] == CSP
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-correlation-id"]
    assert "unsafe" not in CSP
