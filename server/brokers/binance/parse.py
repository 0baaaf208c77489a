"""Binance's answers, spot and USD-M futures -> lines. Pure. Frames of its streams: `events`.

REST answers come bare, those of the WebSocket API as `{id, status, result}` or `{id, status, error}`; both are read.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.binance import rows
from server.brokers.binance.events import decode_orders, decode_stream, levels
from server.brokers.binance.rows import BROKER
from server.brokers.binance.wire import (
    Balance,
    Depth,
    ErrorBody,
    ExchangeInfo,
    OrderBody,
    Position,
    Replaced,
    Symbol,
    Ticker,
    TradeBody,
    Wallet,
    code_of,
)
from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Parser, Reader
from server.domain.brokerage import (
    BarLine,
    FundsLine,
    HoldingLine,
    ListingLine,
    OrderLine,
    PositionLine,
    QuoteLine,
    Receipt,
    ReceiptPart,
    Refusal,
    SessionGrant,
    TradeLine,
)

__all__ = ("PARSERS", "decode_orders", "decode_stream")


class _Envelope(msgspec.Struct, frozen=True):
    status: Any = None
    code: int | str | None = None
    msg: str = ""
    result: msgspec.Raw = msgspec.Raw(b"")
    error: msgspec.Raw = msgspec.Raw(b"")


class _Account(msgspec.Struct, frozen=True):
    uid: int | None = None
    balances: tuple[Balance, ...] = ()
    assets: tuple[Wallet, ...] = ()
    positions: tuple[Position, ...] = ()


class _Orders(msgspec.Struct, frozen=True):
    """An order list's answer."""

    orders: tuple[OrderBody, ...] = ()
    order_reports: tuple[OrderBody, ...] = msgspec.field(name="orderReports", default=())
    list_id: int = msgspec.field(name="orderListId", default=-1)


class _Amended(msgspec.Struct, frozen=True):
    order: OrderBody = msgspec.field(name="amendedOrder")


class _Session(msgspec.Struct, frozen=True):
    uid: int | None = None
    listen_key: str = msgspec.field(name="listenKey", default="")


def _unwrap(call: str, body: bytes) -> bytes:
    """The answer itself; a refusal is Invalid with its words."""
    if body.lstrip()[:1] != b"{":
        return body
    envelope: Reader[_Envelope] = Reader(BROKER, call, _Envelope)
    head = envelope(body)
    fields = Fields(BROKER, call)
    if bytes(head.error):
        error: Reader[ErrorBody] = Reader(BROKER, call, ErrorBody)
        fields.fail("$.error", f"the broker refused: {error(bytes(head.error)).msg[:160]!r}")
    if isinstance(head.status, int) and bytes(head.result):
        return bytes(head.result)
    if (code_of(head.code) or 0) < 0 and b'"orderId"' not in body and b'"cancelResult"' not in body:
        fields.fail("$.msg", f"the broker refused: {head.msg[:160]!r}")
    return body


def _many(call: str, kind: Any) -> Callable[[bytes], tuple[Any, ...]]:
    """A reader of a list, or of one object as a list of one."""
    single: Reader[Any] = Reader(BROKER, call, kind)
    several: Reader[Any] = Reader(BROKER, call, tuple[kind, ...])

    def read(body: bytes) -> tuple[Any, ...]:
        inner = _unwrap(call, body)
        return tuple(several(inner)) if inner.lstrip()[:1] == b"[" else (single(inner),)

    return read


def _lines(call: str) -> Parser:
    fields, read = Fields(BROKER, call), _many(call, OrderBody)

    def parse(body: bytes) -> list[OrderLine]:
        return [rows.order(fields, f"$[{n}]", row) for n, row in enumerate(read(body))]

    return parse


def _part(fields: Fields, path: str, row: OrderBody) -> ReceiptPart:
    if row.orderId is None and row.algoId is None:
        if row.number is None or row.number >= 0:
            fields.fail(f"{path}.orderId", "it names no order")
        return ReceiptPart(refusal=rows.refusal(ErrorBody(code=row.number, msg=row.msg)))
    return ReceiptPart(broker_id=str(row.orderId if row.orderId is not None else row.algoId))


def _single(fields: Fields, path: str, row: OrderBody) -> Receipt:
    """One order's receipt; a bare acknowledgement carries no order."""
    part = _part(fields, path, row)
    if part.refusal is not None:
        fields.fail(f"{path}.msg", f"the broker refused: {part.refusal.message[:160]!r}")
    whole = (row.status or row.algoStatus) and row.side
    return Receipt(
        broker_id=part.broker_id,
        client_id=row.origClientOrderId or row.clientOrderId or row.clientAlgoId or "",
        message=row.msg,
        order=rows.order(fields, path, row) if whole else None,
        trades=rows.fills(fields, path, row),
    )


def _receipt(call: str) -> Parser:
    fields = Fields(BROKER, call)
    one: Reader[OrderBody] = Reader(BROKER, call, OrderBody)
    several: Reader[tuple[OrderBody, ...]] = Reader(BROKER, call, tuple[OrderBody, ...])
    listed: Reader[_Orders] = Reader(BROKER, call, _Orders)
    amended: Reader[_Amended] = Reader(BROKER, call, _Amended)

    def parse(body: bytes) -> Receipt:
        if b'"cancelResult"' in body:
            return _replaced(call, body)
        inner = _unwrap(call, body)
        if inner.lstrip()[:1] == b"[":
            # Order lists stand among cancelled orders; they repeat what the orders say.
            parts = tuple(
                _part(fields, f"$[{n}]", row)
                for n, row in enumerate(several(inner))
                if row.orderId is not None or row.algoId is not None or row.number is not None
            )
            first = next((part.broker_id for part in parts if part.refusal is None), "")
            if not first and not any(part.refusal for part in parts) and len(inner) > 4:
                fields.fail("$[0].orderId", "it names no order")
            return Receipt(broker_id=first, parts=parts)
        if b'"amendedOrder"' in inner:
            return _single(fields, "$.amendedOrder", amended(inner).order)
        if b'"orders"' in inner:
            got = listed(inner)
            parts = tuple(_part(fields, f"$.orders[{n}]", row) for n, row in enumerate(got.orders or got.order_reports))
            return Receipt(broker_id=parts[0].broker_id if parts else str(got.list_id), parts=parts)
        row = one(inner)
        if row.orderId is None and row.algoId is None and call == "cancel" and (row.number or 0) > 0:
            return Receipt(broker_id="", message=row.msg)
        return _single(fields, "$", row)

    return parse


class _Partly(msgspec.Struct, frozen=True):
    data: Replaced | None = None
    error: "_Partly | None" = None
    result: Replaced | None = None
    cancel: str = msgspec.field(name="cancelResult", default="")


def _replaced(call: str, body: bytes) -> Receipt:
    """A cancel-and-replace: done, half done (the old order gone, the new one refused) or not done."""
    fields = Fields(BROKER, call)
    outer: Reader[_Partly] = Reader(BROKER, call, _Partly)
    direct: Reader[Replaced] = Reader(BROKER, call, Replaced)
    got = outer(body)
    told = got.data or got.result or (got.error.data if got.error is not None else None)
    if told is None:
        told = direct(body)
    made, gone = _inside(fields, "$.newOrderResponse", told.newOrderResponse), told.cancelResult == "SUCCESS"
    if told.newOrderResult == "SUCCESS" and made is not None:
        return _single(fields, "$.newOrderResponse", made)
    why = made if made is not None and made.number is not None else None
    if why is None:
        why = _inside(fields, "$.cancelResponse", told.cancelResponse)
    refused = rows.refusal(ErrorBody(code=why.number or 0, msg=why.msg) if why is not None else ErrorBody(code=0))
    word = "the old order is cancelled, the new one was refused" if gone else "nothing was changed"
    old = _inside(fields, "$.cancelResponse", told.cancelResponse)
    number = str(old.orderId) if gone and old is not None and old.orderId is not None else ""
    return Receipt(broker_id=number, message=word, refusal=refused)


def _inside(fields: Fields, path: str, raw: object) -> OrderBody | None:
    if raw is None:
        return None
    try:
        return msgspec.convert(raw, OrderBody)
    except msgspec.ValidationError as error:
        return fields.fail(path, str(error)[:120])


def session(body: bytes) -> SessionGrant:
    """Keys are the session; the account tells whose they are, the listen key opens the futures' user stream."""
    inner = _unwrap("session", body)
    reader: Reader[_Session] = Reader(BROKER, "session", _Session)
    if inner.lstrip()[:1] == b"[":
        wallets = _wallets("session", inner)
        return SessionGrant(user=wallets[0].accountAlias if wallets else "")
    got = reader(inner)
    if got.uid is None and not got.listen_key:
        Fields(BROKER, "session").fail("$.uid", "it names no account")
    return SessionGrant(user=str(got.uid) if got.uid is not None else "", feed_token=got.listen_key)


def _wallets(call: str, body: bytes) -> tuple[Wallet, ...]:
    reader: Reader[tuple[Wallet, ...]] = Reader(BROKER, call, tuple[Wallet, ...])
    return reader(body)


_TRADES = _many("trades", TradeBody)
_POSITIONS = _many("positions", Position)
_TICKERS = _many("quotes", Ticker)
_DEPTH = _many("depth", Depth)
_INFO: Reader[ExchangeInfo] = Reader(BROKER, "instruments", ExchangeInfo)
_KLINES: Reader[tuple[tuple[Any, ...], ...]] = Reader(BROKER, "history", tuple[tuple[Any, ...], ...])


def trades(body: bytes) -> list[TradeLine]:
    """Own executions."""
    fields = Fields(BROKER, "trades")
    return [rows.trade(fields, f"$[{n}]", row) for n, row in enumerate(_TRADES(body))]


def positions(body: bytes) -> list[PositionLine]:
    """Futures positions: from the risk call, or inside the account."""
    fields, inner = Fields(BROKER, "positions"), _unwrap("positions", body)
    if inner.lstrip()[:1] == b"{" and b'"positions"' in inner:
        reader: Reader[_Account] = Reader(BROKER, "positions", _Account)
        found: tuple[Position, ...] = reader(inner).positions
    else:
        found = _POSITIONS(inner)
    return [rows.position(fields, f"$[{n}]", row) for n, row in enumerate(found)]


def holdings(body: bytes) -> list[HoldingLine]:
    """What a spot account holds of each asset; `used` is locked in orders."""
    fields = Fields(BROKER, "holdings")
    reader: Reader[_Account] = Reader(BROKER, "holdings", _Account)
    return [
        HoldingLine(
            symbol=row.asset,
            exchange="WALLET",
            quantity=fields.need(f"$.balances[{n}].free", row.free),
            used=fields.need(f"$.balances[{n}].locked", row.locked),
            currency=row.asset,
        )
        for n, row in enumerate(reader(_unwrap("holdings", body)).balances)
    ]


def funds(body: bytes) -> list[FundsLine]:
    """Money by asset: spot balances, or futures wallets."""
    fields, inner = Fields(BROKER, "funds"), _unwrap("funds", body)
    if inner.lstrip()[:1] == b"[":
        return [_wallet(fields, f"$[{n}]", row) for n, row in enumerate(_wallets("funds", inner))]
    reader: Reader[_Account] = Reader(BROKER, "funds", _Account)
    got = reader(inner)
    if b'"balances"' not in inner and b'"assets"' not in inner:
        fields.fail("$.balances", "it holds no balances")
    lines = [_wallet(fields, f"$.assets[{n}]", row) for n, row in enumerate(got.assets)]
    for n, row in enumerate(got.balances):
        free = fields.need(f"$.balances[{n}].free", row.free)
        locked = fields.need(f"$.balances[{n}].locked", row.locked)
        lines.append(FundsLine(segment=row.asset, available=free, used=locked, cash=free + locked, currency=row.asset))
    return lines


def _wallet(fields: Fields, path: str, row: Wallet) -> FundsLine:
    profit = row.crossUnPnl if row.crossUnPnl is not None else row.unrealizedProfit
    return FundsLine(
        segment=row.asset,
        available=fields.need(f"{path}.availableBalance", row.availableBalance),
        used=fields.number(f"{path}.initialMargin", row.initialMargin),
        cash=fields.number(f"{path}.balance", row.balance if row.balance is not None else row.walletBalance),
        unrealised=fields.number(f"{path}.crossUnPnl", profit),
        currency=row.asset,
    )


def quotes(body: bytes) -> list[QuoteLine]:
    """Tickers of any kind, one or several."""
    fields = Fields(BROKER, "quotes")
    lines = []
    for n, row in enumerate(_TICKERS(body)):
        path = f"$[{n}]"
        last = row.lastPrice if row.lastPrice is not None else row.price
        if last is None and row.bidPrice is None and row.openInterest is None:
            fields.fail(f"{path}.lastPrice", "expected a price, got nothing")
        lines.append(
            QuoteLine(
                symbol=row.symbol,
                last=fields.number(f"{path}.lastPrice", last),
                last_quantity=fields.number(f"{path}.lastQty", row.lastQty),
                average=fields.number(f"{path}.weightedAvgPrice", row.weightedAvgPrice),
                bid=fields.number(f"{path}.bidPrice", row.bidPrice),
                bid_quantity=fields.number(f"{path}.bidQty", row.bidQty),
                ask=fields.number(f"{path}.askPrice", row.askPrice),
                ask_quantity=fields.number(f"{path}.askQty", row.askQty),
                open=fields.number(f"{path}.openPrice", row.openPrice),
                high=fields.number(f"{path}.highPrice", row.highPrice),
                low=fields.number(f"{path}.lowPrice", row.lowPrice),
                close=fields.number(f"{path}.prevClosePrice", row.prevClosePrice),
                volume=fields.number(f"{path}.volume", row.volume),
                oi=fields.number(f"{path}.openInterest", row.openInterest),
                at=fields.epoch(f"{path}.time", row.time or row.closeTime),
            )
        )
    return lines


def depth(body: bytes) -> list[QuoteLine]:
    """An order book; the answer does not name its symbol."""
    fields = Fields(BROKER, "depth")
    lines = []
    for row in _DEPTH(body):
        bids, asks = levels(fields, "$.bids", row.bids), levels(fields, "$.asks", row.asks)
        lines.append(
            QuoteLine(
                bid=bids[0].price if bids else None,
                bid_quantity=bids[0].quantity if bids else None,
                ask=asks[0].price if asks else None,
                ask_quantity=asks[0].quantity if asks else None,
                bids=bids,
                asks=asks,
                at=fields.epoch("$.E", row.E),
            )
        )
    return lines


def history(body: bytes) -> list[BarLine]:
    """Klines, oldest first as sent."""
    fields = Fields(BROKER, "history")
    lines = []
    for n, row in enumerate(_KLINES(_unwrap("history", body))):
        path = f"$[{n}]"
        start = fields.epoch(f"{path}[0]", row[0]) if len(row) >= 6 else None
        if start is None:
            fields.fail(path, "expected a time, four prices and a volume")
        lines.append(
            BarLine(
                start=start,
                open=fields.need(f"{path}[1]", row[1]),
                high=fields.need(f"{path}[2]", row[2]),
                low=fields.need(f"{path}[3]", row[3]),
                close=fields.need(f"{path}[4]", row[4]),
                volume=fields.need(f"{path}[5]", row[5]),
            )
        )
    return lines


_FILTERS = (
    ("PRICE_FILTER", "tickSize"),
    ("LOT_SIZE", "stepSize"),
    ("LOT_SIZE", "minQty"),
    ("LOT_SIZE", "maxQty"),
    ("NOTIONAL", "minNotional"),  # spot; older symbols have the next
    ("MIN_NOTIONAL", "minNotional"),
    ("MIN_NOTIONAL", "notional"),  # USD-M's word
)


def instruments(body: bytes) -> list[ListingLine]:
    """The exchange's symbols; a contract type makes it the futures'."""
    fields = Fields(BROKER, "instruments")
    return [
        _listing(fields, f"$.symbols[{n}]", row) for n, row in enumerate(_INFO(_unwrap("instruments", body)).symbols)
    ]


def _listing(fields: Fields, path: str, row: Symbol) -> ListingLine:
    found: dict[str, Decimal] = {}
    for n, one in enumerate(row.filters):
        for kind, name in _FILTERS:
            if one.get("filterType") == kind and name in one:
                found[name] = fields.need(f"{path}.filters[{n}].{name}", one[name])
    dated = row.contractType not in ("", "PERPETUAL", "TRADIFI_PERPETUAL")
    expires = fields.epoch(f"{path}.deliveryDate", row.deliveryDate) if dated else None
    return ListingLine(
        symbol=row.symbol,
        exchange="USDM" if row.contractType else "SPOT",
        token=row.symbol,
        name=row.baseAsset,
        title=f"{row.baseAsset}/{row.quoteAsset}",
        kind="FUTURE" if row.contractType else "CRYPTO",
        raw_kind=row.contractType,
        expiry=expires.date() if expires else None,
        tick=found.get("tickSize") or None,
        step=found.get("stepSize") or None,
        freeze=found.get("maxQty") or None,
        least=found.get("minQty") or None,
        least_value=found.get("minNotional") or found.get("notional") or None,
        currency=row.quoteAsset,
        tradable=row.status == "TRADING",
    )


def error(body: bytes) -> Refusal:
    """A refusal."""
    reader: Reader[_Envelope] = Reader(BROKER, "error", _Envelope)
    head = reader(body)
    told: Reader[ErrorBody] = Reader(BROKER, "error", ErrorBody)
    return rows.refusal(told(bytes(head.error) or body))


PARSERS: dict[str, Parser] = {
    "session": session,
    "place": _receipt("place"),
    "modify": _receipt("modify"),
    "cancel": _receipt("cancel"),
    "orders": _lines("orders"),
    "order_history": _lines("order_history"),
    "trades": trades,
    "positions": positions,
    "holdings": holdings,
    "funds": funds,
    "quotes": quotes,
    "depth": depth,
    "history": history,
    "instruments": instruments,
    "error": error,
}
