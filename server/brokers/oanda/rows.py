"""OANDA's orders, transactions and positions -> lines. Pure.

Units carry the side in their sign. An order has no partial state: what filled stands in ORDER_FILL transactions.
"""

from datetime import datetime
from decimal import Decimal

from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Vocabulary
from server.brokers.oanda.wire import OrderBody, PositionBody, Transaction
from server.domain.brokerage import (
    LineSide,
    LineState,
    LineType,
    LineValidity,
    OrderLine,
    PositionLine,
    Refusal,
    RefusalKind,
    TradeLine,
)

__all__ = ("BROKER", "TYPES", "VALIDITIES", "fill", "line_of", "order", "positions", "refusal")

BROKER = "oanda"
TYPES: Vocabulary[LineType] = Vocabulary(
    BROKER,
    "type",
    {
        "MARKET": "MARKET",
        "LIMIT": "LIMIT",
        "STOP": "SL-M",
        "STOP_LOSS": "SL-M",
        "GUARANTEED_STOP_LOSS": "SL-M",
        "MARKET_IF_TOUCHED": "UNKNOWN",
        "TAKE_PROFIT": "UNKNOWN",
        "TRAILING_STOP_LOSS": "UNKNOWN",
        "FIXED_PRICE": "UNKNOWN",
    },
)
VALIDITIES: Vocabulary[LineValidity] = Vocabulary(
    BROKER, "timeInForce", {"GFD": "DAY", "GTC": "GTC", "GTD": "GTD", "FOK": "FOK", "IOC": "IOC"}
)
STATES: Vocabulary[LineState] = Vocabulary(
    BROKER, "state", {"PENDING": "OPEN", "FILLED": "FILLED", "TRIGGERED": "OPEN", "CANCELLED": "CANCELLED"}
)
_WAITING = ("STOP", "STOP_LOSS", "GUARANTEED_STOP_LOSS", "MARKET_IF_TOUCHED", "TRAILING_STOP_LOSS", "TAKE_PROFIT")
_REASONS: tuple[tuple[str, RefusalKind], ...] = (
    ("INSUFFICIENT_MARGIN", "funds"),
    ("INSUFFICIENT_FUNDS", "funds"),
    ("CLIENT_ORDER_ID_ALREADY_EXISTS", "duplicate"),
    ("CLIENT_TRADE_ID_ALREADY_EXISTS", "duplicate"),
    ("DOESNT_EXIST", "not_found"),
    ("NO_SUCH", "not_found"),
    ("NOT_FOUND", "not_found"),
    ("INTERNAL", "network"),
    ("TIMEOUT", "network"),
    ("LOCKED", "permission"),
    ("DISABLED", "permission"),
    ("NOT_ALLOWED", "permission"),
    ("NOT_TRADEABLE", "order"),
    ("HALTED", "order"),
    ("AUTHORIZATION", "auth"),
    ("RATE LIMIT", "rate"),
    ("INVALID", "input"),
    ("MISSING", "input"),
    ("PRECISION", "input"),
)
_ZERO = Decimal(0)


def side_of(units: Decimal) -> LineSide:
    """The side a signed number of units says."""
    return "BUY" if units > 0 else "SELL" if units < 0 else "UNKNOWN"


def order(fields: Fields, path: str, body: OrderBody) -> OrderLine:
    """An order of the book."""
    units = fields.number(f"{path}.units", body.units)
    if units is None:
        if not body.tradeID:
            fields.fail(f"{path}.units", "expected units, got nothing")
        units = _ZERO
    state = STATES.read(body.state)
    if state == "OPEN" and body.type in _WAITING and body.state == "PENDING":
        state = "TRIGGER_PENDING"
    created = fields.moment(f"{path}.createTime", body.createTime)
    closed = fields.moment(f"{path}.filledTime", body.filledTime or body.cancelledTime)
    return _line(
        fields,
        path,
        body,
        broker_id=body.id,
        word=body.type,
        units=units,
        state=state,
        raw_state=body.state,
        created=created,
        updated=closed or created,
    )


def line_of(fields: Fields, path: str, row: Transaction, state: LineState) -> OrderLine:
    """The order that a creating transaction (`LIMIT_ORDER` ...) describes; any other gives a hint to read the book."""
    at = fields.moment(f"{path}.time", row.time)
    units = fields.number(f"{path}.units", row.units) or _ZERO
    creates = row.type.endswith("_ORDER")
    return _line(
        fields,
        path,
        row,
        broker_id=row.id if creates else row.orderID,
        word=row.type.removesuffix("_ORDER") if creates else "",
        units=units,
        state=state,
        raw_state=row.type,
        created=at if creates else None,
        updated=at,
        reason=row.rejectReason or row.reason,
        hint=not creates,
    )


def _line(
    fields: Fields,
    path: str,
    body: OrderBody | Transaction,
    *,
    broker_id: str,
    word: str,
    units: Decimal,
    state: LineState,
    raw_state: str,
    created: datetime | None,
    updated: datetime | None,
    reason: str = "",
    hint: bool = False,
) -> OrderLine:
    kind = TYPES.read(word) if word else "UNKNOWN"
    price = fields.number(f"{path}.price", body.price)
    bound = fields.number(f"{path}.priceBound", body.priceBound)
    waits = word in _WAITING
    if word == "STOP" and bound is not None:
        kind = "SL"
    size = abs(units)
    own = body.clientExtensions.id if body.clientExtensions else ""
    return OrderLine(
        broker_id=broker_id,
        client_id=own or (body.clientOrderID if isinstance(body, Transaction) else ""),
        parent_id=body.replacesOrderID or body.tradeID,
        symbol=body.instrument,
        token=body.instrument,
        side=side_of(units),
        quantity=size,
        filled=size if state == "FILLED" else _ZERO,
        pending=size if state in ("OPEN", "TRIGGER_PENDING") else None,
        price=bound if waits else None if kind == "MARKET" or hint else price,
        trigger=price if waits else None,
        type=kind,
        product="NONE",
        validity=VALIDITIES.read(body.timeInForce) if body.timeInForce else "UNKNOWN",
        variety=word,
        state=state,
        raw_state=raw_state,
        reason=reason,
        placed=created,
        updated=updated,
        fetch_again=hint,
    )


def fill(fields: Fields, path: str, row: Transaction) -> TradeLine:
    """An ORDER_FILL."""
    units = fields.need(f"{path}.units", row.units)
    return TradeLine(
        execution=fields.text(f"{path}.id", row.id),
        broker_id=row.orderID,
        client_id=row.clientOrderID,
        symbol=fields.text(f"{path}.instrument", row.instrument),
        token=row.instrument,
        side=side_of(units),
        quantity=abs(units),
        price=fields.need(f"{path}.price", row.price if row.price is not None else row.fullVWAP),
        product="NONE",
        at=fields.moment(f"{path}.time", row.time),
        fee=fields.number(f"{path}.commission", row.commission),
    )


def positions(fields: Fields, path: str, body: PositionBody) -> list[PositionLine]:
    """The net position; in a hedged account, where both halves are open, one line each."""
    halves = []
    for name, half in (("long", body.long), ("short", body.short)):
        if half is None:
            continue
        units = fields.need(f"{path}.{name}.units", half.units)
        if units:
            halves.append((name, half, units))
    both = len(halves) == 2
    lines = []
    for name, half, units in halves:
        source = half if both else body
        lines.append(
            PositionLine(
                symbol=body.instrument,
                token=body.instrument,
                product="NONE",
                quantity=units,
                average=fields.number(f"{path}.{name}.averagePrice", half.averagePrice),
                realised=fields.number(f"{path}.{name}.pl", source.pl),
                unrealised=fields.number(f"{path}.{name}.unrealizedPL", source.unrealizedPL),
            )
        )
    if lines:
        return lines
    return [
        PositionLine(
            symbol=body.instrument,
            token=body.instrument,
            product="NONE",
            quantity=_ZERO,
            realised=fields.number(f"{path}.pl", body.pl),
            unrealised=fields.number(f"{path}.unrealizedPL", body.unrealizedPL),
        )
    ]


def refusal(code: str, message: str) -> Refusal:
    """A refusal or a kill by its reason word, else by the message."""
    text = (code or message).upper()
    kind = next((kind for part, kind in _REASONS if part in text), "order" if code else "other")
    said = message or code.replace("_", " ").capitalize()
    return Refusal(kind=kind, code=code, message=said, fate_unknown=kind == "network")
