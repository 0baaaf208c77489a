"""Strategies over HTTP: drafts sent, found and grouped, guarded, adjusted, closed, kept over restarts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_kit import ACCOUNT, Served

STRATEGIES = "/api/v1/strategies"
EXPIRY, LATER = "2026-12-01", "2026-12-08"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A Sauda of the test's own, with some prices behind it."""
    served = Served.open(tmp_path / "data")
    served.advance(20)
    yield served
    served.close()


def legs_of(sauda: Served, template: str = "iron_condor", **change: Any) -> list[dict[str, Any]]:
    """Legs of a template as requests take them."""
    body = {"underlying": "NIFTY", "expiry": EXPIRY, **change}
    made = sauda.send("POST", f"/api/v1/options/templates/{template}", body)
    return [{name: leg[name] for name in ("key", "side", "lots")} for leg in made["legs"]]


def draft(sauda: Served, template: str = "iron_condor", name: str = "Mine", **change: Any) -> dict[str, Any]:
    """A draft in the account."""
    body = {"account": ACCOUNT, "name": name, "legs": legs_of(sauda, template), **change}
    found: dict[str, Any] = sauda.send("POST", STRATEGIES, body, 201)["strategy"]
    return found


def sent(sauda: Served, template: str = "iron_condor") -> dict[str, Any]:
    """A strategy whose every leg is filled and which was measured."""
    made = draft(sauda, template)
    sauda.send("POST", f"{STRATEGIES}/{made['id']}/send", {"type": "MARKET"}, 202)
    sauda.until(lambda: one(sauda, made["id"])["max_profit"] is not None or one(sauda, made["id"])["loss_unbounded"])
    return one(sauda, made["id"])


def one(sauda: Served, strategy_id: str) -> dict[str, Any]:
    found: dict[str, Any] = sauda.get(f"{STRATEGIES}/{strategy_id}")["strategy"]
    return found


def listed(sauda: Served, state: str = "all") -> list[dict[str, Any]]:
    return [item["strategy"] for item in sauda.get(STRATEGIES, state=state)["items"]]


def patch(sauda: Served, strategy: dict[str, Any], status: int = 200, **change: Any) -> Any:
    return sauda.send("PATCH", f"{STRATEGIES}/{strategy['id']}", {"revision": strategy["revision"], **change}, status)


def test_draft_when_kept_then_changed_and_deleted_without_an_order(fresh: Served) -> None:
    made = draft(fresh)
    assert (made["state"], made["underlying"], len(made["legs"])) == ("DRAFT", "NSE_INDEX:NIFTY", 4)
    changed = patch(fresh, made, name="Yours", note="for Tuesday", product="MIS")["strategy"]
    assert (changed["name"], changed["product"], changed["revision"]) == ("Yours", "MIS", made["revision"] + 1)
    assert {leg["product"] for leg in changed["legs"]} == {"MIS"}
    stale = fresh.problem("PATCH", f"{STRATEGIES}/{made['id']}", {"revision": made["revision"], "name": "x"}, 409)
    assert stale.code == "strategy.revision"
    assert fresh.send("DELETE", f"{STRATEGIES}/{made['id']}") == {"deleted": True}
    assert fresh.problem("GET", f"{STRATEGIES}/{made['id']}", status=404).code == "strategy.not_found"
    assert fresh.get("/api/v1/orders")["items"] == []


def test_draft_when_sent_then_buys_go_first_and_the_whole_is_tracked(fresh: Served) -> None:
    made = sent(fresh)
    assert (made["state"], made["template"], made["view"]) == ("ACTIVE", "iron_condor", "neutral")
    assert float(made["premium"]) < 0
    assert made["max_loss"] < 0 < made["max_profit"]
    assert float(made["margin"]) > 0
    orders = sorted(fresh.get("/api/v1/orders")["items"], key=lambda order: order["id"])
    assert [order["side"] for order in orders] == ["BUY", "BUY", "SELL", "SELL"]
    assert {order["tag"] for order in orders} == {made["id"]}
    live = fresh.get(f"{STRATEGIES}/{made['id']}")["live"]
    assert live["delta"] is not None
    assert live["theta"] > 0
    assert set(live["prices"]) == {leg["key"] for leg in made["legs"]}
    positions = {p["key"]: p for p in fresh.get("/api/v1/positions")["items"]}
    assert float(live["open"]) == pytest.approx(sum(float(p["mtm"]) for p in positions.values()), abs=40)
    charges = sum(float(p["charges"]) for p in positions.values())
    assert float(made["charges"]) == pytest.approx(charges)
    assert fresh.get(STRATEGIES)["loose"] == []
    assert fresh.run(fresh.runtime.storage.differences()) == []


def test_draft_when_a_leg_has_a_limit_then_it_goes_at_it_and_the_others_at_the_market(fresh: Served) -> None:
    legs = legs_of(fresh, "bull_call_spread")
    own = next(leg for leg in legs if leg["side"] == "BUY")
    own["price"] = "0.10"  # far below: it rests
    made = draft(fresh, legs=legs)
    assert {leg["price"] for leg in made["legs"]} == {"0.10", None}
    basket = fresh.send("POST", f"{STRATEGIES}/{made['id']}/send", {"type": "MARKET"}, 202)["basket"]
    requests = {leg["request"]["key"]: leg["request"] for leg in basket["legs"]}
    assert (requests[own["key"]]["type"], requests[own["key"]]["price"]) == ("LIMIT", "0.10")
    assert [one["type"] for key, one in requests.items() if key != own["key"]] == ["MARKET"]
    wrong = draft(fresh, legs=[{**own, "price": "0.13"}])
    refused = fresh.problem("POST", f"{STRATEGIES}/{wrong['id']}/send", {"type": "MARKET"})
    assert refused.field == "legs[0].price"
    assert one(fresh, wrong["id"])["state"] == "DRAFT"


def test_basket_when_sent_by_itself_then_it_becomes_a_strategy_of_its_name(fresh: Served) -> None:
    legs = [
        {"key": leg["key"], "side": leg["side"], "quantity": 65, "type": "MARKET", "product": "NRML"}
        for leg in legs_of(fresh)
    ]
    fresh.send("POST", "/api/v1/baskets", {"account": ACCOUNT, "legs": legs, "name": "Friday condor"}, 202)
    fresh.until(lambda: [s["template"] for s in listed(fresh, "open")] == ["iron_condor"])
    (found,) = listed(fresh, "open")
    assert (found["name"], found["origin"], len(found["legs"])) == ("Friday condor", "basket", 4)


def test_positions_when_held_then_found_ungrouped_and_grouped_by_hand(fresh: Served) -> None:
    legs = legs_of(fresh, "short_strangle")
    for leg in legs:
        fresh.order(key=leg["key"], side=leg["side"], quantity=65, product="NRML")
    fresh.until(lambda: [s["template"] for s in listed(fresh, "open")] == ["short_strangle"])
    (found,) = listed(fresh, "open")
    assert found["origin"] == "found"
    fresh.send("DELETE", f"{STRATEGIES}/{found['id']}")
    fresh.advance(6)
    answer = fresh.get(STRATEGIES, state="open")
    assert answer["items"] == []  # what was taken apart is not put together again by itself
    assert sorted(unit["key"] for unit in answer["loose"]) == sorted(leg["key"] for leg in legs)
    wanted = [{"key": leg["key"], "product": "NRML", "quantity": -65} for leg in legs]
    made = fresh.send("POST", f"{STRATEGIES}/group", {"account": ACCOUNT, "name": "By hand", "legs": wanted}, 201)
    assert (made["strategy"]["origin"], made["strategy"]["state"]) == ("grouped", "ACTIVE")
    again = fresh.problem("POST", f"{STRATEGIES}/group", {"account": ACCOUNT, "name": "Twice", "legs": wanted}, 409)
    assert again.code == "strategy.claimed"
    too_many = [{**wanted[0], "quantity": -650}]
    refused = fresh.problem("POST", f"{STRATEGIES}/group", {"account": ACCOUNT, "name": "x", "legs": too_many})
    assert (refused.code, refused.field) == ("strategy.legs", "legs[0].quantity")


def test_position_when_closed_by_hand_then_its_strategy_follows(fresh: Served) -> None:
    made = sent(fresh, "short_strangle")
    for leg in made["legs"]:
        fresh.order(key=leg["key"], side="BUY", quantity=65, product="NRML")
    fresh.until(lambda: one(fresh, made["id"])["state"] == "CLOSED")
    done = one(fresh, made["id"])
    realised = sum(float(p["realised"]) for p in fresh.get("/api/v1/positions")["items"])
    assert float(done["realised"]) == pytest.approx(realised)
    assert listed(fresh, "open") == []


def test_guard_when_the_stop_is_met_then_the_whole_is_closed_once(fresh: Served) -> None:
    made = sent(fresh)
    live = fresh.get(f"{STRATEGIES}/{made['id']}")["live"]
    profit = float(live["profit"])
    at_once = fresh.problem(
        "PATCH", f"{STRATEGIES}/{made['id']}", {"revision": made["revision"], "stop": f"{profit + 50:.2f}"}
    )
    assert (at_once.code, at_once.field) == ("strategy.stop", "stop")
    armed = patch(fresh, one(fresh, made["id"]), stop=f"{profit - 10:.2f}", target=f"{profit + 10:.2f}")
    assert armed["strategy"]["guard"] == "ARMED"
    fresh.until(lambda: one(fresh, made["id"])["state"] == "CLOSED", 300)
    done = one(fresh, made["id"])
    assert done["guard"] == "DONE"
    assert "is met" in done["guard_reason"]
    closing = [b for b in fresh.get("/api/v1/baskets")["items"] if b["name"].endswith("close")]
    assert len(closing) == 1
    assert all(p["quantity"] == 0 for p in fresh.get("/api/v1/positions")["items"])


def test_edit_when_only_fills_and_figures_came_since_it_was_read_then_the_stop_is_set(fresh: Served) -> None:
    made = draft(fresh)
    fresh.send("POST", f"{STRATEGIES}/{made['id']}/send", {"type": "MARKET"}, 202)
    read = one(fresh, made["id"])
    fresh.until(lambda: one(fresh, made["id"])["max_profit"] is not None)
    assert one(fresh, made["id"])["revision"] > read["revision"], "it was filled and measured meanwhile"
    kept = patch(fresh, read, stop="-9000.00")["strategy"]
    assert (kept["stop"], kept["guard"]) == ("-9000.00", "ARMED")
    assert patch(fresh, read, 409, stop="-1000.00")["code"] == "strategy.revision", "but not over another edit"
    assert patch(fresh, {**kept, "revision": kept["revision"] + 50}, 409, note="x")["code"] == "strategy.revision"


def test_guard_when_sauda_restarts_then_stop_alerts_and_units_are_there_and_it_still_fires(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Served.open(folder)
    first.advance(20)
    made = sent(first)
    alert = {"kind": "spot_above", "value": 1.0}
    patch(first, one(first, made["id"]), stop="-100000.00", alerts=[alert])
    first.until(lambda: one(first, made["id"])["alerts"][0]["fired"])
    before = one(first, made["id"])
    first.close()
    second = Served.open(folder, trading=False)
    try:
        second.advance(5)
        after = one(second, made["id"])
        for name in ("legs", "stop", "guard", "alerts", "premium", "max_profit", "charges", "state"):
            assert after[name] == before[name], name
        profit = float(second.get(f"{STRATEGIES}/{made['id']}")["live"]["profit"])
        patch(second, after, stop=f"{profit - 10:.2f}", target=f"{profit + 10:.2f}")
        second.until(lambda: one(second, made["id"])["state"] == "CLOSED", 300)
        assert second.run(second.runtime.storage.differences()) == []
    finally:
        second.close()


def test_guard_when_it_fired_and_sauda_stopped_before_closing_then_it_closes_after_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Served.open(folder)
    first.advance(20)
    made = sent(first)
    book = first.runtime.options.strategies.book
    market = first.runtime.markets["sim"]

    async def fired() -> None:
        kept = book.find(made["id"])
        assert kept is not None
        await book.keep(kept, "guard.fired", guard="FIRED", guard_reason="the stop is met.", guard_at=market.now())
        book.find = lambda _: None  # type: ignore[method-assign,assignment]  # the power goes before the next look
        book.live = lambda *_, **__: []  # type: ignore[method-assign]

    first.run(fired())
    first.close()
    second = Served.open(folder, trading=False)
    try:
        second.until(lambda: one(second, made["id"])["state"] == "CLOSED", 120)
        assert one(second, made["id"])["guard"] == "DONE"
        assert all(p["quantity"] == 0 for p in second.get("/api/v1/positions")["items"])
    finally:
        second.close()


def test_strategy_when_sauda_stopped_before_it_saw_its_trades_then_each_counts_once_after_the_start(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    first = Served.open(folder)
    first.advance(20)
    made = sent(first, "short_strangle")
    tracker = first.runtime.options.strategies.tracker

    async def blind() -> None:
        """The power goes before the next look."""

    tracker.look = blind  # type: ignore[method-assign]
    for leg in made["legs"]:
        first.order(key=leg["key"], side="BUY", quantity=65, product="NRML")
    first.until(lambda: all(p["quantity"] == 0 for p in first.get("/api/v1/positions")["items"]))
    assert one(first, made["id"])["state"] == "ACTIVE"
    first.close()
    for _ in range(2):  # and a second start finds nothing more to count
        again = Served.open(folder, trading=False)
        try:
            again.until(lambda: one(again, made["id"])["state"] == "CLOSED")  # noqa: B023 - asked at once
            done = one(again, made["id"])
            realised = sum(float(p["realised"]) for p in again.get("/api/v1/positions")["items"])
            assert float(done["realised"]) == pytest.approx(realised)
            assert len(again.get(f"{STRATEGIES}/{made['id']}/performance")["trades"]) == 4
            assert again.run(again.runtime.storage.differences()) == []
        finally:
            again.close()


def test_strategies_when_the_journal_had_failed_then_they_are_read_from_disk_again(fresh: Served) -> None:
    made = sent(fresh)
    desk, book = fresh.runtime.orders.desk, fresh.runtime.options.strategies.book
    desk.halted = "the journal cannot be written."
    refused = fresh.problem("PATCH", f"{STRATEGIES}/{made['id']}", {"revision": made["revision"], "name": "x"}, 503)
    assert refused.code == "journal.broken"
    fresh.advance(3)
    book._live.clear()  # memory is not trusted after a failed write
    desk.halted = ""
    fresh.until(lambda: book.find(made["id"]) is not None)
    assert one(fresh, made["id"])["legs"] == made["legs"]


def test_adjust_when_shifted_then_previewed_sent_and_noted(fresh: Served) -> None:
    made = sent(fresh)
    put = next(leg for leg in made["legs"] if leg["key"].endswith("PE") and leg["quantity"] < 0)
    change = {"kind": "shift", "steps": 1, "legs": [put["key"]]}
    seen = fresh.send("POST", f"{STRATEGIES}/{made['id']}/adjust/preview", change)
    assert [(order["side"], order["closes"]) for order in seen["orders"]] == [("BUY", True), ("SELL", False)]
    assert seen["before"]["outcome"] != seen["after"]["outcome"]
    assert seen["before"]["spots"] == seen["after"]["spots"]
    assert seen["problems"] == []
    assert fresh.get("/api/v1/orders")["items"][0]["tag"] == made["id"]
    count = len(fresh.get("/api/v1/orders")["items"])
    fresh.send("POST", f"{STRATEGIES}/{made['id']}/adjust", {**change, "type": "MARKET"}, 202)
    fresh.until(lambda: len(one(fresh, made["id"])["legs"]) == 5 and one(fresh, made["id"])["state"] == "ACTIVE")
    after = one(fresh, made["id"])
    assert len(fresh.get("/api/v1/orders")["items"]) == count + 2
    assert [adjustment["kind"] for adjustment in after["adjustments"]] == ["shift"]
    gone = next(leg for leg in after["legs"] if leg["key"] == put["key"])
    assert (gone["quantity"], gone["exit"] is not None) == (0, True)


def test_adjust_when_legs_are_free_then_closed_opened_and_limited_as_asked_in_their_own_product(fresh: Served) -> None:
    made = sent(fresh, "short_strangle")
    call, put = (next(leg for leg in made["legs"] if leg["key"].endswith(right)) for right in ("CE", "PE"))
    wing = legs_of(fresh, "iron_condor")
    far = next(leg["key"] for leg in wing if leg["key"].endswith("CE") and leg["side"] == "BUY")
    added = [
        {"key": put["key"], "side": "BUY", "lots": 1},
        {"key": far, "side": "BUY", "lots": 1, "price": "0.10"},
    ]
    change = {"kind": "legs", "legs_added": added, "type": "MARKET"}
    seen = fresh.send("POST", f"{STRATEGIES}/{made['id']}/adjust/preview", change)
    assert {order["key"]: order["closes"] for order in seen["orders"]} == {put["key"]: True, far: False}
    assert seen["after"]["recognised"]["key"] == "bear_call_spread"
    assert seen["margin"] is not None and seen["charges"] is not None
    basket = fresh.send("POST", f"{STRATEGIES}/{made['id']}/adjust", change, 202)["basket"]
    requests = {leg["request"]["key"]: leg["request"] for leg in basket["legs"]}
    assert (requests[far]["type"], requests[far]["price"], requests[put["key"]]["type"]) == ("LIMIT", "0.10", "MARKET")
    assert {request["product"] for request in requests.values()} == {call["product"]}
    nothing = fresh.problem("POST", f"{STRATEGIES}/{made['id']}/adjust/preview", {"kind": "legs"})
    assert nothing.field == "legs_added"


@pytest.mark.parametrize(
    ("change", "sides", "named"),
    [
        ({"kind": "roll", "expiry": LATER}, ["BUY", "BUY", "SELL", "SELL"], "short_strangle"),
        ({"kind": "hedge"}, ["BUY", "BUY"], "iron_condor"),
    ],
)
def test_adjust_when_a_strangle_is_rolled_or_hedged_then_it_is_what_it_should_be(
    fresh: Served, change: dict[str, Any], sides: list[str], named: str
) -> None:
    made = sent(fresh, "short_strangle")
    seen = fresh.send("POST", f"{STRATEGIES}/{made['id']}/adjust/preview", change)
    assert [order["side"] for order in seen["orders"]] == sides
    assert seen["before"]["outcome"]["loss_unbounded"]
    assert seen["after"]["recognised"]["key"] == named
    assert seen["after"]["outcome"]["loss_unbounded"] == (named == "short_strangle")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"kind": "roll"}, 400, "options.date"),
        ({"kind": "roll", "expiry": EXPIRY}, 400, "options.date"),
        ({"kind": "roll", "expiry": "2026-11-30"}, 404, "chain.unknown"),
        ({"kind": "shift"}, 400, "options.no_strike"),
        ({"kind": "shift", "steps": 400}, 400, "options.no_strike"),
        ({"kind": "shift", "steps": 1, "legs": ["NSE:INFY"]}, 400, "strategy.legs"),
        ({"kind": "hedge"}, 400, "strategy.state"),
        ({"kind": "legs"}, 400, "options.legs"),
        ({"kind": "legs", "legs_added": [{"key": "NSE:INFY", "side": "BUY", "lots": 1}]}, 400, "options.mixed"),
    ],
)
def test_adjust_when_it_makes_no_sense_then_one_sentence_says_so(
    condor: tuple[Served, str], change: dict[str, Any], status: int, code: str
) -> None:
    sauda, strategy_id = condor
    assert sauda.problem("POST", f"{STRATEGIES}/{strategy_id}/adjust/preview", change, status).code == code


@pytest.fixture(scope="module")
def condor(sauda: Served) -> tuple[Served, str]:
    """A condor on the file's own Sauda, for questions that change nothing."""
    sauda.advance(20)
    return sauda, sent(sauda)["id"]


def test_close_when_a_half_is_asked_of_one_lot_then_refused_and_the_whole_passes(fresh: Served) -> None:
    made = sent(fresh)
    half = fresh.problem("POST", f"{STRATEGIES}/{made['id']}/close", {"fraction": 0.5})
    assert (half.code, half.field) == ("options.lots", "fraction")
    fresh.send("POST", f"{STRATEGIES}/{made['id']}/close", {}, 202)
    twice = fresh.problem("POST", f"{STRATEGIES}/{made['id']}/close", {}, 409)
    assert twice.code == "strategy.state"
    fresh.until(lambda: one(fresh, made["id"])["state"] == "CLOSED")
    found = fresh.get(f"{STRATEGIES}/{made['id']}/performance")
    assert (found["state"], found["open"], len(found["trades"])) == ("CLOSED", "0.00", 8)
    assert float(found["net"]) == pytest.approx(float(found["realised"]) - float(found["charges"]))
    record = fresh.get(f"{STRATEGIES}/performance")
    assert (record["count"], record["net"]) == (1, found["net"])
    assert fresh.send("DELETE", f"{STRATEGIES}/{made['id']}") == {"deleted": True}
    assert listed(fresh) == []


def test_series_when_minutes_pass_then_profit_and_spot_are_kept(fresh: Served) -> None:
    made = sent(fresh)
    fresh.advance(125)
    found = fresh.get(f"{STRATEGIES}/{made['id']}/series")
    assert len(found["t"]) == len(found["profit"]) == len(found["spot"]) >= 2
    assert found["t"] == sorted(found["t"])


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"legs": []}, 400, "options.legs", "legs"),
        ({"name": "   "}, 400, "strategy.name", "name"),
        ({"account": "nobody"}, 404, "account.unknown", "account"),
        ({"product": "CNC"}, 400, "strategy.legs", "product"),
        ({"legs": [{"key": "NFO:NOPE", "side": "BUY", "lots": 1}]}, 404, "instrument.unknown", "legs[0].key"),
        ({"surprise": 1}, 400, "request.field", "surprise"),
    ],
)
def test_draft_when_the_input_is_bad_then_nothing_is_kept(
    condor: tuple[Served, str], change: dict[str, Any], status: int, code: str, field: str
) -> None:
    sauda, _ = condor
    body = {"account": ACCOUNT, "name": "Bad", "legs": legs_of(sauda), **change}
    problem = sauda.problem("POST", STRATEGIES, body, status)
    assert (problem.code, problem.field) == (code, field)
    assert all(found["name"] != "Bad" for found in listed(sauda))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stop": "1000000.00"}, "strategy.stop"),
        ({"target": "-1000000.00"}, "strategy.target"),
        ({"legs": []}, "strategy.state"),
        ({"alerts": [{"kind": "spot_above", "value": 1}] * 30}, "strategy.alert"),
    ],
)
def test_edit_when_it_makes_no_sense_then_nothing_changes(
    condor: tuple[Served, str], change: dict[str, Any], code: str
) -> None:
    sauda, strategy_id = condor
    before = one(sauda, strategy_id)
    answer = sauda.ask("PATCH", f"{STRATEGIES}/{strategy_id}", {"revision": before["revision"], **change})
    assert answer.status_code in (400, 409)
    assert answer.json()["code"] == code
    assert one(sauda, strategy_id) == before
