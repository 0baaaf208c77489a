"""Reading from Alice Blue: masters, minute and day candles, books. It has no quotes but the stream's."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from server.brokers.aliceblue.http import AliceHttp
from server.brokers.aliceblue.parse import PARSERS
from server.brokers.aliceblue.symbols import MASTERS, listings
from server.brokers.kit.http import Call
from server.brokers.kit.pages import interval_of, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.core.errors import NotFound
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

__all__ = ("AliceData",)

_RESOLUTIONS = {"1m": ("1", 30), "1d": ("D", 365)}
"""Its word, and the days of one request."""
_MASTER = 64 * 1024 * 1024


class AliceData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, side: AliceHttp) -> None:
        self._context = context
        self._side = side

    async def instruments(self) -> list[Listing]:
        """One file an exchange, public."""
        lines: list[ListingLine] = []
        for name in MASTERS:
            call = Call(
                name="instruments",
                method="GET",
                path=f"/{name}.csv",
                address="masters",
                anonymous=True,
                most=_MASTER,
            )
            lines += await asyncio.to_thread(PARSERS["instruments"], await self._side.http.read(call))
        found, left_out = await asyncio.to_thread(listings, lines)
        self._context.symbols.fill(found, left_out)
        return found

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """None: it has no call for quotes, prices come on its stream only."""
        return {}

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Candles of a minute or a day."""
        word, days = interval_of("Alice Blue", _RESOLUTIONS, interval)
        listing = self._context.symbols.of(key)
        exchange, _, token = listing.token.partition("|")
        bars: dict[datetime, BarLine] = {}
        for first, last in spans(start, end, timedelta(days=days)):
            asked = {
                "token": token,
                "exchange": f"{exchange}::index" if listing.instrument.kind == "INDEX" else exchange,
                "from": str(int(first.timestamp() * 1000)),
                "to": str(int(last.timestamp() * 1000)),
                "resolution": word,
            }
            path = "/open-api/od/ChartAPIService/api/chart/history"
            line: BarLine
            for line in PARSERS["history"](await self._side.read("history", path, asked, group="history")):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """Its chain's answer is not known well enough to be read."""
        raise NotFound("Alice Blue's option chain is not read here.", code="broker.no_chain")

    async def holdings(self) -> list[HoldingLine]:
        """Shares held for delivery."""
        found: list[HoldingLine] = PARSERS["holdings"](await self._side.read("holdings", "/holdings/CNC"))
        return found

    async def positions(self) -> list[PositionLine]:
        """Positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._side.read("positions", "/positions"))
        return found

    async def funds(self) -> list[FundsLine]:
        """Limits."""
        found: list[FundsLine] = PARSERS["funds"](await self._side.read("funds", "/limits/"))
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """The answer of its margin call is not known well enough to be read."""
        raise NotFound("Alice Blue's margin is not read here.", code="broker.no_margin")
