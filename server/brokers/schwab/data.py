"""Reading from Schwab: instruments by name, quotes, bars, chains, positions, funds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from server.brokers.kit.http import Call
from server.brokers.kit.pages import interval_of, pages, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.brokers.schwab.http import SchwabHttp
from server.brokers.schwab.parse import PARSERS, delayed, expirations
from server.brokers.schwab.symbols import named, options, shares
from server.core.clock import to_ns
from server.core.errors import Denied, Invalid, NotFound
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

__all__ = ("SchwabData",)

_BARS: dict[str, tuple[str, str, str, timedelta]] = {
    "1m": ("day", "minute", "1", timedelta(days=10)),
    "5m": ("day", "minute", "5", timedelta(days=30)),
    "15m": ("day", "minute", "15", timedelta(days=60)),
    "30m": ("day", "minute", "30", timedelta(days=60)),
    "1d": ("year", "daily", "1", timedelta(days=3650)),
    "1w": ("year", "weekly", "1", timedelta(days=7300)),
    "1M": ("year", "monthly", "1", timedelta(days=7300)),
}
"""Interval -> periodType, frequencyType, frequency, and the stretch of one request. Minutes go back some 48 days, five
minutes and more some nine months; Schwab leaves out what is older."""
_MOST_SHARES, _MOST_CHAINS = 500, 5
_NAMES = 50
"""Symbols in one look-up."""
_EXPIRIES = 6
_STRIKES = 40
"""Each way of the price: a whole chain of an index is more than Schwab's gateway lets through."""


class SchwabData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, http: SchwabHttp) -> None:
        self._context = context
        self._http = http

    async def instruments(self) -> list[Listing]:
        """The shares the user named and those the account holds, and options where the user asked for them: Schwab
        has no list of all there is."""
        asked = _words(self._context.credentials.get("symbols", ""), _MOST_SHARES, "shares")
        chained = _words(self._context.credentials.get("options", ""), _MOST_CHAINS, "shares with options")
        held = await self.positions()
        wanted = dict.fromkeys([*asked, *chained, *(line.symbol for line in held if line.exchange == "EQUITY")])
        lines: list[ListingLine] = []
        for page in pages(list(wanted), _NAMES):
            lines += await self._found(page)
        listed, left_out = shares(lines)
        known = {line.symbol for line in lines}
        left_out["not known at Schwab"] += sum(name not in known for name in wanted)
        contracts = [line.symbol for line in held if line.exchange == "OPTION"]
        for name in chained:
            if name in known:
                contracts += await self._contracts(name)
        more, left = options(dict.fromkeys(contracts))
        listed += more
        self._context.symbols.fill(listed, Counter({why: n for why, n in (left_out + left).items() if n}))
        return listed

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Snapshots, page by page. What the user has delayed prices of is absent: they would pass for live ones."""
        known = [self._context.symbols.of(key) for key in keys if self._context.symbols.has(key)]
        names = {one.symbol: one.instrument.key for one in known}
        found: dict[str, QuoteLine] = {}
        for page in pages(list(names), self._http.manifest.limit("quotes").batch or 100):
            query = [("symbols", ",".join(page)), ("fields", "quote,regular"), ("indicative", "false")]
            body = await self._market("quotes", "/quotes", query)
            old = delayed(body)
            line: QuoteLine
            for line in PARSERS["quotes"](body):
                if line.symbol in names and line.symbol not in old:
                    found[names[line.symbol]] = line
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Bars of regular hours, stretch by stretch."""
        period, kind, frequency, most = interval_of("Schwab", _BARS, interval)
        listing = self._context.symbols.of(key)
        bars: dict[datetime, BarLine] = {}
        for first, last in spans(start, end, most):
            query = [
                ("symbol", listing.symbol),
                ("periodType", period),
                ("frequencyType", kind),
                ("frequency", frequency),
                ("startDate", str(to_ns(first) // 1_000_000)),
                ("endDate", str(to_ns(last) // 1_000_000)),
                ("needExtendedHoursData", "false"),
            ]
            line: BarLine
            for line in PARSERS["history"](await self._market("history", "/pricehistory", query, group="history")):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """One expiry (`2026-12-18`), by strike."""
        listing = self._context.symbols.of(underlying)
        try:
            day = date.fromisoformat(expiry)
        except ValueError:
            raise Invalid(f"{expiry[:40]!r} is no date", code="chain.expiry", field="expiry") from None
        return sorted(await self._chain(listing.symbol, day), key=lambda line: line.strike)

    async def holdings(self) -> list[HoldingLine]:
        """Schwab knows positions only."""
        return []

    async def positions(self) -> list[PositionLine]:
        """Open positions of the account."""
        call = Call(name="positions", method="GET", path=self._http.account, query=[("fields", "positions")])
        found: list[PositionLine] = PARSERS["positions"](await self._http.read(call))
        return found

    async def funds(self) -> list[FundsLine]:
        """The account's money."""
        found: list[FundsLine] = PARSERS["funds"](
            await self._http.read(Call(name="funds", method="GET", path=self._http.account))
        )
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """Schwab previews single orders only, and tells commissions rather than margin."""
        raise NotFound("Schwab tells no margin before an order.", code="broker.no_margin")

    async def _found(self, names: Sequence[str]) -> list[ListingLine]:
        """Instruments by their exact symbols; those Schwab does not know are left out."""
        query = [("symbol", ",".join(names)), ("projection", "symbol-search")]
        try:
            body = await self._market("instruments", "/instruments", query)
        except NotFound:
            return []
        found: list[ListingLine] = PARSERS["instruments"](body)
        return [line for line in found if line.symbol in names]

    async def _contracts(self, name: str) -> list[str]:
        """Option symbols of the next expiries of a name."""
        try:
            body = await self._market("option_chain", "/expirationchain", [("symbol", name)])
        except NotFound:
            return []
        lines = [line for day in expirations(body)[:_EXPIRIES] for line in await self._chain(name, day)]
        return [side.symbol for line in lines for side in (line.call, line.put) if side is not None]

    async def _chain(self, name: str, day: date) -> list[ChainLine]:
        query = [
            ("symbol", name),
            ("contractType", "ALL"),
            ("strategy", "SINGLE"),
            ("strikeCount", str(_STRIKES)),
            ("fromDate", day.isoformat()),
            ("toDate", day.isoformat()),
        ]
        found: list[ChainLine] = PARSERS["option_chain"](await self._market("option_chain", "/chains", query))
        return [line for line in found if line.expiry == day]

    async def _market(self, name: str, path: str, query: list[tuple[str, str]], group: str = "quotes") -> bytes:
        return await self._http.read(Call(name=name, method="GET", path=path, address="data", group=group, query=query))


def _words(text: str, most: int, what: str) -> list[str]:
    """Symbols the user wrote, each once, as Schwab writes them."""
    words: Iterable[str] = (named(word) for word in text.replace(";", ",").split(","))
    found = list(dict.fromkeys(word for word in words if word))
    if len(found) > most:
        raise Denied(
            f"{len(found)} {what} are more than the {most} that can be looked up.",
            code="broker.too_much",
            limit=most,
            value=len(found),
            remedy="Name fewer of them.",
        )
    return found
