"""Live accounts: signing in, connecting, staying connected, telling when a session ends, signing out.

Keys and sessions are in the vault and nowhere else. An account is saved only after its broker has answered with it
(test before save). Its orders are locked until its check has passed and its adapter has reached gold; that lock is set
before it connects, at every start. See `server/decisions/0008-live-accounts.md`.
"""

import asyncio
import contextlib
import secrets as random
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial

import msgspec
import structlog

from server.api.live import Begun, LinkState, LinkWire
from server.app.books import open_account
from server.app.live import registry
from server.app.live.callback import SecureCallback
from server.app.live.history import LiveStore
from server.app.live.keeper import SESSION, Keeper, packed
from server.app.live.links import Kept, Link
from server.app.live.markets import LiveMarket, market_of
from server.app.live.router import Router
from server.app.live.rules import RulesKept
from server.app.live.usage import UsageLog
from server.auth.vault import Vault
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Connection
from server.core.bus import Bus
from server.core.clock import Clock
from server.core.errors import Conflict, Invalid, NotFound, SaudaError, Unauthorised, Unavailable
from server.core.supervisor import Part, Supervisor
from server.domain.accounts import Account
from server.domain.events import ListChanged
from server.domain.journal import Entry, Noted, SettingChanged
from server.ledger.ledger import Ledger
from server.market.market import Market
from server.orders.ports import Execution
from server.orders.service import OrderService
from server.rulebook import Rulebook
from server.storage.store import Storage

__all__ = ("LiveAccounts",)

_PENDING_FOR = timedelta(minutes=15)


_log = structlog.get_logger("live")


class _Pending(msgspec.Struct, frozen=True):
    """A sign-in that waits for the broker's redirect."""

    broker: str
    account: str
    title: str
    fields: dict[str, str]
    addresses: dict[str, str]
    until: datetime


class LiveAccounts:
    """Live accounts and their links; `load` before the order path, `parts` with the rest of the runtime.

    Args:
        redirect: our callback's address, `http://127.0.0.1:8420/connect/callback`.
        back: takes answers at https addresses, for brokers that send them nowhere else.
        others: whether addresses other than the brokers' own are taken (development mode: fakes).
        markets, accounts, executions: the runtime's own, into which live accounts enter themselves.
        plan: whose charges an account pays.
        usage: the log of calls to brokers.
        prefer: the account asked first, by kind of read, before the user has set rules on screen.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        redirect: str,
        back: SecureCallback,
        others: bool,
        clock: Clock,
        bus: Bus,
        storage: Storage,
        rulebook: Rulebook,
        supervisor: Supervisor,
        ledger: Ledger,
        orders: OrderService,
        markets: dict[str, Market],
        accounts: dict[str, Account],
        executions: dict[str, Execution],
        plan: Callable[[Account], str],
        usage: UsageLog,
        prefer: Mapping[str, str],
    ) -> None:
        self.usage = usage
        self.links: dict[str, Link] = {}
        self.live_markets: dict[str, LiveMarket] = {}
        self.rules = RulesKept(storage, clock, self.links, prefer, self._ruled)
        self.router = Router(self.links, usage, lambda: self.rules.rules)
        self._store = LiveStore(storage.ticks, clock)
        self._store.router = self.router
        self._vault = vault
        self._redirect = redirect
        self._back = back
        self._others = others
        self._clock = clock
        self._bus = bus
        self._storage = storage
        self._rulebook = rulebook
        self._supervisor = supervisor
        self._ledger = ledger
        self._orders = orders
        self._markets = markets
        self._accounts = accounts
        self._plan = plan
        self._pending: dict[str, _Pending] = {}
        self._changing = asyncio.Lock()
        self._running = False
        self.keeper = Keeper(
            vault,
            clock=clock,
            orders=orders,
            links=self.links,
            live_markets=self.live_markets,
            executions=executions,
            used=self.usage.add,
            tell=self._tell,
            freeze=rulebook.freeze,
        )

    # ------------------------------------------------------------- start-up

    async def load(self) -> None:
        """Make links of the live accounts on record; before the order path is loaded. Connects nothing yet."""
        for account in list(self._accounts.values()):
            if account.mode != "LIVE":
                continue
            kept = msgspec.convert(await self._storage.settings.get(f"live.{account.id}", {}), Kept)
            link = Link(account, registry.adapter(account.broker), kept)
            self.links[account.id] = link
            await self._enter(link)
        await self.rules.load()

    def parts(self) -> list[Part]:
        """The usage log, and a part for each live market and each account that can sign in."""
        self._running = True
        parts = [Part("usage log", self.usage.run, essential=False)]
        parts += [Part(name, live.market.run, essential=False) for name, live in self.live_markets.items()]
        return [*parts, *(self._part(link) for link in self.links.values())]

    # ------------------------------------------------------------- signing in

    async def begin(
        self, broker: str, title: str, fields: Mapping[str, str], addresses: Mapping[str, str], account: str = ""
    ) -> Begun:
        """Sign in with a broker: a new account, or again with one that is there (`account`; fields may be empty then).

        Raises Invalid for missing or unknown fields, NotFound for an unknown broker or account, and what the broker
        answers."""
        facts = registry.manifest(broker)
        link = self._link(account) if account else None
        if link is not None and link.account.broker != broker:
            raise Invalid(f"{account} is not an account of {facts.title}.", code="connect.account", field="account")
        given = {k: v.strip() for k, v in fields.items() if v.strip()}
        if link is not None:
            given = {**await self.keeper.secrets(link), **given}
        _check_fields(facts, given)
        others = dict(addresses) or (dict(link.kept.addresses) if link is not None else {})
        if others and not self._others:
            raise Invalid(
                "Another address than the broker's own is only taken in development mode.",
                code="connect.address",
                field="addresses",
                remedy="Start with --mode development to try a fake server.",
            )
        adapter = registry.adapter(broker)
        state = random.token_urlsafe(24)
        pending = _Pending(broker, account, title.strip(), given, others, self._clock.now() + _PENDING_FOR)
        step = adapter.login.begin(self.keeper.context(account or broker, given, None, others), self._redirect, state)
        if step.kind == "redirect":
            if step.listen:
                await self._back.open(step.listen, _PENDING_FOR.total_seconds())
            self._pending[state] = pending
            return Begun(done=False, url=step.url)
        return Begun(done=True, account=await self._finish(pending, {}))

    async def finish(self, answer: Mapping[str, str]) -> str:
        """The broker's redirect has come back: returns the account. `state` must be one we gave out, once."""
        now = self._clock.now()
        self._pending = {s: p for s, p in self._pending.items() if p.until > now}
        state = answer.get("state", "")
        if not state and len(self._pending) == 1:  # some brokers' redirects carry nothing of ours
            state = next(iter(self._pending))
        pending = self._pending.pop(state, None)
        if pending is None:
            raise Unauthorised(
                "This sign-in was not begun here, or it took longer than 15 minutes.",
                code="connect.state",
                field="state",
                remedy="Begin again on the Connect page.",
            )
        try:
            return await self._finish(pending, answer)
        finally:
            if not self._pending:
                await self._back.close()

    async def close(self) -> None:
        """Listen for no broker's answer any more."""
        await self._back.close()

    async def sign_out(self, account: str) -> None:
        """End the session, at the broker too where it can be told; keys stay in the vault."""
        link = self._link(account)
        async with self._changing:
            if link.grant is not None:
                with contextlib.suppress(SaudaError):
                    await link.adapter.login.revoke(self.keeper.of(link))
            await self._down(link, "signed_out", "")
            link.grant = None
            await asyncio.to_thread(self._vault.put, account, link.credentials)
            await self.note("connect.signed_out", account)

    async def forget(self, account: str) -> None:
        """Sign out and remove the keys; orders are locked until a new check, for the next keys may be another login's.
        The account's history stays on record."""
        await self.sign_out(account)
        link = self.links[account]
        link.kept = msgspec.structs.replace(link.kept, unlocked=False, checked=None, confirmed=None)
        await self._keep(link)
        self._lock(link)
        await asyncio.to_thread(self._vault.forget, account)
        link.credentials = {}
        link.problem = "Its keys have been removed."
        self.usage.forget(account)
        await self.note("connect.forgotten", account)
        self._tell(account)

    async def unlock(self, account: str) -> None:
        """Its check has passed."""
        link = self._link(account)
        link.kept = msgspec.structs.replace(link.kept, unlocked=True, checked=self._clock.now())
        await self._keep(link)
        self._lock(link)
        self._tell(account)

    async def confirm(self, account: str, day: date) -> None:
        """Its first order of a day was read back and confirmed; a restart does not ask again."""
        link = self._link(account)
        link.kept = msgspec.structs.replace(link.kept, confirmed=day)
        await self._keep(link)
        await self.note("account.confirmed", account)

    # ---------------------------------------------------------------- reading

    def wires(self) -> list[LinkWire]:
        """All links, for the Connect and Accounts pages."""
        return [self._wire(link) for link in self.links.values()]

    def link(self, account: str) -> Link:
        """One link; raises NotFound."""
        return self._link(account)

    def connection(self, account: str) -> Connection:
        """An open connection; raises Unavailable with how the account stands."""
        link = self._link(account)
        if link.connection is None or link.state != "connected":
            raise Unavailable(
                f"{link.account.title} is not connected: {link.problem or link.state.replace('_', ' ')}.",
                code="broker.not_connected",
                field="account",
                remedy="Sign in on the Connect page.",
            )
        return link.connection

    async def refresh(self, account: str) -> None:
        """Read funds, positions and holdings now."""
        link = self._link(account)
        await self.keeper.snap(link, self.connection(account))

    # ----------------------------------------------------------------- inside

    async def _finish(self, pending: _Pending, answer: Mapping[str, str]) -> str:
        adapter = registry.adapter(pending.broker)
        facts = adapter.manifest
        async with self._changing:
            account_id = pending.account or self._new_id(pending.broker)
            context = self.keeper.context(account_id, pending.fields, None, pending.addresses)
            try:
                grant = await adapter.login.finish(context, answer)
                trial = adapter.connect(self.keeper.context(account_id, pending.fields, grant, pending.addresses))
                try:
                    await trial.open()
                    await trial.ping()
                finally:
                    await trial.close()
            except Unauthorised as error:
                raise Unauthorised(
                    error.detail.replace("the session", "these keys"),
                    code=error.code,
                    remedy="Nothing was saved. Check the keys, then try again.",
                ) from error
            taken = next((x for x in self.links.values() if x.grant and x.grant.user == grant.user), None)
            if taken is not None and taken.name != account_id and taken.account.broker == pending.broker:
                raise Conflict(
                    f"User {grant.user} is already connected as {taken.account.title}.",
                    code="connect.twice",
                    field="account",
                    remedy="Sign in again there, or use another user.",
                )
            await asyncio.to_thread(self._vault.put, account_id, packed(pending.fields, grant))
            link = self.links.get(account_id)
            if link is None:
                title = pending.title or f"{facts.title} {grant.user}".strip()
                account = Account(
                    id=account_id,
                    title=title,
                    broker=pending.broker,
                    market=market_of(facts),
                    mode="LIVE",
                    currency=facts.currency,
                )
                link = Link(account, adapter, Kept(addresses=pending.addresses))
                await self._keep(link)
                await self._enter(link)
                await self._open_books(link)
                self.links[account_id] = link
            else:
                await self._down(link, "connecting", "")
            link.credentials, link.grant = dict(pending.fields), grant
            await self.note("connect.signed_in", account_id)
            await self._supervisor.launch(self._part(link))
        self._tell(account_id)
        return account_id

    async def _enter(self, link: Link) -> None:
        """Its market exists, its lock is set: nothing has connected yet (law 8)."""
        name = link.account.market
        if name not in self.live_markets:
            live = LiveMarket(name, self._rulebook, self._clock, self._bus, self._store, self.keeper.rows_made)
            live.feed.choice.prefer(self.router.rank("quotes"))
            self.live_markets[name] = live
            self._markets[name] = live.market
            if self._running:
                await self._supervisor.launch(Part(name, live.market.run, essential=False))
        self._lock(link)

    async def _open_books(self, link: Link) -> None:
        account = link.account
        now = self._markets[account.market].now()
        await open_account(
            account, 0, storage=self._storage, ledger=self._ledger, clock=self._clock, now=now, plan=self._plan(account)
        )
        self._accounts[account.id] = account

    def _lock(self, link: Link) -> None:
        reason = self._locked(link)
        if reason:
            self._orders.risk.locks[link.name] = reason
        else:
            self._orders.risk.locks.pop(link.name, None)

    def _locked(self, link: Link) -> str:
        broker = link.adapter.manifest.title
        if (tier := registry.tier(link.account.broker)) != "gold":
            return f"Sauda's {broker} adapter has reached {tier}, and live orders need gold."
        return "" if link.kept.unlocked else f"{link.account.title} has not passed its check yet."

    def _part(self, link: Link) -> Part:
        return Part(link.name, partial(self.keeper.run, link), (link.account.market,), essential=False)

    async def _down(self, link: Link, state: LinkState, problem: str) -> None:
        await self._supervisor.retire(link.name)
        self.keeper.stand(link, state, problem)

    def _ruled(self) -> None:
        """The user's rules have changed: prices are taken from the sources in their order from now on."""
        for live in self.live_markets.values():
            live.feed.choice.prefer(self.router.rank("quotes"))
        self._tell("")

    def _tell(self, account: str) -> None:
        self._bus.publish(ListChanged(at=self._clock.now(), name="accounts", id=account))

    async def _keep(self, link: Link) -> None:
        await self._storage.journal.commit(
            Entry(
                at=self._clock.now(),
                actor="owner",
                subject=link.name,
                payload=SettingChanged(name=f"live.{link.name}", value=msgspec.to_builtins(link.kept)),
            )
        )

    async def note(self, what: str, account: str) -> None:
        """Put something on record."""
        await self._storage.journal.commit(
            Entry(
                at=self._clock.now(),
                actor="owner",
                subject=account,
                payload=Noted(what=what, detail={"account": account}),
            )
        )

    def _link(self, account: str) -> Link:
        found = self.links.get(account)
        if found is None:
            raise NotFound(
                f"There is no live account {account[:40]!r}.",
                code="account.unknown",
                field="account",
                remedy="Connect a broker first." if not self.links else f"Use one of: {', '.join(self.links)}.",
            )
        return found

    def _new_id(self, broker: str) -> str:
        number = 1
        while f"{broker}-{number}" in self._accounts:
            number += 1
        return f"{broker}-{number}"

    def _wire(self, link: Link) -> LinkWire:
        facts = link.adapter.manifest
        return LinkWire(
            account=link.name,
            title=link.account.title,
            broker=link.account.broker,
            broker_title=facts.title,
            market=link.account.market,
            currency=link.account.currency,
            state=link.state,
            problem=link.problem,
            user=link.grant.user if link.grant is not None else "",
            expires=link.adapter.login.expires(link.grant) if link.grant is not None else None,
            unlocked=link.kept.unlocked and not self._locked(link),
            locked_because=self._locked(link),
            checked=link.kept.checked,
            tier=registry.tier(link.account.broker),
            static_ip=facts.login.static_ip,
            instruments=len(link.symbols),
            unmapped=dict(link.symbols.unmapped.most_common(20)),
            snapshot_at=link.snapshot.at if link.snapshot is not None else None,
            since=link.since,
            score=self.usage.score(link.name),
        )


def _check_fields(facts: Manifest, given: Mapping[str, str]) -> None:
    names = {field.name for field in facts.login.fields}
    for name in given:
        if name not in names and name != SESSION:
            raise Invalid(
                f"{facts.title} has no field {name[:40]!r}.",
                code="connect.field",
                field=f"fields.{name[:40]}",
                remedy="Use " + ", ".join(sorted(names)) + ".",
            )
    for field in facts.login.fields:
        if not field.optional and not given.get(field.name):
            raise Invalid(
                f"{field.title} is missing.",
                code="connect.field",
                field=f"fields.{field.name}",
                remedy=field.help or f"Copy it from {facts.login.portal or facts.title}.",
            )
