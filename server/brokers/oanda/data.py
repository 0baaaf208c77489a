"""Reading from OANDA: instruments of the account, prices, candles, positions, funds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from server.brokers.kit.http import Call, Http
from server.brokers.kit.pages import interval_of, pages, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.brokers.oanda.http import account_path, place_of
from server.brokers.oanda.parse import PARSERS
from server.brokers.oanda.symbols import listings
from server.core.errors import NotFound
from server.domain.brokerage import BarLine, ChainLine, FundsLine, HoldingLine, MarginLine, PositionLine, QuoteLine
from server.domain.orders import Order

__all__ = ("OandaData",)

_GRANULARITIES = {
    "5s": ("S5", 5),
    "15s": ("S15", 15),
    "30s": ("S30", 30),
    "1m": ("M1", 60),
    "5m": ("M5", 300),
    "15m": ("M15", 900),
    "30m": ("M30", 1_800),
    "1h": ("H1", 3_600),
    "1d": ("D", 86_400),
    "1w": ("W", 604_800),
    "1M": ("M", 2_592_000),
}
_MOST_CANDLES = 4_000
"""A request may span 5,000; some are left for clocks that disagree."""


class OandaData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, http: Http) -> None:
        self._context = context
        self._http = http

    async def instruments(self) -> list[Listing]:
        """What the account may trade."""
        found, left_out = listings(PARSERS["instruments"](await self._get("instruments", "/instruments")))
        self._context.symbols.fill(found, left_out)
        return found

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Prices with their book, a hundred a call."""
        symbols = self._context.symbols
        names = {symbols.of(key).symbol: key for key in keys if symbols.has(key)}
        found: dict[str, QuoteLine] = {}
        for page in pages(list(names), self._http.manifest.limit("quotes").batch or 100):
            line: QuoteLine
            for line in PARSERS["quotes"](await self._get("quotes", "/pricing", [("instruments", ",".join(page))])):
                if line.symbol in names:  # a quote of something else is dropped
                    found[names[line.symbol]] = line
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Candles of mid prices, in as many requests as the span needs."""
        word, seconds = interval_of("OANDA", _GRANULARITIES, interval)
        listing = self._context.symbols.of(key)
        bars: dict[datetime, BarLine] = {}
        for first, last in spans(start, end, timedelta(seconds=seconds * _MOST_CANDLES)):
            query = [("granularity", word), ("price", "M"), ("from", _text(first)), ("to", _text(last))]
            call = Call(
                name="history",
                method="GET",
                path=f"/instruments/{listing.symbol}/candles",
                address=place_of(self._context, "rest"),
                query=query,
            )
            line: BarLine
            for line in PARSERS["history"](await self._http.read(call)):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """OANDA has no options."""
        raise NotFound("OANDA has no option chain.", code="broker.no_chain")

    async def holdings(self) -> list[HoldingLine]:
        """OANDA knows positions only."""
        return []

    async def positions(self) -> list[PositionLine]:
        """Open positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._get("positions", "/openPositions"))
        return found

    async def funds(self) -> list[FundsLine]:
        """The account's money."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/summary"))
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """OANDA computes none before an order."""
        raise NotFound("OANDA tells no margin before an order.", code="broker.no_margin")

    async def _get(self, name: str, tail: str, query: Sequence[tuple[str, str]] = ()) -> bytes:
        group = "quotes" if name == "quotes" else "default"
        path = account_path(self._context, tail)
        address = place_of(self._context, "rest")
        return await self._http.read(
            Call(name=name, method="GET", path=path, address=address, group=group, query=query)
        )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
