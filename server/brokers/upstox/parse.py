"""Upstox API v2 / v3: bytes in, lines of the broker's books out. Facts: the public documentation and official clients.

Instruments are named `NSE_EQ|INE848E01016` or `NSE_FO|35346`; answers to quotes are keyed otherwise, so the name inside
counts. D is delivery for shares and carry-forward for derivatives. Errors come in two spellings.
Over 500 lines: one short function a call, kept together because the call names are one vocabulary.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.kit.moments import epoch, epoch_text, local, wall
from server.brokers.kit.reading import Reader, Vocabulary, guard, refuse
from server.brokers.upstox.feed import decode_feed
from server.brokers.upstox.master import read_master
from server.brokers.upstox.wire import (
    AvailableWire,
    CandlesWire,
    ChainSideWire,
    DepthWire,
    EnvelopeWire,
    ErrorWire,
    GttIdsWire,
    GttWire,
    HoldingWire,
    LevelWire,
    LossWire,
    MarginWire,
    OhlcWire,
    OrderWire,
    PlacedWire,
    PledgeWire,
    PositionWire,
    ProblemWire,
    PushedWire,
    QuoteWire,
    RuleWire,
    SegmentWire,
    SessionWire,
    StrikeWire,
    TradeWire,
)
from server.core.errors import Invalid
from server.domain.brokerage import (
    BarLine,
    ChainLine,
    ChainSide,
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
    TradeLine,
)

__all__ = ("PARSERS", "decode_orders", "decode_stream")

BROKER = "upstox"
D = Decimal

STATES: Vocabulary[LineState] = Vocabulary(
    BROKER,
    "status",
    {
        "put order req received": "PENDING",
        "validation pending": "PENDING",
        "open pending": "PENDING",
        "after market order req received": "PENDING",
        "modify after market order req received": "PENDING",
        "open": "OPEN",
        "modified": "OPEN",
        "modify pending": "OPEN",
        "modify validation pending": "OPEN",
        "not modified": "OPEN",
        "cancel pending": "OPEN",
        "not cancelled": "OPEN",
        "trigger pending": "TRIGGER_PENDING",
        "complete": "FILLED",
        "cancelled": "CANCELLED",
        "cancelled after market order": "CANCELLED",
        "rejected": "REJECTED",
    },
)
SIDES: Vocabulary[LineSide] = Vocabulary(
    BROKER, "transaction_type", {"BUY": "BUY", "SELL": "SELL", "B": "BUY", "S": "SELL"}
)
TYPES: Vocabulary[LineType] = Vocabulary(
    BROKER, "order_type", {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "SL", "SL-M": "SL-M"}
)
PRODUCTS: Vocabulary[LineProduct] = Vocabulary(
    BROKER, "product", {"D": "CNC", "I": "MIS", "MTF": "MTF", "CO": "CO", "OCO": "BO"}
)
VALIDITIES: Vocabulary[LineValidity] = Vocabulary(BROKER, "validity", {"DAY": "DAY", "IOC": "IOC"})
_CASH = frozenset({"NSE", "BSE", "NSE_EQ", "BSE_EQ", ""})

_CODES: dict[str, RefusalKind] = {
    "UDAPI10005": "rate",
    "UDAPI100050": "auth",
    "UDAPI100016": "auth",
    "UDAPI100067": "permission",
    "UDAPI100015": "input",
    "UDAPI100036": "input",
    "UDAPI100038": "input",
    "UDAPI100011": "input",
    "UDAPI100057": "order",
    "UDAPI100060": "not_found",
    "UDAPI100010": "not_found",
    "UDAPI1161": "permission",
    "UDAPI100500": "network",
    "UDAPI10000": "other",
    "UDAPI100072": "network",
}
_PROVEN = frozenset({"auth", "permission", "order", "input", "funds", "rate", "not_found"})


_readers: dict[tuple[str, Any], Reader[Any]] = {}


def _reader(call: str, type_: Any) -> Reader[Any]:
    found = _readers.get((call, type_))
    if found is None:
        found = _readers[call, type_] = Reader(BROKER, call, type_)
    return found


def _data(call: str, body: bytes) -> bytes:
    """What an answer carries, with or without its envelope; an answer that says error is refused in its own words."""
    if body.lstrip()[:1] == b"[":
        return body
    answer: EnvelopeWire = _reader(call, EnvelopeWire)(body)
    if answer.status not in ("success", "partial_success"):
        said = answer.errors[0].message if answer.errors else answer.status
        refuse(BROKER, call, "$", f"the broker answered with an error, {str(said)[:200]!r}")
    return bytes(answer.data)


def _several(call: str, type_: Any, data: bytes) -> list[Any]:
    """A list, one object where a list is usual, or nothing."""
    start = data.lstrip()[:1]
    if start == b"{":
        return [_reader(call, type_)(data)]
    found: list[Any] | None = _reader(call, list[type_] | None)(data)
    return found or []


def _some(value: Decimal | None) -> Decimal | None:
    """None where Upstox writes 0 for nothing."""
    return value or None


def _time(call: str, path: str, raw: str | None) -> datetime | None:
    if raw and len(raw) > 3 and raw[2] == "-":
        return local(BROKER, call, path, raw, ("%d-%b-%Y %H:%M:%S",))
    return wall(BROKER, call, path, raw)


def _product(raw: str, token: str, exchange: str) -> LineProduct:
    """D is delivery for shares only."""
    segment = token.partition("|")[0] if "|" in token else exchange
    return "NRML" if raw == "D" and segment not in _CASH else PRODUCTS.read(raw)


def _session(body: bytes) -> SessionGrant:
    try:
        found: SessionWire = _reader("session", SessionWire)(body)
    except Invalid:
        _data("session", body) if b'"errors"' in body else None
        raise
    return SessionGrant(
        user=found.user_id,
        name=found.user_name,
        access_token=found.access_token,
        feed_token=found.extended_token or "",
        exchanges=tuple(found.exchanges),
        products=tuple(found.products),
    )


def _receipt(call: str) -> Callable[[bytes], Receipt]:
    def parse(body: bytes) -> Receipt:
        answer: EnvelopeWire = _reader(call, EnvelopeWire)(body)
        if answer.status not in ("success", "partial_success"):
            _data(call, body)
        placed: list[PlacedWire] = _several(call, PlacedWire, bytes(answer.data))
        ids = [i for one in placed for i in (one.order_ids or ([one.order_id] if one.order_id else []))]
        refusals = [_refusal(problem) for problem in answer.errors or []]
        if not ids and not refusals:
            refuse(BROKER, call, "$.data", "expected an order id")
        parts = [ReceiptPart(broker_id=i) for i in ids] + [ReceiptPart(refusal=r) for r in refusals]
        return Receipt(
            broker_id=ids[0] if ids else "",
            parts=tuple(parts) if len(parts) > 1 else (),
            refusal=refusals[0] if not ids else None,
        )

    return parse


def _refusal(problem: ProblemWire) -> Refusal:
    code, message = problem.code, problem.message or ""
    kind = _CODES.get(code)
    if kind is None:
        kind = "order" if code.startswith("UDAPI1") and len(code) == 9 else "other"
    if kind == "order" and "nsufficient" in message:
        kind = "funds"
    return Refusal(kind=kind, code=code, message=message, fate_unknown=kind not in _PROVEN)


def _error(body: bytes) -> Refusal:
    said: ErrorWire = _reader("error", ErrorWire)(body)
    if said.status != "error":
        _reader("error", ErrorWire).fail("$.status", f"expected error, got {said.status[:24]!r}")
    if not said.errors:
        return Refusal(kind="other", code="", message=said.message or "", fate_unknown=True)
    return _refusal(said.errors[0])


def _line(call: str, path: str, raw: OrderWire) -> OrderLine:
    filled = raw.filled_quantity or D(0)
    state = STATES.read(raw.status.lower())
    if state == "OPEN" and 0 < filled < raw.quantity:
        state = "PARTIAL"
    live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL", "UNKNOWN")
    token = raw.instrument_token or raw.instrument_key or ""
    placed = _time(call, f"{path}.order_timestamp", raw.order_timestamp)
    return OrderLine(
        broker_id=raw.order_id,
        exchange_id=raw.exchange_order_id or "",
        client_id=raw.tag or "",
        parent_id=raw.parent_order_id or "",
        symbol=raw.trading_symbol or raw.tradingsymbol or "",
        exchange=raw.exchange,
        token=token,
        side=SIDES.read(raw.transaction_type),
        quantity=raw.quantity,
        filled=filled,
        pending=raw.quantity - filled if live else D(0),
        price=_some(raw.price),
        trigger=_some(raw.trigger_price),
        average=raw.average_price if filled else None,
        disclosed=_some(raw.disclosed_quantity),
        type=TYPES.read(raw.order_type),
        product=_product(raw.product, token, raw.exchange),
        validity=VALIDITIES.read(raw.validity),
        variety=raw.variety or "",
        state=state,
        raw_state=raw.status,
        reason=raw.status_message or raw.status_message_raw or "",
        placed=placed,
        updated=_time(call, f"{path}.exchange_timestamp", raw.exchange_timestamp) or placed,
        tags=(raw.tag,) if raw.tag else (),
    )


def _orders(call: str) -> Callable[[bytes], list[OrderLine]]:
    def parse(body: bytes) -> list[OrderLine]:
        return [_line(call, f"$.data[{i}]", raw) for i, raw in enumerate(_several(call, OrderWire, _data(call, body)))]

    return parse


def _trades(body: bytes) -> list[TradeLine]:
    return [
        TradeLine(
            execution=raw.trade_id,
            broker_id=raw.order_id,
            exchange_id=raw.exchange_order_id or "",
            symbol=raw.trading_symbol or raw.tradingsymbol or "",
            exchange=raw.exchange,
            token=raw.instrument_token or "",
            side=SIDES.read(raw.transaction_type),
            quantity=raw.quantity,
            price=raw.average_price,
            product=_product(raw.product, raw.instrument_token or "", raw.exchange),
            at=_time("trades", f"$.data[{i}].exchange_timestamp", raw.exchange_timestamp or raw.order_timestamp),
        )
        for i, raw in enumerate(_several("trades", TradeWire, _data("trades", body)))
    ]


def _positions(body: bytes) -> list[PositionLine]:
    return [_position(raw) for raw in _several("positions", PositionWire, _data("positions", body))]


def _position(raw: PositionWire) -> PositionLine:
    return PositionLine(
        symbol=raw.trading_symbol or raw.tradingsymbol or "",
        exchange=raw.exchange,
        token=raw.instrument_token or "",
        product=_product(raw.product, raw.instrument_token or "", raw.exchange),
        quantity=raw.quantity,
        average=raw.average_price if raw.quantity else None,
        last=raw.last_price,
        close=_some(raw.close_price),
        realised=raw.realised,
        unrealised=raw.unrealised,
        multiplier=raw.multiplier or D(1),
        overnight=raw.overnight_quantity,
        buy_quantity=_plus(raw.day_buy_quantity, raw.overnight_buy_quantity),
        buy_value=raw.buy_value,
        sell_quantity=_plus(raw.day_sell_quantity, raw.overnight_sell_quantity),
        sell_value=raw.sell_value,
        currency="INR",
    )


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None and other is None else (one or D(0)) + (other or D(0))


def _holdings(body: bytes) -> list[HoldingLine]:
    return [
        HoldingLine(
            symbol=raw.trading_symbol or raw.tradingsymbol or "",
            exchange=raw.exchange,
            token=raw.instrument_token or "",
            isin=raw.isin or "",
            quantity=raw.quantity,
            unsettled=raw.t1_quantity,
            pledged=raw.collateral_quantity,
            used=raw.cnc_used_quantity,
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
    parts: dict[str, msgspec.Raw] = _reader("funds", dict[str, msgspec.Raw])(data)
    if "available_to_trade" in parts:
        return [_funds_v3(_reader("funds", AvailableWire)(bytes(parts["available_to_trade"])))]
    if "available_margin" in parts:
        parts = {"all": msgspec.Raw(data)}
    found = []
    for name, raw in parts.items():
        one: SegmentWire = _reader("funds", SegmentWire)(bytes(raw))
        found.append(
            FundsLine(
                segment=name,
                available=one.available_margin,
                used=one.used_margin,
                cash=one.notional_cash,
                currency="INR",
            )
        )
    return found


def _funds_v3(raw: AvailableWire) -> FundsLine:
    cash, pledge = raw.cash_available_to_trade, raw.pledge_available_to_trade or PledgeWire()
    used = _plus(
        cash.margin_used.total if cash.margin_used else None, pledge.margin_used.total if pledge.margin_used else None
    )
    loss = cash.margin_used.loss if cash.margin_used and cash.margin_used.loss else LossWire()
    return FundsLine(
        segment="all",
        available=raw.total if raw.total is not None else _plus(cash.total, pledge.total),
        used=used,
        cash=cash.total,
        collateral=pledge.margin_from_pledge.total if pledge.margin_from_pledge else None,
        realised=-loss.realised if loss.realised else loss.realised,
        unrealised=-loss.unrealised if loss.unrealised else loss.unrealised,
        currency="INR",
    )


def _margin(body: bytes) -> list[MarginLine]:
    """First the whole with hedge benefit, then each order's own where several were asked for."""
    found: MarginWire = _reader("margin", MarginWire)(_data("margin", body))
    whole = MarginLine(
        total=found.final_margin if found.final_margin is not None else found.required_margin,
        initial=found.required_margin,
    )
    parts = [
        MarginLine(
            total=need.total_margin,
            span=need.span_margin,
            exposure=need.exposure_margin,
            premium=need.net_buy_premium,
        )
        for need in found.margins
        if need.total_margin is not None
    ]
    return [whole, *parts] if len(parts) > 1 else [whole]


def _quotes(call: str) -> Callable[[bytes], list[QuoteLine]]:
    def parse(body: bytes) -> list[QuoteLine]:
        found: dict[str, QuoteWire] = _reader(call, dict[str, QuoteWire])(_data(call, body))
        return [_quote(call, name, raw) for name, raw in found.items()]

    return parse


def _quote(call: str, name: str, raw: QuoteWire) -> QuoteLine:
    exchange, _, symbol = name.partition(":")
    path = f"$.data.{name}"
    ohlc, depth = raw.ohlc or raw.live_ohlc or OhlcWire(), raw.depth or DepthWire()
    bids, asks = _levels(depth.buy), _levels(depth.sell)
    before = raw.cp if raw.cp is not None else raw.prev_ohlc.close if raw.prev_ohlc else None
    if before is None and raw.ohlc is not None:
        before = raw.ohlc.close
    return QuoteLine(
        symbol=raw.symbol or symbol,
        exchange=exchange,
        token=raw.instrument_token,
        last=_some(raw.last_price),
        last_quantity=raw.ltq,
        average=_some(raw.average_price),
        bid=bids[0].price if bids else None,
        bid_quantity=bids[0].quantity if bids else None,
        ask=asks[0].price if asks else None,
        ask_quantity=asks[0].quantity if asks else None,
        open=_some(ohlc.open),
        high=_some(ohlc.high),
        low=_some(ohlc.low),
        close=_some(before),
        volume=raw.volume if raw.volume is not None else ohlc.volume,
        oi=raw.oi,
        oi_high=raw.oi_day_high,
        oi_low=raw.oi_day_low,
        total_bid=raw.total_buy_quantity,
        total_ask=raw.total_sell_quantity,
        lower=raw.lower_circuit_limit,
        upper=raw.upper_circuit_limit,
        bids=bids,
        asks=asks,
        traded_at=epoch_text(BROKER, call, f"{path}.last_trade_time", raw.last_trade_time, "ms"),
        at=_time(call, f"{path}.timestamp", raw.timestamp),
    )


def _levels(raw: list[LevelWire]) -> tuple[DepthLevel, ...]:
    return tuple(DepthLevel(price=x.price, quantity=x.quantity, orders=x.orders) for x in raw if x.quantity or x.price)


def _history(body: bytes) -> list[BarLine]:
    """Oldest first; Upstox sends the newest first."""
    found: CandlesWire = _reader("history", CandlesWire)(_data("history", body))
    bars = []
    for i, raw in enumerate(found.candles):
        start = wall(BROKER, "history", f"$.data.candles[{i}][0]", raw.at)
        if start is None:
            refuse(BROKER, "history", f"$.data.candles[{i}][0]", "expected a time, got nothing")
        bars.append(
            BarLine(
                start=start, open=raw.open, high=raw.high, low=raw.low, close=raw.close, volume=raw.volume, oi=raw.oi
            )
        )
    bars.sort(key=lambda bar: bar.start)
    return bars


def _chain(body: bytes) -> list[ChainLine]:
    found = []
    for i, raw in enumerate(_several("option_chain", StrikeWire, _data("option_chain", body))):
        found.append(
            ChainLine(
                underlying=raw.underlying_key,
                expiry=_day("option_chain", f"$.data[{i}].expiry", raw.expiry),
                strike=raw.strike_price,
                spot=_some(raw.underlying_spot_price),
                call=_side(raw.call_options),
                put=_side(raw.put_options),
            )
        )
    return found


def _day(call: str, path: str, raw: str | None) -> date | None:
    if not raw:
        return None
    try:
        return date.fromisoformat(raw[:10])
    except ValueError:
        refuse(BROKER, call, path, f"expected a date, got {raw[:24]!r}")


def _side(raw: ChainSideWire | None) -> ChainSide | None:
    if raw is None:
        return None
    market, greeks = raw.market_data, raw.option_greeks
    return ChainSide(
        symbol=raw.instrument_key,
        token=raw.instrument_key,
        last=_some(market.ltp),
        bid=_some(market.bid_price),
        bid_quantity=market.bid_qty,
        ask=_some(market.ask_price),
        ask_quantity=market.ask_qty,
        close=_some(market.close_price),
        volume=market.volume,
        oi=market.oi,
        oi_before=market.prev_oi,
        iv=greeks.iv,
        delta=greeks.delta,
        gamma=greeks.gamma,
        theta=greeks.theta,
        vega=greeks.vega,
    )


def _gtt(body: bytes) -> list[GttLine]:
    data = _data("gtt", body)
    if b'"gtt_order_ids"' in data:
        ids: GttIdsWire = _reader("gtt", GttIdsWire)(data)
        return [GttLine(id=i) for i in ids.gtt_order_ids]
    return [_gtt_line(i, raw) for i, raw in enumerate(_several("gtt", GttWire, data))]


def _gtt_line(index: int, raw: GttWire) -> GttLine:
    path = f"$.data[{index}]"
    entry = raw.rules[0] if raw.rules else RuleWire()
    return GttLine(
        id=raw.gtt_order_id,
        state=entry.status or "",
        symbol=raw.trading_symbol or "",
        exchange=raw.exchange,
        kind="single" if raw.type == "SINGLE" else "oco" if raw.type == "MULTIPLE" else raw.type.lower(),
        triggers=tuple(rule.trigger_price for rule in raw.rules if rule.trigger_price is not None),
        orders=tuple(
            OrderLine(
                broker_id=rule.order_id or "",
                symbol=raw.trading_symbol or "",
                exchange=raw.exchange,
                token=raw.instrument_token or "",
                side=SIDES.read(rule.transaction_type or "UNKNOWN"),
                quantity=raw.quantity or D(0),
                type="UNKNOWN",
                product=_product(raw.product, raw.instrument_token or "", raw.exchange),
                validity="DAY",
                state="PENDING",
                raw_state=rule.status or "",
                reason=rule.message or "",
            )
            for rule in raw.rules
        ),
        created=epoch(BROKER, "gtt", f"{path}.created_at", raw.created_at, "us"),
        expires=epoch(BROKER, "gtt", f"{path}.expires_at", raw.expires_at, "us"),
    )


def _postback(body: bytes | str) -> list[Event]:
    said: PushedWire = _reader("postback", PushedWire)(body)
    if said.update_type == "order":
        return [OrderEvent(order=_line("postback", "$", _reader("postback", OrderWire)(body)))]
    if said.update_type == "position":
        return [PositionEvent(position=_position(_reader("postback", PositionWire)(body)))]
    return [NoticeEvent(kind="other", text=said.update_type[:80])]


_pushed = guard(BROKER, "stream", _postback)


def _stream(frame: bytes | str) -> list[Event]:
    if isinstance(frame, str) or frame.lstrip()[:1] == b"{":
        return _pushed(frame)
    return decode_feed(frame)


def decode_orders(frame: bytes | str) -> list[Event]:
    """A message of the portfolio stream: JSON text."""
    return _pushed(frame)


decode_stream = guard(BROKER, "stream", _stream, deep=False)
"""A message of the market feed (protocol buffers), or of the portfolio stream."""

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
        "instruments": lambda body: read_master(body, _data),
        "option_chain": _chain,
        "gtt": _gtt,
        "postback": _postback,
        "error": _error,
    }.items()
}
