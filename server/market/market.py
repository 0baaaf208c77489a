"""A market: a set of instruments, a source of prices and a session clock (DESIGN §2).

Runs the feed into the hub as one part of the supervisor, and is what the order path, matching and the API see of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from server.core.bus import Bus
from server.core.clock import Clock, to_ns
from server.core.errors import Invalid
from server.domain.accounts import MarketKind
from server.domain.events import MarketChanged
from server.domain.instruments import Instrument
from server.domain.money import exact
from server.domain.quotes import Depth, Quote
from server.market.catalogue import Catalogue
from server.market.freshness import FreshnessPolicy
from server.market.hub import Hub
from server.market.pipeline import ScreenRules
from server.market.ports import Feed, Growing, Rewindable, TickBatch, TickStore
from server.market.sessions import CLOSED, PhaseNow, SessionRules, Sessions
from server.market.window import MinuteWindow

__all__ = ("Market", "MarketBeat", "MarketState")

_HOUSEKEEPING_SECONDS = 0.5
_PHASE_ORDER = ("continuous", "closing_auction", "preopen", "post_close")
_KEPT_DAYS = 10
_NAN = float("nan")


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """A market on the wire (`Market` of the API)."""

    id: str
    number: int
    kind: MarketKind
    label: str
    state: str
    """running, paused, halted, ended, failed"""
    scenario: str
    speed: float
    day: date
    market_time: datetime
    phase: str
    """continuous, closing_auction, preopen, post_close, closed: the liveliest of the market's segments"""
    phase_until: datetime | None
    source: str
    detail: str


class MarketBeat(msgspec.Struct, frozen=True):
    """What a heartbeat says of a market."""

    id: str
    market_ms: float
    phase: str
    last_tick_age: float | None
    """Seconds since any instrument of it ticked; None before the first tick."""
    state: str
    speed: float


class Market:
    """See the module's text.

    Args:
        id: `sim`, `replay`, ...
        number: its number on the wire; never used twice while Sauda runs.
        kind: simulated, replay or live.
        label: what the screen calls it, `Simulated market`.
        feed: its source of prices.
        rules: session hours (the rulebook).
        clock: wall and monotonic time.
        bus: where its changes are published.
        store: keeps ticks and bars; None keeps nothing.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the wire's own word
        number: int,
        kind: MarketKind,
        label: str,
        feed: Feed,
        rules: SessionRules,
        clock: Clock,
        bus: Bus,
        store: TickStore | None = None,
        *,
        policy: FreshnessPolicy | None = None,
        screen: ScreenRules | None = None,
    ) -> None:
        self.id = id
        self.number = number
        self.kind: MarketKind = kind
        self.label = label
        self.feed = feed
        self.catalogue = Catalogue(feed.instruments())
        self.catalogue.day = feed.state().day
        self.store = store
        self._clock = clock
        self._bus = bus
        self._sessions = Sessions(rules)
        self._closes: dict[date, dict[str, float]] = {}
        self._said: tuple[object, ...] = ()
        self._ended = False
        self._work = asyncio.Event()
        self.hub = Hub(id, self.catalogue, clock, feed.now, self._sessions, store, policy=policy, rules=screen)
        self.hub.on_backlog = self._work.set
        if isinstance(feed, Growing):
            self.catalogue.on_missing = self._admit
        self._window = MinuteWindow(self.catalogue, self.hub.slots)

    # ------------------------------------------------------------- running

    async def run(self, ready: Callable[[], None]) -> None:
        """Run the feed until cancelled (a supervisor part); a feed that ends leaves the market standing, `ended`."""
        self._ended = False
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._drain(), name=f"{self.id}:drain")
                group.create_task(self._run_feed(), name=f"{self.id}:feed")
                group.create_task(self._keep_house(ready), name=f"{self.id}:house")
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        finally:
            await self.hub.close()

    def control(self, action: str, **arguments: Any) -> MarketState:
        """play, pause, seek(to=), speed(value=), scenario(name=); raises Invalid for what the feed cannot do."""
        before = self.feed.now()
        self.feed.control(action, **arguments)
        if action == "seek" or self.feed.now() < before:
            self.hub.rewind(self.feed.so_far() if isinstance(self.feed, Rewindable) else None)
        self.tell()
        return self.state()

    def tell(self) -> None:
        """Publish the market's state when what the screen shows of it has changed."""
        state = self.state()
        said = (state.state, state.phase, state.day, state.speed, state.scenario, state.detail)
        if said != self._said:
            self._said = said
            self._bus.publish(MarketChanged(at=self._clock.now(), market=self.id, body=msgspec.to_builtins(state)))

    # ---------------------------------------------------------------- state

    @property
    def day(self) -> date:
        """Date of the current session day."""
        return self.hub.day or self.feed.state().day

    @property
    def source(self) -> str:
        """Short name of the feed: `simulator`, `replay`."""
        return self.feed.source

    def now(self) -> datetime:
        """Market time, aware UTC."""
        return self.feed.now()

    def state(self) -> MarketState:
        """For the API and the stream."""
        feed, phase = self.feed.state(), self.phase()
        return MarketState(
            id=self.id,
            number=self.number,
            kind=self.kind,
            label=self.label,
            state="ended" if self._ended and feed.state == "running" else feed.state,
            scenario=feed.scenario,
            speed=feed.speed,
            day=self.day,
            market_time=self.now(),
            phase=phase.name,
            phase_until=phase.until,
            source=self.source,
            detail=feed.detail,
        )

    def beat(self) -> MarketBeat:
        """For the heartbeat."""
        state = self.state()
        age = self.hub.intake_stats().last_tick_age
        return MarketBeat(self.id, to_ns(state.market_time) / 1e6, state.phase, age, state.state, state.speed)

    def phase(self, segment: str | None = None) -> PhaseNow:
        """Phase of one segment now, or the liveliest phase of all its segments and when the last of them leaves it."""
        now = self.now()
        if segment is not None:
            return self._sessions.phase(segment, now)
        phases = [self._sessions.phase(name, now) for name in self.catalogue.segments]
        for name in _PHASE_ORDER:
            ends = [p.until for p in phases if p.name == name and p.until is not None]
            if ends:
                return PhaseNow(name, max(ends))
        return PhaseNow(CLOSED, min((p.until for p in phases if p.until is not None), default=None))

    # ------------------------------------- what orders, risk and matching ask

    def instrument(self, key: str) -> Instrument | None:
        """The instrument, or None when this market does not have it; expired contracts stay known."""
        row = self.catalogue.find(key)
        return None if row is None else self.catalogue.instruments[row]

    def quote(self, key: str) -> Quote | None:
        """The last known price with its age; None when there was none yet."""
        row = self.catalogue.find(key)
        return None if row is None else self.hub.quote_at(row, key)

    def depth(self, key: str) -> Depth | None:
        """The last known book; None when none was ever sent."""
        row = self.catalogue.find(key)
        return None if row is None else self.hub.depth_at(row)

    def last(self, key: str) -> float:
        """Last price as a float for analytics; NaN when there was none yet."""
        row = self.catalogue.find(key)
        return _NAN if row is None else self.hub.last_at(row)

    def spot(self, name: str) -> float:
        """Last price of the underlying of that name (an index or a share); NaN when not known."""
        for exchange in ("NSE_INDEX", "BSE_INDEX", "NSE", "BSE"):
            if (key := f"{exchange}:{name}") in self.catalogue:
                return self.hub.last(key)
        return float("nan")

    def fresh(self, key: str, limit: float | None = None) -> bool:
        """Whether an order may be priced or filled on it now (law 11); `limit` in seconds overrides the policy."""
        return key in self.catalogue and self.hub.fresh(key, limit)

    def watch(self, keys: Sequence[str], handler: Callable[[str], None]) -> Callable[[], None]:
        """Call `handler(key)` once a batch in which the price of one of `keys` changed; returns the call that ends it.

        Keys this market does not have are left out.
        """
        rows = {row: key for key in keys if (row := self.catalogue.find(key)) is not None}

        def changed(batch: TickBatch) -> None:
            for row in dict.fromkeys(batch.rows.tolist()):
                handler(rows[row])

        return self.hub.watch(rows, changed).close

    def close(self, key: str, day: date) -> Decimal | None:
        """Closing price of a session day that is over; None when it is not known."""
        found = self._closes.get(day, {}).get(key)
        if found is not None:
            return exact(found)
        row = self.catalogue.find(key)
        if row is None or day != self.hub.day:
            return None
        hours = self._sessions.hours(self.catalogue.instruments[row].segment, day)
        last = self.hub.last(key)
        over = hours.trading is not None and to_ns(self.now()) >= hours.trading[1]
        return exact(last) if over and last > 0 else None

    def settled(self, key: str, day: date, window: tuple[datetime, datetime] | None) -> Decimal | None:
        """Value at which contracts on `key` that expire on `day` are settled: its mean over `window` where that was
        seen, else its closing price; None when neither is known (yet)."""
        if window is not None and self.now() < window[1]:
            return None
        mean = self._window.mean(key, window) if window is not None else None
        return mean if mean is not None else self.close(key, day)

    def traded(self, key: str, window: tuple[datetime, datetime]) -> bool | None:
        """Whether `key` traded in `window`; None when the window was not seen."""
        return self._window.traded(key, window)

    def search(
        self,
        query: str = "",
        *,
        kind: str | None = None,
        name: str | None = None,
        expiry: date | None = None,
        limit: int = 50,
    ) -> list[Instrument]:
        """Instruments that match, best first; see `Catalogue.search`. A growing market looks through its master."""
        if isinstance(self.feed, Growing):
            return self.feed.search(query, kind=kind, name=name, expiry=expiry, limit=limit)
        rows = self.catalogue.search(query, kind=kind, name=name, expiry=expiry, limit=limit, near=self.spot)
        return [self.catalogue.instruments[row] for row in rows]

    def list_chain(self, name: str, expiry: date) -> None:
        """See that the whole chain has rows (a growing market gives them on demand)."""
        if isinstance(self.feed, Growing):
            for key in self.feed.listed_chain(name, expiry):
                self.catalogue.find(key)

    def option_expiries(self, name: str) -> list[date]:
        """Expiry days with options of `name`, soonest first."""
        if isinstance(self.feed, Growing):
            return self.feed.listed_expiries(name)
        return self.catalogue.expiries(name)

    # --------------------------------------------------------------- inside

    def _admit(self, key: str) -> bool:
        assert isinstance(self.feed, Growing)
        if not self.feed.admit(key):
            return False
        self.hub.refresh(self.feed.instruments())
        return True

    async def _run_feed(self) -> None:
        await self.feed.run(self.hub.intake, self._on_day)
        self._ended = True
        self.tell()

    async def _drain(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self.hub.drain():
                await self._clock.sleep(0)

    async def _keep_house(self, ready: Callable[[], None]) -> None:
        self.hub.housekeep()
        ready()
        while True:
            await self._clock.sleep(_HOUSEKEEPING_SECONDS)
            self.hub.housekeep()
            self._window.sample(self.now())
            while self.hub.book.hand_over():
                await self._clock.sleep(0)
            self.tell()

    def _on_day(self, day: date) -> None:
        self.hub.refresh(self.feed.instruments(), day)
        closes = self.feed.previous_closes()
        if (before := self._day_before(day)) is not None:
            self._closes[before] = dict(closes)
            for old in sorted(self._closes)[:-_KEPT_DAYS]:
                del self._closes[old]
        self.hub.start_day(day, closes)

    def _day_before(self, day: date) -> date | None:
        """The session day the feed's closes belong to; None on days the rulebook does not know."""
        try:
            return self._sessions.previous_day(day)
        except Invalid:
            return None
