"""Live option chains: each second those somebody looks at or holds, any other when asked.

Quotes are gathered on the event loop; the mathematics runs on one thread of its own. A chain nobody wants costs
nothing; a market that stands still (closed, paused) is computed once and then not again. An answer asked for by HTTP
may be the one computed within the last 15 seconds (`cache`), and carries its age.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import msgspec
import numpy as np

from server.analytics.cache import Cache
from server.analytics.contracts import ChainId, ChainRows, chain_rows, snapshot
from server.analytics.frames import compute, layout_of
from server.analytics.open_interest import OpeningInterest
from server.analytics.underlyings import Underlying, expiry_of, underlying
from server.analytics.view import ChainView
from server.core.clock import Clock
from server.core.errors import NotFound, SaudaError, Unavailable
from server.core.timings import Timings
from server.market.market import Market
from server.options.chain import Layout
from server.rulebook import Rulebook

__all__ = ("ChainWatch", "Chains")

_EVERY = 1.0
_LAYOUTS = 32


class ChainWatch:
    """Somebody's interest in one chain; end it with `close`."""

    def __init__(self, owner: "Chains", market: str, chain: ChainId) -> None:
        self._owner = owner
        self.market = market
        self.chain = chain
        self._open = True

    @property
    def latest(self) -> ChainView | None:
        """The newest view, None before the first."""
        return self._owner.latest(self.market, self.chain)

    def close(self) -> None:
        """Not interested any more."""
        if self._open:
            self._open = False
            self._owner.unwatch(self.market, self.chain)


class Chains:
    """See the module's text.

    Args:
        markets: by id; replays come and go.
    """

    def __init__(self, markets: Mapping[str, Market], rulebook: Rulebook, clock: Clock, cache: Cache) -> None:
        self.cache = cache
        self.held: Callable[[], Iterable[tuple[str, ChainId]]] = lambda: ()
        """Chains with positions in them, as (market id, chain)."""
        self.ranked: Callable[[Market, ChainView], ChainView] = lambda _, view: view
        """Adds what is known of the year's range to a view."""
        self.times = Timings()
        """Seconds a round of live chains took, gathering and computing."""
        self._markets = markets
        self._rulebook = rulebook
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chains")
        self._interest = OpeningInterest(rulebook)
        self._watched: dict[tuple[str, ChainId], int] = {}
        self._rows: dict[tuple[str, ChainId], tuple[Market, int, ChainRows]] = {}
        self._views: dict[tuple[str, ChainId], ChainView] = {}
        self._hub_seen: dict[str, tuple[object, ...]] = {}
        self._layouts: dict[tuple[ChainRows, ...], Layout] = {}
        self._version = 0
        self._wake = asyncio.Event()

    # ---------------------------------------------------------------- asking

    def market(self, market_id: str) -> Market:
        """A market by id; raises NotFound."""
        found = self._markets.get(market_id)
        if found is None:
            raise NotFound(
                f"There is no market {market_id[:40]!r}.",
                code="market.unknown",
                field="market",
                remedy=f"Use one of: {', '.join(self._markets)}.",
            )
        return found

    def find(self, market_id: str, asked: str, expiry: date | None = None) -> tuple[Underlying, ChainId]:
        """The underlying asked for and its chain (the nearest by default); raises NotFound."""
        market = self.market(market_id)
        found = underlying(market, asked)
        return found, ChainId(found.name, expiry_of(found, expiry, market.day))

    def watch(self, market_id: str, asked: str, expiry: date) -> ChainWatch:
        """Have a chain computed every second until the watch is closed; raises NotFound."""
        _, chain = self.find(market_id, asked, expiry)
        place = (market_id, chain)
        self._watched[place] = self._watched.get(place, 0) + 1
        self._hub_seen.pop(market_id, None)
        self._wake.set()
        return ChainWatch(self, market_id, chain)

    def unwatch(self, market_id: str, chain: ChainId) -> None:
        """One watch less (`ChainWatch.close` does it)."""
        place = (market_id, chain)
        left = self._watched.get(place, 0) - 1
        if left > 0:
            self._watched[place] = left
        else:
            self._watched.pop(place, None)

    def latest(self, market_id: str, chain: ChainId) -> ChainView | None:
        """The newest view there is, however old."""
        return self._views.get((market_id, chain))

    async def view(self, market_id: str, chain: ChainId) -> ChainView:
        """A chain not older than the cache allows; raises NotFound, Unavailable while the underlying has no price."""

        async def make() -> ChainView:
            return (await self.views(market_id, [chain]))[0]

        found = await self.cache.get("option chain", (market_id, chain), make)
        if found.at > self.market(market_id).now():
            # a replay was set back: what was computed later must not be seen
            found = await make()
        return found

    async def views(self, market_id: str, chains: Iterable[ChainId]) -> list[ChainView]:
        """Chains as of now."""
        market = self.market(market_id)
        rows = [self._chain_rows(market, chain) for chain in chains]
        found = await self._compute(market, rows)
        for view in found:
            self._views[market_id, view.id] = view
            self.cache.put("option chain", (market_id, view.id), view)
        return found

    async def bare(self, market_id: str, chains: Iterable[ChainId]) -> list[ChainView]:
        """Chains as of now without their smiles; kept nowhere."""
        market = self.market(market_id)
        return await self._compute(market, [self._chain_rows(market, chain) for chain in chains], smiles=False)

    def now(self) -> float:
        """Monotonic seconds, as `ChainView.computed` counts them."""
        return self._clock.monotonic()

    def age(self, view: ChainView) -> float:
        """Seconds since a view was computed."""
        return self._clock.monotonic() - view.computed

    # --------------------------------------------------------------- running

    async def run(self, ready: Callable[[], None]) -> None:
        """Compute what is wanted each second, until cancelled (a supervisor part)."""
        ready()
        try:
            while True:
                began = self._clock.monotonic()
                await self._round()
                self._wake.clear()
                pause = max(0.0, _EVERY - (self._clock.monotonic() - began))
                await self._pause(pause)
        finally:
            await self._interest.close()

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _pause(self, seconds: float) -> None:
        """Until it is time again, or somebody opens a chain that has no view yet."""
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        waker = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sleeper, waker):
                task.cancel()
            await asyncio.gather(sleeper, waker, return_exceptions=True)

    async def _round(self) -> None:
        wanted: dict[str, set[ChainId]] = {}
        for market_id, chain in (*self._watched, *self.held()):
            wanted.setdefault(market_id, set()).add(chain)
        self._tidy()
        for market_id, chains in wanted.items():
            market = self._markets.get(market_id)
            if market is None:
                continue
            seen = (market.hub, market.hub.version, frozenset(chains))
            if self._hub_seen.get(market_id) == seen:
                continue
            self._hub_seen[market_id] = seen
            await self._live(market, chains)

    async def _live(self, market: Market, chains: Iterable[ChainId]) -> None:
        rows = []
        for chain in chains:
            try:
                rows.append(self._chain_rows(market, chain))
            except SaudaError:
                continue  # expired, or its market is another one now
        if not rows:
            return
        began = self._clock.monotonic()
        try:
            views = await self._compute(market, rows)
        except Unavailable:
            return  # no price of the underlying yet
        self.times.add(self._clock.monotonic() - began)
        for view in views:
            self._views[market.id, view.id] = view
            self.cache.put("option chain", (market.id, view.id), view)

    async def _compute(self, market: Market, rows: list[ChainRows], *, smiles: bool = True) -> list[ChainView]:
        for chain in rows:
            if not market.hub.slots.quotes["ltp"][chain.spot] > 0:
                raise Unavailable(
                    f"There is no price of {chain.id.name} yet.",
                    code="market.quiet",
                    field="underlying",
                    remedy="Wait until the market has sent its first prices.",
                )
        await self._interest.ready(market)
        snap = snapshot(market, rows, self._rulebook)
        places = [chain.rows for chain in rows]
        at, opening = 0, []
        for place in places:
            opening.append(self._interest.of(market, place, snap.oi[at : at + len(place)]))
            at += len(place)
        before = np.concatenate([one.oi for one in opening])
        self._version += 1
        layout = self._layout(tuple(rows))
        old = [self._views.get((market.id, chain.id)) for chain in rows]
        now, version = self._clock.monotonic(), self._version
        loop = asyncio.get_running_loop()
        views = await loop.run_in_executor(
            self._thread, lambda: compute(market.id, snap, layout, before, version, now, old, smiles)
        )
        return [
            self.ranked(market, msgspec.structs.replace(view, oi_first=one.first))
            for view, one in zip(views, opening, strict=True)
        ]

    def _layout(self, rows: tuple[ChainRows, ...]) -> Layout:
        found = self._layouts.get(rows)
        if found is None:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            found = self._layouts[rows] = layout_of(rows)
        return found

    def _chain_rows(self, market: Market, chain: ChainId) -> ChainRows:
        kept = self._rows.get((market.id, chain))
        size = len(market.catalogue)
        if kept is not None and kept[0] is market and kept[1] == size:
            return kept[2]
        found = underlying(market, chain.name)
        rows = chain_rows(
            market, ChainId(found.name, expiry_of(found, chain.expiry, market.day)), found.key, found.title
        )
        self._rows[market.id, chain] = (market, size, rows)
        return rows

    def _tidy(self) -> None:
        """Forget markets that have gone."""
        for kept in (self._rows, self._views):
            for place in [p for p in kept if p[0] not in self._markets]:
                del kept[place]
                self._interest.forget(place[0])
