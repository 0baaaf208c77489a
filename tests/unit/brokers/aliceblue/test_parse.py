"""Alice Blue's parsers on shapes from its SDK and field reports: no official sample could be had."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.aliceblue.parse import PARSERS, decode_orders, decode_stream, order_token
from server.core.errors import Invalid
from server.domain.brokerage import OrderEvent, TickEvent

ORDER: dict[str, Any] = {
    "brokerOrderId": "26112000000001", "exchangeOrderId": "1100000000000001", "orderStatus": "open", "exchange": "NSE",
    "instrumentId": "3045", "tradingSymbol": "SBIN-EQ", "transactionType": "BUY", "orderType": "LIMIT", "quantity": 10,
    "filledQuantity": 4, "price": "801.05", "averageTradedPrice": "801.00", "product": "INTRADAY", "validity": "DAY",
    "orderTag": "01ABCDEF", "orderTime": "20-11-2026 10:15:01", "slTriggerPrice": 0,
}  # fmt: skip


def ok(result: Any) -> bytes:
    return json.dumps({"status": "Ok", "message": "Success", "result": result}).encode()


def no(message: str) -> bytes:
    return json.dumps({"status": "Not_Ok", "message": message, "result": None}).encode()


def test_place_when_taken_then_its_number_is_read() -> None:
    receipt = PARSERS["place"](ok([{"requestTime": "x", "brokerOrderId": "26112000000001"}]))
    assert (receipt.broker_id, receipt.refusal) == ("26112000000001", None)


def test_place_when_ok_hides_a_refused_row_then_it_is_refused() -> None:
    receipt = PARSERS["place"](ok([{"status": "Not_Ok", "message": "EC904"}]))
    assert receipt.refusal is not None and (receipt.refusal.kind, receipt.refusal.code) == ("input", "EC904")
    both = PARSERS["place"](ok([{"brokerOrderId": "1"}, {"status": "Not_Ok", "message": "EC869"}]))
    assert [part.broker_id for part in both.parts] == ["1", ""]
    assert both.parts[1].refusal is not None


def test_orders_when_partly_filled_then_read_like_noren() -> None:
    (line,) = PARSERS["orders"](ok([ORDER]))
    assert (line.state, line.pending, line.product, line.type) == ("PARTIAL", Decimal(6), "MIS", "LIMIT")
    assert (line.price, line.trigger, line.client_id) == (Decimal("801.05"), None, "01ABCDEF")
    assert line.placed == datetime(2026, 11, 20, 4, 45, 1, tzinfo=UTC)


@pytest.mark.parametrize("code", ["EC916", "EC920", "EC922", "EC926"])
@pytest.mark.parametrize("call", ["orders", "trades", "positions", "holdings"])
def test_book_when_the_code_means_nothing_found_then_empty(call: str, code: str) -> None:
    assert PARSERS[call](no(code)) == []


@pytest.mark.parametrize(
    ("message", "kind", "unknown"),
    [
        ("EC003", "network", True),
        ("EC912 order placing failed", "other", True),
        ("EC087", "auth", False),
        ("EC903", "input", False),
        ("EC994", "not_found", False),
        ("EC807", "order", False),
        ("Session expired", "auth", False),
        ("Insufficient margin", "funds", False),
    ],
)
def test_error_when_coded_or_in_words_then_the_kind_says_what_to_do(message: str, kind: str, unknown: bool) -> None:
    refusal = PARSERS["error"](no(message))
    assert (refusal.kind, refusal.fate_unknown) == (kind, unknown)
    with pytest.raises(Invalid, match="the broker refused"):
        PARSERS["place"](no(message))


def test_error_when_a_bare_code_or_a_page_then_read_or_refused() -> None:
    assert PARSERS["error"](b"EC087").kind == "auth"
    with pytest.raises(Invalid):
        PARSERS["error"](b"<!doctype html><html></html>")


def test_trades_positions_funds_when_read_then_exact() -> None:
    trade = ORDER | {"filledQuantity": "4", "tradedPrice": "801.00", "fillTimestamp": "20-11-2026 10:15:02"}
    (line,) = PARSERS["trades"](ok([trade]))
    assert (line.price, line.quantity, line.at) == (
        Decimal("801.00"), Decimal(4), datetime(2026, 11, 20, 4, 45, 2, tzinfo=UTC),
    )  # fmt: skip
    row = {"netQuantity": "-50", "netAveragePrice": "10.25", "realizedPnl": "1.5", "product": "NORMAL"}
    (held,) = PARSERS["positions"](ok([row]))
    assert (held.quantity, held.average, held.product) == (Decimal(-50), Decimal("10.25"), "NRML")
    (money,) = PARSERS["funds"](ok([{"tradingLimit": "1000.50", "utilizedMargin": "20"}]))
    assert (money.available, money.used) == (Decimal("1000.50"), Decimal(20))


def test_session_when_granted_then_token_and_user() -> None:
    grant = PARSERS["session"](b'{"stat":"Ok","userSession":"jwt","clientId":"AB001"}')
    assert (grant.access_token, grant.user) == ("jwt", "AB001")
    assert PARSERS["session"](ok([{"accessToken": "jwt"}])).access_token == "jwt"
    assert order_token(ok([{"orderToken": "ot"}])) == "ot"
    with pytest.raises(Invalid):
        PARSERS["session"](no("EC087"))


def test_instruments_when_columns_differ_then_both_files_are_read() -> None:
    shares = "Exch,Exchange Segment,Symbol,Token,Instrument Name,Lot Size,Trading Symbol,Group Name,Tick Size\n"
    shares += "NSE,nse_cm,SBIN,3045,STATE BANK OF INDIA,1,SBIN-EQ,EQ,0.05\n"
    (share,) = PARSERS["instruments"](shares.encode())
    assert (share.symbol, share.token, share.kind, share.tick) == ("SBIN-EQ", "3045", "EQUITY", Decimal("0.05"))
    options = "Exch,Exchange Segment,Symbol,Token,Instrument Type,Option Type,Strike Price,Instrument Name,"
    options += "Formatted Ins Name,Trading Symbol,Expiry Date,Lot Size,Tick Size\n"
    options += "NFO,nse_fo,NIFTY,35013,OPTIDX,CE,24500,NIFTY,NIFTY 01DEC,NIFTY01DEC26C24500,2026-12-01,65,0.05\n"
    (option,) = PARSERS["instruments"](options.encode())
    assert (option.kind, option.expiry, option.strike, option.right, option.lot) == (
        "OPTION", date(2026, 12, 1), Decimal(24500), "CE", Decimal(65),
    )  # fmt: skip


def test_streams_when_noren_speaks_then_understood() -> None:
    (tick,) = decode_stream('{"t":"tk","e":"NSE","tk":"3045","ts":"SBIN-EQ","lp":"801.05"}')
    assert isinstance(tick, TickEvent) and tick.quote.last == Decimal("801.05")
    message = {"t": "om", "norenordno": "1", "exch": "NSE", "tsym": "SBIN-EQ", "qty": "10", "trantype": "B"}
    (event,) = decode_orders(json.dumps(message | {"prctyp": "L", "status": "OPEN", "pcode": "MIS"}))
    assert isinstance(event, OrderEvent) and (event.order.type, event.order.product) == ("LIMIT", "MIS")
