"""FYERS API v3: bytes in, lines of the broker's books out. Facts: the public documentation and the official client.

An answer can be HTTP 200 and an error: `s` is always read. The order socket uses the back end's own field names, which
are put into the documented ones first. Times are naive IST.
Over 500 lines: one short function a call, kept together because the call names are one vocabulary.
"""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.fyers.hsm import HsmDecoder
from server.brokers.fyers.master import read_master
from server.brokers.kit.moments import epoch, epoch_text, local
from server.brokers.kit.reading import Reader, Vocabulary, guard, number, refuse
from server.domain.brokerage import (
    BarLine,
    BeatEvent,
    ChainLine,
    ChainSide,
    DepthEvent,
    DepthLevel,
    Event,
    FundsLine,
    GttLine,
    HoldingLine,
    LineProduct,
    LineSide,
    LineState,
    LineType,
    LineValidity,
    MarginLine,
    NoticeEvent,
    OrderEvent,
    OrderLine,
    PositionEvent,
    PositionLine,
    QuoteLine,
    Receipt,
    ReceiptPart,
    Refusal,
    RefusalKind,
    SessionGrant,
    TickEvent,
    TradeEvent,
    TradeLine,
)

__all__ = ("PARSERS", "PRODUCTS", "TYPES", "claims", "decode_orders", "decode_stream")

BROKER = "fyers"
D = Decimal

STATES: Vocabulary[LineState] = Vocabulary(
    BROKER,
    "status",
    {"1": "CANCELLED", "2": "FILLED", "4": "PENDING", "5": "REJECTED", "6": "OPEN", "7": "EXPIRED"},
)
SIDES: Vocabulary[LineSide] = Vocabulary(BROKER, "side", {"1": "BUY", "-1": "SELL"})
TYPES: Vocabulary[LineType] = Vocabulary(BROKER, "type", {"1": "LIMIT", "2": "MARKET", "3": "SL-M", "4": "SL"})
PRODUCTS: Vocabulary[LineProduct] = Vocabulary(
    BROKER,
    "productType",
    {"CNC": "CNC", "INTRADAY": "MIS", "MARGIN": "NRML", "MTF": "MTF", "CO": "CO", "BO": "BO"},
)
VALIDITIES: Vocabulary[LineValidity] = Vocabulary(BROKER, "validity", {"DAY": "DAY", "IOC": "IOC"})

_FORMS = ("%d-%b-%Y %H:%M:%S", "%d-%b-%y %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")
_ID = re.compile(r"(?<!\d)\d{8,20}(?!\d)")
_CODES: dict[int, RefusalKind] = {
    -8: "auth",
    -15: "auth",
    -16: "auth",
    -17: "auth",
    -352: "auth",
    -437: "auth",
    -501: "auth",
    -50: "input",
    -51: "not_found",
    -53: "not_found",
    -99: "order",
    -300: "input",
    -429: "rate",
    429: "rate",
    400: "input",
    201: "network",
}
_PROVEN = frozenset({"auth", "input", "order", "funds", "rate", "not_found", "permission"})
_FUNDS = re.compile(r"insufficient|margin shortfall|fund", re.IGNORECASE)

_ORDER_NAMES = {
    "client_id": "clientId", "id_parent": "parentId", "id_exchange": "exchOrdId", "qty_remaining": "remainingQuantity",
    "qty_filled": "filledQty", "price_limit": "limitPrice", "price_stop": "stopPrice", "price_traded": "tradedPrice",
    "ord_type": "type", "fy_token": "fyToken", "oms_msg": "message", "offline_flag": "offlineOrder",
    "time_oms": "orderDateTime", "validity": "orderValidity", "product_type": "productType", "tran_side": "side",
    "org_ord_status": "status", "ordertag": "orderTag", "id_fill": "tradeNumber", "qty_traded": "tradedQty",
    "fill_time": "orderDateTime",
}  # fmt: skip
_TRADE_NAMES = {
    "id": "orderNumber", "id_exchange": "exchangeOrderNo", "price_traded": "tradePrice", "ord_type": "orderType",
}  # fmt: skip
_POSITION_NAMES = {
    "buy_avg": "buyAvg", "buy_qty": "buyQty", "buy_val": "buyVal", "sell_avg": "sellAvg", "sell_qty": "sellQty",
    "sell_val": "sellVal", "net_avg": "netAvg", "net_qty": "netQty", "tran_side": "side",
    "product_type": "productType", "pl_realized": "realized_profit", "pl_unrealized": "unrealized_profit",
    "fy_token": "fyToken", "qty_multiplier": "qtyMulti_com", "cf_buy_qty": "cfBuyQty", "cf_sell_qty": "cfSellQty",
}  # fmt: skip

Raw = dict[str, Any]


class _Answer(msgspec.Struct):
    s: str = "ok"
    code: int = 0
    message: str = ""
    id: str | int | None = None


_answers: Reader[_Answer] = Reader(BROKER, "answer", _Answer)
_plain: Reader[Any] = Reader(BROKER, "stream", Any)


class _Fields:
    """One object of an answer: what must be there, and what may be."""

    def __init__(self, call: str, path: str, raw: Any) -> None:
        if not isinstance(raw, dict):
            refuse(BROKER, call, path, f"expected an object, got {type(raw).__name__}")
        self.call, self.path, self.raw = call, path, raw

    def text(self, name: str, *, needed: bool = False) -> str:
        found = self.raw.get(name)
        if isinstance(found, bool) or not isinstance(found, (str, int, Decimal)) or found == "":
            if needed:
                refuse(BROKER, self.call, f"{self.path}.{name}", "expected text, got nothing")
            return ""
        return str(found)

    def need(self, *names: str) -> Decimal:
        found = self.some(*names)
        if found is None:
            refuse(BROKER, self.call, f"{self.path}.{names[0]}", "expected a number, got nothing")
        return found

    def some(self, *names: str) -> Decimal | None:
        for name in names:
            found = number(BROKER, self.call, f"{self.path}.{name}", self.raw.get(name))
            if found is not None:
                return found
        return None

    def price(self, *names: str) -> Decimal | None:
        return self.some(*names) or None

    def word(self, *names: str) -> str:
        """A code as text: 1 and "1" and 1.0 are the same."""
        for name in names:
            found = self.raw.get(name)
            if isinstance(found, str) and found:
                return found
            if isinstance(found, (int, Decimal)) and not isinstance(found, bool):
                value = number(BROKER, self.call, f"{self.path}.{name}", found)
                return str(int(value)) if value is not None and value == value.to_integral_value() else str(found)
        return ""

    def time(self, *names: str) -> datetime | None:
        for name in names:
            found = self.raw.get(name)
            if isinstance(found, str) and found:
                return local(BROKER, self.call, f"{self.path}.{name}", found, _FORMS)
        return None

    def inner(self, name: str) -> "_Fields":
        return _Fields(self.call, f"{self.path}.{name}", self.raw.get(name))

    def list(self, name: str) -> "list[_Fields]":
        found = self.raw.get(name)
        if isinstance(found, dict):  # one where several are usual
            found = [found]
        if not isinstance(found, list):
            refuse(BROKER, self.call, f"{self.path}.{name}", "expected a list")
        return [_Fields(self.call, f"{self.path}.{name}[{i}]", one) for i, one in enumerate(found)]


def _ok(call: str, body: bytes | str) -> _Fields:
    """The whole answer; one that says error is refused in the broker's words."""
    raw = Reader[Any](BROKER, call, Any)(body)
    found = _Fields(call, "$", raw)
    if raw.get("s", "ok") not in ("ok", "no_data"):
        refuse(BROKER, call, "$", f"the broker answered with an error, {str(raw.get('message', ''))[:200]!r}")
    return found


def claims(token: str) -> Raw:
    """What a JWT says of itself; empty for what is none. Its signature is the server's affair."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _session(body: bytes) -> SessionGrant:
    found = _ok("session", body)
    token = found.text("access_token", needed=True)
    said = claims(token)
    ends = said.get("exp")
    return SessionGrant(
        user=str(said.get("fy_id", "")),
        name=str(said.get("display_name", "")),
        access_token=token,
        refresh_token=found.text("refresh_token"),
        feed_token=str(said.get("hsm_key", "")),
        expires=epoch(BROKER, "session", "$.access_token.exp", ends, "s") if type(ends) is int else None,
    )


def _refusal(code: int, message: str) -> Refusal:
    kind = _CODES.get(code, "other")
    if kind == "order" and _FUNDS.search(message):
        kind = "funds"
    return Refusal(kind=kind, code=str(code), message=message, fate_unknown=kind not in _PROVEN)


def _receipt(call: str) -> Callable[[bytes], Receipt]:
    def parse(body: bytes) -> Receipt:
        raw = Reader[Any](BROKER, call, Any)(body)
        lines = raw.get("data") if isinstance(raw, dict) else None
        if isinstance(lines, list):
            return _parts(call, raw, lines)
        answer = _answers(body)
        found = _order_id(answer)
        if answer.s != "ok" and not found and answer.code != 201:
            _ok(call, body)
        if answer.s != "ok" or answer.code == 201:
            return Receipt(broker_id=found, message=answer.message, refusal=_refusal(answer.code, answer.message))
        if not found and call == "place":
            refuse(BROKER, call, "$.id", "expected an order id")
        return Receipt(broker_id=found, message=answer.message)

    return parse


def _order_id(answer: _Answer) -> str:
    if answer.id:
        return str(answer.id)
    named = _ID.search(answer.message)
    return named[0] if named and answer.s == "ok" else ""


def _parts(call: str, raw: Raw, lines: list[Any]) -> Receipt:
    parts = []
    for i, line in enumerate(lines):
        body = _Fields(call, f"$.data[{i}]", line).inner("body")
        code, message = int(body.some("code") or 0), body.text("message")
        found = body.text("id")
        if body.text("s") == "ok" and code != 201:
            parts.append(ReceiptPart(broker_id=found))
        else:
            parts.append(ReceiptPart(broker_id=found, refusal=_refusal(code, message)))
    first = next((part.broker_id for part in parts if part.broker_id), "")
    return Receipt(broker_id=first, message=str(raw.get("message", "")), parts=tuple(parts))


def _error(body: bytes) -> Refusal:
    answer = _answers(body)
    if answer.s == "ok":
        _answers.fail("$.s", "expected error, got ok")
    return _refusal(answer.code, answer.message)


def _tag(raw: str) -> str:
    """`1:<tag>` is the user's own; `2:Untagged` is none."""
    kind, _, tag = raw.partition(":")
    return tag if kind == "1" else "" if tag else raw


def _line(one: _Fields) -> OrderLine:
    quantity = one.need("qty")
    filled = one.some("filledQty") or D(0)
    kind = TYPES.read(one.word("type"))
    word = one.word("status")
    if word not in STATES.words and ":" in one.text("orderNumStatus"):
        word = one.text("orderNumStatus").rpartition(":")[2]
    state = STATES.read(word)
    if state == "OPEN":
        if 0 < filled < quantity:
            state = "PARTIAL"
        elif kind in ("SL", "SL-M") and not filled:
            state = "TRIGGER_PENDING"
    live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL", "UNKNOWN")
    symbol = one.text("symbol", needed=True)
    at = one.time("orderDateTime")
    return OrderLine(
        broker_id=one.text("id", needed=True),
        exchange_id=one.text("exchOrdId"),
        client_id=_tag(one.text("orderTag")),
        parent_id=one.text("parentId"),
        symbol=symbol,
        exchange=symbol.partition(":")[0],
        token=one.text("fyToken"),
        side=SIDES.read(one.word("side")),
        quantity=quantity,
        filled=filled,
        pending=quantity - filled if live else D(0),
        price=one.price("limitPrice"),
        trigger=one.price("stopPrice"),
        average=one.price("tradedPrice") if filled else None,
        disclosed=one.price("disclosedQty", "discloseQty"),
        type=kind,
        product=PRODUCTS.read(one.word("productType")),
        validity=VALIDITIES.read(one.word("orderValidity")),
        variety="AMO" if one.raw.get("offlineOrder") in (True, "True", "Y") else "",
        state=state,
        raw_state=one.word("status"),
        reason=one.text("message"),
        placed=at,
        updated=at,
        fetch_again=state == "UNKNOWN",
    )


def _orders(call: str) -> Callable[[bytes], list[OrderLine]]:
    def parse(body: bytes) -> list[OrderLine]:
        return [_line(one) for one in _ok(call, body).list("orderBook")]

    return parse


def _trade(one: _Fields) -> TradeLine:
    symbol = one.text("symbol", needed=True)
    return TradeLine(
        execution=one.text("tradeNumber", needed=True),
        broker_id=one.text("orderNumber", needed=True),
        exchange_id=one.text("exchangeOrderNo"),
        client_id=_tag(one.text("orderTag")),
        symbol=symbol,
        exchange=symbol.partition(":")[0],
        token=one.text("fyToken"),
        side=SIDES.read(one.word("side")),
        quantity=one.need("tradedQty"),
        price=one.need("tradePrice"),
        product=PRODUCTS.read(one.word("productType")),
        at=one.time("orderDateTime"),
    )


def _trades(body: bytes) -> list[TradeLine]:
    return [_trade(one) for one in _ok("trades", body).list("tradeBook")]


def _position(one: _Fields) -> PositionLine:
    symbol = one.text("symbol", needed=True)
    quantity = one.need("netQty")
    return PositionLine(
        symbol=symbol,
        exchange=symbol.partition(":")[0],
        token=one.text("fyToken"),
        product=PRODUCTS.read(one.word("productType")),
        quantity=quantity,
        average=one.price("netAvg") if quantity else None,
        last=one.price("ltp"),
        realised=one.some("realized_profit"),
        unrealised=one.some("unrealized_profit"),
        multiplier=one.price("qtyMulti_com") or D(1),
        buy_quantity=one.some("buyQty"),
        buy_value=one.some("buyVal"),
        sell_quantity=one.some("sellQty"),
        sell_value=one.some("sellVal"),
        currency="INR",
    )


def _positions(body: bytes) -> list[PositionLine]:
    return [_position(one) for one in _ok("positions", body).list("netPositions")]


def _holdings(body: bytes) -> list[HoldingLine]:
    return [
        HoldingLine(
            symbol=one.text("symbol", needed=True),
            exchange=one.text("symbol").partition(":")[0],
            token=one.text("fyToken"),
            isin=one.text("isin"),
            quantity=one.need("quantity"),
            unsettled=one.some("qty_t1"),
            pledged=one.some("collateralQuantity"),
            average=one.some("costPrice"),
            last=one.price("ltp"),
            profit=one.some("pl"),
            currency="INR",
        )
        for one in _ok("holdings", body).list("holdings")
    ]


_FUND_ROWS = {
    "available balance": "available",
    "utilized amount": "used",
    "clear balance": "cash",
    "total balance": "net",
    "collaterals": "collateral",
    "realized profit and loss": "realised",
}


def _funds(body: bytes) -> list[FundsLine]:
    amounts: dict[str, dict[str, Decimal]] = {"equity": {}, "commodity": {}}
    for one in _ok("funds", body).list("fund_limit"):
        name = _FUND_ROWS.get(one.text("title").strip().lower())
        if name is not None:
            for segment, known in amounts.items():
                value = one.some(f"{segment}Amount")
                if value is not None:
                    known[name] = value
    if not amounts["equity"]:
        refuse(BROKER, "funds", "$.fund_limit", "expected the row Available Balance")
    return [
        FundsLine(
            segment=segment,
            available=known.get("available"),
            used=known.get("used"),
            cash=known.get("cash"),
            net=known.get("net"),
            collateral=known.get("collateral"),
            realised=known.get("realised"),
            currency="INR",
        )
        for segment, known in amounts.items()
    ]


def _margin(body: bytes) -> list[MarginLine]:
    one = _ok("margin", body).inner("data")
    return [MarginLine(total=one.need("margin_new_order"), available=one.some("margin_avail"))]


def _quotes(body: bytes) -> list[QuoteLine]:
    found = []
    for line in _ok("quotes", body).list("d"):
        if line.text("s") not in ("ok", ""):
            continue
        one = line.inner("v")
        name = one.text("symbol") or line.text("n", needed=True)
        found.append(
            QuoteLine(
                symbol=name,
                exchange=name.partition(":")[0],
                token=one.text("fyToken"),
                last=one.price("lp"),
                bid=one.price("bid"),
                ask=one.price("ask"),
                average=one.price("atp"),
                open=one.price("open_price"),
                high=one.price("high_price"),
                low=one.price("low_price"),
                close=one.price("prev_close_price"),
                volume=one.some("volume"),
                at=epoch_text(BROKER, "quotes", f"{one.path}.tt", one.word("tt"), "s"),
            )
        )
    return found


def _depth(body: bytes) -> list[QuoteLine]:
    book = _ok("depth", body).inner("d")
    found = []
    for name in book.raw:
        one = book.inner(name)
        bids, asks = _levels(one, "bids"), _levels(one, "ask")
        found.append(
            QuoteLine(
                symbol=name,
                exchange=name.partition(":")[0],
                last=one.price("ltp"),
                last_quantity=one.some("ltq"),
                average=one.price("atp"),
                bid=bids[0].price if bids else None,
                bid_quantity=bids[0].quantity if bids else None,
                ask=asks[0].price if asks else None,
                ask_quantity=asks[0].quantity if asks else None,
                open=one.price("o"),
                high=one.price("h"),
                low=one.price("l"),
                close=one.price("c"),
                volume=one.some("v"),
                oi=one.some("oi"),
                total_bid=one.some("totalbuyqty"),
                total_ask=one.some("totalsellqty"),
                lower=one.price("lower_ckt"),
                upper=one.price("upper_ckt"),
                bids=bids,
                asks=asks,
                traded_at=epoch_text(BROKER, "depth", f"{one.path}.ltt", one.word("ltt"), "s"),
            )
        )
    return found


def _levels(one: _Fields, name: str) -> tuple[DepthLevel, ...]:
    found = []
    for level in one.list(name) if name in one.raw else []:
        price, orders = level.price("price"), level.some("ord")
        if price is not None:
            found.append(DepthLevel(price=price, quantity=level.need("volume"), orders=int(orders) if orders else None))
    return tuple(found)


def _history(body: bytes) -> list[BarLine]:
    found = _ok("history", body)
    if found.text("s") == "no_data":
        return []
    rows = found.raw.get("candles")
    if not isinstance(rows, list):
        refuse(BROKER, "history", "$.candles", "expected a list")
    return [_bar(f"$.candles[{i}]", row) for i, row in enumerate(rows)]


def _bar(path: str, row: Any) -> BarLine:
    if not isinstance(row, list) or len(row) < 5:
        refuse(BROKER, "history", path, "expected a row of time and prices")
    values = [number(BROKER, "history", f"{path}[{n}]", value) for n, value in enumerate(row[:7])]
    values += [None] * (7 - len(values))
    at, opening, high, low, close, volume, oi = values
    if at is None or opening is None or high is None or low is None or close is None:
        refuse(BROKER, "history", path, "expected a time and four prices")
    start = epoch(BROKER, "history", f"{path}[0]", int(at), "s")
    if start is None:
        refuse(BROKER, "history", f"{path}[0]", "expected a time, got 0")
    return BarLine(start=start, open=opening, high=high, low=low, close=close, volume=volume, oi=oi)


def _chain(body: bytes) -> list[ChainLine]:
    """By strike. The answer does not say which of its expiries it is of, unless there is one: the asker knows."""
    data = _ok("option_chain", body).inner("data")
    rows = data.list("optionsChain")
    days = [_expiry_day(one) for one in data.list("expiryData")] if "expiryData" in data.raw else []
    under = next((one for one in rows if one.text("option_type") not in ("CE", "PE")), None)
    sides: dict[Decimal, dict[str, ChainSide]] = {}
    for one in rows:
        if one.text("option_type") in ("CE", "PE"):
            sides.setdefault(one.need("strike_price"), {})[one.text("option_type")] = _side(one)
    return [
        ChainLine(
            underlying=under.text("symbol") if under else "",
            expiry=days[0] if len(days) == 1 else None,
            strike=strike,
            spot=under.price("ltp") if under else None,
            call=sides[strike].get("CE"),
            put=sides[strike].get("PE"),
        )
        for strike in sorted(sides)
    ]


def _expiry_day(one: _Fields) -> date | None:
    moment = local(BROKER, one.call, f"{one.path}.date", one.text("date"), ("%d-%m-%Y",))
    return date(*map(int, reversed(one.text("date").split("-")))) if moment else None


def _side(one: _Fields) -> ChainSide:
    return ChainSide(
        symbol=one.text("symbol", needed=True),
        token=one.text("fyToken"),
        last=one.price("ltp"),
        bid=one.price("bid"),
        ask=one.price("ask"),
        volume=one.some("volume"),
        oi=one.some("oi"),
        oi_before=one.some("prev_oi"),
    )


def _gtt(body: bytes) -> list[GttLine]:
    found = _ok("gtt", body)
    if "orderBook" not in found.raw:
        return [GttLine(id=found.text("id", needed=True))]
    return [_gtt_line(one) for one in found.list("orderBook")]


def _gtt_line(one: _Fields) -> GttLine:
    symbol = one.text("symbol", needed=True)
    legs = [("price_limit", "price_trigger", "qty"), ("price2_limit", "price2_trigger", "qty2")]
    used = [leg for leg in legs if one.price(leg[1]) is not None]
    made = one.raw.get("create_time_epoch")
    return GttLine(
        id=one.text("id", needed=True),
        state=one.word("ord_status"),
        symbol=symbol,
        exchange=symbol.partition(":")[0],
        kind="oco" if one.word("gtt_oco_ind") == "2" else "single",
        triggers=tuple(one.need(trigger) for _, trigger, _ in used),
        orders=tuple(
            OrderLine(
                broker_id=one.text("id"),
                symbol=symbol,
                exchange=symbol.partition(":")[0],
                token=one.text("fy_token"),
                side=SIDES.read(one.word("tran_side")),
                quantity=one.some(quantity) or D(0),
                price=one.price(limit),
                trigger=one.price(trigger),
                type="LIMIT",
                product=PRODUCTS.read(one.word("product_type")),
                validity="DAY",
                state="PENDING",
                raw_state=one.word("ord_status"),
                reason=one.text("oms_msg"),
            )
            for limit, trigger, quantity in used
        ),
        created=epoch(BROKER, "gtt", f"{one.path}.create_time_epoch", made, "s") if type(made) is int else None,
    )


def _postback(body: bytes | str) -> list[Event]:
    return [OrderEvent(order=_line(_Fields("postback", "$", Reader[Any](BROKER, "postback", Any)(body))))]


# the sockets


def _stream(frame: bytes | str) -> list[Event]:
    if isinstance(frame, bytes) and frame.lstrip()[:1] != b"{":
        return HsmDecoder().decode(frame)
    return _text(frame)


def _text(frame: bytes | str) -> list[Event]:
    if frame in ("pong", b"pong", "ping", b"ping"):
        return [BeatEvent()]
    found = _Fields("stream", "$", _plain(frame))
    raw = found.raw
    events: list[Event] = []
    for name, read in (("orders", _order_event), ("trades", _trade_event), ("positions", _position_event)):
        if name in raw:
            events += [read(one) for one in found.list(name)]
    if events:
        return events
    if "id_fill" in raw:
        return [_trade_event(found)]
    kind = raw.get("type")
    if kind in ("sf", "if"):
        return [_tick(found)]
    if kind == "dp":
        return [_depth_event(found)]
    text = found.text("message")[:200]
    if raw.get("s", "ok") != "ok":
        return [NoticeEvent(kind="refused", text=text, refusal=_refusal(int(found.some("code") or 0), text))]
    return [NoticeEvent(kind="subscribed" if found.word("code") == "1605" else "other", text=text)]


def _renamed(one: _Fields, *tables: Mapping[str, str]) -> _Fields:
    names: dict[str, str] = {}
    for table in tables:
        names |= table
    return _Fields(one.call, one.path, {names.get(name, name): value for name, value in one.raw.items()})


def _order_event(one: _Fields) -> OrderEvent:
    return OrderEvent(order=_line(_renamed(one, _ORDER_NAMES)))


def _trade_event(one: _Fields) -> TradeEvent:
    raw = _renamed(one, _ORDER_NAMES, _TRADE_NAMES) if "id_fill" in one.raw else one
    return TradeEvent(trade=_trade(raw))


def _position_event(one: _Fields) -> PositionEvent:
    return PositionEvent(position=_position(_renamed(one, _POSITION_NAMES)))


def _tick(one: _Fields) -> TickEvent:
    """A price in the form the official client hands out."""
    name = one.text("symbol", needed=True)
    return TickEvent(
        quote=QuoteLine(
            symbol=name,
            exchange=name.partition(":")[0],
            last=one.price("ltp"),
            last_quantity=one.some("last_traded_qty"),
            average=one.price("avg_trade_price"),
            bid=one.price("bid_price"),
            bid_quantity=one.some("bid_size"),
            ask=one.price("ask_price"),
            ask_quantity=one.some("ask_size"),
            open=one.price("open_price"),
            high=one.price("high_price"),
            low=one.price("low_price"),
            close=one.price("prev_close_price"),
            volume=one.some("vol_traded_today"),
            oi=one.some("OI"),
            total_bid=one.some("tot_buy_qty"),
            total_ask=one.some("tot_sell_qty"),
            lower=one.price("lower_ckt"),
            upper=one.price("upper_ckt"),
            traded_at=_stamp(one, "last_traded_time"),
            at=_stamp(one, "exch_feed_time"),
        ),
        mode="full",
        snapshot=False,
    )


def _stamp(one: _Fields, name: str) -> datetime | None:
    found = one.word(name)
    return epoch_text(BROKER, one.call, f"{one.path}.{name}", found, "s") if found.isdigit() else None


def _depth_event(one: _Fields) -> DepthEvent:
    name = one.text("symbol", needed=True)

    def side(word: str) -> tuple[DepthLevel, ...]:
        found = []
        for level in range(1, 6):
            price, orders = one.price(f"{word}_price{level}"), one.some(f"{word}_order{level}")
            if price is not None:
                size = one.some(f"{word}_size{level}") or D(0)
                found.append(DepthLevel(price=price, quantity=size, orders=int(orders) if orders else None))
        return tuple(found)

    return DepthEvent(symbol=name, exchange=name.partition(":")[0], bids=side("bid"), asks=side("ask"))


decode_stream = guard(BROKER, "stream", _stream)
"""A frame by itself: updates of topics whose snapshot came in an earlier frame need `hsm.HsmDecoder`."""
decode_orders = guard(BROKER, "stream", _text)
"""A message of the order socket."""

PARSERS: Mapping[str, Callable[[bytes], Any]] = {
    name: guard(BROKER, name, parse, deep=name != "instruments")
    for name, parse in {
        "session": _session,
        "place": _receipt("place"),
        "modify": _receipt("modify"),
        "cancel": _receipt("cancel"),
        "orders": _orders("orders"),
        "order_history": _orders("order_history"),
        "trades": _trades,
        "positions": _positions,
        "holdings": _holdings,
        "funds": _funds,
        "margin": _margin,
        "quotes": _quotes,
        "depth": _depth,
        "history": _history,
        "instruments": read_master,
        "option_chain": _chain,
        "gtt": _gtt,
        "postback": _postback,
        "error": _error,
    }.items()
}
