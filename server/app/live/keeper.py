"""Keeps one live account connected: session out of the vault, master, order path, stream, snapshots, session's end.

`run` is a supervisor part: what it raises is a reconnect with backoff. A session that is dead waits for its user
instead of knocking again; nothing is retried that could reach an exchange.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial

import msgspec
import structlog

from server.api.live import LinkState
from server.app.live.links import Link, Snapshot
from server.app.live.markets import LiveMarket
from server.auth.vault import Vault
from server.brokers.kit.ports import BatchStream, Connection, Context, Usage
from server.brokers.kit.symbols import SymbolMap
from server.core.clock import IST, Clock, to_ns
from server.core.errors import Invalid, SaudaError, Unauthorised, Unavailable
from server.domain.brokerage import Event, SessionGrant, TickEvent
from server.domain.instruments import Instrument
from server.orders.ports import Execution
from server.orders.service import OrderService

__all__ = ("SESSION", "Keeper", "clock_words", "frozen", "packed")

SESSION = "session"
"""Field of a vault entry that holds the session; the others are the user's own."""
_SOON, _TOMORROW = timedelta(minutes=30), timedelta(days=1)
"""Before a session's end it is announced; of one that lasts for days, a day before too."""
_SNAPSHOT_EVERY = 30.0
_LOOK_EVERY = 3.0
_WATCH_PAUSE = 0.1
_MODE = "full"

_log = structlog.get_logger("live")


class Keeper:
    """One for all links; holds no state of its own.

    Args:
        links, live_markets, executions: those of `LiveAccounts` and the runtime, filled in place.
        used: takes the usage log's lines.
        tell: says that an account has changed.
        freeze: the rulebook's largest order in an underlying on a day; raises Invalid for one it does not know.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        clock: Clock,
        orders: OrderService,
        links: Mapping[str, Link],
        live_markets: Mapping[str, LiveMarket],
        executions: dict[str, Execution],
        used: Callable[[Usage], None],
        tell: Callable[[str], None],
        freeze: Callable[[str, date], int | None],
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._orders = orders
        self._links = links
        self._live_markets = live_markets
        self._executions = executions
        self._used = used
        self._tell = tell
        self._freeze = freeze

    async def run(self, link: Link, ready: Callable[[], None]) -> None:
        """Connect and stay connected (a supervisor part: a failure is a reconnect)."""
        await self._restore(link)
        if link.grant is None:
            ready()
            await asyncio.Event().wait()
        self.stand(link, "connecting", "")
        connection = link.connection = link.adapter.connect(self.of(link))
        try:
            await connection.open()
            await self._load_master(link, connection)
            self._executions[link.name] = connection.execution
            async with asyncio.TaskGroup() as group:
                group.create_task(self._trade(link), name=f"{link.name}:orders")
                group.create_task(self._keep_watching(link, connection), name=f"{link.name}:watch")
                group.create_task(self._keep_health(link, connection), name=f"{link.name}:health")
                if connection.stream is not None:
                    group.create_task(self._stream(link, connection), name=f"{link.name}:stream")
                self.stand(link, "connected", "")
                ready()
        except BaseExceptionGroup as failed:
            await self._failed(link, failed.exceptions[0], ready)
        except (SaudaError, OSError, TimeoutError) as error:
            await self._failed(link, error, ready)
        finally:
            self._executions.pop(link.name, None)
            live = self._live_markets[link.account.market]
            live.feed.leave(link.name)
            await connection.close()
            link.connection = None

    async def _failed(self, link: Link, error: BaseException, ready: Callable[[], None]) -> None:
        """A dead session waits for its user; anything else is tried again by the supervisor."""
        if isinstance(error, Unauthorised):
            link.grant = await self._renewed(link)
            if link.grant is None:
                self.stand(link, "expired", error.detail)
                self._orders.desk.notice(
                    "warn", f"{link.account.title}: the session has ended. Sign in again.", link.name
                )
                ready()
                await asyncio.Event().wait()
        words = error.detail if isinstance(error, SaudaError) else f"{type(error).__name__}: {error}"
        self.stand(link, "failed", words)
        raise error

    async def _renewed(self, link: Link) -> SessionGrant | None:
        try:
            grant = await link.adapter.login.refresh(self.of(link))
        except SaudaError:
            return None
        if grant is not None:
            await asyncio.to_thread(self._vault.put, link.name, packed(link.credentials, grant))
        return grant

    async def _restore(self, link: Link) -> None:
        """Keys and session out of the vault, once."""
        if link.grant is not None:
            return
        try:
            link.credentials = await self.secrets(link)
        except SaudaError as error:
            self.stand(link, "signed_out", error.detail)
            return
        text = link.credentials.pop(SESSION, "")
        if not text:
            self.stand(link, "signed_out", link.problem)
            return
        grant = msgspec.json.decode(text, type=SessionGrant)
        ends = link.adapter.login.expires(grant)
        if ends is not None and ends <= self._clock.now():
            link.grant = await self._renewed(link)
            if link.grant is None:
                self.stand(link, "expired", f"The session ended at {clock_words(ends)}.")
            return
        link.grant = grant

    async def secrets(self, link: Link) -> dict[str, str]:
        """Its vault entry, session included."""
        return await asyncio.to_thread(self._vault.get, link.name)

    async def _load_master(self, link: Link, connection: Connection) -> None:
        listings = await connection.data.instruments()
        live = self._live_markets[link.account.market]
        instruments = [_bookable(listing.instrument, link.account.currency) for listing in listings]
        instruments = frozen(instruments, self._freeze, self._clock.now().astimezone(IST).date())
        await asyncio.to_thread(live.master.merge, link.name, instruments)
        link.symbols.recount(live.master.other_units[link.name])
        _log.info("master_loaded", **link.facts(), instruments=len(link.symbols))

    async def _trade(self, link: Link) -> None:
        def joined() -> None:
            link.problem = ""

        await self._orders.run_account(link.name, joined)

    async def _stream(self, link: Link, connection: Connection) -> None:
        feed = self._live_markets[link.account.market].feed
        number = feed.join(link.name)
        link.watch.set()

        def sink(key: str, event: Event, received: int) -> None:
            feed.push(number, key, event, received)

        assert connection.stream is not None
        if isinstance(connection.stream, BatchStream):
            connection.stream.into(feed.row, lambda batch: feed.push_batch(number, batch))
        await connection.stream.run(sink)

    def rows_made(self, market: str, keys: Iterable[str]) -> None:
        """Instruments of a market have rows now: its streams watch them, and a snapshot gives first prices."""
        wanted = list(keys)
        for link in self._links.values():
            if link.account.market == market:
                link.fresh.update(wanted)
                link.watch.set()

    async def _keep_watching(self, link: Link, connection: Connection) -> None:
        """Watch what has rows; what is new gets a first price and its close by a snapshot."""
        live = self._live_markets[link.account.market]
        link.fresh.update(live.feed.listed())
        link.watch.set()
        while True:
            await link.watch.wait()
            link.watch.clear()
            await self._clock.sleep(_WATCH_PAUSE)
            carried = [key for key in live.feed.listed() if link.symbols.has(key)]
            if connection.stream is not None:
                await connection.stream.watch(carried, _MODE)
            new = [key for key in link.fresh if link.symbols.has(key)]
            link.fresh.clear()
            if new:
                with contextlib.suppress(Unavailable, Invalid):
                    await self._first_prices(link, connection, live, new)

    async def _first_prices(self, link: Link, connection: Connection, live: LiveMarket, keys: list[str]) -> None:
        number = live.feed.choice.join(link.name)
        quotes = await connection.data.quotes(keys)
        now = to_ns(self._clock.now())
        closes = {key: float(quote.close) for key, quote in quotes.items() if quote.close}
        live.feed.closes(closes)
        live.market.hub.set_closes(closes)
        for key, quote in quotes.items():
            live.feed.push(number, key, TickEvent(quote=quote, mode="snapshot"), now)

    async def _keep_health(self, link: Link, connection: Connection) -> None:
        """Look whether the broker answers, and read the account's figures now and then. A broker that is down is shown
        down while its sockets and polls go on trying."""
        read_at = -_SNAPSHOT_EVERY
        while True:
            try:
                await connection.ping()
                if link.state == "failed" or self._clock.monotonic() - read_at >= _SNAPSHOT_EVERY:
                    await self.snap(link, connection)
                    read_at = self._clock.monotonic()
            except Unauthorised:
                raise
            except (SaudaError, OSError, TimeoutError) as error:
                words = error.detail if isinstance(error, SaudaError) else type(error).__name__
                if link.state != "failed":
                    self.stand(link, "failed", words)
            else:
                if link.state != "connected":
                    self.stand(link, "connected", "")
            self._announce(link)
            await self._clock.sleep(_LOOK_EVERY)

    async def snap(self, link: Link, connection: Connection) -> None:
        """Read funds, positions and holdings."""
        funds = await connection.data.funds()
        positions = await connection.data.positions()
        holdings = await connection.data.holdings()
        link.snapshot = Snapshot(at=self._clock.now(), funds=funds, positions=positions, holdings=holdings)

    def _announce(self, link: Link) -> None:
        """The end of a session is told before it comes."""
        ends = link.adapter.login.expires(link.grant) if link.grant is not None else None
        if ends is None:
            return
        left = ends - self._clock.now()
        leads = (_SOON, _TOMORROW) if _days(link.adapter.manifest.login.ends) else (_SOON,)
        lead = next((one for one in leads if left <= one), None)
        if lead is None or link.warned == (ends, lead):
            return
        link.warned = ends, lead
        self._tell(link.name)  # screens that are open read how it stands
        text = f"{link.account.title}: the session ends at {clock_words(ends)}. Sign in again before then."
        self._orders.desk.notice("warn", text, link.name)

    def stand(self, link: Link, state: LinkState, problem: str) -> None:
        """How the link stands from now on."""
        link.state, link.problem, link.since = state, problem, self._clock.now()
        self._tell(link.name)

    def of(self, link: Link) -> Context:
        """What the link's adapter works with."""
        return self.context(link.name, link.credentials, link.grant, link.kept.addresses, link)

    def context(
        self,
        account: str,
        credentials: Mapping[str, str],
        grant: SessionGrant | None,
        addresses: Mapping[str, str],
        link: Link | None = None,
    ) -> Context:
        """The same before there is a link: a sign-in on trial."""
        return Context(
            account=account,
            credentials=dict(credentials),
            session=grant,
            clock=self._clock,
            symbols=link.symbols if link is not None else SymbolMap(account),
            used=self._used,
            base=dict(addresses),
            keep=partial(self._keep, link) if link is not None else None,
        )

    async def _keep(self, link: Link, grant: SessionGrant) -> None:
        """A session that its adapter renewed by itself; after signing out there is none to keep."""
        if link.grant is not None:
            await asyncio.to_thread(self._vault.put, link.name, packed(link.credentials, grant))
            link.grant = grant


def _days(rule: str) -> bool:
    """Whether sessions that end by this rule of a manifest (`168h`) last for more than two days."""
    return rule.endswith("h") and float(rule[:-1]) > 48


def _bookable(instrument: Instrument, currency: str) -> Instrument:
    """An account's books are in one currency; what is quoted in another can be watched, not ordered."""
    if instrument.currency == currency or instrument.barred or instrument.kind == "INDEX":
        return instrument
    text = f"{instrument.symbol} is quoted in {instrument.currency}, and this account's books are kept in {currency}."
    return msgspec.structs.replace(instrument, barred=text)


def frozen(instruments: Iterable[Instrument], freeze: Callable[[str, date], int | None], day: date) -> list[Instrument]:
    """Contracts of whose largest order their broker's master says nothing get the rulebook's (Kite's has none)."""
    known: dict[str, int | None] = {}
    found = []
    for one in instruments:
        if one.freeze is None and one.exchange == "NFO" and one.derivative:
            if one.name not in known:
                try:
                    known[one.name] = freeze(one.name, day)
                except Invalid:
                    known[one.name] = None
            if (most := known[one.name]) is not None:
                one = msgspec.structs.replace(one, freeze=most)
        found.append(one)
    return found


def packed(fields: Mapping[str, str], grant: SessionGrant) -> dict[str, str]:
    """A vault entry: the user's fields and the session."""
    kept = {name: value for name, value in fields.items() if name != SESSION}
    return {**kept, SESSION: msgspec.json.encode(grant).decode()}


def clock_words(moment: datetime) -> str:
    """`06:00 on 21 Nov IST`."""
    return f"{moment.astimezone(IST):%H:%M on %d %b} IST"
