"""Bar intervals: their lengths, where each bar starts, and folding finer bars into coarser ones.

Intraday bars count from the start of the session phase they lie in, so no bar reaches over a session boundary (an
hour bar of shares runs 09:15-10:15 and the last one is short). Day, week and month bars start at 00:00 IST of the
session date, the Monday, or the first of the month.
"""

from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.market.ports import BarColumns
from server.market.sessions import DAY_NS, IST_NS, Sessions

__all__ = (
    "INTERVALS",
    "MINUTE_NS",
    "Interval",
    "bar_starts",
    "clip_bars",
    "empty_bars",
    "fold_bars",
    "interval",
    "overlay",
)

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
_MONDAY = 4  # 1970-01-05 was a Monday: day number 4


class Interval(msgspec.Struct, frozen=True):
    """One bar length; `seconds` is also its code on the wire (a month counts as 30 days there)."""

    name: str
    seconds: int

    @property
    def ns(self) -> int:
        """Length in nanoseconds; for a month only a nominal one."""
        return self.seconds * SECOND_NS

    @property
    def intraday(self) -> bool:
        """Shorter than a day."""
        return self.seconds < 86_400

    @property
    def fine(self) -> bool:
        """Shorter than a minute: folded from ticks, not from minute bars."""
        return self.seconds < 60


INTERVALS: dict[str, Interval] = {
    name: Interval(name, seconds)
    for name, seconds in (
        ("1s", 1),
        ("5s", 5),
        ("15s", 15),
        ("30s", 30),
        ("1m", 60),
        ("3m", 180),
        ("5m", 300),
        ("15m", 900),
        ("30m", 1_800),
        ("1h", 3_600),
        ("1d", 86_400),
        ("1w", 604_800),
        ("1M", 2_592_000),
    )
}


def interval(name: str) -> Interval:
    """The interval of a name; raises Invalid with the list of those there are."""
    found = INTERVALS.get(name)
    if found is None:
        raise Invalid(
            f"There are no {name[:20]!r} bars.",
            code="bars.interval",
            field="interval",
            value=name[:20],
            remedy=f"Use one of {', '.join(INTERVALS)}.",
        )
    return found


def bar_starts(kind: Interval, times: I8, sessions: Sessions, segment: str) -> I8:
    """Start (ns) of the bar that each moment of one segment lies in."""
    if kind.seconds <= 60:  # phases start on whole minutes
        return times - times % kind.ns
    if kind.intraday:
        anchors = sessions.anchors(segment, times)
        return times - (times - anchors) % kind.ns
    days = (times + IST_NS) // DAY_NS
    if kind.name == "1w":
        days = days - (days - _MONDAY) % 7
    elif kind.name == "1M":
        epoch = date(1970, 1, 1).toordinal()
        unique, place = np.unique(days, return_inverse=True)
        firsts = [date.fromordinal(int(d) + epoch).replace(day=1).toordinal() - epoch for d in unique]
        days = np.array(firsts, dtype=np.int64)[place]
    return days * DAY_NS - IST_NS


def empty_bars() -> BarColumns:
    """No bars."""
    whole, real = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    return BarColumns(whole, real, real, real, real, whole, whole)


def overlay(*parts: BarColumns) -> BarColumns:
    """Parts put together in time order, later parts the newer knowledge of the same bar where starts are equal:
    open of the first, close and open interest of the last, the widest range, the larger volume."""
    some = [p for p in parts if len(p.start_ns)]
    if len(some) <= 1:
        return some[0] if some else empty_bars()
    start = np.concatenate([p.start_ns for p in some])
    order = np.argsort(start, kind="stable")
    start = start[order]
    first = np.flatnonzero(np.append(True, start[1:] != start[:-1]))
    last = np.append(first[1:], len(start)) - 1
    return BarColumns(
        start[first],
        np.concatenate([p.open for p in some])[order][first],
        np.maximum.reduceat(np.concatenate([p.high for p in some])[order], first),
        np.minimum.reduceat(np.concatenate([p.low for p in some])[order], first),
        np.concatenate([p.close for p in some])[order][last],
        np.maximum.reduceat(np.concatenate([p.volume for p in some])[order], first),
        np.concatenate([p.oi for p in some])[order][last],
    )


def clip_bars(bars: BarColumns, end_ns: int, limit: int) -> BarColumns:
    """The newest `limit` bars that start before `end_ns`."""
    stop = int(np.searchsorted(bars.start_ns, end_ns))
    pick = slice(max(0, stop - limit), stop)
    return BarColumns(*(getattr(bars, name)[pick] for name in BarColumns.__struct_fields__))


def fold_bars(bars: BarColumns, starts: I8) -> BarColumns:
    """Finer bars, oldest first, folded into those that begin at `starts` (one entry a finer bar, not decreasing)."""
    if len(starts) == 0:
        return empty_bars()
    first = np.flatnonzero(np.append(True, starts[1:] != starts[:-1]))
    last = np.append(first[1:], len(starts)) - 1
    return BarColumns(
        starts[first],
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
        np.add.reduceat(bars.volume, first),
        bars.oi[last],
    )
