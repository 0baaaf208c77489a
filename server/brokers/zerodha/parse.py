"""Kite Connect v3: bytes in, lines of the broker's books out. Facts: the public documentation and official samples.

Times in answers are naive IST. A trigger or average of 0 means none. Pending quantity is computed: Kite leaves it
standing on cancelled orders.
Over 500 lines: one short function a call, kept together because the call names are one vocabulary.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.kit.moments import wall
from server.brokers.kit.reading import Reader, Vocabulary, guard, number, refuse, table_rows
from server.brokers.zerodha.packets import decode_binary
from server.brokers.zerodha.wire import (
    BasketWire,
    CandlesWire,
    ChildWire,
    EnvelopeWire,
    ErrorWire,
    GttLegWire,
    GttReceiptWire,
    GttWire,
    HoldingWire,
    LevelWire,
    MarginWire,
    OrderWire,
    PlacedWire,
    PositionsWire,
    PositionWire,
    PushedWire,
    QuoteWire,
    SegmentWire,
    SessionWire,
    TradeWire,
)
from server.core.errors import Invalid
from server.domain.brokerage import (
    BarLine,
    BeatEvent,
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
    ListingLine,
    MarginLine,
    NoticeEvent,
    OrderEvent,
    OrderLine,
    PositionLine,
    QuoteLine,
    Receipt,
    ReceiptPart,
    Refusal,
    RefusalKind,
    SessionGrant,
    TradeLine,
)

__all__ = ("PARSERS", "PRODUCTS", "SIDES", "TYPES", "VALIDITIES", "decode_orders", "decode_stream")

BROKER = "zerodha"
D = Decimal

STATES: Vocabulary[LineState] = Vocabulary(
    BROKER,
    "status",
    {
        "PUT ORDER REQ RECEIVED": "PENDING",
        "VALIDATION PENDING": "PENDING",
        "OPEN PENDING": "PENDING",
        "AMO REQ RECEIVED": "PENDING",
        "MODIFY AMO REQ RECEIVED": "PENDING",
        "OPEN": "OPEN",
        "MODIFIED": "OPEN",
        "MODIFY PENDING": "OPEN",
        "MODIFY VALIDATION PENDING": "OPEN",
        "CANCEL PENDING": "OPEN",
        "TRIGGER PENDING": "TRIGGER_PENDING",
        "COMPLETE": "FILLED",
        "CANCELLED": "CANCELLED",
        "CANCELLED AMO": "CANCELLED",
        "REJECTED": "REJECTED",
        "UPDATE": "UNKNOWN",
    },
)
SIDES: Vocabulary[LineSide] = Vocabulary(BROKER, "transaction_type", {"BUY": "BUY", "SELL": "SELL"})
TYPES: Vocabulary[LineType] = Vocabulary(
    BROKER, "order_type", {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "SL", "SL-M": "SL-M"}
)
PRODUCTS: Vocabulary[LineProduct] = Vocabulary(
    BROKER, "product", {"CNC": "CNC", "NRML": "NRML", "MIS": "MIS", "MTF": "MTF", "CO": "CO", "BO": "BO"}
)
VALIDITIES: Vocabulary[LineValidity] = Vocabulary(BROKER, "validity", {"DAY": "DAY", "IOC": "IOC", "TTL": "TTL"})

_KINDS: dict[str, RefusalKind] = {
    "TokenException": "auth",
    "PermissionException": "permission",
    "OrderException": "order",
    "InputException": "input",
    "MarginException": "funds",
    "HoldingException": "order",
    "NetworkException": "network",
    "DataException": "network",
}
_PROVEN = frozenset({"auth", "permission", "order", "input", "funds"})
"""Kinds that prove that nothing was taken; all others may have happened."""
_RATE = re.compile(r"too many requests|rate limit", re.IGNORECASE)
_UNDERLYING_RIGHT = {"CE": "CE", "PE": "PE"}


_error: Reader[ErrorWire] = Reader(BROKER, "error", ErrorWire)


def _data(call: str, body: bytes) -> bytes:
    """What an answer carries; an answer that says error is refused in the broker's own words."""
    try:
        answer: EnvelopeWire = _reader(call, EnvelopeWire)(body)
    except Invalid:
        _refuse_error(call, body)
        raise
    if answer.status != "success":
        _refuse_error(call, body)
        refuse(BROKER, call, "$.status", f"expected success, got {answer.status[:24]!r}")
    return bytes(answer.data)


def _refuse_error(call: str, body: bytes) -> None:
    try:
        said = _error(body)
    except Invalid:
        return
    if said.status == "error":
        refuse(BROKER, call, "$", f"the broker answered with an error, {said.message[:200]!r}")


def _as(call: str, type_: Any, body: bytes) -> Any:
    return _reader(call, type_)(_data(call, body))


def _reader(call: str, type_: Any) -> Reader[Any]:
    found = _readers.get((call, type_))
    if found is None:
        found = _readers[call, type_] = Reader(BROKER, call, type_)
    return found


_readers: dict[tuple[str, Any], Reader[Any]] = {}


def _time(call: str, path: str, raw: str | None) -> Any:
    return wall(BROKER, call, path, raw)


def _some(value: Decimal | None) -> Decimal | None:
    """None where Kite writes 0 for nothing."""
    return value or None


def _session(body: bytes) -> SessionGrant:
    found: SessionWire = _as("session", SessionWire, body)
    return SessionGrant(
        user=found.user_id,
        name=found.user_name,
        access_token=found.access_token,
        refresh_token=found.refresh_token or "",
        issued=_time("session", "$.data.login_time", found.login_time),
        exchanges=tuple(found.exchanges),
        products=tuple(found.products),
    )


def _receipt(call: str) -> Callable[[bytes], Receipt]:
    def parse(body: bytes) -> Receipt:
        found: PlacedWire = _as(call, PlacedWire, body)
        parts = tuple(
            ReceiptPart(broker_id=child.order_id or "", refusal=_child_refusal(child.error)) for child in found.children
        )
        return Receipt(broker_id=found.order_id, parts=parts)

    return parse


def _child_refusal(error: ChildWire | None) -> Refusal | None:
    if error is None:
        return None
    return _refusal(error.error_type, error.message, str(error.code))


def _refusal(error_type: str, message: str, code: str = "") -> Refusal:
    kind: RefusalKind = "rate" if _RATE.search(message) else _KINDS.get(error_type, "other")
    return Refusal(
        kind=kind,
        code=code or error_type,
        message=message,
        fate_unknown=kind != "rate" and kind not in _PROVEN,
    )


def _error_of(body: bytes) -> Refusal:
    said = _error(body)
    if said.status != "error":
        _error.fail("$.status", f"expected error, got {said.status[:24]!r}")
    return _refusal(said.error_type, said.message)


def _line(call: str, path: str, raw: OrderWire) -> OrderLine:
    filled = raw.filled_quantity or D(0)
    state = STATES.read(raw.status)
    if state == "OPEN" and 0 < filled < raw.quantity:
        state = "PARTIAL"
    live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL", "UNKNOWN")
    kind = TYPES.read(raw.order_type)
    tags = tuple(raw.tags or ((raw.tag,) if raw.tag else ()))
    return OrderLine(
        broker_id=raw.order_id,
        exchange_id=raw.exchange_order_id or "",
        client_id=raw.tag or "",
        parent_id=raw.parent_order_id or "",
        symbol=raw.tradingsymbol,
        exchange=raw.exchange,
        token="" if raw.instrument_token is None else str(raw.instrument_token),
        side=SIDES.read(raw.transaction_type),
        quantity=raw.quantity,
        filled=filled,
        pending=raw.quantity - filled - (raw.cancelled_quantity or D(0)) if live else D(0),
        cancelled=raw.cancelled_quantity,
        price=_some(raw.price),
        trigger=_some(raw.trigger_price),
        average=raw.average_price if filled else None,
        disclosed=_some(raw.disclosed_quantity),
        type=kind,
        product=PRODUCTS.read(raw.product),
        validity=VALIDITIES.read(raw.validity),
        variety=raw.variety or "",
        state=state,
        raw_state=raw.status,
        reason=raw.status_message or raw.status_message_raw or "",
        placed=_time(call, f"{path}.order_timestamp", raw.order_timestamp),
        updated=_time(
            call, f"{path}.exchange_update_timestamp", raw.exchange_update_timestamp or raw.exchange_timestamp
        )
        or _time(call, f"{path}.order_timestamp", raw.order_timestamp),
        tags=tags,
        fetch_again=raw.status == "UPDATE",
    )


def _orders(call: str) -> Callable[[bytes], list[OrderLine]]:
    def parse(body: bytes) -> list[OrderLine]:
        data = _data(call, body)
        found: list[OrderWire] = _several(call, OrderWire, data)
        return [_line(call, f"$.data[{i}]", raw) for i, raw in enumerate(found)]

    return parse


def _several(call: str, type_: Any, data: bytes) -> list[Any]:
    """A list, or one object where a list is usual."""
    if data.lstrip()[:1] == b"{":
        return [_reader(call, type_)(data)]
    found: list[Any] = _reader(call, list[type_])(data)
    return found


def _trades(body: bytes) -> list[TradeLine]:
    found = _several("trades", TradeWire, _data("trades", body))
    return [
        TradeLine(
            execution=raw.trade_id,
            broker_id=raw.order_id,
            exchange_id=raw.exchange_order_id or "",
            symbol=raw.tradingsymbol,
            exchange=raw.exchange,
            token="" if raw.instrument_token is None else str(raw.instrument_token),
            side=SIDES.read(raw.transaction_type),
            quantity=raw.quantity,
            price=raw.average_price,
            product=PRODUCTS.read(raw.product),
            at=_time("trades", f"$.data[{i}].fill_timestamp", raw.fill_timestamp or raw.exchange_timestamp),
        )
        for i, raw in enumerate(found)
    ]


def _positions(body: bytes) -> list[PositionLine]:
    found: PositionsWire = _as("positions", PositionsWire, body)
    return [
        *(_position(raw, "net") for raw in found.net),
        *(_position(raw, "day") for raw in found.day),
    ]


def _position(raw: PositionWire, kind: Any) -> PositionLine:
    return PositionLine(
        symbol=raw.tradingsymbol,
        exchange=raw.exchange,
        token="" if raw.instrument_token is None else str(raw.instrument_token),
        product=PRODUCTS.read(raw.product),
        quantity=raw.quantity,
        average=raw.average_price if raw.quantity else None,
        last=raw.last_price,
        close=_some(raw.close_price),
        realised=raw.realised,
        unrealised=raw.unrealised,
        multiplier=raw.multiplier,
        overnight=raw.overnight_quantity,
        buy_quantity=raw.buy_quantity,
        buy_value=raw.buy_value,
        sell_quantity=raw.sell_quantity,
        sell_value=raw.sell_value,
        kind=kind,
        currency="INR",
    )


def _holdings(body: bytes) -> list[HoldingLine]:
    return [
        HoldingLine(
            symbol=raw.tradingsymbol,
            exchange=raw.exchange,
            token="" if raw.instrument_token is None else str(raw.instrument_token),
            isin=raw.isin or "",
            quantity=raw.quantity,
            unsettled=raw.t1_quantity,
            pledged=raw.collateral_quantity,
            used=raw.used_quantity,
            average=raw.average_price,
            last=raw.last_price,
            close=raw.close_price,
            profit=raw.pnl,
            currency="INR",
        )
        for raw in _several("holdings", HoldingWire, _data("holdings", body))
    ]


def _funds(body: bytes) -> list[FundsLine]:
    data = _data("funds", body)
    keys = _reader("funds", dict[str, msgspec.Raw])(data)
    if "available" in keys or "net" in keys:  # one segment asked for alone: which one, only the asker knows
        segments: dict[str, SegmentWire] = {"": _reader("funds", SegmentWire)(data)}
    else:
        segments = _reader("funds", dict[str, SegmentWire])(data)
    return [
        FundsLine(
            segment=name or "all",
            available=raw.net,
            used=raw.utilised.debits,
            cash=raw.available.cash,
            net=raw.net,
            collateral=raw.available.collateral,
            realised=raw.utilised.m2m_realised,
            unrealised=raw.utilised.m2m_unrealised,
            currency="INR",
        )
        for name, raw in segments.items()
    ]


def _margin(body: bytes) -> list[MarginLine]:
    """Orders' margins; of a basket first the whole (without a symbol), then its orders."""
    data = _data("margin", body)
    if data.lstrip()[:1] != b"{":
        return [_margin_line(raw) for raw in _reader("margin", list[MarginWire])(data)]
    basket: BasketWire = _reader("margin", BasketWire)(data)
    whole = MarginLine(
        total=basket.final.total,
        initial=basket.initial.total,
        span=basket.final.span,
        exposure=basket.final.exposure,
        premium=basket.final.option_premium,
        charges=basket.charges.total if basket.charges else None,
    )
    return [whole, *(_margin_line(raw) for raw in basket.orders)]


def _margin_line(raw: MarginWire) -> MarginLine:
    return MarginLine(
        symbol=raw.tradingsymbol,
        exchange=raw.exchange,
        total=raw.total,
        span=raw.span,
        exposure=raw.exposure,
        premium=raw.option_premium,
        charges=raw.charges.total if raw.charges else None,
    )


def _quotes(call: str) -> Callable[[bytes], list[QuoteLine]]:
    def parse(body: bytes) -> list[QuoteLine]:
        found: dict[str, QuoteWire] = _as(call, dict[str, QuoteWire], body)
        return [_quote(call, name, raw) for name, raw in found.items()]

    return parse


def _quote(call: str, name: str, raw: QuoteWire) -> QuoteLine:
    exchange, _, symbol = name.partition(":")
    path = f"$.data.{name}"
    bids, asks = _levels(raw.depth.buy), _levels(raw.depth.sell)
    return QuoteLine(
        symbol=symbol,
        exchange=exchange,
        token=str(raw.instrument_token),
        last=_some(raw.last_price),
        last_quantity=raw.last_quantity,
        average=_some(raw.average_price),
        bid=bids[0].price if bids else None,
        bid_quantity=bids[0].quantity if bids else None,
        ask=asks[0].price if asks else None,
        ask_quantity=asks[0].quantity if asks else None,
        open=_some(raw.ohlc.open),
        high=_some(raw.ohlc.high),
        low=_some(raw.ohlc.low),
        close=_some(raw.ohlc.close),
        volume=raw.volume,
        oi=raw.oi,
        oi_high=raw.oi_day_high,
        oi_low=raw.oi_day_low,
        total_bid=raw.buy_quantity,
        total_ask=raw.sell_quantity,
        lower=raw.lower_circuit_limit if raw.lower is None else raw.lower,
        upper=raw.upper_circuit_limit if raw.upper is None else raw.upper,
        bids=bids,
        asks=asks,
        traded_at=_time(call, f"{path}.last_trade_time", raw.last_trade_time),
        at=_time(call, f"{path}.timestamp", raw.timestamp),
    )


def _levels(raw: list[LevelWire]) -> tuple[DepthLevel, ...]:
    return tuple(DepthLevel(price=x.price, quantity=x.quantity, orders=x.orders) for x in raw if x.quantity or x.price)


def _history(body: bytes) -> list[BarLine]:
    found: CandlesWire = _as("history", CandlesWire, body)
    bars = []
    for i, raw in enumerate(found.candles):
        start = _time("history", f"$.data.candles[{i}][0]", raw.at)
        if start is None:
            refuse(BROKER, "history", f"$.data.candles[{i}][0]", "expected a time, got nothing")
        bars.append(
            BarLine(
                start=start,
                open=raw.open,
                high=raw.high,
                low=raw.low,
                close=raw.close,
                volume=raw.volume,
                oi=raw.oi,
            )
        )
    return bars


_COLUMNS = ("instrument_token", "tradingsymbol", "instrument_type", "segment", "exchange")


def _instruments(body: bytes) -> list[ListingLine]:
    return [_listing(line, row) for line, row in table_rows(BROKER, "instruments", body, _COLUMNS)]


def _listing(line: int, row: dict[str, str]) -> ListingLine:
    path = f"line {line}"

    def figure(column: str) -> Decimal | None:
        return number(BROKER, "instruments", f"{path}, {column}", row.get(column))

    raw_kind, segment = row.get("instrument_type", ""), row.get("segment", "")
    token, symbol, exchange = row.get("instrument_token", ""), row.get("tradingsymbol", ""), row.get("exchange", "")
    if not (token.isdigit() and symbol and exchange):
        refuse(BROKER, "instruments", path, "expected a token, a symbol and an exchange")
    expiry = None
    if text := row.get("expiry"):
        try:
            expiry = date.fromisoformat(text[:10])
        except ValueError:
            refuse(BROKER, "instruments", f"{path}, expiry", f"expected a date, got {text[:24]!r}")
    right = _UNDERLYING_RIGHT.get(raw_kind)
    kind: Any = "UNKNOWN"
    if segment == "INDICES":
        kind = "INDEX"
    elif right:
        kind = "OPTION"
    elif raw_kind == "FUT":
        kind = "FUTURE"
    elif raw_kind == "EQ":
        kind = "EQUITY"
    name = row.get("name", "")
    return ListingLine(
        symbol=symbol,
        exchange=exchange,
        token=token,
        exchange_token=row.get("exchange_token", ""),
        name=name,
        title="" if kind in ("FUTURE", "OPTION") else name,
        kind=kind,
        raw_kind=f"{raw_kind} {segment}",
        expiry=expiry,
        strike=_some(figure("strike")) if right else None,
        right=right,  # type: ignore[arg-type]
        lot=figure("lot_size") or D(1),
        tick=_some(figure("tick_size")),
        currency="INR",
        tradable=kind != "INDEX",
    )


def _gtt(body: bytes) -> list[GttLine]:
    data = _data("gtt", body)
    if data.lstrip()[:1] == b"{" and "trigger_id" in _reader("gtt", dict[str, msgspec.Raw])(data):
        receipt: GttReceiptWire = _reader("gtt", GttReceiptWire)(data)
        return [GttLine(id=str(receipt.trigger_id))]
    return [_gtt_line(i, raw) for i, raw in enumerate(_several("gtt", GttWire, data))]


def _gtt_line(index: int, raw: GttWire) -> GttLine:
    path = f"$.data[{index}]"
    return GttLine(
        id=str(raw.id),
        state=raw.status,
        symbol=raw.condition.tradingsymbol,
        exchange=raw.condition.exchange,
        kind="oco" if raw.type == "two-leg" else raw.type,
        triggers=tuple(raw.condition.trigger_values),
        orders=tuple(_gtt_leg(leg) for leg in raw.orders),
        created=_time("gtt", f"{path}.created_at", raw.created_at),
        updated=_time("gtt", f"{path}.updated_at", raw.updated_at),
        expires=_time("gtt", f"{path}.expires_at", raw.expires_at),
    )


def _gtt_leg(raw: GttLegWire) -> OrderLine:
    outcome = raw.result.order_result if raw.result else None
    failed = outcome is not None and outcome.status == "failed"
    return OrderLine(
        broker_id=(outcome.order_id or "") if outcome else "",
        symbol=raw.tradingsymbol,
        exchange=raw.exchange,
        side=SIDES.read(raw.transaction_type),
        quantity=raw.quantity,
        price=_some(raw.price),
        type=TYPES.read(raw.order_type),
        product=PRODUCTS.read(raw.product),
        validity="DAY",
        state="REJECTED" if failed else "PENDING",
        raw_state=outcome.status if outcome else "",
        reason=(outcome.rejection_reason or "") if outcome else "",
    )


def _postback(body: bytes | str) -> list[Event]:
    raw: OrderWire = _reader("postback", OrderWire)(body)
    return [OrderEvent(order=_line("postback", "$", raw))]


def decode_stream(frame: bytes | str) -> list[Event]:
    """A ticker message: binary prices, the one-byte heartbeat, or text (orders, errors, messages)."""
    if isinstance(frame, bytes) and frame.lstrip()[:1] != b"{":
        if len(frame) <= 1:
            return [BeatEvent()]
        return decode_binary(frame)
    said = _pushed(frame)
    if said.type == "order":
        return _order_events(bytes(said.data))
    text = str(_reader("stream", Any)(bytes(said.data)))[:300]
    if said.type == "error":
        kind: RefusalKind = "auth" if "token" in text.lower() else "other"
        return [NoticeEvent(kind="refused", text=text, refusal=Refusal(kind=kind, code="stream", message=text))]
    return [NoticeEvent(kind="other", text=text)]


def decode_orders(frame: bytes | str) -> list[Event]:
    """Order updates of a ticker message; prices and messages give none."""
    if isinstance(frame, bytes) and frame.lstrip()[:1] != b"{":
        return []
    said = _pushed(frame)
    return _order_events(bytes(said.data)) if said.type == "order" else []


def _pushed(frame: bytes | str) -> PushedWire:
    found: PushedWire = _reader("stream", PushedWire)(frame)
    return found


def _pushed_order(data: bytes) -> list[Event]:
    raw: OrderWire = _reader("stream", OrderWire)(data)
    return [OrderEvent(order=_line("stream", "$.data", raw))]


_order_events = guard(BROKER, "stream", _pushed_order)

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
        "quotes": _quotes("quotes"),
        "depth": _quotes("depth"),
        "history": _history,
        "instruments": _instruments,
        "gtt": _gtt,
        "postback": _postback,
        "error": _error_of,
    }.items()
}
