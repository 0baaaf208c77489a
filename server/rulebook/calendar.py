"""Trading days: weekends, published holidays, special sessions. A year that is not published is unknown."""

from datetime import date, timedelta

import msgspec

from server.rulebook.rows import Row, Rows, unknown

__all__ = ("CALENDAR_OF", "Calendar", "SpecialDay")

CALENDAR_OF = {
    "INDEX": "EQUITY",
    "CASH_FNO_STOCK": "EQUITY",
    "CASH_NON_FNO": "EQUITY",
    "INDEX_FUT": "EQUITY",
    "INDEX_OPT": "EQUITY",
    "STOCK_FUT": "EQUITY",
    "STOCK_OPT": "EQUITY",
    "CDS": "CURRENCY",
    "MCX": "COMMODITY",
}
"""Segment to holiday calendar."""


class _Holidays(Row, frozen=True, kw_only=True):
    calendar: str
    year: int
    closed: frozenset[date]
    evening_only: frozenset[date] = frozenset()
    morning_only: frozenset[date] = frozenset()
    unknown: frozenset[date] = frozenset()


class _Fixed(Row, frozen=True, kw_only=True):
    months_days: frozenset[str]


class _Special(Row, frozen=True, kw_only=True):
    calendar: str
    dates: list[date]
    kind: str
    regular_hours: bool = False


class _Hours(Row, frozen=True, kw_only=True):
    calendar: str
    date: date
    hours: list[tuple[str, str]]


class SpecialDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day out of the ordinary week or hours."""

    kind: str
    regular_hours: bool
    hours: tuple[tuple[str, str], ...]
    """Stretches of continuous trading, India's time; empty when regular or not known."""


class Calendar:
    """Answers by segment and day."""

    def __init__(self, rows: Rows) -> None:
        self._years = rows.table("holidays", _Holidays, lambda r: [f"{r.calendar} {r.year}"])
        self._fixed = frozenset(md for row in rows.take("fixed_holiday", _Fixed) for md in row.months_days)
        hours = {(row.calendar, row.date): tuple(row.hours) for row in rows.take("special_hours", _Hours)}
        self._special = {
            (row.calendar, day): SpecialDay(
                kind=row.kind, regular_hours=row.regular_hours, hours=hours.get((row.calendar, day), ())
            )
            for row in rows.take("special_session", _Special)
            for day in row.dates
        }
        self.tables = {"holidays": self._years}

    def trading_day(self, segment: str, day: date) -> bool:
        """Whether `segment` trades on `day`; Invalid for an unknown segment, year or day."""
        calendar = self._calendar(segment)
        year = self._year(calendar, day)
        if day in year.unknown:
            raise unknown("day", f"No source says whether {segment} traded on {day}.")
        if (calendar, day) in self._special:
            return True
        return day.weekday() < 5 and day not in year.closed

    def special(self, segment: str, day: date) -> SpecialDay | None:
        """What is special about `day`, if anything."""
        return self._special.get((self._calendar(segment), day))

    def half(self, segment: str, day: date) -> str:
        """`evening` or `morning` when only that half trades, else empty."""
        year = self._year(self._calendar(segment), day)
        return "evening" if day in year.evening_only else "morning" if day in year.morning_only else ""

    def step(self, segment: str, day: date, by: int) -> date:
        """The next (by=1) or previous (by=-1) trading day."""
        one = timedelta(days=by)
        day += one
        while not self.trading_day(segment, day):
            day += one
        return day

    def published(self, segment: str, day: date) -> bool:
        """Whether the calendar of the day's year is known."""
        return self._years.at(f"{self._calendar(segment)} {day.year}", day) is not None

    def on_or_before(self, segment: str, day: date) -> date:
        """`day`, or the last ordinary trading day before it: no contract expires in a Muhurat or weekend session.

        In years not yet published only weekends and fixed holidays count."""
        while True:
            if self.published(segment, day):
                special = self.special(segment, day)
                ordinary = day.weekday() < 5 and (special is None or special.regular_hours)
                if ordinary and self.trading_day(segment, day):
                    return day
            elif day.weekday() < 5 and f"{day:%m-%d}" not in self._fixed:
                return day
            day -= timedelta(days=1)

    def _calendar(self, segment: str) -> str:
        calendar = CALENDAR_OF.get(segment)
        if calendar is None:
            raise unknown("segment", f"The rulebook knows no segment {segment}.", remedy=_segments())
        return calendar

    def _year(self, calendar: str, day: date) -> _Holidays:
        row = self._years.at(f"{calendar} {day.year}", day)
        if row is None:
            raise unknown(
                "year",
                f"The trading holidays of {day.year} are not in the rulebook for {calendar.lower()}.",
                field="day",
                remedy="Add them to config/rules/holidays.toml once the exchange has published them.",
            )
        return row


def _segments() -> str:
    return f"Known segments: {', '.join(CALENDAR_OF)}."
