"""Triggers, baskets, the kill switch and risk limits over HTTP."""

from typing import Any

import pytest

from tests.api_kit import ACCOUNT, Served, order

TRIGGERS, BASKETS, KILL, RISK = "/api/v1/triggers", "/api/v1/baskets", "/api/v1/kill-switch", "/api/v1/risk"
LEG = {"side": "BUY", "quantity": 1, "trigger": "1200.00", "price": "1200.00"}
RUNNING = ("ACTIVE", "TRIGGERED")
SELL_FIRST = [
    {"key": "NSE:INFY", "side": "SELL", "quantity": 1, "type": "MARKET", "product": "MIS"},
    {"key": "NSE:RELIANCE", "side": "BUY", "quantity": 1, "type": "MARKET", "product": "MIS"},
]


def trigger(**change: Any) -> dict[str, Any]:
    """A GTT body."""
    return {"account": ACCOUNT, "key": "NSE:RELIANCE", "product": "CNC", "legs": [LEG], **change}


def test_trigger_when_kept_then_listed_and_deleted_once(sauda: Served) -> None:
    made = sauda.send("POST", TRIGGERS, trigger(), 201)["trigger"]
    assert (made["state"], made["kind"], made["legs"][0]["trigger"]) == ("ACTIVE", "single", "1200.00")
    listed = sauda.get(TRIGGERS)["items"][0]
    assert {name: listed[name] for name in ("id", "state", "legs")} == {n: made[n] for n in ("id", "state", "legs")}
    assert sauda.send("DELETE", f"{TRIGGERS}/{made['id']}")["trigger"]["state"] == "CANCELLED"
    assert sauda.problem("DELETE", f"{TRIGGERS}/{made['id']}", status=404).field == "id"
    assert sauda.get(TRIGGERS)["items"][0]["state"] == "CANCELLED"


def test_trigger_when_one_price_of_two_comes_then_it_sends_one_order(sauda: Served) -> None:
    last = float(sauda.get("/api/v1/quotes", keys="NSE:RELIANCE")["items"][0]["ltp"])
    limit = f"{round(last * 1.02, 1):.2f}"
    legs = [{"side": "BUY", "quantity": 2, "trigger": f"{last + step:.2f}", "price": limit} for step in (-0.2, 0.2)]
    made = sauda.send("POST", TRIGGERS, trigger(kind="oco", legs=legs), 201)["trigger"]

    def kept() -> Any:
        return next(t for t in sauda.get(TRIGGERS)["items"] if t["id"] == made["id"])

    sauda.until(lambda: kept()["state"] not in RUNNING, 300)
    done = kept()
    assert (done["state"], done["reason"]) == ("DONE", "")
    sent = sauda.get(f"/api/v1/orders/{done['order_id']}")["order"]
    assert (sent["parent"], sent["origin"], sent["quantity"]) == (made["id"], "trigger", 2)
    assert [o["id"] for o in sauda.get("/api/v1/orders")["items"] if o["parent"] == made["id"]] == [sent["id"]]


def test_triggers_when_paged_then_nothing_is_lost(sauda: Served) -> None:
    for number in range(5):
        sauda.send("POST", TRIGGERS, trigger(legs=[{**LEG, "quantity": number + 1}]), 201)
    whole = sauda.get(TRIGGERS, limit=500)["items"]
    assert sauda.pages(TRIGGERS, 2) == whole
    assert len({t["id"] for t in whole}) == len(whole) >= 5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"legs": []}, "legs"),
        ({"legs": [LEG, LEG, LEG]}, "legs"),
        ({"legs": [LEG, LEG]}, "legs"),
        ({"kind": "oco"}, "legs"),
        ({"kind": "gtt"}, "kind"),
        ({"key": "NSE:NOPE"}, "key"),
        ({"product": "NRML"}, "product"),  # of the whole trigger, not of a leg
        ({"legs": [{**LEG, "price": "1e400"}]}, "legs[0].price"),
        ({"legs": [{**LEG, "trigger": "1200.03"}]}, "legs[0].trigger"),
        ({"legs": [{**LEG, "quantity": 0}]}, "legs[0].quantity"),
        ({"legs": [{**LEG, "quantity": "1"}]}, "legs[0].quantity"),
        ({"legs": [{**LEG, "extra": 1}]}, "legs[0].extra"),
    ],
)
def test_trigger_when_it_cannot_be_then_refused_naming_the_field(
    sauda: Served, change: dict[str, Any], field: str
) -> None:
    kept = sauda.get(TRIGGERS, limit=500)
    assert sauda.problem("POST", TRIGGERS, trigger(**change)).field == field
    assert sauda.get(TRIGGERS, limit=500) == kept


def test_basket_when_sent_then_bought_first_and_filled(sauda: Served) -> None:
    body = {"account": ACCOUNT, "name": "pair", "legs": SELL_FIRST}
    seen = sauda.send("POST", f"{BASKETS}/preview", body)
    assert (seen["order"], seen["problems"]) == ([1, 0], [])
    assert float(seen["margin_required"]) >= float(seen["margin_final"]) > 0
    made = sauda.send("POST", BASKETS, body, 202)["basket"]
    assert [leg["request"]["side"] for leg in made["legs"]] == ["BUY", "SELL"]

    def done() -> bool:
        state: str = next(b["state"] for b in sauda.get(BASKETS)["items"] if b["id"] == made["id"])
        return state != "RUNNING"

    sauda.until(done)
    basket = next(b for b in sauda.get(BASKETS)["items"] if b["id"] == made["id"])
    orders = [sauda.get(f"/api/v1/orders/{leg['order_id']}")["order"] for leg in basket["legs"]]
    assert [(o["state"], o["parent"]) for o in orders] == [("FILLED", made["id"])] * 2
    assert sauda.pages(BASKETS, 1) == sauda.get(BASKETS)["items"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"legs": []}, "legs"),
        ({"legs": SELL_FIRST * 11}, "legs"),
        ({"on_failure": "pray"}, "on_failure"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"legs": [{**SELL_FIRST[0], "quantity": -1}]}, "legs[0].quantity"),
        ({"legs": [{**SELL_FIRST[0], "account": "other"}]}, "legs[0].account"),
        ({"legs": [SELL_FIRST[0], {**SELL_FIRST[1], "key": "NSE:NOPE"}]}, "legs[1].key"),
    ],
)
def test_basket_when_it_cannot_be_then_refused_naming_the_leg(
    sauda: Served, change: dict[str, Any], field: str
) -> None:
    body = {"account": ACCOUNT, "legs": SELL_FIRST, **change}
    kept = sauda.get(BASKETS)
    assert sauda.problem("POST", BASKETS, body).field == field
    assert sauda.get(BASKETS) == kept


def test_kill_switch_when_engaged_then_cancels_blocks_and_is_released_with_a_reason(sauda: Served) -> None:
    sauda.advance(2)
    waiting = sauda.order(type="LIMIT", price="1200.00")
    result = sauda.send("POST", KILL, {"engage": True, "reason": "enough"})
    assert (result["engaged"], result["cancelled"], result["still_open"]) == (True, [waiting["id"]], [])
    assert sauda.get(KILL)["reason"] == "enough"
    assert sauda.get("/api/v1/session")["kill_switch"]["engaged"] is True
    refused = sauda.problem("POST", "/api/v1/orders", order(), 422)
    assert (refused.code, refused.limit) == ("risk.kill_switch", "engaged")
    assert refused.remedy
    assert sauda.problem("POST", KILL, {"engage": False}).field == "reason"
    assert sauda.send("POST", KILL, {"engage": False, "reason": "calm again"})["engaged"] is False
    assert sauda.problem("POST", KILL, {"engage": False, "reason": "x"}, 409).code == "risk.kill_switch"
    assert sauda.get(KILL)["engaged"] is False
    sauda.order()
    texts = [line["text"] for line in sauda.get("/api/v1/audit", limit=30)["items"]]
    assert "Pulled the kill switch for all accounts: enough" in texts
    assert "Released the kill switch for all accounts: calm again" in texts


def test_kill_switch_when_flattening_then_positions_are_closed(sauda: Served) -> None:
    sauda.advance(2)
    sauda.order(key="NSE:TCS", quantity=3)
    sauda.send("POST", KILL, {"engage": True, "reason": "flat", "flatten": True})
    sauda.advance(3)
    assert [p["key"] for p in sauda.get("/api/v1/positions")["items"] if p["quantity"] and p["product"] == "MIS"] == []
    sauda.send("POST", KILL, {"engage": False, "reason": "done"})


def test_limits_when_changed_then_only_those_named(sauda: Served) -> None:
    before = sauda.get(RISK)["limits"]
    view = sauda.send(
        "PUT", f"{RISK}/limits", {"account": ACCOUNT, "limits": {"order_value": 1000}, "reason": "small steps"}
    )
    assert view["limits"] == {**before, "order_value": 1000}
    refused = sauda.problem("POST", "/api/v1/orders", order(), 422)
    assert (refused.code, refused.limit) == ("risk.order_value", "1000.00")
    sauda.send("PUT", f"{RISK}/limits", {"account": ACCOUNT, "limits": {"order_value": before["order_value"]}})
    assert sauda.get(RISK)["limits"] == before


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"order_value": 0}, "order_value"),
        ({"order_value": "5"}, "order_value"),
        ({"order_value": 10**30}, "order_value"),
        ({"nope": 1}, "nope"),
        ({"open_orders": 50, "day_loss": -1}, "day_loss"),
        ({"blocked": ["x" * 100_000]}, "blocked[0]"),
        ({"blocked": "RELIANCE"}, "blocked"),
        ([], "limits"),
    ],
)
def test_limits_when_one_is_wrong_then_none_is_changed(sauda: Served, limits: Any, field: str) -> None:
    before = sauda.get(RISK)["limits"]
    assert sauda.problem("PUT", f"{RISK}/limits", {"account": ACCOUNT, "limits": limits}).field == field
    assert sauda.get(RISK)["limits"] == before


def test_state_when_reducing_then_only_smaller_positions_pass(sauda: Served) -> None:
    sauda.advance(2)
    held = sauda.order(key="NSE:ITC", quantity=2)
    assert held["state"] == "FILLED"
    body = {"account": ACCOUNT, "state": "REDUCING", "reason": "late"}
    assert sauda.send("PUT", f"{RISK}/state", body)["state"] == "REDUCING"
    assert sauda.problem("POST", "/api/v1/orders", order(key="NSE:ITC"), 422).code == "risk.reducing"
    assert sauda.order(key="NSE:ITC", side="SELL", quantity=2)["state"] == "FILLED"
    for wrong, field in (({"state": "PAUSED"}, "state"), ({"reason": ""}, "reason")):
        assert sauda.problem("PUT", f"{RISK}/state", {**body, **wrong}).field == field
    view = sauda.send("PUT", f"{RISK}/state", {"account": ACCOUNT, "state": "ACTIVE", "reason": "morning"})
    assert view["state"] == "ACTIVE"


PARENTS = "/api/v1/parents"


def parent(**change: Any) -> dict[str, Any]:
    """An iceberg body."""
    body = {"account": ACCOUNT, "kind": "iceberg", "key": "NSE:WIPRO", "side": "BUY", "quantity": 6, "slice": 2}
    return {**body, "type": "MARKET", "product": "MIS", **change}


def test_parent_when_an_iceberg_then_its_parts_come_one_after_the_other(sauda: Served) -> None:
    made = sauda.send("POST", PARENTS, parent(request_id="ice"), 201)["parent"]

    def kept() -> Any:
        return next(one for one in sauda.get(PARENTS)["items"] if one["id"] == made["id"])

    sauda.until(lambda: kept()["state"] != "RUNNING", 60)
    assert (kept()["state"], kept()["filled"], len(kept()["orders"])) == ("DONE", 6, 3)
    parts = [o for o in sauda.get("/api/v1/orders")["items"] if o["parent"] == made["id"]]
    assert [(o["quantity"], o["origin"], o["state"]) for o in parts] == [(2, "iceberg", "FILLED")] * 3
    again = sauda.send("POST", PARENTS, parent(request_id="ice"), 201)["parent"]
    assert again["id"] == made["id"]
    assert sauda.problem("DELETE", f"{PARENTS}/{made['id']}", status=404).field == "id"
    line = next(i for i in sauda.get("/api/v1/audit", limit=30)["items"] if i["text"].startswith("Iceberg order done"))
    assert "WIPRO" in line["text"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slice": 7}, "slice"),
        ({"kind": "cover"}, "stop"),
        ({"kind": "bracket", "stop": "1.00"}, "target"),
        ({"price": "100.00"}, "price"),
        ({"quantity": "6"}, "quantity"),
        ({"key": "NSE:NOBODY"}, "key"),
    ],
)
def test_parent_when_its_terms_are_wrong_then_the_field_is_named(
    sauda: Served, change: dict[str, Any], field: str
) -> None:
    assert sauda.problem("POST", PARENTS, parent(**change), 400).field == field
