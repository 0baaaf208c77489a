"""Samples of Zerodha, Upstox and FYERS that acceptance keeps to itself: bodies of their published shapes are read."""

import importlib
import json
from typing import Any

import pytest

from tests.brokers.skeletons import build, skeletons
from tests.shared import shared

TIME = "2026-11-20 10:15:00"
FYERS_TIME = "20-Nov-2026 10:15:00"
KITE: dict[str, Any] = {
    "status": "success", "order_timestamp": TIME, "exchange_update_timestamp": TIME, "exchange_timestamp": TIME,
}  # fmt: skip
UPSTOX: dict[str, Any] = KITE | {"expiry": "2026-11-24"}
FYERS: dict[str, Any] = {
    "s": "ok", "orderDateTime": FYERS_TIME, "fill_time": FYERS_TIME, "date": "24-11-2026", "symbol": "NSE:SBIN-EQ",
    "price_traded": "8.05", "qty_traded": "4",
}  # fmt: skip
DOCS = "fyers/official_docs_v3"
FAMILIES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("zerodha", "zerodha/mocks/autoslice_response.json", "place", KITE),
    ("zerodha", "zerodha/mocks/basket_margins.json", "margin", KITE),
    ("zerodha", "zerodha/mocks/holdings_compact.json", "holdings", KITE),
    ("zerodha", "zerodha/mocks/postback.json", "postback", KITE),
    ("zerodha", "zerodha/mocks/trigger_range.json", "quotes", KITE),
    ("upstox", "upstox/docs_samples/mtf_positions_first_element.json", "positions", UPSTOX),
    ("upstox", "upstox/docs_samples/option_chain.json", "option_chain", UPSTOX),
    ("upstox", "upstox/docs_samples/order_details.json", "orders", UPSTOX),
    ("upstox", "upstox/docs_samples/order_details.json", "order_history", UPSTOX),
    ("upstox", "upstox/docs_samples/positions_first_element.json", "positions", UPSTOX),
    ("fyers", f"{DOCS}/data_ws_depth_update.json", "decode_stream", FYERS | {"type": "dp"}),
    ("fyers", f"{DOCS}/data_ws_index_update.json", "decode_stream", FYERS | {"type": "if"}),
    ("fyers", f"{DOCS}/depth.json", "depth", FYERS),
    ("fyers", f"{DOCS}/gtt_orderbook.json", "gtt", FYERS),
    ("fyers", f"{DOCS}/modify_multi_response.json", "modify", FYERS),
    ("fyers", f"{DOCS}/multiorder_margin_response.json", "margin", FYERS),
    ("fyers", f"{DOCS}/option_chain.json", "option_chain", FYERS | {"option_type": "CE"}),
    ("fyers", f"{DOCS}/order_ws_orders.json", "decode_orders", FYERS),
    ("fyers", f"{DOCS}/order_ws_position_mapper.json", "decode_orders", FYERS),
    ("fyers", f"{DOCS}/order_ws_positions.json", "decode_orders", FYERS),
    ("fyers", f"{DOCS}/order_ws_trades.json", "decode_orders", FYERS),
    ("fyers", f"{DOCS}/place_order_slice_response.json", "place", FYERS),
    ("fyers", f"{DOCS}/postback_order.json", "postback", FYERS),
    ("fyers", f"{DOCS}/normalised/orders_filter_by_id.json", "orders", FYERS),
]


@pytest.mark.parametrize(("broker", "family", "call", "values"), FAMILIES)
def test_shape_when_held_back_then_its_call_reads_it(
    broker: str, family: str, call: str, values: dict[str, Any]
) -> None:
    module = importlib.import_module(f"server.brokers.{broker}.parse")
    body = json.dumps(build(skeletons(shared("brokers/SHAPES.md"))[family], values)).encode()
    found = getattr(module, call)(body) if call.startswith("decode") else module.PARSERS[call](body)
    assert found is not None and found != []
