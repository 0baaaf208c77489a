"""All accounts together: positions, holdings, funds, profit. One that is down shows as down; the rest still adds up."""

from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, JSONBody, QueryParameter

from server.api.context import Context
from server.api.live import (
    AccountLine,
    FundsWireLine,
    HeldLine,
    Live,
    MasterWire,
    Routing,
    RoutingAsked,
    UsageCall,
    UsageLine,
)
from server.api.positions import prices_of
from server.api.strict import Strict
from server.api.wire import Page
from server.domain.instruments import plain_quantity
from server.domain.money import to_minor

__all__ = ("portfolio_handlers",)


class CurrencyTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over accounts of one kind and currency; a sum leaves out what no broker states, and says how many."""

    mode: str
    currency: str
    accounts: int
    missing: int
    """Accounts whose figures are not known."""
    old: int
    """Accounts that are not connected, counted with the figures they told last."""
    available: Decimal
    profit: Decimal
    value: Decimal


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """Every account, and sums that never mix paper with live or one currency with another."""

    accounts: list[AccountLine]
    totals: list[CurrencyTotal]


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """The usage log; it outlives restarts."""

    hours: float
    endpoints: list[UsageLine]
    calls: list[UsageCall]


def portfolio_handlers(live: Live) -> list[HTTPRouteHandler]:
    """The routes over all accounts."""

    @get("/api/v1/portfolio", tags=["Portfolio"], summary="All accounts together")
    async def portfolio(context: NamedDependency[Context], refresh: FromQuery[bool] = False) -> Portfolio:
        """Live accounts as their brokers told them last; `refresh` asks those that are connected now."""
        if refresh:
            for link in live.wires():
                if link.state == "connected":
                    await live.refresh(link.account)
        lines = [_paper(context, account) for account, a in context.accounts.items() if a.mode == "PAPER"]
        lines += live.portfolio()
        return Portfolio(accounts=lines, totals=_totals(lines))

    @get("/api/v1/usage", tags=["Brokers"], summary="Calls to brokers")
    async def usage(
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
        hours: Annotated[float, QueryParameter(description="how far back", gt=0, le=24 * 366)] = 24,
    ) -> Usage:
        """By endpoint over the last `hours`, and the last ones. Calls are kept for `store.keep_usage_days`."""
        return Usage(hours=hours, endpoints=await live.usage_lines(hours), calls=await live.usage_calls(limit))

    @get("/api/v1/routing", tags=["Brokers"], summary="Which account is asked, and which trades", sync_to_thread=False)
    def routing() -> Routing:
        """Rules by kind of read and by segment."""
        return live.routing()

    @put("/api/v1/routing", dto=Strict[RoutingAsked], return_dto=None, tags=["Brokers"], summary="Change the rules")
    async def route(data: JSONBody[RoutingAsked]) -> Routing:
        """All or nothing; acts at once. An order that was begun stays where it is."""
        return await live.route(data)

    @get("/api/v1/masters", tags=["Brokers"], summary="Instrument masters", sync_to_thread=False)
    def masters() -> Page[MasterWire]:
        """What each market's brokers list, and what could not be mapped."""
        return Page(live.masters())

    return [portfolio, usage, routing, route, masters]


def _paper(context: Context, account_id: str) -> AccountLine:
    account = context.accounts[account_id]
    market = context.markets.get(account.market)
    funds = context.orders.funds(account_id) if market is not None else context.ledger.funds(account_id)
    held = [p for p in context.ledger.positions(account_id) if p.quantity]
    prices = prices_of(market, {p.key for p in held}) if market is not None else {}
    lines = []
    for position in held:
        last = prices.get(position.key)
        profit = None if last is None else Decimal(to_minor(position.worth(last)) - position.cost_minor).scaleb(-2)
        lines.append(
            HeldLine(
                key=position.key,
                symbol=position.key.split(":", 1)[-1],
                product=position.product,
                quantity=Decimal(plain_quantity(position.quantity, position.unit)),
                average=None if position.average is None else position.average.quantize(Decimal("0.0001")),
                last=last,
                profit=profit,
                currency=account.currency,
            )
        )
    return AccountLine(
        account=account_id,
        title=account.title,
        broker=account.broker,
        mode="PAPER",
        currency=account.currency,
        state="connected" if market is not None else "ended",
        problem="",
        age=0.0,
        funds=[
            FundsWireLine(
                segment="all",
                currency=account.currency,
                available=Decimal(funds.free_minor).scaleb(-2),
                used=Decimal(funds.margin_minor).scaleb(-2),
                net=Decimal(funds.equity_minor).scaleb(-2),
            )
        ],
        positions=[line for line in lines if line.product != "CNC"],
        holdings=[line for line in lines if line.product == "CNC"],
        profit=sum((line.profit for line in lines if line.profit is not None), Decimal(0)),
        value=sum((line.last * line.quantity for line in lines if line.product == "CNC" and line.last), Decimal(0)),
    )


def _totals(lines: list[AccountLine]) -> list[CurrencyTotal]:
    groups: dict[tuple[str, str], list[AccountLine]] = {}
    for line in lines:
        groups.setdefault((line.mode, line.currency), []).append(line)
    return [
        CurrencyTotal(
            mode=mode,
            currency=currency,
            accounts=len(group),
            missing=sum(line.age is None for line in group),
            old=sum(line.age is not None and line.mode == "LIVE" and line.state != "connected" for line in group),
            available=sum(
                (f.available for line in group for f in line.funds if f.available and f.currency in ("", currency)),
                Decimal(0),
            ),
            profit=sum((line.profit for line in group if line.profit is not None), Decimal(0)),
            value=sum((line.value for line in group if line.value is not None), Decimal(0)),
        )
        for (mode, currency), group in sorted(groups.items())
    ]
