"""Schwab's parsers on third-party samples and on its streamer guide's."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.schwab.parse import (
    PARSERS,
    decode_orders,
    decode_stream,
    delayed,
    expirations,
    expires_in,
    order_number,
    streamer,
)
from server.core.errors import Invalid
from server.domain.brokerage import BeatEvent, NoticeEvent, TickEvent
from tests.unit.brokers.samples import body, raw, samples

SDK, GUIDE = "schwab/schwab_sdk_rs/", "schwab/streamer_guide/"
LEG = {"legId": 1, "instruction": "BUY", "quantity": 10.0, "instrument": {"symbol": "AAPL", "assetType": "EQUITY"}}
ORDER: dict[str, Any] = {
    "orderId": 7, "status": "WORKING", "orderType": "STOP_LIMIT", "duration": "DAY", "quantity": 10.0, "price": 145.01,
    "stopPrice": 144.5, "filledQuantity": 4.0, "remainingQuantity": 6.0, "enteredTime": "2024-03-15T14:30:00+0000",
    "orderLegCollection": [LEG],
    "orderActivityCollection": [
        {"activityType": "EXECUTION", "executionLegs": [
            {"legId": 1, "quantity": 2.0, "price": 145.0, "time": "2024-03-15T14:31:00+0000"},
            {"legId": 1, "quantity": 2.0, "price": 145.0, "time": "2024-03-15T14:31:00+0000"},
        ]},
    ],
}  # fmt: skip


def ms(value: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)


def test_orders_when_the_sample_lacks_legs_then_the_rest_is_read() -> None:
    row = raw(SDK + "orders/get.json")
    (line,) = PARSERS["orders"](body(SDK + "orders/get.json"))
    assert (line.broker_id, line.state, line.price) == (str(row["orderId"]), "OPEN", row["price"])
    assert (line.quantity, line.symbol, line.side) == (row["quantity"], "", "UNKNOWN")


def test_orders_when_partly_filled_then_average_and_rest_are_computed() -> None:
    (line,) = PARSERS["orders"](json.dumps([ORDER]).encode())
    assert (line.state, line.filled, line.pending) == ("PARTIAL", Decimal(4), Decimal(6))
    assert (line.type, line.price, line.trigger) == ("SL", Decimal("145.01"), Decimal("144.5"))
    assert (line.average, line.placed) == (Decimal(145), datetime(2024, 3, 15, 14, 30, tzinfo=UTC))


def test_trades_when_two_look_the_same_then_they_are_two_and_stay_themselves() -> None:
    first = PARSERS["trades"](json.dumps([ORDER]).encode())
    assert [line.quantity for line in first] == [Decimal(2), Decimal(2)]
    assert len({line.execution for line in first}) == 2
    assert PARSERS["trades"](json.dumps([ORDER]).encode()) == first


def test_trades_when_a_transaction_tells_what_changed_hands_then_it_is_one() -> None:
    item = {"instrument": {"symbol": "AAPL", "assetType": "EQUITY"}, "amount": -3.0, "price": 170.25}
    fee = {"instrument": {"symbol": "CURRENCY_USD", "assetType": "CURRENCY"}, "amount": 0.1, "feeType": "SEC_FEE"}
    row = {"activityId": 5, "type": "TRADE", "orderId": 7, "time": "2024-03-15T14:31:00+0000"}
    (line,) = PARSERS["trades"](json.dumps([row | {"transferItems": [item, fee]}]).encode())
    assert (line.side, line.quantity, line.price) == ("SELL", Decimal(3), Decimal("170.25"))


@pytest.mark.parametrize("name", ["get", "list"])
def test_funds_when_cash_or_margin_then_available_is_what_orders_may_use(name: str) -> None:
    data = raw(f"{SDK}accounts/{name}.json")
    money = (data[0] if isinstance(data, list) else data)["securitiesAccount"]["currentBalances"]
    (line,) = PARSERS["funds"](body(f"{SDK}accounts/{name}.json"))
    assert line.available == money.get("buyingPower", money.get("cashAvailableForTrading"))
    assert PARSERS["positions"](body(f"{SDK}accounts/{name}.json")) == []


def test_positions_when_short_then_below_zero() -> None:
    held: dict[str, Any] = {
        "shortQuantity": 5.0,
        "longQuantity": 0.0,
        "averagePrice": 1.25,
        "shortOpenProfitLoss": -3.5,
    }
    held |= {"instrument": {"symbol": "AAPL  240315C00175000", "assetType": "OPTION"}}
    account = {"securitiesAccount": {"type": "MARGIN", "accountNumber": "1", "positions": [held]}}
    (line,) = PARSERS["positions"](json.dumps(account).encode())
    assert (line.quantity, line.multiplier, line.unrealised) == (Decimal(-5), Decimal(100), Decimal("-3.5"))


def test_quotes_when_read_then_prices_are_exact() -> None:
    row = raw(SDK + "quotes/get.json")["AAPL"]["quote"]
    (line,) = PARSERS["quotes"](body(SDK + "quotes/get.json"))
    assert (line.symbol, line.last, line.bid, line.close) == (
        "AAPL", row["lastPrice"], row["bidPrice"], row["closePrice"],
    )  # fmt: skip
    assert line.traded_at == ms(1710450000000)


def test_history_when_read_then_candles_are_exact() -> None:
    rows = raw(SDK + "price_history/get.json")["candles"]
    bars = PARSERS["history"](body(SDK + "price_history/get.json"))
    assert [(b.start, b.open, b.high, b.low, b.close) for b in bars] == [
        (ms(r["datetime"]), r["open"], r["high"], r["low"], r["close"]) for r in rows
    ]


@pytest.mark.parametrize(("name", "count"), [("get", 1), ("list", 2)])
def test_instruments_when_found_then_listed(name: str, count: int) -> None:
    lines = PARSERS["instruments"](body(f"{SDK}instruments/{name}.json"))
    assert len(lines) == count
    assert (lines[0].symbol, lines[0].kind, lines[0].title) == ("AAPL", "EQUITY", "Apple Inc")


def test_chain_when_greeks_are_no_numbers_then_they_are_absent() -> None:
    contract = {
        "putCall": "CALL", "symbol": "AAPL  240315C00175000", "strikePrice": 175.0, "bid": 1.1, "ask": 1.2,
        "delta": "NaN", "volatility": -999.0, "openInterest": 12,
    }  # fmt: skip
    chain = {"symbol": "AAPL", "underlyingPrice": 174.9, "callExpDateMap": {"2024-03-15:1": {"175.0": [contract]}}}
    (line,) = PARSERS["option_chain"](json.dumps(chain).encode())
    assert (line.expiry, line.strike, line.spot, line.put) == (
        date(2024, 3, 15), Decimal("175.0"), Decimal("174.9"), None,
    )  # fmt: skip
    assert line.call is not None
    assert (line.call.bid, line.call.delta, line.call.iv, line.call.oi) == (Decimal("1.1"), None, None, Decimal(12))


def test_place_when_the_body_is_empty_then_the_header_names_the_order() -> None:
    assert PARSERS["place"](b"").broker_id == ""
    assert order_number("https://host/trader/v1/accounts/HASH/orders/1002345") == "1002345"
    assert order_number("https://host/trader/v1/accounts/HASH") == ""
    assert PARSERS["place"](body(SDK + "orders/preview.json")).broker_id == "999999999"


@pytest.mark.parametrize(
    ("answer", "kind", "unknown"),
    [
        (b'{"message":"Not authorized to access this resource","errors":["Invalid bearer token"]}', "auth", False),
        (b'{"errors":[{"id":"1","status":"404","title":"Not Found","detail":"Symbol not found"}]}', "not_found", False),
        (b'{"error":"invalid_grant","error_description":"refresh_token_authentication_error"}', "auth", False),
        (b'{"message":"Order quantity is not valid"}', "order", False),
        (b"upstream request timeout", "network", True),
    ],
)
def test_error_when_of_any_shape_then_the_kind_says_what_to_do(answer: bytes, kind: str, unknown: bool) -> None:
    refusal = PARSERS["error"](answer)
    assert (refusal.kind, refusal.fate_unknown) == (kind, unknown)


def test_error_when_sampled_then_words_are_kept() -> None:
    assert PARSERS["error"](body(SDK + "errors/market_data_error.json")).message == "Symbol not found"
    trader = raw(SDK + "errors/trader_error.json")
    assert PARSERS["error"](body(SDK + "errors/trader_error.json")).message == trader["message"]
    with pytest.raises(Invalid, match="Not authorized"):
        PARSERS["orders"](body(SDK + "errors/trader_error.json"))


def test_session_when_granted_then_tokens_and_life_are_read() -> None:
    token = b'{"access_token":"a","refresh_token":"r","expires_in":1800,"token_type":"Bearer"}'
    grant = PARSERS["session"](token)
    assert (grant.access_token, grant.refresh_token, expires_in(token)) == ("a", "r", 1800)
    numbers = raw(SDK + "accounts/numbers.json")
    assert PARSERS["session"](body(SDK + "accounts/numbers.json")).feed_token == numbers[0]["hashValue"]
    for path in ("schwab/schwab_py/preferences.json", SDK + "user_preferences/get.json"):
        assert streamer(body(path)).streamerSocketUrl == raw(path)["streamerInfo"][0]["streamerSocketUrl"]


def test_stream_when_the_guide_speaks_then_each_sample_is_understood() -> None:
    found = {path.name[:5]: decode_stream(path.read_bytes()) for path in samples("schwab/streamer_guide")}
    assert found["L0153"] == [BeatEvent(at=ms(1668715930582))]
    (login,), (denied,) = found["L0521"], found["L0538"]
    assert isinstance(login, NoticeEvent) and login.kind == "connected"
    assert isinstance(denied, NoticeEvent) and denied.refusal is not None and denied.refusal.kind == "auth"


def test_stream_when_prices_change_then_only_those_are_set() -> None:
    content = [{"key": "AAPL", "delayed": False, "1": 175.48, "3": 175.5, "12": " ", "17": True}]
    price = {"service": "LEVELONE_EQUITIES", "timestamp": 1714949592613, "command": "SUBS", "content": content}
    data = {"data": [price]}
    (event,) = decode_stream(json.dumps(data))
    assert isinstance(event, TickEvent) and not event.snapshot
    assert (event.quote.bid, event.quote.last, event.quote.ask) == (Decimal("175.48"), Decimal("175.5"), None)
    assert (event.quote.close, event.quote.open, event.quote.at) == (None, None, ms(1714949592613))
    activity = {"data": [{"service": "ACCT_ACTIVITY", "content": [{"key": "Account Activity", "2": "OrderFilled"}]}]}
    (wake,) = decode_orders(json.dumps(activity))
    assert isinstance(wake, NoticeEvent) and (wake.kind, wake.text) == ("status", "OrderFilled")


def test_prices_when_delayed_then_they_are_no_ticks_and_told_apart_in_quotes() -> None:
    row = {"service": "LEVELONE_EQUITIES", "content": [{"key": "AAPL", "delayed": True, "3": 175.5}]}
    (event,) = decode_stream(json.dumps({"data": [row]}))
    assert isinstance(event, NoticeEvent) and event.text == "delayed: AAPL"
    assert delayed(body(SDK + "quotes/get.json")) == set()
    quote = {"symbol": "MSFT", "realtime": False, "quote": {"lastPrice": 1.5}}
    answer = json.dumps({"MSFT": quote, "SPY": quote | {"realtime": True}, "errors": {"invalidSymbols": ["X"]}})
    assert delayed(answer.encode()) == {"MSFT"}


def test_expirations_when_read_then_each_day_once_and_in_order() -> None:
    rows = raw(SDK + "expiration_chain/get.json")["expirationList"]
    days = [date.fromisoformat(row["expirationDate"]) for row in rows]
    assert expirations(body(SDK + "expiration_chain/get.json")) == sorted(days)
    with pytest.raises(Invalid, match="Symbol not found"):
        expirations(body(SDK + "errors/market_data_error.json"))
