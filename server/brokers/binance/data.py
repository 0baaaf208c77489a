"""Reading from Binance: the master, tickers, klines, positions, funds."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from server.brokers.binance.http import BinanceHttp
from server.brokers.binance.parse import PARSERS
from server.brokers.binance.symbols import listings
from server.brokers.kit.pages import interval_of, pages, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.core.errors import NotFound
from server.domain.brokerage import (
    BarLine,
    ChainLine,
    FundsLine,
    HoldingLine,
    MarginLine,
    PositionLine,
    QuoteLine,
)
from server.domain.orders import Order

__all__ = ("BinanceData",)

_INTERVALS = {
    "1s": 1,
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "1d": 86_400,
    "1w": 604_800,
    "1M": 2_592_000,
}
_MOST_BARS = 1_000
_MASTER = 64 * 1024 * 1024


class BinanceData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, side: BinanceHttp) -> None:
        self._context = context
        self._side = side

    async def instruments(self) -> list[Listing]:
        """Everything that trades, with tick and step."""
        body = await self._side.public("instruments", self._side.path("exchangeInfo"), (), _MASTER)
        found, left_out = await asyncio.to_thread(lambda: listings(PARSERS["instruments"](body)))
        self._context.symbols.fill(found, left_out)
        return found

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Tickers of a day; USD-M tells one at a time, and best prices apart from the last one."""
        symbols = self._context.symbols
        names = {symbols.of(key).symbol: key for key in keys if symbols.has(key)}
        found: dict[str, QuoteLine] = {}
        size = 1 if self._side.futures else self._side.http.manifest.limit("quotes").batch or 100
        for page in pages(list(names), size):
            asked = ("symbol", page[0]) if size == 1 else ("symbols", "[" + ",".join(f'"{n}"' for n in page) + "]")
            best = {line.symbol: line for line in await self._tickers("bookTicker", asked)} if size == 1 else {}
            for line in await self._tickers("24hr", asked):
                if line.symbol in names:  # a quote of something else is dropped
                    found[names[line.symbol]] = _joined(line, best.get(line.symbol, line))
        return found

    async def _tickers(self, kind: str, asked: tuple[str, str]) -> list[QuoteLine]:
        found: list[QuoteLine] = PARSERS["quotes"](
            await self._side.public("quotes", self._side.path(f"ticker/{kind}"), [asked])
        )
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Klines, in as many requests as the span needs."""
        seconds = interval_of("Binance", _INTERVALS, interval)
        listing = self._context.symbols.of(key)
        bars: dict[datetime, BarLine] = {}
        for first, last in spans(start, end, timedelta(seconds=seconds * _MOST_BARS)):
            query = [
                ("symbol", listing.symbol),
                ("interval", interval),
                ("startTime", str(int(first.timestamp() * 1000))),
                ("endTime", str(int(last.timestamp() * 1000) - 1)),
                ("limit", str(_MOST_BARS)),
            ]
            line: BarLine
            for line in PARSERS["history"](await self._side.public("history", self._side.path("klines"), query)):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """Neither service has options."""
        raise NotFound("Binance spot and USD-M have no option chain.", code="broker.no_chain")

    async def holdings(self) -> list[HoldingLine]:
        """What a spot account holds of each asset."""
        if self._side.futures:
            return []
        found: list[HoldingLine] = PARSERS["holdings"](await self._side.read("holdings", "/api/v3/account"))
        return [line for line in found if line.quantity or line.used]

    async def positions(self) -> list[PositionLine]:
        """Positions of USD-M; of spot what is held, under its pair with USDT."""
        if self._side.futures:
            lines: list[PositionLine] = PARSERS["positions"](
                await self._side.read("positions", "/fapi/v3/positionRisk")
            )
            return lines
        held = PARSERS["holdings"](
            await self._side.read("positions", "/api/v3/account", [("omitZeroBalances", "true")])
        )
        return held_as_positions(held, self._side.http.manifest.currency)

    async def funds(self) -> list[FundsLine]:
        """Money by asset, the quote currency first."""
        path = "/fapi/v3/balance" if self._side.futures else "/api/v3/account"
        found: list[FundsLine] = PARSERS["funds"](await self._side.read("funds", path))
        currency = self._side.http.manifest.currency
        return sorted(found, key=lambda line: line.segment != currency)

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """Binance computes none before an order."""
        raise NotFound("Binance tells no margin before an order.", code="broker.no_margin")


def held_as_positions(held: list[HoldingLine], currency: str) -> list[PositionLine]:
    """Assets other than money as positions in their pair with it."""
    return [
        PositionLine(
            symbol=f"{line.symbol}{currency}",
            product="NONE",
            quantity=line.quantity + (line.used or 0),
            currency=currency,
        )
        for line in held
        if line.symbol != currency and (line.quantity or line.used)
    ]


def _joined(day: QuoteLine, best: QuoteLine) -> QuoteLine:
    """A day's figures with the best prices of another answer."""
    return msgspec.structs.replace(
        day, bid=best.bid, bid_quantity=best.bid_quantity, ask=best.ask, ask_quantity=best.ask_quantity
    )
