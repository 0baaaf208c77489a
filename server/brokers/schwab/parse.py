"""Schwab's answers and frames -> lines and events. Pure.

Placing answers with no body: the order's number stands in the Location header, which `order_number` reads. The gateway
in front may answer with bare text, which `error` takes for a fate unknown.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from server.brokers.kit.fields import Fields
from server.brokers.kit.reading import Parser, Reader
from server.brokers.schwab import rows
from server.brokers.schwab.rows import BROKER, plain
from server.brokers.schwab.stream_parse import decode_orders, decode_stream
from server.brokers.schwab.wire import (
    Account,
    AccountNumber,
    Candles,
    Chain,
    Contract,
    ErrorBody,
    Expirations,
    Instrument,
    OrderBody,
    Preferences,
    Preview,
    QuoteBody,
    Quoted,
    StreamerInfo,
    Strikes,
    Token,
    TransactionBody,
)
from server.core.errors import Invalid
from server.domain.brokerage import (
    BarLine,
    ChainLine,
    ChainSide,
    FundsLine,
    ListingLine,
    OrderLine,
    PositionLine,
    QuoteLine,
    Receipt,
    Refusal,
    SessionGrant,
    TradeLine,
)

__all__ = (
    "PARSERS",
    "accounts",
    "decode_orders",
    "decode_stream",
    "delayed",
    "expirations",
    "expires_in",
    "order_number",
    "streamer",
)

_KINDS: dict[str, Any] = {
    "EQUITY": "EQUITY",
    "ETF": "EQUITY",
    "COLLECTIVE_INVESTMENT": "EQUITY",
    "OPTION": "OPTION",
    "INDEX": "INDEX",
    "FUTURE": "FUTURE",
    "FOREX": "CURRENCY",
}
_CENT = Decimal("0.01")
_MOST_TEXT = 2_000


def _many(call: str, kind: Any) -> Callable[[bytes], tuple[Any, ...]]:
    """A reader of a list, or of one object as a list of one; a refusal is Invalid with its words."""
    single: Reader[Any] = Reader(BROKER, call, kind)
    several: Reader[Any] = Reader(BROKER, call, tuple[kind, ...])

    def read(body: bytes) -> tuple[Any, ...]:
        if body.lstrip()[:1] == b"[":
            return tuple(several(body))
        _not_refused(call, body)
        return (single(body),)

    return read


def _not_refused(call: str, body: bytes) -> None:
    """Raise Invalid with Schwab's words if the answer is a refusal."""
    if b'"errors"' in body[:4096] or b'"message"' in body[:4096] or b'"error"' in body[:4096]:
        reader: Reader[ErrorBody] = Reader(BROKER, call, ErrorBody)
        try:
            got = reader(body)
        except Invalid:
            return
        if got.message or got.error or got.errors:
            Fields(BROKER, call).fail("$.message", f"the broker refused: {rows.refusal(got).message[:160]!r}")


_ORDERS, _HISTORY_OF = _many("orders", OrderBody), _many("order_history", OrderBody)
_FILLED = _many("trades", OrderBody)
_MOVES: Reader[tuple[TransactionBody, ...]] = Reader(BROKER, "trades", tuple[TransactionBody, ...])
_MOVE: Reader[TransactionBody] = Reader(BROKER, "trades", TransactionBody)
_POSITIONS, _FUNDS = _many("positions", Account), _many("funds", Account)
_QUOTES: Reader[dict[str, Any]] = Reader(BROKER, "quotes", dict[str, Any])
_PREVIEW: Reader[Preview] = Reader(BROKER, "place", Preview)
_TOKEN: Reader[Token] = Reader(BROKER, "session", Token)
_NUMBERS: Reader[tuple[AccountNumber, ...]] = Reader(BROKER, "session", tuple[AccountNumber, ...])
_PREFERENCES: Reader[Preferences] = Reader(BROKER, "session", Preferences)
_EXPIRATIONS: Reader[Expirations] = Reader(BROKER, "option_chain", Expirations)


def session(body: bytes) -> SessionGrant:
    """The token address' answer; or the account numbers, whose hash (`feed_token`) goes into every path."""
    if body.lstrip()[:1] == b"[":
        found = accounts(body)
        if not found:
            Fields(BROKER, "session").fail("$", "it names no account")
        return SessionGrant(user=found[0].accountNumber, feed_token=found[0].hashValue)
    _not_refused("session", body)
    got = _TOKEN(body)
    return SessionGrant(user="", access_token=got.access_token, refresh_token=got.refresh_token)


def accounts(body: bytes) -> tuple[AccountNumber, ...]:
    """The accounts of a sign-in, each with its hash."""
    return _NUMBERS(body)


def expires_in(body: bytes) -> int:
    """Seconds the access token lives."""
    return _TOKEN(body).expires_in


def streamer(body: bytes) -> StreamerInfo:
    """How to reach the streamer, from the user's preferences."""
    found = _PREFERENCES(body).streamerInfo
    return found[0] if found else Fields(BROKER, "session").fail("$.streamerInfo", "it names no streamer")


def order_number(location: str) -> str:
    """The order's number at the end of a Location header; empty when there is none."""
    tail = location.rstrip("/").rpartition("/")[2]
    return tail if tail.isdigit() else ""


def _receipt(call: str) -> Parser:
    def parse(body: bytes) -> Receipt:
        if not body.strip():
            return Receipt(broker_id="")
        _not_refused(call, body)
        got = _PREVIEW(body)
        rejects = got.orderValidationResult.rejects if got.orderValidationResult else ()
        words = "; ".join(row.activityMessage for row in rejects)
        refused = Refusal(kind="order", code="", message=words) if rejects else None
        return Receipt(broker_id=str(got.orderId), refusal=refused)

    return parse


def _lines(call: str, read: Callable[[bytes], tuple[Any, ...]]) -> Parser:
    fields = Fields(BROKER, call)

    def parse(body: bytes) -> list[OrderLine]:
        return [rows.order(fields, f"$[{n}]", row, parent) for n, (row, parent) in enumerate(rows.flatten(read(body)))]

    return parse


def trades(body: bytes) -> list[TradeLine]:
    """Executions told by orders, or by transactions of the kind TRADE that say what changed hands."""
    fields = Fields(BROKER, "trades")
    if b'"activityId"' in body and b'"orderStrategyType"' not in body and b'"orderType"' not in body:
        moves = _MOVES(body) if body.lstrip()[:1] == b"[" else (_MOVE(body),)
        return [line for n, row in enumerate(moves) for line in _moved(fields, f"$[{n}]", row)]
    return [
        line
        for n, (row, _) in enumerate(rows.flatten(_FILLED(body)))
        for line in rows.executions(fields, f"$[{n}]", row)
    ]


def _moved(fields: Fields, path: str, row: TransactionBody) -> list[TradeLine]:
    lines = []
    for n, item in enumerate(row.transferItems if row.type == "TRADE" else ()):
        if item.feeType or item.price is None or item.instrument.assetType in ("CURRENCY", ""):
            continue
        amount = fields.need(f"{path}.transferItems[{n}].amount", item.amount)
        lines.append(
            TradeLine(
                execution=f"{row.activityId}:{n}",
                broker_id=str(row.orderId or ""),
                symbol=item.instrument.symbol,
                exchange=rows.place(item.instrument.assetType),
                side="BUY" if amount > 0 else "SELL",
                quantity=abs(amount),
                price=fields.need(f"{path}.transferItems[{n}].price", item.price),
                product="NONE",
                at=fields.moment(f"{path}.time", row.time),
            )
        )
    return lines


def positions(body: bytes) -> list[PositionLine]:
    """Positions of all accounts of the answer."""
    fields = Fields(BROKER, "positions")
    found = [position for account in _POSITIONS(body) for position in account.securitiesAccount.positions]
    return [rows.position(fields, f"$.positions[{n}]", row) for n, row in enumerate(found)]


def funds(body: bytes) -> list[FundsLine]:
    """Money of each account; available is buying power where there is margin, else cash free to trade."""
    fields = Fields(BROKER, "funds")
    lines = []
    for n, account in enumerate(_FUNDS(body)):
        path, money = f"$[{n}].currentBalances", account.securitiesAccount.currentBalances
        if money is None:
            fields.fail(path, "expected balances, got nothing")
        free = next(
            (v for v in (money.buyingPower, money.cashAvailableForTrading, money.availableFunds) if v is not None), None
        )
        cash = money.totalCash if money.totalCash is not None else money.cashBalance
        net = money.equity if money.equity is not None else money.liquidationValue
        lines.append(
            FundsLine(
                segment="all",
                available=fields.number(path, free),
                used=fields.number(f"{path}.maintenanceRequirement", money.maintenanceRequirement),
                cash=fields.number(f"{path}.totalCash", cash),
                net=fields.number(f"{path}.equity", net),
                currency="USD",
            )
        )
    return lines


def quotes(body: bytes) -> list[QuoteLine]:
    """Quotes by symbol; symbols Schwab does not know are left out."""
    fields, got = Fields(BROKER, "quotes"), _QUOTES(body)
    if isinstance(got.get("errors"), list) or isinstance(got.get("message"), str):
        _not_refused("quotes", body)
    lines = []
    for name, value in got.items():
        if name == "errors":
            continue
        row = fields.convert(f"$.{name[:24]}", value, Quoted)
        if row.quote is not None:
            lines.append(_quote(fields, f"$.{name[:24]}.quote", row, row.quote))
    return lines


def delayed(body: bytes) -> set[str]:
    """Symbols of an answer with quotes whose prices are a quarter of an hour old."""
    found = {name: value for name, value in _QUOTES(body).items() if isinstance(value, dict)}
    return {name for name, value in found.items() if value.get("realtime") is False}


def _quote(fields: Fields, path: str, row: Quoted, quote: QuoteBody) -> QuoteLine:
    def read(name: str) -> Decimal | None:
        return fields.number(f"{path}.{name}", plain(getattr(quote, name)))

    traded = quote.tradeTime or (row.regular.regularMarketTradeTime if row.regular else None)
    traded_at = fields.epoch(f"{path}.tradeTime", traded)
    return QuoteLine(
        symbol=row.symbol,
        last=read("lastPrice"),
        last_quantity=read("lastSize"),
        bid=read("bidPrice"),
        bid_quantity=read("bidSize"),
        ask=read("askPrice"),
        ask_quantity=read("askSize"),
        open=read("openPrice"),
        high=read("highPrice"),
        low=read("lowPrice"),
        close=read("closePrice"),
        volume=read("totalVolume"),
        oi=read("openInterest"),
        traded_at=traded_at,
        at=fields.epoch(f"{path}.quoteTime", quote.quoteTime) or traded_at,
    )


def history(body: bytes) -> list[BarLine]:
    """Candles, oldest first as sent."""
    _not_refused("history", body)
    reader: Reader[Candles] = Reader(BROKER, "history", Candles)
    got, fields = reader(body), Fields(BROKER, "history")
    lines = []
    for n, row in enumerate(got.candles):
        path = f"$.candles[{n}]"
        start = fields.epoch(f"{path}.datetime", row.datetime)
        if start is None:
            fields.fail(f"{path}.datetime", "expected a time, got nothing")
        lines.append(
            BarLine(
                start=start,
                open=fields.need(f"{path}.open", row.open),
                high=fields.need(f"{path}.high", row.high),
                low=fields.need(f"{path}.low", row.low),
                close=fields.need(f"{path}.close", row.close),
                volume=fields.number(f"{path}.volume", row.volume),
                symbol=got.symbol,
            )
        )
    return lines


def instruments(body: bytes) -> list[ListingLine]:
    """Instruments of a search; Schwab has no master."""
    fields = Fields(BROKER, "instruments")
    if body.strip() == b"{}":
        return []
    if b'"instruments"' in body[:64]:
        outer: Reader[dict[str, tuple[Instrument, ...]]] = Reader(
            BROKER, "instruments", dict[str, tuple[Instrument, ...]]
        )
        found = outer(body).get("instruments", ())
    else:
        found = _many("instruments", Instrument)(body)
    return [
        ListingLine(
            symbol=fields.text(f"$[{n}].symbol", row.symbol),
            exchange=row.exchange,
            token=row.cusip,
            name=row.symbol,
            title=row.description,
            kind=_KINDS.get(row.assetType, "UNKNOWN"),
            raw_kind=row.assetType,
            tick=_CENT,
            currency="USD",
        )
        for n, row in enumerate(found)
    ]


def option_chain(body: bytes) -> list[ChainLine]:
    """Calls and puts of each expiry and strike; volatility is in percent already."""
    _not_refused("option_chain", body)
    reader: Reader[Chain] = Reader(BROKER, "option_chain", Chain)
    got, fields = reader(body), Fields(BROKER, "option_chain")
    spot = fields.number("$.underlyingPrice", plain(got.underlyingPrice))
    found: dict[tuple[date | None, Decimal], dict[str, ChainSide]] = {}
    maps: tuple[tuple[str, Strikes], ...] = (("call", got.callExpDateMap), ("put", got.putExpDateMap))
    for name, expiries in maps:
        for expiry, strikes in expiries.items():
            day = fields.day(f"$.{name}ExpDateMap", expiry)
            for strike, contracts in strikes.items():
                for contract in contracts[:1]:
                    path = f"$.{name}ExpDateMap.{expiry}.{strike}"[:120]
                    at = fields.need(f"{path}.strikePrice", contract.strikePrice)
                    found.setdefault((day, at), {})[name] = _side(fields, path, contract)
    return [
        ChainLine(underlying=got.symbol, expiry=day, strike=at, spot=spot, call=sides.get("call"), put=sides.get("put"))
        for (day, at), sides in found.items()
    ]


def expirations(body: bytes) -> list[date]:
    """The days on which options of one name expire, soonest first."""
    _not_refused("option_chain", body)
    fields = Fields(BROKER, "option_chain")
    days = [fields.day(f"$.expirationList[{n}]", row.expirationDate) for n, row in enumerate(_EXPIRATIONS(body).rows)]
    return sorted({day for day in days if day is not None})


def _side(fields: Fields, path: str, row: Contract) -> ChainSide:
    def read(name: str, raw: object) -> Decimal | None:
        return fields.number(f"{path}.{name}", plain(raw))

    iv = read("volatility", row.volatility)
    return ChainSide(
        symbol=row.symbol,
        last=read("lastPrice", row.lastPrice if row.lastPrice is not None else row.last),
        bid=read("bidPrice", row.bidPrice if row.bidPrice is not None else row.bid),
        bid_quantity=read("bidSize", row.bidSize),
        ask=read("askPrice", row.askPrice if row.askPrice is not None else row.ask),
        ask_quantity=read("askSize", row.askSize),
        close=read("closePrice", row.closePrice),
        volume=read("totalVolume", row.totalVolume),
        oi=read("openInterest", row.openInterest),
        iv=iv if iv is not None and iv >= 0 else None,
        delta=read("delta", row.delta),
        gamma=read("gamma", row.gamma),
        theta=read("theta", row.theta),
        vega=read("vega", row.vega),
    )


def error(body: bytes) -> Refusal:
    """A refusal; text that is no JSON comes from the gateway and proves nothing."""
    if body.lstrip()[:1] in (b"{", b"["):
        reader: Reader[ErrorBody] = Reader(BROKER, "error", ErrorBody)
        got = reader(body)
        if not (got.message or got.errors or got.error):
            Fields(BROKER, "error").fail("$.message", "it is no error")
        return rows.refusal(got)
    try:
        text = body.decode("utf-8").strip()
    except UnicodeDecodeError:
        return Fields(BROKER, "error").fail("$", "it is neither JSON nor text")
    if not text or len(text) > _MOST_TEXT or not text.isprintable():
        Fields(BROKER, "error").fail("$", "it is neither JSON nor a line of text")
    return Refusal(kind="network", code="", message=text, fate_unknown=True)


PARSERS: dict[str, Parser] = {
    "session": session,
    "place": _receipt("place"),
    "modify": _receipt("modify"),
    "cancel": _receipt("cancel"),
    "orders": _lines("orders", _ORDERS),
    "order_history": _lines("order_history", _HISTORY_OF),
    "trades": trades,
    "positions": positions,
    "funds": funds,
    "quotes": quotes,
    "history": history,
    "instruments": instruments,
    "option_chain": option_chain,
    "error": error,
}
