"""Reading from Flattrade: masters, quotes one by one, candles, books, basket margin."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from server.brokers.flattrade.parse import PARSERS
from server.brokers.flattrade.symbols import MASTERS, listings
from server.brokers.kit.http import Call
from server.brokers.kit.pages import interval_of, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.brokers.noren.execution import order_values
from server.brokers.noren.http import NorenHttp
from server.core.errors import Invalid, NotFound
from server.domain.brokerage import (
    BarLine,
    ChainLine,
    FundsLine,
    HoldingLine,
    ListingLine,
    MarginLine,
    PositionLine,
    QuoteLine,
)
from server.domain.orders import Order

__all__ = ("FlattradeData",)

_MINUTES = {"1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "1d": ""}
"""TPSeries' words; days come from a call that needs none."""
_MASTER = 64 * 1024 * 1024
_SPAN, _DAYS = timedelta(days=30), timedelta(days=365)


class FlattradeData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, noren: NorenHttp) -> None:
        self._context = context
        self._noren = noren

    async def instruments(self) -> list[Listing]:
        """One file a segment, public."""
        lines: list[ListingLine] = []
        for name in MASTERS:
            body = await self._noren.http.read(
                Call(
                    name="instruments",
                    method="GET",
                    path=f"/{name}.csv",
                    address="masters",
                    anonymous=True,
                    most=_MASTER,
                )
            )
            lines += await asyncio.to_thread(PARSERS["instruments"], body)
        found, left_out = await asyncio.to_thread(listings, lines)
        self._context.symbols.fill(found, left_out)
        return found

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """One call an instrument: for many, the stream is the way."""
        found: dict[str, QuoteLine] = {}
        for key in keys:
            if not self._context.symbols.has(key):
                continue
            token = self._context.symbols.of(key).token
            exchange, _, number = token.partition("|")
            body = await self._noren.read("quotes", "GetQuotes", {"exch": exchange, "token": number}, "quotes")
            line: QuoteLine
            (line,) = PARSERS["quotes"](body)
            if f"{line.exchange}|{line.token}" == token:  # a quote of something else is dropped
                found[key] = line
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Minutes from TPSeries, days from EODChartData."""
        minutes = interval_of("Flattrade", _MINUTES, interval)
        listing = self._context.symbols.of(key)
        exchange, _, token = listing.token.partition("|")
        bars: dict[datetime, BarLine] = {}
        for first, last in spans(start, end, _SPAN if minutes else _DAYS):
            since, until = str(int(first.timestamp())), str(int(last.timestamp()))
            if not minutes:
                asked: dict[str, object] = {"sym": f"{exchange}:{listing.symbol}", "from": since, "to": until}
                body = await self._noren.read("history", "EODChartData", asked, "history")
            else:
                asked = {"exch": exchange, "token": token, "st": since, "et": until, "intrv": minutes}
                body = await self._noren.read("history", "TPSeries", asked, "history")
            line: BarLine
            for line in PARSERS["history"](body):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """Flattrade's chain names contracts only: chains are made of the master and the stream."""
        raise NotFound("Flattrade has no option chain with prices.", code="broker.no_chain")

    async def holdings(self) -> list[HoldingLine]:
        """Shares held."""
        body = await self._noren.read("holdings", "Holdings", {"prd": "C"})
        found: list[HoldingLine] = PARSERS["holdings"](body)
        return found

    async def positions(self) -> list[PositionLine]:
        """Positions in full."""
        found: list[PositionLine] = PARSERS["positions"](await self._noren.read("positions", "PositionBook", {}))
        return found

    async def funds(self) -> list[FundsLine]:
        """Limits."""
        found: list[FundsLine] = PARSERS["funds"](await self._noren.read("funds", "Limits", {}))
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """The margin of orders as one basket of limit orders: one at market is asked at its reference."""
        rows = []
        for order in orders:
            listing = self._context.symbols.of(order.key)
            price = order.price or order.reference
            if not price:
                raise Invalid(
                    "Flattrade computes margin for limit orders only.",
                    code="broker.margin_price",
                    field="price",
                    remedy="Give a price.",
                )
            prices = {"prctyp": "LMT", "prc": format(price, "f")}
            rows.append(order_values(order, listing, order.quantity * listing.instrument.unit, prices))
        body = await self._noren.read("margin", "GetBasketMargin", {**rows[0], "basketlists": rows[1:]})
        found: list[MarginLine] = PARSERS["margin"](body)
        return found
