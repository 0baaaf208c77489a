"""Upstox's quotes, candles and option chains -> lines. Pure.

Answers to quotes are keyed otherwise than asked, so the name inside counts.
"""

from collections.abc import Callable
from datetime import date

from server.brokers.kit.moments import epoch_text, wall
from server.brokers.kit.reading import refuse
from server.brokers.upstox.reading import BROKER, carried, moment, nonzero, reader_of, several
from server.brokers.upstox.wire import CandlesWire, ChainSideWire, DepthWire, LevelWire, OhlcWire, QuoteWire, StrikeWire
from server.domain.brokerage import (
    BarLine,
    ChainLine,
    ChainSide,
    DepthLevel,
    QuoteLine,
)

__all__ = ("history", "option_chain", "quotes")


def quotes(call: str) -> Callable[[bytes], list[QuoteLine]]:
    """The parser of quotes."""

    def parse(body: bytes) -> list[QuoteLine]:
        found: dict[str, QuoteWire] = reader_of(call, dict[str, QuoteWire])(carried(call, body))
        return [_quote(call, name, raw) for name, raw in found.items()]

    return parse


def _quote(call: str, name: str, raw: QuoteWire) -> QuoteLine:
    exchange, _, symbol = name.partition(":")
    path = f"$.data.{name}"
    ohlc, depth = raw.ohlc or raw.live_ohlc or OhlcWire(), raw.depth or DepthWire()
    bids, asks = _levels(depth.buy), _levels(depth.sell)
    before = raw.cp if raw.cp is not None else raw.prev_ohlc.close if raw.prev_ohlc else None
    if before is None and raw.ohlc is not None:
        before = raw.ohlc.close
    return QuoteLine(
        symbol=raw.symbol or symbol,
        exchange=exchange,
        token=raw.instrument_token,
        last=nonzero(raw.last_price),
        last_quantity=raw.ltq,
        average=nonzero(raw.average_price),
        bid=bids[0].price if bids else None,
        bid_quantity=bids[0].quantity if bids else None,
        ask=asks[0].price if asks else None,
        ask_quantity=asks[0].quantity if asks else None,
        open=nonzero(ohlc.open),
        high=nonzero(ohlc.high),
        low=nonzero(ohlc.low),
        close=nonzero(before),
        volume=raw.volume if raw.volume is not None else ohlc.volume,
        oi=raw.oi,
        oi_high=raw.oi_day_high,
        oi_low=raw.oi_day_low,
        total_bid=raw.total_buy_quantity,
        total_ask=raw.total_sell_quantity,
        lower=raw.lower_circuit_limit,
        upper=raw.upper_circuit_limit,
        bids=bids,
        asks=asks,
        traded_at=epoch_text(BROKER, call, f"{path}.last_trade_time", raw.last_trade_time, "ms"),
        at=moment(call, f"{path}.timestamp", raw.timestamp),
    )


def _levels(raw: list[LevelWire]) -> tuple[DepthLevel, ...]:
    return tuple(DepthLevel(price=x.price, quantity=x.quantity, orders=x.orders) for x in raw if x.quantity or x.price)


def history(body: bytes) -> list[BarLine]:
    """Oldest first; Upstox sends the newest first."""
    found: CandlesWire = reader_of("history", CandlesWire)(carried("history", body))
    bars = []
    for i, raw in enumerate(found.candles):
        start = wall(BROKER, "history", f"$.data.candles[{i}][0]", raw.at)
        if start is None:
            refuse(BROKER, "history", f"$.data.candles[{i}][0]", "expected a time, got nothing")
        bars.append(
            BarLine(
                start=start, open=raw.open, high=raw.high, low=raw.low, close=raw.close, volume=raw.volume, oi=raw.oi
            )
        )
    bars.sort(key=lambda bar: bar.start)
    return bars


def option_chain(body: bytes) -> list[ChainLine]:
    """The option chain, strike by strike."""
    found = []
    for i, raw in enumerate(several("option_chain", StrikeWire, carried("option_chain", body))):
        found.append(
            ChainLine(
                underlying=raw.underlying_key,
                expiry=_day("option_chain", f"$.data[{i}].expiry", raw.expiry),
                strike=raw.strike_price,
                spot=nonzero(raw.underlying_spot_price),
                call=_side(raw.call_options),
                put=_side(raw.put_options),
            )
        )
    return found


def _day(call: str, path: str, raw: str | None) -> date | None:
    if not raw:
        return None
    try:
        return date.fromisoformat(raw[:10])
    except ValueError:
        refuse(BROKER, call, path, f"expected a date, got {raw[:24]!r}")


def _side(raw: ChainSideWire | None) -> ChainSide | None:
    if raw is None:
        return None
    market, greeks = raw.market_data, raw.option_greeks
    return ChainSide(
        symbol=raw.instrument_key,
        token=raw.instrument_key,
        last=nonzero(market.ltp),
        bid=nonzero(market.bid_price),
        bid_quantity=market.bid_qty,
        ask=nonzero(market.ask_price),
        ask_quantity=market.ask_qty,
        close=nonzero(market.close_price),
        volume=market.volume,
        oi=market.oi,
        oi_before=market.prev_oi,
        iv=greeks.iv,
        delta=greeks.delta,
        gamma=greeks.gamma,
        theta=greeks.theta,
        vega=greeks.vega,
    )
