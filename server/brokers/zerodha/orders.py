"""Kite's orders, executions, positions and triggers -> lines. Pure.

A trigger or average of 0 means none. Pending quantity is computed: Kite leaves it standing on cancelled orders.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.kit.reading import Vocabulary
from server.brokers.zerodha.reading import BROKER, ERROR, carried, moment, nonzero, read_as, reader_of, several
from server.brokers.zerodha.wire import (
    ChildWire,
    GttLegWire,
    GttReceiptWire,
    GttWire,
    OrderWire,
    PlacedWire,
    PositionsWire,
    PositionWire,
    TradeWire,
)
from server.domain.brokerage import (
    GttLine,
    LineProduct,
    LineSide,
    LineState,
    LineType,
    LineValidity,
    OrderLine,
    PositionLine,
    Receipt,
    ReceiptPart,
    Refusal,
    RefusalKind,
    TradeLine,
)

__all__ = ("error", "gtt", "order_book", "order_line", "positions", "receipt", "trades")

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


def receipt(call: str) -> Callable[[bytes], Receipt]:
    """The parser of an answer to a new, changed or cancelled order."""

    def parse(body: bytes) -> Receipt:
        found: PlacedWire = read_as(call, PlacedWire, body)
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


def error(body: bytes) -> Refusal:
    """A refusal."""
    said = ERROR(body)
    if said.status != "error":
        ERROR.fail("$.status", f"expected error, got {said.status[:24]!r}")
    return _refusal(said.error_type, said.message)


def order_line(call: str, path: str, raw: OrderWire) -> OrderLine:
    """An order, or a state of it."""
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
        price=nonzero(raw.price),
        trigger=nonzero(raw.trigger_price),
        average=raw.average_price if filled else None,
        disclosed=nonzero(raw.disclosed_quantity),
        type=kind,
        product=PRODUCTS.read(raw.product),
        validity=VALIDITIES.read(raw.validity),
        variety=raw.variety or "",
        state=state,
        raw_state=raw.status,
        reason=raw.status_message or raw.status_message_raw or "",
        placed=moment(call, f"{path}.order_timestamp", raw.order_timestamp),
        updated=moment(
            call, f"{path}.exchange_update_timestamp", raw.exchange_update_timestamp or raw.exchange_timestamp
        )
        or moment(call, f"{path}.order_timestamp", raw.order_timestamp),
        tags=tags,
        fetch_again=raw.status == "UPDATE",
    )


def order_book(call: str) -> Callable[[bytes], list[OrderLine]]:
    """The parser of the order book, or of one order's states."""

    def parse(body: bytes) -> list[OrderLine]:
        data = carried(call, body)
        found: list[OrderWire] = several(call, OrderWire, data)
        return [order_line(call, f"$.data[{i}]", raw) for i, raw in enumerate(found)]

    return parse


def trades(body: bytes) -> list[TradeLine]:
    """Executions."""
    found = several("trades", TradeWire, carried("trades", body))
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
            at=moment("trades", f"$.data[{i}].fill_timestamp", raw.fill_timestamp or raw.exchange_timestamp),
        )
        for i, raw in enumerate(found)
    ]


def positions(body: bytes) -> list[PositionLine]:
    """Positions, net and of the day."""
    found: PositionsWire = read_as("positions", PositionsWire, body)
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
        close=nonzero(raw.close_price),
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


def gtt(body: bytes) -> list[GttLine]:
    """Standing triggers, or the id of a new one."""
    data = carried("gtt", body)
    if data.lstrip()[:1] == b"{" and "trigger_id" in reader_of("gtt", dict[str, msgspec.Raw])(data):
        receipt: GttReceiptWire = reader_of("gtt", GttReceiptWire)(data)
        return [GttLine(id=str(receipt.trigger_id))]
    return [_gtt_line(i, raw) for i, raw in enumerate(several("gtt", GttWire, data))]


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
        created=moment("gtt", f"{path}.created_at", raw.created_at),
        updated=moment("gtt", f"{path}.updated_at", raw.updated_at),
        expires=moment("gtt", f"{path}.expires_at", raw.expires_at),
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
        price=nonzero(raw.price),
        type=TYPES.read(raw.order_type),
        product=PRODUCTS.read(raw.product),
        validity="DAY",
        state="REJECTED" if failed else "PENDING",
        raw_state=outcome.status if outcome else "",
        reason=(outcome.rejection_reason or "") if outcome else "",
    )
