"""Kite Connect v3: bytes in, lines of the broker's books out. Facts: the public documentation and official samples."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from server.brokers.kit.reading import guard
from server.brokers.zerodha.market import history, instruments, quotes
from server.brokers.zerodha.orders import error, gtt, order_book, order_line, positions, receipt, trades
from server.brokers.zerodha.packets import decode_binary
from server.brokers.zerodha.reading import BROKER, carried, moment, read_as, reader_of, several
from server.brokers.zerodha.wire import (
    BasketWire,
    HoldingWire,
    MarginWire,
    OrderWire,
    PushedWire,
    SegmentWire,
    SessionWire,
)
from server.domain.brokerage import (
    BeatEvent,
    Event,
    FundsLine,
    HoldingLine,
    MarginLine,
    NoticeEvent,
    OrderEvent,
    Refusal,
    RefusalKind,
    SessionGrant,
)

__all__ = ("PARSERS", "decode_orders", "decode_stream")


def _session(body: bytes) -> SessionGrant:
    found: SessionWire = read_as("session", SessionWire, body)
    return SessionGrant(
        user=found.user_id,
        name=found.user_name,
        access_token=found.access_token,
        refresh_token=found.refresh_token or "",
        issued=moment("session", "$.data.login_time", found.login_time),
        exchanges=tuple(found.exchanges),
        products=tuple(found.products),
    )


def _holdings(body: bytes) -> list[HoldingLine]:
    return [
        HoldingLine(
            symbol=raw.tradingsymbol,
            exchange=raw.exchange,
            token="" if raw.instrument_token is None else str(raw.instrument_token),
            isin=raw.isin or "",
            quantity=raw.quantity,
            unsettled=raw.t1_quantity,
            pledged=raw.collateral_quantity,
            used=raw.used_quantity,
            average=raw.average_price,
            last=raw.last_price,
            close=raw.close_price,
            profit=raw.pnl,
            currency="INR",
        )
        for raw in several("holdings", HoldingWire, carried("holdings", body))
    ]


def _funds(body: bytes) -> list[FundsLine]:
    data = carried("funds", body)
    keys = reader_of("funds", dict[str, msgspec.Raw])(data)
    if "available" in keys or "net" in keys:  # one segment asked for alone: which one, only the asker knows
        segments: dict[str, SegmentWire] = {"": reader_of("funds", SegmentWire)(data)}
    else:
        segments = reader_of("funds", dict[str, SegmentWire])(data)
    return [
        FundsLine(
            segment=name or "all",
            available=raw.net,
            used=raw.utilised.debits,
            cash=raw.available.cash,
            net=raw.net,
            collateral=raw.available.collateral,
            realised=raw.utilised.m2m_realised,
            unrealised=raw.utilised.m2m_unrealised,
            currency="INR",
        )
        for name, raw in segments.items()
    ]


def _margin(body: bytes) -> list[MarginLine]:
    """Orders' margins; of a basket first the whole (without a symbol), then its orders."""
    data = carried("margin", body)
    if data.lstrip()[:1] != b"{":
        return [_margin_line(raw) for raw in reader_of("margin", list[MarginWire])(data)]
    basket: BasketWire = reader_of("margin", BasketWire)(data)
    whole = MarginLine(
        total=basket.final.total,
        initial=basket.initial.total,
        span=basket.final.span,
        exposure=basket.final.exposure,
        premium=basket.final.option_premium,
        charges=basket.charges.total if basket.charges else None,
    )
    return [whole, *(_margin_line(raw) for raw in basket.orders)]


def _margin_line(raw: MarginWire) -> MarginLine:
    return MarginLine(
        symbol=raw.tradingsymbol,
        exchange=raw.exchange,
        total=raw.total,
        span=raw.span,
        exposure=raw.exposure,
        premium=raw.option_premium,
        charges=raw.charges.total if raw.charges else None,
    )


def _postback(body: bytes | str) -> list[Event]:
    raw: OrderWire = reader_of("postback", OrderWire)(body)
    return [OrderEvent(order=order_line("postback", "$", raw))]


def decode_stream(frame: bytes | str) -> list[Event]:
    """A ticker message: binary prices, the one-byte heartbeat, or text (orders, errors, messages)."""
    if isinstance(frame, bytes) and frame.lstrip()[:1] != b"{":
        if len(frame) <= 1:
            return [BeatEvent()]
        return decode_binary(frame)
    said = _pushed(frame)
    if said.type == "order":
        return _order_events(bytes(said.data))
    text = str(reader_of("stream", Any)(bytes(said.data)))[:300]
    if said.type == "error":
        kind: RefusalKind = "auth" if "token" in text.lower() else "other"
        return [NoticeEvent(kind="refused", text=text, refusal=Refusal(kind=kind, code="stream", message=text))]
    return [NoticeEvent(kind="other", text=text)]


def decode_orders(frame: bytes | str) -> list[Event]:
    """Order updates of a ticker message; prices and messages give none."""
    if isinstance(frame, bytes) and frame.lstrip()[:1] != b"{":
        return []
    said = _pushed(frame)
    return _order_events(bytes(said.data)) if said.type == "order" else []


def _pushed(frame: bytes | str) -> PushedWire:
    found: PushedWire = reader_of("stream", PushedWire)(frame)
    return found


def _pushed_order(data: bytes) -> list[Event]:
    raw: OrderWire = reader_of("stream", OrderWire)(data)
    return [OrderEvent(order=order_line("stream", "$.data", raw))]


_order_events = guard(BROKER, "stream", _pushed_order)

PARSERS: Mapping[str, Callable[[bytes], Any]] = {
    name: guard(BROKER, name, parse, deep=name != "instruments")
    for name, parse in {
        "session": _session,
        "place": receipt("place"),
        "modify": receipt("modify"),
        "cancel": receipt("cancel"),
        "orders": order_book("orders"),
        "order_history": order_book("order_history"),
        "trades": trades,
        "positions": positions,
        "holdings": _holdings,
        "funds": _funds,
        "margin": _margin,
        "quotes": quotes("quotes"),
        "depth": quotes("depth"),
        "history": history,
        "instruments": instruments,
        "gtt": gtt,
        "postback": _postback,
        "error": error,
    }.items()
}
