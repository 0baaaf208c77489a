"""Instruments, quotes, bars and the controls of the simulated market over HTTP."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api_kit import Served

CONTROL = "/api/v1/markets/sim/control"
BARS, QUOTES, INSTRUMENTS = "/api/v1/bars", "/api/v1/quotes", "/api/v1/instruments"


def test_search_when_words_then_best_match_first(sauda: Served) -> None:
    strike = sauda.get(INSTRUMENTS, kind="OPTION", name="NIFTY", limit=1)["items"][0]["strike"]
    found = sauda.get(INSTRUMENTS, q=f"nif {strike} ce")["items"]
    assert found[0]["label"] == f"NIFTY {strike} CE"
    assert sauda.get(INSTRUMENTS, q="reliance")["items"][0]["key"] == "NSE:RELIANCE"
    assert sauda.get(INSTRUMENTS, q="zzzzzz") == {"items": [], "next": None}


def test_search_when_narrowed_then_only_that(sauda: Served) -> None:
    futures = sauda.get(INSTRUMENTS, name="NIFTY", kind="FUTURE")["items"]
    assert [f["kind"] for f in futures] == ["FUTURE"] * 3
    expiring = sauda.get(INSTRUMENTS, expiry="2026-11-23", kind="OPTION", limit=5)["items"]
    assert {(i["expiry"], i["kind"]) for i in expiring} == {("2026-11-23", "OPTION")}
    assert len(expiring) == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [("q=" + "a" * 101, "q"), ("kind=FOO", "kind"), ("expiry=soon", "expiry"), ("limit=0", "limit")],
)
def test_search_when_a_parameter_is_wrong_then_it_is_named(sauda: Served, query: str, field: str) -> None:
    assert sauda.problem("GET", f"{INSTRUMENTS}?{query}").field == field


def test_one_instrument_when_known_then_its_terms_else_404(sauda: Served) -> None:
    share = sauda.get(f"{INSTRUMENTS}/NSE:RELIANCE")
    assert (share["lot"], share["tick"], share["tradable"], share["barred"]) == (1, "0.10", True, "")
    assert share["order_types"] == ["MARKET", "LIMIT", "SL", "SL-M"]
    option = sauda.get(INSTRUMENTS, kind="OPTION", name="NIFTY", limit=1)["items"][0]
    assert "SL-M" not in option["order_types"]
    index = sauda.get(f"{INSTRUMENTS}/NSE_INDEX:NIFTY")
    assert (index["tradable"], index["order_types"]) == (False, [])
    problem = sauda.problem("GET", f"{INSTRUMENTS}/NSE:NOPE", status=404)
    assert (problem.code, problem.field) == ("instrument.unknown", "key")
    assert sauda.problem("GET", f"{INSTRUMENTS}/NSE:RELIANCE?market=moon", status=404).remedy == "Use one of: sim."


def test_quotes_when_asked_then_in_that_order_with_the_book(sauda: Served) -> None:
    items = sauda.get(QUOTES, keys="NSE:INFY,NSE:RELIANCE,NSE:INFY", depth="true")["items"]
    assert [q["key"] for q in items] == ["NSE:INFY", "NSE:RELIANCE", "NSE:INFY"]
    quote = items[1]
    assert Decimal(quote["low"]) <= Decimal(quote["ltp"]) <= Decimal(quote["high"])
    assert Decimal(quote["bid"]) < Decimal(quote["ask"])
    assert (quote["stale"], quote["source"]) == (False, "simulator")
    assert quote["depth"]["bids"][0] == [f"{Decimal(quote['bid'])}", quote["bid_qty"]]
    asks = [Decimal(level[0]) for level in quote["depth"]["asks"]]
    assert asks == sorted(asks)
    assert sauda.get(QUOTES, keys="NSE:INFY")["items"][0]["depth"] is None


def test_quotes_when_time_stands_still_at_the_source_then_they_grow_old(sauda: Served) -> None:
    sauda.send("POST", CONTROL, {"action": "pause"})
    sauda.advance(120)
    old = sauda.get(QUOTES, keys="NSE:RELIANCE")["items"][0]
    assert old["age"] > 100
    assert old["stale"] is True
    sauda.send("POST", CONTROL, {"action": "play"})
    sauda.advance(3)
    assert sauda.get(QUOTES, keys="NSE:RELIANCE")["items"][0]["stale"] is False


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 400, "keys"),
        ("keys=", 400, "keys"),
        ("keys=,,,", 400, "keys"),
        ("keys=" + ",".join(["NSE:INFY"] * 501), 400, "keys"),
        ("keys=" + "x" * 20_001, 400, "keys"),
        ("keys=NSE:NOPE", 404, "key"),
        ("keys=NSE:INFY&depth=maybe", 400, "depth"),
        ("keys=NSE:INFY&market=moon", 404, "market"),
    ],
)
def test_quotes_when_asked_wrongly_then_the_parameter_is_named(
    sauda: Served, query: str, status: int, field: str
) -> None:
    assert sauda.problem("GET", f"{QUOTES}?{query}", status=status).field == field


@pytest.mark.parametrize("interval", ["1s", "5s", "15s", "30s", "1m", "3m", "5m", "15m", "30m", "1h", "1d", "1w", "1M"])
def test_bars_when_any_interval_then_even_columns_oldest_first(sauda: Served, interval: str) -> None:
    sauda.advance(5)
    found = sauda.get(BARS, key="NSE:RELIANCE", interval=interval, limit=50)
    columns = [found[name] for name in ("t", "o", "h", "l", "c", "v", "oi")]
    assert {len(c) for c in columns} == {len(found["t"])}
    assert len(found["t"]) <= 50
    assert found["t"] == sorted(set(found["t"]))
    for low, high, first, last in zip(found["l"], found["h"], found["o"], found["c"], strict=True):
        assert low <= min(first, last) <= max(first, last) <= high


def test_bars_when_an_end_is_given_then_the_newest_before_it(sauda: Served) -> None:
    whole = sauda.get(BARS, key="NSE:RELIANCE", interval="1d", limit=100)
    assert len(whole["t"]) > 20
    cut = sauda.get(BARS, key="NSE:RELIANCE", interval="1d", limit=5, end=whole["t"][10])
    assert cut["t"] == whole["t"][5:10]
    assert sauda.get(BARS, key="NSE:RELIANCE", end=0)["t"] == []
    assert sauda.get(BARS, key="NSE:RELIANCE", end=2**53)["t"] == sauda.get(BARS, key="NSE:RELIANCE")["t"]


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 400, "key"),
        ("key=NSE:RELIANCE&interval=7m", 400, "interval"),
        ("key=NSE:RELIANCE&limit=0", 400, "limit"),
        ("key=NSE:RELIANCE&limit=20001", 400, "limit"),
        ("key=NSE:RELIANCE&limit=1.5", 400, "limit"),
        ("key=NSE:RELIANCE&end=nan", 400, "end"),
        ("key=NSE:RELIANCE&end=-1", 400, "end"),
        (f"key=NSE:RELIANCE&end={2**54}", 400, "end"),
        ("key=NSE:NOPE", 404, "key"),
        ("key=NSE:RELIANCE&market=moon", 404, "market"),
    ],
)
def test_bars_when_asked_wrongly_then_the_parameter_is_named(
    sauda: Served, query: str, status: int, field: str
) -> None:
    assert sauda.problem("GET", f"{BARS}?{query}", status=status).field == field


def test_control_when_speed_then_time_runs_so_fast_and_it_is_on_record(sauda: Served) -> None:
    def market() -> Any:
        return sauda.get("/api/v1/markets")["items"][0]

    assert sauda.send("POST", CONTROL, {"action": "speed", "value": 10})["speed"] == 10
    before = market()["market_time"]
    sauda.advance(6)
    assert market()["market_time"][:16] > before[:16]
    assert sauda.get("/api/v1/audit", limit=1, subject="sim")["items"][0]["text"].startswith("Market speed")
    sauda.send("POST", CONTROL, {"action": "speed", "value": 1})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "action"),
        ({"action": "fly"}, "action"),
        ({"action": "speed"}, "value"),
        ({"action": "speed", "value": 0}, "value"),
        ({"action": "speed", "value": 61}, "value"),
        ({"action": "speed", "value": 1e308}, "value"),
        ({"action": "speed", "value": "2"}, "value"),
        ({"action": "seek"}, "to"),
        ({"action": "seek", "to": "2026-11-20T05:00:00"}, "to"),
        ({"action": "seek", "to": "2026-11-20T01:00:00Z"}, "to"),
        ({"action": "seek", "to": "0001-01-01T00:00:00+14:00"}, "to"),
        ({"action": "seek", "to": "9999-12-31T23:59:59-14:00"}, "to"),
        ({"action": "seek", "to": "soon"}, "to"),
        ({"action": "scenario"}, "name"),
        ({"action": "scenario", "name": "nope"}, "name"),
        ({"action": "scenario", "name": "x" * 41}, "name"),
        ({"action": "play", "extra": 1}, "extra"),
    ],
)
def test_control_when_it_cannot_be_then_refused_and_the_market_goes_on(
    sauda: Served, body: dict[str, Any], field: str
) -> None:
    before = sauda.get("/api/v1/markets")["items"][0]
    problem = sauda.problem("POST", CONTROL, body)
    assert problem.field == field
    assert problem.remedy
    after = sauda.get("/api/v1/markets")["items"][0]
    assert {n: after[n] for n in ("state", "speed", "scenario")} == {
        n: before[n] for n in ("state", "speed", "scenario")
    }
    assert sauda.problem("POST", "/api/v1/markets/moon/control", {"action": "play"}, 404).field == "market"
