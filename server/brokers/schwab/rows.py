"""Schwab's orders, executions, positions and refusals -> lines. Pure.

Executions have no number of their own: one is named by its order, moment, leg, quantity and price, and by how many
before it in the same order look the same.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Vocabulary
from server.brokers.schwab.wire import ErrorBody, Leg, OrderBody, PositionBody
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

__all__ = ("BROKER", "TYPES", "VALIDITIES", "executions", "flatten", "order", "place", "plain", "position", "refusal")

BROKER = "schwab"
SIDES: Vocabulary[LineSide] = Vocabulary(
    BROKER,
    "instruction",
    {
        "BUY": "BUY",
        "SELL": "SELL",
        "BUY_TO_COVER": "BUY",
        "SELL_SHORT": "SELL",
        "BUY_TO_OPEN": "BUY",
        "BUY_TO_CLOSE": "BUY",
        "SELL_TO_OPEN": "SELL",
        "SELL_TO_CLOSE": "SELL",
        "SELL_SHORT_EXEMPT": "SELL",
        "EXCHANGE": "UNKNOWN",
    },
)
TYPES: Vocabulary[LineType] = Vocabulary(
    BROKER,
    "orderType",
    {
        "MARKET": "MARKET",
        "LIMIT": "LIMIT",
        "STOP_LIMIT": "SL",
        "STOP": "SL-M",
        "MARKET_ON_CLOSE": "MARKET",
        "LIMIT_ON_CLOSE": "LIMIT",
        "NET_DEBIT": "LIMIT",
        "NET_CREDIT": "LIMIT",
        "NET_ZERO": "LIMIT",
        "TRAILING_STOP": "UNKNOWN",
        "TRAILING_STOP_LIMIT": "UNKNOWN",
        "CABINET": "UNKNOWN",
        "NON_MARKETABLE": "UNKNOWN",
        "EXERCISE": "UNKNOWN",
        "UNKNOWN": "UNKNOWN",
        "": "UNKNOWN",
    },
)
VALIDITIES: Vocabulary[LineValidity] = Vocabulary(
    BROKER,
    "duration",
    {
        "DAY": "DAY",
        "GOOD_TILL_CANCEL": "GTC",
        "FILL_OR_KILL": "FOK",
        "IMMEDIATE_OR_CANCEL": "IOC",
        "END_OF_WEEK": "GTD",
        "END_OF_MONTH": "GTD",
        "NEXT_END_OF_MONTH": "GTD",
        "UNKNOWN": "UNKNOWN",
        "": "UNKNOWN",
    },
)
_PENDING = (
    "NEW",
    "ACCEPTED",
    "PENDING_ACTIVATION",
    "QUEUED",
    "AWAITING_MANUAL_REVIEW",
    "AWAITING_RELEASE_TIME",
    "PENDING_ACKNOWLEDGEMENT",
)
_WAITING = ("AWAITING_STOP_CONDITION", "AWAITING_CONDITION", "AWAITING_PARENT_ORDER")
_WORKING = ("WORKING", "PENDING_CANCEL", "PENDING_REPLACE", "PENDING_RECALL", "AWAITING_UR_OUT")
_STATES: dict[str, LineState] = {
    **dict.fromkeys(_PENDING, "PENDING"),
    **dict.fromkeys(_WAITING, "TRIGGER_PENDING"),
    **dict.fromkeys(_WORKING, "OPEN"),
    "FILLED": "FILLED",
    "CANCELED": "CANCELLED",
    "REPLACED": "CANCELLED",
    "REJECTED": "REJECTED",
    "EXPIRED": "EXPIRED",
    "UNKNOWN": "UNKNOWN",
}
STATES: Vocabulary[LineState] = Vocabulary(BROKER, "status", _STATES)
_BY_STATUS: dict[str, RefusalKind] = {
    "400": "input",
    "401": "auth",
    "403": "permission",
    "404": "not_found",
    "429": "rate",
}
_REASONS: tuple[tuple[str, RefusalKind], ...] = (
    ("bearer", "auth"),
    ("token", "auth"),
    ("not authorized", "auth"),
    ("invalid_grant", "auth"),
    ("invalid_client", "auth"),
    ("timeout", "network"),
    ("service unavailable", "network"),
    ("internal server error", "network"),
    ("too many", "rate"),
    ("not found", "not_found"),
    ("insufficient", "funds"),
    ("buying power", "funds"),
)
_ZERO = Decimal(0)
_SHARES = ("EQUITY", "ETF", "COLLECTIVE_INVESTMENT")


def place(kind: str) -> str:
    """The word under which an instrument is listed: positions call a fund COLLECTIVE_INVESTMENT, its orders EQUITY."""
    return "EQUITY" if kind in _SHARES else kind


def plain(raw: object) -> object:
    """A number whose absence was written as the text NaN, or as -999 where it cannot be below zero."""
    return None if raw in ("NaN", "-999.0", "N/A") else raw


def flatten(bodies: tuple[OrderBody, ...], parent: str = "", depth: int = 0) -> Iterator[tuple[OrderBody, str]]:
    """Orders with their children, each beside its parent's number."""
    for body in bodies:
        yield body, parent
        if body.childOrderStrategies and depth < 4:
            yield from flatten(body.childOrderStrategies, str(body.orderId), depth + 1)


def order(fields: Fields, path: str, body: OrderBody, parent: str = "") -> OrderLine:
    """An order; a spread is named by its first leg."""
    kind, leg = TYPES.read(body.orderType), _first(body)
    filled = fields.number(f"{path}.filledQuantity", body.filledQuantity) or _ZERO
    size = fields.need(f"{path}.quantity", body.quantity)
    state = STATES.read(body.status)
    if state == "OPEN" and filled > 0:
        state = "PARTIAL"
    live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL")
    entered = fields.moment(f"{path}.enteredTime", body.enteredTime)
    done = [(trade.price, trade.quantity) for trade in executions(fields, path, body)]
    traded = sum((quantity for _, quantity in done), _ZERO)
    paid = sum((price * quantity for price, quantity in done), _ZERO)
    return OrderLine(
        broker_id=str(body.orderId),
        parent_id=parent,
        symbol=leg.instrument.symbol if leg else "",
        exchange=place(leg.instrument.assetType) if leg else "",
        side=SIDES.read(leg.instruction) if leg else "UNKNOWN",
        quantity=size,
        filled=filled,
        pending=size - filled if live else None,
        price=None if kind in ("MARKET", "SL-M") else fields.number(f"{path}.price", body.price),
        trigger=fields.price(f"{path}.stopPrice", body.stopPrice),
        average=paid / traded if traded else None,
        type=kind,
        product="NONE",
        validity=VALIDITIES.read(body.duration),
        variety=body.orderStrategyType,
        state=state,
        raw_state=body.status,
        reason=body.statusDescription,
        placed=entered,
        updated=fields.moment(f"{path}.closeTime", body.closeTime) or entered,
        tags=(body.tag,) if body.tag else (),
    )


def _first(body: OrderBody) -> Leg | None:
    return body.orderLegCollection[0] if body.orderLegCollection else None


def executions(fields: Fields, path: str, body: OrderBody) -> list[TradeLine]:
    """The executions an order tells of."""
    legs = {leg.legId: leg for leg in body.orderLegCollection}
    seen: Counter[str] = Counter()
    lines = []
    for n, activity in enumerate(body.orderActivityCollection):
        if activity.activityType not in ("EXECUTION", ""):
            continue
        for m, row in enumerate(activity.executionLegs):
            where = f"{path}.orderActivityCollection[{n}].executionLegs[{m}]"
            size, price = fields.need(f"{where}.quantity", row.quantity), fields.need(f"{where}.price", row.price)
            leg = legs.get(row.legId) or _first(body)
            name = f"{body.orderId}:{row.time}:{row.legId or 1}:{size.normalize():f}@{price.normalize():f}"
            seen[name] += 1
            lines.append(
                TradeLine(
                    execution=f"{name}#{seen[name]}",
                    broker_id=str(body.orderId),
                    symbol=leg.instrument.symbol if leg else "",
                    exchange=place(leg.instrument.assetType) if leg else "",
                    side=SIDES.read(leg.instruction) if leg else "UNKNOWN",
                    quantity=size,
                    price=price,
                    product="NONE",
                    at=fields.moment(f"{where}.time", row.time),
                )
            )
    return lines


def position(fields: Fields, path: str, body: PositionBody) -> PositionLine:
    """A position: long less short."""
    long = fields.number(f"{path}.longQuantity", body.longQuantity) or _ZERO
    short = fields.number(f"{path}.shortQuantity", body.shortQuantity) or _ZERO
    profit = body.longOpenProfitLoss if long else body.shortOpenProfitLoss
    return PositionLine(
        symbol=body.instrument.symbol,
        exchange=place(body.instrument.assetType),
        token=body.instrument.cusip,
        product="NONE",
        quantity=long - short,
        average=fields.number(f"{path}.averagePrice", body.averagePrice),
        unrealised=fields.number(f"{path}.longOpenProfitLoss", profit),
        multiplier=Decimal(100) if body.instrument.assetType == "OPTION" else Decimal(1),
        currency="USD",
    )


def refusal(body: ErrorBody) -> Refusal:
    """A refusal in any of the three shapes."""
    first = body.errors[0] if body.errors else ""
    code, detail = body.error, body.error_description
    if not isinstance(first, str):
        code, detail = str(first.status or ""), first.detail or first.title
    message = body.message or detail or (first if isinstance(first, str) else "") or code
    text = " ".join((message, code, first if isinstance(first, str) else "")).lower()
    kind = next((kind for part, kind in _REASONS if part in text), None)
    if code in _BY_STATUS:
        kind = _BY_STATUS[code]
    elif code.startswith("5") and code.isdigit():
        kind = "network"
    found: RefusalKind = kind or ("order" if body.message else "other")
    return Refusal(kind=found, code=code, message=message, fate_unknown=found == "network")
