"""Alpaca's parsers on the samples of its official SDK and documentation."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.alpaca.parse import PARSERS, decode_orders, decode_stream, next_page
from server.core.errors import Invalid
from server.domain.brokerage import NoticeEvent, OrderEvent, TickEvent
from tests.unit.brokers.samples import body, raw, samples

SDK = "alpaca/alpaca_py_tests/"


def moment(text: str) -> datetime:
    """An independent reading of RFC 3339, finer digits cut."""
    head, _, tail = text.removesuffix("Z").partition(".")
    base = datetime.fromisoformat(head).replace(tzinfo=UTC)
    return base.replace(microsecond=int(tail[:6].ljust(6, "0"))) if tail else base


@pytest.mark.parametrize("name", ["limit_order", "market_order", "replace_order", "get_order_by_client_id"])
def test_place_when_taken_then_the_order_equals_the_raw_answer(name: str) -> None:
    row = raw(f"{SDK}order_routes/{name}.json")
    receipt = PARSERS["place"](body(f"{SDK}order_routes/{name}.json"))
    assert (receipt.broker_id, receipt.client_id) == (row["id"], row["client_order_id"])
    line = receipt.order
    assert (line.quantity, line.filled) == (Decimal(row["qty"]), Decimal(row["filled_qty"]))
    assert line.price == row["limit_price"]
    assert (line.side, line.type, line.state, line.validity) == ("BUY", row["type"].upper(), "PENDING", "DAY")
    assert (line.placed, line.average) == (moment(row["submitted_at"]), None)


def test_orders_when_listed_then_a_new_stop_is_trigger_pending() -> None:
    (line,) = PARSERS["orders"](body(SDK + "order_routes/get_orders.json"))
    assert (line.type, line.state, line.symbol) == ("SL-M", "TRIGGER_PENDING", "SPY")
    assert (line.quantity, line.filled, line.average) == (Decimal(1), Decimal(0), None)


def test_orders_when_for_an_amount_then_what_filled_is_its_quantity() -> None:
    row = raw(SDK + "order_routes/market_order.json") | {"qty": None, "notional": "100.50", "filled_qty": "0.25"}
    (line,) = PARSERS["orders"](json.dumps(row, default=str).encode())
    assert (line.quantity, line.tags) == (Decimal("0.25"), ("notional",))


def test_orders_when_it_has_legs_then_they_follow_with_their_parent() -> None:
    row = raw(SDK + "order_routes/market_order.json")
    row["legs"] = [row | {"id": "leg-1", "status": "held"}]
    parent, leg = PARSERS["orders"](json.dumps([row], default=str).encode())
    assert (leg.parent_id, leg.state) == (parent.broker_id, "OPEN")


def test_cancel_when_answered_for_many_then_each_part_is_told() -> None:
    answer = [
        {"id": "a", "status": 200, "body": None},
        {"id": "b", "status": 500, "body": {"code": 50010000, "message": "internal server error"}},
        {"symbol": "AAPL", "status": 200, "body": raw(SDK + "order_routes/market_order.json")},
    ]
    receipt = PARSERS["cancel"](json.dumps(answer, default=str).encode())
    assert [part.broker_id for part in receipt.parts] == ["a", "b", "61e69015-8549-4bfd-b9c3-01e75843f47d"]
    assert receipt.parts[1].refusal is not None and receipt.parts[1].refusal.fate_unknown
    assert PARSERS["cancel"](b"").broker_id == ""


def test_funds_when_read_then_buying_power_is_available() -> None:
    row = raw(SDK + "account_routes/get_account.json")
    (line,) = PARSERS["funds"](body(SDK + "account_routes/get_account.json"))
    assert (line.available, line.cash) == (Decimal(row["buying_power"]), Decimal(row["cash"]))
    assert (line.net, line.used, line.currency) == (Decimal(row["equity"]), Decimal(row["initial_margin"]), "USD")
    assert PARSERS["session"](body(SDK + "account_routes/get_account.json")).user == row["account_number"]


def test_trades_when_filled_then_the_order_total_travels_along() -> None:
    activity = {
        "activity_type": "FILL", "cum_qty": "1", "id": "20190524113406977::8efc7b9a-8b2b-4000-9955-d36e7db0df74",
        "leaves_qty": "0", "price": "1.63", "qty": "1", "side": "buy", "symbol": "LPCN",
        "transaction_time": "2019-05-24T15:34:06.977Z", "order_id": "904837e3", "type": "fill",
    }  # fmt: skip
    (line,) = PARSERS["trades"](json.dumps([activity]).encode())
    assert (line.execution, line.price, line.exchange_id) == (activity["id"], Decimal("1.63"), "1")
    assert line.at == datetime(2019, 5, 24, 15, 34, 6, 977000, tzinfo=UTC)


def test_positions_when_short_then_the_quantity_is_below_zero() -> None:
    position = {"symbol": "AAPL", "qty": "5", "side": "short", "avg_entry_price": "100.0", "current_price": "120.0"}
    (line,) = PARSERS["positions"](json.dumps([position]).encode())
    assert (line.quantity, line.average, line.last) == (Decimal(-5), Decimal("100.0"), Decimal("120.0"))


@pytest.mark.parametrize("name", ["get_bars", "get_bars_desc", "multisymbol_get_bars", "multi_stock_latest_bar"])
def test_history_when_read_then_each_bar_equals_the_raw_row(name: str) -> None:
    path = f"{SDK}historical_stock_data/{name}.json"
    expected = [
        (symbol, moment(bar["t"]), bar["o"], bar["h"], bar["l"], bar["c"], bar["v"])
        for symbol, bars in raw(path)["bars"].items()
        for bar in (bars if isinstance(bars, list) else [bars])
    ]
    lines = PARSERS["history"](body(path))
    assert [(b.symbol, b.start, b.open, b.high, b.low, b.close, b.volume) for b in lines] == expected
    assert next_page(body(path)) == (raw(path).get("next_page_token") or "")


def test_history_when_empty_then_no_bars() -> None:
    assert PARSERS["history"](body(SDK + "historical_stock_data/get_bars_multi_empty_response.json")) == []
    assert PARSERS["history"](b'{"bars": null, "symbol": "AAPL", "next_page_token": null}') == []


@pytest.mark.parametrize("folder", ["historical_stock_data", "historical_crypto_data"])
def test_quotes_when_of_any_kind_then_prices_equal_the_raw_rows(folder: str) -> None:
    seen = 0
    for path in samples(SDK + folder):
        data = json.loads(path.read_bytes(), parse_float=Decimal)
        for kind, price in (("quotes", "ap"), ("trades", "p")):
            if kind not in data:
                continue
            rows = [r for v in data[kind].values() for r in (v if isinstance(v, list) else [v])]
            lines = PARSERS["quotes"](path.read_bytes())
            assert [line.ask if kind == "quotes" else line.last for line in lines] == [row[price] for row in rows]
            assert [line.at for line in lines] == [moment(row["t"]) for row in rows]
            seen += 1
    assert seen >= 3


def test_quotes_when_a_snapshot_then_yesterday_closes_and_today_opens() -> None:
    row = raw(SDK + "historical_stock_data/get_snapshot.json")["AAPL"]
    (line,) = PARSERS["quotes"](body(SDK + "historical_stock_data/get_snapshot.json"))
    assert (line.symbol, line.last, line.bid) == ("AAPL", row["latestTrade"]["p"], row["latestQuote"]["bp"])
    assert (line.open, line.close) == (row["dailyBar"]["o"], row["prevDailyBar"]["c"])
    assert line.at == moment("2022-03-18T14:33:58.547942Z")
    crypto = PARSERS["quotes"](body(SDK + "historical_crypto_data/crypto_get_snapshot.json"))
    assert crypto[0].symbol == "ETH/USD"


def test_instruments_when_assets_or_contracts_then_both_are_listed() -> None:
    (asset,) = PARSERS["instruments"](body(SDK + "asset_routes/get_all_assets.json"))
    assert (asset.symbol, asset.exchange, asset.kind, asset.tradable) == ("AAPL", "NASDAQ", "EQUITY", True)
    for name in ("get_option_contract", "get_option_contracts", "get_option_contracts_with_multiple_symbols"):
        (contract,) = PARSERS["instruments"](body(f"{SDK}option_routes/{name}.json"))
        assert (contract.kind, contract.strike, contract.right) == ("OPTION", Decimal(170), "CE")
        assert (contract.expiry, contract.lot, contract.name) == (date(2023, 11, 3), Decimal(100), "AAPL")


def test_chain_when_a_put_is_quoted_then_volatility_is_in_percent() -> None:
    quote = {"ap": 0.02, "as": 10, "bp": 0.01, "bs": 5, "t": "2024-04-22T19:59:59.992734208Z"}
    chain = {"snapshots": {"AAPL240503P00155000": {"impliedVolatility": 0.3715, "latestQuote": quote}}}
    (line,) = PARSERS["option_chain"](json.dumps(chain).encode())
    assert (line.underlying, line.expiry, line.strike, line.call) == ("AAPL", date(2024, 5, 3), Decimal(155), None)
    assert line.put is not None and (line.put.iv, line.put.ask) == (Decimal("37.15"), Decimal("0.02"))


@pytest.mark.parametrize(
    ("answer", "kind", "unknown"),
    [
        ({"code": 40310000, "message": "insufficient buying power"}, "funds", False),
        ({"code": 42210000, "message": "client_order_id must be unique"}, "duplicate", False),
        ({"code": 40110000, "message": "request is not authorized"}, "auth", False),
        ({"code": 40410000, "message": "order not found for X"}, "not_found", False),
        ({"message": "forbidden."}, "auth", False),
        ({"message": "too many requests."}, "rate", False),
        ({"code": 42210000, "message": "invalid limit_price"}, "input", False),
        ({"code": 50010000, "message": "internal server error occurred"}, "network", True),
    ],
)
def test_error_when_refused_then_the_kind_says_what_to_do(answer: dict[str, Any], kind: str, unknown: bool) -> None:
    refusal = PARSERS["error"](json.dumps(answer).encode())
    assert (refusal.kind, refusal.fate_unknown, refusal.message) == (kind, unknown, answer["message"])


@pytest.mark.parametrize("call", sorted(set(PARSERS) - {"error"}))
def test_parser_when_given_a_refusal_then_invalid_carries_its_words(call: str) -> None:
    with pytest.raises(Invalid, match="insufficient day trading"):
        PARSERS[call](b'{"code":40310000,"message":"insufficient day trading buying power"}')


def test_stream_when_documented_samples_come_then_each_is_understood() -> None:
    kinds = {}
    for path in samples("alpaca/docs_data_streaming"):
        for event in decode_stream(path.read_bytes()):
            assert isinstance(event, NoticeEvent)
            kinds[path.name] = (event.kind, event.refusal.kind if event.refusal else "")
    assert kinds["L0071_establishment.json"] == ("connected", "")
    assert kinds["L0152_errors.json"] == ("refused", "auth")
    assert kinds["L0216_errors.json"] == ("subscribed", "")


def test_stream_when_prices_come_then_they_are_exact() -> None:
    frame = (
        '[{"T":"t","i":96921,"S":"AAPL","x":"D","p":126.55,"s":1,"t":"2021-02-22T15:51:44.208000001Z","c":["@"],"z":"C"},'
        '{"T":"q","S":"AMD","bx":"U","bp":87.66,"bs":1,"ax":"Q","ap":87.68,"as":4,"t":"2021-02-22T15:51:45.335689322Z"}]'
    )
    trade, quote = decode_stream(frame)
    assert isinstance(trade, TickEvent) and isinstance(quote, TickEvent)
    assert (trade.quote.last, quote.quote.bid, quote.quote.ask) == (
        Decimal("126.55"), Decimal("87.66"), Decimal("87.68"),
    )  # fmt: skip
    assert trade.quote.at == datetime(2021, 2, 22, 15, 51, 44, 208000, tzinfo=UTC)
    assert not trade.snapshot


@pytest.mark.parametrize("as_text", [True, False])
def test_orders_stream_when_a_fill_comes_then_order_and_execution_are_told(as_text: bool) -> None:
    order = raw(SDK + "order_routes/limit_order.json") | {"status": "partially_filled", "qty": "10", "filled_qty": "4"}
    data = {"event": "partial_fill", "execution_id": "e-1", "price": "300.5", "qty": "4", "order": order}
    data |= {"timestamp": "2026-11-20T15:00:00.123456789Z", "position_qty": "4"}
    frame = json.dumps({"stream": "trade_updates", "data": data}, default=str)
    (event,) = decode_orders(frame if as_text else frame.encode())
    assert isinstance(event, OrderEvent) and event.trade is not None
    assert (event.order.state, event.order.pending) == ("PARTIAL", Decimal(6))
    assert (event.trade.execution, event.trade.exchange_id, event.trade.price) == ("e-1", "4", Decimal("300.5"))
    assert event.trade.at == datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC)


def test_orders_stream_when_signing_in_then_its_answer_decides() -> None:
    (yes,) = decode_orders('{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}')
    (no,) = decode_orders(b'{"stream":"authorization","data":{"status":"unauthorized","action":"listen"}}')
    assert isinstance(yes, NoticeEvent) and yes.kind == "connected"
    assert isinstance(no, NoticeEvent) and no.refusal is not None and no.refusal.kind == "auth"


def test_every_open_sample_of_a_call_we_know_is_read() -> None:
    calls = {"order_routes": "orders", "asset_routes": "instruments", "option_routes": "instruments"}
    read = [PARSERS[call](path.read_bytes()) for folder, call in calls.items() for path in samples(SDK + folder)]
    assert len(read) == 12 and all(read)
