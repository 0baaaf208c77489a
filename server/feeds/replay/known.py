"""What is known of an older day apart from the rulebook: hours before its calendar begins, price levels of indices.

Read from `config/recordings.toml`. Everything here can answer "not known"; the import then says so in its report.
"""

import tomllib
from datetime import date, datetime, time
from pathlib import Path

import msgspec

from server.core.clock import IST, to_ns
from server.core.errors import Invalid
from server.rulebook import Rulebook

__all__ = ("DayPlan", "Known", "Span")

_MARGIN = 1.08
"""How far outside a year's closes a price may still lie, as a factor: intraday extremes."""


class Span(msgspec.Struct, frozen=True):
    """A stretch of trading, nanoseconds UTC, [start, end)."""

    start: int
    end: int


class DayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """When a segment traded on a day, as far as that is known."""

    spans: tuple[Span, ...]
    """Stretches of trading; empty when nothing is known of the hours, or the day had none."""
    trades: bool | None
    """Whether it was a trading day; None = the calendar of that year is not known."""
    note: str = ""
    """What could not be checked, in a sentence."""


class _Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    open: str
    close: str
    source: str
    since: date | None = msgspec.field(name="from", default=None)
    to: date


class _Level(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    year: int
    low: float
    high: float
    source: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hours: list[_Hours]
    level: list[_Level]


class Known:
    """Answers by day; see the module's text."""

    def __init__(self, file: Path, rules: Rulebook) -> None:
        self._rules = rules
        rows = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _File)
        self._hours = rows.hours
        self._levels = {(row.name, row.year): row for row in rows.level}
        self._plans: dict[tuple[str, date], DayPlan] = {}

    def plan(self, segment: str, day: date) -> DayPlan:
        """Hours of a segment on a day."""
        key = (segment, day)
        if key not in self._plans:
            if len(self._plans) > 20_000:
                self._plans.clear()
            self._plans[key] = self._find(segment, day)
        return self._plans[key]

    def fits(self, name: str, day: date, price: float) -> bool | None:
        """Whether an index may have stood at `price` on `day`; None = its level then is not known."""
        row = self._levels.get((name, day.year))
        return None if row is None else row.low / _MARGIN <= price <= row.high * _MARGIN

    def levels(self, day: date, price: float) -> list[str]:
        """Indices that may have stood at `price` on `day`, of those whose level is known."""
        return [name for name, year in self._levels if year == day.year and self.fits(name, day, price)]

    def _find(self, segment: str, day: date) -> DayPlan:
        try:
            if not self._rules.trading_day(day, segment):
                return DayPlan(spans=(), trades=False)
        except Invalid:
            return self._older(day)
        try:
            phases = self._rules.session(segment, day).phases
        except Invalid as error:
            return DayPlan(spans=(), trades=True, note=f"{error.detail} Hours were not checked.")
        spans: list[Span] = []
        for phase in phases:
            if phase.name in ("continuous", "closing_auction"):
                start, end = to_ns(phase.start), to_ns(phase.end)
                if spans and spans[-1].end == start:
                    spans[-1] = Span(spans[-1].start, end)
                else:
                    spans.append(Span(start, end))
        return DayPlan(spans=tuple(spans), trades=True)

    def _older(self, day: date) -> DayPlan:
        note = f"The calendar of {day.year} is not known: whether {day:%d %b %Y} was a trading day was not checked."
        for row in self._hours:
            if (row.since is None or day >= row.since) and day <= row.to:
                ends = (
                    to_ns(datetime.combine(day, time.fromisoformat(row.open), IST)),
                    to_ns(datetime.combine(day, time.fromisoformat(row.close), IST)),
                )
                return DayPlan(spans=(Span(*ends),), trades=None, note=note)
        return DayPlan(spans=(), trades=None, note=f"{note} Its hours are not known either.")
