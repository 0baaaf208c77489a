"""Alice Blue's parsers on the samples of its papers, and on shapes of its SDK where those show none."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.aliceblue.parse import PARSERS, decode_orders, decode_stream, order_token
from server.core.errors import Invalid
from server.domain.brokerage import NoticeEvent, OrderEvent, TickEvent

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


# samples of its papers: v2api.aliceblueonline.com "Orders", ant.aliceblueonline.com/productdocumentation "Websocket",
# "Webhooks", "portfolio", "Authentication"

REJECTED: dict[str, Any] = {
    "clientId": "912444", "placedBy": "912444", "brokerOrderId": "25071400112229", "exchange": "NSE",
    "exchangeOrderId": "", "formattedInstrumentName": "ACC-EQ", "tradingSymbol": "ACC", "instrumentId": "22",
    "transactionType": "BUY", "quantity": 30, "product": "LONGTERM", "orderComplexity": "REGULAR",
    "orderType": "LIMIT", "price": 1120.15, "averageTradedPrice": 0, "slTriggerPrice": 0, "validity": "DAY",
    "disclosedQuantity": 0, "orderTime": "", "exchangeUpdateTime": "",
    "rejectionReason": "ORA:Price 1120.15 is not a multiple of tick size 0.10 ", "mainLegOrderId": "",
    "cancelledQuantity": 0, "pendingQuantity": 0, "filledQuantity": 0, "appKey": "", "algoId": "", "source": "API",
    "orderTag": "", "trailingSlAmount": 0, "brokerUpdateTime": "", "marketProtectionPercent": "",
    "exchangeTimestamp": "", "orderStatus": "REJECTED",
}  # fmt: skip
TRADE: dict[str, Any] = {
    "clientId": "DK2200295", "placedBy": "DK2200295", "brokerOrderId": "250526000005634",
    "exchangeOrderId": "1100000067912030", "exchangeTradeId": "207745115", "formattedInstrumentName": "IDEA",
    "tradingSymbol": "IDEA-EQ", "instrumentId": "14366", "exchange": "NSE", "transactionType": "BUY",
    "product": "LONGTERM", "orderComplexity": "REGULAR", "orderType": "MARKET", "validity": "DAY",
    "tradedPrice": 6.95, "filledQuantity": 1, "orderTime": "2025-05-26 14:27:43",
    "fillTimestamp": "2025-05-26 14:27:43", "orderTag": "--", "algoId": "",
}  # fmt: skip
HELD: dict[str, Any] = {
    "instrumentId": "14366", "tradingSymbol": "IDEA-EQ", "formattedInstrumentName": "IDEA-EQ", "exchange": "NSE",
    "product": "CNC", "netQuantity": 1, "netAveragePrice": 7.69, "overnightQuantity": 0, "overnightPrice": 0.0,
    "buyQuantity": 1, "sellQuantity": 0, "daySellQuantity": 0, "dayBuyQuantity": 1, "dayBuyPrice": 7.69,
    "daySellPrice": 0.0, "multiplier": 1, "lotsize": 1, "ticksize": 0.01, "previousDayClose": None, "realizedPnl": 0,
    "buyPrice": 0, "sellPrice": 0.0, "dayBuyValue": 7.69, "daySellValue": 0, "validity": "",
}  # fmt: skip
KEPT: dict[str, Any] = {
    "isin": "INE669E01016", "nseInstrumentId": "14366", "bseInstrumentId": "532822", "nseTradingSymbol": "IDEA-EQ",
    "bseTradingSymbol": "IDEA", "previousDayClose": 7.17, "product": "DELIVERY", "formattedInstrumentName": "IDEA",
    "averageTradedPrice": 7.17, "collateralQuantity": 0, "authorizedQuantity": 0, "dpQuantity": 36,
    "totalQuantity": 0, "t1Quantity": 0, "ltp": 8.12, "sellableQty": 2, "investedPrice": 8.11,
}  # fmt: skip
TICK = (
    '{"t":"tk","pp":"2","ml":"1","e":"NFO","tk":"54957","ts":"NIFTY28JUL22C16600","ls":"50","ti":"0.05","c":"42.20",'
    '"lp":"84.00","pc":"99.05","ft":"1658911102","oi":"7606750","o":"37.65","h":"98.00","l":"22.00","ap":"61.35",'
    '"v":"129781850","bp1":"84.00","sp1":"84.20","bq1":"1000","sq1":"300"}'
)
DELTA = (
    '{"t":"tf","e":"NFO","tk":"54957","lp":"84.35","pc":"99.88","ft":"1658911103","v":"129787100","bp1":"84.30",'
    '"sp1":"84.50","bq1":"1500","sq1":"350"}'
)
DEPTH = (
    '{"t":"dk","pp":"2","ml":"1","e":"MCX","tk":"239484","ts":"CRUDEOIL19SEP22","ls":"100","ti":"1.00","c":"7522.00",'
    '"ft":"1658910516","v":"454","oi":"437","ltq":"1","tbq":"144","tsq":"119","bp1":"7564.00","sp1":"7567.00",'
    '"bp2":"7563.00","sp2":"7568.00","bp3":"7562.00","sp3":"7570.00","bp4":"7561.00","sp4":"7571.00","bp5":"7560.00",'
    '"sp5":"7572.00","bq1":"1","sq1":"5","bq2":"1","sq2":"4","bq3":"5","sq3":"3","bq4":"4","sq4":"5","bq5":"3",'
    '"sq5":"1","bo1":"1","so1":"3","bo2":"1","so2":"2","bo3":"5","so3":"1","bo4":"4","so4":"4","bo5":"3","so5":"1",'
    '"52h":"8382.00","52l":"6966.00","lp":"7568.00","pc":"0.61","o":"7479.00","h":"7588.00","l":"7479.00",'
    '"ap":"7536.33","ltt":"13:58:12"}'
)
UPDATE: dict[str, Any] = {
    "t": "om", "norenordno": "24070600000744", "uid": "1332014", "actid": "1332014", "qty": "1", "prc": "0.00",
    "pcode": "I", "remarks": "", "prctyp": "MKT", "ret": "DAY", "dscqty": "0", "trantype": "B", "exch": "NSE",
    "rejreason": "RED:Margin Shortfall:INR 28,030.64 Available:INR 29.36 for C-1332014 [ABFSFREEDOM]",
    "tsym": "MRF-EQ", "status": "REJECTED", "reporttype": "Rejected",
}  # fmt: skip


def test_sample_of_commands_when_read_then_the_number_is_told() -> None:
    for call in ("place", "modify", "cancel"):
        row = {"requestTime": "26-May-2025 13:11:34", "brokerOrderId": "250526000002881"}
        assert PARSERS[call](ok([row])).broker_id == "250526000002881"


def test_sample_of_the_order_book_when_read_then_rejected_with_the_words() -> None:
    (line,) = PARSERS["orders"](ok([REJECTED]))
    assert (line.state, line.quantity, line.price) == ("REJECTED", Decimal(30), Decimal("1120.15"))
    assert (line.product, line.client_id, line.placed) == ("CNC", "", None)
    assert "not a multiple of tick size" in line.reason


def test_sample_of_the_trade_book_when_read_then_the_exchange_numbers_it() -> None:
    (line,) = PARSERS["trades"](ok([TRADE]))
    assert (line.execution, line.broker_id, line.client_id) == ("207745115", "250526000005634", "")
    assert (line.quantity, line.price) == (Decimal(1), Decimal("6.95"))
    assert line.at == datetime(2025, 5, 26, 8, 57, 43, tzinfo=UTC)


def test_sample_of_portfolio_when_read_then_exact() -> None:
    (held,) = PARSERS["positions"](ok([HELD]))
    assert (held.product, held.quantity, held.average) == ("CNC", Decimal(1), Decimal("7.69"))
    (kept,) = PARSERS["holdings"](ok([KEPT]))
    assert (kept.isin, kept.symbol, kept.token) == ("INE669E01016", "IDEA-EQ", "14366")


def test_sample_of_a_failed_sign_in_when_read_then_its_words() -> None:
    with pytest.raises(Invalid, match="Invalid auth code"):
        PARSERS["session"](b'{"stat": "Not_ok", "emsg": "Invalid auth code"}')


def test_samples_of_the_price_socket_when_read_then_to_the_byte() -> None:
    (tick,) = decode_stream(TICK)
    assert isinstance(tick, TickEvent) and tick.snapshot
    quote = tick.quote
    assert (quote.token, quote.last, quote.oi, quote.volume) == (
        "54957", Decimal("84.00"), Decimal(7606750), Decimal(129781850),
    )  # fmt: skip
    assert (quote.bid, quote.ask, quote.bid_quantity, quote.ask_quantity) == (
        Decimal("84.00"), Decimal("84.20"), Decimal(1000), Decimal(300),
    )  # fmt: skip
    assert quote.at == datetime(2022, 7, 27, 8, 38, 22, tzinfo=UTC)
    (delta,) = decode_stream(DELTA)
    assert isinstance(delta, TickEvent) and not delta.snapshot
    assert (delta.quote.last, delta.quote.open) == (Decimal("84.35"), None)
    (deep,) = decode_stream(DEPTH)
    assert isinstance(deep, TickEvent) and deep.mode == "full"
    assert [(str(level.price), int(level.quantity), level.orders) for level in deep.quote.bids] == [
        ("7564.00", 1, 1), ("7563.00", 1, 1), ("7562.00", 5, 5), ("7561.00", 4, 4), ("7560.00", 3, 3),
    ]  # fmt: skip
    assert [int(level.quantity) for level in deep.quote.asks] == [5, 4, 3, 5, 1]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('{"t":"cf","k":"OK"}', "connected"),
        ('{"t":"ck","s":"OK"}', "connected"),
        ('{"t":"cf","k":"failed"}', "refused"),
        ('{"t":"ck","s":"NOT_OK"}', "refused"),
    ],
)
def test_sign_in_of_the_price_socket_when_answered_either_way_then_understood(said: str, kind: str) -> None:
    (notice,) = decode_stream(said)
    assert isinstance(notice, NoticeEvent) and notice.kind == kind
    assert notice.refusal is None or notice.refusal.kind == "auth"


def test_samples_of_the_order_socket_when_read_then_understood_and_no_execution_is_taken_from_it() -> None:
    (hello,) = decode_orders('{ "status": "Ok" }')
    assert isinstance(hello, NoticeEvent) and hello.kind == "connected"
    (event,) = decode_orders(json.dumps(UPDATE))
    assert isinstance(event, OrderEvent)
    assert (event.order.state, event.order.broker_id, event.order.type) == ("REJECTED", "24070600000744", "MARKET")
    assert "Margin Shortfall" in event.order.reason
    filled = UPDATE | {"status": "COMPLETE", "reporttype": "Fill", "fillshares": "1", "flid": "9", "flqty": "1"}
    (event,) = decode_orders(json.dumps(filled | {"flprc": "801.00", "avgprc": "801.00", "rejreason": ""}))
    assert isinstance(event, OrderEvent) and event.trade is None and event.order.filled == 1
