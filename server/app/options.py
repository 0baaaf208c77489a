"""The option services of a running Sauda, made and joined: chains, builder, strategies."""

from collections.abc import Mapping

from server.analytics.cache import Cache
from server.analytics.chains import Chains
from server.analytics.minutes import Minutes
from server.analytics.ranks import Ranks
from server.analytics.volatility import Volatility
from server.core.bus import Bus
from server.core.clock import Clock
from server.core.errors import NotFound
from server.core.supervisor import Part
from server.market.market import Market
from server.orders.service import OrderService
from server.rulebook import Rulebook
from server.storage.store import Storage
from server.strategies.attribution import Attribution
from server.strategies.book import StrategyBook
from server.strategies.builder import Builder
from server.strategies.finder import Finder
from server.strategies.grouping import Grouping
from server.strategies.guard import Guard
from server.strategies.service import Strategies
from server.strategies.tracker import Tracker

__all__ = ("Options",)


class Options:
    """Everything about options that lives as long as the process."""

    def __init__(
        self,
        *,
        markets: Mapping[str, Market],
        storage: Storage,
        orders: OrderService,
        rulebook: Rulebook,
        bus: Bus,
        clock: Clock,
        plan: str,
    ) -> None:
        self.chains = Chains(markets, rulebook, clock, Cache(clock))
        self._minutes = Minutes(self.chains, markets, storage.ticks, clock)
        ranks = Ranks(storage.ticks, self._minutes)
        self.chains.ranked = ranks.ranked
        self.volatility = Volatility(self.chains, ranks)
        self.builder = Builder(self.chains, rulebook, plan)
        self.finder = Finder(self.builder, self.chains, rulebook)
        desk = orders.desk
        book = StrategyBook(desk, storage.strategies)
        grouping = Grouping(desk, book)

        async def basket_name(basket_id: str) -> str:
            try:
                return str((await storage.baskets.get(basket_id)).body.get("name", ""))
            except NotFound:
                return ""

        tracker = Tracker(
            desk=desk,
            orders=orders,
            book=book,
            attribution=Attribution(desk, book, storage.fills, storage.orders, markets, basket_name),
            grouping=grouping,
            guard=Guard(desk, orders, book, rulebook, markets),
            builder=self.builder,
            chains=self.chains,
            markets=markets,
            rulebook=rulebook,
            store=storage.ticks,
            bus=bus,
            clock=clock,
        )
        self.strategies = Strategies(
            orders=orders,
            book=book,
            grouping=grouping,
            tracker=tracker,
            builder=self.builder,
            chains=self.chains,
            markets=markets,
            rulebook=rulebook,
            store=storage.ticks,
            plan=plan,
        )
        self.chains.held = tracker.held

    async def close(self) -> None:
        """Let go of threads and processes, after the parts have ended."""
        await self.volatility.forecasts.close()
        self.chains.close()

    def parts(self) -> tuple[Part, ...]:
        """To be run by the supervisor, after markets and orders."""
        return (
            Part("option chains", self.chains.run, ("market",), essential=False),
            Part("volatility record", self._minutes.run, ("market",), essential=False),
            Part("strategies", self.strategies.tracker.run, ("orders", "option chains"), essential=False),
        )
