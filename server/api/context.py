"""What the controllers work with: the engines, joined by the composition root and handed in as one dependency."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from server.analytics.chains import Chains
from server.analytics.volatility import Volatility
from server.api.ports import Reads, Reloaded
from server.audit.verify import Verdict
from server.core.bus import Bus
from server.core.clock import Clock
from server.core.errors import Conflict, NotFound
from server.core.logs import correlation
from server.core.supervisor import Supervisor
from server.core.timings import Timings
from server.domain.accounts import Account
from server.domain.journal import Entry, Payload
from server.ledger.ledger import Ledger
from server.market.market import Market
from server.orders.ports import Journal
from server.orders.service import OrderService
from server.risk.breaker import day_result
from server.rulebook import Rulebook
from server.strategies.builder import Builder
from server.strategies.finder import Finder
from server.strategies.service import Strategies

__all__ = ("Context",)


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything a controller may touch."""

    version: str
    boot: str
    """Changes with each start: a client that knows another boot id reads everything again."""
    mode: str
    data: Path
    clock: Clock
    bus: Bus
    supervisor: Supervisor
    journal: Journal
    reads: Reads
    rulebook: Rulebook
    markets: Mapping[str, Market]
    accounts: Mapping[str, Account]
    ledger: Ledger
    orders: OrderService
    order_times: Timings
    """How long an order took, from request to durable acknowledgement."""
    process: psutil.Process
    verify: Callable[[], Awaitable[Verdict]]
    backup: Callable[[str], Awaitable[tuple[str, int]]]
    """Path of the target ('' = the usual place) -> path and size of what was written."""
    reload: Callable[[], Awaitable[Reloaded]]
    """Read the settings again."""
    timezone: str
    """Zone of the times on screen."""
    latency: Callable[[], dict[str, Any]]
    streams: Callable[[], dict[str, Any]]
    storage_facts: Callable[[], dict[str, Any]]
    curve: Callable[[str], list[tuple[int, float]]]
    """Course of an account's profit today: [market ms, rupees]."""
    chains: Chains
    """Live option chains."""
    volatility: Volatility
    builder: Builder
    finder: Finder
    strategies: Strategies
    heartbeat: float
    notices: Sequence[str]
    """What was found at start-up and must be read."""
    read_back: Callable[[str], str]
    """What must be confirmed before an account's first live order of the day; empty = nothing."""
    brokers: Callable[[], tuple[int, int]]
    """Live accounts connected, and all of them."""
    order_routes: Callable[[], Mapping[str, str]]
    """Account in which a segment's tickets begin."""
    ending: Callable[[], Mapping[str, datetime | None]]
    """Accounts whose session at the broker ends soon, with when; null when it has ended."""
    first_watchlists: Callable[[], Sequence[Any]]
    """Watchlists of a new installation."""

    def day_profit_minor(self, account: str) -> int:
        """Profit since the market day began, in paise; 0 before its first look."""
        return day_result(self.orders.risk, account, self.orders.funds(account)) or 0

    def market(self, market_id: str) -> Market:
        """A market by id; raises NotFound."""
        found = self.markets.get(market_id)
        if found is None:
            raise NotFound(
                f"There is no market {market_id!r}.",
                code="market.unknown",
                field="market",
                remedy=f"Use one of: {', '.join(self.markets)}.",
            )
        return found

    def account(self, account_id: str) -> Account:
        """An account by id; raises NotFound."""
        found = self.accounts.get(account_id)
        if found is None:
            raise NotFound(
                f"There is no account {account_id!r}.",
                code="account.unknown",
                field="account",
                remedy=f"Use one of: {', '.join(self.accounts)}.",
            )
        return found

    def ensure_confirmed(self, account: str) -> None:
        """Raise Conflict before the first live order of a day, with the sentence to read back."""
        if text := self.read_back(account):
            raise Conflict(
                text,
                code="order.read_back",
                field="account",
                value=account,
                remedy="Confirm it once for today, then send again.",
            )

    @property
    def ready(self) -> bool:
        """Whether orders can be taken."""
        desk = self.orders.desk
        return self.supervisor.ready and self.journal.healthy and not desk.halted and not desk.resuming

    async def write(self, payload: Payload, *, subject: str, actor: str = "owner") -> int:
        """Put one entry into the journal; durable when it returns."""
        return await self.journal.commit(
            Entry(at=self.clock.now(), actor=actor, correlation=correlation.get(), subject=subject, payload=payload)
        )
