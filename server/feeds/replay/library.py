"""The recorded days as a list to choose from, and one of them made ready to be replayed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from server.core.clock import Clock
from server.core.errors import Invalid, NotFound
from server.domain.instruments import Instrument
from server.domain.recordings import Grain, Replay
from server.feeds.replay.feed import ReplayFeed
from server.feeds.replay.history import RecordedHistory
from server.feeds.replay.known import Known, Span
from server.feeds.replay.listing import list_day
from server.feeds.replay.recordings import Recording, Recordings
from server.feeds.replay.sessions import ReplaySessions
from server.rulebook import Rulebook

__all__ = ("Library",)

_WORDS: Final[dict[Grain, str]] = {
    "ticks": "ticks",
    "snapshots": "snapshots",
    "1m": "one-minute bars",
    "5m": "five-minute bars",
    "15m": "fifteen-minute bars",
}
_YESTERDAY: Final = timedelta(days=5)


class Library:
    """What can be replayed.

    Args:
        plan: whose charges an order would pay.
    """

    def __init__(self, recordings: Recordings, rules: Rulebook, known: Known, plan: str) -> None:
        self._recordings = recordings
        self._rules = rules
        self._known = known
        self._plan = plan

    def replays(self) -> list[Replay]:
        """All recorded days, newest first. Reads the disk: call it in a thread."""
        days: dict[date, list[Recording]] = {}
        for recording in self._recordings.recordings():
            days.setdefault(recording.day, []).append(recording)
        return [self._about(day, days[day]) for day in sorted(days, reverse=True)]

    def replay(self, id: str) -> Replay:  # noqa: A002 - the wire's own word
        """One of them; raises NotFound."""
        return self._about(*self._day(id))

    def feed(self, id: str, clock: Clock, *, speed: float = 1.0, at: datetime | None = None) -> ReplayFeed:  # noqa: A002
        """The day as a feed. Reads the disk: call it in a thread. Raises NotFound, or Invalid for the speed."""
        day, found = self._day(id)
        instruments = list_day(self._rules, self._plan, found)
        recorded = [one for r in found if (one := self._recordings.load(r)) is not None]
        spans = max((self._known.plan(i.segment, day).spans for i in instruments), key=_end)
        return ReplayFeed(
            day,
            instruments,
            recorded,
            spans,
            self._closes(day, instruments),
            clock,
            speed=speed,
            detail=self._detail(found, instruments),
            at=at,
        )

    def sessions(self, day: date) -> ReplaySessions:
        """Session hours for the hub."""
        return ReplaySessions(self._rules, self._known, day)

    def history(self, day: date, now: Callable[[], datetime]) -> RecordedHistory:
        """What its charts look back on."""
        return RecordedHistory(self._recordings, self._known, day, now)

    def grains(self, day: date) -> Mapping[str, Grain]:
        """The coarsest grain of each segment of the day."""
        order = list(_WORDS)
        out: dict[str, Grain] = {}
        for recording in self._recordings.recordings(day):
            segment, grain = recording.instrument.segment, recording.grain
            if segment not in out or order.index(grain) > order.index(out[segment]):
                out[segment] = grain
        return out

    def _day(self, id: str) -> tuple[date, list[Recording]]:  # noqa: A002
        try:
            day = date.fromisoformat(id)
        except ValueError:
            day = date.min
        found = self._recordings.recordings(day)
        if not found:
            raise NotFound(
                f"There is no recorded day {id[:40]!r}.",
                code="replay.unknown",
                field="id",
                value=id[:40],
                remedy="Choose one of the list, or import the files of that day.",
            )
        return day, found

    def _about(self, day: date, found: Sequence[Recording]) -> Replay:
        instruments = list_day(self._rules, self._plan, found)
        return Replay(
            id=day.isoformat(),
            day=day,
            kind=_kind(found),
            instruments=len(found),
            rows=sum(r.rows for r in found),
            faults=len({fault for r in found for fault in r.faults}),
            tradable=sum(i.tradable for i in instruments),
            detail=self._detail(found, instruments),
        )

    def _detail(self, found: Sequence[Recording], instruments: Sequence[Instrument]) -> str:
        bars = [r for r in found if r.grain not in ("ticks", "snapshots")]
        words = []
        if bars:
            made = _kind(bars)
            what = "Made from" if len(bars) == len(found) else f"{len(bars)} of {len(found)} instruments are made from"
            words.append(f"{what} {made}: the order of prices inside a bar is not known.")
        if any(r.grain == "snapshots" for r in found):
            words.append("Option prices are snapshots and stand still between them.")
        barred = [i for i in instruments if i.barred]
        if barred:
            some = "" if len(barred) == 1 else f" ({len(barred)} instruments)"
            words.append(f"{barred[0].barred}{some}")
        elif not any(i.tradable for i in instruments):
            words.append("It holds indices only, which are not traded.")
        return " ".join(words)

    def _closes(self, day: date, instruments: Iterable[Instrument]) -> dict[str, float]:
        """Close of the session before: as that day's bhavcopy states it, or as recorded or published the day before."""
        before = self._before(day)
        out = {}
        for instrument in instruments:
            close = self._recordings.previous_said(instrument.key, day)
            if close is None and before is not None:
                close = self._recordings.close_on(instrument.key, before)
            elif close is None:
                earlier = self._recordings.of_key(instrument.key, day, 1)
                if earlier and day - earlier[0].day <= _YESTERDAY:
                    close = earlier[0].close
            if close is not None:
                out[instrument.key] = close
        return out

    def _before(self, day: date) -> date | None:
        try:
            return self._rules.previous_trading_day(day)
        except Invalid:
            return None


def _kind(found: Iterable[Recording]) -> str:
    grains = {r.grain for r in found}
    return " and ".join(word for grain, word in _WORDS.items() if grain in grains)


def _end(spans: tuple[Span, ...]) -> int:
    return spans[-1].end if spans else 0
