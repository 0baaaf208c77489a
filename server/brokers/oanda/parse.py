"""OANDA's answers and stream lines -> lines and events. Pure.

A created order is no success: the same answer may carry the transaction that killed it, told as the receipt's refusal.
Streams are lines of JSON over HTTP, heartbeats among them.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Parser, Reader, refuse
from server.brokers.oanda import rows
from server.brokers.oanda.rows import BROKER
from server.brokers.oanda.wire import (
    AccountBody,
    AccountRef,
    Candles,
    Changes,
    ErrorBody,
    InstrumentBody,
    OpenTrade,
    OrderBody,
    Placed,
    PositionBody,
    Price,
    PriceLevel,
    Transaction,
)
from server.domain.brokerage import (
    BarLine,
    BeatEvent,
    DepthLevel,
    Event,
    FundsLine,
    LineState,
    ListingLine,
    NoticeEvent,
    OrderEvent,
    OrderLine,
    PositionLine,
    QuoteLine,
    Receipt,
    ReceiptPart,
    Refusal,
    SessionGrant,
    TickEvent,
    TradeLine,
)

__all__ = ("PARSERS", "all_transactions", "decode_orders", "decode_stream", "first_transaction", "last_transaction")

_REPLACED = "CLIENT_REQUEST_REPLACED"
_ASKED = ("CLIENT_REQUEST", _REPLACED)


class _Accounts(msgspec.Struct, frozen=True):
    accounts: tuple[AccountRef, ...] | None = None
    account: AccountRef | None = None


class _Orders(msgspec.Struct, frozen=True):
    orders: tuple[OrderBody, ...] | None = None
    order: OrderBody | None = None
    changes: Changes | None = None
    transactions: tuple[Transaction, ...] | None = None


class _Positions(msgspec.Struct, frozen=True):
    positions: tuple[PositionBody, ...] | None = None
    position: PositionBody | None = None
    changes: Changes | None = None


class _Account(msgspec.Struct, frozen=True):
    account: AccountBody | None = None
    state: AccountBody | None = None


class _Trades(msgspec.Struct, frozen=True):
    trades: tuple[OpenTrade, ...] | None = None
    trade: OpenTrade | None = None
    transactions: tuple[Transaction, ...] | None = None
    transaction: Transaction | None = None
    changes: Changes | None = None


class _Prices(msgspec.Struct, frozen=True):
    prices: tuple[Price, ...]


class _Instruments(msgspec.Struct, frozen=True):
    instruments: tuple[InstrumentBody, ...]


class _Pages(msgspec.Struct, frozen=True):
    pages: tuple[str, ...] = ()
    last: str = msgspec.field(name="lastTransactionID", default="")


class _Last(msgspec.Struct, frozen=True):
    last: str = msgspec.field(name="lastTransactionID", default="")


def _reader(call: str, kind: Any) -> Callable[[bytes], Any]:
    """A reader that answers a refusal with Invalid and its words."""
    inner: Reader[Any] = Reader(BROKER, call, kind)

    def read(body: bytes) -> Any:
        if b'"errorMessage"' in body:
            error: ErrorBody | None = None
            try:
                error = msgspec.json.decode(body, type=ErrorBody)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return inner(body)
            refuse(BROKER, call, "$.errorMessage", f"the broker refused: {error.errorMessage[:160]!r}")
        return inner(body)

    return read


_SESSION = _reader("session", _Accounts)
_ORDERS = _reader("orders", _Orders)
_HISTORY_OF = _reader("order_history", _Orders)
_TRADES = _reader("trades", _Trades)
_POSITIONS = _reader("positions", _Positions)
_FUNDS = _reader("funds", _Account)
_CANDLES = _reader("history", Candles)
_INSTRUMENTS = _reader("instruments", _Instruments)
_LAST: Reader[_Last] = Reader(BROKER, "page", _Last)
_ERROR: Reader[ErrorBody] = Reader(BROKER, "error", ErrorBody)


def session(body: bytes) -> SessionGrant:
    """The token is the session; the account list tells whose it is."""
    got = _SESSION(body)
    found = got.accounts or ((got.account,) if got.account else ())
    if not found:
        refuse(BROKER, "session", "$.accounts", "it names no account")
    return SessionGrant(user=found[0].id, exchanges=tuple(account.id for account in found))


def _receipt(call: str) -> Parser:
    fields, read = Fields(BROKER, call), _reader(call, Placed)

    def parse(body: bytes) -> Receipt:
        got: Placed = read(body)
        parts = [
            _part(fields, f"$.{name}", got, name)
            for name in ("longOrder", "shortOrder")
            if getattr(got, f"{name}CreateTransaction") is not None
        ]
        if parts:
            return msgspec.structs.replace(
                parts[0],
                parts=tuple(ReceiptPart(broker_id=part.broker_id, refusal=part.refusal) for part in parts),
                trades=tuple(trade for part in parts for trade in part.trades),
            )
        if got.orderCreateTransaction is not None:
            return _part(fields, "$.order", got, "order")
        told = got.orderCancelTransaction or got.orderClientExtensionsModifyTransaction
        if told is None or not told.orderID:
            fields.fail("$", "it names no order")
        return Receipt(broker_id=told.orderID, client_id=told.clientOrderID, message=told.reason)

    return parse


def _part(fields: Fields, path: str, got: Placed, name: str) -> Receipt:
    """What became of one order: made, filled at once, or killed at once."""
    made: Transaction = getattr(got, f"{name}CreateTransaction")
    filled: Transaction | None = getattr(got, f"{name}FillTransaction")
    killed: Transaction | None = getattr(got, f"{name}CancelTransaction")
    if killed is not None and (killed.reason == _REPLACED or killed.orderID not in ("", made.id)):
        killed = None
    number = fields.text(f"{path}CreateTransaction.id", made.id)
    trade = rows.fill(fields, f"{path}FillTransaction", filled) if filled is not None else None
    size = abs(fields.number(f"{path}CreateTransaction.units", made.units) or Decimal(0))
    state: LineState = "CANCELLED" if killed is not None else "OPEN"
    if trade is not None:
        over = killed is not None or (name == "order" and got.orderReissueRejectTransaction is not None)
        state = "FILLED" if trade.quantity >= size else "CANCELLED" if over else "PARTIAL"
    line = rows.line_of(fields, f"{path}CreateTransaction", made, state)
    if trade is not None:
        line = msgspec.structs.replace(line, filled=trade.quantity, average=trade.price)
    refused = killed is not None and trade is None and killed.reason not in _ASKED
    return Receipt(
        broker_id=number,
        client_id=line.client_id,
        message=made.reason,
        order=line,
        trades=(trade,) if trade is not None else (),
        refusal=rows.refusal(killed.reason, "") if refused and killed is not None else None,
    )


def _order_lines(call: str, got: _Orders) -> list[OrderLine]:
    fields = Fields(BROKER, call)
    if got.transactions is not None:
        return [_told(fields, f"$.transactions[{n}]", row) for n, row in enumerate(got.transactions) if _about(row)]
    found = got.orders if got.orders is not None else (got.order,) if got.order is not None else None
    if got.changes is not None:
        changed = got.changes
        found = (
            *changed.ordersCreated,
            *changed.ordersTriggered,
            *changed.ordersFilled,
            *changed.ordersCancelled,
        )
    if found is None:
        fields.fail("$.orders", "it holds no orders")
    return [rows.order(fields, f"$.orders[{n}]", row) for n, row in enumerate(found)]


def _about(row: Transaction) -> bool:
    """Whether a transaction is about an order."""
    return bool(row.orderID) or row.type.endswith("_ORDER") or row.type.endswith("_REJECT")


def _told(fields: Fields, path: str, row: Transaction) -> OrderLine:
    """The order line a transaction gives."""
    if row.type == "ORDER_FILL":
        return rows.line_of(fields, path, row, "FILLED")
    if row.type == "ORDER_CANCEL":
        return rows.line_of(fields, path, row, "EXPIRED" if row.reason == "TIME_IN_FORCE_EXPIRED" else "CANCELLED")
    if row.type.endswith("_REJECT"):
        return rows.line_of(fields, path, row, "REJECTED")
    return rows.line_of(fields, path, row, "OPEN")


def orders(body: bytes) -> list[OrderLine]:
    """The order book, one order, or the orders that changed."""
    return _order_lines("orders", _ORDERS(body))


def order_history(body: bytes) -> list[OrderLine]:
    """An order as it stands, or what transactions say of orders, in their order."""
    return _order_lines("order_history", _HISTORY_OF(body))


def trades(body: bytes) -> list[TradeLine]:
    """Executions among transactions; or open lots, told as the executions that opened them."""
    fields, got = Fields(BROKER, "trades"), _TRADES(body)
    lots = got.trades if got.trades is not None else (got.trade,) if got.trade is not None else None
    if lots is not None:
        return [_lot(fields, f"$.trades[{n}]", lot) for n, lot in enumerate(lots)]
    found = got.changes.transactions if got.changes is not None else got.transactions
    if found is None and got.transaction is not None:
        found = (got.transaction,)
    if found is None:
        fields.fail("$.transactions", "it holds no transactions")
    return [rows.fill(fields, f"$.transactions[{n}]", row) for n, row in enumerate(found) if row.type == "ORDER_FILL"]


def _lot(fields: Fields, path: str, lot: OpenTrade) -> TradeLine:
    units = fields.need(f"{path}.initialUnits", lot.initialUnits)
    return TradeLine(
        execution=lot.id,
        broker_id="",
        symbol=lot.instrument,
        token=lot.instrument,
        side=rows.side_of(units),
        quantity=abs(units),
        price=fields.need(f"{path}.price", lot.price),
        product="NONE",
        at=fields.moment(f"{path}.openTime", lot.openTime),
    )


def positions(body: bytes) -> list[PositionLine]:
    """Positions, or those that changed."""
    fields, got = Fields(BROKER, "positions"), _POSITIONS(body)
    found = got.positions if got.positions is not None else (got.position,) if got.position is not None else None
    if found is None and got.changes is not None:
        found = got.changes.positions
    if found is None:
        fields.fail("$.positions", "it holds no positions")
    return [line for n, row in enumerate(found) for line in rows.positions(fields, f"$.positions[{n}]", row)]


def funds(body: bytes) -> list[FundsLine]:
    """The account's money, from its summary, in full, or from the state beside changes."""
    fields, got = Fields(BROKER, "funds"), _FUNDS(body)
    account = got.account or got.state
    if account is None:
        fields.fail("$.account", "it holds no account")
    return [
        FundsLine(
            segment="all",
            available=fields.need("$.marginAvailable", account.marginAvailable),
            used=fields.need("$.marginUsed", account.marginUsed),
            cash=fields.number("$.balance", account.balance),
            net=fields.number("$.NAV", account.NAV),
            realised=fields.number("$.pl", account.pl),
            unrealised=fields.number("$.unrealizedPL", account.unrealizedPL),
            currency=account.currency,
        )
    ]


def _quotes(call: str) -> Parser:
    fields, read = Fields(BROKER, call), _reader(call, _Prices)

    def parse(body: bytes) -> list[QuoteLine]:
        return [_price(fields, f"$.prices[{n}]", row) for n, row in enumerate(read(body).prices)]

    return parse


def _price(fields: Fields, path: str, row: Price) -> QuoteLine:
    bids, asks = _levels(fields, f"{path}.bids", row.bids), _levels(fields, f"{path}.asks", row.asks)
    name = fields.text(f"{path}.instrument", row.instrument)
    return QuoteLine(
        symbol=name,
        token=name,
        bid=bids[0].price if bids else None,
        bid_quantity=bids[0].quantity if bids else None,
        ask=asks[0].price if asks else None,
        ask_quantity=asks[0].quantity if asks else None,
        bids=bids,
        asks=asks,
        at=fields.moment(f"{path}.time", row.time),
    )


def _levels(fields: Fields, path: str, levels: tuple[PriceLevel, ...]) -> tuple[DepthLevel, ...]:
    return tuple(
        DepthLevel(
            price=fields.need(f"{path}[{n}].price", level.price),
            quantity=fields.need(f"{path}[{n}].liquidity", level.liquidity),
        )
        for n, level in enumerate(levels)
    )


def history(body: bytes) -> list[BarLine]:
    """Candles of mid prices, else of bids, else of asks."""
    fields, got = Fields(BROKER, "history"), _CANDLES(body)
    lines = []
    for n, candle in enumerate(got.candles):
        path = f"$.candles[{n}]"
        data, start = candle.mid or candle.bid or candle.ask, fields.moment(f"{path}.time", candle.time)
        if data is None or start is None:
            fields.fail(f"{path}.mid", "expected prices and a time")
        lines.append(
            BarLine(
                start=start,
                open=fields.need(f"{path}.o", data.o),
                high=fields.need(f"{path}.h", data.h),
                low=fields.need(f"{path}.l", data.l),
                close=fields.need(f"{path}.c", data.c),
                volume=fields.number(f"{path}.volume", candle.volume),
                symbol=got.instrument,
                complete=candle.complete,
            )
        )
    return lines


def instruments(body: bytes) -> list[ListingLine]:
    """The account's instruments."""
    fields = Fields(BROKER, "instruments")
    return [_listing(fields, f"$.instruments[{n}]", row) for n, row in enumerate(_INSTRUMENTS(body).instruments)]


def _listing(fields: Fields, path: str, row: InstrumentBody) -> ListingLine:
    if not (0 <= row.displayPrecision <= 10 and 0 <= row.tradeUnitsPrecision <= 10):
        fields.fail(f"{path}.displayPrecision", "expected a number of digits")
    limit = fields.whole(f"{path}.maximumOrderUnits", row.maximumOrderUnits)
    one = Decimal(1)
    step = one.scaleb(-row.tradeUnitsPrecision)
    return ListingLine(
        symbol=row.name,
        exchange="OANDA",
        token=row.name,
        name=row.name,
        title=row.displayName,
        kind="CURRENCY" if row.type in ("CURRENCY", "METAL") else "UNKNOWN",
        raw_kind=row.type,
        tick=one.scaleb(-row.displayPrecision),
        step=step if row.tradeUnitsPrecision else None,
        freeze=Decimal(limit) if limit else None,
        least=fields.number(f"{path}.minimumTradeSize", row.minimumTradeSize),
        currency=row.name.rpartition("_")[2],
    )


def error(body: bytes) -> Refusal:
    """A refusal, with the reject transaction's reason before the error code."""
    got = _ERROR(body)
    told = got.orderRejectTransaction or got.orderCancelRejectTransaction
    code = (told.rejectReason if told is not None else "") or got.rejectReason or got.errorCode
    return rows.refusal(code, got.errorMessage)


def last_transaction(body: bytes) -> str:
    """The last transaction an answer knows of: where the next `sinceid` starts."""
    return _LAST(body).last


def first_transaction(body: bytes) -> str:
    """The first transaction of a span of time, out of the addresses of its pages; else the one after the last."""
    reader: Reader[_Pages] = Reader(BROKER, "page", _Pages)
    got = reader(body)
    if got.pages:
        found = dict(parse_qsl(urlsplit(got.pages[0]).query)).get("from", "")
    else:
        found = str(int(got.last) + 1) if got.last.isdigit() and len(got.last) < 20 else ""
    return found if found.isdigit() else refuse(BROKER, "page", "$.pages", "they name no transaction")


def all_transactions(body: bytes) -> tuple[Transaction, ...]:
    """Transactions since one."""
    return _TRADES(body).transactions or ()


_PRICE: Reader[Price] = Reader(BROKER, "stream", Price)
_TRANSACTION: Reader[Transaction] = Reader(BROKER, "stream", Transaction)
_STREAM = Fields(BROKER, "stream")
_MOST_LINES = 10_000


def decode_stream(frame: bytes | str) -> list[Event]:
    """Lines of the price stream."""
    return [event for line in _lines(frame) for event in _tick(line)]


def decode_orders(frame: bytes | str) -> list[Event]:
    """Lines of the transaction stream."""
    return [event for line in _lines(frame) for event in _transaction(line)]


def _lines(frame: bytes | str) -> list[bytes]:
    """JSON objects of a frame: one a line, or an array of them."""
    body = (frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame).strip()
    if body[:1] == b"[":
        many: Reader[tuple[msgspec.Raw, ...]] = Reader(BROKER, "stream", tuple[msgspec.Raw, ...])
        found = [bytes(raw) for raw in many(body)]
    else:
        found = [line for line in body.splitlines() if line.strip()]
    if len(found) > _MOST_LINES:
        _STREAM.fail("$", f"expected at most {_MOST_LINES} lines")
    return found


def _tick(line: bytes) -> list[Event]:
    row = _PRICE(line)
    if row.type == "HEARTBEAT":
        return [BeatEvent(at=_STREAM.moment("$.time", row.time))]
    if row.errorMessage:
        return [_refused(row.errorMessage)]
    if row.type not in ("PRICE", ""):
        return [NoticeEvent(kind="other", text=row.type)]
    return [TickEvent(quote=_price(_STREAM, "$", row), mode="full")]


def _transaction(line: bytes) -> list[Event]:
    row = _TRANSACTION(line)
    if row.type == "HEARTBEAT":
        return [BeatEvent(at=_STREAM.moment("$.time", row.time))]
    if not row.type:
        _STREAM.fail("$.type", "expected the type of a transaction")
    if not _about(row):
        return [NoticeEvent(kind="other", text=row.type)]
    trade = rows.fill(_STREAM, "$", row) if row.type == "ORDER_FILL" else None
    return [OrderEvent(order=_told(_STREAM, "$", row), trade=trade)]


def _refused(message: str) -> Event:
    return NoticeEvent(kind="refused", text=message, refusal=rows.refusal("", message))


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
    "quotes": _quotes("quotes"),
    "depth": _quotes("depth"),
    "history": history,
    "instruments": instruments,
    "error": error,
}
