"""Reading from Kite: master, quotes, history, holdings, positions, funds, margins."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from server.brokers.kit.http import Call, Http
from server.brokers.kit.pages import IST_TEXT, interval_of, pages, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.brokers.zerodha.execution import order_form
from server.brokers.zerodha.parse import PARSERS
from server.brokers.zerodha.symbols import listings, quote_name
from server.core.clock import IST
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

__all__ = ("KiteData",)

_INTERVALS = {
    "1m": ("minute", 60),
    "3m": ("3minute", 100),
    "5m": ("5minute", 100),
    "10m": ("10minute", 100),
    "15m": ("15minute", 200),
    "30m": ("30minute", 200),
    "1h": ("60minute", 400),
    "1d": ("day", 2000),
}
"""Kite's word, and the days one request may span."""
_MASTER = 64 * 1024 * 1024


class KiteData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, http: Http) -> None:
        self._context = context
        self._http = http

    async def instruments(self) -> list[Listing]:
        """All exchanges in one file, written anew each morning."""
        body = await self._http.read(Call(name="instruments", method="GET", path="/instruments", most=_MASTER))
        found, left_out = await asyncio.to_thread(lambda: listings(PARSERS["instruments"](body)))
        self._context.symbols.fill(found, left_out)
        return found

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Full quotes, 500 a call."""
        symbols = self._context.symbols
        known = {quote_name(symbols.of(key)): key for key in keys if symbols.has(key)}
        found: dict[str, QuoteLine] = {}
        for page in pages(list(known), self._http.manifest.limit("quotes").batch or 500):
            body = await self._http.read(
                Call(name="quotes", method="GET", path="/quote", group="quotes", query=[("i", name) for name in page])
            )
            line: QuoteLine
            for line in PARSERS["quotes"](body):
                key = known.get(f"{line.exchange}:{line.symbol}")
                if key is not None and line.token == symbols.of(key).token:  # a quote of something else is dropped
                    found[key] = line
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Candles, in as many requests as the span needs."""
        word, days = interval_of("Zerodha", _INTERVALS, interval)
        listing = self._context.symbols.of(key)
        bars: dict[datetime, BarLine] = {}
        for first, last in spans(start, end, timedelta(days=days)):
            body = await self._http.read(
                Call(
                    name="history",
                    method="GET",
                    path=f"/instruments/historical/{listing.token}/{word}",
                    group="history",
                    query=[
                        ("from", first.astimezone(IST).strftime(IST_TEXT)),
                        ("to", last.astimezone(IST).strftime(IST_TEXT)),
                        ("oi", "1" if listing.instrument.derivative else "0"),
                    ],
                )
            )
            line: BarLine
            for line in PARSERS["history"](body):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """Kite has none: chains are made of the master and quotes."""
        raise NotFound("Zerodha has no option chain of its own.", code="broker.no_chain")

    async def holdings(self) -> list[HoldingLine]:
        """Shares held."""
        found: list[HoldingLine] = PARSERS["holdings"](await self._get("holdings", "/portfolio/holdings"))
        return found

    async def positions(self) -> list[PositionLine]:
        """Net and day positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._get("positions", "/portfolio/positions"))
        return found

    async def funds(self) -> list[FundsLine]:
        """Equity and commodity."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/user/margins"))
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """One order by itself, several as a basket with hedge benefit."""
        lines = []
        for order in orders:
            listing = self._context.symbols.of(order.key)
            form = order_form(order, listing, order.quantity * listing.instrument.unit)
            lines.append(
                {
                    "exchange": listing.exchange,
                    "tradingsymbol": listing.symbol,
                    "transaction_type": order.side,
                    "variety": "regular",
                    "product": order.product,
                    "order_type": order.type,
                    "quantity": int(form["quantity"]),
                    "price": float(order.price or 0),
                    "trigger_price": float(order.trigger or 0),
                }
            )
        path = "/margins/orders" if len(lines) == 1 else "/margins/basket"
        body = await self._http.read(Call(name="margin", method="POST", path=path, json=lines))
        found: list[MarginLine] = PARSERS["margin"](body)
        return found

    async def _get(self, name: str, path: str) -> bytes:
        return await self._http.read(Call(name=name, method="GET", path=path))
