"""Markets outside India, in the words the rest of the house uses: sessions by India's calendar day.

The order path and the hub think in days of India. A session in New York runs across midnight there, so each day of
India has the parts of foreign sessions that fall into it, as phases; the Friday session's last hours are Saturday's
first. Crypto has one phase from midnight to midnight.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from server.core.clock import IST
from server.core.errors import Invalid
from server.rulebook.margins import MarginRules
from server.rulebook.rows import Row, Rows, unknown
from server.rulebook.sessions import Phase, Session

__all__ = ("Abroad",)

_DAY = timedelta(days=1)
_LOOK = 10
"""Calendar days to look for the next session."""
_FAR = Decimal(10)


class _Hours(Row, frozen=True, kw_only=True):
    segments: list[str]
    zone: str
    weekdays: list[int]
    hours: tuple[str, str]
    early: str = ""
    opens_the_day_before: bool = False
    orders: frozenset[str]
    upfront: float
    until: date | None = None


class _Holidays(Row, frozen=True, kw_only=True):
    segments: list[str]
    closed: frozenset[date]
    early: frozenset[date] = frozenset()


class Abroad:
    """Answers by segment and day of India."""

    def __init__(self, rows: Rows) -> None:
        self._hours = rows.table("abroad", _Hours, lambda r: r.segments)
        self._holidays = rows.table("abroad_holiday", _Holidays, lambda r: r.segments)
        self._segments = frozenset(self._hours)
        self.tables = {"abroad": self._hours, "abroad_holiday": self._holidays}

    def has(self, segment: str) -> bool:
        """Whether the segment is one of these."""
        return segment in self._segments

    def session(self, segment: str, day: date) -> Session | None:
        """What of its sessions falls into a day of India; None = nothing. Invalid past the published calendar."""
        row = self._hours.need(segment, day)
        begin = datetime.combine(day, time(), IST).astimezone(UTC)
        end = begin + _DAY
        phases: list[Phase] = []
        for there in (day - _DAY, day, day + _DAY):
            span = self._span(segment, row, there)
            if span is None or span[1] <= begin or span[0] >= end:
                continue
            first, last = max(span[0], begin), min(span[1], end)
            if phases and phases[-1].end == first:  # one stretch: crypto, the currency week
                first = phases.pop().start
            phases.append(
                Phase(
                    name="continuous",
                    start=first,
                    end=last,
                    order_types=row.orders,
                    validities=frozenset({"DAY", "IOC"}),
                    detail="continuous trading",
                )
            )
        return Session(segment=segment, day=day, kind="regular", phases=tuple(phases)) if phases else None

    def step(self, segment: str, day: date, by: int) -> date:
        """The next (1) or previous (-1) day of India with a session."""
        for n in range(1, _LOOK + 1):
            there = day + n * by * _DAY
            if self.session(segment, there) is not None:
                return there
        raise unknown("day", f"{segment} has no session within {_LOOK} days of {day}.", field="day")

    def types(self, segment: str, day: date) -> frozenset[str]:
        """Order types taken."""
        return self._hours.need(segment, day).orders

    def band(self, reference: Decimal, tick: Decimal) -> tuple[Decimal, Decimal]:
        """No exchange there gives a daily band as India's do: a tenth to tenfold catches slips of the finger only."""
        if not reference.is_finite() or reference <= 0:
            raise Invalid(f"A price band needs a price above zero, not {reference}.", code="rules.price", field="price")
        low = (reference / _FAR // tick) * tick
        return max(low, tick), (reference * _FAR // tick) * tick

    def margins(self, segment: str, day: date) -> MarginRules:
        """Margin of a holding as a fraction of its value; scenarios are India's and do not apply."""
        row = self._hours.need(segment, day)
        return MarginRules(
            index=False,
            price_scan=row.upfront,
            price_scan_sigmas=0.0,
            vol_scan=0.0,
            vol_scan_share=0.0,
            price_moves=(-1.0, 1.0),
            vol_moves=(0.0, 0.0),
            shares=(1.0, 1.0),
            calendar_charge=0.0,
            calendar_benefit=True,
            short_option_minimum=row.upfront,
            exposure=0.0,
            exposure_calendar=0.0,
            expiry_day_short=0.0,
            delivery_held=0.0,
            delivery_value=0.0,
            delivery_times=0.0,
            equity_upfront=row.upfront,
            rate=0.0,
            source=row.source,
            conf=row.conf,
        )

    def _span(self, segment: str, row: _Hours, there: date) -> tuple[datetime, datetime] | None:
        """Start and end (UTC) of the session of a date over there."""
        if row.until is not None and there > row.until:
            raise unknown("day", f"The calendar of {segment} is published up to {row.until}.", field="day")
        holidays = self._holidays.at(segment, there)
        if there.isoweekday() not in row.weekdays or (holidays is not None and there in holidays.closed):
            return None
        zone = ZoneInfo(row.zone)
        close = row.early if holidays is not None and there in holidays.early else row.hours[1]
        start = _moment(there - _DAY if row.opens_the_day_before else there, row.hours[0], zone)
        return start, _moment(there, close, zone)


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hours, minutes = clock.split(":")
    whole = datetime.combine(day, time(), zone) if clock == "24:00" else None
    if whole is not None:
        return datetime.combine(day + _DAY, time(), zone).astimezone(UTC)
    return datetime.combine(day, time(int(hours), int(minutes)), zone).astimezone(UTC)
