"""Upstox API v2 / v3: bytes in, lines of the broker's books out. Facts: the public documentation and official clients.

Instruments are named `NSE_EQ|INE848E01016` or `NSE_FO|35346`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from server.brokers.kit.reading import guard
from server.brokers.upstox.feed import decode_feed
from server.brokers.upstox.market import history, option_chain, quotes
from server.brokers.upstox.master import read_master
from server.brokers.upstox.orders import (
    error,
    gtt,
    order_book,
    order_line,
    plus,
    position_line,
    positions,
    receipt,
    trades,
)
from server.brokers.upstox.reading import BROKER, carried, reader_of, several
from server.brokers.upstox.wire import (
    AvailableWire,
    HoldingWire,
    LossWire,
    MarginWire,
    OrderWire,
    PledgeWire,
    PositionWire,
    PushedWire,
    SegmentWire,
    SessionWire,
)
from server.core.errors import Invalid
from server.domain.brokerage import (
    Event,
    FundsLine,
    HoldingLine,
    MarginLine,
    NoticeEvent,
    OrderEvent,
    PositionEvent,
    SessionGrant,
)

__all__ = ("PARSERS", "decode_orders", "decode_stream")


def _session(body: bytes) -> SessionGrant:
    try:
        found: SessionWire = reader_of("session", SessionWire)(body)
    except Invalid:
        carried("session", body) if b'"errors"' in body else None
        raise
    return SessionGrant(
        user=found.user_id,
        name=found.user_name,
        access_token=found.access_token,
        feed_token=found.extended_token or "",
        exchanges=tuple(found.exchanges),
        products=tuple(found.products),
    )


def _holdings(body: bytes) -> list[HoldingLine]:
    return [
        HoldingLine(
            symbol=raw.trading_symbol or raw.tradingsymbol or "",
            exchange=raw.exchange,
            token=raw.instrument_token or "",
            isin=raw.isin or "",
            quantity=raw.quantity,
            unsettled=raw.t1_quantity,
            pledged=raw.collateral_quantity,
            used=raw.cnc_used_quantity,
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
    parts: dict[str, msgspec.Raw] = reader_of("funds", dict[str, msgspec.Raw])(data)
    if "available_to_trade" in parts:
        return [_funds_v3(reader_of("funds", AvailableWire)(bytes(parts["available_to_trade"])))]
    if "available_margin" in parts:
        parts = {"all": msgspec.Raw(data)}
    found = []
    for name, raw in parts.items():
        one: SegmentWire = reader_of("funds", SegmentWire)(bytes(raw))
        found.append(
            FundsLine(
                segment=name,
                available=one.available_margin,
                used=one.used_margin,
                cash=one.notional_cash,
                currency="INR",
            )
        )
    return found


def _funds_v3(raw: AvailableWire) -> FundsLine:
    cash, pledge = raw.cash_available_to_trade, raw.pledge_available_to_trade or PledgeWire()
    used = plus(
        cash.margin_used.total if cash.margin_used else None, pledge.margin_used.total if pledge.margin_used else None
    )
    loss = cash.margin_used.loss if cash.margin_used and cash.margin_used.loss else LossWire()
    return FundsLine(
        segment="all",
        available=raw.total if raw.total is not None else plus(cash.total, pledge.total),
        used=used,
        cash=cash.total,
        collateral=pledge.margin_from_pledge.total if pledge.margin_from_pledge else None,
        realised=-loss.realised if loss.realised else loss.realised,
        unrealised=-loss.unrealised if loss.unrealised else loss.unrealised,
        currency="INR",
    )


def _margin(body: bytes) -> list[MarginLine]:
    """First the whole with hedge benefit, then each order's own where several were asked for."""
    found: MarginWire = reader_of("margin", MarginWire)(carried("margin", body))
    whole = MarginLine(
        total=found.final_margin if found.final_margin is not None else found.required_margin,
        initial=found.required_margin,
    )
    parts = [
        MarginLine(
            total=need.total_margin,
            span=need.span_margin,
            exposure=need.exposure_margin,
            premium=need.net_buy_premium,
        )
        for need in found.margins
        if need.total_margin is not None
    ]
    return [whole, *parts] if len(parts) > 1 else [whole]


def _postback(body: bytes | str) -> list[Event]:
    said: PushedWire = reader_of("postback", PushedWire)(body)
    if said.update_type == "order":
        return [OrderEvent(order=order_line("postback", "$", reader_of("postback", OrderWire)(body)))]
    if said.update_type == "position":
        return [PositionEvent(position=position_line(reader_of("postback", PositionWire)(body)))]
    return [NoticeEvent(kind="other", text=said.update_type[:80])]


_pushed = guard(BROKER, "stream", _postback)


def _stream(frame: bytes | str) -> list[Event]:
    if isinstance(frame, str) or frame.lstrip()[:1] == b"{":
        return _pushed(frame)
    return decode_feed(frame)


def decode_orders(frame: bytes | str) -> list[Event]:
    """A message of the portfolio stream: JSON text."""
    return _pushed(frame)


decode_stream = guard(BROKER, "stream", _stream, deep=False)
"""A message of the market feed (protocol buffers), or of the portfolio stream."""

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
        "instruments": lambda body: read_master(body, carried),
        "option_chain": option_chain,
        "gtt": gtt,
        "postback": _postback,
        "error": error,
    }.items()
}
