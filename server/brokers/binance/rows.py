"""Binance's orders, executions, positions and refusals -> lines. Pure.

Order numbers and trade numbers are unique within a symbol only; the adapter joins them with it.
"""

from decimal import Decimal

from server.brokers.binance.wire import AlgoUpdate, ErrorBody, Execution, FuturesOrder, OrderBody, Position, TradeBody
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

__all__ = ("ALGO", "BROKER", "algo", "execution", "fill_of", "fills", "order", "position", "pushed", "refusal", "trade")

BROKER = "binance"
SIDES: Vocabulary[LineSide] = Vocabulary(BROKER, "side", {"BUY": "BUY", "SELL": "SELL", "": "UNKNOWN"})
TYPES: Vocabulary[LineType] = Vocabulary(
    BROKER,
    "type",
    {
        "LIMIT": "LIMIT",
        "MARKET": "MARKET",
        "STOP_LOSS_LIMIT": "SL",
        "STOP_LOSS": "SL-M",
        "STOP": "SL",
        "STOP_MARKET": "SL-M",
        "LIMIT_MAKER": "LIMIT",
        "TAKE_PROFIT": "UNKNOWN",
        "TAKE_PROFIT_LIMIT": "UNKNOWN",
        "TAKE_PROFIT_MARKET": "UNKNOWN",
        "TRAILING_STOP_MARKET": "UNKNOWN",
        "LIQUIDATION": "UNKNOWN",
        "": "UNKNOWN",
    },
)
VALIDITIES: Vocabulary[LineValidity] = Vocabulary(
    BROKER,
    "timeInForce",
    {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "GTD": "GTD", "GTX": "GTC", "GTE_GTC": "GTC", "RPI": "GTC"},
)
STATES: Vocabulary[LineState] = Vocabulary(
    BROKER,
    "status",
    {
        "PENDING_NEW": "PENDING",
        "NEW": "OPEN",
        "PARTIALLY_FILLED": "PARTIAL",
        "FILLED": "FILLED",
        "CANCELED": "CANCELLED",
        "CANCELLED": "CANCELLED",
        "PENDING_CANCEL": "OPEN",
        "REJECTED": "REJECTED",
        "EXPIRED": "EXPIRED",
        "EXPIRED_IN_MATCH": "EXPIRED",
        "NEW_INSURANCE": "OPEN",
        "NEW_ADL": "OPEN",
        "TRIGGERING": "TRIGGER_PENDING",
        "TRIGGERED": "OPEN",
        "FINISHED": "UNKNOWN",
    },
)
_CODES: dict[int, RefusalKind] = {
    -1000: "network",
    -1001: "network",
    -1002: "auth",
    -1003: "rate",
    -1006: "network",
    -1007: "network",
    -1008: "rate",
    -1015: "rate",
    -1022: "auth",
    -2008: "auth",
    -2021: "network",  # a change half done: the old order is gone, the new one refused
    -2011: "not_found",
    -2013: "not_found",
    -2014: "auth",
    -2015: "auth",
    -2018: "funds",
    -2019: "funds",
    -2026: "not_found",
    -4116: "duplicate",
}
_ZERO = Decimal(0)
ALGO = "a"
"""Before the number of a conditional order: those are numbered apart from the others."""


def state_of(word: str, validity: str) -> LineState:
    """EXPIRED is also what is left of an order that may not rest: that is cancelled, as everywhere else."""
    state = STATES.read(word)
    return "CANCELLED" if state == "EXPIRED" and validity in ("IOC", "FOK") else state


def refusal(body: ErrorBody) -> Refusal:
    """A refusal by its number; the new-order number -2010 says more in its words."""
    text = body.msg.lower()
    kind: RefusalKind
    if body.code in _CODES:
        kind = _CODES[body.code]
    elif -1199 <= body.code <= -1013:
        kind = "input"
    elif body.code <= -2000:
        kind = "order"
    else:
        kind = "other"
    if "insufficient" in text:
        kind = "funds"
    elif "duplicate order" in text or "clientorderid is duplicated" in text:
        kind = "duplicate"
    elif body.code == -2021 and "immediately trigger" in text:
        kind = "order"  # USD-M's meaning of the number
    elif body.code == -2011 and "unknown order" not in text:
        kind = "order"
    return Refusal(kind=kind, code=str(body.code), message=body.msg, fate_unknown=kind == "network")


def plain(raw: object) -> object:
    """A value whose null was written as the text `None` (seen in algo orders)."""
    return None if raw == "None" else raw


def order(fields: Fields, path: str, body: OrderBody) -> OrderLine:
    """An order that says at least its state and side."""
    algo = body.algoId is not None and body.orderId is None
    word = body.orderType if algo else body.type
    kind = TYPES.read(word or "")
    told = next((q for q in (body.origQty, body.quantity, body.qty) if q is not None), None)
    size = fields.need(f"{path}.origQty", plain(told))
    done = body.actualQty if algo else body.executedQty
    filled = fields.number(f"{path}.executedQty", plain(done) or None) or _ZERO
    stop = body.stopPrice if body.stopPrice is not None else body.triggerPrice
    trigger = fields.price(f"{path}.stopPrice", plain(stop))
    raw_state = (body.algoStatus if algo else body.status) or ""
    state = state_of(raw_state, body.timeInForce or "")
    if state == "OPEN" and raw_state == "NEW" and (algo or _waits(body, kind, trigger)):
        state = "TRIGGER_PENDING"
    elif state == "OPEN" and filled > 0:
        state = "PARTIAL"
    price = fields.number(f"{path}.price", plain(body.price))
    number = body.orderId if body.orderId is not None else body.algoId
    placed = next((t for t in (body.time, body.createTime, body.transactTime, body.updateTime) if t), None)
    changed = next((t for t in (body.updateTime, body.transactTime, body.time) if t), placed)
    return OrderLine(
        broker_id=str(number) if number is not None else fields.text(f"{path}.orderId", None),
        client_id=body.origClientOrderId or body.clientOrderId or body.clientAlgoId or "",
        parent_id=str(body.orderListId) if body.orderListId is not None and body.orderListId >= 0 else "",
        symbol=fields.text(f"{path}.symbol", body.symbol),
        side=SIDES.read(body.side or ""),
        quantity=size,
        filled=filled,
        pending=size - filled if state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL") else None,
        price=price if kind in ("LIMIT", "SL") else price or None,
        trigger=trigger,
        average=_average(fields, path, body, filled),
        type=kind,
        product="NONE",
        validity=VALIDITIES.read(body.timeInForce) if body.timeInForce not in (None, "", "None") else "UNKNOWN",
        exchange_id=str(plain(body.actualOrderId) or "") if algo else "",
        variety="algo" if algo else "",
        state=state,
        raw_state=raw_state,
        reason=body.msg,
        placed=fields.epoch(f"{path}.time", placed),
        updated=fields.epoch(f"{path}.updateTime", changed),
        fetch_again=raw_state == "FINISHED",
    )


def _waits(body: OrderBody, kind: LineType, trigger: Decimal | None) -> bool:
    if body.isWorking is not None:
        return not body.isWorking
    return kind in ("SL", "SL-M") or (kind == "UNKNOWN" and trigger is not None)


def _average(fields: Fields, path: str, body: OrderBody, filled: Decimal) -> Decimal | None:
    """As told (futures), else money over quantity (spot)."""
    told = fields.price(f"{path}.avgPrice", plain(body.avgPrice))
    if told is not None or not filled:
        return told
    money = body.cummulativeQuoteQty if body.cummulativeQuoteQty is not None else body.cumulativeQuoteQty
    paid = fields.number(f"{path}.cummulativeQuoteQty", money)
    return paid / filled if paid is not None and paid > 0 else None


def fills(fields: Fields, path: str, body: OrderBody) -> tuple[TradeLine, ...]:
    """Executions told inside an order's answer; one that came by allocation has no trade number."""
    at = fields.epoch(f"{path}.transactTime", body.transactTime)
    return tuple(
        TradeLine(
            execution=str(row.tradeId) if row.tradeId >= 0 else f"allocation-{row.allocId}",
            broker_id=str(body.orderId),
            client_id=body.clientOrderId or "",
            symbol=body.symbol,
            side=SIDES.read(body.side or ""),
            quantity=fields.need(f"{path}.fills[{n}].qty", row.qty),
            price=fields.need(f"{path}.fills[{n}].price", row.price),
            product="NONE",
            at=at,
            fee=fields.number(f"{path}.fills[{n}].commission", row.commission),
            fee_currency=row.commissionAsset,
        )
        for n, row in enumerate(body.fills)
    )


def trade(fields: Fields, path: str, row: TradeBody) -> TradeLine:
    """An own execution."""
    if row.isBuyer is None and not row.side:
        fields.fail(f"{path}.isBuyer", "expected a side, got nothing")
    side: LineSide = SIDES.read(row.side) if row.side else "BUY" if row.isBuyer else "SELL"
    return TradeLine(
        execution=str(row.id),
        broker_id=str(row.orderId),
        symbol=row.symbol,
        side=side,
        quantity=fields.need(f"{path}.qty", row.qty),
        price=fields.need(f"{path}.price", row.price),
        product="NONE",
        at=fields.epoch(f"{path}.time", row.time),
        fee=fields.number(f"{path}.commission", row.commission),
        fee_currency=row.commissionAsset,
        maker=row.isMaker if row.isMaker is not None else row.maker,
    )


def position(fields: Fields, path: str, row: Position) -> PositionLine:
    """A futures position; in hedge mode long and short come as two rows."""
    profit = row.unRealizedProfit if row.unRealizedProfit is not None else row.unrealizedProfit
    return PositionLine(
        symbol=row.symbol,
        exchange="USDM",
        token=row.positionSide,
        product="NONE",
        quantity=fields.need(f"{path}.positionAmt", row.positionAmt),
        average=fields.number(f"{path}.entryPrice", row.entryPrice),
        last=fields.number(f"{path}.markPrice", row.markPrice),
        unrealised=fields.number(f"{path}.unRealizedProfit", profit),
        currency=row.marginAsset,
    )


def execution(fields: Fields, path: str, row: Execution | FuturesOrder) -> OrderLine:
    """The order as an execution report tells it. A cancel carries our first id in `C`."""
    kind = TYPES.read(row.o)
    size, filled = fields.need(f"{path}.q", row.q), fields.need(f"{path}.z", row.z)
    trigger = fields.price(f"{path}.sp", row.sp) if isinstance(row, FuturesOrder) else fields.price(f"{path}.P", row.P)
    state = state_of(row.X, row.f)
    waiting = isinstance(row, Execution) and row.w is False
    if row.X == "NEW" and (waiting or (isinstance(row, FuturesOrder) and kind in ("SL", "SL-M"))):
        state = "TRIGGER_PENDING"
    price = fields.number(f"{path}.p", row.p)
    average: Decimal | None
    if isinstance(row, FuturesOrder):
        average, first, placed = fields.price(f"{path}.ap", row.ap), "", row.T
    else:
        paid = fields.number(f"{path}.Z", row.Z)
        average = paid / filled if paid and filled else None
        first, placed = row.C, row.O
    return OrderLine(
        broker_id=str(row.i),
        client_id=first or row.c,
        symbol=row.s,
        side=SIDES.read(row.S),
        quantity=size,
        filled=filled,
        pending=size - filled if state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL") else None,
        price=price if kind in ("LIMIT", "SL") else price or None,
        trigger=trigger,
        average=average,
        type=kind,
        product="NONE",
        validity=VALIDITIES.read(row.f),
        state=state,
        raw_state=row.X,
        reason="" if isinstance(row, FuturesOrder) or row.r in ("", "NONE") else row.r,
        placed=fields.epoch(f"{path}.O", placed),
        updated=fields.epoch(f"{path}.T", row.T),
    )


def algo(fields: Fields, path: str, row: AlgoUpdate) -> OrderLine:
    """A conditional order as an `ALGO_UPDATE` tells it; `exchange_id` is the order it has become, once triggered."""
    kind = TYPES.read(row.o)
    size = fields.need(f"{path}.q", row.q)
    filled = fields.number(f"{path}.aq", row.aq or None) or _ZERO
    state = state_of(row.X, row.f)
    if row.X == "NEW":
        state = "TRIGGER_PENDING"
    price = fields.number(f"{path}.p", row.p or None)
    return OrderLine(
        broker_id=str(row.aid),
        exchange_id=str(row.ai or ""),
        client_id=row.caid,
        symbol=row.s,
        side=SIDES.read(row.S),
        quantity=size,
        filled=filled,
        price=price if kind == "SL" else price or None,
        trigger=fields.price(f"{path}.tp", row.tp or None),
        average=fields.price(f"{path}.ap", row.ap or None) if filled else None,
        type=kind,
        product="NONE",
        validity=VALIDITIES.read(row.f),
        variety="algo",
        state=state,
        raw_state=row.X,
        reason=row.rm,
        fetch_again=row.X in ("TRIGGERED", "FINISHED"),
    )


def pushed(fields: Fields, path: str, row: Execution | FuturesOrder) -> TradeLine | None:
    """The execution an execution report tells of, if it is one."""
    return fill_of(fields, path, row) if row.x == "TRADE" else None


def fill_of(fields: Fields, path: str, row: Execution | FuturesOrder) -> TradeLine:
    """One execution out of a report."""
    return TradeLine(
        execution=str(row.t),
        broker_id=str(row.i),
        client_id=row.c,
        symbol=row.s,
        side=SIDES.read(row.S),
        quantity=fields.need(f"{path}.l", row.l),
        price=fields.need(f"{path}.L", row.L),
        product="NONE",
        at=fields.epoch(f"{path}.T", row.T),
        fee=fields.number(f"{path}.n", row.n),
        fee_currency=row.N or "",
        maker=row.m,
    )
