"""Bar lengths as the store keeps them, and where a bar that holds a moment begins.

Bars up to an hour lie on the grid that 09:15 IST is on (for a minute and less that is the clock's own grid). Day, week
and month bars begin at 00:00 IST of the date, the Monday, the first of the month, as in `server.market.intervals`.
"""

from datetime import date

from server.core.errors import Invalid

__all__ = ("DAY", "MINUTE", "SPANS", "bucket_sql", "bucket_start", "span_of")

MINUTE = 60
DAY = 86_400
WEEK = 604_800
MONTH = 2_592_000
SPANS = {
    "1s": 1,
    "5s": 5,
    "15s": 15,
    "30s": 30,
    "1m": MINUTE,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "1d": DAY,
    "1w": WEEK,
    "1M": MONTH,
}
"""Seconds by name; a month stands as 30 days, a code only."""

_SECOND_NS = 1_000_000_000
_DAY_NS = DAY * _SECOND_NS
_IST_NS = 19_800 * _SECOND_NS
_OPEN_NS = 13_500 * _SECOND_NS  # 09:15 IST is 03:45 UTC
_MONDAY = 4  # 1970-01-05
_EPOCH = date(1970, 1, 1).toordinal()


def span_of(interval: str) -> int:
    """Seconds of an interval's name; raises Invalid."""
    span = SPANS.get(interval)
    if span is None:
        raise Invalid(
            f"There are no {interval[:20]!r} bars.",
            code="bars.interval",
            field="interval",
            value=interval[:20],
            remedy=f"Use one of {', '.join(SPANS)}.",
        )
    return span


def bucket_start(span: int, ns: int) -> int:
    """Start (ns) of the bar of this length that a moment lies in."""
    if span < DAY:
        width = span * _SECOND_NS
        return ns - (ns - _OPEN_NS) % width
    day = (ns + _IST_NS) // _DAY_NS
    if span == WEEK:
        day -= (day - _MONDAY) % 7
    elif span == MONTH:
        day = date.fromordinal(day + _EPOCH).replace(day=1).toordinal() - _EPOCH
    return day * _DAY_NS - _IST_NS


def bucket_sql(span: int, column: str) -> str:
    """The same as an SQL expression over a column of nanoseconds (not before 1970)."""
    if span < DAY:
        return f"{column} - ({column} - {_OPEN_NS}) % {span * _SECOND_NS}"
    day = f"(({column} + {_IST_NS}) // {_DAY_NS})"
    if span == WEEK:
        day = f"({day} - ({day} - {_MONDAY}) % 7)"
    elif span == MONTH:
        day = f"datediff('day', DATE '1970-01-01', date_trunc('month', DATE '1970-01-01' + {day}::INTEGER))"
    return f"{day} * {_DAY_NS} - {_IST_NS}"
