"""Interactive Brokers' objects (as ib_async has them, written as JSON) -> lines and events. Pure.

The socket's own form is not read: it has no published samples, and the library owns it. Orders are named by `permId`,
which survives sessions, else by `orderId`; executions by `execId` without what a correction adds behind its last dot.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from server.brokers.interactive_brokers.wire import (
    AccountValue,
    Bar,
    Contract,
    Details,
    ErrorBody,
    Fill,
    Position,
    Ticker,
    TradeBody,
    WhatIf,
)
from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Parser, Reader, Vocabulary
from server.domain.brokerage import (
    BarLine,
    Event,
    FundsLine,
    LineSide,
    LineState,
    LineType,
    LineValidity,
    ListingLine,
    MarginLine,
    NoticeEvent,
    OrderEvent,
    OrderLine,
    PositionEvent,
    PositionLine,
    QuoteLine,
    Refusal,
    RefusalKind,
    TickEvent,
    TradeEvent,
    TradeLine,
)

__all__ = ("PARSERS", "WARNINGS", "decode_orders", "decode_stream", "refusal_of", "said")

_BROKER = "interactive_brokers"
_UNSET = frozenset({Decimal(2147483647), Decimal(-1)})
_HUGE = Decimal("1e300")
_SIDES: Vocabulary[LineSide] = Vocabulary(
    _BROKER, "action", {"BUY": "BUY", "SELL": "SELL", "BOT": "BUY", "SLD": "SELL", "SSHORT": "SELL"}
)
_TYPES: Vocabulary[LineType] = Vocabulary(
    _BROKER,
    "orderType",
    {
        "MKT": "MARKET",
        "LMT": "LIMIT",
        "STP LMT": "SL",
        "STP": "SL-M",
        "MOC": "MARKET",
        "LOC": "LIMIT",
        "TRAIL": "UNKNOWN",
        "TRAIL LIMIT": "UNKNOWN",
        "MIT": "UNKNOWN",
        "LIT": "UNKNOWN",
        "REL": "UNKNOWN",
        "MIDPRICE": "UNKNOWN",
    },
)
_VALIDITIES: Vocabulary[LineValidity] = Vocabulary(
    _BROKER, "tif", {"DAY": "DAY", "GTC": "GTC", "IOC": "IOC", "GTD": "GTD", "OPG": "OPG", "FOK": "FOK", "": "DAY"}
)
_STATES: Vocabulary[LineState] = Vocabulary(
    _BROKER,
    "status",
    {
        "ApiPending": "PENDING",
        "PendingSubmit": "PENDING",
        "PreSubmitted": "OPEN",
        "Submitted": "OPEN",
        "ApiUpdate": "OPEN",
        "ValidationError": "OPEN",
        "PendingCancel": "OPEN",
        "Cancelled": "CANCELLED",
        "ApiCancelled": "CANCELLED",
        "Filled": "FILLED",
        "Inactive": "REJECTED",
    },
)
Kind = Literal["INDEX", "EQUITY", "FUTURE", "OPTION", "CURRENCY", "CRYPTO", "UNKNOWN"]
_KINDS: dict[str, Kind] = {
    "STK": "EQUITY",
    "OPT": "OPTION",
    "FOP": "OPTION",
    "FUT": "FUTURE",
    "CASH": "CURRENCY",
    "IND": "INDEX",
    "CRYPTO": "CRYPTO",
}
_CODES: dict[int, RefusalKind] = {
    100: "rate",
    101: "permission",
    103: "duplicate",
    104: "order",
    110: "input",
    135: "not_found",
    161: "order",
    200: "not_found",
    201: "order",
    202: "order",
    203: "permission",
    321: "input",
    326: "permission",
    354: "permission",
    434: "input",
    435: "input",
    502: "network",
    504: "network",
    1100: "network",
    2110: "network",
    10147: "not_found",
    10148: "order",
    10318: "order",
}
WARNINGS = frozenset({105, 110, 165, 321, 329, 399, 404, 434, 492, 10167})
"""Warnings that end no order."""
_DEADLY = frozenset({110, 200, 201, 202, 203})
"""Errors that end an order. After any other the library calls it cancelled by itself, which proves nothing."""
_HEAD = re.compile(r"^(?:Error|Warning) \d+, reqId -?\d+: ")


def _figure(fields: Fields, path: str, raw: object) -> Decimal | None:
    """A number; sentinels are none."""
    if raw is None or (isinstance(raw, Decimal) and abs(raw) >= _HUGE):
        return None
    value = fields.number(path, raw)
    return None if value in _UNSET and value != -1 else value


def _price(fields: Fields, path: str, raw: object) -> Decimal | None:
    """A price of a ticker: -1 means none there."""
    value = _figure(fields, path, raw)
    return None if value in _UNSET else value


def _many(call: str, kind: Any, build: Callable[[Fields, str, Any], Any]) -> Parser:
    fields = Fields(_BROKER, call)
    several: Reader[Any] = Reader(_BROKER, call, tuple[kind, ...])
    single: Reader[Any] = Reader(_BROKER, call, kind)

    def parse(body: bytes) -> list[Any]:
        found = several(body) if body.lstrip()[:1] == b"[" else (single(body),)
        return [line for n, row in enumerate(found) if (line := build(fields, f"$[{n}]", row)) is not None]

    return parse


def _order(fields: Fields, path: str, row: TradeBody) -> OrderLine:
    order, status = row.order, row.orderStatus
    kind = _TYPES.read(order.orderType)
    size = _figure(fields, f"{path}.order.totalQuantity", order.totalQuantity)
    if size is None:
        fields.fail(f"{path}.order.totalQuantity", "expected a number, got nothing")
    filled = _figure(fields, f"{path}.orderStatus.filled", status.filled) or Decimal(0)
    completed = _figure(fields, f"{path}.order.filledQuantity", order.filledQuantity)
    if completed is not None:  # completed orders have no other figures; some no longer tell what was asked for
        filled, size = max(filled, completed), max(size, completed)
    state = _STATES.read(status.status)
    if status.status == "PreSubmitted" and kind in ("SL", "SL-M", "UNKNOWN"):
        state = "TRIGGER_PENDING"
    elif state == "OPEN" and Decimal(0) < filled < size:
        state = "PARTIAL"
    ended_by = row.log[-1].errorCode if row.log and state == "CANCELLED" else 0
    if ended_by not in (0, 202) and ended_by in _DEADLY:
        state = "REJECTED"
    number = order.permId or status.permId or order.orderId
    limit = _figure(fields, f"{path}.order.lmtPrice", order.lmtPrice)
    stop = _figure(fields, f"{path}.order.auxPrice", order.auxPrice)
    words = [entry.message for entry in row.log if entry.message]
    live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL")
    return OrderLine(
        broker_id=str(number),
        exchange_id=str(order.orderId) if order.orderId else "",
        client_id=order.orderRef,
        parent_id=str(order.parentId) if order.parentId else "",
        symbol=row.contract.localSymbol or row.contract.symbol,
        exchange=row.contract.secType,
        token=str(row.contract.conId) if row.contract.conId else "",
        side=_SIDES.read(order.action),
        quantity=size,
        filled=filled,
        pending=size - filled if live else None,
        price=limit if kind in ("LIMIT", "SL", "UNKNOWN") else None,
        trigger=(stop or None) if kind in ("SL", "SL-M", "UNKNOWN") else None,
        average=_figure(fields, f"{path}.orderStatus.avgFillPrice", status.avgFillPrice) or None,
        type=kind,
        product="NONE",
        validity=_VALIDITIES.read(order.tif),
        state=state,
        raw_state=status.status,
        reason=said(words[-1]) if words and state in ("REJECTED", "CANCELLED") else status.whyHeld,
        placed=fields.moment(f"{path}.log[0].time", row.log[0].time) if row.log else None,
        updated=fields.moment(f"{path}.log[-1].time", row.log[-1].time) if row.log else None,
        fetch_again=ended_by != 0 and ended_by not in _DEADLY,
    )


def _fill(fields: Fields, path: str, row: Fill) -> TradeLine:
    run, paid = row.execution, row.commissionReport
    size, price = _figure(fields, f"{path}.shares", run.shares), _figure(fields, f"{path}.price", run.price)
    if size is None or price is None:
        fields.fail(f"{path}.execution.shares", "expected a quantity and a price")
    head, dot, _ = fields.text(f"{path}.execution.execId", run.execId).rpartition(".")
    return TradeLine(
        execution=head if dot else run.execId,
        broker_id=str(run.permId or run.orderId),
        exchange_id=run.execId,
        client_id=run.orderRef,
        symbol=row.contract.localSymbol or row.contract.symbol,
        exchange=row.contract.secType,
        token=str(row.contract.conId) if row.contract.conId else "",
        side=_SIDES.read(run.side),
        quantity=size,
        price=price,
        product="NONE",
        at=fields.moment(f"{path}.execution.time", run.time),
        fee=_figure(fields, f"{path}.commission", paid.commission) if paid is not None and paid.currency else None,
        fee_currency=paid.currency if paid is not None else "",
    )


def _position(fields: Fields, path: str, row: Position) -> PositionLine:
    """A position; IB's cost of a derivative is per contract: it is divided by the multiplier."""
    held = _figure(fields, f"{path}.position", row.position)
    if held is None:
        fields.fail(f"{path}.position", "expected a number, got nothing")
    cost = _figure(fields, f"{path}.avgCost", row.avgCost)
    many = fields.number(f"{path}.contract.multiplier", row.contract.multiplier) or Decimal(1)
    return PositionLine(
        symbol=row.contract.localSymbol or row.contract.symbol,
        exchange=row.contract.secType,
        token=str(row.contract.conId) if row.contract.conId else "",
        product="NONE",
        quantity=held,
        average=cost / many if cost is not None else None,
        multiplier=many,
        currency=row.contract.currency,
    )


def funds(body: bytes) -> list[FundsLine]:
    """The account's figures, gathered by currency; those in BASE are left out, for they repeat the others."""
    fields = Fields(_BROKER, "funds")
    reader: Reader[tuple[AccountValue, ...]] = Reader(_BROKER, "funds", tuple[AccountValue, ...])
    wanted = {
        "AvailableFunds": "available",
        "InitMarginReq": "used",
        "TotalCashValue": "cash",
        "NetLiquidation": "net",
        "UnrealizedPnL": "unrealised",
        "RealizedPnL": "realised",
    }
    found: dict[str, dict[str, Decimal | None]] = {}
    for n, row in enumerate(reader(body)):
        name = wanted.get(row.tag)
        if name is not None and row.currency not in ("", "BASE"):
            found.setdefault(row.currency, {})[name] = fields.number(f"$[{n}].value", row.value)
    if not found:
        fields.fail("$", "it holds no money")
    return [
        FundsLine(
            segment=currency,
            available=figures.get("available"),
            used=figures.get("used"),
            cash=figures.get("cash"),
            net=figures.get("net"),
            realised=figures.get("realised"),
            unrealised=figures.get("unrealised"),
            currency=currency,
        )
        for currency, figures in found.items()
    ]


def _margin(fields: Fields, path: str, row: WhatIf) -> MarginLine:
    change = _figure(fields, f"{path}.initMarginChange", row.initMarginChange)
    if change is None:
        fields.fail(f"{path}.initMarginChange", "expected a number, got nothing")
    fee = _figure(fields, f"{path}.commission", row.commission)
    return MarginLine(total=max(change, Decimal(0)), initial=change, charges=fee)


def _quote(fields: Fields, path: str, row: Ticker) -> QuoteLine:
    def read(name: str) -> Decimal | None:
        return _price(fields, f"{path}.{name}", getattr(row, name))

    return QuoteLine(
        symbol=row.contract.localSymbol or row.contract.symbol,
        exchange=row.contract.secType,
        token=str(row.contract.conId) if row.contract.conId else "",
        last=read("last"),
        last_quantity=read("lastSize"),
        bid=read("bid"),
        bid_quantity=read("bidSize"),
        ask=read("ask"),
        ask_quantity=read("askSize"),
        open=read("open"),
        high=read("high"),
        low=read("low"),
        close=read("close"),
        volume=read("volume"),
        at=fields.moment(f"{path}.time", row.time),
    )


def _bar(fields: Fields, path: str, row: Bar) -> BarLine:
    start: datetime | None
    start = fields.moment(f"{path}.date", row.date if len(row.date) > 10 else f"{row.date}T00:00:00Z")
    if start is None:
        fields.fail(f"{path}.date", "expected a time, got nothing")
    volume = _price(fields, f"{path}.volume", row.volume)
    return BarLine(
        start=start,
        open=fields.need(f"{path}.open", row.open),
        high=fields.need(f"{path}.high", row.high),
        low=fields.need(f"{path}.low", row.low),
        close=fields.need(f"{path}.close", row.close),
        volume=volume,
    )


def _listing(fields: Fields, path: str, row: Details) -> ListingLine:
    contract = row.contract
    strike = _figure(fields, f"{path}.strike", contract.strike)
    multiplier = fields.number(f"{path}.multiplier", contract.multiplier)
    return ListingLine(
        symbol=contract.localSymbol or fields.text(f"{path}.contract.symbol", contract.symbol),
        exchange=contract.primaryExchange or contract.exchange,
        token=str(contract.conId) if contract.conId else "",
        name=contract.symbol,
        title=row.longName,
        kind=_KINDS.get(contract.secType, "UNKNOWN"),
        raw_kind=contract.secType,
        expiry=_expiry(fields, f"{path}.lastTradeDateOrContractMonth", contract),
        strike=strike or None,
        right="CE" if contract.right in ("C", "CALL") else "PE" if contract.right in ("P", "PUT") else None,
        lot=multiplier or Decimal(1),
        tick=_figure(fields, f"{path}.minTick", row.minTick) or None,
        currency=contract.currency,
    )


def _expiry(fields: Fields, path: str, contract: Contract) -> date | None:
    raw = contract.lastTradeDateOrContractMonth[:8]
    if len(raw) != 8:
        return None
    return fields.day(path, f"{raw[:4]}-{raw[4:6]}-{raw[6:]}")


def error(body: bytes) -> Refusal:
    """An error event. Codes 2100 to 2199 and warnings are word, not failure: they are no refusal."""
    reader: Reader[ErrorBody] = Reader(_BROKER, "error", ErrorBody)
    got = reader(body)
    if 2100 <= got.errorCode < 2200 or got.errorCode in WARNINGS:
        Fields(_BROKER, "error").fail("$.errorCode", f"{got.errorCode} is a warning, not a refusal")
    return refusal_of(got.errorCode, got.errorString)


def refusal_of(code: int, message: str) -> Refusal:
    """A refusal by its number; one that is not known proves nothing about an order."""
    kind = _CODES.get(code, "other")
    if code == 162:  # whatever went wrong with bars
        kind = "rate" if "pacing" in message else "permission" if "ermission" in message else "not_found"
    return Refusal(kind=kind, code=str(code), message=message, fate_unknown=kind == "network")


def said(message: str) -> str:
    """A line of an order's log without what the library puts before the gateway's words."""
    return _HEAD.sub("", message)


class _Frame(msgspec.Struct, frozen=True):
    """One event: its name and the object that came with it."""

    event: str
    data: msgspec.Raw = msgspec.Raw(b"null")


_FRAME: Reader[_Frame] = Reader(_BROKER, "stream", _Frame)


def decode_stream(frame: bytes | str) -> list[Event]:
    """`{event: ticker | error | ..., data}`, as the adapter writes what the library calls back."""
    got = _FRAME(frame)
    body = bytes(got.data)
    if got.event == "ticker":
        return [TickEvent(quote=line, mode="quote", snapshot=False) for line in PARSERS["quotes"](body)]
    if got.event == "order":
        return [OrderEvent(order=line) for line in PARSERS["orders"](body)]
    if got.event == "execution":
        return [TradeEvent(trade=line) for line in PARSERS["trades"](body)]
    if got.event == "position":
        return [PositionEvent(position=line) for line in PARSERS["positions"](body)]
    if got.event == "error":
        reader: Reader[ErrorBody] = Reader(_BROKER, "stream", ErrorBody)
        told = reader(body)
        if 2100 <= told.errorCode < 2200 or told.errorCode in WARNINGS:
            return [NoticeEvent(kind="status", text=told.errorString)]
        return [NoticeEvent(kind="refused", text=told.errorString, refusal=error(body))]
    return [NoticeEvent(kind="other", text=got.event)]


def decode_orders(frame: bytes | str) -> list[Event]:
    """Order events come the same way."""
    return decode_stream(frame)


PARSERS: dict[str, Parser] = {
    "orders": _many("orders", TradeBody, _order),
    "trades": _many("trades", Fill, _fill),
    "positions": _many("positions", Position, _position),
    "funds": funds,
    "margin": _many("margin", WhatIf, _margin),
    "quotes": _many("quotes", Ticker, _quote),
    "history": _many("history", Bar, _bar),
    "instruments": _many("instruments", Details, _listing),
    "error": error,
}
