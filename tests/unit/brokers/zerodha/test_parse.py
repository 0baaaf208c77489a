"""Every official sample of Kite Connect, against an independent reading of the same file."""

import base64
import csv
import hashlib
import json
import struct
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.brokers.zerodha.packets import decode_columns
from server.brokers.zerodha.parse import PARSERS, decode_orders, decode_stream
from server.core.errors import Invalid
from server.domain.brokerage import BeatEvent, NoticeEvent, OrderEvent, TickEvent
from tests.brokers.frames import kite_frame, kite_full, kite_quote
from tests.shared import shared

D = Decimal


def raw(name: str) -> bytes:
    """A sample as published."""
    return shared(f"brokers/fixtures/zerodha/mocks/{name}").read_bytes()


def plain(name: str) -> Any:
    """An independent reading: numbers as Decimals from their digits."""
    return json.loads(raw(name), parse_float=Decimal, parse_int=Decimal)["data"]


def utc(text: str) -> datetime:
    """A naive IST text."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Kolkata")).astimezone(UTC)


def test_read_session_when_official_sample_then_token_and_time() -> None:
    grant, said = PARSERS["session"](raw("generate_session.json")), plain("generate_session.json")
    assert (grant.user, grant.name, grant.access_token) == (said["user_id"], said["user_name"], said["access_token"])
    assert grant.issued == utc(said["login_time"])
    assert grant.exchanges == tuple(said["exchanges"])
    assert said["access_token"] not in repr(grant)


@pytest.mark.parametrize(
    ("call", "name"), [("place", "order_response"), ("modify", "order_modify"), ("cancel", "order_cancel")]
)
def test_read_receipt_when_official_sample_then_id(call: str, name: str) -> None:
    assert PARSERS[call](raw(f"{name}.json")).broker_id == plain(f"{name}.json")["order_id"]


def test_read_place_when_sliced_then_each_child_is_an_id_or_a_refusal() -> None:
    body = {
        "status": "success",
        "data": {
            "order_id": "1",
            "children": [
                {"order_id": "2"},
                {
                    "error": {
                        "code": 400,
                        "error_type": "MarginException",
                        "message": "Insufficient funds",
                        "data": None,
                    }
                },
            ],
        },
    }
    receipt = PARSERS["place"](json.dumps(body).encode())
    assert (receipt.broker_id, receipt.parts[0].broker_id) == ("1", "2")
    assert receipt.parts[1].refusal.kind == "funds"
    assert not receipt.parts[1].refusal.fate_unknown


def test_read_orders_when_official_sample_then_each_field() -> None:
    lines, said = PARSERS["orders"](raw("orders.json")), plain("orders.json")
    words = {"COMPLETE": "FILLED", "CANCELLED": "CANCELLED", "REJECTED": "REJECTED"}
    assert len(lines) == len(said)
    for line, one in zip(lines, said, strict=True):
        assert (line.broker_id, line.symbol, line.exchange) == (one["order_id"], one["tradingsymbol"], one["exchange"])
        assert (line.quantity, line.filled) == (one["quantity"], one["filled_quantity"])
        assert line.price == (one["price"] or None)
        assert line.average == (one["average_price"] if one["filled_quantity"] else None)
        assert line.placed == utc(one["order_timestamp"])
        assert line.raw_state == one["status"]
        assert line.state == words.get(one["status"], line.state)
        assert line.client_id == (one["tag"] or "")
    cancelled = lines[0]
    assert (cancelled.state, cancelled.pending) == ("CANCELLED", 0), "Kite leaves pending standing on cancelled orders"


def test_read_trades_when_official_sample_then_each_field() -> None:
    lines, said = PARSERS["trades"](raw("trades.json")), plain("trades.json")
    assert [(x.execution, x.broker_id, x.price, x.quantity, x.at) for x in lines] == [
        (y["trade_id"], y["order_id"], y["average_price"], y["quantity"], utc(y["fill_timestamp"])) for y in said
    ]


def test_read_positions_when_official_sample_then_net_and_day() -> None:
    lines, said = PARSERS["positions"](raw("positions.json")), plain("positions.json")
    for kind in ("net", "day"):
        ours = [x for x in lines if x.kind == kind]
        assert [(x.symbol, x.quantity, x.multiplier, x.buy_value, x.sell_value) for x in ours] == [
            (y["tradingsymbol"], y["quantity"], y["multiplier"], y["buy_value"], y["sell_value"]) for y in said[kind]
        ]


def test_read_holdings_when_official_sample_then_exact_digits() -> None:
    lines, said = PARSERS["holdings"](raw("holdings.json")), plain("holdings.json")
    assert [(x.symbol, x.isin, x.quantity, x.unsettled, x.average, x.profit) for x in lines] == [
        (y["tradingsymbol"], y["isin"], y["quantity"], y["t1_quantity"], y["average_price"], y["pnl"]) for y in said
    ]


@pytest.mark.parametrize("name", ["margins.json", "margins_equity.json"])
def test_read_funds_when_official_sample_then_net_is_what_may_be_used(name: str) -> None:
    said = plain(name)
    segments = [said] if "net" in said else list(said.values())
    assert [(x.available, x.used, x.cash) for x in PARSERS["funds"](raw(name))] == [
        (y["net"], y["utilised"]["debits"], y["available"]["cash"]) for y in segments
    ]


def test_read_margin_when_official_sample_then_total_and_charges() -> None:
    (line,) = PARSERS["margin"](raw("order_margins.json"))
    (said,) = plain("order_margins.json")
    assert (line.symbol, line.total, line.charges) == (said["tradingsymbol"], said["total"], said["charges"]["total"])


def test_read_margin_when_basket_then_the_whole_comes_first() -> None:
    part = {"tradingsymbol": "", "exchange": "", "total": 10.5, "span": 1, "exposure": 2, "option_premium": 0}
    body = {
        "status": "success",
        "data": {
            "initial": part | {"total": 30.25},
            "final": part,
            "orders": [part | {"tradingsymbol": "A", "total": 15}, part | {"tradingsymbol": "B", "total": 15.25}],
            "charges": {"total": 1.75},
        },
    }
    whole, *orders = PARSERS["margin"](json.dumps(body).encode())
    assert (whole.symbol, whole.total, whole.initial, whole.charges) == ("", D("10.5"), D("30.25"), D("1.75"))
    assert [x.total for x in orders] == [D(15), D("15.25")]


@pytest.mark.parametrize("name", ["quote.json", "ohlc.json", "ltp.json"])
def test_read_quotes_when_official_sample_then_prices_and_book(name: str) -> None:
    (line,) = PARSERS["quotes"](raw(name))
    ((key, said),) = plain(name).items()
    assert f"{line.exchange}:{line.symbol}" == key
    assert line.last == said["last_price"]
    assert line.token == str(said["instrument_token"])
    if "ohlc" in said:
        assert (line.open, line.close) == (said["ohlc"]["open"], said["ohlc"]["close"])
    if "depth" in said:
        best = said["depth"]["sell"][0]
        assert (line.ask, line.ask_quantity, line.bid) == (best["price"], best["quantity"], None)
        assert line.upper == said["upper_circuit_limit"]


def test_read_history_when_official_sample_then_bars_in_utc() -> None:
    bars, said = PARSERS["history"](raw("historical_minute.json")), plain("historical_minute.json")["candles"]
    assert [[b.open, b.high, b.low, b.close, b.volume] for b in bars] == [row[1:6] for row in said]
    assert bars[0].start == datetime(2017, 12, 15, 3, 45, tzinfo=UTC)


def test_read_gtt_when_official_sample_then_legs_and_reasons() -> None:
    (line,), said = PARSERS["gtt"](raw("gtt_get_order.json")), plain("gtt_get_order.json")
    assert line.kind == "oco"
    assert list(line.triggers) == said["condition"]["trigger_values"]
    assert line.orders[1].reason == said["orders"][1]["result"]["order_result"]["rejection_reason"]
    assert PARSERS["gtt"](raw("gtt_place_order.json"))[0].id == "123"


@pytest.mark.parametrize(
    "path",
    [
        "brokers/fixtures/zerodha/mocks/instruments_nse.csv",
        "data/instruments/kite_mock_instruments_all.csv",
        "data/instruments/kite_NFO_2025-11.csv.gz",
        "data/instruments/kite_NSE_2025-05.csv.gz",
    ],
)
def test_read_master_when_real_file_then_every_row(path: str) -> None:
    file = shared(path)
    lines = PARSERS["instruments"](file.read_bytes())
    said = list(csv.DictReader(x for x in _text(file).splitlines() if not x.startswith("#")))
    assert [(x.token, x.symbol, x.exchange, x.lot) for x in lines] == [
        (y["instrument_token"], y["tradingsymbol"], y["exchange"], D(y["lot_size"]) or D(1)) for y in said
    ]
    strikes = [(x.strike, x.expiry.isoformat() if x.expiry else "") for x in lines if x.kind == "OPTION"]
    assert strikes == [(D(y["strike"]), y["expiry"]) for y in said if y["instrument_type"] in ("CE", "PE")]


def _text(file: Path) -> str:
    import gzip

    return (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode()


@pytest.mark.parametrize("mode", ["quote", "full"])
def test_decode_packet_when_official_sample_then_golden_values(mode: str) -> None:
    packet = base64.b64decode(raw(f"ticker_{mode}.packet"))
    said = json.loads(raw(f"ticker_{mode}.json"), parse_float=Decimal, parse_int=Decimal)
    (event,) = decode_stream(kite_frame([packet]))
    assert isinstance(event, TickEvent)
    quote = event.quote
    assert (event.mode, quote.token) == (mode, str(said["instrument_token"]))
    assert (quote.last, quote.average, quote.volume) == (said["last_price"], said["average_price"], said["volume"])
    assert (quote.open, quote.high, quote.low, quote.close) == tuple(
        said["ohlc"][k] for k in ("open", "high", "low", "close")
    )
    if mode == "full":
        for ours, theirs in ((quote.bids, said["depth"]["buy"]), (quote.asks, said["depth"]["sell"])):
            assert [(x.price, x.quantity, x.orders) for x in ours] == [
                (y["price"], y["quantity"], y["orders"]) for y in theirs
            ]
        assert quote.at == datetime.fromisoformat(said["timestamp"])


@pytest.mark.parametrize("name", ["ltpMode_binary", "quoteMode_binary", "fullMode_binary"])
def test_decode_frame_when_really_recorded_then_as_the_bytes_say(name: str) -> None:
    frame = shared(f"data/ticks/kite_packets/{name}.packet").read_bytes()
    (event,) = decode_stream(frame)
    assert isinstance(event, TickEvent)
    token, ltp = struct.unpack_from(">II", frame, 4)
    assert (event.quote.token, event.quote.last) == (str(token), D(ltp) / 100)
    (columns,) = decode_columns(frame)
    assert columns.last[0] == float(D(ltp) / 100)


def test_decode_index_packet_when_quote_or_full_then_high_and_low_come_first() -> None:
    short = struct.pack(">IIIIIIi", 256265, 2440050, 2450000, 2430000, 2441000, 2442000, -1950)
    events = decode_stream(kite_frame([short, short + struct.pack(">I", 1_625_461_887)]))
    for event in events:
        assert isinstance(event, TickEvent)
        q = event.quote
        assert (q.high, q.low, q.open, q.close) == (D("24500"), D("24300"), D("24410"), D("24420"))
    assert events[1].quote.at == datetime.fromtimestamp(1_625_461_887, UTC)  # type: ignore[union-attr]


@pytest.mark.parametrize(("segment", "divisor"), [(1, 100), (3, 10_000_000), (6, 10_000), (7, 100), (12, 10_000)])
def test_decode_packet_when_segment_differs_then_divisor_differs(segment: int, divisor: int) -> None:
    frame = kite_frame([kite_quote(5000 << 8 | segment, 729_150_000)])
    (event,) = decode_stream(frame)
    assert isinstance(event, TickEvent)
    assert event.quote.last == D(729_150_000) / divisor
    assert decode_columns(frame)[0].last[0] == 729_150_000 / divisor


def test_decode_columns_when_lengths_are_mixed_then_equal_to_the_events() -> None:
    packets = []
    for n in range(60):
        token = (1000 + n) << 8 | (1 if n % 2 else 2)
        bids = [(10 + i, 80000 - 5 * i + n, 1) for i in range(n % 6)]
        asks = [(20 + i, 80005 + 5 * i + n, 2) for i in range(5)]
        full = kite_full(token, 80000 + n, at=1_780_000_000 + n, volume=n, oi=7 * n, bids=bids, asks=asks)
        packets.append(full if n % 3 else kite_quote(token, 90000 + n, n))
    frame = kite_frame(packets)
    seen = {e.quote.token: e.quote for e in decode_stream(frame) if isinstance(e, TickEvent)}
    rows = 0
    for columns in decode_columns(frame):
        for row, token in enumerate(columns.tokens):
            quote = seen[str(token)]
            rows += 1
            assert columns.last[row] == float(quote.last or 0)
            assert columns.volume is not None and columns.volume[row] == quote.volume
            if columns.bid_prices is not None and columns.bid_quantities is not None:
                assert [float(x.price) for x in quote.bids] == [x for x in columns.bid_prices[row] if x]
                assert [int(x.quantity) for x in quote.bids] == [x for x in columns.bid_quantities[row] if x]
                assert columns.market_ns is not None and quote.at is not None
                assert columns.market_ns[row] == int(quote.at.timestamp()) * 10**9
    assert rows == len(seen) == 60


@pytest.mark.parametrize("frame", [b"\x00", b""], ids=["one byte", "empty"])
def test_decode_frame_when_heartbeat_then_beat(frame: bytes) -> None:
    assert decode_stream(frame) == [BeatEvent()]


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x01",
        b"\x00\x01\x00\xb8" + bytes(20),
        kite_frame([kite_quote(1, 1)])[:-1],
        kite_frame([kite_quote(1, 1)]) + b"x",
        b"\xff\xff" + bytes(60),
    ],
)
def test_decode_frame_when_truncated_or_garbage_then_invalid(frame: bytes) -> None:
    for decode in (decode_stream, decode_columns):
        with pytest.raises(Invalid) as caught:
            decode(frame)
        assert "zerodha" in caught.value.detail


ORDER = {
    "order_id": "250101000000001",
    "status": "OPEN",
    "tradingsymbol": "SBIN",
    "exchange": "NSE",
    "transaction_type": "BUY",
    "order_type": "LIMIT",
    "product": "MIS",
    "validity": "DAY",
    "quantity": 10,
    "filled_quantity": 4,
    "average_price": 800.05,
    "price": 800.1,
    "tag": "ABC",
    "order_timestamp": "2026-11-20 10:00:00",
}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PUT ORDER REQ RECEIVED", "PENDING"),
        ("OPEN", "PARTIAL"),
        ("TRIGGER PENDING", "TRIGGER_PENDING"),
        ("COMPLETE", "FILLED"),
        ("SOMETHING NEW", "UNKNOWN"),
    ],
)
def test_decode_order_text_when_pushed_then_order_event(status: str, state: str) -> None:
    frame = json.dumps({"type": "order", "data": ORDER | {"status": status}})
    (event,) = decode_orders(frame)
    assert decode_stream(frame) == [event]
    assert isinstance(event, OrderEvent)
    assert (event.order.state, event.order.client_id, event.order.average) == (state, "ABC", D("800.05"))


def test_decode_order_text_when_update_then_only_a_hint() -> None:
    (event,) = decode_orders(json.dumps({"type": "order", "data": ORDER | {"status": "UPDATE"}}))
    assert isinstance(event, OrderEvent) and event.order.fetch_again


def test_decode_text_when_error_then_notice_with_refusal() -> None:
    (event,) = decode_stream('{"type":"error","data":"Invalid access token"}')
    assert isinstance(event, NoticeEvent) and event.refusal is not None and event.refusal.kind == "auth"


def test_read_postback_when_raw_body_then_order_event() -> None:
    body = ORDER | {"checksum": hashlib.sha256(b"x").hexdigest(), "app_id": 1, "user_id": "XX0000"}
    (event,) = PARSERS["postback"](json.dumps(body).encode())
    assert event.order.broker_id == ORDER["order_id"]


@pytest.mark.parametrize(
    ("kind", "ours", "unknown"),
    [
        ("TokenException", "auth", False),
        ("OrderException", "order", False),
        ("InputException", "input", False),
        ("MarginException", "funds", False),
        ("PermissionException", "permission", False),
        ("NetworkException", "network", True),
        ("GeneralException", "other", True),
        ("NeverHeardOfException", "other", True),
    ],
)
def test_read_error_when_kind_is_known_then_fate_is_known(kind: str, ours: str, unknown: bool) -> None:
    refusal = PARSERS["error"](json.dumps({"status": "error", "message": "No.", "error_type": kind}).encode())
    assert (refusal.kind, refusal.fate_unknown, refusal.message) == (ours, unknown, "No.")


@pytest.mark.parametrize("call", sorted(set(PARSERS) - {"error", "instruments", "postback"}))
def test_read_data_when_the_body_is_an_error_then_invalid_in_the_brokers_words(call: str) -> None:
    body = b'{"status":"error","message":"Incorrect api_key","error_type":"TokenException"}'
    with pytest.raises(Invalid, match="Incorrect api_key"):
        PARSERS[call](body)


@pytest.mark.parametrize("field", ["order_id", "status", "tradingsymbol", "transaction_type", "quantity"])
def test_read_orders_when_a_required_field_is_missing_then_invalid_with_its_path(field: str) -> None:
    order = {k: v for k, v in ORDER.items() if k != field}
    with pytest.raises(Invalid, match=field) as caught:
        PARSERS["orders"](json.dumps({"status": "success", "data": [ORDER, order]}).encode())
    assert caught.value.field == "$[1]"


@pytest.mark.parametrize("value", ['"NaN"', '"Infinity"', "1e400", '"x"', "true", "[]"])
def test_read_orders_when_a_number_is_none_then_invalid(value: str) -> None:
    body = json.dumps({"status": "success", "data": [ORDER | {"price": "@"}]}).replace('"@"', value)
    with pytest.raises(Invalid):
        PARSERS["orders"](body.encode())
