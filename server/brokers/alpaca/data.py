"""Reading from Alpaca: assets, snapshots, bars, chains, positions, funds. Shares and coins have services apart."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime

from server.brokers.alpaca.http import place_of
from server.brokers.alpaca.parse import PARSERS, next_page
from server.brokers.alpaca.symbols import listings
from server.brokers.kit.http import Call, Http
from server.brokers.kit.pages import interval_of, pages
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
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

__all__ = ("FEED", "AlpacaData")

FEED = "iex"
"""The feed every plan has; the consolidated one (`sip`) younger than 15 minutes is refused to free plans."""
_TIMEFRAMES = {
    "1m": "1Min",
    "3m": "3Min",
    "5m": "5Min",
    "15m": "15Min",
    "30m": "30Min",
    "1h": "1Hour",
    "1d": "1Day",
    "1w": "1Week",
    "1M": "1Month",
}
_MASTER = 64 * 1024 * 1024
_MOST_PAGES = 200
_BARS = 10_000


class AlpacaData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, http: Http) -> None:
        self._context = context
        self._http = http

    async def instruments(self) -> list[Listing]:
        """Active shares and coins. Options are found through their chain: there are too many to list."""
        lines: list[ListingLine] = []
        for kind in ("us_equity", "crypto"):
            query = [("status", "active"), ("asset_class", kind)]
            body = await self._trading("instruments", "/assets", query, most=_MASTER)
            lines += await asyncio.to_thread(PARSERS["instruments"], body)
        found, left_out = listings(lines)
        self._context.symbols.fill(found, left_out)
        return found

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Snapshots, a hundred a call."""
        found: dict[str, QuoteLine] = {}
        known = [self._context.symbols.of(key) for key in keys if self._context.symbols.has(key)]
        for coins in (False, True):
            names = {one.symbol: one for one in known if (one.instrument.kind == "CRYPTO") is coins}
            path = "/v1beta3/crypto/us/snapshots" if coins else "/v2/stocks/snapshots"
            for page in pages(list(names), self._http.manifest.limit("quotes").batch or 100):
                query = [("symbols", ",".join(page)), *([] if coins else [("feed", FEED)])]
                line: QuoteLine
                for line in PARSERS["quotes"](await self._market("quotes", path, query)):
                    if line.symbol in names:  # a quote of something else is dropped
                        found[names[line.symbol].instrument.key] = line
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Bars, page by page. Prices are as traded, not adjusted for splits."""
        frame = interval_of("Alpaca", _TIMEFRAMES, interval)
        listing = self._context.symbols.of(key)
        coin = listing.instrument.kind == "CRYPTO"
        query = [
            ("symbols", listing.symbol),
            ("timeframe", frame),
            ("start", _text(start)),
            ("end", _text(end)),
            ("limit", str(_BARS)),
            ("sort", "asc"),
            *([] if coin else [("feed", FEED), ("adjustment", "raw")]),
        ]
        path = "/v1beta3/crypto/us/bars" if coin else "/v2/stocks/bars"
        bars: dict[datetime, BarLine] = {}
        for body in await self._all("history", path, query):
            line: BarLine
            for line in PARSERS["history"](body):
                if line.symbol == listing.symbol and start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """Option snapshots of one expiry (`2026-12-18`), by strike."""
        listing = self._context.symbols.of(underlying)
        try:
            day = date.fromisoformat(expiry)
        except ValueError:
            raise Invalid(f"{expiry!r} is no date", code="chain.expiry", field="expiry") from None
        query = [("expiration_date", day.isoformat()), ("feed", "indicative"), ("limit", "1000")]
        found: list[ChainLine] = []
        for body in await self._all("option_chain", f"/v1beta1/options/snapshots/{listing.symbol}", query):
            found += PARSERS["option_chain"](body)
        return _joined(found)

    async def holdings(self) -> list[HoldingLine]:
        """Alpaca knows positions only."""
        return []

    async def positions(self) -> list[PositionLine]:
        """Open positions."""
        found: list[PositionLine] = PARSERS["positions"](await self._trading("positions", "/positions"))
        return found

    async def funds(self) -> list[FundsLine]:
        """The account's money."""
        found: list[FundsLine] = PARSERS["funds"](await self._trading("funds", "/account"))
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """Alpaca computes none before an order."""
        raise NotFound("Alpaca tells no margin before an order.", code="broker.no_margin")

    async def _all(self, name: str, path: str, query: list[tuple[str, str]]) -> list[bytes]:
        """Every page of market data."""
        bodies: list[bytes] = []
        token = ""
        for _ in range(_MOST_PAGES):
            bodies.append(await self._market(name, path, [*query, *([("page_token", token)] if token else [])]))
            token = next_page(bodies[-1])
            if not token:
                return bodies
        raise Invalid(
            f"Alpaca has more than {_MOST_PAGES} pages of this", code="broker.too_much", remedy="Ask for less."
        )

    async def _market(self, name: str, path: str, query: list[tuple[str, str]]) -> bytes:
        group = "history" if name == "history" else "quotes"
        return await self._http.read(Call(name=name, method="GET", path=path, address="data", group=group, query=query))

    async def _trading(self, name: str, path: str, query: Sequence[tuple[str, str]] = (), most: int = 0) -> bytes:
        call = Call(name=name, method="GET", path=path, address=place_of(self._context, "rest"), query=query)
        if most:
            call = Call(name=name, method="GET", path=path, address=call.address, query=query, most=most)
        return await self._http.read(call)


def _joined(lines: list[ChainLine]) -> list[ChainLine]:
    """Strikes whose call and put came on different pages."""
    found: dict[tuple[object, object], ChainLine] = {}
    for line in lines:
        have = found.get((line.expiry, line.strike))
        if have is not None:
            line = ChainLine(
                underlying=line.underlying,
                expiry=line.expiry,
                strike=line.strike,
                call=line.call or have.call,
                put=line.put or have.put,
            )
        found[(line.expiry, line.strike)] = line
    return sorted(found.values(), key=lambda line: line.strike)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
