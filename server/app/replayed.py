"""The replay market: starts a recorded day as a market with an account of its own, keeps its place, ends it.

Each run is a market and an account by itself, `replay-3` and `paper-replay-3`: positions and money of one run never
meet those of another, though both may show the same day. A run that a stop or a cut interrupted goes on, paused, from
the latest moment anybody can have seen, so that its orders are compared with its broker as at every start (law 7). See
`server/decisions/0007-replay.md`.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import structlog

from server.app.books import open_account
from server.brokers.paper.execution import Paper
from server.core.bus import Bus
from server.core.clock import Clock
from server.core.errors import NotFound, SaudaError
from server.core.paths import bundled
from server.core.supervisor import Part, Supervisor
from server.domain.accounts import Account
from server.domain.events import ListChanged, MarketChanged
from server.domain.journal import Entry, MarketMoved
from server.domain.recordings import Grain, Replay
from server.feeds.replay.feed import ReplayFeed
from server.feeds.replay.known import Known
from server.feeds.replay.library import Library
from server.feeds.replay.recordings import Recordings
from server.ledger.ledger import Ledger
from server.market.freshness import FreshnessPolicy, FreshnessRule
from server.market.market import Market, MarketState
from server.market.pipeline import ScreenRules
from server.orders.ports import Execution
from server.orders.service import OrderService
from server.rulebook import Rulebook
from server.storage.store import Storage

__all__ = ("Replays",)

_STATE = "replay.state"
_SAVE_EVERY = 5.0
_ACCOUNT = "paper-replay-"
_OPENING_LINES = 2
"""Lines of a statement that the opening balance makes."""
_QUIET: dict[Grain, float] = {"1m": 45.0, "5m": 210.0, "15m": 630.0, "snapshots": 3_600.0}
"""Seconds after which a price of such a recording is stale: a bar is walked in four steps, snapshots lie far apart."""

_log = structlog.get_logger("replayed")


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run stands, on disk."""

    run: int
    day: date
    at: datetime
    speed: float


class _Run(msgspec.Struct, frozen=True):
    """The run under way."""

    number: int
    account: str
    market: Market
    feed: ReplayFeed
    paper: Paper

    @property
    def parts(self) -> tuple[str, str, str]:
        """Names of its supervised parts, in start order."""
        return (self.market.id, f"{self.market.id} orders", f"{self.market.id} place")


class Replays:
    """Implements `server.api.recordings.Replays`; `open` and `resume` before the start, `parts` to run with the rest.

    Args:
        markets, accounts, executions: the runtime's own, into which a run enters itself.
        paper: makes the paper broker of an account in a market.
        capital_minor: paise of a new account.
        plan: whose charges it pays.
    """

    def __init__(
        self,
        data: Path,
        *,
        rulebook: Rulebook,
        clock: Clock,
        bus: Bus,
        storage: Storage,
        supervisor: Supervisor,
        ledger: Ledger,
        orders: OrderService,
        markets: dict[str, Market],
        accounts: dict[str, Account],
        executions: dict[str, Execution],
        paper: Callable[[str, Market], Paper],
        capital_minor: int,
        plan: str,
    ) -> None:
        self.recordings = Recordings(data)
        self._file = data / _STATE
        self._known = Known(bundled("config") / "recordings.toml", rulebook)
        self._library = Library(self.recordings, rulebook, self._known, plan)
        self._clock = clock
        self._bus = bus
        self._storage = storage
        self._supervisor = supervisor
        self._ledger = ledger
        self._orders = orders
        self._markets = markets
        self._accounts = accounts
        self._executions = executions
        self._paper = paper
        self._capital_minor = capital_minor
        self._plan = plan
        self._run: _Run | None = None
        self._last = 0
        """Number of the newest run ever."""
        self._number = 1
        self._list: list[Replay] | None = None
        self._changing = asyncio.Lock()

    # ------------------------------------------------------------- start-up

    async def open(self) -> str:
        """Open the recordings and go back into a run that was interrupted, before the order path is loaded.

        Returns what must be said: recordings put aside, a run that could not go on ("" = nothing)."""
        said = await asyncio.to_thread(self.recordings.open, self._clock.now())
        told = await self._resume() if self._file.exists() else ""
        runs = [account for account in self._accounts if account.startswith(_ACCOUNT)]
        self._last = max((int(account.removeprefix(_ACCOUNT)) for account in runs), default=0)
        for account in runs:
            if self._run is None or account != self._run.account:
                await self._forget_if_unused(account)
        return f"{said} {told}".strip()

    async def _resume(self) -> str:
        try:
            saved = msgspec.json.decode(self._file.read_bytes(), type=_Saved)
            account = self._accounts[f"{_ACCOUNT}{saved.run}"]
            at = max([saved.at, *await self._seen(account.id)])
            feed = await asyncio.to_thread(
                partial(self._library.feed, saved.day.isoformat(), self._clock, speed=saved.speed, at=at)
            )
        except (msgspec.MsgspecError, KeyError, OSError, SaudaError) as error:
            _log.warning("replay_not_resumed", error=str(error))
            self._file.unlink(missing_ok=True)
            return "The replay that ran could not go on; what its account did stays on record."
        feed.control("pause")
        self._enter(await self._make(saved.run, feed))
        return ""

    async def restore(self) -> None:
        """Give the broker of a resumed run its orders back, once the order path is loaded."""
        if self._run is None:
            return
        account, since = self._run.account, self._clock.now() - timedelta(days=7)
        executions = await self._storage.fills.load_executions(since)
        self._run.paper.restore(
            self._orders.live_orders(account),
            self._ledger.positions(account),
            [execution for owner, execution in executions if owner == account],
        )

    def parts(self) -> tuple[Part, ...]:
        """Parts of a resumed run."""
        return self._parts(self._run) if self._run is not None else ()

    # -------------------------------------------------------------- the API

    async def all(self) -> list[Replay]:
        """All days that can be replayed, newest first."""
        if self._list is None:
            self._list = await asyncio.to_thread(self._library.replays)
        return self._list

    def changed(self) -> None:
        """Files were imported: the list is read anew when next asked for."""
        self._list = None

    async def start(self, id: str, speed: float) -> MarketState:  # noqa: A002 - the wire's own word
        """Replay a day, in place of the one that runs; raises NotFound or Invalid, and then changes nothing."""
        async with self._changing:
            feed = await asyncio.to_thread(partial(self._library.feed, id, self._clock, speed=speed))
            if self._run is not None:
                await self._stop(self._run)
            self._last += 1
            run = await self._make(self._last, feed)
            await self._open_account(run)
            run.paper.restore([], [], [])
            self._enter(run)
            self._save()
            for part in self._parts(run):
                await self._supervisor.launch(part)
            self._orders.triggers.attach()
            await self._note(run, "start")
            self._tell(run)
            return run.market.state()

    async def stop(self) -> None:
        """End the replay; raises NotFound when none runs."""
        async with self._changing:
            if self._run is None:
                raise NotFound(
                    "No replay runs.", code="replay.none", remedy="Start one from the list of recorded days."
                )
            await self._stop(self._run)

    # --------------------------------------------------------------- inside

    async def _make(self, number: int, feed: ReplayFeed) -> _Run:
        day = feed.state().day
        grains = await asyncio.to_thread(self._library.grains, day)
        self._number += 1
        market = Market(
            f"replay-{number}",
            self._number,
            "replay",
            f"Replay of {day:%d %b %Y}",
            feed,
            self._library.sessions(day),
            self._clock,
            self._bus,
            self._library.history(day, feed.now),
            policy=_policy(grains.items()),
            # what was imported was judged then; a real jump must not be taken for a mistyped one
            screen=ScreenRules(jumps={}),
        )
        account = f"{_ACCOUNT}{number}"
        return _Run(number, account, market, feed, self._paper(account, market))

    def _enter(self, run: _Run) -> None:
        self._run = run
        self._markets[run.market.id] = run.market
        self._executions[run.account] = run.paper

    def _parts(self, run: _Run) -> tuple[Part, ...]:
        market, orders, place = run.parts
        return (
            Part(market, run.market.run, essential=False),
            Part(orders, partial(self._orders.run_account, run.account), (market,), essential=False),
            Part(place, self._keep, (market,), essential=False),
        )

    async def _forget_if_unused(self, account: str) -> None:
        """Accounts of runs that were only watched are not shown again; they stay on record."""
        if await self._storage.orders.page(account, limit=1) or await self._moved(account):
            return
        self._accounts.pop(account, None)

    async def _moved(self, account: str) -> bool:
        """Whether its owner paid money in or took some out."""
        return len(await self._storage.postings.statement(account, limit=3)) > _OPENING_LINES

    async def _open_account(self, run: _Run) -> None:
        account = Account(
            id=run.account, title=f"Replay {run.number}", broker="paper", market=run.market.id, mode="PAPER"
        )
        await open_account(
            account,
            self._capital_minor,
            storage=self._storage,
            ledger=self._ledger,
            clock=self._clock,
            now=run.market.now(),
            plan=self._plan,
        )
        self._accounts[run.account] = account

    async def _stop(self, run: _Run) -> None:
        """Cancel what works, end the parts, let the market go. The account and its books stay."""
        try:
            _, left = await self._orders.cancel_all(run.account, actor="system")
            if left:
                _log.warning("replay_orders_left", account=run.account, orders=left)
        except SaudaError as error:  # trading is halted: the orders stay as they are on disk
            _log.warning("replay_not_cancelled", error=error.detail)
        for name in reversed(run.parts):
            await self._supervisor.retire(name)
        await self._note(run, "stop")
        state = msgspec.structs.replace(run.market.state(), state="ended")
        self._run = None
        del self._markets[run.market.id], self._executions[run.account]
        self._file.unlink(missing_ok=True)
        self._orders.triggers.attach()
        await self._forget_if_unused(run.account)
        self._bus.publish(MarketChanged(at=self._clock.now(), market=run.market.id, body=msgspec.to_builtins(state)))
        self._tell(run)

    async def _keep(self, ready: Callable[[], None]) -> None:
        """Save the place every few seconds and at the end (a supervisor part)."""
        ready()
        try:
            while True:
                await self._clock.sleep(_SAVE_EVERY)
                self._save()
        finally:
            self._save()

    def _save(self) -> None:
        if self._run is None:
            return
        state = self._run.feed.state()
        saved = _Saved(self._run.number, state.day, state.market_time, state.speed)
        spare = self._file.with_suffix(".new")
        spare.write_bytes(msgspec.json.encode(saved))
        spare.replace(self._file)

    async def _seen(self, account: str) -> list[datetime]:
        """Market times that the journal of the account has seen last."""
        orders = await self._storage.orders.page(account, limit=1)
        trades = await self._storage.fills.page(account, limit=1)
        return [order.created_market for order in orders] + [trade.fill.at_market for trade in trades]

    async def _note(self, run: _Run, what: str) -> None:
        state = run.feed.state()
        body = {"what": what, "account": run.account, "speed": state.speed}
        payload = MarketMoved(market=run.market.id, at_market=state.market_time, day=state.day, body=body)
        entry = Entry(at=self._clock.now(), actor="owner", subject=run.market.id, payload=payload)
        await self._storage.journal.commit(entry)

    def _tell(self, run: _Run) -> None:
        """Accounts and markets have changed: who shows them reads the session again."""
        self._bus.publish(ListChanged(at=self._clock.now(), name="accounts", id=run.account))


def _policy(grains: Iterable[tuple[str, Grain]]) -> FreshnessPolicy:
    """Freshness as fine as the recording is: a price of a bar lives until the next step of the bar."""
    policy = FreshnessPolicy()
    rules = dict(policy.rules)
    for segment, grain in grains:
        if (quiet := _QUIET.get(grain)) is not None:
            usual = policy.rule(segment)
            rules[segment] = FreshnessRule(max(usual.own, quiet), max(usual.feed, quiet))
    return FreshnessPolicy(rules=rules)
