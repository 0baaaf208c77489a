"""Kite's quotes, candles and instruments -> lines. Pure. A price of 0 means none."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from server.brokers.kit.reading import number, refuse, table_rows
from server.brokers.zerodha.reading import BROKER, moment, nonzero, read_as
from server.brokers.zerodha.wire import CandlesWire, LevelWire, QuoteWire
from server.domain.brokerage import BarLine, DepthLevel, ListingLine, QuoteLine

__all__ = ("history", "instruments", "quotes")

D = Decimal
_UNDERLYING_RIGHT = {"CE": "CE", "PE": "PE"}


def quotes(call: str) -> Callable[[bytes], list[QuoteLine]]:
    """The parser of quotes, keyed by exchange and symbol."""

    def parse(body: bytes) -> list[QuoteLine]:
        found: dict[str, QuoteWire] = read_as(call, dict[str, QuoteWire], body)
        return [_quote(call, name, raw) for name, raw in found.items()]

    return parse


def _quote(call: str, name: str, raw: QuoteWire) -> QuoteLine:
    exchange, _, symbol = name.partition(":")
    path = f"$.data.{name}"
    bids, asks = _levels(raw.depth.buy), _levels(raw.depth.sell)
    return QuoteLine(
        symbol=symbol,
        exchange=exchange,
        token=str(raw.instrument_token),
        last=nonzero(raw.last_price),
        last_quantity=raw.last_quantity,
        average=nonzero(raw.average_price),
        bid=bids[0].price if bids else None,
        bid_quantity=bids[0].quantity if bids else None,
        ask=asks[0].price if asks else None,
        ask_quantity=asks[0].quantity if asks else None,
        open=nonzero(raw.ohlc.open),
        high=nonzero(raw.ohlc.high),
        low=nonzero(raw.ohlc.low),
        close=nonzero(raw.ohlc.close),
        volume=raw.volume,
        oi=raw.oi,
        oi_high=raw.oi_day_high,
        oi_low=raw.oi_day_low,
        total_bid=raw.buy_quantity,
        total_ask=raw.sell_quantity,
        lower=raw.lower_circuit_limit if raw.lower is None else raw.lower,
        upper=raw.upper_circuit_limit if raw.upper is None else raw.upper,
        bids=bids,
        asks=asks,
        traded_at=moment(call, f"{path}.last_trade_time", raw.last_trade_time),
        at=moment(call, f"{path}.timestamp", raw.timestamp),
    )


def _levels(raw: list[LevelWire]) -> tuple[DepthLevel, ...]:
    return tuple(DepthLevel(price=x.price, quantity=x.quantity, orders=x.orders) for x in raw if x.quantity or x.price)


def history(body: bytes) -> list[BarLine]:
    """Candles, in the order sent."""
    found: CandlesWire = read_as("history", CandlesWire, body)
    bars = []
    for i, raw in enumerate(found.candles):
        start = moment("history", f"$.data.candles[{i}][0]", raw.at)
        if start is None:
            refuse(BROKER, "history", f"$.data.candles[{i}][0]", "expected a time, got nothing")
        bars.append(
            BarLine(
                start=start,
                open=raw.open,
                high=raw.high,
                low=raw.low,
                close=raw.close,
                volume=raw.volume,
                oi=raw.oi,
            )
        )
    return bars


_COLUMNS = ("instrument_token", "tradingsymbol", "instrument_type", "segment", "exchange")


def instruments(body: bytes) -> list[ListingLine]:
    """The master, a table."""
    return [_listing(line, row) for line, row in table_rows(BROKER, "instruments", body, _COLUMNS)]


def _listing(line: int, row: dict[str, str]) -> ListingLine:
    path = f"line {line}"

    def figure(column: str) -> Decimal | None:
        return number(BROKER, "instruments", f"{path}, {column}", row.get(column))

    raw_kind, segment = row.get("instrument_type", ""), row.get("segment", "")
    token, symbol, exchange = row.get("instrument_token", ""), row.get("tradingsymbol", ""), row.get("exchange", "")
    if not (token.isdigit() and symbol and exchange):
        refuse(BROKER, "instruments", path, "expected a token, a symbol and an exchange")
    expiry = None
    if text := row.get("expiry"):
        try:
            expiry = date.fromisoformat(text[:10])
        except ValueError:
            refuse(BROKER, "instruments", f"{path}, expiry", f"expected a date, got {text[:24]!r}")
    right = _UNDERLYING_RIGHT.get(raw_kind)
    kind: Any = "UNKNOWN"
    if segment == "INDICES":
        kind = "INDEX"
    elif right:
        kind = "OPTION"
    elif raw_kind == "FUT":
        kind = "FUTURE"
    elif raw_kind == "EQ":
        kind = "EQUITY"
    name = row.get("name", "")
    return ListingLine(
        symbol=symbol,
        exchange=exchange,
        token=token,
        exchange_token=row.get("exchange_token", ""),
        name=name,
        title="" if kind in ("FUTURE", "OPTION") else name,
        kind=kind,
        raw_kind=f"{raw_kind} {segment}",
        expiry=expiry,
        strike=nonzero(figure("strike")) if right else None,
        right=right,  # type: ignore[arg-type]
        lot=figure("lot_size") or D(1),
        tick=nonzero(figure("tick_size")),
        currency="INR",
        tradable=kind != "INDEX",
    )
