"""Law 11: whether a price may be trusted now, per instrument and by session.

The rule chosen. A price is live while its segment's session is open and two things hold:

1. its own last tick is not older than `own` seconds, and
2. its segment (all index options, all F&O shares, ...) brought a real tick within `feed` seconds.

`own` is short where the instrument itself must move all the time (an index) and long where silence is normal (a far
option): an option that did not change is not stale while the feed delivers for its segment. Heartbeats are not data:
nothing but accepted ticks moves either clock, so a connected but mute feed turns its whole segment stale within `feed`
seconds. Ages are monotonic seconds since the tick reached us; a clock set back changes nothing.
"""

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.market.slots import Slots
from server.market.table import FLAG_CLOSED, FLAG_STALE

__all__ = ("Freshness", "FreshnessPolicy", "FreshnessRule", "SegmentClocks")

FreshnessState = Literal["live", "stale", "closed", "none"]


class FreshnessRule(msgspec.Struct, frozen=True):
    """Seconds after which silence makes a price stale; see the module's text."""

    own: float
    feed: float

    def __post_init__(self) -> None:
        if not (self.own > 0 and self.feed > 0):
            raise Invalid("A freshness limit must be above 0 seconds.", code="settings.value", field="own")


_RULES = {
    "INDEX": FreshnessRule(5.0, 5.0),
    "CASH_FNO_STOCK": FreshnessRule(30.0, 5.0),
    "CASH_NON_FNO": FreshnessRule(900.0, 15.0),
    "INDEX_FUT": FreshnessRule(60.0, 5.0),
    "STOCK_FUT": FreshnessRule(300.0, 10.0),
    "INDEX_OPT": FreshnessRule(1_800.0, 5.0),
    "STOCK_OPT": FreshnessRule(3_600.0, 15.0),
}


class FreshnessPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Rules by rulebook segment. The figures are ours; a trader may set tighter ones."""

    rules: dict[str, FreshnessRule] = msgspec.field(default_factory=lambda: dict(_RULES))
    other: FreshnessRule = FreshnessRule(60.0, 15.0)
    """For segments not named."""

    def rule(self, segment: str) -> FreshnessRule:
        """The rule of a segment."""
        return self.rules.get(segment, self.other)


class Freshness(msgspec.Struct, frozen=True):
    """The verdict on one price."""

    state: FreshnessState
    """live; stale; closed = its session is not open; none = no price this far."""
    age: float
    """Monotonic seconds since its own last tick; infinity before the first."""
    limit: float
    """Seconds its age may reach."""
    reason: str = ""
    """One sentence when not live."""


class SegmentClocks:
    """When each segment last brought a tick, and whether its session is open."""

    def __init__(self, policy: FreshnessPolicy) -> None:
        self._policy = policy
        self._names: list[str] = []
        self.ticked: npt.NDArray[np.float64] = np.empty(0)
        """Monotonic seconds of the last accepted tick, by segment code."""
        self.open: npt.NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self._own: npt.NDArray[np.float64] = np.empty(0)
        self._feed: npt.NDArray[np.float64] = np.empty(0)

    def set_segments(self, names: list[str]) -> None:
        """Name the segment codes; codes never change their meaning."""
        more = names[len(self._names) :]
        rules = [self._policy.rule(name) for name in more]
        self._names.extend(more)
        self.ticked = np.concatenate((self.ticked, np.full(len(more), -np.inf)))
        self.open = np.concatenate((self.open, np.zeros(len(more), dtype=np.bool_)))
        self._own = np.concatenate((self._own, [r.own for r in rules]))
        self._feed = np.concatenate((self._feed, [r.feed for r in rules]))

    def judge(self, segment: int, received: float, now: float, limit: float | None = None) -> Freshness:
        """The verdict on a price whose own last tick came at `received` (monotonic); `limit` overrides `own`."""
        own = float(self._own[segment]) if limit is None else limit
        age, quiet = now - received, now - float(self.ticked[segment])
        if received == -np.inf:
            return Freshness("none", age, own, "It has had no price yet.")
        if not self.open[segment]:
            return Freshness("closed", age, own, "Its session is not open.")
        if quiet > self._feed[segment]:
            return Freshness("stale", age, own, f"No price of {self._names[segment]} has come for {_text(quiet)}.")
        if age > own:
            return Freshness("stale", age, own, f"Its last price is {_text(age)} old; the limit is {_text(own)}.")
        return Freshness("live", age, own)

    def flags(self, slots: Slots, segment: npt.NDArray[np.uint8], now: float) -> npt.NDArray[np.uint32]:
        """Wire flags of all rows, the same verdict as `judge` column-wise; a row without a price is stale."""
        received = slots.received[: slots.size]
        stale = (now - received > self._own[segment]) | (now - self.ticked > self._feed)[segment]
        shut = ~self.open[segment]
        flags = np.where(shut, FLAG_CLOSED, np.where(stale, FLAG_STALE, 0)).astype(np.uint32)
        flags[received == -np.inf] |= FLAG_STALE
        return flags


def _text(seconds: float) -> str:
    if seconds == np.inf:
        return "ever"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
