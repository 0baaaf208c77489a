"""Positions, holdings, funds, statement and the dashboard over HTTP."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from server.api.positions import parted
from server.domain.books import Position
from tests.api_kit import ACCOUNT, Served

FUNDS = "/api/v1/funds"
TODAY, YESTERDAY = date(2026, 11, 20), date(2026, 11, 19)
CONTROL = "/api/v1/markets/sim/control"


def move(sauda: Served, direction: str, amount: object, status: int = 200, **more: Any) -> Any:
    """Deposit or withdraw."""
    body = {"account": ACCOUNT, "amount": amount, **more}
    if status != 200:
        return sauda.problem("POST", f"{FUNDS}/{direction}", body, status)
    return sauda.send("POST", f"{FUNDS}/{direction}", body)


@pytest.mark.parametrize("amount", ["1000.00", "1000", "0.01", "0.5", "007"])
def test_deposit_and_withdraw_when_the_amount_is_plain_then_to_the_paisa(sauda: Served, amount: str) -> None:
    before = Decimal(sauda.get(FUNDS)["cash"])
    assert Decimal(move(sauda, "deposit", amount, reason="pocket money")["cash"]) == before + Decimal(amount)
    line = sauda.get("/api/v1/audit", limit=1)["items"][0]["text"]
    assert line.endswith("in paper-sim: pocket money")
    assert Decimal(move(sauda, "withdraw", amount)["cash"]) == before


@pytest.mark.parametrize(
    "amount",
    [
        *("0", "0.00", "-5", "+5", "1e3", "1.234", "NaN", "Infinity", "1e400", "1E-400", " 5", "5 ", "1_000", "1,000"),
        *("٥", "0x10", "", ".5", "5.", "1" * 400, "10000000000.01", "1." + "0" * 400),
    ],
)
@pytest.mark.parametrize("direction", ["deposit", "withdraw"])
def test_deposit_and_withdraw_when_it_is_no_amount_then_refused_and_nothing_moves(
    sauda: Served, direction: str, amount: str
) -> None:
    before = sauda.get(FUNDS)
    problem = move(sauda, direction, amount, 400)
    assert (problem.code, problem.field, problem.limit) == ("funds.amount", "amount", "0.01 to 10000000000")
    assert len(problem.detail) < 100
    assert sauda.get(FUNDS) == before


@pytest.mark.parametrize("amount", [1000, 10.5, None, True, ["5"]])
def test_deposit_when_the_amount_is_not_a_text_then_refused(sauda: Served, amount: object) -> None:
    assert move(sauda, "deposit", amount, 400).field == "amount"


def test_withdraw_when_more_than_is_free_then_refused_with_the_limit(sauda: Served) -> None:
    free = sauda.get(FUNDS)["free"]
    problem = move(sauda, "withdraw", str(Decimal(free) + Decimal("0.01")), 400)
    assert problem.field == "amount"
    assert problem.limit == free
    assert sauda.get(FUNDS)["free"] == free


def test_funds_when_the_account_is_unknown_then_404(sauda: Served) -> None:
    for path in ("funds", "statement", "positions", "holdings", "overview", "risk"):
        assert sauda.problem("GET", f"/api/v1/{path}?account=nobody", status=404).field == "account"
    assert sauda.problem("POST", f"{FUNDS}/deposit", {"account": "nobody", "amount": "1.00"}, 404).field == "account"


def test_position_when_traded_then_marked_and_closed_again(sauda: Served) -> None:
    bought = sauda.order(key="NSE:ITC", quantity=10)
    item = next(p for p in sauda.get("/api/v1/positions")["items"] if p["key"] == "NSE:ITC")
    assert (item["quantity"], item["product"], item["average"]) == (10, "MIS", bought["average"])
    assert item["instrument"]["label"] == "ITC"
    gain = (Decimal(item["ltp"]) - Decimal(item["average"])) * 10
    assert Decimal(item["mtm"]) == gain.quantize(Decimal("0.01"))
    assert Decimal(item["value"]) == Decimal(item["ltp"]) * 10
    assert not item["stale"]
    held = sauda.get(FUNDS)
    assert Decimal(held["margin"]) > 0
    exit_body = {"account": ACCOUNT, "key": "NSE:ITC", "product": "MIS", "request_id": "out"}
    out = sauda.send("POST", "/api/v1/positions/exit", exit_body, 201)["order"]
    assert (out["side"], out["quantity"], out["state"]) == ("SELL", 10, "FILLED")
    flat = next(p for p in sauda.get("/api/v1/positions")["items"] if p["key"] == "NSE:ITC")
    assert (flat["quantity"], flat["average"], flat["mtm"]) == (0, None, "0.00")
    assert sauda.problem("POST", "/api/v1/positions/exit", {**exit_body, "request_id": "again"}, 404).field == "key"


def test_positions_when_listed_then_totals_are_the_sums(sauda: Served) -> None:
    sauda.order(key="NSE:SBIN", quantity=4)
    sauda.order(key="NSE:TCS", quantity=2, side="SELL")
    found = sauda.get("/api/v1/positions")
    totals = {name: Decimal(value) for name, value in found["totals"].items()}
    for name in ("mtm", "realised", "charges"):
        assert totals[name] == sum(Decimal(p[name]) for p in found["items"])
    assert totals["net"] == totals["mtm"] + totals["realised"] - totals["charges"]


def test_statement_when_paged_then_nothing_is_lost_and_balances_run(sauda: Served) -> None:
    whole = sauda.get("/api/v1/statement", limit=500)["items"]
    assert len(whole) > 10
    for limit in (1, 4, len(whole)):
        assert sauda.pages("/api/v1/statement", limit) == whole
    for newer, older in pairwise(whole):
        assert Decimal(newer["balance"]) - Decimal(newer["amount"]) == Decimal(older["balance"])


def test_statement_when_all_books_then_every_transaction_sums_to_zero(sauda: Served) -> None:
    sums: dict[str, Decimal] = {}
    for line in sauda.get("/api/v1/statement", book="all", limit=500)["items"]:
        sums[line["transaction"]] = sums.get(line["transaction"], Decimal(0)) + Decimal(line["amount"])
    assert sums
    assert set(sums.values()) == {Decimal("0.00")}


@pytest.mark.parametrize(
    ("query", "some"),
    [
        ("from=2026-11-20", True),
        ("from=2026-11-21", False),
        ("to=2026-11-20", True),
        ("to=2026-11-19", False),
        ("from=2026-11-20&to=2026-11-19", False),
        ("to=9999-12-31", True),
        ("from=0001-01-01&to=9999-12-31", True),
        ("book=capital", True),
        ("book=tax&to=2026-11-19", False),
    ],
)
def test_statement_when_cut_to_days_then_only_those(sauda: Served, query: str, some: bool) -> None:
    assert bool(sauda.get(f"/api/v1/statement?{query}")["items"]) is some


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=yesterday", "from"), ("to=2026-13-01", "to"), ("book=nope", "book"), ("limit=501", "limit")],
)
def test_statement_when_a_parameter_is_wrong_then_it_is_named_as_on_the_wire(
    sauda: Served, query: str, field: str
) -> None:
    assert sauda.problem("GET", f"/api/v1/statement?{query}").field == field


def test_overview_when_read_then_agrees_with_funds_and_positions(sauda: Served) -> None:
    seen = sauda.get("/api/v1/overview")
    funds = sauda.get(FUNDS)
    assert {name: seen["funds"][name] for name in ("cash", "margin", "charges")} == {
        name: funds[name] for name in ("cash", "margin", "charges")
    }
    assert {i["key"] for i in seen["indices"]} >= {"NSE_INDEX:NIFTY", "NSE_INDEX:BANKNIFTY"}
    nifty = seen["indices"][0]
    assert Decimal(nifty["change"]) == (Decimal(nifty["ltp"]) - Decimal(nifty["close"])).quantize(Decimal("0.01"))
    breadth = seen["breadth"]
    assert breadth["advances"] + breadth["declines"] + breadth["unchanged"] == breadth["universe"] >= 50
    assert seen["open_risk"]["positions"] == sum(
        p["quantity"] != 0 for p in sauda.get("/api/v1/positions")["items"] + sauda.get("/api/v1/holdings")["items"]
    )
    assert seen["open_risk"]["unknown"] == 0


def test_holdings_when_shares_were_bought_for_delivery_then_there_the_next_day(sauda: Served) -> None:
    sauda.order(key="NSE:HDFCBANK", quantity=7, product="CNC")
    sauda.advance(1)
    assert "NSE:HDFCBANK" not in [p["key"] for p in sauda.get("/api/v1/holdings")["items"]]
    assert "NSE:HDFCBANK" in [p["key"] for p in sauda.get("/api/v1/positions")["items"]]
    sauda.send("POST", CONTROL, {"action": "scenario", "name": "gap"})
    sauda.advance(14)
    held = next(p for p in sauda.get("/api/v1/holdings")["items"] if p["key"] == "NSE:HDFCBANK")
    assert (held["quantity"], held["product"]) == (7, "CNC")
    quote = sauda.get("/api/v1/quotes", keys="NSE:HDFCBANK")["items"][0]
    moved = (Decimal(quote["ltp"]) - Decimal(quote["close"])) * 7
    assert Decimal(held["day_mtm"]) == moved.quantize(Decimal("0.01"))
    assert held["day_mtm"] != held["mtm"]
    assert "NSE:HDFCBANK" not in [p["key"] for p in sauda.get("/api/v1/positions")["items"]]
    sold = sauda.send(
        "POST", "/api/v1/positions/exit", {"account": ACCOUNT, "key": "NSE:HDFCBANK", "product": "CNC"}, 201
    )["order"]
    assert sold["state"] == "FILLED"
    assert "NSE:HDFCBANK" not in [p["key"] for p in sauda.get("/api/v1/holdings")["items"]]


def test_movement_when_refused_then_it_is_on_record(sauda: Served) -> None:
    free = sauda.get(FUNDS)["free"]
    move(sauda, "withdraw", f"{Decimal(free) + 1}", status=400)
    line = sauda.get("/api/v1/audit", limit=1)["items"][0]["text"]
    assert line.startswith("Refused to take money out: ")
    move(sauda, "deposit", "5.00", status=404, account="nobody")
    line = sauda.get("/api/v1/audit", limit=1)["items"][0]["text"]
    assert line.startswith("Refused to pay money in: 5.00 rupees in nobody")


def test_order_when_the_account_is_unknown_then_it_is_on_record(sauda: Served) -> None:
    body = {"account": "nobody", "key": "NSE:ITC", "side": "BUY", "quantity": 1, "type": "MARKET", "product": "MIS"}
    assert sauda.problem("POST", "/api/v1/orders", body, 404).field == "account"
    assert sauda.get("/api/v1/audit", limit=1)["items"][0]["text"].startswith("Refused to buy 1 ITC at market")


@pytest.mark.parametrize(
    ("position", "older", "newer"),
    [
        ({"quantity": 10, "cost_minor": 1_000, "day": YESTERDAY}, (10, 1_000), (0, 0)),
        ({"quantity": 10, "cost_minor": 1_000, "day": TODAY, "buy_quantity": 4}, (6, 600), (4, 400)),
        ({"quantity": 10, "cost_minor": 1_000, "day": TODAY, "buy_quantity": 10}, (0, 0), (10, 1_000)),
        ({"quantity": 6, "cost_minor": 600, "day": TODAY, "sell_quantity": 4}, (6, 600), (0, 0)),
        ({"quantity": 0, "day": TODAY, "sell_quantity": 4}, (0, 0), (0, 0)),
        ({"quantity": 10, "cost_minor": 1_000, "day": YESTERDAY, "product": "MIS"}, (0, 0), (10, 1_000)),
    ],
)
def test_holdings_when_more_is_bought_today_then_earlier_shares_stay_there(
    position: dict[str, Any], older: tuple[int, int], newer: tuple[int, int]
) -> None:
    fields: dict[str, Any] = {"account": ACCOUNT, "key": "NSE:ITC", "product": "CNC", **position}
    parts = parted(Position(**fields), TODAY)
    assert [(p.quantity, p.cost_minor) for p in parts] == [older, newer]
    assert parts[1].sell_quantity == position.get("sell_quantity", 0)
