"""FYERS' orders, executions, positions and triggers -> lines. Pure."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from server.brokers.fyers.reading import ANSWER, BROKER, Fields, Raw, accepted
from server.brokers.fyers.wire import Answer
from server.brokers.kit.moments import epoch
from server.brokers.kit.reading import Reader, Vocabulary, refuse
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

__all__ = (
    "error",
    "gtt",
    "order_book",
    "order_line",
    "position_line",
    "positions",
    "receipt",
    "refusal",
    "trade_line",
    "trades",
)

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


def refusal(code: int, message: str) -> Refusal:
    """A refusal by its code, or by its words."""
    kind = _CODES.get(code, "other")
    if kind == "order" and _FUNDS.search(message):
        kind = "funds"
    return Refusal(kind=kind, code=str(code), message=message, fate_unknown=kind not in _PROVEN)


def receipt(call: str) -> Callable[[bytes], Receipt]:
    """The parser of an answer to a new, changed or cancelled order."""

    def parse(body: bytes) -> Receipt:
        raw = Reader[Any](BROKER, call, Any)(body)
        lines = raw.get("data") if isinstance(raw, dict) else None
        if isinstance(lines, list):
            return _parts(call, raw, lines)
        answer = ANSWER(body)
        found = _order_id(answer)
        if answer.s != "ok" and not found and answer.code != 201:
            accepted(call, body)
        if answer.s != "ok" or answer.code == 201:
            return Receipt(broker_id=found, message=answer.message, refusal=refusal(answer.code, answer.message))
        if not found and call == "place":
            refuse(BROKER, call, "$.id", "expected an order id")
        return Receipt(broker_id=found, message=answer.message)

    return parse


def _order_id(answer: Answer) -> str:
    if answer.id:
        return str(answer.id)
    named = _ID.search(answer.message)
    return named[0] if named and answer.s == "ok" else ""


def _parts(call: str, raw: Raw, lines: list[Any]) -> Receipt:
    parts = []
    for i, line in enumerate(lines):
        body = Fields(call, f"$.data[{i}]", line).inner("body")
        code, message = int(body.some("code") or 0), body.text("message")
        found = body.text("id")
        if body.text("s") == "ok" and code != 201:
            parts.append(ReceiptPart(broker_id=found))
        else:
            parts.append(ReceiptPart(broker_id=found, refusal=refusal(code, message)))
    first = next((part.broker_id for part in parts if part.broker_id), "")
    return Receipt(broker_id=first, message=str(raw.get("message", "")), parts=tuple(parts))


def error(body: bytes) -> Refusal:
    """A refusal."""
    answer = ANSWER(body)
    if answer.s == "ok":
        ANSWER.fail("$.s", "expected error, got ok")
    return refusal(answer.code, answer.message)


def _tag(raw: str) -> str:
    """`1:<tag>` is the user's own; `2:Untagged` is none."""
    kind, _, tag = raw.partition(":")
    return tag if kind == "1" else "" if tag else raw


def order_line(one: Fields) -> OrderLine:
    """An order, by the documented names."""
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


def order_book(call: str) -> Callable[[bytes], list[OrderLine]]:
    """The parser of the order book."""

    def parse(body: bytes) -> list[OrderLine]:
        return [order_line(one) for one in accepted(call, body).list("orderBook")]

    return parse


def trade_line(one: Fields) -> TradeLine:
    """An execution, by the documented names."""
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


def trades(body: bytes) -> list[TradeLine]:
    """Executions."""
    return [trade_line(one) for one in accepted("trades", body).list("tradeBook")]


def position_line(one: Fields) -> PositionLine:
    """A position, by the documented names."""
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


def positions(body: bytes) -> list[PositionLine]:
    """Positions."""
    return [position_line(one) for one in accepted("positions", body).list("netPositions")]


def gtt(body: bytes) -> list[GttLine]:
    """Standing triggers, or the id of a new one."""
    found = accepted("gtt", body)
    if "orderBook" not in found.raw:
        return [GttLine(id=found.text("id", needed=True))]
    return [_gtt_line(one) for one in found.list("orderBook")]


def _gtt_line(one: Fields) -> GttLine:
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
