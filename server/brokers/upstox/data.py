"""Reading from Upstox: master, quotes, history, chains, holdings, positions, funds, margins."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from server.brokers.kit.http import Call, Http
from server.brokers.kit.pages import interval_of, pages, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.brokers.upstox.execution import PRODUCTS
from server.brokers.upstox.parse import PARSERS
from server.brokers.upstox.symbols import listings
from server.core.clock import IST
from server.domain.brokerage import BarLine, ChainLine, FundsLine, HoldingLine, MarginLine, PositionLine, QuoteLine
from server.domain.orders import Order

__all__ = ("UpstoxData",)

_INTERVALS = {
    "1m": ("minutes", 1, 28),
    "3m": ("minutes", 3, 28),
    "5m": ("minutes", 5, 28),
    "10m": ("minutes", 10, 28),
    "15m": ("minutes", 15, 28),
    "30m": ("minutes", 30, 88),
    "1h": ("hours", 1, 88),
    "1d": ("days", 1, 3600),
    "1w": ("weeks", 1, 36_000),
    "1M": ("months", 1, 36_000),
}
"""Unit, count, and the days one request may span (a month is 28 at least, a quarter 90)."""
_MASTER = 64 * 1024 * 1024


class UpstoxData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, http: Http) -> None:
        self._context = context
        self._http = http

    async def instruments(self) -> list[Listing]:
        """One public file of all segments, written anew each morning."""
        body = await self._http.read(
            Call(name="instruments", method="GET", path="", address="instruments", anonymous=True, most=_MASTER)
        )
        found, left_out = await asyncio.to_thread(lambda: listings(PARSERS["instruments"](body)))
        self._context.symbols.fill(found, left_out)
        return found

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Full quotes, 500 a call; answers are keyed by symbol, so the instrument named inside counts."""
        symbols = self._context.symbols
        known = {symbols.of(key).token: key for key in keys if symbols.has(key)}
        found: dict[str, QuoteLine] = {}
        for page in pages(list(known), self._http.manifest.limit("quotes").batch or 500):
            body = await self._http.read(
                Call(
                    name="quotes",
                    method="GET",
                    path="/v2/market-quote/quotes",
                    group="quotes",
                    query=[("instrument_key", ",".join(page))],
                )
            )
            line: QuoteLine
            for line in PARSERS["quotes"](body):
                if line.token in known:
                    found[known[line.token]] = line
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Candles of past days, and today's from the call that alone has them."""
        unit, count, days = interval_of("Upstox", _INTERVALS, interval)
        name = quote(self._context.symbols.of(key).token, safe="")
        bars: dict[datetime, BarLine] = {}
        paths = [
            f"/v3/historical-candle/{name}/{unit}/{count}/{last.astimezone(IST):%Y-%m-%d}/{first.astimezone(IST):%Y-%m-%d}"
            for first, last in spans(start, end, timedelta(days=days))
        ]
        today = self._context.clock.now().astimezone(IST).date()
        if end.astimezone(IST).date() >= today and unit in ("minutes", "hours"):
            paths.append(f"/v3/historical-candle/intraday/{name}/{unit}/{count}")
        for path in paths:
            body = await self._http.read(Call(name="history", method="GET", path=path, quoted=True))
            line: BarLine
            for line in PARSERS["history"](body):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """Upstox's chain of one expiry (`YYYY-MM-DD`)."""
        token = self._context.symbols.of(underlying).token
        body = await self._http.read(
            Call(
                name="option_chain",
                method="GET",
                path="/v2/option/chain",
                query=[("instrument_key", token), ("expiry_date", expiry)],
            )
        )
        found: list[ChainLine] = PARSERS["option_chain"](body)
        return found

    async def holdings(self) -> list[HoldingLine]:
        """Shares held."""
        found: list[HoldingLine] = PARSERS["holdings"](await self._get("holdings", "/v2/portfolio/long-term-holdings"))
        return found

    async def positions(self) -> list[PositionLine]:
        """Positions of the day."""
        body = await self._get("positions", "/v2/portfolio/short-term-positions")
        found: list[PositionLine] = PARSERS["positions"](body)
        return found

    async def funds(self) -> list[FundsLine]:
        """Cash and pledge together; the service rests from midnight to half past five."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/v3/user/get-funds-and-margin"))
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """The whole with hedge benefit first."""
        lines: list[dict[str, object]] = []
        for order in orders:
            listing = self._context.symbols.of(order.key)
            line: dict[str, object] = {
                "instrument_key": listing.token,
                "quantity": int(order.quantity * listing.instrument.unit),
                "transaction_type": order.side,
                "product": PRODUCTS[order.product],
            }
            if order.price is not None:
                line["price"] = order.price
            lines.append(line)
        body = await self._http.read(
            Call(name="margin", method="POST", path="/v2/charges/margin", json={"instruments": lines})
        )
        found: list[MarginLine] = PARSERS["margin"](body)
        return found

    async def _get(self, name: str, path: str) -> bytes:
        return await self._http.read(Call(name=name, method="GET", path=path))
