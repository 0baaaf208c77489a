"""Trading sessions: the phases of a market segment on one day, and which orders each phase takes."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import msgspec

from server.core.clock import IST
from server.core.errors import Invalid
from server.rulebook.calendar import Calendar
from server.rulebook.rows import Row, Rows, unknown

__all__ = ("Phase", "Session", "Sessions", "Settlement", "moment")

PARTS = ("preopen", "continuous", "closing_auction", "post_close")
_EVENING = "17:00"
"""Where the evening half of a commodity day begins and the morning half ends."""


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a session with one set of rules; `start` is in it, `end` is not. Both aware UTC."""

    name: str
    """preopen, continuous, closing_auction or post_close; one name may have several steps, told apart by `detail`."""
    start: datetime
    end: datetime
    order_types: frozenset[str]
    """What may be entered: MARKET, LIMIT, SL, SL-M; empty while the exchange only matches."""
    validities: frozenset[str] = frozenset({"DAY"})
    disclosed: bool = False
    """Whether orders with a disclosed quantity (iceberg) are taken."""
    carries: frozenset[str] = frozenset()
    """Order types that stay in the book when the part before ends; the rest is cancelled then. Empty = as they were."""
    band: Decimal | None = None
    """Allowed distance from the phase's reference price, as a fraction; None = the usual band."""
    detail: str = ""
    """The step in words: `order entry: limit and market`."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """All phases of a segment on one trading day, in order."""

    segment: str
    day: date
    kind: str
    """`regular`, or the special session's kind: `muhurat`, `budget`, ..."""
    phases: tuple[Phase, ...]

    @property
    def open(self) -> datetime:
        """Start of continuous trading."""
        return next(p.start for p in self.phases if p.name == "continuous")

    @property
    def close(self) -> datetime:
        """End of continuous trading."""
        return next(p.end for p in reversed(self.phases) if p.name == "continuous")

    @property
    def end(self) -> datetime:
        """End of the last phase."""
        return self.phases[-1].end

    def at(self, when: datetime) -> Phase | None:
        """The phase at an aware moment; None outside all of them."""
        return next((p for p in self.phases if p.start <= when < p.end), None)


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How an expiring contract ends."""

    how: str
    """`cash` or `physical`."""
    price: str
    """`vwap` of the underlying over `window`, or its `auction` price."""
    window: tuple[datetime, datetime] | None
    detail: str


class _Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hours: tuple[str, str]
    orders: frozenset[str]
    what: str
    ioc: bool = False
    disclosed: bool = False


class _Part(Row, frozen=True, kw_only=True):
    segments: list[str]
    part: str
    steps: list[_Step]
    band: Decimal | None = None
    carries: frozenset[str] = frozenset()


class _EarlyStop(Row, frozen=True, kw_only=True):
    klass: str = msgspec.field(name="class")
    on_expiry: str


class _SquareOff(Row, frozen=True, kw_only=True):
    brokers: list[str]
    equity: int
    derivatives: int
    currency: int | None = None
    commodity: int | None = None


class _How(Row, frozen=True, kw_only=True):
    klass: str = msgspec.field(name="class")
    how: str


class _Price(Row, frozen=True, kw_only=True):
    klass: list[str] = msgspec.field(name="class")
    price: str
    what: str
    window: tuple[str, str] | None = None


class _Daily(Row, frozen=True, kw_only=True):
    klass: list[str] = msgspec.field(name="class")
    minutes: int
    what: str


def moment(day: date, clock: str) -> datetime:
    """Aware UTC moment of India's `HH:MM` on `day`."""
    return datetime.combine(day, time.fromisoformat(clock), IST).astimezone(UTC)


class Sessions:
    """Answers by segment and day; sessions already built are kept."""

    def __init__(self, rows: Rows, calendar: Calendar) -> None:
        self._calendar = calendar
        self._parts = rows.table("session", _Part, lambda r: [f"{segment} {r.part}" for segment in r.segments])
        self._early = rows.table("early_stop", _EarlyStop, lambda r: [r.klass])
        self._square_off = rows.table("square_off", _SquareOff, lambda r: r.brokers)
        self._how = rows.table("settlement", _How, lambda r: [r.klass])
        self._price = rows.table("settlement_price", _Price, lambda r: r.klass)
        self._daily = rows.table("daily_settlement", _Daily, lambda r: r.klass)
        self._built: dict[tuple[str, date], Session | None] = {}
        self.tables = {
            "session": self._parts,
            "square_off": self._square_off,
            "settlement_price": self._price,
            "daily_settlement": self._daily,
        }

    def on(self, segment: str, day: date) -> Session | None:
        """The session, or None when `segment` does not trade on `day`."""
        key = (segment, day)
        if key not in self._built:
            if len(self._built) > 4096:
                self._built.clear()
            self._built[key] = self._build(segment, day) if self._calendar.trading_day(segment, day) else None
        return self._built[key]

    def need(self, segment: str, day: date) -> Session:
        """The session; Invalid when there is none."""
        session = self.on(segment, day)
        if session is None:
            raise Invalid(
                f"{segment} does not trade on {day}.",
                code="rules.no_session",
                field="day",
                remedy=f"The next trading day is {self._calendar.step(segment, day, 1)}.",
            )
        return session

    def usual_close(self, segment: str, day: date) -> datetime:
        """End of continuous trading by the ordinary hours, for days whose calendar is not out yet."""
        return moment(day, self._parts.need(f"{segment} continuous", day, "hours").steps[-1].hours[1])

    def trading_end(self, segment: str, day: date, expiry: date | None) -> datetime:
        """When continuous trading ends for a contract that expires on `expiry`."""
        close = self.need(segment, day).close
        row = self._early.at("INDEX" if segment.startswith("INDEX") else "STOCK", day)
        return min(close, moment(day, row.on_expiry)) if row is not None and expiry == day else close

    def square_off(self, broker: str, segment: str, day: date) -> datetime:
        """When the broker closes intraday positions."""
        row = self._square_off.need(broker, day, "square_off")
        kind = {"CDS": row.currency, "MCX": row.commodity}.get(
            segment, row.equity if segment.startswith("CASH") else row.derivatives
        )
        if kind is None:
            raise unknown("square_off", f"The rulebook has no square-off time of {broker} for {segment}.")
        return self.need(segment, day).close - timedelta(minutes=kind)

    def daily_settlement(self, segment: str, day: date) -> tuple[datetime, datetime]:
        """The last minutes of a day's trading in futures of a segment, whose average price they are settled at."""
        row = self._daily.need(segment.removesuffix("_FUT"), day, "daily_settlement")
        close = self.need(segment, day).close
        return close - timedelta(minutes=row.minutes), close

    def settlement(self, segment: str, day: date) -> Settlement:
        """How contracts of a derivative segment that expire on `day` are settled."""
        klass = segment.removesuffix("_FUT").removesuffix("_OPT")
        row = self._price.need(klass, day, "settlement")
        window = row.window
        if window is not None:
            # the window is the last half hour of continuous cash trading, whatever its close is that day
            close = self.on("CASH_NON_FNO", day)
            end = close.close if close is not None else moment(day, window[1])
            length = moment(day, window[1]) - moment(day, window[0])
            span = (end - length, end)
        return Settlement(
            how=self._how.need(klass, day, "settlement").how,
            price=row.price,
            window=span if window is not None else None,
            detail=row.what,
        )

    def _build(self, segment: str, day: date) -> Session:
        special = self._calendar.special(segment, day)
        if special is not None and not special.regular_hours:
            if not special.hours:
                raise unknown("hours", f"The hours of the {special.kind} session on {day} are not known.", field="day")
            normal = self._parts.need(f"{segment} continuous", day, "hours").steps[-1]
            steps = [msgspec.structs.replace(normal, hours=hours) for hours in special.hours]
            return Session(
                segment=segment,
                day=day,
                kind=special.kind,
                phases=tuple(_phase("continuous", step, day, None) for step in steps),
            )
        phases = []
        for part in PARTS:
            row = self._parts.at(f"{segment} {part}", day)
            if row is not None:
                phases += [_phase(part, step, day, row) for step in row.steps]
        if not any(p.name == "continuous" for p in phases):
            raise unknown("hours", f"The rulebook has no trading hours for {segment} on {day}.", field="day")
        if half := self._calendar.half(segment, day):
            phases = [_clip(p, half, day) for p in phases]
        return Session(
            segment=segment, day=day, kind=special.kind if special else half or "regular", phases=tuple(phases)
        )


def _phase(name: str, step: _Step, day: date, row: _Part | None) -> Phase:
    return Phase(
        name=name,
        start=moment(day, step.hours[0]),
        end=moment(day, step.hours[1]),
        order_types=step.orders,
        validities=frozenset({"DAY", "IOC"}) if step.ioc else frozenset({"DAY"}),
        disclosed=step.disclosed,
        carries=row.carries if row else frozenset(),
        band=row.band if row else None,
        detail=step.what,
    )


def _clip(phase: Phase, half: str, day: date) -> Phase:
    edge = moment(day, _EVENING)
    if half == "evening":
        return msgspec.structs.replace(phase, start=max(phase.start, edge))
    return msgspec.structs.replace(phase, end=min(phase.end, edge))
