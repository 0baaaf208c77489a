"""Session hours of a replayed day for the hub: the rulebook's, and where its calendar begins too late, the recorded
day itself with the hours of its time."""

from datetime import date, datetime
from typing import Any

import msgspec

from server.core.clock import from_ns
from server.core.errors import Invalid
from server.feeds.replay.known import Known
from server.rulebook import Rulebook

__all__ = ("ReplaySessions",)


class _Phase(msgspec.Struct, frozen=True):
    name: str
    start: datetime
    end: datetime


class _Session(msgspec.Struct, frozen=True):
    phases: tuple[_Phase, ...]


class ReplaySessions:
    """Implements what the hub asks of session rules."""

    def __init__(self, rules: Rulebook, known: Known, day: date) -> None:
        self._rules = rules
        self._known = known
        self._day = day

    def trading_day(self, day: date, segment: str = "CASH_FNO_STOCK") -> bool:
        """Whether the segment trades; a recorded day did."""
        return day == self._day or self._rules.trading_day(day, segment)

    def session(self, segment: str, day: date) -> Any:
        """Object with `.phases`; raises Invalid where the hours are not known."""
        plan = self._known.plan(segment, day)
        if day != self._day or plan.trades is not None:
            return self._rules.session(segment, day)
        if not plan.spans:
            raise Invalid(plan.note, code="rules.unknown_hours", field="day")
        return _Session(tuple(_Phase("continuous", from_ns(s.start), from_ns(s.end)) for s in plan.spans))

    def next_trading_day(self, day: date, segment: str = "CASH_FNO_STOCK") -> date:
        """First trading day after `day`."""
        return self._rules.next_trading_day(day)

    def previous_trading_day(self, day: date) -> date:
        """Last trading day before `day`."""
        return self._rules.previous_trading_day(day)
