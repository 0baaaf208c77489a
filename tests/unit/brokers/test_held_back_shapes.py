"""Samples that acceptance keeps to itself: bodies of their published shapes go through the call they belong to."""

import importlib
import json
from typing import Any

import pytest

from tests.brokers.skeletons import build, skeletons
from tests.shared import shared
from tests.unit.brokers.test_held_back_indian_shapes import FAMILIES as INDIAN

TIME = "2026-11-20T10:15:00.123456789Z"
ALPACA: dict[str, Any] = {
    "t": TIME, "created_at": TIME, "updated_at": TIME, "submitted_at": TIME, "filled_at": TIME, "timestamp": TIME,
    "side": "buy", "type": "market", "order_type": "market", "time_in_force": "day", "status": "filled",
    "event": "fill",
}  # fmt: skip
NOREN: dict[str, Any] = {
    "stat": "Ok", "trantype": "B", "prctyp": "LMT", "ret": "DAY", "status": "OPEN", "time": "20-11-2026 09:15:00",
    "norentm": "10:15:01 20-11-2026", "exch_tm": "00:00:00 01-01-1980", "request_time": "10:15:01 20-11-2026",
    "ltt": "10:15:00",
}  # fmt: skip
OANDA: dict[str, Any] = {
    "time": TIME, "createTime": TIME, "type": "LIMIT", "state": "PENDING", "units": "-100", "reason": "CLIENT_ORDER",
    "instrument": "EUR_USD", "timeInForce": "GTC",
}  # fmt: skip
STREAMS, SIGNED = "alpaca/docs_streaming", {"stream": "authorization"}
CHANGES, CLOSE = "accounts/v3_accounts_accountID_account_changes.json", "trades/v3_account_accountID_trades_close.json"
STREAM = "oanda/oandapyV20_responses/pricing/v3_accounts_accountID_pricing_stream.json"
SINCE, BEATS = "v3_accounts_transaction_sinceid.json", "v3_accounts_transactions_stream.json"
BINANCE: dict[str, Any] = {
    "side": "BUY", "orderType": "STOP_MARKET", "algoStatus": "NEW", "timeInForce": "GTC", "createTime": 1750485492076,
    "price": "None", "S": "BUY", "o": "LIMIT", "f": "GTC", "X": "NEW", "x": "NEW", "E": 1750485492076,
    "updateTime": 1750485492076, "T": 1750485492076, "time": 1750485492076,
}  # fmt: skip
USER = "binance/spot_api_docs/user-data-stream/normalised/"
FAMILIES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("flattrade", "flattrade_noren/flattrade_readme/L0596_single_order_history.json", "order_history", NOREN),
    ("flattrade", "flattrade_noren/flattrade_readme/L0872_get_positions.json", "positions", NOREN),
    ("flattrade", "flattrade_noren/flattrade_readme/L1456_get_quotes.json", "quotes", NOREN),
    ("flattrade", "flattrade_noren/flattrade_readme/L1456_get_quotes.json", "depth", NOREN),
    ("flattrade", "flattrade_noren/flattrade_readme/L1566_get_time_price_series.json", "history", NOREN),
    ("flattrade", "flattrade_noren/shoonya_readme/L1229_span_calculator.json", "margin", NOREN),
    ("flattrade", "flattrade_noren/shoonya_readme/L1298_get_option_greek.json", "error", {"stat": "Not_Ok"}),
    ("alpaca", "alpaca/alpaca_py_tests/historical_option_data/get_bars.json", "history", ALPACA),
    ("alpaca", "alpaca/alpaca_py_tests/historical_option_data/get_latest_quote.json", "quotes", ALPACA),
    ("alpaca", "alpaca/alpaca_py_tests/historical_option_data/get_option_chain.json", "option_chain", ALPACA),
    ("alpaca", "alpaca/alpaca_py_tests/position_routes/close_all_positions.json", "place", ALPACA | {"status": 200}),
    ("alpaca", "alpaca/alpaca_py_tests/position_routes/close_all_positions.json", "cancel", ALPACA | {"status": 200}),
    ("alpaca", "alpaca/alpaca_py_tests/position_routes/close_position_with_qty.json", "place", ALPACA),
    ("alpaca", "alpaca/alpaca_py_tests/position_routes/close_position_with_percentage.json", "orders", ALPACA),
    ("alpaca", "alpaca/alpaca_py_tests/position_routes/get_all_positions.json", "positions", ALPACA),
    ("alpaca", "alpaca/docs_streaming/L0024_streaming.json", "decode_orders", ALPACA),
    ("alpaca", "alpaca/docs_streaming/L0035_streaming.json", "decode_orders", ALPACA | {"stream": "listening"}),
    ("alpaca", "alpaca/docs_streaming/L0061_authentication.json", "decode_orders", ALPACA),
    ("alpaca", "alpaca/docs_streaming/L0074_authentication.json", "decode_orders", ALPACA),
    ("alpaca", f"{STREAMS}/L0086_authentication.json", "decode_orders", SIGNED | {"status": "authorized"}),
    ("alpaca", f"{STREAMS}/L0099_authentication.json", "decode_orders", SIGNED | {"status": "unauthorized"}),
    ("alpaca", "alpaca/docs_streaming/L0187_example.json", "decode_orders", ALPACA | {"stream": "trade_updates"}),
    ("oanda", f"oanda/oandapyV20_responses/{CHANGES}", "orders", OANDA),
    ("oanda", f"oanda/oandapyV20_responses/{CHANGES}", "funds", OANDA),
    ("oanda", f"oanda/oandapyV20_responses/{CLOSE}", "place", OANDA | {"type": "MARKET_ORDER"}),
    ("oanda", f"oanda/oandapyV20_responses/{CLOSE}", "modify", OANDA | {"type": "MARKET_ORDER"}),
    ("oanda", f"oanda/oandapyV20_responses/transactions/{SINCE}", "order_history", OANDA | {"type": "LIMIT_ORDER"}),
    ("oanda", f"oanda/oandapyV20_responses/transactions/{SINCE}", "orders", OANDA | {"type": "LIMIT_ORDER"}),
    ("oanda", f"oanda/oandapyV20_responses/transactions/{SINCE}", "trades", OANDA | {"type": "ORDER_FILL"}),
    ("oanda", f"oanda/oandapyV20_responses/transactions/{BEATS}", "decode_orders", OANDA | {"type": "HEARTBEAT"}),
    ("oanda", STREAM, "decode_stream", OANDA | {"type": "PRICE"}),
    ("oanda", STREAM, "decode_stream", OANDA | {"type": "HEARTBEAT"}),
    ("schwab", "schwab/schwab_sdk_rs/chains/get.json", "option_chain", {}),
    ("binance", "binance/connector_usds_futures/rest_api/new_algo_order.json", "place", BINANCE),
    ("binance", "binance/connector_usds_futures/rest_api/new_algo_order.json", "orders", BINANCE),
    ("binance", "binance/connector_usds_futures/rest_api/position_information_v3.json", "positions", BINANCE),
    ("binance", USER + "L0034_account_update.json", "decode_orders", {"e": "outboundAccountPosition"}),
    ("binance", USER + "L0061_balance_update.json", "decode_orders", BINANCE | {"e": "balanceUpdate"}),
    ("binance", USER + "L0079_order_update.json", "decode_orders", BINANCE | {"e": "executionReport"}),
    ("binance", USER + "L0280_order_reject_reason.json", "decode_orders", BINANCE | {"e": "listStatus"}),
    ("binance", USER + "L0335_event_stream_terminated.json", "decode_orders", {"e": "eventStreamTerminated"}),
    ("binance", USER + "L0351_external_lock_update.json", "decode_orders", BINANCE | {"e": "externalLockUpdate"}),
]


@pytest.mark.parametrize(("broker", "family", "call", "values"), FAMILIES)
def test_shape_when_held_back_then_its_call_reads_it(
    broker: str, family: str, call: str, values: dict[str, Any]
) -> None:
    module = importlib.import_module(f"server.brokers.{broker}.parse")
    shape = skeletons(shared("brokers/SHAPES.md"))[family]
    plain = build(shape, values)
    body = json.dumps(plain["response"] if broker == "oanda" else plain).encode()
    found = getattr(module, call)(body) if call.startswith("decode") else module.PARSERS[call](body)
    assert found is not None and found != []


def test_shapes_when_all_are_counted_then_each_is_read_by_a_call_or_is_none_of_an_answer() -> None:
    apart = {
        "fyers/official_docs_v3/request_slice.json": "what is sent",
        "fyers/official_docs_v3/request_slm.json": "what is sent",
        "alpaca/alpaca_py_tests/corporate_actions/get_corporate_actions.json": "no call has it",
        "schwab/schwab_sdk_rs/transactions/get.json": "says too little to be an execution, see below",
    }
    read = {family for _, family, _, _ in (*FAMILIES, *INDIAN)}
    assert set(skeletons(shared("brokers/SHAPES.md"))) == read | set(apart)


@pytest.mark.parametrize(("status", "kind"), [("authorized", "connected"), ("unauthorized", "refused")])
def test_shape_when_it_answers_a_sign_in_then_told_apart(status: str, kind: str) -> None:
    module = importlib.import_module("server.brokers.alpaca.parse")
    shape = skeletons(shared("brokers/SHAPES.md"))[f"{STREAMS}/L0086_authentication.json"]
    (event,) = module.decode_orders(json.dumps(build(shape, SIGNED | {"status": status})))
    assert event.kind == kind


def test_shape_when_a_transaction_says_little_then_it_is_no_execution() -> None:
    shape = skeletons(shared("brokers/SHAPES.md"))["schwab/schwab_sdk_rs/transactions/get.json"]
    module = importlib.import_module("server.brokers.schwab.parse")
    assert module.PARSERS["trades"](json.dumps(build(shape, {"type": "TRADE"})).encode()) == []
