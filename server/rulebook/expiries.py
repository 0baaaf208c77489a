"""Expiry days: which weekday, which contracts are listed, and where a holiday moves them.

Dates are as they finally were: a contract that the exchange re-dated carries its new date from the start.
"""

import calendar as months
from datetime import date, timedelta
from typing import Literal

import msgspec

from server.rulebook.calendar import Calendar
from server.rulebook.names import Names
from server.rulebook.rows import Row, Rows, unknown

__all__ = ("Expiries", "Expiry")

_SEGMENT = "INDEX_FUT"
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI")
_FAR = 5
"""Years that half-yearly contracts reach ahead; only bounds the search."""


class Expiry(msgspec.Struct, frozen=True, order=True):
    """A listed expiry."""

    date: date
    weekly: bool
    """False for the month's last one."""
    provisional: bool = False
    """The holidays of its year are not published: the exchange may still move it."""


class _ExpiryDay(Row, frozen=True, kw_only=True):
    names: list[str]
    terms: list[Literal["weekly", "monthly"]]
    weekday: Literal["MON", "TUE", "WED", "THU", "FRI"]


class _Listing(Row, frozen=True, kw_only=True):
    names: list[str]
    weeklies: int
    months: int
    quarters: int
    half_years: int


class Expiries:
    """Answers by name and day."""

    def __init__(self, rows: Rows, names: Names, calendar: Calendar) -> None:
        self._names = names
        self._calendar = calendar
        self._days = rows.table("expiry_day", _ExpiryDay, lambda r: [f"{n} {t}" for n in r.names for t in r.terms])
        self._listing = rows.table("listing", _Listing, lambda r: r.names)
        self._cache: dict[tuple[str, date], list[Expiry]] = {}
        self.tables = {"expiry_day": self._days, "listing": self._listing}

    def listed(self, name: str, day: date) -> list[Expiry]:
        """Option expiries listed on `day`, soonest first."""
        key = (name, day)
        if key not in self._cache:
            if len(self._cache) > 4096:
                self._cache.clear()
            self._cache[key] = self._list(name, day)
        return list(self._cache[key])

    def monthlies(self, name: str, day: date, count: int) -> list[date]:
        """The next `count` monthly expiries, one on `day` itself included."""
        found: list[date] = []
        year, month = day.year, day.month
        while len(found) < count:
            expiry = self._monthly(name, year, month)
            if expiry >= day:
                found.append(expiry)
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return found

    def near_until(self, name: str, day: date) -> date:
        """The last of the serial months' expiries; contracts after it are quarterly or half-yearly."""
        row = self._listing.need(self._names.row_key(name), day, "listing")
        return self.monthlies(name, day, row.months)[-1]

    def term(self, name: str, expiry: date) -> str:
        """`monthly` or `weekly`; Invalid when no contract on `name` expires on that day."""
        if self._monthly(name, expiry.year, expiry.month) == expiry:
            return "monthly"
        if expiry in self._weeklies(name, expiry - timedelta(days=7), expiry):
            return "weekly"
        raise unknown("expiry", f"No contract on {name} expires on {expiry}.", remedy="Choose a listed expiry.")

    def _list(self, name: str, day: date) -> list[Expiry]:
        row = self._listing.need(self._names.row_key(name), day, "listing")
        serial = self.monthlies(name, day, row.months)
        dates = set(serial)
        if row.quarters or row.half_years:
            later = [m for m in self._quarterlies(name, serial[-1]) if m > serial[-1]]
            dates.update(later[: row.quarters])
            reached = later[row.quarters - 1] if row.quarters else serial[-1]
            halves = [m for m in later if m > reached and m.month in (6, 12)]
            dates.update(halves[: row.half_years])
        monthly = frozenset(dates)
        if row.weeklies:
            horizon = day + timedelta(days=7 * (row.weeklies + 2))
            weeks = [w for w in self._weeklies(name, day - timedelta(days=1), horizon) if not self._is_monthly(name, w)]
            dates.update(weeks[: row.weeklies])
        return [
            Expiry(d, weekly=d not in monthly, provisional=not self._calendar.published(_SEGMENT, d))
            for d in sorted(dates)
        ]

    def _quarterlies(self, name: str, after: date) -> list[date]:
        return [
            self._monthly(name, year, month)
            for year in range(after.year, after.year + _FAR + 1)
            for month in (3, 6, 9, 12)
        ]

    def _is_monthly(self, name: str, expiry: date) -> bool:
        return self._monthly(name, expiry.year, expiry.month) == expiry

    def _monthly(self, name: str, year: int, month: int) -> date:
        last = date(year, month, months.monthrange(year, month)[1])
        row = self._days.need(f"{self._names.row_key(name)} monthly", last, "expiry_day")
        back = (last.weekday() - _WEEKDAYS.index(row.weekday)) % 7
        return self._calendar.on_or_before(_SEGMENT, last - timedelta(days=back))

    def _weeklies(self, name: str, after: date, until: date) -> list[date]:
        """Weekly expiries in (after, until], months' last ones included."""
        key = f"{self._names.row_key(name)} weekly"
        found = set()
        # a holiday moves an expiry back, so planned days up to a week later are looked at
        day = after + timedelta(days=1)
        while day <= until + timedelta(days=7):
            row = self._days.at(key, day)
            if row is not None and _WEEKDAYS.index(row.weekday) == day.weekday():
                actual = self._calendar.on_or_before(_SEGMENT, day)
                if after < actual <= until:
                    found.add(actual)
            day += timedelta(days=1)
        return sorted(found)
