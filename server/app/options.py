"""The option services of a running Sauda, made and joined: chains, volatility, strategies."""

from collections.abc import Mapping

from server.analytics.cache import Cache
from server.analytics.chains import Chains
from server.core.clock import Clock
from server.core.supervisor import Part
from server.market.market import Market
from server.rulebook import Rulebook
from server.strategies.builder import Builder

__all__ = ("Options",)


class Options:
    """Everything about options that lives as long as the process."""

    def __init__(self, *, markets: Mapping[str, Market], rulebook: Rulebook, clock: Clock, plan: str) -> None:
        self.chains = Chains(markets, rulebook, clock, Cache(clock))
        self.builder = Builder(self.chains, rulebook, plan)

    def parts(self) -> tuple[Part, ...]:
        """To be run by the supervisor, after the markets."""
        return (Part("option chains", self.chains.run, ("market",), essential=False),)
