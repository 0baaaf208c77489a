"""The simulated market's own session clock: when each part of a day opens and ends, out of the rulebook."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from server.core.clock import IST, to_ns
from server.core.errors import Invalid
from server.rulebook import Rulebook
from server.rulebook.sessions import Session

__all__ = ("LEAD_IN", "SECOND", "STEP", "STEPS", "DaySchedule", "first_day", "next_day", "schedule", "sessions_until")

SECOND = 1_000_000_000
STEPS = 4
"""Steps a second."""
STEP = SECOND // STEPS
LEAD_IN = 10
"""Seconds of pre-open shown before the opening."""


class DaySchedule(msgspec.Struct, frozen=True, kw_only=True):
    """Moments of one session day, nanoseconds UTC."""

    day: date
    start: int
    """Where the simulated day begins: a little before the opening."""
    open: int
    """Continuous trading begins, in shares and derivatives alike."""
    spot_close: int
    """Shares stop trading continuously; indices stop moving."""
    auction: int | None
    """The closing auction's match: one print at the equilibrium price. None before the auctions existed."""
    fno_close: int
    """Derivatives stop."""
    index_end: int
    """India VIX stops, with the last phase of the indices."""

    @property
    def end(self) -> int:
        """The last print of the day."""
        return max(self.fno_close, self.spot_close, self.auction or 0)

    @property
    def seconds(self) -> int:
        """Whole seconds from the opening to the end."""
        return -(-(self.end - self.open) // SECOND)

    @property
    def opening_minute(self) -> int:
        """Minutes after midnight IST of the opening, for the shape of the day."""
        local = datetime.fromtimestamp(self.open // SECOND, tz=IST)
        return local.hour * 60 + local.minute


def schedule(rulebook: Rulebook, day: date) -> DaySchedule:
    """The day's moments; raises Invalid when it is not a trading day the rulebook knows."""
    spot = rulebook.session("CASH_FNO_STOCK", day)
    fno = rulebook.session("INDEX_OPT", day)
    index = rulebook.session("INDEX", day)
    return DaySchedule(
        day=day,
        start=to_ns(spot.open) - LEAD_IN * SECOND,
        open=to_ns(spot.open),
        spot_close=to_ns(spot.close),
        auction=_match(spot),
        fno_close=to_ns(fno.close),
        index_end=min(to_ns(index.end), to_ns(fno.close)),
    )


def _match(session: Session) -> int | None:
    """When the closing auction matches: at the start of the phase after order entry, or, where entry runs to the
    auction's end, in its last second."""
    auction = [p for p in session.phases if p.name == "closing_auction"]
    entry = [p for p in auction if p.order_types]
    if not entry:
        return None
    matching = [p for p in auction if not p.order_types and p.start >= entry[-1].end]
    return to_ns(matching[0].start) if matching else to_ns(auction[-1].end) - SECOND


def first_day(rulebook: Rulebook, today: date) -> date:
    """`today` if it is a trading day, else the next one.

    Where no holidays are known for its year yet, the same date of the latest year that is known: a simulation must
    start on any day."""
    day = today
    for _ in range(12):
        try:
            return day if rulebook.trading_day(day) else rulebook.next_trading_day(day)
        except Invalid:
            day = day - timedelta(days=364)  # keeps the weekday
    raise Invalid(
        f"No trading calendar reaches {today.isoformat()} or the years before it",
        code="simulator.calendar",
        field="day",
        value=today,
        remedy="Add the holidays of a year to config/rules.",
    )


def sessions_until(rulebook: Rulebook, day: date, ends: Sequence[date]) -> list[float]:
    """Sessions after `day` up to and with each of the dates; where no holidays are known yet, by the usual 252 a
    year."""
    known: list[date] = []
    last = day
    while last < max(ends, default=day):
        try:
            if rulebook.trading_day(last + timedelta(days=1)):
                known.append(last + timedelta(days=1))
        except Invalid:
            break
        last += timedelta(days=1)
    return [bisect_right(known, end) + max(0, (end - last).days) * 252.0 / 365.0 for end in ends]


def next_day(rulebook: Rulebook, day: date) -> date | None:
    """The next trading day; None where the known calendar ends."""
    try:
        return rulebook.next_trading_day(day)
    except Invalid:
        return None
