"""Alpaca's answers and frames -> lines and events. Pure.

Market data comes keyed by symbol, under `bars`, `quotes`, `trades`, `snapshots` or bare; an empty result is null or {}.
The order stream sends binary frames from the paper service and text from the live one, with the same JSON inside.
"""

from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.alpaca import market
from server.brokers.alpaca import orders as rows
from server.brokers.alpaca.market import levels
from server.brokers.alpaca.reading import many, not_refused
from server.brokers.alpaca.wire import (
    Account,
    Activity,
    BookLevel,
    ErrorBody,
    OrderBody,
    Part,
    PositionBody,
    StreamMessage,
    TradeUpdate,
    TradeUpdateFrame,
)
from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Parser, Reader
from server.domain.brokerage import (
    DepthEvent,
    DepthLevel,
    Event,
    FundsLine,
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
    TickEvent,
    TradeLine,
)

__all__ = ("PARSERS", "decode_orders", "decode_stream", "next_page", "successor")

_BROKER = "alpaca"
_CENT = Decimal("0.01")
_STREAM_ERRORS: dict[int, RefusalKind] = {
    401: "auth",
    402: "auth",
    404: "auth",
    405: "permission",
    406: "permission",
    407: "network",
    408: "permission",
    409: "permission",
    500: "network",
}


class _Replaced(msgspec.Struct, frozen=True):
    replaced_by: str | None = None


class _Page(msgspec.Struct, frozen=True):
    next_page_token: str | None = None


_ORDERS = many("orders", OrderBody)
_HISTORY = many("order_history", OrderBody)
_FILLS = many("trades", Activity)
_POSITIONS = many("positions", PositionBody)


def _lines(fields: Fields, bodies: tuple[OrderBody, ...]) -> list[OrderLine]:
    """Orders, each followed by its legs."""
    lines = []
    for n, body in enumerate(bodies):
        lines.append(rows.order(fields, f"$[{n}]", body))
        for m, leg in enumerate(body.legs or ()):
            lines.append(rows.order(fields, f"$[{n}].legs[{m}]", leg, parent=body.id))
    return lines


def _receipt(call: str) -> Parser:
    fields = Fields(_BROKER, call)
    one: Reader[OrderBody] = Reader(_BROKER, call, OrderBody)
    parts: Reader[tuple[Part, ...]] = Reader(_BROKER, call, tuple[Part, ...])

    def parse(body: bytes) -> Receipt:
        head = body.lstrip()[:1]
        if not head and call == "cancel":
            return Receipt(broker_id="")
        if head != b"[":
            not_refused(call, body)
            got = one(body)
            line = rows.order(fields, "$", got)
            return Receipt(broker_id=got.id, client_id=got.client_order_id or "", order=line)
        found = []
        for part in parts(body):
            inner = rows.convert_body(part.body)
            if part.status < 300:
                found.append(ReceiptPart(broker_id=inner.id if isinstance(inner, OrderBody) else part.id))
                continue
            told = inner if isinstance(inner, ErrorBody) else ErrorBody(message=f"status {part.status}")
            found.append(ReceiptPart(broker_id=part.id, refusal=rows.refusal(told, part.status)))
        first = next((part.broker_id for part in found if part.refusal is None), "")
        return Receipt(broker_id=first, parts=tuple(found))

    return parse


def _account(call: str, body: bytes) -> Account:
    not_refused(call, body)
    reader: Reader[Account] = Reader(_BROKER, call, Account)
    return reader(body)


def session(body: bytes) -> SessionGrant:
    """Keys are the session; the account tells whose they are."""
    return SessionGrant(user=_account("session", body).account_number)


def funds(body: bytes) -> list[FundsLine]:
    """The account's money."""
    got, fields = _account("funds", body), Fields(_BROKER, "funds")
    return [
        FundsLine(
            segment="all",
            available=fields.need("$.buying_power", got.buying_power),
            used=fields.number("$.initial_margin", got.initial_margin),
            cash=fields.need("$.cash", got.cash),
            net=fields.number("$.equity", got.equity),
            currency=got.currency,
        )
    ]


def orders(body: bytes) -> list[OrderLine]:
    """The order book, or one order."""
    return _lines(Fields(_BROKER, "orders"), _ORDERS(body))


def order_history(body: bytes) -> list[OrderLine]:
    """One order as it stands (Alpaca keeps no history of states)."""
    return _lines(Fields(_BROKER, "order_history"), _HISTORY(body))


def trades(body: bytes) -> list[TradeLine]:
    """FILL activities."""
    fields = Fields(_BROKER, "trades")
    return [rows.fill(fields, f"$[{n}]", row) for n, row in enumerate(_FILLS(body)) if row.activity_type == "FILL"]


def positions(body: bytes) -> list[PositionLine]:
    """Open positions."""
    fields = Fields(_BROKER, "positions")
    return [rows.position(fields, f"$[{n}]", row) for n, row in enumerate(_POSITIONS(body))]


def error(body: bytes) -> Refusal:
    """A refusal."""
    reader: Reader[ErrorBody] = Reader(_BROKER, "error", ErrorBody)
    return rows.refusal(reader(body))


def successor(body: bytes) -> str:
    """The id of the order that replaced this one; empty when none has."""
    reader: Reader[_Replaced] = Reader(_BROKER, "orders", _Replaced)
    return reader(body).replaced_by or ""


def next_page(body: bytes) -> str:
    """The token of the next page of market data; empty on the last."""
    reader: Reader[_Page] = Reader(_BROKER, "page", _Page)
    return reader(body).next_page_token or ""


_TICKS = Fields(_BROKER, "stream")


def decode_stream(frame: bytes | str) -> list[Event]:
    """One frame of the price stream: an array of messages."""
    body = frame.encode() if isinstance(frame, str) else frame
    reader: Reader[Any] = _STREAM if body.lstrip()[:1] == b"[" else _STREAM_ONE
    got = reader(body)
    messages = got if isinstance(got, tuple) else (got,)
    return [_message(f"$[{n}]", message) for n, message in enumerate(messages)]


_STREAM: Reader[tuple[StreamMessage, ...]] = Reader(_BROKER, "stream", tuple[StreamMessage, ...])
_STREAM_ONE: Reader[StreamMessage] = Reader(_BROKER, "stream", StreamMessage)


def _message(path: str, row: StreamMessage) -> Event:
    fields = _TICKS
    if row.T in ("t", "q", "d", "o"):
        if not row.S:
            fields.fail(f"{path}.S", "the price names no instrument")
        at = fields.moment(f"{path}.t", row.t)
        if row.T == "t":
            line = QuoteLine(
                symbol=row.S,
                last=fields.need(f"{path}.p", row.p),
                last_quantity=fields.number(f"{path}.s", row.s),
                traded_at=at,
                at=at,
            )
            return TickEvent(quote=line, mode="ltp", snapshot=False)
        if row.T == "q":
            line = QuoteLine(
                symbol=row.S,
                bid=fields.need(f"{path}.bp", row.bp),
                bid_quantity=fields.number(f"{path}.bs", row.bs),
                ask=fields.need(f"{path}.ap", row.ap),
                ask_quantity=fields.number(f"{path}.as", row.asked),
                at=at,
            )
            return TickEvent(quote=line, mode="quote", snapshot=False)
        if row.T == "d":
            line = QuoteLine(
                symbol=row.S,
                open=fields.need(f"{path}.o", row.o),
                high=fields.need(f"{path}.h", row.h),
                low=fields.need(f"{path}.l", row.l),
                volume=fields.number(f"{path}.v", row.v),
            )
            return TickEvent(quote=line, mode="day", snapshot=False)
        bids, asks = _pairs(f"{path}.b", row.b), _pairs(f"{path}.a", row.a)
        return DepthEvent(symbol=row.S, bids=bids, asks=asks, snapshot=row.r, at=at)
    if row.T == "error":
        kind = _STREAM_ERRORS.get(row.code or 0, "input")
        refused = Refusal(kind=kind, code=str(row.code or ""), message=row.msg)
        return NoticeEvent(kind="refused", text=row.msg, refusal=refused)
    if row.T == "success":
        return NoticeEvent(kind="connected", text=row.msg)
    if row.T == "subscription":
        return NoticeEvent(kind="subscribed")
    if row.T == "s":
        return NoticeEvent(kind="status", text=row.S)
    return NoticeEvent(kind="other", text=row.T)


def _pairs(path: str, raw: object) -> tuple[DepthLevel, ...]:
    if raw is None:
        return ()
    try:
        return levels(_TICKS, path, msgspec.convert(raw, tuple[BookLevel, ...]))
    except msgspec.ValidationError as error:
        return _TICKS.fail(path, str(error)[:120])


_UPDATE_FRAME: Reader[TradeUpdateFrame] = Reader(_BROKER, "postback", TradeUpdateFrame)
_UPDATE: Reader[TradeUpdate] = Reader(_BROKER, "postback", TradeUpdate)


class _Status(msgspec.Struct, frozen=True):
    status: str = ""
    action: str = ""
    error: str = ""


_STATUS: Reader[_Status | None] = Reader(_BROKER, "postback", _Status | None)


def decode_orders(frame: bytes | str) -> list[Event]:
    """One frame of the order stream, binary or text."""
    got, fields = _UPDATE_FRAME(frame), Fields(_BROKER, "postback")
    if got.stream == "trade_updates":
        data = _UPDATE(bytes(got.data))
        line = rows.order(fields, "$.data.order", data.order)
        return [OrderEvent(order=line, trade=rows.pushed_trade(fields, "$.data", data))]
    if got.stream == "authorization":
        status = _STATUS(bytes(got.data)) or _Status()
        if status.status == "authorized":
            return [NoticeEvent(kind="connected", text=status.status)]
        refused = Refusal(kind="auth", code="", message=status.status or "not authorised")
        return [NoticeEvent(kind="refused", text=refused.message, refusal=refused)]
    if got.stream == "listening":
        told = _STATUS(bytes(got.data)) or _Status()
        if told.error:
            refused = Refusal(kind="auth", code="", message=told.error)
            return [NoticeEvent(kind="refused", text=told.error, refusal=refused)]
        return [NoticeEvent(kind="subscribed")]
    return [NoticeEvent(kind="other", text=got.stream or got.action)]


PARSERS: dict[str, Parser] = {
    "session": session,
    "place": _receipt("place"),
    "modify": _receipt("modify"),
    "cancel": _receipt("cancel"),
    "orders": orders,
    "order_history": order_history,
    "trades": trades,
    "positions": positions,
    "funds": funds,
    "quotes": market.quotes,
    "depth": market.depth,
    "history": market.history,
    "instruments": market.instruments,
    "option_chain": market.option_chain,
    "error": error,
}
