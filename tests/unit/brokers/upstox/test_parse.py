"""Every official sample of Upstox, against an independent reading of the same file; feed frames against the .proto."""

import csv
import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.upstox.parse import PARSERS, decode_orders, decode_stream
from server.brokers.upstox.symbols import listings
from server.core.errors import Invalid
from server.domain.brokerage import NoticeEvent, OrderEvent, TickEvent
from tests.brokers.upstox_frames import feed_frame, full_feed, index_feed, info_frame, ltpc, message
from tests.shared import shared
from tests.unit.brokers.samples import body, raw

D = Decimal
DOCS = "upstox/docs_samples"


def test_read_orders_when_official_sample_then_each_field() -> None:
    (line,), (said,) = (
        PARSERS["orders"](body(f"{DOCS}/order_book_first_element.json")),
        raw(f"{DOCS}/order_book_first_element.json"),
    )
    assert (line.broker_id, line.symbol, line.token) == (
        said["order_id"],
        said["trading_symbol"],
        said["instrument_token"],
    )
    assert (line.price, line.average, line.quantity) == (said["price"], said["average_price"], said["quantity"])
    assert (line.state, line.product, line.side) == ("FILLED", "CNC", "BUY")
    assert line.placed == datetime(2023, 10, 19, 3, 53, 23, tzinfo=UTC)


def test_read_orders_when_in_an_envelope_or_single_then_the_same() -> None:
    one = json.loads(body(f"{DOCS}/order_book_first_element.json"))[0]
    bare = PARSERS["orders"](json.dumps([one]).encode())
    assert PARSERS["order_history"](json.dumps({"status": "success", "data": one}).encode()) == bare
    assert PARSERS["orders"](json.dumps({"status": "success", "data": [one]}).encode()) == bare
    assert PARSERS["orders"](b'{"status":"success","data":[]}') == []


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("open", 0, "OPEN"),
        ("open", 4, "PARTIAL"),
        ("trigger pending", 0, "TRIGGER_PENDING"),
        ("after market order req received", 0, "PENDING"),
        ("Complete", 10, "FILLED"),
        ("cancelled after market order", 0, "CANCELLED"),
        ("brand new word", 0, "UNKNOWN"),
    ],
)
def test_read_state_when_the_word_is_known_then_ours(status: str, filled: int, state: str) -> None:
    order = {"order_id": "1", "status": status, "transaction_type": "BUY", "quantity": 10, "filled_quantity": filled}
    assert PARSERS["orders"](json.dumps([order]).encode())[0].state == state


def test_read_product_when_d_then_delivery_for_shares_and_carried_for_derivatives() -> None:
    order = {"order_id": "1", "status": "open", "transaction_type": "BUY", "quantity": 10, "product": "D"}
    tokens = {"NSE_EQ|INE1": "CNC", "NSE_FO|35346": "NRML", "MCX_FO|1": "NRML"}
    for token, product in tokens.items():
        (line,) = PARSERS["orders"](json.dumps([order | {"instrument_token": token}]).encode())
        assert line.product == product


def test_read_place_when_v3_then_every_id() -> None:
    one = PARSERS["place"](b'{"status":"success","data":{"order_ids":["1644490272000"]},"metadata":{"latency":30}}')
    assert (one.broker_id, one.parts) == ("1644490272000", ())
    two = PARSERS["place"](b'{"status":"success","data":{"order_ids":["1","2"]}}')
    assert [part.broker_id for part in two.parts] == ["1", "2"]
    assert PARSERS["modify"](body(f"{DOCS}/modify_order_v3_response.json")).broker_id == "1644490272000"


def test_read_place_when_some_of_many_were_refused_then_parts() -> None:
    answer = {
        "status": "partial_success",
        "data": [{"correlation_id": "a", "order_id": "11"}],
        "errors": [{"correlation_id": "b", "error_code": "UDAPI1055", "message": "Lot size wrong"}],
        "summary": {"total": 2, "success": 1, "error": 1},
    }
    receipt = PARSERS["place"](json.dumps(answer).encode())
    assert receipt.broker_id == "11"
    assert [(p.broker_id, p.refusal.kind if p.refusal else None) for p in receipt.parts] == [
        ("11", None),
        ("", "order"),
    ]


def test_read_quotes_when_official_sample_then_prices_and_book() -> None:
    (line,) = PARSERS["quotes"](body(f"{DOCS}/full_market_quote.json"))
    ((name, said),) = raw(f"{DOCS}/full_market_quote.json")["data"].items()
    assert (f"{line.exchange}:{line.symbol}", line.token) == (name, said["instrument_token"])
    assert str(line.last) == "52.04999923706055", "every digit as sent"
    best = said["depth"]["buy"][0]
    assert (line.bid, line.bid_quantity, line.ask) == (best["price"], best["quantity"], None)
    assert line.traded_at == datetime.fromtimestamp(1697624972, UTC).replace(microsecond=130_000)
    assert line.at == datetime(2023, 10, 18, 23, 51, 51, 99_000, tzinfo=UTC)


def test_read_chain_when_official_sample_then_both_sides() -> None:
    (line,), (said,) = (
        PARSERS["option_chain"](body(f"{DOCS}/option_chain_2024.json")),
        raw(f"{DOCS}/option_chain_2024.json")["data"],
    )
    assert (line.expiry, line.strike, line.spot) == (
        date(2024, 2, 15),
        said["strike_price"],
        said["underlying_spot_price"],
    )
    for ours, theirs in ((line.call, said["call_options"]), (line.put, said["put_options"])):
        assert ours is not None
        market, greeks = theirs["market_data"], theirs["option_greeks"]
        assert (ours.symbol, ours.last, ours.bid, ours.oi) == (
            theirs["instrument_key"],
            market["ltp"],
            market["bid_price"],
            market["oi"],
        )
        assert (ours.iv, ours.delta) == (greeks["iv"], greeks["delta"])


def test_read_master_when_option_contracts_then_lines() -> None:
    lines, said = (
        PARSERS["instruments"](body(f"{DOCS}/option_contracts.json")),
        raw(f"{DOCS}/option_contracts.json")["data"],
    )
    assert [(x.token, x.strike, x.right, x.lot, x.freeze, x.name) for x in lines] == [
        (y["instrument_key"], y["strike_price"], "CE", y["lot_size"], y["freeze_quantity"], "NIFTY") for y in said
    ]
    assert {x.tick for x in lines} == {D("0.05")}, "ticks are in paise"


def test_read_master_when_real_json_then_every_row() -> None:
    file = shared("data/instruments/upstox_NSE_subset_2025-08.json.gz").read_bytes()
    lines, said = PARSERS["instruments"](file), json.loads(gzip.decompress(file), parse_float=Decimal)
    assert len(lines) == len(said)
    for line, one in zip(lines, said, strict=True):
        assert line.token == one["instrument_key"]
        if "expiry" in one:
            assert line.expiry is not None
            text = f"{line.expiry.day:02d} {line.expiry:%b} {line.expiry:%y}".upper()
            assert text in one["trading_symbol"], "the day in India, not in London"
        if "strike_price" in one and one["instrument_type"] != "FUT":
            assert line.strike == one["strike_price"]


def test_map_master_when_real_csv_then_nearly_everything_has_a_canonical_symbol() -> None:
    file = shared("data/instruments/upstox_complete_2025-08.csv.gz").read_bytes()
    lines = PARSERS["instruments"](file)
    said = list(csv.DictReader(gzip.decompress(file).decode().splitlines()))
    assert [(x.token, x.symbol) for x in lines] == [(y["instrument_key"], y["tradingsymbol"]) for y in said]
    found, left_out = listings(lines)
    keys = {listing.instrument.key for listing in found}
    assert {"NSE:SBIN", "NSE_INDEX:NIFTY", "NSE_INDEX:BANKNIFTY", "BSE_INDEX:SENSEX"} <= keys
    assert "NFO:PATANJALI30SEP251860CE" in keys
    nfo = [y for y in said if y["exchange"] == "NSE_FO"]
    assert sum(key.startswith("NFO:") for key in keys) >= 0.999 * len(nfo), left_out.most_common(10)
    assert len(found) + sum(left_out.values()) == len(said)


def test_read_funds_when_v2_and_v3_then_what_may_be_used() -> None:
    old = {"status": "success", "data": {"equity": {"used_margin": 0.8, "available_margin": 15507.46}}}
    (line,) = PARSERS["funds"](json.dumps(old).encode())
    assert (line.segment, line.available, line.used) == ("equity", D("15507.46"), D("0.8"))
    new = {
        "status": "success",
        "data": {
            "available_to_trade": {
                "total": 379.03,
                "cash_available_to_trade": {"total": 117.34, "margin_used": {"total": 10.5}},
                "pledge_available_to_trade": {
                    "total": 261.69,
                    "margin_from_pledge": {"total": 263.49},
                    "margin_used": {"total": 1.8},
                },
            }
        },
    }
    (line,) = PARSERS["funds"](json.dumps(new).encode())
    assert (line.available, line.used, line.cash, line.collateral) == (
        D("379.03"),
        D("12.3"),
        D("117.34"),
        D("263.49"),
    )


@pytest.mark.parametrize("spelling", ["errorCode", "error_code"])
@pytest.mark.parametrize(
    ("code", "kind", "unknown"),
    [
        ("UDAPI10005", "rate", False),
        ("UDAPI100050", "auth", False),
        ("UDAPI1055", "order", False),
        ("UDAPI100500", "network", True),
        ("UDAPI999999", "other", True),
    ],
)
def test_read_error_when_spelt_either_way_then_kind_and_fate(
    spelling: str, code: str, kind: str, unknown: bool
) -> None:
    answer = {"status": "error", "errors": [{spelling: code, "message": "No.", "propertyPath": None}]}
    refusal = PARSERS["error"](json.dumps(answer).encode())
    assert (refusal.kind, refusal.code, refusal.fate_unknown) == (kind, code, unknown)
    with pytest.raises(Invalid, match="No"):
        PARSERS["orders"](json.dumps(answer).encode())


AT = 1_780_000_000_123


def test_decode_feed_when_full_then_every_field_exactly() -> None:
    levels = [(100 + n, 800.05 - n * 0.05, 200 + n, 800.1 + n * 0.05) for n in range(5)]
    feed = full_feed(
        ltpc(800.05, AT - 500, 7, 795.35),
        levels,
        day=(790.1, 805.65, 788.4, 800.05),
        average=799.17,
        volume=123456789012,
    )
    (event,) = decode_stream(feed_frame({"NSE_EQ|INE062A01020": feed}, AT, kind=0))
    assert isinstance(event, TickEvent) and event.snapshot and event.mode == "full"
    quote = event.quote
    assert quote.token == "NSE_EQ|INE062A01020"
    assert (quote.last, quote.close, quote.average) == (D("800.05"), D("795.35"), D("799.17"))
    assert (quote.open, quote.high, quote.low) == (D("790.1"), D("805.65"), D("788.4"))
    assert quote.volume == D(123456789012)
    assert [(x.price, x.quantity) for x in quote.bids] == [(D(repr(b)), D(q)) for q, b, _, _ in levels]
    assert [(x.price, x.quantity) for x in quote.asks] == [(D(repr(a)), D(q)) for _, _, q, a in levels]
    assert quote.at is not None and quote.at.microsecond == 123_000


def test_decode_feed_when_live_index_and_info_then_events() -> None:
    feed = index_feed(ltpc(24500.55, AT, 0, 24400.0), (24410.0, 24555.5, 24380.25, 24500.55))
    (event,) = decode_stream(feed_frame({"NSE_INDEX|Nifty 50": feed}, AT))
    assert isinstance(event, TickEvent) and not event.snapshot
    assert (event.quote.last, event.quote.close, event.quote.high) == (D("24500.55"), D(24400), D("24555.5"))
    (notice,) = decode_stream(info_frame({"NSE_EQ": 2, "NSE_FO": 99}, AT))
    assert isinstance(notice, NoticeEvent) and notice.text == "NSE_EQ=NORMAL_OPEN NSE_FO=UNKNOWN"


@pytest.mark.parametrize(
    "frame",
    [
        b"\x12\x05abc",
        b"\x12\xff\xff\xff\xff\x0f",
        b"\x80" * 11,
        b"\x0f",
        message((2, message((1, "K"), (2, message((1, message((1, float("nan"))))))))),
        message((2, message((1, "K"), (2, message((1, message((1, float("inf"))))))))),
        message((2, message((2, b"")))),
        message((3, -5)),
    ],
)
def test_decode_feed_when_damaged_then_invalid(frame: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        decode_stream(frame)
    assert caught.value.extra["broker"] == "upstox"


def test_decode_orders_when_pushed_then_order_event() -> None:
    said: dict[str, Any] = {
        "update_type": "order",
        "order_id": "24",
        "status": "open",
        "transaction_type": "BUY",
        "quantity": 150,
        "filled_quantity": 100,
        "average_price": 800.1,
        "price": 800.1,
        "tag": "ABC",
        "instrument_token": "NSE_EQ|INE062A01020",
        "product": "I",
        "order_type": "LIMIT",
    }
    (event,) = decode_orders(json.dumps(said))
    assert isinstance(event, OrderEvent)
    assert (event.order.state, event.order.product, event.order.client_id) == ("PARTIAL", "MIS", "ABC")
    assert PARSERS["postback"](json.dumps(said).encode()) == [event]
    (other,) = decode_orders('{"update_type":"gtt_order","x":1}')
    assert isinstance(other, NoticeEvent)


def test_read_session_when_token_answer_then_grant() -> None:
    answer = {"user_id": "202251", "user_name": "client", "access_token": "secret-token", "exchanges": ["NSE"]}
    grant = PARSERS["session"](json.dumps(answer).encode())
    assert (grant.user, grant.access_token) == ("202251", "secret-token")
    assert "secret-token" not in repr(grant)


def test_read_history_when_newest_first_then_oldest_first() -> None:
    rows = [
        ["2022-11-22T00:00:00+05:30", 2, 3, 1, 2.5, 10, 0],
        ["2022-11-21T00:00:00+05:30", 37.4, 37.8, 36.95, 37.6, 5, 0],
    ]
    bars = PARSERS["history"](json.dumps({"status": "success", "data": {"candles": rows}}).encode())
    assert [bar.start.day for bar in bars] == [20, 21]
    assert bars[0].low == D("36.95")
