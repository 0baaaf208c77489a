"""Alpaca's orders, executions and positions -> lines. Pure."""

from decimal import Decimal

import msgspec

from server.brokers.alpaca.wire import Activity, ErrorBody, OrderBody, PositionBody, TradeUpdate
from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Vocabulary
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

__all__ = (
    "CONTRACT_SIZE",
    "TYPES",
    "VALIDITIES",
    "convert_body",
    "fill",
    "order",
    "position",
    "pushed_trade",
    "refusal",
)

BROKER = "alpaca"
CONTRACT_SIZE = Decimal(100)
"""Shares behind an option, unless its contract says otherwise."""
SIDES: Vocabulary[LineSide] = Vocabulary(
    BROKER, "side", {"buy": "BUY", "sell": "SELL", "sell_short": "SELL", "": "UNKNOWN"}
)
TYPES: Vocabulary[LineType] = Vocabulary(
    BROKER,
    "type",
    {"market": "MARKET", "limit": "LIMIT", "stop_limit": "SL", "stop": "SL-M", "trailing_stop": "UNKNOWN"},
)
VALIDITIES: Vocabulary[LineValidity] = Vocabulary(
    BROKER,
    "time_in_force",
    {"day": "DAY", "gtc": "GTC", "ioc": "IOC", "fok": "FOK", "opg": "OPG", "cls": "CLS", "gtd": "GTD"},
)
STATES: Vocabulary[LineState] = Vocabulary(
    BROKER,
    "status",
    {
        "pending_new": "PENDING",
        "accepted": "PENDING",
        "pending_review": "PENDING",
        "accepted_for_bidding": "PENDING",
        "new": "OPEN",
        "held": "OPEN",
        "partially_filled": "PARTIAL",
        "filled": "FILLED",
        "calculated": "FILLED",
        "pending_cancel": "OPEN",
        "pending_replace": "OPEN",
        "done_for_day": "OPEN",
        "stopped": "OPEN",
        "suspended": "OPEN",
        "canceled": "CANCELLED",
        "replaced": "CANCELLED",
        "rejected": "REJECTED",
        "expired": "EXPIRED",
    },
)
_BY_STATUS: dict[int, RefusalKind] = {
    400: "input",
    401: "auth",
    403: "permission",
    404: "not_found",
    422: "order",
    429: "rate",
}
_ZERO = Decimal(0)


def order(fields: Fields, path: str, body: OrderBody, parent: str = "") -> OrderLine:
    """An order. One for an amount of money has no quantity: what is filled stands for it."""
    kind = TYPES.read(body.type or body.order_type or "")
    filled = fields.number(f"{path}.filled_qty", body.filled_qty) or _ZERO
    size = fields.number(f"{path}.qty", body.qty)
    if size is None:
        if fields.number(f"{path}.notional", body.notional) is None:
            fields.fail(f"{path}.qty", "expected a quantity or an amount, got neither")
        size = filled
    state = STATES.read(body.status)
    if state == "OPEN" and _ZERO < filled < size:
        state = "PARTIAL"
    elif body.status == "new" and kind in ("SL", "SL-M"):
        state = "TRIGGER_PENDING"
    live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL")
    return OrderLine(
        broker_id=body.id,
        client_id=body.client_order_id or "",
        parent_id=parent or body.replaces or "",
        symbol=body.symbol or "",
        token=body.asset_id or "",
        side=SIDES.read(body.side or ""),
        quantity=size,
        filled=filled,
        pending=size - filled if live else None,
        price=fields.number(f"{path}.limit_price", body.limit_price),
        trigger=fields.number(f"{path}.stop_price", body.stop_price),
        average=fields.price(f"{path}.filled_avg_price", body.filled_avg_price),
        type=kind,
        product="NONE",
        validity=VALIDITIES.read(body.time_in_force) if body.time_in_force else "UNKNOWN",
        variety=body.order_class or "",
        state=state,
        raw_state=body.status,
        placed=fields.moment(f"{path}.submitted_at", body.submitted_at or body.created_at),
        updated=fields.moment(f"{path}.updated_at", body.updated_at),
        tags=(*(("notional",) if body.qty is None else ()), *(("replaces",) if body.replaces and not parent else ())),
        fetch_again=body.status == "replaced",
    )


def fill(fields: Fields, path: str, row: Activity) -> TradeLine:
    """A FILL activity. `exchange_id` holds the order's filled total after it, which the stream tells as well: both
    name the same execution by order and total, though their ids differ."""
    total = fields.number(f"{path}.cum_qty", row.cum_qty)
    return TradeLine(
        execution=row.id,
        broker_id=row.order_id,
        exchange_id=format(total.normalize(), "f") if total is not None else "",
        symbol=row.symbol,
        side=SIDES.read(row.side),
        quantity=fields.need(f"{path}.qty", row.qty),
        price=fields.need(f"{path}.price", row.price),
        product="NONE",
        at=fields.moment(f"{path}.transaction_time", row.transaction_time),
    )


def pushed_trade(fields: Fields, path: str, data: TradeUpdate) -> TradeLine | None:
    """The execution that a `fill` or `partial_fill` update tells of."""
    if data.event not in ("fill", "partial_fill"):
        return None
    total = fields.number(f"{path}.order.filled_qty", data.order.filled_qty)
    after = format(total.normalize(), "f") if total is not None else ""
    return TradeLine(
        execution=data.execution_id or f"{data.order.id}:{after}",
        broker_id=data.order.id,
        exchange_id=after,
        client_id=data.order.client_order_id or "",
        symbol=data.order.symbol or "",
        token=data.order.asset_id or "",
        side=SIDES.read(data.order.side or ""),
        quantity=fields.need(f"{path}.qty", data.qty),
        price=fields.need(f"{path}.price", data.price),
        product="NONE",
        at=fields.moment(f"{path}.timestamp", data.timestamp),
    )


def position(fields: Fields, path: str, body: PositionBody) -> PositionLine:
    """A position; Alpaca writes the side beside the quantity."""
    size = fields.need(f"{path}.qty", body.qty)
    return PositionLine(
        symbol=body.symbol,
        exchange=body.exchange,
        token=body.asset_id,
        product="NONE",
        quantity=-abs(size) if body.side == "short" else size,
        average=fields.number(f"{path}.avg_entry_price", body.avg_entry_price),
        last=fields.number(f"{path}.current_price", body.current_price),
        close=fields.number(f"{path}.lastday_price", body.lastday_price),
        unrealised=fields.number(f"{path}.unrealized_pl", body.unrealized_pl),
        multiplier=CONTRACT_SIZE if body.asset_class == "us_option" else Decimal(1),
        currency="USD",
    )


def refusal(body: ErrorBody, status: int = 0) -> Refusal:
    """A refusal by its code (whose first three digits are the HTTP status) and words."""
    code = str(body.code) if body.code is not None else ""
    status = int(code[:3]) if len(code) == 8 and code.isdigit() else status
    text = body.message.lower()
    kind: RefusalKind = _BY_STATUS.get(status, "other")
    if "client_order_id" in text and "unique" in text:
        kind = "duplicate"
    elif "insufficient" in text:
        kind = "funds"
    elif "request is not authorized" in text or "unauthorized" in text or text.strip(". ") == "forbidden":
        kind = "auth"
    elif "too many requests" in text or "rate limit" in text:
        kind = "rate"
    elif "not found" in text:
        kind = "not_found"
    elif status == 422 and any(word in text for word in ("invalid", "required", "must ", "malformed")):
        kind = "input"
    elif status >= 500 or "timeout" in text or "timed out" in text or "internal server error" in text:
        kind = "network"
    return Refusal(kind=kind, code=code, message=body.message, fate_unknown=kind == "network")


def convert_body(raw: object) -> OrderBody | ErrorBody | None:
    """The body of a multi-status part: an order, a refusal, or nothing of use."""
    kinds: tuple[type[OrderBody] | type[ErrorBody], ...] = (OrderBody, ErrorBody)
    for kind in kinds:
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError:
            continue
    return None
