"""Alpaca's market data, instruments and option chains -> lines. Pure.

Data comes keyed by symbol, under `bars`, `quotes`, `trades`, `snapshots` or bare; an empty result is null or {}.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.alpaca import orders as rows
from server.brokers.alpaca.reading import BROKER, many, not_refused
from server.brokers.alpaca.wire import (
    Asset,
    Bar,
    Book,
    BookLevel,
    Contract,
    OptionSnapshot,
    Quote,
    Snapshot,
    Trade,
)
from server.brokers.kit.fields import Fields
from server.brokers.kit.occ import read_occ
from server.brokers.kit.reading import Reader
from server.domain.brokerage import (
    BarLine,
    ChainLine,
    ChainSide,
    DepthLevel,
    ListingLine,
    QuoteLine,
)

__all__ = ("depth", "history", "instruments", "levels", "option_chain", "quotes")

_CENT = Decimal("0.01")
_NINE_PLACES = Decimal("0.000000001")
_Any: Reader[Any] = Reader(BROKER, "answer", Any)


class _Bars(msgspec.Struct, frozen=True):
    bars: dict[str, Bar | tuple[Bar, ...] | None] | tuple[Bar, ...] | None
    symbol: str = ""


class _Contracts(msgspec.Struct, frozen=True):
    option_contracts: tuple[Contract, ...]


class _Chain(msgspec.Struct, frozen=True):
    snapshots: dict[str, OptionSnapshot]


class _Books(msgspec.Struct, frozen=True):
    orderbooks: dict[str, Book]


_ASSETS = many("instruments", Asset)
_CONTRACT = many("instruments", Contract)


def history(body: bytes) -> list[BarLine]:
    """Bars of one or several symbols, in the order sent."""
    not_refused("history", body)
    reader: Reader[_Bars] = Reader(BROKER, "history", _Bars)
    got, fields = reader(body), Fields(BROKER, "history")
    by_symbol = got.bars if isinstance(got.bars, Mapping) else {got.symbol: got.bars}
    lines = []
    for symbol, bars in by_symbol.items():
        for n, bar in enumerate((bars,) if isinstance(bars, Bar) else bars or ()):
            path = f"$.bars.{symbol}[{n}]"
            lines.append(_bar(fields, path, symbol, bar))
    return lines


def _bar(fields: Fields, path: str, symbol: str, bar: Bar) -> BarLine:
    start = fields.moment(f"{path}.t", bar.t)
    if start is None:
        fields.fail(f"{path}.t", "expected a time, got nothing")
    return BarLine(
        start=start,
        open=fields.need(f"{path}.o", bar.o),
        high=fields.need(f"{path}.h", bar.h),
        low=fields.need(f"{path}.l", bar.l),
        close=fields.need(f"{path}.c", bar.c),
        volume=fields.number(f"{path}.v", bar.v),
        symbol=symbol,
    )


def quotes(body: bytes) -> list[QuoteLine]:
    """Snapshots, quotes or trades of the market, latest or a list of them: one line each, in the order sent."""
    not_refused("quotes", body)
    fields, plain = Fields(BROKER, "quotes"), _Any(body)
    if not isinstance(plain, dict):
        fields.fail("$", "expected an object")
    kinds: dict[str, Any] = {"quotes": Quote, "trades": Trade, "snapshots": Snapshot}
    for name, kind in kinds.items():
        if name in plain:
            return _quoted(fields, f"$.{name}", plain[name], kind, str(plain.get("symbol") or ""))
    single = {"quote": Quote, "trade": Trade}
    for name, kind in single.items():
        if name in plain:
            return _quoted(fields, f"$.{name}", [plain[name]], kind, str(plain.get("symbol") or ""))
    return _quoted(fields, "$", plain, Snapshot, "")


def _quoted(fields: Fields, path: str, found: Any, kind: Any, symbol: str) -> list[QuoteLine]:
    by_symbol = found if isinstance(found, dict) else {symbol: found}
    lines = []
    for name, value in by_symbol.items():
        if value is None:
            continue
        for n, one in enumerate(value if isinstance(value, list) else [value]):
            where = f"{path}.{name}[{n}]"
            try:
                row = msgspec.convert(one, kind)
            except msgspec.ValidationError as error:
                return fields.fail(where, str(error)[:120])
            snapshot = row if isinstance(row, Snapshot) else _alone(row)
            if snapshot == Snapshot():
                return fields.fail(where, "expected a quote, a trade or a snapshot")
            lines.append(_snapshot(fields, where, name, snapshot))
    return lines


def _alone(row: Quote | Trade) -> Snapshot:
    return Snapshot(latest_quote=row) if isinstance(row, Quote) else Snapshot(latest_trade=row)


def _snapshot(fields: Fields, path: str, symbol: str, row: Snapshot) -> QuoteLine:
    trade, quote, day = row.latest_trade, row.latest_quote, row.daily_bar
    traded = fields.moment(f"{path}.latestTrade.t", trade.t) if trade else None
    quoted = fields.moment(f"{path}.latestQuote.t", quote.t) if quote else None
    return QuoteLine(
        symbol=symbol,
        last=fields.need(f"{path}.latestTrade.p", trade.p) if trade else None,
        last_quantity=fields.number(f"{path}.latestTrade.s", trade.s) if trade else None,
        bid=fields.number(f"{path}.latestQuote.bp", quote.bp) if quote else None,
        bid_quantity=fields.number(f"{path}.latestQuote.bs", quote.bs) if quote else None,
        ask=fields.number(f"{path}.latestQuote.ap", quote.ap) if quote else None,
        ask_quantity=fields.number(f"{path}.latestQuote.as", quote.asked) if quote else None,
        open=fields.need(f"{path}.dailyBar.o", day.o) if day else None,
        high=fields.need(f"{path}.dailyBar.h", day.h) if day else None,
        low=fields.need(f"{path}.dailyBar.l", day.l) if day else None,
        close=fields.need(f"{path}.prevDailyBar.c", row.prev_daily_bar.c) if row.prev_daily_bar else None,
        volume=fields.number(f"{path}.dailyBar.v", day.v) if day else None,
        traded_at=traded,
        at=max((at for at in (traded, quoted) if at is not None), default=None),
    )


def depth(body: bytes) -> list[QuoteLine]:
    """Crypto order books."""
    not_refused("depth", body)
    reader: Reader[_Books] = Reader(BROKER, "depth", _Books)
    fields = Fields(BROKER, "depth")
    lines = []
    for symbol, book in reader(body).orderbooks.items():
        bids, asks = levels(fields, f"$.{symbol}.b", book.b), levels(fields, f"$.{symbol}.a", book.a)
        at = fields.moment(f"$.{symbol}.t", book.t)
        lines.append(QuoteLine(symbol=symbol, bids=bids, asks=asks, at=at))
    return lines


def levels(fields: Fields, path: str, levels: tuple[BookLevel, ...]) -> tuple[DepthLevel, ...]:
    return tuple(
        DepthLevel(price=fields.need(f"{path}[{n}].p", row.p), quantity=fields.need(f"{path}[{n}].s", row.s))
        for n, row in enumerate(levels)
    )


def instruments(body: bytes) -> list[ListingLine]:
    """Assets or option contracts, a list or one."""
    fields, start = Fields(BROKER, "instruments"), body.lstrip()[:1]
    if b'"option_contracts"' in body[:200] or b'"option_contracts"' in body[-200:]:
        reader: Reader[_Contracts] = Reader(BROKER, "instruments", _Contracts)
        contracts = reader(body).option_contracts
    elif start == b"{" and b'"strike_price"' in body:
        contracts = _CONTRACT(body)
    else:
        return [_asset(fields, f"$[{n}]", row) for n, row in enumerate(_ASSETS(body))]
    return [_contract(fields, f"$.option_contracts[{n}]", row) for n, row in enumerate(contracts)]


def _share_step(row: Asset) -> Decimal | None:
    """Nine places where fractions of a share are traded (the documentation of `qty`)."""
    return _NINE_PLACES if row.fractionable else None


def _asset(fields: Fields, path: str, row: Asset) -> ListingLine:
    crypto = row.asset_class == "crypto"
    return ListingLine(
        symbol=row.symbol,
        exchange=row.exchange,
        token=row.id,
        name=row.symbol,
        title=row.name or "",
        kind="CRYPTO" if crypto else "EQUITY" if row.asset_class == "us_equity" else "UNKNOWN",
        raw_kind=row.asset_class,
        tick=fields.price(f"{path}.price_increment", row.price_increment) if crypto else _CENT,
        step=fields.price(f"{path}.min_trade_increment", row.min_trade_increment) if crypto else _share_step(row),
        least=fields.price(f"{path}.min_order_size", row.min_order_size) if crypto else None,
        currency="USD",
        tradable=row.tradable and row.status == "active",
    )


def _contract(fields: Fields, path: str, row: Contract) -> ListingLine:
    return ListingLine(
        symbol=row.symbol,
        exchange="OPRA",
        token=row.id,
        name=row.underlying_symbol,
        title=row.name,
        kind="OPTION",
        raw_kind="us_option",
        expiry=fields.day(f"{path}.expiration_date", row.expiration_date),
        strike=fields.need(f"{path}.strike_price", row.strike_price),
        right="CE" if row.type == "call" else "PE" if row.type == "put" else None,
        lot=fields.number(f"{path}.size", row.size) or rows.CONTRACT_SIZE,
        tick=_CENT,
        currency="USD",
        tradable=row.tradable and row.status == "active",
    )


def option_chain(body: bytes) -> list[ChainLine]:
    """Option snapshots by contract symbol -> strikes; volatility comes as a fraction and is told in percent."""
    not_refused("option_chain", body)
    reader: Reader[_Chain] = Reader(BROKER, "option_chain", _Chain)
    fields = Fields(BROKER, "option_chain")
    found: dict[tuple[str, Any, Decimal], dict[str, ChainSide]] = {}
    for symbol, row in reader(body).snapshots.items():
        parts = read_occ(symbol)
        if parts is None:
            fields.fail(f"$.snapshots.{symbol[:40]}", "expected the symbol of an option")
        side = _side(fields, f"$.snapshots.{symbol}", symbol, row)
        found.setdefault((parts.root, parts.expiry, parts.strike), {})[parts.right] = side
    return [
        ChainLine(underlying=root, expiry=expiry, strike=strike, call=sides.get("CE"), put=sides.get("PE"))
        for (root, expiry, strike), sides in found.items()
    ]


def _side(fields: Fields, path: str, symbol: str, row: OptionSnapshot) -> ChainSide:
    both = Snapshot(latest_trade=row.latest_trade, latest_quote=row.latest_quote, daily_bar=row.daily_bar)
    line, greeks = _snapshot(fields, path, symbol, both), row.greeks
    iv = fields.number(f"{path}.impliedVolatility", row.implied_volatility)
    return ChainSide(
        symbol=symbol,
        last=line.last,
        bid=line.bid,
        bid_quantity=line.bid_quantity,
        ask=line.ask,
        ask_quantity=line.ask_quantity,
        close=fields.need(f"{path}.prevDailyBar.c", row.prev_daily_bar.c) if row.prev_daily_bar else None,
        volume=line.volume,
        iv=iv.scaleb(2) if iv is not None else None,
        delta=fields.number(f"{path}.greeks.delta", greeks.delta) if greeks else None,
        gamma=fields.number(f"{path}.greeks.gamma", greeks.gamma) if greeks else None,
        theta=fields.number(f"{path}.greeks.theta", greeks.theta) if greeks else None,
        vega=fields.number(f"{path}.greeks.vega", greeks.vega) if greeks else None,
    )
