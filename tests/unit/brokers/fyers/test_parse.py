"""Every published sample of FYERS, against an independent reading of the same file; HSM frames against the layout."""

import base64
import csv
import gzip
import json
import struct
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.fyers import hsm
from server.brokers.fyers.parse import PARSERS, decode_orders, decode_stream
from server.core.errors import Invalid
from server.domain.brokerage import BeatEvent, DepthEvent, NoticeEvent, OrderEvent, PositionEvent, TickEvent, TradeEvent
from tests.brokers.fyers_frames import NONE, data_frame, lite, result, snapshot, update
from tests.shared import shared
from tests.unit.brokers.samples import body, raw

D = Decimal
DOCS = "fyers/official_docs_v3"


def test_read_orders_when_official_sample_then_each_field() -> None:
    (line,), (said,) = (
        PARSERS["orders"](body(f"{DOCS}/normalised/orders.json")),
        raw(f"{DOCS}/normalised/orders.json")["orderBook"],
    )
    assert (line.broker_id, line.symbol, line.exchange) == (said["id"], said["symbol"], "NSE")
    assert (line.quantity, line.filled, line.price, line.average) == (1, 1, D("6.95"), D("6.95"))
    assert (line.side, line.type, line.product, line.state) == ("SELL", "LIMIT", "CNC", "FILLED")
    assert (line.client_id, line.token) == ("Ordertag", said["fyToken"])
    assert line.placed == datetime(2023, 3, 9, 4, 4, 38, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": 6, "type": 1}, "OPEN"),
        ({"status": 6, "type": 1, "filledQty": 4}, "PARTIAL"),
        ({"status": 6, "type": 4}, "TRIGGER_PENDING"),
        ({"status": 4, "type": 1}, "PENDING"),
        ({"status": 7, "type": 1}, "EXPIRED"),
        ({"status": 90, "type": 1, "orderNumStatus": "23030900015105:2"}, "FILLED"),
        ({"status": 90, "type": 1}, "UNKNOWN"),
    ],
)
def test_read_state_when_the_number_is_known_then_ours(fields: dict[str, Any], state: str) -> None:
    order = {"id": "1", "symbol": "NSE:SBIN-EQ", "qty": 10, "side": 1, "orderTag": "2:Untagged"} | fields
    (line,) = PARSERS["orders"](json.dumps({"s": "ok", "orderBook": [order]}).encode())
    assert (line.state, line.client_id) == (state, "")
    assert line.fetch_again == (state == "UNKNOWN")


def test_read_trades_when_official_sample_then_each_field() -> None:
    lines, said = PARSERS["trades"](body(f"{DOCS}/tradebook.json")), raw(f"{DOCS}/tradebook.json")["tradeBook"]
    assert [(x.execution, x.broker_id, x.price, x.quantity, x.symbol) for x in lines] == [
        (y["tradeNumber"], y["orderNumber"], y["tradePrice"], y["tradedQty"], y["symbol"]) for y in said
    ]
    assert lines[0].at == datetime(2020, 8, 7, 8, 21, 12, tzinfo=UTC)


def test_read_books_when_official_samples_then_figures() -> None:
    (position,), (said,) = (
        PARSERS["positions"](body(f"{DOCS}/normalised/positions.json")),
        raw(f"{DOCS}/normalised/positions.json")["netPositions"],
    )
    assert (position.quantity, position.average, position.unrealised) == (
        said["netQty"],
        said["netAvg"],
        said["unrealized_profit"],
    )
    assert position.product == "NRML"
    holdings, kept = (
        PARSERS["holdings"](body(f"{DOCS}/normalised/holdings.json")),
        raw(f"{DOCS}/normalised/holdings.json")["holdings"],
    )
    assert [(x.symbol, x.quantity, x.average, x.profit) for x in holdings] == [
        (y["symbol"], y["quantity"], y["costPrice"], y["pl"]) for y in kept
    ]
    equity, _ = PARSERS["funds"](body(f"{DOCS}/funds.json"))
    rows = {y["title"]: y["equityAmount"] for y in raw(f"{DOCS}/funds.json")["fund_limit"]}
    assert (equity.available, equity.used) == (rows["Available Balance"], rows["Utilized Amount"])
    assert str(equity.available) == "58.150000000000006", "every digit as sent"


def test_read_quotes_and_history_when_official_samples_then_prices() -> None:
    (quote,), (said,) = (
        PARSERS["quotes"](body(f"{DOCS}/normalised/quotes.json")),
        raw(f"{DOCS}/normalised/quotes.json")["d"],
    )
    v = said["v"]
    assert (quote.symbol, quote.last, quote.bid, quote.ask, quote.close) == (
        said["n"],
        v["lp"],
        v["bid"],
        v["ask"],
        v["prev_close_price"],
    )
    assert quote.at == datetime.fromtimestamp(int(v["tt"]), UTC)
    bars, rows = PARSERS["history"](body(f"{DOCS}/history.json")), raw(f"{DOCS}/history.json")["candles"]
    assert [[int(b.start.timestamp()), b.open, b.high, b.low, b.close, b.volume] for b in bars] == rows
    assert PARSERS["history"](b'{"s":"no_data","nextTime":1621814400,"candles":[]}') == []


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("place", "place_order_response"),
        ("place", "place_multileg_response"),
        ("modify", "modify_order_response"),
        ("cancel", "cancel_order_response"),
    ],
)
def test_read_receipt_when_official_sample_then_id(call: str, name: str) -> None:
    """The published answer to a modify has its id inside the message by a slip of the pen."""
    assert PARSERS[call](body(f"{DOCS}/{name}.json")).broker_id in ("808058117761", "23080400093711")


def test_read_receipt_when_sent_without_acknowledgement_then_fate_unknown() -> None:
    receipt = PARSERS["place"](b'{"s":"error","code":201,"message":"Sent, no response","id":""}')
    assert receipt.refusal is not None and receipt.refusal.fate_unknown
    rejected = PARSERS["place"](b'{"s":"error","code":-99,"message":"RMS: no margin","id":"808"}')
    assert (rejected.broker_id, rejected.refusal.kind) == ("808", "order")
    with pytest.raises(Invalid, match="bad qty"):
        PARSERS["place"](b'{"s":"error","code":-50,"message":"bad qty"}')


def test_read_place_when_sliced_then_each_line_is_an_id_or_a_refusal() -> None:
    answer = {
        "code": 200,
        "message": "",
        "data": [
            {"statusCode": 200, "body": {"code": 1101, "message": "ok", "s": "ok", "id": "11"}},
            {"statusCode": 400, "body": {"code": -99, "message": "Insufficient funds", "s": "error", "id": ""}},
        ],
    }
    receipt = PARSERS["place"](json.dumps(answer).encode())
    assert (receipt.broker_id, receipt.parts[0].refusal) == ("11", None)
    assert receipt.parts[1].refusal is not None and receipt.parts[1].refusal.kind == "funds"


@pytest.mark.parametrize(
    ("code", "kind", "unknown"),
    [(-8, "auth", False), (-50, "input", False), (-99, "order", False), (-429, "rate", False), (-777, "other", True)],
)
def test_read_error_when_code_is_known_then_kind_and_fate(code: int, kind: str, unknown: bool) -> None:
    refusal = PARSERS["error"](json.dumps({"s": "error", "code": code, "message": "No."}).encode())
    assert (refusal.kind, refusal.fate_unknown) == (kind, unknown)
    with pytest.raises(Invalid, match="No"):
        PARSERS["positions"](json.dumps({"s": "error", "code": code, "message": "No."}).encode())


def test_read_session_when_token_is_a_jwt_then_end_and_feed_key_come_from_it() -> None:
    said = base64.urlsafe_b64encode(json.dumps({"exp": 1_795_200_000, "fy_id": "FX1", "hsm_key": "KEY9"}).encode())
    token = f"head.{said.decode().rstrip('=')}.sign"
    grant = PARSERS["session"](json.dumps({"s": "ok", "access_token": token, "refresh_token": "r"}).encode())
    assert (grant.user, grant.feed_token) == ("FX1", "KEY9")
    assert grant.expires == datetime.fromtimestamp(1_795_200_000, UTC)
    masked = PARSERS["session"](body(f"{DOCS}/normalised/validate_authcode_response.json"))
    assert masked.access_token == raw(f"{DOCS}/normalised/validate_authcode_response.json")["access_token"]


def test_read_master_when_real_file_then_every_row() -> None:
    file = shared("data/instruments/fyers_NSE_CM_2024-10.csv.gz").read_bytes()
    lines = PARSERS["instruments"](file)
    said = list(csv.reader(gzip.decompress(file).decode().splitlines()[1:]))
    assert [(x.token, x.symbol, x.lot, x.isin) for x in lines] == [(y[0], y[9], D(y[3]) or D(1), y[5]) for y in said]
    headless = gzip.decompress(file).split(b"\n", 1)[1]
    assert PARSERS["instruments"](headless) == lines


def test_read_master_when_derivatives_then_expiry_day_in_india() -> None:
    row = (
        "101126112435000,NIFTY 24 Nov 26 24500 CE,14,65,0.05,,0915-1530|1815-1915:,2026-11-20,1795602600,"
        "NSE:NIFTY26NOV24500CE,10,11,35000,NIFTY,26000,24500.0,CE,101000000026000,None,0,0.0\n"
    )
    (line,) = PARSERS["instruments"](row.encode())
    assert (line.kind, line.name, line.strike, line.right, line.lot) == ("OPTION", "NIFTY", D(24500), "CE", D(65))
    assert line.expiry == date(2026, 11, 25)


# the market data socket

VALUES = [
    80005, 12345, 1_780_000_000, 1_780_000_001, 100, 200, 80000, 80010, 7, 5000, 6000, 79950, 99, 79000, 81000, 90000,
    60000, 64000, 96000, 79500, 79550,
]  # fmt: skip


def test_decode_snapshot_when_share_then_every_field_by_its_place() -> None:
    record = snapshot(3, "sf|nse_cm|3045", VALUES, symbol="NSE:SBIN-EQ")
    (event,) = decode_stream(data_frame(9, [record]))
    assert isinstance(event, TickEvent) and event.snapshot
    q = event.quote
    assert (q.symbol, q.token) == ("NSE:SBIN-EQ", "nse_cm|3045")
    assert (q.last, q.bid, q.ask, q.average) == (D("800.05"), D("800.00"), D("800.10"), D("799.50"))
    assert (q.low, q.high, q.open, q.close) == (D("790.00"), D("810.00"), D("795.00"), D("795.50"))
    assert (q.lower, q.upper) == (D("640.00"), D("960.00"))
    assert (q.volume, q.oi, q.bid_quantity, q.ask_quantity, q.total_bid) == tuple(map(D, (12345, 99, 100, 200, 5000)))
    assert q.at == datetime.fromtimestamp(1_780_000_001, UTC)


def test_decode_update_when_topic_is_known_then_only_what_changed() -> None:
    decoder = hsm.HsmDecoder()
    decoder.decode(data_frame(1, [snapshot(3, "sf|nse_cm|3045", VALUES, symbol="NSE:SBIN-EQ")]))
    changed = [NONE] * 21
    changed[0], changed[1] = 80105, 12400
    (event,) = decoder.decode(data_frame(2, [update(3, changed)]))
    assert isinstance(event, TickEvent) and not event.snapshot
    assert (event.quote.last, event.quote.volume, event.quote.bid) == (D("801.05"), D(12400), None)
    (event,) = decoder.decode(data_frame(3, [lite(3, 80205)]))
    assert isinstance(event, TickEvent) and event.quote.last == D("802.05")
    assert (decoder.last_message, decoder.unknown) == (3, 0)
    assert decoder.decode(data_frame(4, [update(77, changed)])) == []
    assert decoder.unknown == 1


def test_decode_depth_when_updated_then_whole_sides() -> None:
    prices = [80000 - 5 * n for n in range(5)] + [80010 + 5 * n for n in range(5)]
    values = [*prices, *range(101, 111), *range(1, 11)]
    decoder = hsm.HsmDecoder()
    (event,) = decoder.decode(data_frame(1, [snapshot(4, "dp|nse_cm|3045", values, symbol="NSE:SBIN-EQ")]))
    assert isinstance(event, DepthEvent)
    assert [(x.price, x.quantity, x.orders) for x in event.bids][:2] == [
        (D("800.00"), D(101), 1),
        (D("799.95"), D(102), 2),
    ]
    changed = [NONE] * 30
    changed[5], changed[15] = 80020, 999
    (event,) = decoder.decode(data_frame(2, [update(4, changed)]))
    assert isinstance(event, DepthEvent)
    assert (event.asks[0].price, event.asks[0].quantity) == (D("800.20"), D(999))
    assert len(event.bids) == len(event.asks) == 5


def test_decode_price_when_scale_differs_then_divided_exactly() -> None:
    record = snapshot(5, "if|nse_cm|Nifty 50", [245005500, 244000000, 1_780_000_000, 0, 0, 0], symbol="N", places=4)
    (event,) = decode_stream(data_frame(1, [record]))
    assert isinstance(event, TickEvent)
    assert (event.quote.last, event.quote.close, event.quote.high) == (D("24500.55"), D("24400"), None)
    record = snapshot(6, "sf|mcx_fo|1", [1000], symbol="M", multiplier=10, places=1)
    (event,) = decode_stream(data_frame(1, [record]))
    assert isinstance(event, TickEvent) and event.quote.last == D(10)


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00",
        data_frame(1, [snapshot(3, "sf|nse_cm|3045", VALUES, symbol="S")])[:-9],
        data_frame(1, [b"\x99"]),
        struct.pack(">HBIH", 9, 6, 1, 60000),
        data_frame(1, [snapshot(3, "sf|nse_cm|3045", VALUES, symbol="S", multiplier=0)]),
    ],
)
def test_decode_frame_when_damaged_then_invalid(frame: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        decode_stream(frame)
    assert caught.value.extra["broker"] == "fyers"


def test_requests_when_packed_then_to_the_byte_as_the_official_client() -> None:
    sent = hsm.auth("K" * 10, "src")
    assert len(sent) == 18 + 10 + 3
    assert struct.unpack_from(">HBB", sent) == (len(sent) - 2, 1, 4)
    assert sent[4:7] == b"\x01\x00\x0a"
    topics = hsm.subscription(["sf|nse_cm|3045", "if|nse_cm|Nifty 50"])
    assert struct.unpack_from(">BB", topics, 2) == (4, 2)
    assert struct.unpack_from(">BHH", topics, 4) == (1, 2 + 15 + 19, 2)
    assert topics.endswith(b"\x02\x00\x01\x0b")
    assert struct.unpack_from(">BB", hsm.subscription(["a"], add=False), 2) == (5, 2)
    assert hsm.mode(True) == struct.pack(">HBBBHQBHB", 17, 12, 2, 1, 8, 1 << 11, 2, 1, 70)
    assert hsm.ack(7) == struct.pack(">HBBBHI", 9, 3, 1, 1, 4, 7)
    assert hsm.topic_of("10100000003045") == "nse_cm|3045"
    (notice,) = decode_stream(result(1))
    assert isinstance(notice, NoticeEvent) and notice.kind == "connected"
    (notice,) = decode_stream(result(1, "no"))
    assert isinstance(notice, NoticeEvent) and notice.refusal is not None and notice.refusal.kind == "auth"


# text messages


def test_decode_text_when_published_forms_then_events() -> None:
    (tick,) = decode_stream(body(f"{DOCS}/data_ws_symbol_update.json"))
    said = raw(f"{DOCS}/data_ws_symbol_update.json")
    assert isinstance(tick, TickEvent)
    assert (tick.quote.last, tick.quote.bid, tick.quote.volume) == (
        said["ltp"],
        said["bid_price"],
        said["vol_traded_today"],
    )
    (notice,) = decode_orders(body(f"{DOCS}/normalised/order_ws_subscribed.json"))
    assert isinstance(notice, NoticeEvent) and notice.kind == "subscribed"
    assert decode_orders("pong") == [BeatEvent()]


def test_decode_orders_when_documented_or_raw_names_then_the_same() -> None:
    plain = {
        "id": "23080400089344", "qty": 10, "filledQty": 4, "limitPrice": 8.1, "type": 1, "symbol": "NSE:IDEA-EQ",
        "orderDateTime": "04-Aug-2023 10:12:58", "orderValidity": "DAY", "productType": "INTRADAY", "side": 1,
        "status": 90, "orderNumStatus": "23080400089344:6", "tradedPrice": 8.05, "orderTag": "1:ABC",
    }  # fmt: skip
    bare = {
        "id": "23080400089344", "qty": 10, "qty_filled": 4, "price_limit": 8.1, "ord_type": 1, "symbol": "NSE:IDEA-EQ",
        "time_oms": "04-Aug-2023 10:12:58", "validity": "DAY", "product_type": "INTRADAY", "tran_side": 1,
        "org_ord_status": 6, "price_traded": 8.05, "ordertag": "1:ABC",
    }  # fmt: skip
    (one,) = decode_orders(json.dumps({"s": "ok", "orders": plain}))
    (two,) = decode_orders(json.dumps({"s": "ok", "orders": bare}))
    assert isinstance(one, OrderEvent) and isinstance(two, OrderEvent)
    for line in (one.order, two.order):
        assert (line.state, line.filled, line.average, line.client_id) == ("PARTIAL", D(4), D("8.05"), "ABC")
    trade = {
        "tradeNumber": "1", "orderNumber": "2", "tradedQty": 4, "tradePrice": 8.05, "side": 1, "symbol": "NSE:IDEA-EQ",
    }  # fmt: skip
    bare_trade = {
        "id_fill": "1", "id": "2", "qty_traded": "4", "price_traded": "8.05", "tran_side": "1", "symbol": "NSE:IDEA-EQ",
        "fill_time": "04-Aug-2023 10:12:58",
    }  # fmt: skip
    (three,) = decode_orders(json.dumps({"s": "ok", "trades": trade}))
    (four,) = decode_orders(json.dumps(bare_trade))
    assert isinstance(three, TradeEvent) and isinstance(four, TradeEvent)
    for made in (three.trade, four.trade):
        assert (made.execution, made.broker_id, made.quantity, made.price) == ("1", "2", D(4), D("8.05"))
    (five,) = decode_orders(json.dumps({"s": "ok", "positions": {"symbol": "NSE:IDEA-EQ", "netQty": -3, "netAvg": 8}}))
    assert isinstance(five, PositionEvent) and five.position.quantity == -3
