"""The composition root: settings -> storage, market, books, brokers, order path, API, and the supervisor over them.

The only place that knows concrete adapters. `open` reads everything from disk before anything connects (law 8);
`start` runs the parts in dependency order; `stop` ends them in reverse, the journal last.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import psutil
import structlog
from litestar.types import ASGIApp

from server import __version__
from server.api.app import create_app
from server.api.connect import CALLBACK, connect_handlers
from server.api.context import Context
from server.api.express import Express
from server.api.imports import import_handlers
from server.api.pages import Site
from server.api.portfolio import portfolio_handlers
from server.api.ports import Reads
from server.api.replays import replay_handlers
from server.api.security import own_hosts
from server.api.stream import StreamServer, stream_handlers
from server.api.stream_app import HEARTBEAT_SECONDS
from server.app.alike import Alike
from server.app.books import load_books, open_account
from server.app.computing import Computing
from server.app.curve import Curve
from server.app.importing import ImportService
from server.app.live.accounts import LiveAccounts
from server.app.live.callback import SecureCallback
from server.app.live.check import Checks
from server.app.live.front import LiveFront
from server.app.live.usage import UsageLog
from server.app.options import Options
from server.app.reload import Reloader
from server.app.replayed import Replays
from server.app.settings import Settings, load_settings
from server.app.simulated import ACCOUNT, MARKET, Simulated
from server.app.watchlists import first_watchlists
from server.audit.verify import Verdict, verify
from server.auth.vault import Vault
from server.brokers.paper.config import PaperSettings
from server.brokers.paper.execution import Paper
from server.core.bus import Bus
from server.core.clock import Clock, to_ns
from server.core.errors import SaudaError
from server.core.ids import Ids
from server.core.paths import bundled
from server.core.supervisor import Part, PartState, Supervisor
from server.core.timings import Timings
from server.domain.accounts import Account
from server.domain.events import PartChanged
from server.domain.journal import Entry, Noted
from server.ledger.ledger import Ledger
from server.market.market import Market
from server.market.ports import BARS, TICKS
from server.matching.settings import MatchingSettings
from server.orders.ports import BrokerFunds, Execution, Shelf
from server.orders.service import OrderService
from server.orders.settings import OrderSettings
from server.risk.margin import portfolio_margin
from server.rulebook import Rulebook
from server.storage.store import Storage
from server.storage.usage import UsageFile

__all__ = ("Runtime",)

PLAN = "zerodha"
"""Whose charges the paper accounts pay."""
_TIDY_EVERY = 3_600.0
_FIRST_BACKUP_AFTER = 300.0

_log = structlog.get_logger("runtime")


class Runtime:
    """A running Sauda without its HTTP server. Make it with `await Runtime.open(...)`."""

    def __init__(self, settings: Settings, clock: Clock, bus: Bus, storage: Storage, rulebook: Rulebook) -> None:
        self.settings = settings
        self.clock = clock
        self.bus = bus
        self.storage = storage
        self.rulebook = rulebook
        self.boot = secrets.token_hex(8)
        self.ids = Ids(clock)
        self.supervisor = Supervisor(clock)
        self.supervisor.on_change = self._tell
        self.markets: dict[str, Market] = {}
        self.accounts: dict[str, Account] = {}
        self.executions: dict[str, Execution] = {}
        self.ledger = Ledger(rulebook, self.ids, clock)
        self.order_times = Timings()
        self.orders = OrderService(
            accounts=self.accounts,
            executions=self.executions,
            markets=self.markets,
            journal=storage.journal,
            shelf=Shelf(
                orders=storage.orders,
                fills=storage.fills,
                triggers=storage.triggers,
                baskets=storage.baskets,
                parents=storage.parents,
                risk=storage.risk,
            ),
            ledger=self.ledger,
            reload_ledger=lambda: load_books(storage, self.ledger, self.accounts, self._plan),
            rules=rulebook,
            margin=lambda legs, day: portfolio_margin(legs, rulebook, day),
            bus=bus,
            clock=clock,
            ids=self.ids,
            settings=OrderSettings(
                submit_timeout=settings.orders.timeout_s, reconcile_every=settings.orders.reconcile_s
            ),
            plan=PLAN,
        )
        self.options = Options(
            markets=self.markets,
            storage=storage,
            orders=self.orders,
            rulebook=rulebook,
            bus=bus,
            clock=clock,
            plan=PLAN,
        )
        hosts = own_hosts(settings.server.port)
        self.streams = StreamServer(self.markets, bus, clock, self.boot, hosts, self.options.chains)
        self.curve = Curve(
            clock,
            storage.ticks,
            lambda: list(self.accounts.values()),
            lambda account: self.context.day_profit_minor(account),
            lambda account: self.context.market(self.accounts[account].market),
        )
        self.on_settled: Callable[[], None] = lambda: None
        """Called when the history is filled: much that it took has been let go."""
        self.simulated: Simulated
        self.replays: Replays
        self.imports: ImportService
        self.live: LiveAccounts
        self.live_front: LiveFront
        self.context: Context
        self.reloader: Reloader

    @classmethod
    async def open(
        cls, data: Path, settings: Settings, clock: Clock, read: Callable[[], Settings] | None = None
    ) -> "Runtime":
        """Read everything from disk; raises a SaudaError with what to do when it cannot. `read` reads the settings
        anew when they are to be reloaded (default: the files alone)."""
        rulebook = Rulebook.load(bundled("config") / "rules", without=frozenset(settings.rules.without))
        storage = await Storage.open(data, clock, version=__version__)
        try:
            self = cls(settings, clock, Bus(), storage, rulebook)
            await self._prepare(data, read or partial(load_settings, data, {}, {}))
        except BaseException:
            await storage.close()
            raise
        return self

    async def start(self) -> None:
        """Run all parts; returns when the essential ones are ready."""
        await self.storage.journal.commit(self._note("start"))
        await self.supervisor.start()

    async def stop(self) -> None:
        """End everything; what was begun is finished, and the journal is closed last."""
        await self.supervisor.stop()
        await self.live.close()
        await self.options.close()
        await self.orders.close()
        if self.storage.journal.healthy:
            await self.storage.journal.commit(self._note("stop"))
        await self.storage.close()

    def app(self) -> ASGIApp:
        """The HTTP app over this runtime."""
        site = Site(bundled("web"), reload=self.settings.server.mode == "development")
        recorded = [*import_handlers(self.imports), *replay_handlers(self.replays)]
        live = [*connect_handlers(self.live_front), *portfolio_handlers(self.live_front)]
        whole: Any = create_app(self.context, site, [*stream_handlers(self.streams), *recorded, *live])
        return Express(whole, self.context)

    async def _prepare(self, data: Path, read: Callable[[], Settings]) -> None:
        storage = self.storage
        self.simulated = Simulated(data, self.settings, self.rulebook, self.clock, self.bus)
        market = self.markets[MARKET] = await self.simulated.market(storage)
        # the simulated market's account comes first: it is the default one
        known = sorted(await storage.accounts.load_all(), key=lambda account: (account.id != ACCOUNT, account.id))
        self.accounts.update({account.id: account for account in known})
        for account_id in self.accounts:
            for rows in (storage.orders, storage.triggers, storage.baskets, storage.parents):
                for newest in await rows.page(account_id, limit=1):
                    self.ids.after(newest.id)
        if ACCOUNT not in self.accounts:
            account = Account(id=ACCOUNT, title="Paper", broker="paper", market=MARKET, mode="PAPER")
            await open_account(
                account,
                self.settings.paper.capital * 100,
                storage=storage,
                ledger=self.ledger,
                clock=self.clock,
                now=market.now(),
                plan=PLAN,
            )
            self.accounts[ACCOUNT] = account
        paper = self.executions[ACCOUNT] = self._paper(ACCOUNT, market)
        self.replays = self._replays(data)
        recordings = self.replays.recordings
        self.imports = ImportService(data, recordings, self.clock, self.bus, self.ids, self.replays.changed)
        said = await self.replays.open()
        self.live = self._live(data)
        self.live_front = LiveFront(self.live, Checks(data, self.live, self.orders, self.clock), self.clock)
        await self.live.load()
        self.reloader = Reloader(self.settings, read, market, self.orders.desk, self._write)
        self.context = self._context(data, [*storage.report.notices, *([said] if said else [])])
        await self.orders.load()
        await self.options.strategies.load()
        await self.replays.restore()
        since = self.clock.now() - timedelta(days=7)
        paper.restore(
            self.orders.live_orders(ACCOUNT),
            self.ledger.positions(ACCOUNT),
            [execution for account, execution in await storage.fills.load_executions(since) if account == ACCOUNT],
        )
        add = self.supervisor.add
        add(Part("market", market.run))
        add(Part("simulator", self.simulated.keep, ("market",), essential=False))
        add(Part("history", self._history, ("market",), essential=False))
        add(Part("orders", partial(self.orders.run_account, ACCOUNT), ("market",)))
        add(Part("look-ups", self.orders.run_lookups, ("orders",)))
        add(Part("risk", self.orders.run_watch, ("orders",)))
        add(Part("profit curve", self.curve.run, ("orders",), essential=False))
        alike = Alike(self.clock, storage.ticks, self.markets, self.orders.desk.correlations)
        add(Part("correlations", alike.run, ("market",), essential=False))
        add(Part("streams", self.streams.run, ("market",)))
        add(Part("computing", Computing(self.settings.options, self.orders.desk.notice).run, essential=False))
        for part in self.options.parts():
            add(part)
        add(Part("backups", self._backups, essential=False))
        add(Part("imports", self.imports.run, essential=False))
        for part in (*self.replays.parts(), *self.live.parts()):
            add(part)

    def _replays(self, data: Path) -> Replays:
        return Replays(
            data,
            rulebook=self.rulebook,
            clock=self.clock,
            bus=self.bus,
            storage=self.storage,
            supervisor=self.supervisor,
            ledger=self.ledger,
            orders=self.orders,
            markets=self.markets,
            accounts=self.accounts,
            executions=self.executions,
            paper=self._paper,
            capital_minor=self.settings.paper.capital * 100,
            plan=PLAN,
        )

    def _plan(self, account: Account) -> str:
        """Whose charges an account pays: its own broker's where the rulebook has them."""
        return account.broker if account.mode == "LIVE" and account.broker in self.rulebook.brokers else PLAN

    def _live(self, data: Path) -> LiveAccounts:
        usage = UsageLog(
            UsageFile(data),
            self.clock,
            lambda: self.reloader.settings.store.keep_usage_days,
            lambda text: self.orders.desk.notice("warn", text),
        )
        redirect = f"http://127.0.0.1:{self.settings.server.port}{CALLBACK}"
        return LiveAccounts(
            Vault(data, os.environ.get("SAUDA_VAULT_PASSPHRASE", "")),
            redirect=redirect,
            back=SecureCallback(data, redirect, self.clock),
            others=self.settings.server.mode == "development",
            clock=self.clock,
            bus=self.bus,
            storage=self.storage,
            rulebook=self.rulebook,
            supervisor=self.supervisor,
            ledger=self.ledger,
            orders=self.orders,
            markets=self.markets,
            accounts=self.accounts,
            executions=self.executions,
            plan=self._plan,
            usage=usage,
            prefer=self.settings.live.prefer,
        )

    def _paper(self, account: str, market: Market) -> Paper:
        chosen = self.settings.paper
        matching = MatchingSettings(seed=chosen.seed, latency=chosen.latency_ms / 1000)
        return Paper(
            account,
            market.id,
            market,
            self.rulebook,
            self.clock,
            PaperSettings(matching=matching, plan=PLAN),
            lambda: self._broker_funds(account),
        )

    def _broker_funds(self, account: str) -> BrokerFunds:
        funds = self.ledger.funds(account)
        return BrokerFunds(available_minor=funds.free_minor, used_minor=funds.margin_minor)

    async def _history(self, ready: Callable[[], None]) -> None:
        """Fill the charts' history, then keep the store tidy."""
        ready()
        notice = await self.storage.ticks.opened()
        if notice:
            self.orders.desk.notice("warn", notice)
        await self.simulated.fill_history(self.storage.ticks)
        await self.storage.ticks.rest()
        self.on_settled()
        while True:
            await self.clock.sleep(_TIDY_EVERY)
            kept = self.reloader.settings.store
            now = self.clock.now()
            await self.storage.ticks.prune(TICKS, _ns_before(now, kept.keep_tick_days))
            await self.storage.ticks.prune("bars:1s", _ns_before(now, kept.keep_second_bar_days))
            await self.storage.ticks.prune(BARS, _ns_before(now, kept.keep_minute_bar_days))
            await self.storage.ticks.compact()
            await self.storage.ticks.rest()

    async def _backups(self, ready: Callable[[], None]) -> None:
        """A backup a day, without anybody asking for it; the oldest of them make room."""
        ready()
        await self.clock.sleep(_FIRST_BACKUP_AFTER)
        while True:
            keep = self.reloader.settings.store.keep_backups
            if keep:
                try:
                    await self.storage.backup_daily(keep)
                except SaudaError as error:
                    self.orders.desk.notice("warn", f"The daily backup was not made: {error.detail}")
            await self.clock.sleep(_TIDY_EVERY)

    def _context(self, data: Path, notices: Sequence[str]) -> Context:
        storage = self.storage
        process = psutil.Process()
        return Context(
            version=__version__,
            boot=self.boot,
            mode=self.settings.server.mode,
            data=data,
            clock=self.clock,
            bus=self.bus,
            supervisor=self.supervisor,
            journal=storage.journal,
            reads=Reads(
                orders=storage.orders,
                trades=storage.fills,
                postings=storage.postings,
                audit=storage.audit,
                settings=storage.settings,
                triggers=storage.triggers,
                baskets=storage.baskets,
                parents=storage.parents,
            ),
            rulebook=self.rulebook,
            markets=self.markets,
            accounts=self.accounts,
            ledger=self.ledger,
            orders=self.orders,
            order_times=self.order_times,
            process=process,
            verify=self._verify,
            backup=self._backup,
            reload=self.reloader.reload,
            timezone=self.settings.server.timezone,
            latency=self._latency,
            streams=lambda: msgspec.to_builtins(self.streams.stats()),
            storage_facts=lambda: msgspec.to_builtins(storage.facts()),
            curve=self.curve.points,
            chains=self.options.chains,
            volatility=self.options.volatility,
            builder=self.options.builder,
            finder=self.options.finder,
            strategies=self.options.strategies,
            heartbeat=HEARTBEAT_SECONDS,
            notices=notices,
            read_back=self.live_front.read_back,
            brokers=self.live_front.connected,
            order_routes=self.live_front.order_routes,
            ending=self.live_front.ending,
            first_watchlists=lambda: first_watchlists(self.markets[MARKET]),
        )

    async def _verify(self) -> Verdict:
        return await asyncio.to_thread(lambda: verify(self.storage.links(), self.storage.anchor()))

    async def _write(self, payload: Noted) -> int:
        return await self.context.write(payload, subject="settings")

    async def _backup(self, target: str) -> tuple[str, int]:
        report = await self.storage.backup(Path(target) if target else None)
        return str(report.path), report.path.stat().st_size

    def _latency(self) -> dict[str, Any]:
        commit = self.storage.journal.times()
        streams = self.streams.stats()
        return {
            "order": self.order_times.figures(),
            "commit": {"p50": round(commit.p50 * 1e3, 3), "p99": round(commit.p99 * 1e3, 3), "n": commit.n},
            "stream": {"p50": streams.p50, "p99": streams.p99, "n": streams.n},
        }

    def _note(self, what: str) -> Entry:
        return Entry(
            at=self.clock.now(),
            actor="system",
            payload=Noted(what=what, detail={"version": __version__, "boot": self.boot}),
        )

    def _tell(self, state: PartState) -> None:
        self.bus.publish(PartChanged(at=self.clock.now(), name=state.name, state=state.state, error=state.error))


def _ns_before(now: datetime, days: int) -> int:
    return to_ns(now - timedelta(days=days))
