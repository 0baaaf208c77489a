"""Live markets: India, the world, crypto. Made when the first account that needs one is connected."""

from collections.abc import Callable, Iterable

from server.brokers.kit.manifest import Manifest
from server.brokers.kit.master import MergedMaster
from server.core.bus import Bus
from server.core.clock import Clock
from server.feeds.live.feed import LiveFeed
from server.market.freshness import FreshnessPolicy, FreshnessRule
from server.market.market import Market
from server.market.ports import TickStore
from server.rulebook import Rulebook

__all__ = ("LiveMarket", "market_of")

_INDIA = frozenset({"NSE", "BSE", "NFO", "BFO", "CDS", "MCX"})
_LABELS = {"live-in": "Live market, India", "live-world": "Live market, world", "live-crypto": "Live market, crypto"}
_NUMBERS = {name: 1_000 + n for n, name in enumerate(_LABELS)}
_QUIET = FreshnessRule(60.0, 15.0)


def market_of(manifest: Manifest) -> str:
    """The market an account of this broker trades in."""
    if _INDIA & set(manifest.segments):
        return "live-in"
    return "live-crypto" if "CRYPTO" in manifest.segments and "GLOBAL" not in manifest.segments else "live-world"


class LiveMarket:
    """A market with its feed and its master."""

    def __init__(
        self,
        name: str,
        rulebook: Rulebook,
        clock: Clock,
        bus: Bus,
        store: TickStore,
        on_rows: Callable[[str, Iterable[str]], None],
    ) -> None:
        self.master = MergedMaster()
        self.feed = LiveFeed(clock, self.master, lambda keys: on_rows(name, keys))
        policy = FreshnessPolicy()
        rules = {**policy.rules, "US_EQUITY": _QUIET, "FX": _QUIET, "CRYPTO": _QUIET, "CRYPTO_PERP": _QUIET}
        self.market = Market(
            name,
            _NUMBERS[name],
            "live",
            _LABELS[name],
            self.feed,
            rulebook,
            clock,
            bus,
            store,
            policy=FreshnessPolicy(rules=rules),
        )
