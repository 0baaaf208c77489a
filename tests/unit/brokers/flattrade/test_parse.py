"""Flattrade's parsers on the official samples and on the shapes of those held back."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from server.brokers.flattrade.parse import PARSERS, decode_orders, decode_stream
from server.brokers.kit.reading import unknown_words
from server.core.errors import Invalid
from server.domain.brokerage import BeatEvent, NoticeEvent, OrderEvent, TickEvent
from tests.unit.brokers.samples import body, raw

README = "flattrade_noren/flattrade_readme/"
ORDER: dict[str, Any] = {
    "stat": "Ok", "norenordno": "26112000000001", "uid": "U1", "actid": "U1", "exch": "NSE", "tsym": "SBIN-EQ",
    "qty": "10", "trantype": "B", "prctyp": "LMT", "ret": "DAY", "token": "3045", "prc": "801.05", "prd": "I",
    "status": "OPEN", "norentm": "10:15:01 20-11-2026", "exch_tm": "00:00:00 01-01-1980", "remarks": "01ABCDEF",
}  # fmt: skip


def encode(data: Any) -> bytes:
    return json.dumps(data).encode()


def test_place_when_taken_then_its_number_is_read() -> None:
    receipt = PARSERS["place"](body(README + "L0118_place_order.json"))
    assert receipt.broker_id == raw(README + "L0118_place_order.json")["norenordno"]


@pytest.mark.parametrize(("call", "name"), [("modify", "L0175_modify_order"), ("cancel", "L0217_cancel_order")])
def test_command_when_taken_then_the_result_names_the_order(call: str, name: str) -> None:
    assert PARSERS[call](body(f"{README}{name}.json")).broker_id == raw(f"{README}{name}.json")["result"]


@pytest.mark.parametrize(
    ("name", "kind", "unknown"),
    [
        ("L0125_place_order", "input", False),
        ("L0182_modify_order", "not_found", False),
        ("L0224_cancel_order", "not_found", False),
        ("L0298_position_product_conversion", "input", False),
        ("L0411_order_book", "auth", False),
        ("L0789_get_holdings", "input", False),
        ("L1076_get_limits", "network", True),
        ("L1369_get_security_info", "not_found", False),
    ],
)
def test_error_when_refused_then_kind_and_words_are_kept(name: str, kind: str, unknown: bool) -> None:
    refusal = PARSERS["error"](body(f"{README}{name}.json"))
    assert (refusal.kind, refusal.fate_unknown) == (kind, unknown)
    assert refusal.message == raw(f"{README}{name}.json")["emsg"]


@pytest.mark.parametrize("call", ["orders", "positions", "funds", "quotes", "place", "holdings"])
def test_parser_when_given_a_refusal_then_invalid_carries_its_words(call: str) -> None:
    with pytest.raises(Invalid, match="Session Expired") as caught:
        PARSERS[call](body(README + "L0411_order_book.json"))
    assert caught.value.extra == {"broker": "flattrade", "call": call}


@pytest.mark.parametrize("call", ["orders", "trades", "positions", "holdings", "history", "option_chain"])
def test_book_when_it_says_no_data_then_it_is_empty(call: str) -> None:
    assert PARSERS[call](body(README + "L0914_get_positions.json")) == []


def test_trades_when_read_then_each_equals_the_raw_row() -> None:
    rows = raw(README + "L0474_trade_book.json")
    lines = PARSERS["trades"](body(README + "L0474_trade_book.json"))
    assert len(lines) == len(rows) == 2
    for line, row in zip(lines, rows, strict=True):
        assert (line.execution, line.broker_id, line.client_id) == (row["flid"], row["norenordno"], row["remarks"])
        assert (line.quantity, line.price) == (Decimal(row["flqty"]), Decimal(row["flprc"]))
        assert line.side == {"S": "SELL", "B": "BUY"}[row["trantype"]]
        assert line.at == datetime(2020, 12, 13, 14, 29, 32, tzinfo=UTC)  # fltm and exch_tm say 1980: none


def test_holdings_when_read_then_settled_and_pledged_are_apart() -> None:
    rows = raw(README + "L0753_get_holdings.json")
    lines = PARSERS["holdings"](body(README + "L0753_get_holdings.json"))
    assert [(line.symbol, line.token) for line in lines] == [("ABB-EQ", "13"), ("ACC-EQ", "22")]
    assert lines[0].quantity == Decimal(rows[0]["holdqty"])
    assert (lines[0].pledged, lines[0].average) == (Decimal(rows[0]["colqty"]), Decimal(rows[0]["upldprc"]))


def test_funds_when_read_then_available_is_cash_less_margin() -> None:
    row = raw(README + "L1053_get_limits.json")
    (line,) = PARSERS["funds"](body(README + "L1053_get_limits.json"))
    assert line.cash == Decimal(row["cash"])
    assert line.available == Decimal(row["cash"]) - Decimal(row["marginused"])
    assert line.unrealised == Decimal(row["urmtom"])


def test_instruments_when_searched_then_all_rows_are_listed() -> None:
    rows = raw(README + "L1114_searchscrip.json")["values"]
    lines = PARSERS["instruments"](body(README + "L1114_searchscrip.json"))
    assert [(line.exchange, line.token, line.symbol) for line in lines] == [
        (row["exch"], row["token"], row["tsym"]) for row in rows
    ]


def test_instruments_when_one_is_described_then_lot_tick_and_isin_are_read() -> None:
    (line,) = PARSERS["instruments"](body(README + "L1347_get_security_info.json"))
    assert (line.symbol, line.isin, line.lot, line.tick) == ("ACC-EQ", "INE012A01025", Decimal(1), Decimal("0.05"))
    assert line.kind == "EQUITY"


def test_instruments_when_a_master_then_expiry_is_the_day_in_india() -> None:
    master = (
        "Exchange,Token,Lotsize,Symbol,Tradingsymbol,Instrument,Expiry,Strike,Optiontype\n"
        "NFO,35013,65,NIFTY,NIFTY01DEC26C24500,OPTIDX,01-DEC-2026,24500.00,CE\n"
        "NSE,3045,1,SBIN,SBIN-EQ,EQ,,0.00,\n"
    )
    option, share = PARSERS["instruments"](master.encode())
    assert (option.kind, option.expiry, option.strike, option.right) == (
        "OPTION", date(2026, 12, 1), Decimal("24500.00"), "CE",
    )  # fmt: skip
    assert (share.kind, share.expiry, share.strike, share.lot) == ("EQUITY", None, None, Decimal(1))


def test_order_when_open_and_partly_filled_then_partial_and_the_rest_is_computed() -> None:
    (line,) = PARSERS["orders"](encode([{**ORDER, "fillshares": "4", "avgprc": "801.00"}]))
    assert (line.state, line.filled, line.pending) == ("PARTIAL", Decimal(4), Decimal(6))
    assert line.average == Decimal("801.00")
    assert line.placed == datetime(2026, 11, 20, 4, 45, 1, tzinfo=UTC)
    assert line.updated == line.placed
    assert line.client_id == "01ABCDEF"


@pytest.mark.parametrize(
    ("raw_state", "state"),
    [
        ("TRIGGER_PENDING", "TRIGGER_PENDING"),
        ("trigger pending", "TRIGGER_PENDING"),
        ("OPEN_PENDING", "PENDING"),
        ("COMPLETE", "FILLED"),
        ("CANCELED", "CANCELLED"),
        ("CANCELLED", "CANCELLED"),
        ("REJECT", "REJECTED"),
        ("REPLACED", "OPEN"),
    ],
)
def test_order_when_spelt_either_way_then_one_state(raw_state: str, state: str) -> None:
    (line,) = PARSERS["orders"](encode([{**ORDER, "status": raw_state}]))
    assert (line.state, line.raw_state) == (state, raw_state)


def test_order_when_a_word_is_new_then_unknown_and_counted() -> None:
    before = unknown_words[("flattrade", "status", "HELD BY MOON")]
    (line,) = PARSERS["orders"](encode([{**ORDER, "status": "HELD_BY_MOON"}]))
    assert line.state == "UNKNOWN"
    assert unknown_words[("flattrade", "status", "HELD BY MOON")] == before + 1


@pytest.mark.parametrize(
    ("change", "path"), [({"qty": "many"}, "$[0].qty"), ({"qty": None}, "$[0].qty"), ({"tsym": 5}, "$[0].tsym")]
)
def test_order_when_a_needed_field_is_wrong_then_invalid_names_it(change: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        PARSERS["orders"](encode([{**ORDER, **change}]))
    assert caught.value.field.replace("[...]", "[0]") == path


def test_history_when_rows_or_texts_then_the_same_bars() -> None:
    row = {
        "stat": "Ok", "time": "20-11-2026 09:15:00", "ssboe": "1795146300", "into": "801.05", "inth": "802.00",
        "intl": "800.5", "intc": "801.9", "intv": "1200", "v": "5000", "oi": "0",
    }  # fmt: skip
    bars = PARSERS["history"](encode([row]))
    assert bars == PARSERS["history"](encode([json.dumps(row)]))
    assert bars[0].start == datetime.fromtimestamp(1795146300, UTC)
    assert (bars[0].open, bars[0].high, bars[0].volume) == (Decimal("801.05"), Decimal("802.00"), Decimal(1200))


def test_quotes_when_the_sample_writes_a_capital_then_the_level_is_whole() -> None:
    quote: dict[str, Any] = {
        "request_time": "12:05:21 18-05-2021", "stat": "Ok", "exch": "NSE", "tsym": "ACC-EQ", "token": "22",
        "lp": "1903.5", "h": "1920", "l": "1890", "v": "300", "ltq": "5", "ltt": "12:05:20", "uc": "2000", "lc": "1700",
    }  # fmt: skip
    for n in range(1, 6):
        quote |= {f"bp{n}": f"190{5 - n}.00", f"bq{n}": f"{n}", f"bo{n}": "1"}
        quote |= {f"sp{n}": f"191{n}.00", f"sq{n}": f"{n}", f"so{n}": "2"}
    quote["So5"] = quote.pop("so5")
    (line,) = PARSERS["quotes"](encode(quote))
    assert [level.orders for level in line.asks] == [2] * 5
    assert [level.price for level in line.bids][:2] == [Decimal("1904.00"), Decimal("1903.00")]
    assert line.traded_at == datetime(2021, 5, 18, 6, 35, 20, tzinfo=UTC)


def test_margin_when_span_calculated_then_total_is_span_and_exposure() -> None:
    (line,) = PARSERS["margin"](
        encode({"stat": "Ok", "span": "100.50", "expo": "20.25", "span_trade": "1", "expo_trade": "2"})
    )
    assert (line.total, line.span, line.exposure) == (Decimal("120.75"), Decimal("100.50"), Decimal("20.25"))


def test_stream_when_a_delta_comes_then_only_what_it_carries_is_set() -> None:
    (event,) = decode_stream('{"t":"tf","e":"NSE","tk":"22","lp":"1166.55","pc":"-0.52","ft":"1795146300"}')
    assert isinstance(event, TickEvent)
    assert (event.snapshot, event.quote.last, event.quote.bid) == (False, Decimal("1166.55"), None)
    assert event.quote.at == datetime.fromtimestamp(1795146300, UTC)


def test_stream_when_a_depth_delta_is_partial_then_no_book_is_claimed() -> None:
    (event,) = decode_stream(b'{"t":"df","e":"NSE","tk":"22","bp2":"10.05","bq2":"7"}')
    assert isinstance(event, TickEvent)
    assert event.quote.bids == ()


def test_stream_when_an_order_fills_then_the_execution_is_told() -> None:
    message = {**ORDER, "t": "om", "reporttype": "Fill", "status": "COMPLETE", "fillshares": "10", "avgprc": "801.00"}
    message |= {"flid": "9001", "flqty": "10", "flprc": "801.00", "fltm": "20-11-2026 10:15:02", "pcode": "I"}
    (event,) = decode_orders(json.dumps(message))
    assert isinstance(event, OrderEvent)
    assert event.trade is not None
    assert (event.order.state, event.trade.execution, event.trade.price) == ("FILLED", "9001", Decimal("801.00"))
    assert event.trade.at == datetime(2026, 11, 20, 4, 45, 2, tzinfo=UTC)


def test_stream_when_the_session_is_bad_then_refused() -> None:
    (event,) = decode_stream('{"t":"ck","s":"NOT_OK"}')
    assert isinstance(event, NoticeEvent)
    assert event.refusal is not None and event.refusal.kind == "auth"
    assert decode_stream('{"t":"hk"}') == [BeatEvent()]


def test_session_when_granted_then_its_repr_hides_the_token() -> None:
    grant = PARSERS["session"](b'{"stat":"Ok","token":"s3cret","client":"FT001","status":"Ok"}')
    assert (grant.access_token, grant.user) == ("s3cret", "FT001")
    assert "s3cret" not in repr(grant)
