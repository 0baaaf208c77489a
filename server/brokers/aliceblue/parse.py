"""Alice Blue's answers (open API v1) and Noren socket messages -> lines and events. Pure.

Refusals are bare codes (`EC912`), alone or inside text; some of them mean nothing but an empty book. Shapes follow the
samples of its papers, and its SDK where those show none; what is doubtful is optional.
"""

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.aliceblue.wire import (
    Candle,
    Envelope,
    HoldingRow,
    LimitsRow,
    OrderRow,
    PlacedRow,
    PositionRow,
    SessionBody,
    TradeRow,
)
from server.brokers.kit.fields import Fields
from server.brokers.kit.moments import IST
from server.brokers.kit.reading import Parser, Reader, Vocabulary
from server.brokers.noren.parse import Noren, kind_of
from server.brokers.noren.words import even
from server.domain.brokerage import (
    BarLine,
    Event,
    FundsLine,
    HoldingLine,
    LineProduct,
    LineSide,
    LineType,
    ListingLine,
    NoticeEvent,
    OrderEvent,
    OrderLine,
    PositionLine,
    Receipt,
    ReceiptPart,
    Refusal,
    RefusalKind,
    SessionGrant,
    TradeLine,
)

__all__ = ("PARSERS", "decode_orders", "decode_stream", "is_empty", "order_token")

_BROKER = "aliceblue"
_NOREN = Noren(_BROKER)
_CODE = re.compile(r"\bEC(\d{3})\b")
_EMPTY = frozenset({916, 918, 920, 922, 926, 938})
_FORMS = ("%d-%m-%Y %H:%M:%S", "%H:%M:%S %d-%m-%Y", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d-%b-%Y %H:%M:%S")
_SIDES: Vocabulary[LineSide] = Vocabulary(
    _BROKER, "transactionType", {"BUY": "BUY", "SELL": "SELL", "B": "BUY", "S": "SELL"}
)
_TYPES: Vocabulary[LineType] = Vocabulary(
    _BROKER,
    "orderType",
    {"LIMIT": "LIMIT", "MARKET": "MARKET", "SL": "SL", "SLM": "SL-M", "SL-M": "SL-M", "L": "LIMIT", "MKT": "MARKET"},
)
_PRODUCTS: Vocabulary[LineProduct] = Vocabulary(
    _BROKER,
    "product",
    {
        "LONGTERM": "CNC",
        "INTRADAY": "MIS",
        "MTF": "MTF",
        "NORMAL": "NRML",
        "NRML": "NRML",
        "CNC": "CNC",
        "MIS": "MIS",
        "DELIVERY": "CNC",
    },
)
_KINDS: tuple[tuple[frozenset[int], RefusalKind], ...] = (
    (frozenset({3}), "network"),
    (frozenset({87}), "auth"),
    (frozenset({86, 82}), "permission"),
    (frozenset({994, 997, 998, 999}), "not_found"),
    (frozenset({912, 913, 915, 917, 919, 921, 923, 924, 927, 937, 939}), "other"),
    (
        frozenset({*range(900, 912), 914, 925, *range(928, 954), *range(957, 973), *range(979, 992), 813, 814, 815}),
        "input",
    ),
)
_ZERO = Decimal(0)


def refusal_of(message: str) -> Refusal:
    """A refusal by the code in its text. EC912 (placing failed) says nothing of why: the book has to tell."""
    match = _CODE.search(message)
    number = int(match[1]) if match else 0
    text = message.upper()
    kind: RefusalKind = "order"
    if number:
        kind = next((kind for numbers, kind in _KINDS if number in numbers), "order")
    elif "SESSION" in text or "UNAUTHORI" in text or "TOKEN" in text:
        kind = "auth"
    elif "INSUFFICIENT" in text or "MARGIN" in text:
        kind = "funds"
    elif "TOO MANY" in text or "RATE LIMIT" in text:
        kind = "rate"
    elif "NOT FOUND" in text:
        kind = "not_found"
    unknown = kind == "network" or number == 912
    return Refusal(kind=kind, code=f"EC{number:03d}" if number else "", message=message, fate_unknown=unknown)


def is_empty(refusal: Refusal) -> bool:
    """Whether a refusal says no more than that there is nothing."""
    return refusal.code[2:].isdigit() and int(refusal.code[2:]) in _EMPTY


def _open(call: str, body: bytes) -> tuple[bytes, bool]:
    """The result, and whether the answer says that there is nothing; a refusal is Invalid with its words."""
    reader: Reader[Envelope] = Reader(_BROKER, call, Envelope)
    got = reader(body)
    said = got.message or got.emsg
    if even(got.status or got.stat) == "OK":
        return bytes(got.result), False
    match = _CODE.search(said)
    if match and int(match[1]) in _EMPTY:
        return b"", True
    if not said and not (got.status or got.stat):
        Fields(_BROKER, call).fail("$.status", "it has no status")
    return Fields(_BROKER, call).fail("$.message", f"the broker refused: {said[:160]!r}")


def _rows(call: str, kind: Any, build: Callable[[Fields, str, Any], Any]) -> Parser:
    fields = Fields(_BROKER, call)
    many: Reader[Any] = Reader(_BROKER, call, tuple[kind, ...])
    single: Reader[Any] = Reader(_BROKER, call, kind)

    def parse(body: bytes) -> list[Any]:
        inner, empty = _open(call, body)
        if empty or inner in (b"", b"null"):
            return []
        found = many(inner) if inner[:1] == b"[" else (single(inner),)
        return [build(fields, f"$.result[{n}]", row) for n, row in enumerate(found)]

    return parse


def _when(fields: Fields, path: str, raw: str | None) -> datetime | None:
    """A moment; a bare time of day has no date and is none."""
    return fields.local(path, raw, *_FORMS) if raw and len(raw) > 10 and "1980" not in raw else None


def _word(raw: str | int | None) -> str:
    return "" if raw is None else str(raw)


def _tag(raw: str | None) -> str:
    """Our id; the trade book writes `--` where there is none."""
    return "" if raw is None or raw == "--" else raw


def _order(fields: Fields, path: str, row: OrderRow) -> OrderLine:
    kind = _TYPES.read(row.orderType.upper())
    size = fields.need(f"{path}.quantity", row.quantity)
    filled = fields.number(f"{path}.filledQuantity", row.filledQuantity) or _ZERO
    cancelled = fields.number(f"{path}.cancelledQuantity", row.cancelledQuantity)
    state = _NOREN.words.read_state(row.orderStatus, filled > 0)
    price = fields.number(f"{path}.price", row.price)
    placed = _when(fields, f"{path}.orderTime", row.orderTime)
    live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL")
    return OrderLine(
        broker_id=_word(row.brokerOrderId),
        exchange_id=_word(row.exchangeOrderId),
        client_id=_tag(row.orderTag),
        symbol=row.tradingSymbol or row.formattedInstrumentName or "",
        exchange=row.exchange,
        token=_word(row.instrumentId),
        side=_SIDES.read(row.transactionType.upper()),
        quantity=size,
        filled=filled,
        pending=max(size - filled - (cancelled or _ZERO), _ZERO) if live else None,
        cancelled=cancelled,
        price=None if kind in ("MARKET", "SL-M") else price,
        trigger=fields.price(f"{path}.slTriggerPrice", row.slTriggerPrice),
        average=fields.price(f"{path}.averageTradedPrice", row.averageTradedPrice),
        disclosed=fields.number(f"{path}.disclosedQuantity", row.disclosedQuantity),
        type=kind,
        product=_PRODUCTS.read(row.product.upper()) if row.product else "UNKNOWN",
        validity=_NOREN.words.validity.read(row.validity.upper()) if row.validity else "UNKNOWN",
        variety=row.orderComplexity or "",
        state=state,
        raw_state=row.orderStatus,
        reason=row.rejectionReason or "",
        placed=placed,
        updated=_when(fields, f"{path}.exchangeTime", row.exchangeUpdateTime or row.exchangeTime)
        or _when(fields, f"{path}.brokerUpdateTime", row.brokerUpdateTime)
        or placed,
    )


def _trade(fields: Fields, path: str, row: TradeRow) -> TradeLine:
    """An execution; where it has no number it is named by moment, quantity and price."""
    size, price = (
        fields.need(f"{path}.filledQuantity", row.filledQuantity),
        fields.need(f"{path}.tradedPrice", row.tradedPrice),
    )
    number = _word(row.exchangeTradeId) or _word(row.tradeNumber) or _word(row.fillId)
    return TradeLine(
        execution=number or f"{row.fillTimestamp or ''}:{size}@{price}",
        broker_id=_word(row.brokerOrderId),
        exchange_id=_word(row.exchangeOrderId),
        client_id=_tag(row.orderTag),
        symbol=row.tradingSymbol or row.formattedInstrumentName or "",
        exchange=row.exchange,
        token=_word(row.instrumentId),
        side=_SIDES.read(row.transactionType.upper()),
        quantity=size,
        price=price,
        product=_PRODUCTS.read(row.product.upper()) if row.product else "UNKNOWN",
        at=_when(fields, f"{path}.fillTimestamp", row.fillTimestamp),
    )


def _position(fields: Fields, path: str, row: PositionRow) -> PositionLine:
    return PositionLine(
        symbol=row.tradingSymbol or row.formattedInstrumentName or "",
        exchange=row.exchange,
        token=_word(row.instrumentId),
        product=_PRODUCTS.read(row.product.upper()) if row.product else "UNKNOWN",
        quantity=fields.need(f"{path}.netQuantity", row.netQuantity),
        average=fields.number(f"{path}.netAveragePrice", row.netAveragePrice),
        realised=fields.number(f"{path}.realizedPnl", row.realizedPnl),
        unrealised=fields.number(f"{path}.unrealizedPnl", row.unrealizedPnl),
        buy_quantity=fields.number(f"{path}.buyQuantity", row.buyQuantity),
        sell_quantity=fields.number(f"{path}.sellQuantity", row.sellQuantity),
        currency="INR",
    )


def _holding(fields: Fields, path: str, row: HoldingRow) -> HoldingLine:
    held = row.totalQuantity if row.totalQuantity is not None else row.dpQuantity
    nse = row.nseTradingSymbol or row.tradingSymbol or row.formattedInstrumentName
    return HoldingLine(
        symbol=nse or row.bseTradingSymbol or "",
        exchange=row.exchange or ("NSE" if nse else "BSE"),
        token=_word(row.instrumentId) or _word(row.nseInstrumentId) or _word(row.bseInstrumentId),
        isin=row.isin or "",
        quantity=fields.need(f"{path}.totalQuantity", held),
        unsettled=fields.number(f"{path}.t1Quantity", row.t1Quantity),
        pledged=fields.number(f"{path}.collateralQuantity", row.collateralQuantity),
        average=fields.number(f"{path}.averageTradedPrice", row.averageTradedPrice),
        currency="INR",
    )


def _limits(fields: Fields, path: str, row: LimitsRow) -> FundsLine:
    return FundsLine(
        segment="all",
        available=fields.need(f"{path}.tradingLimit", row.tradingLimit),
        used=fields.number(f"{path}.utilizedMargin", row.utilizedMargin),
        cash=fields.number(f"{path}.openingCashLimit", row.openingCashLimit),
        collateral=fields.number(f"{path}.collateralMargin", row.collateralMargin),
        currency="INR",
    )


def _candle(fields: Fields, path: str, row: Candle) -> BarLine:
    start = _when(fields, f"{path}.time", row.time)
    if start is None:
        fields.fail(f"{path}.time", "expected a time, got nothing")
    return BarLine(
        start=start,
        open=fields.need(f"{path}.open", row.open),
        high=fields.need(f"{path}.high", row.high),
        low=fields.need(f"{path}.low", row.low),
        close=fields.need(f"{path}.close", row.close),
        volume=fields.number(f"{path}.volume", row.volume),
    )


def _receipt(call: str) -> Parser:
    fields = Fields(_BROKER, call)
    many: Reader[tuple[PlacedRow, ...]] = Reader(_BROKER, call, tuple[PlacedRow, ...])
    single: Reader[PlacedRow] = Reader(_BROKER, call, PlacedRow)

    def parse(body: bytes) -> Receipt:
        inner, _ = _open(call, body)
        if inner in (b"", b"null"):
            fields.fail("$.result", "it names no order")
        found = many(inner) if inner[:1] == b"[" else (single(inner),)
        parts = []
        for n, row in enumerate(found):
            number = _word(row.brokerOrderId)
            if even(row.status) in ("NOT OK", "ERROR", "REJECTED") or not number:
                said = row.message or row.errorCode or fields.fail(f"$.result[{n}].brokerOrderId", "it names no order")
                parts.append(ReceiptPart(broker_id=number, refusal=refusal_of(said)))
            else:
                parts.append(ReceiptPart(broker_id=number))
        if not parts:
            fields.fail("$.result", "it names no order")
        if len(parts) == 1:
            return Receipt(broker_id=parts[0].broker_id, refusal=parts[0].refusal)
        first = next((part.broker_id for part in parts if part.refusal is None), "")
        return Receipt(broker_id=first, parts=tuple(parts))

    return parse


def session(body: bytes) -> SessionGrant:
    """A sign-in: fields at the top, or in the first row of the result."""
    envelope: Reader[Envelope] = Reader(_BROKER, "session", Envelope)
    flat: Reader[SessionBody] = Reader(_BROKER, "session", SessionBody)
    several: Reader[tuple[SessionBody, ...]] = Reader(_BROKER, "session", tuple[SessionBody, ...])
    outer, got = envelope(body), flat(body)
    inner = bytes(outer.result)
    if inner[:1] == b"[" and not (got.userSession or got.accessToken):
        rows = several(inner)
        got = rows[0] if rows else got
    token = got.userSession or got.accessToken
    if even(outer.status or outer.stat) != "OK" or not token:
        said = outer.message or outer.emsg or "it is no session"
        Fields(_BROKER, "session").fail("$.userSession", said[:160])
    return SessionGrant(user=got.clientId or got.userId, access_token=token)


class _OrderToken(msgspec.Struct, frozen=True):
    token: str = msgspec.field(name="orderToken", default="")


def order_token(body: bytes) -> str:
    """The token of the order socket; empty where the account does not have it."""
    inner, _ = _open("session", body)
    several: Reader[tuple[_OrderToken, ...]] = Reader(_BROKER, "session", tuple[_OrderToken, ...])
    rows = several(inner) if inner[:1] == b"[" else ()
    return rows[0].token if rows else ""


def instruments(body: bytes) -> list[ListingLine]:
    """A contract master CSV; the names of its columns differ from file to file."""
    fields = Fields(_BROKER, "instruments")
    try:
        reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
        names = {re.sub(r"[^a-z]", "", name.lower()): name for name in reader.fieldnames or () if name}
        if not {"exch", "token"} <= set(names) or "symbol" not in names:
            fields.fail("line 1", "expected the columns Exch, Symbol and Token")
        return [_listing(fields, f"line {n}", names, row) for n, row in enumerate(reader, start=2)]
    except (csv.Error, UnicodeDecodeError) as error:
        return fields.fail("$", f"it is not CSV ({error})"[:160])


def _listing(fields: Fields, path: str, names: dict[str, str], row: dict[str, str | None]) -> ListingLine:
    def get(*wanted: str) -> str:
        found = next((row.get(names[name]) for name in wanted if name in names), None)
        return found.strip() if isinstance(found, str) else ""

    exchange, word = get("exch"), get("instrumenttype", "groupname", "group")
    expires = fields.local(f"{path} expiry", get("expirydate")[:11], "%Y-%m-%d", "%d-%m-%Y", "%d-%b-%Y", "%d/%m/%Y")
    right = get("optiontype").upper()
    index = exchange == "INDICES" or "INDICES" in get("exchangesegment").upper() or word.upper() == "INDEX"
    lot = fields.number(f"{path} lot", get("lotsize"))
    return ListingLine(
        symbol=get("tradingsymbol") or get("symbol") or fields.fail(f"{path} Symbol", "expected text, got nothing"),
        exchange=exchange or fields.fail(f"{path} Exch", "expected text, got nothing"),
        token=get("token") or fields.fail(f"{path} Token", "expected text, got nothing"),
        name=get("symbol"),
        title=get("instrumentname"),
        kind="INDEX" if index else kind_of(word) if word.upper().startswith(("FUT", "OPT")) else "EQUITY",
        raw_kind=word,
        expiry=expires.astimezone(IST).date() if expires else None,
        strike=fields.price(f"{path} strike", get("strikeprice")),
        right="CE" if right in ("CE", "C") else "PE" if right in ("PE", "P") else None,
        lot=lot or Decimal(1),
        tick=fields.price(f"{path} tick", get("ticksize")),
        currency="INR",
    )


def error(body: bytes) -> Refusal:
    """A refusal: an envelope, or a bare code."""
    if body.lstrip()[:1] == b"{":
        reader: Reader[Envelope] = Reader(_BROKER, "error", Envelope)
        got = reader(body)
        said = got.message or got.emsg
        if even(got.status or got.stat) == "OK" or not said:
            Fields(_BROKER, "error").fail("$.message", "it is no error")
        return refusal_of(said)
    text = body.decode("utf-8", "replace").strip().strip('"')
    if not _CODE.fullmatch(text[:8]):
        Fields(_BROKER, "error").fail("$", "it is neither an answer nor a code")
    return refusal_of(text)


def decode_stream(frame: bytes | str) -> list[Event]:
    """One message of the price socket."""
    return _NOREN.decode_stream(frame)


def decode_orders(frame: bytes | str) -> list[Event]:
    """One message of the order socket. Its executions are left out: nothing says that the number told here is the one
    of the trade book, and one execution under two numbers would be booked twice. The trade book tells them.
    """
    head = _HEAD(frame)
    if not head.t and even(head.status) == "OK":
        return [NoticeEvent(kind="connected", text="orders")]
    return [
        msgspec.structs.replace(event, trade=None) if isinstance(event, OrderEvent) else event
        for event in _NOREN.decode_stream(frame)
    ]


class _Head(msgspec.Struct, frozen=True):
    t: str = ""
    status: str = ""


_HEAD: Reader[_Head] = Reader(_BROKER, "stream", _Head)

PARSERS: dict[str, Parser] = {
    "session": session,
    "place": _receipt("place"),
    "modify": _receipt("modify"),
    "cancel": _receipt("cancel"),
    "orders": _rows("orders", OrderRow, _order),
    "order_history": _rows("order_history", OrderRow, _order),
    "trades": _rows("trades", TradeRow, _trade),
    "positions": _rows("positions", PositionRow, _position),
    "holdings": _rows("holdings", HoldingRow, _holding),
    "funds": _rows("funds", LimitsRow, _limits),
    "history": _rows("history", Candle, _candle),
    "instruments": instruments,
    "error": error,
}
