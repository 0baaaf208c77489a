"""Bad input: each gets one clear error that names field, limit and remedy; nothing is stored but the audit line.

The whole program is asked over HTTP. What is refused: things no exchange takes (off the tick, a wrong lot, above the
freeze quantity, outside the band, expired, out of hours), things that are no numbers, and things made to do harm
(numbers with a billion digits, texts that would forge a line of the log, a megabyte).
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from server.storage.files import DATABASE
from tests.api_kit import ACCOUNT, Served, order

CONTROL = "/api/v1/markets/sim/control"


@pytest.fixture(scope="module")
def sauda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served.open(tmp_path_factory.mktemp("bad") / "data")
    served.order()  # so that there is something to leave unchanged
    yield served
    served.close()


@pytest.fixture(scope="module")
def option(sauda: Served) -> dict[str, Any]:
    """A NIFTY call near the money."""
    found: dict[str, Any] = sauda.get("/api/v1/instruments", kind="OPTION", name="NIFTY", limit=1)["items"][0]
    return found


def tables(sauda: Served) -> dict[str, list[Any]]:
    """Every row of every table but the journal."""
    with sqlite3.connect(f"file:{sauda.data / DATABASE}?mode=ro", uri=True) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {n: database.execute(f"SELECT * FROM {n}").fetchall() for n in names if n != "journal"}
    database.close()
    assert {"orders", "postings", "positions", "fills"} <= set(found)
    return found


def refused(sauda: Served, body: object, status: int, *, path: str = "/api/v1/orders", method: str = "POST") -> Any:
    """Send it, look at the refusal and at what it left behind; returns the problem and the audit line."""
    before, entries = tables(sauda), sauda.get("/api/v1/audit", limit=1)["items"][0]["seq"]
    problem = sauda.problem(method, path, body, status)
    assert tables(sauda) == before
    lines = sauda.get("/api/v1/audit", limit=5)["items"]
    assert lines[0]["seq"] == entries + 1, "one line, no more and no less"
    assert lines[0]["correlation"] == problem.correlation
    assert lines[0]["actor"] == "owner"
    assert problem.field
    assert problem.limit
    assert problem.remedy
    assert len(problem.detail) < 300
    assert len(lines[0]["text"]) < 400
    assert lines[0]["text"].isprintable()
    assert lines[0]["text"].startswith("Refused ")
    why = problem.detail.split(": ", 1)[-1].rstrip(".")
    assert why in lines[0]["text"], "the line says why"
    return problem, lines[0]["text"]


# no exchange takes it


def test_off_tick_price(sauda: Served) -> None:
    problem, line = refused(sauda, order(type="LIMIT", price="1287.03"), 400)
    assert (problem.code, problem.field, problem.limit) == ("order.tick", "price", "0.10")
    assert problem.remedy == "Use 1287.00 or 1287.10."
    assert line == "Refused to buy 1 RELIANCE at 1287.03: price 1287.03 is not on the tick 0.10"


def test_wrong_lot(sauda: Served, option: dict[str, Any]) -> None:
    problem, line = refused(sauda, order(key=option["key"], product="NRML", quantity=option["lot"] + 1), 400)
    assert (problem.code, problem.field, problem.limit) == ("order.lot", "quantity", str(option["lot"]))
    assert problem.remedy == f"Use {option['lot']} or {2 * option['lot']}."
    assert line.startswith(f"Refused to buy {option['lot'] + 1} {option['label']}")


def test_above_the_freeze_quantity(sauda: Served, option: dict[str, Any]) -> None:
    quantity = (option["freeze"] // option["lot"] + 1) * option["lot"]
    problem, _ = refused(sauda, order(key=option["key"], product="NRML", quantity=quantity), 422)
    assert (problem.code, problem.field, problem.limit) == ("order.freeze", "quantity", str(option["freeze"]))


@pytest.mark.parametrize(("price", "side"), [("2000.00", "BUY"), ("500.00", "SELL")])
def test_price_beyond_the_band(sauda: Served, price: str, side: str) -> None:
    problem, _ = refused(sauda, order(type="LIMIT", price=price, side=side), 422)
    assert (problem.code, problem.field) == ("order.price_band", "price")
    low, high = problem.limit.split(" to ")
    assert problem.remedy == f"Use a price between {low} and {high}."


@pytest.mark.parametrize("key", ["NSE:NOPE", "", "RELIANCE", "N" * 5_000, "NFO:NIFTY01DEC2699999CE"])
def test_unknown_symbol(sauda: Served, key: str) -> None:
    before = tables(sauda)
    problem = sauda.problem("POST", "/api/v1/orders", order(key=key), 400)
    assert (problem.code, problem.field) == ("order.instrument", "key")
    assert "search" in problem.remedy
    assert tables(sauda) == before


def test_an_index_cannot_be_traded(sauda: Served) -> None:
    problem = sauda.problem("POST", "/api/v1/orders", order(key="NSE_INDEX:NIFTY"), 400)
    assert (problem.code, problem.field) == ("order.not_tradable", "key")
    assert problem.remedy


# no quantity and no price


@pytest.mark.parametrize("quantity", [0, -5, 10**9 + 1, 2**63, 2**100, -(2**100), 10**4_000])
def test_quantity_out_of_all_reason(sauda: Served, quantity: int) -> None:
    problem, _ = refused(sauda, json.dumps(order()).replace('"quantity": 1', f'"quantity": {quantity}').encode(), 400)
    assert (problem.code, problem.field) == ("order.quantity", "quantity")


@pytest.mark.parametrize("quantity", ["5", 1.5, None, True, [1], {"n": 1}, ""])
def test_quantity_of_another_kind(sauda: Served, quantity: object) -> None:
    problem, line = refused(sauda, {**order(), "quantity": quantity}, 400)
    assert (problem.code, problem.field, problem.limit) == ("request.field", "quantity", "a whole number")
    assert "whole number is wanted" in problem.detail
    assert line.startswith("Refused an order that could not be read: quantity")


PRICES = ["NaN", "-NaN", "sNaN", "Infinity", "-Infinity", "1e400", "-1", "0", "-0", "1E+999999999", "1" * 40, "1e8"]
FINE = ["1E-400", "1E-999999999", "1287." + "1" * 40, "1287.0000000001"]


@pytest.mark.parametrize("price", PRICES + FINE)
@pytest.mark.parametrize("field", ["price", "trigger"])
def test_price_that_is_none(sauda: Served, price: str, field: str) -> None:
    both = {"price": "1287.00", "trigger": "1287.00", field: price}
    problem, _ = refused(sauda, order(type="SL", **both), 400)
    assert (problem.code, problem.field) == ("order.tick" if price in FINE else f"order.{field}", field)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "0x10", "1,5", "'5'"])
def test_number_that_json_does_not_have(sauda: Served, number: str) -> None:
    body = json.dumps(order(type="LIMIT")).replace("}", f', "price": {number}}}').encode()
    problem = sauda.problem("POST", "/api/v1/orders", body, 400)
    assert problem.code == "request.json"
    if number != "1,5" and number != "0x10":  # there the fault lies after the value
        assert problem.field == "price"
    assert problem.remedy


@pytest.mark.parametrize("price", ["abc", "", "1_000", "٥", "1,000.00"])
def test_price_in_words(sauda: Served, price: str) -> None:
    before = tables(sauda)
    answer = sauda.ask("POST", "/api/v1/orders", order(type="LIMIT", price=price))
    assert answer.status_code in (400, 422), answer.text
    assert tables(sauda) == before


@pytest.mark.parametrize("protection", ["NaN", "1e400", "1E-999999999", "-1", "0", "101", "1." + "0" * 400])
def test_market_protection_that_is_no_percentage(sauda: Served, protection: str) -> None:
    problem, _ = refused(sauda, order(protection=protection), 400)
    assert (problem.code, problem.field) == ("order.protection", "protection")


def test_zeros_without_end_are_kept_as_the_tick_is_written(sauda: Served) -> None:
    placed = sauda.order(type="LIMIT", price="1200." + "0" * 400)
    assert placed["price"] == "1200.00"
    sauda.send("DELETE", f"/api/v1/orders/{placed['id']}")


# texts


@pytest.mark.parametrize("field", ["tag", "request_id", "key", "account"])
@pytest.mark.parametrize("text", ["a\x00b", "one\ntwo", "\x1b[31mred", "\u202eabc", "\u200b", "\u2028"])
def test_text_that_cannot_be_shown(sauda: Served, field: str, text: str) -> None:
    problem, _ = refused(sauda, order(**{field: text}), 400)
    assert (problem.code, problem.field) == ("request.text", field)
    assert problem.value.isprintable()


@pytest.mark.parametrize(("field", "limit"), [("tag", 64), ("request_id", 120)])
@pytest.mark.parametrize("length", [1, 1_000, 100_000])
def test_text_that_is_too_long(sauda: Served, field: str, limit: int, length: int) -> None:
    problem, _ = refused(sauda, order(**{field: "x" * (limit + length)}), 400)
    assert (problem.code, problem.field, problem.limit) == (f"order.{field}", field, str(limit))


REASONS = [
    ("POST", "/api/v1/funds/deposit", {"account": ACCOUNT, "amount": "1.00"}),
    ("POST", "/api/v1/funds/withdraw", {"account": ACCOUNT, "amount": "1.00"}),
    ("POST", "/api/v1/kill-switch", {"engage": True}),
    ("PUT", "/api/v1/risk/limits", {"account": ACCOUNT, "limits": {"open_orders": 99}}),
    ("PUT", "/api/v1/risk/state", {"account": ACCOUNT, "state": "HALTED"}),
]


@pytest.mark.parametrize(("method", "path", "body"), REASONS)
@pytest.mark.parametrize("reason", ["a\nPaid in ₹1,00,000.00", "x" * 201, 5])
def test_reason_that_cannot_be_kept(
    sauda: Served, method: str, path: str, body: dict[str, Any], reason: object
) -> None:
    problem, _ = refused(sauda, {**body, "reason": reason}, 400, path=path, method=method)
    assert problem.field == "reason"


# bodies


@pytest.mark.parametrize("name", ["bogus", "Quantity", "qty", "__class__"])
def test_unknown_field(sauda: Served, name: str) -> None:
    problem, _ = refused_without_limit(sauda, order(**{name: 1}))
    assert (problem.code, problem.field) == ("request.field", name)


@pytest.mark.parametrize("name", ["account", "key", "side", "quantity", "type", "product"])
def test_missing_field(sauda: Served, name: str) -> None:
    problem, _ = refused_without_limit(sauda, order(**{name: None}))
    assert (problem.code, problem.field, problem.detail) == ("request.field", name, f"{name}: this field is missing.")


def refused_without_limit(sauda: Served, body: object) -> Any:
    """As `refused`; a field that should not be there, or is not, has no limit."""
    before, entries = tables(sauda), sauda.get("/api/v1/audit", limit=1)["items"][0]["seq"]
    problem = sauda.problem("POST", "/api/v1/orders", body)
    assert tables(sauda) == before
    line = sauda.get("/api/v1/audit", limit=1)["items"][0]
    assert line["seq"] == entries + 1
    assert problem.remedy
    return problem, line["text"]


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("side", "BUY, SELL"),
        ("type", "MARKET, LIMIT, SL, SL-M"),
        ("product", "MIS, NRML, CNC"),
        ("validity", "DAY, IOC"),
    ],
)
@pytest.mark.parametrize("word", ["buy", "", "X" * 1_000])
def test_word_that_is_no_choice(sauda: Served, field: str, limit: str, word: str) -> None:
    problem, _ = refused(sauda, order(**{field: word}), 400)
    assert (problem.field, problem.limit, problem.remedy) == (field, limit, f"Use one of: {limit}.")


def test_body_of_a_megabyte(sauda: Served) -> None:
    problem, _ = refused(sauda, order(tag="z" * 1_000_001), 413)
    assert (problem.code, problem.field, problem.limit) == ("request.size", "body", "1 MB")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 100_000, b'{"tag":"\\ud800"}'])
def test_body_that_is_no_order(sauda: Served, body: bytes) -> None:
    problem, line = refused(sauda, body, 400)
    assert problem.code in ("request.json", "request.field")
    assert problem.field == "body"
    assert line.startswith("Refused an order that could not be read: ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"quantity": 1, "quantity": 100, %s}', "quantity"),
        ('{"quantity": 1, %s, "quantit\\u0079": 100}', "quantity"),
        ('{%s, "account": "somebody", "quantity": 1}', "account"),
    ],
)
def test_field_that_is_sent_twice(sauda: Served, body: str, field: str) -> None:
    rest = json.dumps(order(quantity=None)).strip("{}")
    problem, _ = refused(sauda, (body % rest).encode(), 400)
    assert (problem.code, problem.field) == ("request.twice", field)


def test_fields_of_the_legs_of_a_basket_are_not_taken_for_twice_the_same(sauda: Served) -> None:
    legs = [order(), order(key="NSE:INFY")]
    for leg in legs:
        leg.pop("account")
    body = {"account": ACCOUNT, "legs": legs}
    answer = sauda.ask("POST", "/api/v1/baskets/preview", body)
    assert "request.twice" not in answer.text


def test_account_that_is_not_there(sauda: Served) -> None:
    before = tables(sauda)
    problem = sauda.problem("POST", "/api/v1/orders", order(account="somebody"), 404)
    assert (problem.code, problem.field, problem.value) == ("account.unknown", "account", "somebody")
    assert problem.remedy == f"Use one of: {ACCOUNT}."
    assert tables(sauda) == before


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "garbage"])
def test_body_of_another_kind(sauda: Served, kind: str) -> None:
    """What is no JSON is refused, whatever it calls itself; nothing is read from a form."""
    before = tables(sauda)
    answer = sauda.ask(
        "POST", "/api/v1/orders", b"account=paper-sim&key=NSE:RELIANCE&side=BUY", headers={"content-type": kind}
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "request.json"
    assert tables(sauda) == before


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "multipart/form-data; boundary=x", ""])
def test_upload_that_is_no_form(sauda: Served, kind: str) -> None:
    answer = sauda.ask("POST", "/api/v1/imports", b"date,open", headers={"content-type": kind})
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] in ("file", "body")
    assert answer.json()["remedy"]


def test_objects_within_objects_without_end(sauda: Served) -> None:
    for body in (b'{"a":' * 900 + b"1" + b"}" * 900, b'{"tag":' + b"[" * 2_000 + b"]" * 2_000 + b"}"):
        before = tables(sauda)
        assert sauda.ask("POST", "/api/v1/orders", body).status_code == 400
        # where anything may be kept, depth is refused as well, or kept as sent
        answer = sauda.ask("PUT", "/api/v1/preferences", body)
        assert answer.status_code in (200, 400), answer.text
        assert {k: v for k, v in tables(sauda).items() if k != "settings"} == {
            k: v for k, v in before.items() if k != "settings"
        }


def test_previews_leave_no_line(sauda: Served) -> None:
    before = sauda.get("/api/v1/audit", limit=1)["items"][0]["seq"]
    for body in (order(quantity="5"), order(tag="a\nb"), b"{"):
        sauda.problem("POST", "/api/v1/orders/preview", body)
    assert sauda.send("POST", "/api/v1/orders/preview", order(quantity=2**80))["problems"][0]["field"] == "quantity"
    assert sauda.get("/api/v1/audit", limit=1)["items"][0]["seq"] == before


def test_the_record_is_whole_after_all_this(sauda: Served) -> None:
    verdict = sauda.send("POST", "/api/v1/audit/verify")
    assert verdict["ok"], verdict
    assert sauda.get("/health")["status"] == "ok"
    placed = sauda.order()
    assert placed["state"] == "FILLED"


# hours and expiry need a market of their own


def test_closed_market_and_expired_contract(tmp_path_factory: pytest.TempPathFactory) -> None:
    served = Served.open(tmp_path_factory.mktemp("closed") / "data")
    try:
        # Friday after 15:40 IST: everything is closed
        served.send("POST", CONTROL, {"action": "seek", "to": "2026-11-20T10:11:00Z"})
        served.advance(1)
        problem, line = refused(served, order(), 422)
        assert (problem.code, problem.field, problem.limit) == ("order.closed", "after_market", "closed")
        assert line == "Refused to buy 1 RELIANCE at market: the market is closed"
        # on to Monday, when this week's options expire (Tuesday is a holiday), and to Wednesday, when they are gone
        for day in ("2026-11-23", "2026-11-25"):
            served.send("POST", CONTROL, {"action": "scenario", "name": "gap"})
            served.advance(14)
            assert served.get("/api/v1/markets")["items"][0]["day"] == day
        problem, _ = refused(served, order(key="NFO:NIFTY23NOV2624400CE", product="NRML", quantity=65), 400)
        assert (problem.code, problem.field, problem.limit) == ("order.expired", "key", "2026-11-23")
    finally:
        served.close()
