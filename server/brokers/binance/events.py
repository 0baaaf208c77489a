"""Frames of Binance's streams -> events. Pure.

Prices come bare or wrapped as `{stream, data}`; user events bare (futures) or as `{subscriptionId, event}` (spot).
"""

from typing import Any

import msgspec

from server.brokers.binance import rows
from server.brokers.binance.rows import BROKER
from server.brokers.binance.wire import AccountUpdate, AlgoEvent, ErrorBody, Execution, FuturesUpdate, MarketEvent
from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Reader
from server.domain.brokerage import (
    DepthEvent,
    DepthLevel,
    Event,
    NoticeEvent,
    OrderEvent,
    PositionEvent,
    PositionLine,
    QuoteLine,
    TickEvent,
)

__all__ = ("decode_orders", "decode_stream", "levels")

_MOST_LEVELS = 5_000
_FIELDS, _USER = Fields(BROKER, "stream"), Fields(BROKER, "postback")
_CLOSING = ("serverShutdown", "eventStreamTerminated", "listenKeyExpired")


class _Frame(msgspec.Struct, frozen=True):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    event: msgspec.Raw = msgspec.Raw(b"")


class _Head(msgspec.Struct, frozen=True):
    e: str = ""
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    event: msgspec.Raw = msgspec.Raw(b"")
    status: Any = None
    code: int | None = None
    msg: str = ""
    error: ErrorBody | None = None


_FRAME: Reader[_Frame] = Reader(BROKER, "stream", _Frame)
_MARKET: Reader[MarketEvent] = Reader(BROKER, "stream", MarketEvent)
_HEAD: Reader[_Head] = Reader(BROKER, "postback", _Head)
_REPORT: Reader[Execution] = Reader(BROKER, "postback", Execution)
_FUTURES: Reader[FuturesUpdate] = Reader(BROKER, "postback", FuturesUpdate)
_ALGO: Reader[AlgoEvent] = Reader(BROKER, "postback", AlgoEvent)
_ACCOUNT: Reader[AccountUpdate] = Reader(BROKER, "postback", AccountUpdate)
_TICKERS: Reader[tuple[MarketEvent, ...]] = Reader(BROKER, "stream", tuple[MarketEvent, ...])


def levels(fields: Fields, path: str, raw: object) -> tuple[DepthLevel, ...]:
    """Pairs of price and quantity."""
    if not isinstance(raw, (list, tuple)) or len(raw) > _MOST_LEVELS:
        return fields.fail(path, "expected a list of levels")
    found = []
    for n, pair in enumerate(raw):
        if not isinstance(pair, (list, tuple)) or len(pair) < 2:
            return fields.fail(f"{path}[{n}]", "expected a price and a quantity")
        price, quantity = fields.need(f"{path}[{n}][0]", pair[0]), fields.need(f"{path}[{n}][1]", pair[1])
        found.append(DepthLevel(price=price, quantity=quantity))
    return tuple(found)


def decode_stream(frame: bytes | str) -> list[Event]:
    """One frame of the price streams."""
    body = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame
    if body.lstrip()[:1] == b"[":
        return [_market("", row) for row in _TICKERS(body)]
    outer = _FRAME(body)
    inner = bytes(outer.data) or bytes(outer.event)
    if not inner:
        return [_market("", _MARKET(body))]
    if inner[:1] == b"[":
        return [_market("", row) for row in _TICKERS(inner)]
    return [_market(outer.stream, _MARKET(inner))]


def _market(stream: str, row: MarketEvent) -> Event:
    fields = _FIELDS
    symbol = row.s or stream.partition("@")[0].upper()
    if row.e == "depthUpdate":
        return DepthEvent(
            symbol=fields.text("$.s", symbol),
            bids=levels(fields, "$.b", row.b),
            asks=levels(fields, "$.a", row.a),
            snapshot=False,
            first=row.U,
            last=row.u,
            at=fields.epoch("$.E", row.E),
        )
    if row.bids is not None and row.asks is not None:
        bids, asks = levels(fields, "$.bids", row.bids), levels(fields, "$.asks", row.asks)
        return DepthEvent(symbol=symbol, bids=bids, asks=asks, last=row.lastUpdateId)
    if row.e in _CLOSING:
        return NoticeEvent(kind="closing", text=row.e)
    line = _quote(fields, symbol, row)
    if line is not None:
        return TickEvent(quote=line, mode=row.e or "bookTicker", snapshot=row.e in ("24hrTicker", "24hrMiniTicker"))
    if row.code is not None or isinstance(row.error, dict):
        told = row.error if isinstance(row.error, dict) else {"code": row.code, "msg": row.msg}
        code, message = told.get("code"), told.get("msg")
        error = ErrorBody(code=code if isinstance(code, int) else 0, msg=message if isinstance(message, str) else "")
        return NoticeEvent(kind="refused", text=error.msg, refusal=rows.refusal(error))
    if row.id is not None:
        return NoticeEvent(kind="subscribed", text=str(row.id)[:40])
    return NoticeEvent(kind="other", text=row.e)


def _quote(fields: Fields, symbol: str, row: MarketEvent) -> QuoteLine | None:
    """A ticker, a best bid and offer, or a trade."""
    at = fields.epoch("$.E", row.E)
    if row.e in ("24hrTicker", "24hrMiniTicker"):
        return QuoteLine(
            symbol=fields.text("$.s", symbol),
            last=fields.need("$.c", row.c),
            last_quantity=fields.number("$.Q", row.Q),
            average=fields.number("$.w", row.w),
            bid=fields.number("$.b", row.b),
            bid_quantity=fields.number("$.B", row.B),
            ask=fields.number("$.a", row.a),
            ask_quantity=fields.number("$.A", row.A),
            open=fields.need("$.o", row.o),
            high=fields.need("$.h", row.h),
            low=fields.need("$.l", row.l),
            close=fields.number("$.x", row.x),
            volume=fields.number("$.v", row.v),
            at=at,
        )
    if row.e == "bookTicker" or (not row.e and row.u is not None and row.A is not None):
        return QuoteLine(
            symbol=fields.text("$.s", symbol),
            bid=fields.need("$.b", row.b),
            bid_quantity=fields.need("$.B", row.B),
            ask=fields.need("$.a", row.a),
            ask_quantity=fields.need("$.A", row.A),
            at=at,
        )
    if row.e in ("trade", "aggTrade"):
        return QuoteLine(
            symbol=fields.text("$.s", symbol),
            last=fields.need("$.p", row.p),
            last_quantity=fields.need("$.q", row.q),
            traded_at=fields.epoch("$.T", row.T),
            at=at,
        )
    return None


def decode_orders(frame: bytes | str) -> list[Event]:
    """One frame of a user stream."""
    body = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame
    head = _HEAD(body)
    inner = bytes(head.event) or bytes(head.data)
    if inner and inner != b"null":
        body, head = inner, _HEAD(inner)
    if head.error is not None or head.code is not None:
        error = head.error or ErrorBody(code=head.code or 0, msg=head.msg)
        return [NoticeEvent(kind="refused", text=error.msg, refusal=rows.refusal(error))]
    if head.e == "executionReport":
        report = _REPORT(body)
        return [OrderEvent(order=rows.execution(_USER, "$", report), trade=rows.pushed(_USER, "$", report))]
    if head.e == "ORDER_TRADE_UPDATE":
        update = _FUTURES(body).o
        return [OrderEvent(order=rows.execution(_USER, "$.o", update), trade=rows.pushed(_USER, "$.o", update))]
    if head.e == "ALGO_UPDATE":
        return [OrderEvent(order=rows.algo(_USER, "$.o", _ALGO(body).o))]
    if head.e in ("ACCOUNT_UPDATE", "outboundAccountPosition"):
        return _account(_ACCOUNT(body)) or [NoticeEvent(kind="other", text=head.e)]
    if head.e in _CLOSING:
        return [NoticeEvent(kind="closing", text=head.e)]
    if not head.e and head.status == 200:
        return [NoticeEvent(kind="subscribed")]
    return [NoticeEvent(kind="other", text=head.e)]


def _account(update: AccountUpdate) -> list[Event]:
    """Positions of a futures account that changed; of a spot account what is now held of an asset."""
    found: list[Event] = []
    for n, row in enumerate(update.a.P if update.a else ()):
        path = f"$.a.P[{n}]"
        line = PositionLine(
            symbol=row.s,
            exchange="USDM",
            token=row.ps,
            product="NONE",
            quantity=_USER.need(f"{path}.pa", row.pa),
            average=_USER.number(f"{path}.ep", row.ep),
            unrealised=_USER.number(f"{path}.up", row.up),
            currency=row.ma,
        )
        found.append(PositionEvent(position=line))
    for n, held in enumerate(update.B):
        amount = _USER.need(f"$.B[{n}].f", held.f) + _USER.need(f"$.B[{n}].l", held.l)
        line = PositionLine(symbol=held.a, exchange="WALLET", product="NONE", quantity=amount, currency=held.a)
        found.append(PositionEvent(position=line))
    return found
