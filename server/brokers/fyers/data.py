"""Reading from FYERS: masters, quotes, history, chains, holdings, positions, funds, margins."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from server.brokers.fyers.execution import PRODUCTS, TYPES
from server.brokers.fyers.http import FyersHttp
from server.brokers.fyers.parse import PARSERS
from server.brokers.fyers.symbols import MASTERS, listings
from server.brokers.kit.http import Call
from server.brokers.kit.pages import interval_of, pages, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.reading import Reader
from server.brokers.kit.symbols import Listing
from server.core.clock import IST
from server.core.errors import NotFound, Unavailable
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

__all__ = ("FyersData",)

_INTERVALS = {
    "5s": ("5S", 30),
    "15s": ("15S", 30),
    "30s": ("30S", 30),
    "1m": ("1", 100),
    "3m": ("3", 100),
    "5m": ("5", 100),
    "10m": ("10", 100),
    "15m": ("15", 100),
    "30m": ("30", 100),
    "1h": ("60", 100),
    "1d": ("1D", 366),
}
"""FYERS' word, and the days one request may span."""
_FILE = 64 * 1024 * 1024
_names: Reader[dict[str, str]] = Reader("fyers", "index_names", dict[str, str])


class FyersData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, http: FyersHttp) -> None:
        self._context = context
        self._http = http

    async def instruments(self) -> list[Listing]:
        """One public file a segment; a segment whose file is missing is left out and said in the report."""
        lines: list[ListingLine] = []
        missing = 0
        for name in MASTERS:
            try:
                body = await self._http.read(self._file(f"/{name}.csv", "instruments"))
            except (NotFound, Unavailable):
                missing += 1
                continue
            lines += await asyncio.to_thread(PARSERS["instruments"], body)
        if missing == len(MASTERS):
            raise Unavailable("FYERS' instrument masters cannot be read.", code="broker.master")
        indices: Mapping[str, str] = {}
        try:
            indices = _names(await self._http.read(self._file("/index_hsm_mapping.json", "index_names")))
        except (NotFound, Unavailable):
            missing += 1  # indices then have quotes, and no stream
        found, left_out = await asyncio.to_thread(listings, lines, indices)
        if missing:
            left_out["file not there"] = missing
        self._context.symbols.fill(found, left_out)
        return found

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Quotes, 50 a call."""
        symbols = self._context.symbols
        known = {symbols.of(key).symbol: key for key in keys if symbols.has(key)}
        found: dict[str, QuoteLine] = {}
        for page in pages(list(known), self._http.manifest.limit("quotes").batch or 50):
            body = await self._http.fetch(
                Call(
                    name="quotes",
                    method="GET",
                    path="/quotes",
                    address="data",
                    group="quotes",
                    query=[("symbols", ",".join(page))],
                )
            )
            line: QuoteLine
            for line in PARSERS["quotes"](body):
                if line.symbol in known:
                    found[known[line.symbol]] = line
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Candles by epoch, in as many requests as the span needs."""
        word, days = interval_of("FYERS", _INTERVALS, interval)
        symbol = self._context.symbols.of(key).symbol
        bars: dict[datetime, BarLine] = {}
        for first, last in spans(start, end, timedelta(days=days)):
            body = await self._http.fetch(
                Call(
                    name="history",
                    method="GET",
                    path="/history",
                    address="data",
                    group="quotes",
                    query=[
                        ("symbol", symbol),
                        ("resolution", word),
                        ("date_format", "0"),
                        ("range_from", str(int(first.timestamp()))),
                        ("range_to", str(int(last.timestamp()))),
                        ("cont_flag", "0"),
                        ("oi_flag", "1"),
                    ],
                )
            )
            line: BarLine
            for line in PARSERS["history"](body):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """FYERS' chain of one expiry (`YYYY-MM-DD`), fifty strikes a side."""
        day = date.fromisoformat(expiry)
        moment = datetime.combine(day, time(15, 30), IST).astimezone(UTC)
        body = await self._http.fetch(
            Call(
                name="option_chain",
                method="GET",
                path="/options-chain-v3",
                address="data",
                group="quotes",
                query=[
                    ("symbol", self._context.symbols.of(underlying).symbol),
                    ("strikecount", "50"),
                    ("timestamp", str(int(moment.timestamp()))),
                ],
            )
        )
        lines: list[ChainLine] = PARSERS["option_chain"](body)
        return [msgspec.structs.replace(line, expiry=day) for line in lines]

    async def holdings(self) -> list[HoldingLine]:
        """Shares held."""
        found: list[HoldingLine] = PARSERS["holdings"](await self._get("holdings", "/holdings"))
        return found

    async def positions(self) -> list[PositionLine]:
        """Net positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._get("positions", "/positions"))
        return found

    async def funds(self) -> list[FundsLine]:
        """Equity and commodity."""
        found: list[FundsLine] = PARSERS["funds"](await self._get("funds", "/funds"))
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """The whole of what the orders would block."""
        lines = []
        for order in orders:
            listing = self._context.symbols.of(order.key)
            lines.append(
                {
                    "symbol": listing.symbol,
                    "qty": int(order.quantity * listing.instrument.unit),
                    "side": 1 if order.side == "BUY" else -1,
                    "type": TYPES[order.type],
                    "productType": PRODUCTS[order.product],
                    "limitPrice": order.price or 0,
                    "stopLoss": 0,
                    "stopPrice": order.trigger or 0,
                    "takeProfit": 0,
                }
            )
        body = await self._http.fetch(
            Call(name="margin", method="POST", path="/multiorder/margin", json={"data": lines})
        )
        found: list[MarginLine] = PARSERS["margin"](body)
        return found

    async def _get(self, name: str, path: str) -> bytes:
        return await self._http.fetch(Call(name=name, method="GET", path=path))

    def _file(self, path: str, name: str) -> Call:
        return Call(name=name, method="GET", path=path, address="masters", group="files", anonymous=True, most=_FILE)
