"""Orders and trades over HTTP: place, preview, look at, change, cancel, page through."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api_kit import ACCOUNT, Served, order

ORDERS = "/api/v1/orders"


@pytest.fixture(autouse=True)
def rested(sauda: Served) -> None:
    """Ten orders a second are allowed; let two seconds pass between tests."""
    sauda.advance(2)


def resting(sauda: Served, **change: Any) -> Any:
    """A limit order that waits below the market."""
    return sauda.order(**{"type": "LIMIT", "price": "1250.00", **change})


def test_place_when_market_then_filled_and_on_record(sauda: Served) -> None:
    placed = sauda.order(quantity=3, tag="first")
    assert (placed["state"], placed["filled"], placed["mode"], placed["tag"]) == ("FILLED", 3, "PAPER", "first")
    story = sauda.get(f"{ORDERS}/{placed['id']}")
    assert story["order"] == placed
    assert story["steps"][0]["event"] == "intended"
    assert {s["correlation"] for s in story["steps"]} == {story["steps"][0]["correlation"]}
    assert [s["seq"] for s in story["steps"]] == sorted(s["seq"] for s in story["steps"])
    assert all(s["at"].endswith("Z") for s in story["steps"])
    assert sum(f["fill"]["quantity"] for f in story["fills"]) == 3
    assert float(story["fills"][0]["charges_total"]) > 0


def test_place_when_the_same_request_id_comes_twice_then_one_order(sauda: Served) -> None:
    first = sauda.order(request_id="once")
    again = sauda.order(200, request_id="once", quantity=9)
    assert again["id"] == first["id"]
    assert again["quantity"] == 1


def test_place_when_limit_then_rests_is_changed_and_cancelled(sauda: Served) -> None:
    placed = resting(sauda)
    path = f"{ORDERS}/{placed['id']}"
    assert (placed["state"], placed["price"], placed["revision"]) == ("OPEN", "1250.00", 0)
    assert placed["id"] in [o["id"] for o in sauda.get(ORDERS, state="open")["items"]]
    changed = sauda.send("PATCH", path, {"revision": 0, "price": "1251.50", "quantity": 2})["order"]
    assert (changed["price"], changed["quantity"], changed["revision"]) == ("1251.50", 2, 1)
    stale = sauda.problem("PATCH", path, {"revision": 0, "price": "1252.00"}, 409)
    assert (stale.code, stale.field, stale.limit, stale.value) == ("order.revision", "revision", "1", "0")
    assert sauda.problem("PATCH", path, {"revision": 1}, 400).code == "order.same"
    assert sauda.problem("PATCH", path, {"revision": 1, "price": "1251.53"}).code == "order.tick"
    assert sauda.problem("PATCH", path, {"revision": 1, "price": "NaN"}).field == "price"
    gone = sauda.send("DELETE", path)["order"]
    assert (gone["state"], gone["filled"]) == ("CANCELLED", 0)
    assert sauda.problem("DELETE", path, status=409).code == "order.finished"
    assert sauda.problem("PATCH", path, {"revision": 1, "quantity": 3}, 409).code == "order.finished"
    assert placed["id"] not in [o["id"] for o in sauda.get(ORDERS, state="open")["items"]]
    assert placed["id"] in [o["id"] for o in sauda.get(ORDERS, state="done")["items"]]
    assert [s["event"] for s in sauda.get(path)["steps"]] == ["intended", "accepted", "modified", "cancelled"]


def test_change_and_look_when_there_is_no_such_order_then_404(sauda: Served) -> None:
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"revision": 0, "quantity": 2})):
        problem = sauda.problem(method, f"{ORDERS}/01NOSUCHORDER", body, 404)
        assert (problem.code, problem.field) == ("order.not_found", "id")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quantity": 2}, "revision"),
        ({"revision": "0"}, "revision"),
        ({"revision": 0, "qty": 3}, "qty"),
        ({"revision": 0, "type": "STOP"}, "type"),
        ({"revision": 0, "quantity": 0}, "quantity"),
        ({"revision": 0, "quantity": 2**80}, "quantity"),
    ],
)
def test_change_when_the_body_is_wrong_then_its_field_is_named(sauda: Served, body: Any, field: str) -> None:
    placed = resting(sauda)
    assert sauda.problem("PATCH", f"{ORDERS}/{placed['id']}", body).field == field
    assert sauda.get(f"{ORDERS}/{placed['id']}")["order"]["revision"] == 0
    sauda.send("DELETE", f"{ORDERS}/{placed['id']}")


def test_preview_when_well_then_numbers_and_nothing_stored(sauda: Served) -> None:
    head = sauda.get("/api/v1/audit", limit=1)["items"][0]["seq"]
    seen = sauda.send("POST", f"{ORDERS}/preview", order(quantity=10, type="LIMIT", price="1280.00"))
    assert seen["value"] == "12800.00"
    assert seen["problems"] == []
    assert 0 < float(seen["margin_required"]) < 12_800
    total = sum(float(v) for k, v in seen["charges"].items() if k != "total")
    assert float(seen["charges"]["total"]) == pytest.approx(total, abs=0.011)
    assert float(seen["breakeven"]) > 1280
    assert float(seen["free_now"]) > float(seen["free_after"])
    assert seen["price_used"] == "1280.00"
    assert sauda.get("/api/v1/audit", limit=1)["items"][0]["seq"] == head


def test_preview_when_refused_then_says_every_objection_and_still_the_numbers(sauda: Served) -> None:
    asked = order(quantity=90_000, type="LIMIT", price="1280.03")
    seen = sauda.send("POST", f"{ORDERS}/preview", asked)
    assert {p["code"] for p in seen["problems"]} >= {"order.tick", "risk.order_value"}
    assert all(p["detail"] and p["field"] and p["remedy"] for p in seen["problems"])
    assert seen["value"] == "115202700.00"
    assert sauda.problem("POST", ORDERS, asked).code == "order.tick"


def test_preview_when_there_is_nothing_to_show_then_an_error(sauda: Served) -> None:
    assert sauda.problem("POST", f"{ORDERS}/preview", order(key="NSE:NOPE")).field == "key"
    assert sauda.problem("POST", f"{ORDERS}/preview", order(account="nobody"), 404).field == "account"


def test_lists_when_paged_then_nothing_is_lost_or_repeated(sauda: Served) -> None:
    for number in range(7):
        sauda.order(request_id=f"page-{number}", quantity=number + 1)
    for path, name in ((ORDERS, "id"), ("/api/v1/trades", "execution")):
        whole = [item.get("fill", item)[name] for item in sauda.get(path, limit=500)["items"]]
        assert len(whole) == len(set(whole)) >= 7
        for limit in (1, 3, 7):
            assert [item.get("fill", item)[name] for item in sauda.pages(path, limit)] == whole


def test_lists_when_newer_rows_come_between_pages_then_the_rest_stays_in_order(sauda: Served) -> None:
    whole = [o["id"] for o in sauda.get(ORDERS, limit=500)["items"]]
    first = sauda.get(ORDERS, limit=3)
    sauda.order()
    rest = sauda.get(ORDERS, limit=500, before=first["next"])["items"]
    assert [o["id"] for o in [*first["items"], *rest]] == whole


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (ORDERS, {"state": "foo"}, "state"),
        (ORDERS, {"limit": "0"}, "limit"),
        (ORDERS, {"limit": "501"}, "limit"),
        (ORDERS, {"limit": "many"}, "limit"),
        (ORDERS, {"before": "x" * 41}, "before"),
        ("/api/v1/trades", {"before": "-1"}, "before"),
        ("/api/v1/trades", {"before": str(2**70)}, "before"),
    ],
)
def test_lists_when_a_parameter_is_wrong_then_it_is_named_as_on_the_wire(
    sauda: Served, path: str, query: dict[str, str], field: str
) -> None:
    text = "&".join(f"{k}={v}" for k, v in query.items())
    problem = sauda.problem("GET", f"{path}?{text}")
    assert (problem.code, problem.field) == ("request.parameter", field)
    assert "msgspec" not in problem.detail


def test_lists_when_the_account_is_unknown_then_404_with_the_known_ones(sauda: Served) -> None:
    for path in (ORDERS, "/api/v1/trades"):
        problem = sauda.problem("GET", f"{path}?account=nobody", status=404)
        assert (problem.code, problem.remedy) == ("account.unknown", f"Use one of: {ACCOUNT}.")


def test_trades_when_sold_at_a_profit_or_loss_then_realised_is_told(sauda: Served) -> None:
    bought = sauda.order(key="NSE:INFY", quantity=5)
    sold = sauda.order(key="NSE:INFY", quantity=5, side="SELL")
    trade = next(t for t in sauda.get("/api/v1/trades")["items"] if t["fill"]["order"] == sold["id"])
    gain = (float(sold["average"]) - float(bought["average"])) * 5
    assert float(trade["realised"]) == pytest.approx(gain, abs=0.02)
    assert trade["charges_total"] == str(sum(Decimal(v) for v in trade["charges"].values()))
