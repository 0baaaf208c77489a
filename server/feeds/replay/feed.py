"""A recorded day as a feed: it is shown again at its own times, at any speed, from any moment of the day.

Nothing is made up: each tick is a row of a file, or one of the four prices of a bar, or a leg of a snapshot. Market
time runs from the first tick to the end of trading, or to the last tick where the recording stops early; there the
feed stands `ended`, and can be sought back.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from server.core.clock import IST, Clock, from_ns, to_ns
from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.feeds.replay.clean import MINUTE, SECOND
from server.feeds.replay.known import Span
from server.feeds.replay.recordings import Recorded
from server.feeds.replay.tape import SOURCE, Tape
from server.market.ports import FeedState, TickBatch

__all__ = ("FASTEST", "ReplayFeed")

FASTEST: Final = 3_600.0
"""Speeds above this, and 0, mean as fast as it goes."""
_POLL: Final = 0.25
_BEHIND: Final = 2.0
"""Wall seconds of delay after which market time waits rather than rushes."""
_STEP: Final = SECOND
"""Longest stretch of market time sent at once: orders see each second's prices."""
_EARLY: Final = 5 * MINUTE


class ReplayFeed:
    """A `server.market.ports.Feed` (and `Rewindable`) over one recorded day.

    Args:
        day: the day.
        instruments: in the order of the market's rows, with the facts of the day.
        recorded: their rows, in any order.
        spans: trading hours; empty where they are not known.
        closes: previous closes by key, where known.
        clock: wall clock.
        speed: market seconds a wall second; 0 = as fast as it goes.
        detail: what the screen says of it.
        at: market time to begin at; None = the beginning.
    """

    source = SOURCE

    def __init__(
        self,
        day: date,
        instruments: Sequence[Instrument],
        recorded: Sequence[Recorded],
        spans: Sequence[Span],
        closes: Mapping[str, float],
        clock: Clock,
        *,
        speed: float = 1.0,
        detail: str = "",
        at: datetime | None = None,
    ) -> None:
        if not recorded:
            raise Invalid(f"Nothing is recorded of {day}.", code="replay.day", field="id")
        self._day = day
        self._instruments = list(instruments)
        self._tape = Tape(recorded, {instrument.key: row for row, instrument in enumerate(instruments)})
        self._closes = dict(closes)
        self._clock = clock
        self._detail = detail
        first, last = int(self._tape.time[0]), int(self._tape.time[-1])
        close = spans[-1].end if spans else 0
        self._hours = (spans[0].start, close) if spans else None
        self._whole = not spans or first <= spans[0].start + MINUTE
        self._first = first - first % MINUTE
        self._last = max(last + SECOND, close + MINUTE) if close - last <= _EARLY else last + SECOND
        self._speed = _check_speed(speed)
        self._paused = False
        self._jumped = True
        self._next = 0
        self._steered = asyncio.Event()
        self._anchor_ns, self._anchor_mono = self._first, clock.monotonic()
        if at is not None:
            self._go(to_ns(at))

    def instruments(self) -> list[Instrument]:
        """All instruments of the day."""
        return list(self._instruments)

    def now(self) -> datetime:
        """Market time, aware UTC."""
        return from_ns(self._now_ns())

    def state(self) -> FeedState:
        """running, paused, or ended at the end of the recording."""
        now = self._now_ns()
        name = "ended" if now >= self._last else "paused" if self._paused else "running"
        return FeedState(
            source=SOURCE,
            state=name,
            market_time=from_ns(now),
            day=self._day,
            speed=self._speed,
            detail=self._detail,
        )

    def previous_closes(self) -> dict[str, float]:
        """Closes of the session before, where they are recorded or published."""
        return dict(self._closes)

    def so_far(self) -> dict[str, tuple[float, float, float, int]]:
        """See `market.ports.Rewindable`."""
        figures = self._tape.so_far(self._next, self._hours, whole=self._whole)
        return {self._instruments[row].key: found for row, found in figures.items()}

    async def run(self, sink: Callable[[TickBatch], None], on_day: Callable[[date], None]) -> None:
        """Bring ticks until cancelled; at the end stand still, until sought back."""
        on_day(self._day)
        self._jumped = True
        while True:
            if self._jumped:
                self._jumped = False
                if (state := self._tape.state(self._next)) is not None:
                    sink(state)
            if self._paused or self._now_ns() >= self._last:
                await self._rest()
            elif self._speed == 0:
                await self._rush(sink)
            else:
                await self._advance(sink)

    def control(self, action: str, **arguments: Any) -> FeedState:
        """Steer it; returns its new state. Raises Invalid for what cannot be done.

        play, pause; seek(to=) forward or back within the day; speed(value=), 0 or above 3,600 = as fast as it goes.
        play at the end begins the day again."""
        match action:
            case "play":
                if self._now_ns() >= self._last:
                    self._go(self._first)
                else:
                    self._stand(self._now_ns())
                self._paused = False
            case "pause":
                self._stand(self._now_ns())
                self._paused = True
            case "speed":
                speed = _check_speed(arguments.get("value"))
                self._stand(self._now_ns())
                self._speed = speed
            case "seek":
                self._seek(arguments.get("to"))
            case _:
                raise Invalid(
                    f"A replay has no action {action!r}.",
                    code="replay.action",
                    field="action",
                    value=action,
                    remedy="Use play, pause, seek or speed.",
                )
        self._steered.set()
        return self.state()

    # time

    def _now_ns(self) -> int:
        if self._paused or self._speed == 0:
            return self._anchor_ns
        gone = round((self._clock.monotonic() - self._anchor_mono) * self._speed * SECOND)
        return min(self._anchor_ns + gone, self._last)

    def _stand(self, moment: int) -> None:
        """Count on from `moment`."""
        self._anchor_ns, self._anchor_mono = moment, self._clock.monotonic()

    def _go(self, moment: int) -> None:
        """Be elsewhere in the day: what comes next is what lies after it."""
        self._stand(min(max(moment, self._first), self._last))
        self._next = self._tape.until(self._anchor_ns)
        self._jumped = True

    def _seek(self, to: object) -> None:
        if not isinstance(to, datetime) or to.tzinfo is None:
            raise _no_seek("Give the moment as a time with its zone.", str(to))
        moment = to_ns(to)
        if to.astimezone(IST).date() != self._day:
            raise _no_seek(f"Choose a moment of {self._day:%d %b %Y}.", to.isoformat())
        self._go(moment)

    async def _rest(self) -> None:
        """Stand still for a moment, or until somebody steers."""
        self._steered.clear()
        waits = [asyncio.ensure_future(self._clock.sleep(_POLL)), asyncio.ensure_future(self._steered.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _advance(self, sink: Callable[[TickBatch], None]) -> None:
        """Send what is due, a second of market time at once at most; wait when nothing is."""
        tape, now = self._tape, self._now_ns()
        begin = self._next
        if begin >= len(tape) or (due := int(tape.time[begin])) > now:
            left = ((self._last if begin >= len(tape) else due) - now) / SECOND / self._speed
            await self._clock.sleep(min(max(left, 0.001), _POLL))
            return
        if (now - due) / SECOND / self._speed > _BEHIND:
            self._stand(due)
            now = due
        self._send(begin, min(tape.until(due + _STEP), tape.until(now + 1)), sink)
        await self._clock.sleep(0)  # let others breathe between batches

    async def _rush(self, sink: Callable[[TickBatch], None]) -> None:
        tape, begin = self._tape, self._next
        if begin >= len(tape):
            self._anchor_ns = min(self._anchor_ns + MINUTE, self._last)  # square-off and settlement have their moment
        else:
            due = int(tape.time[begin])
            end = tape.until(due + _STEP)
            self._anchor_ns = max(self._anchor_ns, int(tape.time[end - 1]))
            self._send(begin, end, sink)
        await self._clock.sleep(0)

    def _send(self, begin: int, end: int, sink: Callable[[TickBatch], None]) -> None:
        self._next = end
        sink(self._tape.batch(begin, end))


def _check_speed(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise Invalid(
            "The speed must be a number from 0.",
            code="replay.speed",
            field="value",
            value=value,
            remedy="Use 1 for the pace of the day, 60 for a minute a second, 0 for as fast as it goes.",
        )
    speed = float(value)
    return 0.0 if speed > FASTEST else speed


def _no_seek(remedy: str, value: str) -> Invalid:
    return Invalid("The replay cannot go there.", code="replay.seek", field="to", value=value, remedy=remedy)
