"""OANDA's parsers on recorded practice answers (third party) and on lines of its streams."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.oanda.parse import PARSERS, decode_orders, decode_stream, last_transaction
from server.core.errors import Invalid
from server.domain.brokerage import BeatEvent, OrderEvent, TickEvent
from tests.unit.brokers.samples import raw

FOLDER = "oanda/oandapyV20_responses/"


def response(name: str) -> Any:
    """The recorded answer; the file wraps it with its address."""
    return raw(f"{FOLDER}{name}.json")["response"]


def read(call: str, name: str) -> Any:
    return PARSERS[call](json.dumps(response(name), default=str).encode())


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)


def test_place_when_resting_then_order_and_side_are_told() -> None:
    made = response("orders/v3_accounts_accountID_orders_create")["orderCreateTransaction"]
    receipt = read("place", "orders/v3_accounts_accountID_orders_create")
    line = receipt.order
    assert (receipt.broker_id, receipt.refusal, receipt.trades) == (made["id"], None, ())
    assert (line.side, line.quantity, line.price) == ("SELL", abs(Decimal(made["units"])), Decimal(made["price"]))
    assert (line.type, line.state, line.validity) == ("LIMIT", "OPEN", "GTC")
    assert line.placed == moment(made["time"])


def test_modify_when_replaced_then_the_new_order_is_no_refusal() -> None:
    answer = response("orders/v3_accounts_accountID_order_replace")
    receipt = read("modify", "orders/v3_accounts_accountID_order_replace")
    assert receipt.broker_id == answer["orderCreateTransaction"]["id"]
    assert (receipt.client_id, receipt.refusal) == ("myID", None)
    assert receipt.order.parent_id == answer["orderCancelTransaction"]["orderID"]


def test_place_when_killed_by_201_then_the_receipt_refuses() -> None:
    made = {"id": "7", "type": "MARKET_ORDER", "units": "100", "instrument": "EUR_USD", "time": "2026-11-20T10:00:00Z"}
    killed = {"id": "8", "type": "ORDER_CANCEL", "orderID": "7", "reason": "INSUFFICIENT_MARGIN"}
    receipt = PARSERS["place"](json.dumps({"orderCreateTransaction": made, "orderCancelTransaction": killed}).encode())
    assert receipt.refusal is not None
    assert (receipt.refusal.kind, receipt.refusal.code) == ("funds", "INSUFFICIENT_MARGIN")
    assert receipt.order.state == "CANCELLED"


def test_place_when_a_position_closes_then_the_fill_is_told() -> None:
    answer = response("positions/v3_accounts_accountID_position_close")
    receipt = read("place", "positions/v3_accounts_accountID_position_close")
    filled = answer["longOrderFillTransaction"]
    (trade,) = receipt.trades
    assert (trade.execution, trade.broker_id, trade.price) == (
        filled["id"], filled["orderID"], Decimal(filled["price"]),
    )  # fmt: skip
    assert (trade.side, trade.quantity) == ("SELL", Decimal(251))


def test_cancel_when_done_then_its_order_is_named() -> None:
    receipt = read("cancel", "orders/v3_accounts_accountID_order_cancel")
    assert (receipt.broker_id, receipt.client_id) == ("2307", "myID")


@pytest.mark.parametrize(
    "name",
    [
        "orders/v3_accounts_accountID_orders_list",
        "orders/v3_accounts_accountID_orders_pending",
        "orders/v3_accounts_accountID_order_details",
    ],
)
def test_orders_when_listed_or_one_then_each_equals_the_raw_row(name: str) -> None:
    answer = response(name)
    rows = answer.get("orders") or [answer["order"]]
    for line, row in zip(read("orders", name), rows, strict=True):
        assert (line.broker_id, line.symbol) == (row["id"], row["instrument"])
        assert (line.quantity, line.price) == (abs(Decimal(row["units"])), Decimal(row["price"]))
        assert line.client_id == row.get("clientExtensions", {}).get("id", "")
        assert line.placed == moment(row["createTime"])


def test_orders_when_a_stop_waits_then_its_price_is_the_trigger() -> None:
    stop = {"id": "1", "type": "STOP", "state": "PENDING", "instrument": "EUR_USD", "units": "10", "price": "1.1"}
    bounded = stop | {"id": "2", "priceBound": "1.2"}
    hanging = {"id": "3", "type": "STOP_LOSS", "state": "PENDING", "tradeID": "9", "price": "1.0"}
    one, two, three = PARSERS["orders"](json.dumps({"orders": [stop, bounded, hanging]}).encode())
    assert (one.type, one.trigger, one.price, one.state) == ("SL-M", Decimal("1.1"), None, "TRIGGER_PENDING")
    assert (two.type, two.trigger, two.price) == ("SL", Decimal("1.1"), Decimal("1.2"))
    assert (three.parent_id, three.quantity, three.side) == ("9", Decimal(0), "UNKNOWN")


@pytest.mark.parametrize("name", ["positions", "openpositions", "positiondetails"])
def test_positions_when_read_then_the_net_is_long_plus_short(name: str) -> None:
    answer = response(f"positions/v3_accounts_accountID_{name}")
    rows = answer.get("positions") or [answer["position"]]
    lines = read("positions", f"positions/v3_accounts_accountID_{name}")
    for line, row in zip(lines, rows, strict=True):
        assert line.quantity == Decimal(row["long"]["units"]) + Decimal(row["short"]["units"])
        assert (line.symbol, line.unrealised) == (row["instrument"], Decimal(row["unrealizedPL"]))
        half = row["short"] if line.quantity < 0 else row["long"]
        assert line.average == (Decimal(half["averagePrice"]) if line.quantity else None)


@pytest.mark.parametrize("name", ["v3_account_by_accountID", "v3_account_by_accountID_summary"])
def test_funds_when_read_then_margin_is_exact(name: str) -> None:
    account = response(f"accounts/{name}")["account"]
    (line,) = read("funds", f"accounts/{name}")
    assert (line.available, line.used) == (Decimal(account["marginAvailable"]), Decimal(account["marginUsed"]))
    assert (line.net, line.cash, line.currency) == (Decimal(account["NAV"]), Decimal(account["balance"]), "EUR")


def test_history_when_read_then_candles_are_exact() -> None:
    rows = response("instruments/v3_instruments_instrument_candles")["candles"]
    lines = read("history", "instruments/v3_instruments_instrument_candles")
    assert [(bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in lines] == [
        (moment(row["time"]), *(Decimal(row["mid"][k]) for k in "ohlc"), row["volume"]) for row in rows
    ]
    assert all(bar.complete for bar in lines)


def test_quotes_when_read_then_the_book_is_exact() -> None:
    rows = response("pricing/v3_accounts_accountID_pricing")["prices"]
    for line, row in zip(read("quotes", "pricing/v3_accounts_accountID_pricing"), rows, strict=True):
        assert [level.price for level in line.bids] == [Decimal(level["price"]) for level in row["bids"]]
        assert [level.quantity for level in line.asks] == [level["liquidity"] for level in row["asks"]]
        assert (line.bid, line.ask) == (Decimal(row["bids"][0]["price"]), Decimal(row["asks"][0]["price"]))
        assert line.at == moment(row["time"])


def test_instruments_when_read_then_ticks_come_from_digits() -> None:
    rows = {row["name"]: row for row in response("accounts/v3_account_by_accountID_instruments")["instruments"]}
    for line in read("instruments", "accounts/v3_account_by_accountID_instruments"):
        assert line.tick == Decimal(1).scaleb(-rows[line.symbol]["displayPrecision"])
        assert line.freeze == Decimal(rows[line.symbol]["maximumOrderUnits"])


def test_session_when_accounts_are_listed_then_the_first_is_the_user() -> None:
    grant = read("session", "accounts/v3_accounts")
    assert (grant.user, len(grant.exchanges)) == ("101-004-1435156-002", 2)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"errorMessage": "Insufficient authorization to perform request."}, "auth"),
        ({"errorMessage": "x", "errorCode": "CLIENT_ORDER_ID_ALREADY_EXISTS"}, "duplicate"),
        ({"errorMessage": "x", "orderRejectTransaction": {"rejectReason": "INSUFFICIENT_MARGIN"}}, "funds"),
        ({"errorMessage": "x", "errorCode": "NO_SUCH_ORDER"}, "not_found"),
        ({"errorMessage": "x", "orderRejectTransaction": {"rejectReason": "PRICE_INVALID"}}, "input"),
        ({"errorMessage": "x", "orderRejectTransaction": {"rejectReason": "INTERNAL_SERVER_ERROR"}}, "network"),
    ],
)
def test_error_when_refused_then_the_reject_reason_decides(answer: dict[str, Any], kind: str) -> None:
    refusal = PARSERS["error"](json.dumps(answer).encode())
    assert (refusal.kind, refusal.fate_unknown) == (kind, kind == "network")
    with pytest.raises(Invalid, match=answer["errorMessage"]):
        PARSERS["place"](json.dumps(answer).encode())


def test_stream_when_lines_come_then_prices_and_beats_are_told_apart() -> None:
    frame = (
        '{"type":"PRICE","instrument":"EUR_USD","time":"2026-11-20T10:00:00.123456789Z","status":"tradeable",'
        '"bids":[{"price":"1.10010","liquidity":1000000}],"asks":[{"price":"1.10025","liquidity":2000000}]}\n'
        '{"type":"HEARTBEAT","time":"2026-11-20T10:00:05.000000000Z"}\n'
    )
    tick, beat = decode_stream(frame)
    assert isinstance(tick, TickEvent) and isinstance(beat, BeatEvent)
    assert (tick.quote.bid, tick.quote.ask) == (Decimal("1.10010"), Decimal("1.10025"))
    assert tick.quote.at == datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)


def test_transactions_when_filled_then_the_execution_is_told_with_our_id() -> None:
    fill = {
        "id": "9", "type": "ORDER_FILL", "orderID": "8", "clientOrderID": "01OURS", "instrument": "EUR_USD",
        "units": "-100", "price": "1.10010", "time": "2026-11-20T10:00:00.123456789Z", "reason": "LIMIT_ORDER",
    }  # fmt: skip
    (event,) = decode_orders(json.dumps(fill))
    assert isinstance(event, OrderEvent) and event.trade is not None
    assert (event.trade.execution, event.trade.client_id, event.trade.side) == ("9", "01OURS", "SELL")
    assert (event.order.broker_id, event.order.state, event.order.fetch_again) == ("8", "FILLED", True)
    answer = json.dumps({"transactions": [fill], "lastTransactionID": "9"}).encode()
    assert PARSERS["trades"](answer)[0].price == Decimal("1.10010")
    assert last_transaction(answer) == "9"
