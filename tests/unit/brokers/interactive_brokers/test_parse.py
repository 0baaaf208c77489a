"""What ib_async tells, read: its objects written as JSON, sentinels and all."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.interactive_brokers.parse import PARSERS, decode_stream
from server.core.errors import Invalid
from server.domain.brokerage import NoticeEvent, TickEvent, TradeEvent

UNSET = 1.7976931348623157e308
SHARE: dict[str, Any] = {"secType": "STK", "symbol": "AAPL", "conId": 265598, "currency": "USD", "localSymbol": "AAPL"}
TRADE: dict[str, Any] = {
    "contract": SHARE,
    "order": {
        "orderId": 7, "permId": 991, "action": "BUY", "totalQuantity": 10.0, "orderType": "STP LMT", "lmtPrice": 181.5,
        "auxPrice": 180.25, "tif": "GTC", "orderRef": "01OURS", "parentId": 0,
    },
    "orderStatus": {"status": "PreSubmitted", "filled": 0.0, "remaining": 10.0, "avgFillPrice": 0.0, "permId": 991},
    "log": [{"time": "2026-11-20T15:00:00.123456+00:00", "status": "PreSubmitted", "message": ""}],
}  # fmt: skip
FILL: dict[str, Any] = {
    "contract": SHARE,
    "execution": {
        "execId": "00025b46.63f8e2c1.01.01", "side": "BOT", "shares": 4.0, "price": 181.37, "permId": 991,
        "orderRef": "01OURS", "time": "2026-11-20T15:01:00+00:00",
    },
    "commissionReport": {"commission": 1.05, "currency": "USD"},
}  # fmt: skip


def encode(data: Any) -> bytes:
    return json.dumps(data).encode()


def test_order_when_a_stop_waits_then_trigger_pending_under_its_permanent_id() -> None:
    (line,) = PARSERS["orders"](encode([TRADE]))
    assert (line.broker_id, line.client_id, line.state) == ("991", "01OURS", "TRIGGER_PENDING")
    assert (line.type, line.price, line.trigger) == ("SL", Decimal("181.5"), Decimal("180.25"))
    assert (line.validity, line.average, line.placed) == (
        "GTC", None, datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC),
    )  # fmt: skip


def test_order_when_numbers_are_unset_then_they_are_nothing() -> None:
    market = TRADE["order"] | {"orderType": "MKT", "lmtPrice": UNSET, "auxPrice": UNSET}
    status = TRADE["orderStatus"] | {"status": "Submitted", "filled": 4.0, "avgFillPrice": 181.37}
    (line,) = PARSERS["orders"](encode([TRADE | {"order": market, "orderStatus": status}]))
    assert (line.price, line.trigger, line.state, line.pending) == (None, None, "PARTIAL", Decimal(6))
    assert line.average == Decimal("181.37")


def test_order_when_inactive_then_rejected_with_the_reason_of_its_log() -> None:
    log = [{"time": "2026-11-20T15:00:00+00:00", "message": "Order rejected - reason: margin", "errorCode": 201}]
    status = TRADE["orderStatus"] | {"status": "Inactive"}
    (line,) = PARSERS["orders"](encode([TRADE | {"orderStatus": status, "log": log}]))
    assert (line.state, line.reason) == ("REJECTED", "Order rejected - reason: margin")


def test_execution_when_corrected_then_it_is_the_same_one() -> None:
    corrected = FILL | {"execution": FILL["execution"] | {"execId": "00025b46.63f8e2c1.01.02"}}
    first, second = PARSERS["trades"](encode([FILL, corrected]))
    assert first.execution == second.execution == "00025b46.63f8e2c1.01"
    assert (first.side, first.quantity, first.price, first.fee) == (
        "BUY", Decimal(4), Decimal("181.37"), Decimal("1.05"),
    )  # fmt: skip


def test_position_when_of_options_then_the_cost_is_per_share() -> None:
    option = SHARE | {"secType": "OPT", "multiplier": "100"}
    (line,) = PARSERS["positions"](encode([{"contract": option, "position": -2.0, "avgCost": 512.5}]))
    assert (line.quantity, line.average, line.multiplier) == (Decimal(-2), Decimal("5.125"), Decimal(100))


def test_funds_when_in_two_currencies_then_a_line_each() -> None:
    rows = [
        {"tag": "AvailableFunds", "value": "1000.50", "currency": "USD"},
        {"tag": "TotalCashValue", "value": "20", "currency": "EUR"},
        {"tag": "TotalCashValue", "value": "5", "currency": "BASE"},
        {"tag": "AccountType", "value": "INDIVIDUAL", "currency": ""},
    ]
    lines = PARSERS["funds"](encode(rows))
    assert [(line.segment, line.available, line.cash) for line in lines] == [
        ("USD", Decimal("1000.50"), None),
        ("EUR", None, Decimal(20)),
    ]


def test_quote_when_minus_one_then_there_is_no_price() -> None:
    (event,) = decode_stream(encode({"event": "ticker", "data": {"contract": SHARE, "bid": -1.0, "last": 181.37}}))
    assert isinstance(event, TickEvent)
    assert (event.quote.bid, event.quote.last, event.quote.token) == (None, Decimal("181.37"), "265598")


def test_contract_when_an_option_then_expiry_strike_and_right() -> None:
    contract = SHARE | {"secType": "OPT", "lastTradeDateOrContractMonth": "20261218", "strike": 180.0, "right": "C"}
    (line,) = PARSERS["instruments"](encode([{"contract": contract | {"multiplier": "100"}, "minTick": 0.01}]))
    assert (line.kind, line.expiry, line.strike, line.right, line.lot) == (
        "OPTION", date(2026, 12, 18), Decimal("180.0"), "CE", Decimal(100),
    )  # fmt: skip


def test_margin_and_bars_when_told_then_exact() -> None:
    (line,) = PARSERS["margin"](encode({"initMarginChange": "512.25", "commission": UNSET}))
    assert (line.total, line.charges) == (Decimal("512.25"), None)
    (bar,) = PARSERS["history"](encode({"date": "2026-11-20", "open": 1.5, "high": 2, "low": 1, "close": 1.75}))
    assert (bar.start, bar.close) == (datetime(2026, 11, 20, tzinfo=UTC), Decimal("1.75"))


def test_error_when_a_warning_then_no_refusal() -> None:
    assert PARSERS["error"](encode({"errorCode": 201, "errorString": "rejected"})).kind == "order"
    assert PARSERS["error"](encode({"errorCode": 1100, "errorString": "lost"})).fate_unknown
    with pytest.raises(Invalid):
        PARSERS["error"](encode({"errorCode": 2104, "errorString": "farm is OK"}))
    (note,) = decode_stream(encode({"event": "error", "data": {"errorCode": 2104, "errorString": "farm is OK"}}))
    assert isinstance(note, NoticeEvent) and note.kind == "status"
    (done,) = decode_stream(encode({"event": "execution", "data": FILL}))
    assert isinstance(done, TradeEvent)
