"""The live market's feed: streams of several brokers joined into one, for the instruments somebody asks for.

Rows are made on demand: an instrument of the master gets one when it is first looked up, watched, held or ordered, so
that a master of 200,000 costs no more than what is on screens. Each tick carries the name of the broker it came from.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.clock import IST, Clock, to_ns
from server.core.errors import Invalid
from server.domain.brokerage import DepthEvent, DepthLevel, Event, QuoteLine, TickEvent
from server.domain.instruments import Instrument
from server.feeds.live.choice import Choice
from server.market.ports import DepthBatch, FeedState, TickBatch

__all__ = ("LiveFeed", "Master")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
_FLUSH = 0.02
"""Seconds in which ticks are gathered into one batch."""
_MOST_UNITS = 2**63 - 1
_LEVELS = 5
MOST_ROWS = 20_000
_DAY_CHECK = 1.0


class Master(Protocol):
    """Everything the connected brokers list."""

    def find(self, key: str) -> Instrument | None:
        """By canonical key."""
        ...

    def search(
        self, query: str, *, kind: str | None, name: str | None, expiry: date | None, limit: int
    ) -> list[Instrument]:
        """Matches, best first."""
        ...

    def expiries(self, name: str) -> list[date]:
        """Expiry days of options on a name, soonest first."""
        ...

    def chain(self, name: str, expiry: date) -> list[str]:
        """Keys of one chain."""
        ...


class _Tick(msgspec.Struct, frozen=True):
    """One event with the row it belongs to."""

    row: int
    quote: QuoteLine
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]
    time_ns: int


class LiveFeed:
    """Implements `market.ports.Feed` and `Growing`.

    Args:
        master: where instruments are found.
        on_rows: called with the keys that now have rows, so that the streams watch them.
    """

    source = "live"

    def __init__(self, clock: Clock, master: Master, on_rows: Callable[[list[str]], None]) -> None:
        self.choice = Choice()
        self.dropped: Counter[str] = Counter()
        """Events by reason: identity, no_price, not_active, unknown."""
        self._clock = clock
        self._master = master
        self._on_rows = on_rows
        self._instruments: list[Instrument] = []
        self._rows: dict[str, int] = {}
        self._segments: list[str] = []
        self._segment = np.empty(0, dtype=np.uint8)
        self._closes: dict[str, float] = {}
        self._waiting: dict[int, list[_Tick]] = {}
        self._batches: list[TickBatch] = []
        self._connected: dict[str, bool] = {}
        self._last: dict[tuple[int, int], QuoteLine] = {}

    # ------------------------------------------------------------------ Feed

    def instruments(self) -> list[Instrument]:
        """Those with rows."""
        return self._instruments

    def now(self) -> datetime:
        """Wall time: this market is the world's."""
        return self._clock.now()

    def state(self) -> FeedState:
        """Running while a stream is up."""
        up = sum(self._connected.values())
        return FeedState(
            source=self.source,
            state="running" if up else "halted",
            market_time=self.now(),
            day=self._day(),
            detail=f"{up} of {len(self._connected)} streams" if self._connected else "no stream connected",
        )

    async def run(self, sink: Callable[[TickBatch], None], on_day: Callable[[date], None]) -> None:
        """Hand over what the streams bring until cancelled."""
        day = self._day()
        on_day(day)
        checked = self._clock.monotonic()
        while True:
            await self._clock.sleep(_FLUSH)
            for number, ticks in self._waiting.items():
                if ticks and (batch := self._batch(number, ticks)) is not None:
                    sink(batch)
            self._waiting.clear()
            batches, self._batches = self._batches, []
            for whole in batches:
                sink(whole)
            if self._clock.monotonic() - checked >= _DAY_CHECK:
                checked = self._clock.monotonic()
                if (today := self._day()) != day:
                    day = today
                    on_day(day)

    def control(self, action: str, **arguments: Any) -> FeedState:
        """A live market cannot be paused, sought or sped up."""
        raise Invalid(
            f"A live market cannot {action}.",
            code="market.control",
            field="action",
            remedy="Use the simulated market or a replay for that.",
        )

    def previous_closes(self) -> dict[str, float]:
        """As far as the brokers have told them."""
        return dict(self._closes)

    # --------------------------------------------------------------- growing

    def admit(self, key: str) -> bool:
        """Give an instrument of the master a row; False when there is none, or no room."""
        if key in self._rows:
            return True
        found = self._master.find(key)
        if found is None or len(self._instruments) >= MOST_ROWS:
            return False
        wanted = [found]
        if found.underlying and found.underlying not in self._rows:
            under = self._master.find(found.underlying)
            if under is not None:
                wanted.insert(0, under)
        for instrument in wanted:
            self._rows[instrument.key] = len(self._instruments)
            self._instruments.append(instrument)
            if instrument.segment not in self._segments:
                self._segments.append(instrument.segment)
            code = self._segments.index(instrument.segment)
            self._segment = np.append(self._segment, np.uint8(code))
        self._on_rows([instrument.key for instrument in wanted])
        return True

    def search(
        self, query: str, *, kind: str | None, name: str | None, expiry: date | None, limit: int
    ) -> list[Instrument]:
        """Look through the master."""
        return self._master.search(query, kind=kind, name=name, expiry=expiry, limit=limit)

    def listed_expiries(self, name: str) -> list[date]:
        """Of the master, from today on."""
        return [day for day in self._master.expiries(name) if day >= self._day()]

    def listed_chain(self, name: str, expiry: date) -> list[str]:
        """Of the master."""
        return self._master.chain(name, expiry)

    def listed(self) -> list[str]:
        """Keys that have rows, oldest first."""
        return list(self._rows)

    # --------------------------------------------------------------- sources

    def join(self, name: str) -> int:
        """A stream is up; returns its number for `push`."""
        self._connected[name] = True
        return self.choice.join(name)

    def leave(self, name: str) -> None:
        """A stream is down."""
        self._connected[name] = False
        self.choice.leave(name)

    def forget(self, name: str) -> None:
        """An account is gone."""
        self._connected.pop(name, None)

    def push(self, number: int, key: str, event: Event, received_ns: int) -> None:
        """Take one event of a stream. `received_ns` is the wall time it came, for events without their own."""
        row = self._rows.get(key)
        if row is None:
            self.dropped["unknown"] += 1
            return
        if isinstance(event, TickEvent):
            quote = self._merged(number, row, event)
            if quote.last is None:
                self.dropped["no_price"] += 1
                return
            at = quote.at or quote.traded_at
            stamp = to_ns(at) if at is not None else received_ns
            tick = _Tick(row, quote, quote.bids, quote.asks, stamp)
        elif isinstance(event, DepthEvent) and event.snapshot:
            stamp = to_ns(event.at) if event.at is not None else received_ns
            known = self._last.get((number, row))
            if known is None or known.last is None:
                self.dropped["no_price"] += 1
                return
            quote = msgspec.structs.replace(known, bids=event.bids, asks=event.asks, bid=None, ask=None)
            tick = _Tick(row, quote, event.bids, event.asks, stamp)
        else:
            return
        self._waiting.setdefault(number, []).append(tick)

    def row(self, key: str) -> int | None:
        """Row of a key, for streams that hand over batches."""
        return self._rows.get(key)

    def push_batch(self, number: int, batch: TickBatch) -> None:
        """Take a whole message of a stream; its rows are this market's, its quantities units."""
        mine = self.choice.take(number, batch.rows, self._segment[batch.rows], self._clock.monotonic())
        if not mine.all():
            self.dropped["not_active"] += int((~mine).sum())
            batch = _some(batch, mine)
        if len(batch.rows):
            self._batches.append(msgspec.structs.replace(batch, source=self.choice.name(number)))

    def closes(self, told: Mapping[str, float]) -> None:
        """Closes of the session before, as a broker's snapshot gives them."""
        self._closes.update({key: close for key, close in told.items() if close > 0})

    # ---------------------------------------------------------------- inside

    def _day(self) -> date:
        return self._clock.now().astimezone(IST).date()

    def _merged(self, number: int, row: int, event: TickEvent) -> QuoteLine:
        """A delta completed with what the same stream said before."""
        place = (number, row)
        before = self._last.get(place)
        quote = event.quote
        if not event.snapshot and before is not None:
            fields = {n: v for n in quote.__struct_fields__ if (v := getattr(quote, n)) not in (None, (), "")}
            quote = msgspec.structs.replace(before, **fields)
        self._last[place] = quote
        return quote

    def _batch(self, number: int, ticks: list[_Tick]) -> TickBatch | None:
        rows = np.array([t.row for t in ticks], dtype=np.int32)
        mine = self.choice.take(number, rows, self._segment[rows], self._clock.monotonic())
        if not mine.all():
            self.dropped["not_active"] += int((~mine).sum())
            ticks = [t for t, ok in zip(ticks, mine, strict=True) if ok]
        if not ticks:
            return None
        quotes = [t.quote for t in ticks]
        units = [self._instruments[t.row].unit for t in ticks]

        def prices(name: str) -> F8:
            return np.array([_price(q, name) for q in quotes], dtype=np.float64)

        def counts(name: str) -> I8:
            return np.array([_count(q, name, u) for q, u in zip(quotes, units, strict=True)], dtype=np.int64)

        return TickBatch(
            source=self.choice.name(number),
            rows=np.array([t.row for t in ticks], dtype=np.int32),
            time_ns=np.array([t.time_ns for t in ticks], dtype=np.int64),
            ltp=prices("last"),
            bid=prices("bid"),
            ask=prices("ask"),
            bid_qty=counts("bid_quantity"),
            ask_qty=counts("ask_quantity"),
            volume=counts("volume"),
            oi=counts("oi"),
            depth=self._depth(ticks),
        )

    def _depth(self, ticks: list[_Tick]) -> DepthBatch | None:
        deep = [t for t in ticks if t.bids or t.asks]
        if not deep:
            return None
        shape = (len(deep), _LEVELS)
        bid_px, ask_px = np.full(shape, np.nan), np.full(shape, np.nan)
        bid_qty, ask_qty = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for place, tick in enumerate(deep):
            unit = self._instruments[tick.row].unit
            for side, px, qty in ((tick.bids, bid_px, bid_qty), (tick.asks, ask_px, ask_qty)):
                for level, one in enumerate(side[:_LEVELS]):
                    px[place, level], qty[place, level] = float(one.price), _units(one.quantity, unit)
        return DepthBatch(np.array([t.row for t in deep], dtype=np.int32), bid_px, bid_qty, ask_px, ask_qty)


def _some(batch: TickBatch, keep: npt.NDArray[np.bool_]) -> TickBatch:
    """The ticks of a batch that count, with their books."""
    columns = {n: getattr(batch, n)[keep] for n in batch.__struct_fields__ if n not in ("source", "depth")}
    depth = batch.depth
    if depth is not None:
        deep = np.isin(depth.rows, columns["rows"])
        depth = DepthBatch(*(getattr(depth, n)[deep] for n in depth.__struct_fields__))
    return TickBatch(source=batch.source, depth=depth, **columns)


def _price(quote: QuoteLine, name: str) -> float:
    """A price, NaN where there is none; the best of the book stands in for an absent bid or ask."""
    value = getattr(quote, name)
    if value is None and name in ("bid", "ask"):
        side = quote.bids if name == "bid" else quote.asks
        value = side[0].price if side else None
    return float(value) if value else float("nan")


def _count(quote: QuoteLine, name: str, unit: Decimal) -> int:
    value = getattr(quote, name)
    if value is None and name in ("bid_quantity", "ask_quantity"):
        side = quote.bids if name == "bid_quantity" else quote.asks
        value = side[0].quantity if side else None
    return _units(value, unit) if value else 0


def _units(size: Decimal, unit: Decimal) -> int:
    """A size as a broker tells it in whole units, exactly; what does not fit a column is the most that does."""
    return min(int(size) if unit == 1 else int(size / unit), _MOST_UNITS)
