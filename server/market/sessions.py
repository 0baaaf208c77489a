"""Session hours of a market's segments as nanosecond tables, for bars and freshness.

The hours come from the rulebook and only from there. Where it does not know a day (it refuses, never guesses), the
hub falls back to the bare clock: bars lie on the IST clock grid and no phase is claimed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.clock import IST, from_ns, to_ns
from server.core.errors import Invalid

__all__ = ("CLOSED", "TRADING_PHASES", "PhaseNow", "SessionRules", "Sessions", "ist_day", "midnight_ns")

I8 = npt.NDArray[np.int64]
DAY_NS = 86_400_000_000_000
IST_NS = 19_800_000_000_000
"""IST is UTC+05:30 all year; India keeps no summer time."""

CLOSED = "closed"
TRADING_PHASES = frozenset({"continuous", "closing_auction"})
"""Phases whose ticks make bars and the day's open, high and low. Before the opening match quotes are indicative
(real pre-open index values stray by several percent), and the post-close session only repeats the close."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_CLOSING_GRACE_NS = 1_000_000_000  # feeds that stamp whole seconds send the closing tick at the closing second


class SessionRules(Protocol):
    """What the hub asks of the rulebook (`server.rulebook.Rulebook` has it). Unknown days raise Invalid."""

    def trading_day(self, day: date, segment: str = ...) -> bool:
        """Whether the segment trades on that day."""
        ...

    def session(self, segment: str, day: date) -> Any:
        """Object with `.phases`, each with `.name`, `.start`, `.end` (aware UTC)."""
        ...

    def next_trading_day(self, day: date, segment: str = ...) -> date:
        """First trading day after `day`."""
        ...

    def previous_trading_day(self, day: date) -> date:
        """Last trading day before `day`."""
        ...


class PhaseNow(msgspec.Struct, frozen=True):
    """Phase of a segment at a moment, and when it ends (or, closed, when the next one begins; None = not known)."""

    name: str
    until: datetime | None


class DayHours(msgspec.Struct, frozen=True):
    """One segment's phases on one day: names and bounds, in order. `known` is False where the rulebook refuses."""

    names: tuple[str, ...]
    starts: I8
    ends: I8
    known: bool

    @property
    def trading(self) -> tuple[int, int] | None:
        """[first, last) nanosecond of the trading phases, None when there are none."""
        picked = [i for i, name in enumerate(self.names) if name in TRADING_PHASES]
        return (int(self.starts[picked[0]]), int(self.ends[picked[-1]])) if picked else None


def ist_day(ns: int) -> date:
    """IST date of a moment."""
    return date.fromordinal((ns + IST_NS) // DAY_NS + _EPOCH_DAY)


def midnight_ns(day: date) -> int:
    """Nanoseconds of 00:00 IST on a day: the start of day, week and month bars."""
    return (day.toordinal() - _EPOCH_DAY) * DAY_NS - IST_NS


class Sessions:
    """Phases by segment and day, cached; hours of one day are read from the rulebook once."""

    def __init__(self, rules: SessionRules) -> None:
        self._rules = rules
        self._days: dict[tuple[str, date], DayHours] = {}

    def hours(self, segment: str, day: date) -> DayHours:
        """Phases of a segment on a day; a holiday has none."""
        found = self._days.get((segment, day))
        if found is None:
            if len(self._days) > 20_000:
                self._days.clear()
            found = self._days[(segment, day)] = self._read(segment, day)
        return found

    def phase(self, segment: str, at: datetime) -> PhaseNow:
        """Phase at a moment of market time."""
        ns = to_ns(at)
        day = at.astimezone(IST).date()
        hours = self.hours(segment, day)
        for name, start, end in zip(hours.names, hours.starts, hours.ends, strict=True):
            if start <= ns < end:
                return PhaseNow(name, from_ns(int(end)))
            if ns < start:
                return PhaseNow(CLOSED, from_ns(int(start)))
        return PhaseNow(CLOSED, self._next_open(segment, day))

    def previous_day(self, day: date) -> date:
        """The trading day before a day; raises Invalid where the rulebook does not know."""
        return self._rules.previous_trading_day(day)

    def in_trading(self, segment: str, times: I8) -> npt.NDArray[np.bool_]:
        """Which moments lie in a trading phase of their IST day (all of them on a day the rulebook does not know)."""
        out = np.zeros(len(times), dtype=np.bool_)
        days = (times + IST_NS) // DAY_NS
        for number in np.unique(days):
            hours = self.hours(segment, date.fromordinal(int(number) + _EPOCH_DAY))
            span = hours.trading
            if not hours.known:
                out |= days == number
            elif span is not None:
                out |= (times >= span[0]) & (times < span[1] + _CLOSING_GRACE_NS)
        return out

    def clamp(self, segment: str, times: I8) -> I8:
        """Times in the second after the close moved to the last nanosecond of the session."""
        out = times
        for number in np.unique((times + IST_NS) // DAY_NS):
            span = self.hours(segment, date.fromordinal(int(number) + _EPOCH_DAY)).trading
            if span is not None:
                late = (times >= span[1]) & (times < span[1] + _CLOSING_GRACE_NS)
                if late.any():
                    out = np.where(late, span[1] - 1, out)
        return out

    def anchors(self, segment: str, times: I8) -> I8:
        """The boundary each moment's intraday bars count from: the start of its phase, or midnight IST."""
        out = np.empty(len(times), dtype=np.int64)
        days = (times + IST_NS) // DAY_NS
        for number in np.unique(days):
            day = date.fromordinal(int(number) + _EPOCH_DAY)
            here = days == number
            hours = self.hours(segment, day)
            starts = np.concatenate(([midnight_ns(day)], hours.starts))
            out[here] = starts[np.searchsorted(starts, times[here], side="right") - 1]
        return out

    def _read(self, segment: str, day: date) -> DayHours:
        try:
            phases: Sequence[Any] = (
                self._rules.session(segment, day).phases if self._rules.trading_day(day, segment) else ()
            )
        except Invalid:
            return DayHours((), np.empty(0, np.int64), np.empty(0, np.int64), False)
        joined: list[tuple[str, int, int]] = []
        for phase in phases:  # the rulebook tells steps of one phase apart; bars do not
            if joined and joined[-1][0] == phase.name and joined[-1][2] == to_ns(phase.start):
                joined[-1] = (phase.name, joined[-1][1], to_ns(phase.end))
            else:
                joined.append((phase.name, to_ns(phase.start), to_ns(phase.end)))
        starts = np.array([start for _, start, _ in joined], dtype=np.int64)
        ends = np.array([end for _, _, end in joined], dtype=np.int64)
        return DayHours(tuple(name for name, _, _ in joined), starts, ends, True)

    def _next_open(self, segment: str, day: date) -> datetime | None:
        try:
            following = self._rules.next_trading_day(day, segment)
        except Invalid:
            return None
        hours = self.hours(segment, following)
        return from_ns(int(hours.starts[0])) if len(hours.starts) else None
