"""Reading from Interactive Brokers: contracts, snapshots, bars, positions, funds, margin of an order."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from server.brokers.interactive_brokers import objects
from server.brokers.interactive_brokers.http import Gateway
from server.brokers.interactive_brokers.parse import PARSERS
from server.brokers.interactive_brokers.symbols import ROUTE, listings
from server.brokers.kit.pages import interval_of, pages, spans
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.core.errors import Denied, NotFound
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

if TYPE_CHECKING:
    from ib_async import IB, Contract
    from ib_async import Order as Sent

__all__ = ("TYPES", "GatewayData", "contract_of", "put_prices", "sent_order")

TYPES = {"MARKET": "MKT", "LIMIT": "LMT", "SL": "STP LMT", "SL-M": "STP"}
_BARS: dict[str, tuple[str, str, timedelta]] = {
    "1m": ("1 min", "1 D", timedelta(days=1)),
    "3m": ("3 mins", "1 W", timedelta(days=7)),
    "5m": ("5 mins", "1 W", timedelta(days=7)),
    "15m": ("15 mins", "2 W", timedelta(days=14)),
    "30m": ("30 mins", "1 M", timedelta(days=28)),
    "1h": ("1 hour", "1 M", timedelta(days=28)),
    "1d": ("1 day", "1 Y", timedelta(days=365)),
    "1w": ("1 week", "1 Y", timedelta(days=365)),
    "1M": ("1 month", "1 Y", timedelta(days=365)),
}
"""Interval -> IB's word, the stretch of one request, and what of it we count on."""
_MOST_SHARES = 500
_SNAPSHOT = 15.0
"""Seconds of patience for snapshots: the gateway ends one after 11."""
_HISTORY = 60.0
_NO_BARS = 162


class GatewayData:
    """Implements `kit.ports.Data`."""

    def __init__(self, context: Context, gateway: Gateway) -> None:
        self._context = context
        self._gateway = gateway

    async def instruments(self) -> list[Listing]:
        """The shares the user named and those the account holds: IB has no list of all there is."""
        text = self._context.credentials.get("symbols", "")
        named = dict.fromkeys(word.strip().upper() for word in text.replace(";", ",").split(",") if word.strip())
        if len(named) > _MOST_SHARES:
            raise Denied(
                f"{len(named)} shares are more than the {_MOST_SHARES} that can be looked up.",
                code="broker.too_much",
                limit=_MOST_SHARES,
                value=len(named),
                remedy="Name fewer of them.",
            )
        wanted: list[dict[str, Any]] = [
            {"secType": "STK", "symbol": symbol.replace(".", " "), "exchange": ROUTE, "currency": "USD"}
            for symbol in named
        ]
        wanted += [
            {"conId": int(line.token), "exchange": ROUTE}
            for line in await self.positions()
            if line.exchange == "STK" and line.currency == "USD" and line.token
        ]
        lines: list[ListingLine] = []
        missing = 0
        for facts in wanted:
            found = await self._details(facts)
            missing += not found
            lines += found
        unique = {line.token: line for line in lines}
        made, left_out = listings(list(unique.values()))
        if missing:
            left_out["not known at Interactive Brokers"] = missing
        self._context.symbols.fill(made, left_out)
        return made

    async def quotes(self, keys: Sequence[str]) -> dict[str, QuoteLine]:
        """Snapshots. What the account has no market data for is absent: delayed prices are not asked for."""
        found: dict[str, QuoteLine] = {}
        known = [self._context.symbols.of(key) for key in keys if self._context.symbols.has(key)]
        for page in pages(known, self._gateway.manifest.limit("quotes").batch or 50):
            told = await asyncio.gather(*(self._quote(listing) for listing in page))
            found |= {key: line for key, line in told if line is not None and _priced(line)}
        return found

    async def history(self, key: str, interval: str, start: datetime, end: datetime) -> list[BarLine]:
        """Bars of trades in regular hours, stretch by stretch. IB adjusts them for splits."""
        size, stretch, most = interval_of("Interactive Brokers", _BARS, interval)
        contract = contract_of(self._context.symbols.of(key))
        bars: dict[datetime, BarLine] = {}
        for _, last in spans(start, end, most):
            rows = await self._gateway.fetch(
                "history",
                lambda ib, last=last: _bars(ib, contract, last, stretch, size),  # type: ignore[misc]
                group="history",
                patience=_HISTORY,
            )
            line: BarLine
            for line in PARSERS["history"](objects.bars(rows)):
                if start <= line.start < end:
                    bars[line.start] = line
        return [bars[at] for at in sorted(bars)]

    async def chain(self, underlying: str, expiry: str) -> list[ChainLine]:
        """Options are not listed here."""
        raise NotFound("Options of Interactive Brokers are not listed here.", code="broker.no_chain")

    async def holdings(self) -> list[HoldingLine]:
        """IB knows positions only."""
        return []

    async def positions(self) -> list[PositionLine]:
        """Open positions of the account."""
        found: list[PositionLine] = PARSERS["positions"](objects.positions(await self._gateway.positions()))
        return found

    async def funds(self) -> list[FundsLine]:
        """The account's money by currency; IB renews these figures every three minutes."""
        found: list[FundsLine] = PARSERS["funds"](objects.values(await self._gateway.summary()))
        return found

    async def margin(self, orders: Sequence[Order]) -> list[MarginLine]:
        """What each order alone would change, asked as an order that is not made."""
        found: list[MarginLine] = []
        for order in orders:
            listing = self._context.symbols.of(order.key)
            contract, sent = contract_of(listing), sent_order(order, listing, self._gateway.account)
            state = await self._gateway.fetch(
                "margin",
                lambda ib, contract=contract, sent=sent: ib.whatIfOrderAsync(contract, sent),  # type: ignore[misc]
            )
            found += PARSERS["margin"](objects.states(state))
        return found

    async def _details(self, facts: dict[str, Any]) -> list[ListingLine]:
        from ib_async import Contract

        try:
            rows = await self._gateway.fetch("instruments", lambda ib: ib.reqContractDetailsAsync(Contract(**facts)))
        except NotFound:
            return []
        found: list[ListingLine] = PARSERS["instruments"](objects.details(rows))
        return found

    async def _quote(self, listing: Listing) -> tuple[str, QuoteLine | None]:
        key, contract = listing.instrument.key, contract_of(listing)
        try:
            (row,) = await self._gateway.fetch(
                "quotes", lambda ib: ib.reqTickersAsync(contract), group="quotes", patience=_SNAPSHOT
            )
        except Exception as error:
            if getattr(error, "code", "") not in ("broker.permission", "broker.not_found"):
                raise
            return key, None
        (line,) = PARSERS["quotes"](objects.plain(objects.ticker(row)))
        return key, line


async def _bars(ib: "IB", contract: "Contract", last: datetime, stretch: str, size: str) -> list[Any]:
    """One stretch of bars; where nothing was traded in it the gateway says so by an error."""
    try:
        return list(
            await ib.reqHistoricalDataAsync(
                contract, last.astimezone(UTC), stretch, size, "TRADES", True, formatDate=2, timeout=0
            )
        )
    except Exception as error:
        if getattr(error, "code", None) == _NO_BARS and "no data" in str(error):
            return []
        raise


def _priced(line: QuoteLine) -> bool:
    return line.last is not None or line.bid is not None or line.ask is not None


def contract_of(listing: Listing) -> "Contract":
    """The contract by its number."""
    from ib_async import Contract

    return Contract(
        secType="STK",
        conId=int(listing.token),
        symbol=listing.symbol,
        exchange=ROUTE,
        currency=listing.instrument.currency,
        localSymbol=listing.symbol,
    )


def sent_order(order: Order, listing: Listing, account: str) -> "Sent":
    """A new order as IB has it. Prices stay Decimals: the library writes them digit by digit."""
    from ib_async import Order as Sent

    sent = Sent(
        action=order.side,
        totalQuantity=order.quantity * listing.instrument.unit,  # type: ignore[arg-type]
        orderType=TYPES[order.type],
        tif=order.validity,
        orderRef=order.id,
        account=account,
    )
    put_prices(sent, order.type, order.price, order.trigger)
    return sent


def put_prices(sent: "Sent", kind: str, price: Decimal | None, trigger: Decimal | None) -> None:
    """Limit and stop, as the type has them."""
    if kind in ("LIMIT", "SL") and price is not None:
        sent.lmtPrice = _plain(price)
    if kind in ("SL", "SL-M") and trigger is not None:
        sent.auxPrice = _plain(trigger)


def _plain(value: Decimal) -> Decimal:
    """Without an exponent, which the gateway does not read."""
    return Decimal(format(value, "f"))
