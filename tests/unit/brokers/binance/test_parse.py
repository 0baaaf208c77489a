"""Binance's parsers on its documentation's samples (spot) and its connector's (USD-M)."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.binance.parse import PARSERS, decode_orders, decode_stream
from server.core.errors import Invalid
from server.domain.brokerage import DepthEvent, NoticeEvent, OrderEvent, PositionEvent, TickEvent
from tests.unit.brokers.samples import body, raw, samples

REST, WS = "binance/spot_api_docs/rest-api/", "binance/spot_api_docs/web-socket-api/"
SPOT, USDM = "binance/connector_spot/rest_api/", "binance/connector_usds_futures/rest_api/"
REPORT: dict[str, Any] = {
    "e": "executionReport", "E": 1499405658658, "s": "ETHBTC", "c": "01OURS", "S": "BUY", "o": "LIMIT", "f": "GTC",
    "q": "1.00000000", "p": "0.10264410", "P": "0.00000000", "g": -1, "C": "", "x": "TRADE", "X": "PARTIALLY_FILLED",
    "r": "NONE", "i": 4293153, "l": "0.40000000", "z": "0.40000000", "L": "0.10264410", "n": "0.001", "N": "BNB",
    "T": 1499405658657, "t": 77, "w": True, "m": True, "O": 1499405658650, "Z": "0.04105764",
}  # fmt: skip


def ms(value: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)


def test_place_when_only_acknowledged_then_there_is_no_order_line() -> None:
    receipt = PARSERS["place"](body(REST + "normalised/L2205_new_order_trade.json"))
    row = raw(REST + "normalised/L2205_new_order_trade.json")
    assert (receipt.broker_id, receipt.client_id) == (str(row["orderId"]), row["clientOrderId"])
    assert receipt.order is None


def test_place_when_filled_then_average_is_money_over_quantity() -> None:
    row = raw(WS + "normalised/L3891_place_new_order_trade.json")["result"]
    receipt = PARSERS["place"](body(WS + "normalised/L3891_place_new_order_trade.json"))
    assert receipt.order is not None and receipt.order.state == "FILLED"
    assert receipt.order.average == Decimal(row["cummulativeQuoteQty"]) / Decimal(row["executedQty"])
    assert [(t.execution, t.price, t.quantity) for t in receipt.trades] == [
        (str(f["tradeId"]), Decimal(f["price"]), Decimal(f["qty"])) for f in row["fills"]
    ]


def test_place_when_an_order_list_then_each_order_is_a_part() -> None:
    row = raw(WS + "L5553_place_new_oco_deprecated_trade.json")["result"]
    receipt = PARSERS["place"](body(WS + "L5553_place_new_oco_deprecated_trade.json"))
    assert [part.broker_id for part in receipt.parts] == [str(o["orderId"]) for o in row["orders"]]


def test_cancel_when_done_then_our_first_id_is_kept() -> None:
    receipt = PARSERS["cancel"](body(REST + "normalised/L2410_cancel_order_trade.json"))
    assert (receipt.broker_id, receipt.client_id, receipt.order.state) == ("4", "myOrder1", "CANCELLED")
    many = PARSERS["cancel"](body(WS + "L5349_cancel_open_orders_trade.json"))
    assert len(many.parts) == 1


@pytest.mark.parametrize(
    ("name", "broker_id", "message"),
    [
        ("L4845_cancel_and_replace_order_trade", "", "nothing was changed"),
        ("L5015_cancel_and_replace_order_trade", "", "nothing was changed"),
    ],
)
def test_modify_when_refused_whole_then_nothing_changed(name: str, broker_id: str, message: str) -> None:
    receipt = PARSERS["modify"](body(f"{WS}{name}.json"))
    assert receipt.refusal is not None
    assert (receipt.broker_id, receipt.message) == (broker_id, message)


def test_modify_when_half_done_then_the_old_order_is_told_gone() -> None:
    done = raw(SPOT + "order_cancel_replace.json")
    refused = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    half = done | {"newOrderResult": "FAILURE", "newOrderResponse": refused}
    answer = {"code": -2021, "msg": "Order cancel-replace partially failed.", "data": half}
    receipt = PARSERS["modify"](json.dumps(answer, default=str).encode())
    assert receipt.refusal is not None and receipt.refusal.kind == "funds"
    assert receipt.broker_id == str(done["cancelResponse"]["orderId"])
    whole = PARSERS["modify"](body(SPOT + "order_cancel_replace.json"))
    assert whole.broker_id == str(done["newOrderResponse"]["orderId"])


@pytest.mark.parametrize(
    ("path", "call"),
    [
        (REST + "normalised/L4261_query_order_user_data.json", "orders"),
        (SPOT + "all_orders.json", "order_history"),
        (SPOT + "get_open_orders.json", "orders"),
        (USDM + "all_orders.json", "orders"),
        (USDM + "query_order.json", "orders"),
        (USDM + "current_all_open_orders.json", "orders"),
        (USDM + "cancel_order.json", "orders"),
    ],
)
def test_orders_when_listed_then_each_equals_the_raw_row(path: str, call: str) -> None:
    rows = raw(path) if isinstance(raw(path), list) else [raw(path)]
    for line, row in zip(PARSERS[call](body(path)), rows, strict=True):
        assert (line.broker_id, line.symbol, line.raw_state) == (str(row["orderId"]), row["symbol"], row["status"])
        assert (line.quantity, line.filled) == (Decimal(row["origQty"]), Decimal(row["executedQty"]))
        assert line.side == row["side"]
        assert line.updated == ms(row.get("updateTime") or row["time"])


def test_trades_when_spot_or_futures_then_exact() -> None:
    (spot,) = PARSERS["trades"](body(REST + "L4615_account_trade_list_user_data.json"))
    assert (spot.execution, spot.price, spot.side, spot.maker) == ("28457", Decimal("4.00000100"), "BUY", False)
    assert (spot.fee, spot.fee_currency, spot.at) == (Decimal("10.10000000"), "BNB", ms(1499865549590))
    (future,) = PARSERS["trades"](body(USDM + "account_trade_list.json"))
    assert (future.side, future.price, future.quantity) == ("SELL", Decimal("7819.01"), Decimal("0.002"))
    with pytest.raises(Invalid):
        PARSERS["trades"](body(REST + "L0990_recent_trades_list.json"))  # the market's, not ours


def test_funds_when_of_any_service_then_available_is_exact() -> None:
    account = raw(REST + "L4196_account_information_user_data.json")
    lines = PARSERS["funds"](body(REST + "L4196_account_information_user_data.json"))
    assert [(line.segment, line.available) for line in lines] == [
        (row["asset"], Decimal(row["free"])) for row in account["balances"]
    ]
    assert PARSERS["session"](body(SPOT + "get_account.json")).user == str(account["uid"])
    for name in ("futures_account_balance_v2", "futures_account_balance_v3"):
        (wallet,) = PARSERS["funds"](body(f"{USDM}{name}.json"))
        assert (wallet.available, wallet.cash) == (Decimal("23.72469206"), Decimal("122607.35137903"))
    (asset,) = PARSERS["funds"](body(USDM + "account_information_v2.json"))
    assert (asset.available, asset.cash) == (Decimal("126.72469206"), Decimal("23.72469206"))


def test_positions_when_read_then_amount_and_mark_are_exact() -> None:
    (line,) = PARSERS["positions"](body(USDM + "position_information_v2.json"))
    row = raw(USDM + "position_information_v2.json")[0]
    assert (line.symbol, line.quantity, line.last) == (
        "BTCUSDT", Decimal(row["positionAmt"]), Decimal(row["markPrice"]),
    )  # fmt: skip
    assert len(PARSERS["positions"](body(USDM + "account_information_v2.json"))) == 1


def test_quotes_when_any_ticker_of_the_documentation_comes_then_prices_are_exact() -> None:
    seen = 0
    for path in samples("binance/spot_api_docs/rest-api", "*ticker*.json"):
        data = json.loads(path.read_bytes())
        rows = data if isinstance(data, list) else [data]
        for line, row in zip(PARSERS["quotes"](path.read_bytes()), rows, strict=True):
            last = row.get("lastPrice", row.get("price"))
            assert line.symbol == row["symbol"]
            assert line.last == (Decimal(last) if last else None)
            assert line.bid == (Decimal(row["bidPrice"]) if "bidPrice" in row else None)
            seen += 1
    assert seen > 15


def test_depth_when_read_then_the_best_level_is_told() -> None:
    for path in (REST + "normalised/L0956_order_book.json", USDM + "order_book.json"):
        (line,) = PARSERS["depth"](body(path))
        assert (line.bids[0].price, line.asks[0].quantity) == (Decimal("4.00000000"), Decimal("12.00000000"))


def test_history_when_klines_come_wrapped_or_bare_then_the_same() -> None:
    rows = raw(WS + "normalised/L2120_klines.json")["result"]
    bars = PARSERS["history"](body(WS + "normalised/L2120_klines.json"))
    assert bars == PARSERS["history"](json.dumps(rows).encode())
    assert (bars[0].start, bars[0].high, bars[0].volume) == (
        ms(rows[0][0]), Decimal(rows[0][2]), Decimal(rows[0][5]),
    )  # fmt: skip


def test_instruments_when_spot_or_futures_then_tick_and_step_come_from_filters() -> None:
    (future,) = PARSERS["instruments"](body(USDM + "exchange_information.json"))
    assert (future.symbol, future.exchange, future.kind, future.expiry) == ("BLZUSDT", "USDM", "FUTURE", None)
    assert future.tick == Decimal("0.0001")
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.00001000", "maxQty": "9000.00000000"},
    ]
    spot = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": filters}
    dated = spot | {"symbol": "BTCUSDT_261225", "contractType": "CURRENT_QUARTER", "deliveryDate": 1798185600000}
    one, two = PARSERS["instruments"](json.dumps({"symbols": [spot, dated]}).encode())
    assert (one.kind, one.tick, one.step, one.freeze) == ("CRYPTO", Decimal("0.01"), Decimal("0.00001"), Decimal(9000))
    assert (two.kind, two.expiry) == ("FUTURE", date(2026, 12, 25))
    assert PARSERS["instruments"](body(REST + "normalised/L0813_exchange_information.json"))[0].symbol == "ETHBTC"


@pytest.mark.parametrize(
    ("code", "words", "kind", "unknown"),
    [
        (-1006, "An unexpected response was received", "network", True),
        (-1007, "Timeout waiting for response from backend server.", "network", True),
        (-1003, "Too many requests", "rate", False),
        (-1013, "Filter failure: LOT_SIZE", "input", False),
        (-1021, "Timestamp for this request is outside of the recvWindow.", "input", False),
        (-1022, "Signature for this request is not valid.", "auth", False),
        (-2010, "Account has insufficient balance for requested action.", "funds", False),
        (-2010, "Duplicate order sent.", "duplicate", False),
        (-2010, "Order would immediately match and take.", "order", False),
        (-2011, "Unknown order sent.", "not_found", False),
        (-2013, "Order does not exist.", "not_found", False),
        (-2015, "Invalid API-key, IP, or permissions for action.", "auth", False),
        (-4120, "Order type not supported for this endpoint.", "order", False),
    ],
)
def test_error_when_numbered_then_the_kind_says_what_to_do(code: int, words: str, kind: str, unknown: bool) -> None:
    for answer in ({"code": code, "msg": words}, {"id": "1", "status": 400, "error": {"code": code, "msg": words}}):
        refusal = PARSERS["error"](json.dumps(answer).encode())
        assert (refusal.kind, refusal.fate_unknown, refusal.code) == (kind, unknown, str(code))
        with pytest.raises(Invalid, match="the broker refused"):
            PARSERS["orders"](json.dumps(answer).encode())


def test_user_stream_when_partly_filled_then_order_and_execution_are_told() -> None:
    (event,) = decode_orders(json.dumps({"subscriptionId": 0, "event": REPORT}))
    assert isinstance(event, OrderEvent) and event.trade is not None
    assert (event.order.state, event.order.pending) == ("PARTIAL", Decimal("0.60000000"))
    assert (event.trade.execution, event.trade.price, event.trade.fee) == (
        "77", Decimal("0.10264410"), Decimal("0.001"),
    )  # fmt: skip
    assert event.order.placed == ms(1499405658650)


def test_user_stream_when_cancelled_then_our_first_id_is_told() -> None:
    cancelled = REPORT | {"x": "CANCELED", "X": "CANCELED", "c": "web_1", "C": "01OURS", "t": -1}
    (event,) = decode_orders(json.dumps(cancelled))
    assert isinstance(event, OrderEvent) and event.trade is None
    assert (event.order.client_id, event.order.state) == ("01OURS", "CANCELLED")


def test_user_stream_when_futures_update_then_order_and_positions_are_told() -> None:
    order = {
        "s": "BTCUSDT", "c": "01OURS", "S": "SELL", "o": "LIMIT", "f": "GTC", "q": "0.001", "p": "9910", "ap": "9910",
        "sp": "0", "x": "TRADE", "X": "FILLED", "i": 8886774, "l": "0.001", "z": "0.001", "L": "9910", "N": "USDT",
        "n": "0.01", "T": 1568879465651, "t": 5, "m": False, "R": False, "ps": "BOTH", "rp": "0",
    }  # fmt: skip
    (event,) = decode_orders(
        json.dumps({"e": "ORDER_TRADE_UPDATE", "E": 1568879465651, "T": 1568879465650, "o": order})
    )
    assert isinstance(event, OrderEvent) and event.trade is not None
    assert (event.order.state, event.order.average) == ("FILLED", Decimal(9910))
    moved = {"s": "BTCUSDT", "pa": "-0.001", "ep": "9910", "up": "0", "ps": "BOTH"}
    (change,) = decode_orders(json.dumps({"e": "ACCOUNT_UPDATE", "a": {"m": "ORDER", "B": [], "P": [moved]}}))
    assert isinstance(change, PositionEvent) and change.position.quantity == Decimal("-0.001")


def test_stream_when_wrapped_or_bare_then_prices_are_exact() -> None:
    (best,) = decode_stream(
        '{"stream":"bnbusdt@bookTicker","data":{"u":4,"s":"BNBUSDT","b":"25.3","B":"3","a":"25.4","A":"4"}}'
    )
    assert isinstance(best, TickEvent) and (best.quote.bid, best.quote.ask) == (Decimal("25.3"), Decimal("25.4"))
    (partial,) = decode_stream(
        b'{"stream":"bnbbtc@depth5","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}}'
    )
    assert isinstance(partial, DepthEvent) and (partial.symbol, partial.snapshot) == ("BNBBTC", True)
    (change,) = decode_stream(body("binance/connector_spot/websocket_streams/diff_book_depth.json"))
    assert isinstance(change, DepthEvent) and (change.first, change.last, change.snapshot) == (157, 160, False)
    (bye,) = decode_stream(body(WS + "normalised/L0375_server_shutdown.json"))
    assert isinstance(bye, NoticeEvent) and bye.kind == "closing"


NAMED = [
    ("order_book_ticker", "quotes"), ("ticker", "quotes"), ("order_book", "depth"), ("klines", "history"),
    ("cancel_and_replace", "modify"), ("amend_keep", "modify"), ("cancel_o", "cancel"), ("place_new", "place"),
    ("opo", "place"), ("query_order_user", "orders"), ("open_orders_user", "orders"), ("order_history", "orders"),
    ("account_information", "funds"), ("account_trade_history", "trades"), ("exchange_information", "instruments"),
]  # fmt: skip


def test_every_open_sample_of_a_call_we_know_is_read() -> None:
    read = 0
    for path in samples("binance/spot_api_docs/web-socket-api"):
        call = next((call for word, call in NAMED if word in path.name), "")
        if call and json.loads(path.read_bytes()).get("status") == 200:
            assert PARSERS[call](path.read_bytes()), path.name
            read += 1
    assert read > 30


ALGO: dict[str, Any] = {
    "algoId": 2146760, "clientAlgoId": "6B2I9XVcJpCjqPAJ4YoFX7", "algoType": "CONDITIONAL", "orderType": "STOP",
    "symbol": "BNBUSDT", "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC", "quantity": "0.01",
    "algoStatus": "NEW", "actualOrderId": "", "actualPrice": "0.00000", "triggerPrice": "750.000", "price": "749.000",
    "icebergQuantity": None, "reduceOnly": False, "createTime": 1750485492076, "updateTime": 1750514545091,
}  # fmt: skip
"""A conditional order in the form that the service's page of it documents (Query Algo Order)."""
ALGO_UPDATE: dict[str, Any] = {
    "e": "ALGO_UPDATE", "T": 1750515742297, "E": 1750515742303, "o": {
        "caid": "Q5xaq5EGKgXXa0fD7fs0Ip", "aid": 2148719, "at": "CONDITIONAL", "o": "STOP", "s": "BNBUSDT", "S": "SELL",
        "ps": "BOTH", "f": "GTC", "q": "0.01", "X": "TRIGGERED", "ai": "8886774", "ap": "0.00000", "aq": "0.00000",
        "act": "LIMIT", "tp": "750", "p": "749", "V": "EXPIRE_MAKER", "wt": "CONTRACT_PRICE", "pm": "NONE", "cp": False,
        "pP": False, "R": False, "tt": 0, "gtd": 0, "rm": "",
    },
}  # fmt: skip
"""In the form of the page Event: Algo Order Update."""


@pytest.mark.parametrize(
    ("change", "state", "filled", "became"),
    [
        ({}, "TRIGGER_PENDING", "0", ""),
        ({"algoStatus": "TRIGGERING"}, "TRIGGER_PENDING", "0", ""),
        ({"algoStatus": "TRIGGERED", "actualOrderId": "8886774", "actualQty": "0.004"}, "PARTIAL", "0.004", "8886774"),
        ({"algoStatus": "CANCELED"}, "CANCELLED", "0", ""),
        ({"algoStatus": "EXPIRED"}, "EXPIRED", "0", ""),
        ({"algoStatus": "REJECTED"}, "REJECTED", "0", ""),
    ],
)
def test_conditional_order_when_read_then_its_terms_and_what_it_has_become(
    change: dict[str, Any], state: str, filled: str, became: str
) -> None:
    (line,) = PARSERS["orders"](json.dumps([ALGO | change]).encode())
    assert (line.broker_id, line.client_id, line.variety) == ("2146760", ALGO["clientAlgoId"], "algo")
    assert (line.type, line.price, line.trigger) == ("SL", Decimal("749.000"), Decimal("750.000"))
    assert (line.state, line.filled, line.exchange_id) == (state, Decimal(filled), became)


def test_conditional_order_when_cancelled_then_its_answer_has_its_code_in_quotes() -> None:
    answer = {"algoId": 2146760, "clientAlgoId": "6B2I9XVcJpCjqPAJ4YoFX7", "code": "200", "msg": "success"}
    receipt = PARSERS["cancel"](json.dumps(answer).encode())
    assert (receipt.broker_id, receipt.client_id, receipt.order) == ("2146760", answer["clientAlgoId"], None)


def test_conditional_order_when_pushed_then_the_order_it_has_become_is_named() -> None:
    (event,) = decode_orders(json.dumps(ALGO_UPDATE))
    assert isinstance(event, OrderEvent) and event.trade is None
    line = event.order
    assert (line.broker_id, line.exchange_id, line.client_id) == ("2148719", "8886774", "Q5xaq5EGKgXXa0fD7fs0Ip")
    assert (line.type, line.trigger, line.raw_state, line.fetch_again) == ("SL", Decimal(750), "TRIGGERED", True)


def test_limit_when_the_rest_may_not_stand_then_cancelled_not_expired() -> None:
    row = {**REPORT, "f": "IOC", "x": "EXPIRED", "X": "EXPIRED"}
    (event,) = decode_orders(json.dumps(row))
    assert isinstance(event, OrderEvent) and event.order.state == "CANCELLED"
    (kept,) = decode_orders(json.dumps({**row, "f": "GTC"}))
    assert isinstance(kept, OrderEvent) and kept.order.state == "EXPIRED"


def test_master_when_it_names_least_quantity_and_value_then_both_are_kept() -> None:
    symbol = raw(USDM + "exchange_information.json")["symbols"][0]
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.002", "maxQty": "1000"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
    ]
    (line,) = PARSERS["instruments"](json.dumps({"symbols": [{**symbol, "filters": filters}]}, default=str).encode())
    assert (line.step, line.least, line.least_value) == (Decimal("0.001"), Decimal("0.002"), Decimal(100))
    spot = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
    named = [{"filterType": "NOTIONAL", "minNotional": "5.00000000", "maxNotional": "9000000"}]
    (line,) = PARSERS["instruments"](json.dumps({"symbols": [{**spot, "filters": named}]}).encode())
    assert line.least_value == Decimal(5)
