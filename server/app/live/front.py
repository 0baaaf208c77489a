"""What the API sees of live accounts: implements `server.api.live.Live` over links, check, usage log and masters."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from server.api.live import (
    AccountLine,
    Begun,
    BrokerWire,
    CheckReport,
    FieldWire,
    FundsWireLine,
    HeldLine,
    LinkWire,
    MasterWire,
    Routing,
    RoutingAsked,
    UsageCall,
    UsageLine,
)
from server.app.live import registry
from server.app.live.accounts import LiveAccounts
from server.app.live.check import Checks
from server.app.live.links import Link
from server.brokers.kit.symbols import SymbolMap
from server.core.clock import IST, Clock

__all__ = ("LiveFront",)


class LiveFront:
    """See the module's text."""

    def __init__(self, accounts: LiveAccounts, checks: Checks, clock: Clock) -> None:
        self._accounts = accounts
        self._checks = checks
        self._clock = clock

    def brokers(self) -> list[BrokerWire]:
        """Every broker there is."""
        return [_broker(name) for name in registry.available()]

    def wires(self) -> list[LinkWire]:
        """Every live account."""
        return self._accounts.wires()

    async def begin(
        self, broker: str, title: str, fields: Mapping[str, str], addresses: Mapping[str, str], account: str = ""
    ) -> Begun:
        """Sign in."""
        return await self._accounts.begin(broker, title, fields, addresses, account)

    async def finish(self, answer: Mapping[str, str]) -> str:
        """The broker's redirect came back."""
        return await self._accounts.finish(answer)

    async def sign_out(self, account: str) -> None:
        """End its session."""
        await self._accounts.sign_out(account)

    async def forget(self, account: str) -> None:
        """Sign out and remove its keys."""
        await self._accounts.forget(account)

    async def refresh(self, account: str) -> None:
        """Read its figures now."""
        await self._accounts.refresh(account)

    async def check(self, account: str, key: str, with_order: bool) -> CheckReport:
        """Run its check."""
        return await self._checks.run(account, key, with_order)

    async def report(self, account: str) -> CheckReport:
        """The last check."""
        return await self._checks.report(account)

    def portfolio(self) -> list[AccountLine]:
        """As the brokers told last."""
        return [self._line(link) for link in self._accounts.links.values()]

    async def usage_lines(self, hours: float) -> list[UsageLine]:
        """Calls by endpoint."""
        return await self._accounts.usage.lines(hours)

    async def usage_calls(self, limit: int) -> list[UsageCall]:
        """The last calls, newest first."""
        return await self._accounts.usage.calls(limit)

    def routing(self) -> Routing:
        """Rules of the router."""
        return self._accounts.router.told()

    async def route(self, asked: RoutingAsked) -> Routing:
        """Change them."""
        await self._accounts.rules.change(asked)
        return self._accounts.router.told()

    def order_routes(self) -> Mapping[str, str]:
        """Account in which a segment's tickets begin."""
        return self._accounts.rules.rules.orders

    def ending(self) -> Mapping[str, datetime | None]:
        """Accounts whose session ends soon, with when; None when it has ended and waits for its user."""
        found: dict[str, datetime | None] = {}
        for link in self._accounts.links.values():
            ends = link.adapter.login.expires(link.grant) if link.grant is not None else None
            announced = ends is not None and link.warned is not None and link.warned[0] == ends
            if link.state == "expired" or announced:
                found[link.name] = None if link.state == "expired" else ends
        return found

    def masters(self) -> list[MasterWire]:
        """One for each live market."""
        links = self._accounts.links.values()
        return [
            MasterWire(
                market=name,
                instruments=len(live.master),
                carriers=dict(live.master.carriers),
                unmapped={
                    link.name: dict(link.symbols.unmapped.most_common(50))
                    for link in links
                    if link.account.market == name
                },
                conflicts=list(live.master.conflicts.values()),
                switches=dict(live.feed.choice.switches),
                dropped=dict(live.feed.dropped),
            )
            for name, live in self._accounts.live_markets.items()
        ]

    def connected(self) -> tuple[int, int]:
        """Live accounts connected, and all of them."""
        links = self._accounts.links.values()
        return sum(link.state == "connected" for link in links), len(links)

    def read_back(self, account: str) -> str:
        """The sentence to confirm before the first live order of a day; empty for paper and when it was."""
        link = self._accounts.links.get(account)
        if link is None or link.kept.confirmed == self._today():
            return ""
        facts = link.adapter.manifest
        user = link.grant.user if link.grant is not None else "unknown"
        text = f"This is the first order of today in {link.account.title}: real money at {facts.title}, user {user}."
        if facts.login.static_ip:
            text += f" {facts.title} takes orders only from the address registered with it; this machine must have it."
        return text

    async def confirm(self, account: str) -> None:
        """The user has confirmed it."""
        await self._accounts.confirm(account, self._today())

    def _today(self) -> date:
        return self._clock.now().astimezone(IST).date()

    def _line(self, link: Link) -> AccountLine:
        snapshot, currency = link.snapshot, link.account.currency
        funds, positions, holdings = [], [], []
        if snapshot is not None:
            funds = [
                FundsWireLine(
                    segment=f.segment, currency=f.currency or currency, available=f.available, used=f.used, net=f.net
                )
                for f in snapshot.funds
            ]
            positions = [
                HeldLine(
                    key=_key(link.symbols, p.exchange, p.symbol, p.token),
                    symbol=p.symbol,
                    product=p.product,
                    quantity=p.quantity,
                    average=p.average,
                    last=p.last,
                    profit=_sum(p.realised, p.unrealised),
                    currency=p.currency or currency,
                )
                for p in snapshot.positions
                if p.kind == "net"
            ]
            holdings = [
                HeldLine(
                    key=_key(link.symbols, h.exchange, h.symbol, h.token),
                    symbol=h.symbol,
                    product="CNC",
                    quantity=h.quantity + (h.unsettled or 0),
                    average=h.average,
                    last=h.last,
                    profit=h.profit,
                    currency=h.currency or currency,
                )
                for h in snapshot.holdings
            ]
        profits = [p.profit for p in positions if p.profit is not None]
        return AccountLine(
            account=link.name,
            title=link.account.title,
            broker=link.account.broker,
            mode="LIVE",
            currency=currency,
            state=link.state,
            problem=link.problem,
            age=None if snapshot is None else (self._clock.now() - snapshot.at).total_seconds(),
            funds=funds,
            positions=positions,
            holdings=holdings,
            profit=sum(profits, Decimal(0)) if snapshot is not None else None,
            value=None
            if snapshot is None
            else sum((h.last * h.quantity for h in holdings if h.last is not None), Decimal(0)),
        )


def _broker(name: str) -> BrokerWire:
    facts = registry.manifest(name)
    return BrokerWire(
        name=name,
        title=facts.title,
        country=facts.country,
        currency=facts.currency,
        tier=registry.tier(name),
        segments=list(facts.segments),
        products=list(facts.products),
        types=list(facts.types),
        validities=list(facts.validities),
        client_id=facts.client_id,
        look_up=facts.look_up,
        login=facts.login.kind,
        fields=[
            FieldWire(name=f.name, title=f.title, secret=f.secret, optional=f.optional, help=f.help)
            for f in facts.login.fields
        ],
        session_ends=facts.login.ends,
        static_ip=facts.login.static_ip,
        portal=facts.login.portal,
        todo=registry.todo(name),
    )


def _key(symbols: SymbolMap, exchange: str, symbol: str, token: str) -> str:
    found = symbols.by_symbol(exchange, symbol) or (symbols.by_token(token) if token else None)
    return found.instrument.key if found is not None else ""


def _sum(*parts: Decimal | None) -> Decimal | None:
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known else None
