"""FYERS API v3: bytes in, lines of the broker's books out. Facts: the public documentation and the official client.

The order socket uses the back end's own field names, which are put into the documented ones first.
"""

import base64
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.fyers.hsm import HsmDecoder
from server.brokers.fyers.market import depth, depth_event, history, option_chain, quotes, tick
from server.brokers.fyers.master import read_master
from server.brokers.fyers.orders import (
    error,
    gtt,
    order_book,
    order_line,
    position_line,
    positions,
    receipt,
    refusal,
    trade_line,
    trades,
)
from server.brokers.fyers.reading import BROKER, Fields, Raw, accepted
from server.brokers.fyers.wire import ORDER_NAMES, POSITION_NAMES, TRADE_NAMES
from server.brokers.kit.moments import epoch
from server.brokers.kit.reading import Reader, guard, refuse
from server.domain.brokerage import (
    BeatEvent,
    Event,
    FundsLine,
    HoldingLine,
    MarginLine,
    NoticeEvent,
    OrderEvent,
    PositionEvent,
    SessionGrant,
    TradeEvent,
)

__all__ = ("PARSERS", "decode_orders", "decode_stream")

_plain: Reader[Any] = Reader(BROKER, "stream", Any)


def _claims(token: str) -> Raw:
    """What a JWT says of itself; empty for what is none. Its signature is the server's affair."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _session(body: bytes) -> SessionGrant:
    found = accepted("session", body)
    token = found.text("access_token", needed=True)
    said = _claims(token)
    ends = said.get("exp")
    return SessionGrant(
        user=str(said.get("fy_id", "")),
        name=str(said.get("display_name", "")),
        access_token=token,
        refresh_token=found.text("refresh_token"),
        feed_token=str(said.get("hsm_key", "")),
        expires=epoch(BROKER, "session", "$.access_token.exp", ends, "s") if type(ends) is int else None,
    )


def _holdings(body: bytes) -> list[HoldingLine]:
    return [
        HoldingLine(
            symbol=one.text("symbol", needed=True),
            exchange=one.text("symbol").partition(":")[0],
            token=one.text("fyToken"),
            isin=one.text("isin"),
            quantity=one.need("quantity"),
            unsettled=one.some("qty_t1"),
            pledged=one.some("collateralQuantity"),
            average=one.some("costPrice"),
            last=one.price("ltp"),
            profit=one.some("pl"),
            currency="INR",
        )
        for one in accepted("holdings", body).list("holdings")
    ]


_FUND_ROWS = {
    "available balance": "available",
    "utilized amount": "used",
    "clear balance": "cash",
    "total balance": "net",
    "collaterals": "collateral",
    "realized profit and loss": "realised",
}


def _funds(body: bytes) -> list[FundsLine]:
    amounts: dict[str, dict[str, Decimal]] = {"equity": {}, "commodity": {}}
    for one in accepted("funds", body).list("fund_limit"):
        name = _FUND_ROWS.get(one.text("title").strip().lower())
        if name is not None:
            for segment, known in amounts.items():
                value = one.some(f"{segment}Amount")
                if value is not None:
                    known[name] = value
    if not amounts["equity"]:
        refuse(BROKER, "funds", "$.fund_limit", "expected the row Available Balance")
    return [
        FundsLine(
            segment=segment,
            available=known.get("available"),
            used=known.get("used"),
            cash=known.get("cash"),
            net=known.get("net"),
            collateral=known.get("collateral"),
            realised=known.get("realised"),
            currency="INR",
        )
        for segment, known in amounts.items()
    ]


def _margin(body: bytes) -> list[MarginLine]:
    one = accepted("margin", body).inner("data")
    return [MarginLine(total=one.need("margin_new_order"), available=one.some("margin_avail"))]


def _postback(body: bytes | str) -> list[Event]:
    return [OrderEvent(order=order_line(Fields("postback", "$", Reader[Any](BROKER, "postback", Any)(body))))]


# the sockets


def _stream(frame: bytes | str) -> list[Event]:
    if isinstance(frame, bytes) and frame.lstrip()[:1] != b"{":
        return HsmDecoder().decode(frame)
    return _text(frame)


def _text(frame: bytes | str) -> list[Event]:
    if frame in ("pong", b"pong", "ping", b"ping"):
        return [BeatEvent()]
    found = Fields("stream", "$", _plain(frame))
    raw = found.raw
    events: list[Event] = []
    for name, read in (("orders", _order_event), ("trades", _trade_event), ("positions", _position_event)):
        if name in raw:
            events += [read(one) for one in found.list(name)]
    if events:
        return events
    if "id_fill" in raw:
        return [_trade_event(found)]
    kind = raw.get("type")
    if kind in ("sf", "if"):
        return [tick(found)]
    if kind == "dp":
        return [depth_event(found)]
    text = found.text("message")[:200]
    if raw.get("s", "ok") != "ok":
        return [NoticeEvent(kind="refused", text=text, refusal=refusal(int(found.some("code") or 0), text))]
    return [NoticeEvent(kind="subscribed" if found.word("code") == "1605" else "other", text=text)]


def _renamed(one: Fields, *tables: Mapping[str, str]) -> Fields:
    names: dict[str, str] = {}
    for table in tables:
        names |= table
    return Fields(one.call, one.path, {names.get(name, name): value for name, value in one.raw.items()})


def _order_event(one: Fields) -> OrderEvent:
    return OrderEvent(order=order_line(_renamed(one, ORDER_NAMES)))


def _trade_event(one: Fields) -> TradeEvent:
    raw = _renamed(one, ORDER_NAMES, TRADE_NAMES) if "id_fill" in one.raw else one
    return TradeEvent(trade=trade_line(raw))


def _position_event(one: Fields) -> PositionEvent:
    return PositionEvent(position=position_line(_renamed(one, POSITION_NAMES)))


decode_stream = guard(BROKER, "stream", _stream)
"""A frame by itself: updates of topics whose snapshot came in an earlier frame need `hsm.HsmDecoder`."""
decode_orders = guard(BROKER, "stream", _text)
"""A message of the order socket."""

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
        "quotes": quotes,
        "depth": depth,
        "history": history,
        "instruments": read_master,
        "option_chain": option_chain,
        "gtt": gtt,
        "postback": _postback,
        "error": error,
    }.items()
}
