"""Which phase a segment is in, remembered until it changes, so that a tick does not ask the rulebook again."""

from datetime import UTC, date, datetime, timedelta

from server.core.clock import IST, india_day
from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.rulebook import Rulebook
from server.rulebook.sessions import Phase, Session

__all__ = ("Sessions", "session_day")


def session_day(at: datetime) -> date:
    """Indian calendar date of a market time."""
    return india_day(at)


class Sessions:
    """Sessions of all segments, cached by day. Days the rulebook does not know raise its Invalid."""

    def __init__(self, rules: Rulebook) -> None:
        self._rules = rules
        self._sessions: dict[tuple[str, date], Session | None] = {}
        self._windows: dict[str, tuple[datetime, datetime, Phase | None]] = {}

    def session(self, segment: str, day: date) -> Session | None:
        """The session of a day; None when the segment does not trade then."""
        place = (segment, day)
        if place not in self._sessions:
            if len(self._sessions) > 256:
                self._sessions.clear()
            trades = self._rules.trading_day(day, segment)
            self._sessions[place] = self._rules.session(segment, day) if trades else None
        return self._sessions[place]

    def phase(self, segment: str, at: datetime) -> Phase | None:
        """The phase at a moment; None = closed."""
        return self._window(segment, at)[2]

    def next_change(self, segment: str, at: datetime) -> datetime:
        """When the phase of `segment` next begins or ends today; the day's end when it does not
        (or when the rulebook does not know the day)."""
        try:
            return self._window(segment, at)[1]
        except Invalid:
            return _midnight_after(session_day(at))

    def _window(self, segment: str, at: datetime) -> tuple[datetime, datetime, Phase | None]:
        """(from, until, phase): the stretch of time around `at` in which nothing changes."""
        known = self._windows.get(segment)
        if known is not None and known[0] <= at < known[1]:
            return known
        day = session_day(at)
        session = self.session(segment, day)
        edges = {edge for phase in session.phases for edge in (phase.start, phase.end)} if session else set()
        since = max((e for e in edges if e <= at), default=_midnight_after(day - timedelta(days=1)))
        until = min((e for e in edges if e > at), default=_midnight_after(day))
        self._windows[segment] = known = (since, until, session.at(at) if session else None)
        return known

    def ends(self, instrument: Instrument, phase: Phase, day: date) -> datetime:
        """When an order that enters in `phase` expires: after the closing auction if any, else with trading."""
        session = self.session(instrument.segment, day)
        auctions = [p.end for p in session.phases if p.name == "closing_auction"] if session else []
        if phase.name == "post_close":
            return phase.end
        return auctions[-1] if auctions else self._rules.trading_end(instrument, day)

    def good_day(self, segment: str, created: datetime) -> date:
        """The session day an after-market order made at `created` is good for: today if still to come, or the next."""
        day = session_day(created)
        session = self.session(segment, day)
        if session is not None and created < session.open:
            return day
        return self._rules.next_trading_day(day, segment)


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), IST).astimezone(UTC)
