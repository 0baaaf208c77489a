"""Upstox's orders, executions, positions and triggers -> lines. Pure.

D is delivery for shares and carry-forward for derivatives. Errors come in two spellings.
"""

from collections.abc import Callable
from decimal import Decimal

from server.brokers.kit.moments import epoch
from server.brokers.kit.reading import Vocabulary, refuse
from server.brokers.upstox.reading import BROKER, carried, moment, nonzero, reader_of, several
from server.brokers.upstox.wire import (
    EnvelopeWire,
    ErrorWire,
    GttIdsWire,
    GttWire,
    OrderWire,
    PlacedWire,
    PositionWire,
    ProblemWire,
    RuleWire,
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

__all__ = ("error", "gtt", "order_book", "order_line", "plus", "position_line", "positions", "receipt", "trades")

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


def _product(raw: str, token: str, exchange: str) -> LineProduct:
    """D is delivery for shares only."""
    segment = token.partition("|")[0] if "|" in token else exchange
    return "NRML" if raw == "D" and segment not in _CASH else PRODUCTS.read(raw)


def receipt(call: str) -> Callable[[bytes], Receipt]:
    """The parser of an answer to a new, changed or cancelled order."""

    def parse(body: bytes) -> Receipt:
        answer: EnvelopeWire = reader_of(call, EnvelopeWire)(body)
        if answer.status not in ("success", "partial_success"):
            carried(call, body)
        placed: list[PlacedWire] = several(call, PlacedWire, bytes(answer.data))
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


def error(body: bytes) -> Refusal:
    """A refusal."""
    said: ErrorWire = reader_of("error", ErrorWire)(body)
    if said.status != "error":
        reader_of("error", ErrorWire).fail("$.status", f"expected error, got {said.status[:24]!r}")
    if not said.errors:
        return Refusal(kind="other", code="", message=said.message or "", fate_unknown=True)
    return _refusal(said.errors[0])


def order_line(call: str, path: str, raw: OrderWire) -> OrderLine:
    """An order, or a state of it."""
    filled = raw.filled_quantity or D(0)
    state = STATES.read(raw.status.lower())
    if state == "OPEN" and 0 < filled < raw.quantity:
        state = "PARTIAL"
    live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL", "UNKNOWN")
    token = raw.instrument_token or raw.instrument_key or ""
    placed = moment(call, f"{path}.order_timestamp", raw.order_timestamp)
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
        price=nonzero(raw.price),
        trigger=nonzero(raw.trigger_price),
        average=raw.average_price if filled else None,
        disclosed=nonzero(raw.disclosed_quantity),
        type=TYPES.read(raw.order_type),
        product=_product(raw.product, token, raw.exchange),
        validity=VALIDITIES.read(raw.validity),
        variety=raw.variety or "",
        state=state,
        raw_state=raw.status,
        reason=raw.status_message or raw.status_message_raw or "",
        placed=placed,
        updated=moment(call, f"{path}.exchange_timestamp", raw.exchange_timestamp) or placed,
        tags=(raw.tag,) if raw.tag else (),
    )


def order_book(call: str) -> Callable[[bytes], list[OrderLine]]:
    """The parser of the order book, or of one order's states."""

    def parse(body: bytes) -> list[OrderLine]:
        return [
            order_line(call, f"$.data[{i}]", raw) for i, raw in enumerate(several(call, OrderWire, carried(call, body)))
        ]

    return parse


def trades(body: bytes) -> list[TradeLine]:
    """Executions."""
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
            at=moment("trades", f"$.data[{i}].exchange_timestamp", raw.exchange_timestamp or raw.order_timestamp),
        )
        for i, raw in enumerate(several("trades", TradeWire, carried("trades", body)))
    ]


def positions(body: bytes) -> list[PositionLine]:
    """Positions."""
    return [position_line(raw) for raw in several("positions", PositionWire, carried("positions", body))]


def position_line(raw: PositionWire) -> PositionLine:
    """A position."""
    return PositionLine(
        symbol=raw.trading_symbol or raw.tradingsymbol or "",
        exchange=raw.exchange,
        token=raw.instrument_token or "",
        product=_product(raw.product, raw.instrument_token or "", raw.exchange),
        quantity=raw.quantity,
        average=raw.average_price if raw.quantity else None,
        last=raw.last_price,
        close=nonzero(raw.close_price),
        realised=raw.realised,
        unrealised=raw.unrealised,
        multiplier=raw.multiplier or D(1),
        overnight=raw.overnight_quantity,
        buy_quantity=plus(raw.day_buy_quantity, raw.overnight_buy_quantity),
        buy_value=raw.buy_value,
        sell_quantity=plus(raw.day_sell_quantity, raw.overnight_sell_quantity),
        sell_value=raw.sell_value,
        currency="INR",
    )


def plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """The sum of what is known; None where neither is."""
    return None if one is None and other is None else (one or D(0)) + (other or D(0))


def gtt(body: bytes) -> list[GttLine]:
    """Standing triggers, or the ids of new ones."""
    data = carried("gtt", body)
    if b'"gtt_order_ids"' in data:
        ids: GttIdsWire = reader_of("gtt", GttIdsWire)(data)
        return [GttLine(id=i) for i in ids.gtt_order_ids]
    return [_gtt_line(i, raw) for i, raw in enumerate(several("gtt", GttWire, data))]


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
