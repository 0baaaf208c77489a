"""The simulated market as a feed: its clock, its days one after another, its controls, its snapshot.

What is printed at a moment of market time depends on the seed, the day and the scenario changes alone; this class
only decides when it is shown. Wall time enters through the injected clock, and only as pace: a machine that was too
busy, or asleep, finds the market where it left it.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, Final

import numpy as np

from server.core.clock import IST, Clock, from_ns, to_ns
from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.feeds.simulator.catalogue import known_levels, list_cash
from server.feeds.simulator.contracts import PastContracts, near_money
from server.feeds.simulator.day import Day, DayState
from server.feeds.simulator.facts import spot_facts
from server.feeds.simulator.history import History, PastBars
from server.feeds.simulator.minutes import day_bars
from server.feeds.simulator.scenario import Change, check_volatility, find
from server.feeds.simulator.schedule import SECOND, STEP, DaySchedule, first_day, next_day, schedule
from server.feeds.simulator.shares import INDICES, VIX_LEVEL
from server.feeds.simulator.snapshot import Snapshot, pack, unpack
from server.feeds.simulator.tape import SOURCE, Tape
from server.feeds.simulator.tuning import DEFAULT, Tuning
from server.feeds.simulator.universe import Universe
from server.market.ports import BarColumns, FeedState, TickBatch
from server.rulebook import Rulebook

__all__ = ("CLOSED_PAUSE", "MAX_SPEED", "Simulator")

MAX_SPEED: Final = 60.0
CLOSED_PAUSE: Final = 30.0
"""Wall seconds the market shows itself closed between two days."""
_POLL: Final = 0.25
_BEHIND: Final = 2.0
"""Wall seconds of delay after which market time waits rather than rushes."""
_CALM: Final = "calm"


class Simulator:
    """A `server.market.ports.Feed` that makes its own market."""

    source = SOURCE

    def __init__(
        self,
        rulebook: Rulebook,
        clock: Clock,
        *,
        seed: int = 1,
        speed: float = 1.0,
        scenario: str = _CALM,
        volatility: float = 1.0,
        intensity: float = 1.0,
        start: date | None = None,
        tuning: Tuning = DEFAULT,
    ) -> None:
        """`intensity` multiplies how often derivatives are quoted (1: about 4,000 ticks a second in all); `start` is
        the first session day, by default the wall clock's day in India or the next trading day. Nothing is drawn
        until it is first needed. Raises Invalid for a speed, scenario or volatility out of range."""
        self._rulebook, self._clock, self._seed, self._tuning = rulebook, clock, seed, tuning
        self._intensity = intensity
        self._speed = _check_speed(speed)
        self._begin_with = _changes(find(scenario).name, check_volatility(volatility))
        self._start = start
        self._levels = known_levels(rulebook)
        self._universe = Universe(list(self._levels))
        self._instruments: list[Instrument] = []
        self._row: dict[str, int] = {}
        self._day: Day | None = None
        self._first_day: date | None = None
        self._tape: Tape | None = None
        self._paused = False
        self._ended = False
        self._anchor_ns, self._anchor_mono = 0, 0.0
        self._told = 0
        self._next = 0
        self._refresh = True
        self._skip: tuple[str, float | None] | None = None

    # what the port asks

    def instruments(self) -> list[Instrument]:
        """All instruments seen so far, today's and expired ones; the index is the market's row."""
        self._today()
        return list(self._instruments)

    def now(self) -> datetime:
        """Market time, aware UTC."""
        if self._day is None:
            self._today()
        return from_ns(self._now_ns())

    def state(self) -> FeedState:
        """How it is doing: running, paused, halted (silent) or ended (no calendar for the next day)."""
        day = self._today()
        change = self._change()
        name = "ended" if self._ended else "paused" if self._paused else "running"
        if name == "running" and find(change.scenario).silent:
            name = "halted"
        detail = find(change.scenario).title
        if self._ended:
            detail = f"The trading calendar is known up to {day.state.day:%d %b %Y}; the simulated market stops there."
        elif change.volatility != 1.0:
            detail += f"; volatility x{change.volatility:g}"
        return FeedState(
            source=SOURCE,
            state=name,
            market_time=from_ns(self._now_ns()),
            day=day.state.day,
            speed=self._speed,
            scenario=change.scenario,
            detail=detail,
        )

    def previous_closes(self) -> dict[str, float]:
        """Closes of the session before, by key, for everything listed today."""
        return dict(self._today().previous_closes)

    def previous_interest(self) -> dict[str, int]:
        """Open interest at the end of the session before, units, by key, of every contract listed today."""
        return self._today().previous_interest()

    async def run(self, sink: Callable[[TickBatch], None], on_day: Callable[[date], None]) -> None:
        """Bring ticks until cancelled. A fresh listener first gets the present state of every row."""
        on_day(self._today().state.day)
        self._refresh = True
        while True:
            if self._skip is not None:
                self._skip_day(sink, on_day)
            elif self._ended:
                await self._clock.sleep(_POLL)
            elif self._next >= self._steps():
                await self._closed(on_day)
            else:
                await self._advance(sink)

    def control(self, action: str, **arguments: Any) -> FeedState:
        """Steer the market; returns its new state. Raises Invalid for what cannot be done.

        play, pause; speed(value=1..60); seek(to=) forward within the day; volatility(value=0.2..5);
        scenario(name=, value= volatility, optional). `expiry` and `gap` close the day at once and open on the next
        NIFTY expiry day, or on the next day with a gap; any scenario lasts until the day ends."""
        self._today()
        match action:
            case "play" | "pause":
                self._rebase(self._plan_ns())
                self._paused = action == "pause"
            case "speed":
                speed = _check_speed(arguments.get("value"))
                self._rebase(self._plan_ns())
                self._speed = speed
            case "seek":
                self._seek(arguments.get("to"))
            case "volatility":
                self._lay_over(self._change().scenario, check_volatility(_number(arguments.get("value"))))
            case "scenario":
                value = arguments.get("value")
                volatility = self._change().volatility if value is None else check_volatility(_number(value))
                self._choose(str(arguments.get("name")), volatility)
            case _:
                raise Invalid(
                    f"The simulator has no action {action!r}",
                    code="simulator.action",
                    field="action",
                    value=action,
                    remedy="Use play, pause, speed, seek, volatility or scenario.",
                )
        return self.state()

    # beyond the port

    def snapshot(self) -> bytes:
        """All it takes to go on from here: some tens of kilobytes."""
        day = self._today()
        assert self._first_day is not None
        return pack(
            Snapshot(
                seed=self._seed,
                first_day=self._first_day,
                state=day.state,
                changes=day.changes,
                now_ns=self._now_ns(),
                speed=self._speed,
                paused=self._paused,
            )
        )

    def restore(self, snapshot: bytes, until: datetime | None = None) -> None:
        """Stand where the snapshot's market was at market time `until` (or at the snapshot's own moment if later).

        Before `run`. Everything after `until` comes out as it would have. Raises Invalid for a snapshot of another
        version, another seed's universe, or one that cannot be read."""
        saved = unpack(snapshot, self._universe.names)
        self._seed, self._first_day, self._told = saved.seed, saved.first_day, 0
        self._speed, self._paused = saved.speed, saved.paused
        self._set_day(self._make(saved.state, saved.changes))
        moment = max(saved.now_ns, to_ns(until) if until else 0)
        while (day := self._today()).state.day < from_ns(moment).astimezone(IST).date():
            if not self._roll(None, ()):
                break
            moment = max(moment, self._today().plan.start)
        day = self._today()
        self._rebase(moment)
        self._next = max(0, -(-(moment - day.plan.open) // STEP))

    @property
    def first_day(self) -> date:
        """The day this market began with; its history lies before."""
        self._today()
        assert self._first_day is not None
        return self._first_day

    def past(self, days: int = 5, daily: int = 250) -> Iterator[PastBars]:
        """The history before the first day, piece by piece: one-minute bars of the `days` session days before it (of
        indices, India VIX, shares, futures and index options near the money) and daily bars of about a year (of
        indices, India VIX and shares). The pieces may be drawn in another thread while the market runs."""
        listing = self._today().listing
        levels = np.array([self._levels[name] for name in self._universe.names])
        plan = schedule(self._rulebook, self.first_day)
        names, keys = self._universe.names, [i.key for i in listing.instruments[: listing.first]]
        facts = spot_facts(names, keys, listing.tick[: listing.first], levels, plan.day, self._seed)
        contracts = PastContracts(
            self._rulebook,
            self._universe,
            self._seed,
            near_money(listing, levels),
            plan,
            facts,
            float(np.log(VIX_LEVEL)),
        )
        return self._history().bars(days, daily, contracts)

    def minute_bars(self, since: datetime, until: datetime) -> Iterator[tuple[list[str], BarColumns]]:
        """One-minute bars of today's indices, VIX and shares whose minute starts in [since, until): what a seek
        jumped over. `until` is cut at the market's present."""
        day = self._today()
        stop = min(to_ns(until), self._now_ns() // (60 * SECOND) * (60 * SECOND))
        first = max(0, -(-(to_ns(since) - day.plan.open) // (60 * SECOND)))
        last = max(first, -(-(stop - day.plan.open) // (60 * SECOND)))
        keys = [i.key for i in day.listing.instruments[: day.listing.first]]
        for rows, bars in day_bars(day.spots, day.plan, first, last):
            yield [keys[row] for row in rows.tolist()], bars

    def tape(self) -> Tape:
        """Today's ticks by step, for whoever needs them without the clock (benches, tests)."""
        self._today()
        assert self._tape is not None
        return self._tape

    def plan(self) -> DaySchedule:
        """Today's moments."""
        return self._today().plan

    def next_day(self) -> bool:
        """Go on with the next session day at once, without a clock; False where the calendar ends."""
        return self._roll(None, ())

    # time

    def _now_ns(self) -> int:
        """Market time as told: it never goes back. After a delay the schedule is set back to where the ticks are, and
        this stands still until the schedule has caught up."""
        plan = self._plan_ns()
        if plan > self._told:
            self._told = plan
        return self._told

    def _plan_ns(self) -> int:
        """Where the schedule of ticks stands."""
        if self._paused or self._ended:
            return self._anchor_ns
        return self._anchor_ns + int((self._clock.monotonic() - self._anchor_mono) * self._speed * SECOND)

    def _rebase(self, moment: int) -> None:
        self._anchor_ns, self._anchor_mono = moment, self._clock.monotonic()

    async def _advance(self, sink: Callable[[TickBatch], None]) -> None:
        """Wait for the next batch's last step, and send it."""
        day, tape = self._today(), self._tape
        assert tape is not None
        length = max(1, round(self._speed))
        stop = min((self._next // length + 1) * length, tape.steps)
        due = day.plan.open + (stop - 1) * STEP
        left = (due - self._plan_ns()) / SECOND / self._speed
        if self._refresh:
            self._refresh = False
            self._send(tape.everything(self._next - 1), sink)
        if self._paused or left > 0:
            await self._clock.sleep(_POLL if self._paused else min(left, _POLL))
            return
        if -left > _BEHIND:
            self._rebase(due)
        begin, self._next = self._next, stop
        self._send(tape.batch(begin, stop - begin, self._intensity), sink)
        if left < -_POLL:
            await self._clock.sleep(0)  # catching up: let others breathe between batches

    def _send(self, batch: TickBatch | None, sink: Callable[[TickBatch], None]) -> None:
        if batch is not None and not find(self._change().scenario).silent:
            sink(batch)

    async def _closed(self, on_day: Callable[[date], None]) -> None:
        """Stand closed for a while, then go on with the next session day."""
        waited = 0.0
        while waited < CLOSED_PAUSE:
            await self._clock.sleep(_POLL)
            if self._skip is not None:
                return
            waited += 0.0 if self._paused else _POLL
        if self._roll(None, ()):
            on_day(self._today().state.day)

    # days

    def _today(self) -> Day:
        if self._day is None:
            self._first_day = self._start or first_day(self._rulebook, self._clock.now().astimezone(IST).date())
            past = self._history()
            closed, basis = past.eve()
            levels = np.array([self._levels[name] for name in self._universe.names])
            state = DayState(
                ordinal=0,
                day=self._first_day,
                vix=float(np.log(VIX_LEVEL)),
                calm=past.calm(),
                names=self._universe.names,
                levels=levels.tobytes(),
                spot_closes=past.closes().tobytes(),
                closed=closed,
                basis=basis,
            )
            self._set_day(self._make(state, self._begin_with))
        assert self._day is not None
        return self._day

    def _history(self) -> History:
        if self._first_day is None:
            self._today()
        assert self._first_day is not None
        cash = list_cash(self._rulebook, self._first_day, self._levels)
        return History(
            self._rulebook,
            self._universe,
            self._seed,
            self._first_day,
            np.array([self._levels[name] for name in self._universe.names]),
            float(np.log(VIX_LEVEL)),
            tuple(i.key for i in cash),
            np.array([float(i.tick) for i in cash]),
            self._tuning,
        )

    def _make(self, state: DayState, changes: tuple[Change, ...]) -> Day:
        return Day(self._rulebook, self._universe, self._seed, state, self._tuning, changes)

    def _set_day(self, day: Day) -> None:
        self._day = day
        rows = np.empty(len(day.listing.instruments), dtype=np.int32)
        for local, instrument in enumerate(day.listing.instruments):
            row = self._row.setdefault(instrument.key, len(self._instruments))
            if row == len(self._instruments):
                self._instruments.append(instrument)
            else:
                self._instruments[row] = instrument
            rows[local] = row
        self._rows = rows
        self._tape = day.tape(rows)
        self._next = 0
        self._refresh = True
        self._rebase(day.plan.start)

    def _steps(self) -> int:
        return self._tape.steps if self._tape else 0

    def _roll(self, gap: float | None, changes: tuple[Change, ...]) -> bool:
        """Go on with the next session day; False where the calendar ends."""
        day = self._today()
        following = next_day(self._rulebook, day.state.day)
        if following is None:
            self._rebase(self._plan_ns())
            self._ended = True
            return False
        kept = changes or _changes(_CALM, self._change().volatility)
        self._set_day(self._make(day.evening(following, gap), kept))
        return True

    def _skip_day(self, sink: Callable[[TickBatch], None], on_day: Callable[[date], None]) -> None:
        """Close today now and open where the chosen scenario plays."""
        assert self._skip is not None and self._tape is not None
        (name, volatility), self._skip = self._skip, None
        self._send(self._tape.everything(self._steps() - 1), sink)
        scenario, changes = find(name), _changes(name, volatility or 1.0)
        gap = scenario.gap or None
        if gap is not None and self._today().state.ordinal % 2 == 0:
            gap = -gap
        while self._roll(gap, changes):
            if name != "expiry" or self._expires_today():
                break
        on_day(self._today().state.day)

    def _expires_today(self) -> bool:
        day = self._today().state.day
        return any(e.date == day for e in self._rulebook.expiries(INDICES[0].name, day))

    # controls

    def _change(self) -> Change:
        changes = self._today().changes
        return changes[-1] if changes else Change(0, _CALM, 1.0)

    def _choose(self, name: str, volatility: float) -> None:
        scenario = find(name)
        if scenario.gap or (name == "expiry" and not self._expires_today()):
            if next_day(self._rulebook, self._today().state.day) is None:
                raise Invalid(
                    "The trading calendar ends today, so there is no next day to open",
                    code="simulator.calendar",
                    field="name",
                    remedy="Choose calm, trend, crash or halted.",
                )
            self._skip = (name, volatility)
            return
        self._lay_over(name, volatility)

    def _lay_over(self, name: str, volatility: float) -> None:
        """Put a scenario over the rest of the day, from the next second not yet shown."""
        day = self._today()
        second = max(0, -(-self._next * STEP // SECOND))
        kept = tuple(c for c in day.changes if c.second < second)
        day.build((*kept, Change(second, name, volatility)))
        self._tape = day.tape(self._rows)

    def _seek(self, to: object) -> None:
        day = self._today()
        if not isinstance(to, datetime) or to.tzinfo is None:
            raise _no_seek("Give the moment as a time with its zone.", str(to))
        moment, now = to_ns(to), self._now_ns()
        if moment < now:
            raise _no_seek("It can only go forward; choose a later moment.", to.isoformat())
        if moment > day.plan.end + 60 * SECOND:
            raise _no_seek("Choose a moment before today's close.", to.isoformat())
        self._rebase(moment)
        self._next = max(self._next, -(-(moment - day.plan.open) // STEP))
        self._refresh = True


def _changes(name: str, volatility: float) -> tuple[Change, ...]:
    return () if name == _CALM and volatility == 1.0 else (Change(0, name, volatility),)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid("A number is needed", code="simulator.value", field="value", value=value, remedy="Send a number.")
    return float(value)


def _check_speed(value: object) -> float:
    speed = _number(value)
    if not 1.0 <= speed <= MAX_SPEED:
        raise Invalid(
            f"Speed {speed:g} is out of range",
            code="simulator.speed",
            field="value",
            limit=f"1 to {MAX_SPEED:g}",
            value=speed,
            remedy=f"Use a speed from 1 to {MAX_SPEED:g}.",
        )
    return speed


def _no_seek(remedy: str, value: str) -> Invalid:
    return Invalid("The simulator cannot go there", code="simulator.seek", field="to", value=value, remedy=remedy)
