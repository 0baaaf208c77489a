"""Which phase a segment is in, remembered until it changes, so that a tick does not ask the rulebook again."""

from datetime import date, datetime, timedelta

from server.core.clock import IST
from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.rulebook import Rulebook
from server.rulebook.sessions import Phase, Session

__all__ = ("Sessions", "session_day")


def session_day(at: datetime) -> date:
    """Indian calendar date of a market time."""
    return at.astimezone(IST).date()


class Sessions:
    """Sessions of all segments, cached by day. Days the rulebook does not know raise its Invalid."""

    def __init__(self, rules: Rulebook) -> None:
        self._rules = rules
        self._sessions: dict[tuple[str, date], Session | None] = {}

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
        session = self.session(segment, session_day(at))
        return session.at(at) if session else None

    def next_change(self, segment: str, at: datetime) -> datetime:
        """When the phase of `segment` next begins or ends today; the day's end when it does not
        (or when the rulebook does not know the day)."""
        day = session_day(at)
        try:
            session = self.session(segment, day)
        except Invalid:
            session = None
        edges = [edge for phase in session.phases for edge in (phase.start, phase.end)] if session else []
        later = [edge for edge in edges if edge > at]
        return min(later) if later else datetime.combine(day + timedelta(days=1), datetime.min.time(), IST)

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
