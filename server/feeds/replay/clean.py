"""Puts the rows of one instrument in order, day by day, and says what was wrong with them.

Each row ends up taken, repaired or refused, and nothing is filled in: a repair reorders rows, holds a falling volume
or widens a bar to its own prices. What the hours of a day are comes from `known`; where they are not known the row
checks that need them are left out and the report says so.
"""

from collections.abc import Iterator
from datetime import date
from hashlib import blake2b
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.domain.instruments import Instrument
from server.domain.recordings import Grain
from server.feeds.replay.columns import DAY_NS, IST_NS, Series, day_of, text_of
from server.feeds.replay.known import DayPlan, Known
from server.feeds.replay.tally import Tally

__all__ = ("GRAIN_NS", "MINUTE", "SECOND", "DayRows", "clean", "prices_of")

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
GRAIN_NS: Final[dict[Grain, int]] = {"ticks": 0, "snapshots": 0, "1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE}
"""Length of a bar; 0 for what is not a bar."""

_CLOSING: Final = SECOND
"""The closing tick of feeds that stamp whole seconds lies on the closing second."""
_WILD: Final = 0.005
_CLOSE_WITHIN: Final = 0.02
_TICK_GAP: Final = 60 * SECOND
_EDGE: Final = 2 * MINUTE
_SHORT: Final = 0.8
_JUMP: Final = 0.1
_DISTINCT: Final = 50
"""Fewer different prices than this say nothing about being a copy: an option that nobody traded repeats itself."""

Mask = npt.NDArray[np.bool_]
I8 = npt.NDArray[np.int64]
TAKEN, REPAIRED, REFUSED = 0, 1, 2


class DayRows(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's day, clean and in order of time."""

    instrument: Instrument
    day: date
    grain: Grain
    lot: int | None
    time: I8
    line: I8
    """Line of the file each row came from."""
    mended: Mask
    """Rows that were repaired."""
    columns: dict[str, npt.NDArray[Any]]
    trading: Mask
    """Rows inside trading hours (all of them where the hours are not known)."""
    close: float
    """Its closing value: the one given after the close where there is one, else the last price."""
    fingerprint: bytes
    """Of times of the day and prices as they came; empty when there are too few different prices to tell a copy by."""
    closed: bool
    """The exchange did not trade that day: the rows are not checked, and not to be kept."""
    faults: tuple[str, ...]


def clean(series: Series, known: Known, tally: Tally) -> Iterator[DayRows]:
    """The days of a series that can be kept, in order; faults go to the tally."""
    status = np.zeros(len(series), dtype=np.int8)
    bars = GRAIN_NS[series.grain] > 0
    _refuse(series, _priceless(series, bars), status, tally, "bad_price")
    _steps_back(series, status, tally)
    keep = np.flatnonzero(status != REFUSED)
    keep = keep[_order(series, keep, bars)]
    series, status = series.picked(keep), status[keep]
    repeated = _repeats(series, bars, tally)
    series, status = series.picked(~repeated), status[~repeated]
    if bars:
        _widen(series, status, tally)
    days = (series.time + IST_NS) // DAY_NS
    edges = np.flatnonzero(np.diff(days)) + 1
    last: float | None = None
    for part in np.split(np.arange(len(series)), edges):
        if len(part) == 0:
            continue
        found = _day(series.picked(part), status[part], known, tally, last)
        if found is not None:
            last = last if found.closed else found.close
            yield found


def prices_of(series: Series) -> npt.NDArray[np.float64]:
    """The price of each row: the last one of a bar."""
    return series.columns["close" if "close" in series.columns else "price"]


def _refuse(series: Series, bad: Mask, status: npt.NDArray[np.int8], tally: Tally, fault: str) -> None:
    at = np.flatnonzero(bad)
    if len(at):
        tally.add(fault, _row(series, int(at[0])), len(at))
        status[at] = REFUSED


def _priceless(series: Series, bars: bool) -> Mask:
    columns = series.columns
    with np.errstate(invalid="ignore"):
        if bars:
            good: Mask = np.all([columns[name] > 0 for name in ("open", "high", "low", "close")], axis=0)
        else:
            good = columns["price"] > 0
    return ~good


def _steps_back(series: Series, status: npt.NDArray[np.int8], tally: Tally) -> None:
    at = np.flatnonzero(np.diff(series.time) < 0) + 1
    if len(at):
        first = int(at[0])
        seconds = (series.time[first - 1] - series.time[first]) / SECOND
        tally.add("step_back", f"{_row(series, first)} (back {seconds:g} s)", len(at))
        status[at] = np.maximum(status[at], REPAIRED)


def _order(series: Series, keep: I8, bars: bool) -> I8:
    """By time; ticks of one second by the volume that only grows, then as they came."""
    time = series.time[keep]
    if bars or not series.columns["volume"].any():
        return np.argsort(time, kind="stable")
    return np.lexsort((series.columns["volume"][keep], time))


def _repeats(series: Series, bars: bool, tally: Tally) -> Mask:
    """Rows that are there already; of bars with one start the last in the file stays."""
    out = np.zeros(len(series), dtype=np.bool_)
    if len(series) < 2:
        return out
    same_time = series.time[1:] == series.time[:-1]
    same = same_time.copy()
    for column in series.columns.values():
        same &= (column[1:] == column[:-1]) | ((column[1:] != column[1:]) & (column[:-1] != column[:-1]))
    out[:-1] = same_time if bars else same
    at = np.flatnonzero(same)
    if len(at):
        tally.add("duplicate", _row(series, int(at[0]) + 1), len(at))
    if bars and len(at := np.flatnonzero(same_time & ~same)):
        tally.add("conflicting_duplicate", _row(series, int(at[0])), len(at))
    return out


def _widen(series: Series, status: npt.NDArray[np.int8], tally: Tally) -> None:
    columns = series.columns
    body = np.vstack([columns["open"], columns["close"], columns["high"], columns["low"]])
    high, low = body.max(axis=0), body.min(axis=0)
    at = np.flatnonzero((high > columns["high"]) | (low < columns["low"]))
    if len(at):
        tally.add("bad_ohlc", _row(series, int(at[0])), len(at))
        columns["high"], columns["low"] = high, low
        status[at] = REPAIRED


def _day(
    series: Series, status: npt.NDArray[np.int8], known: Known, tally: Tally, before: float | None
) -> DayRows | None:
    day = day_of(int(series.time[0]))
    plan = known.plan(series.instrument.segment, day)
    local = Tally()
    fingerprint = _fingerprint(series)
    trading = np.ones(len(series), dtype=np.bool_)
    close = float(prices_of(series)[-1])
    if plan.trades is False:
        return _rows(series, day, status, trading, close, fingerprint, local, closed=True)
    if plan.note:
        local.add("not_checked", f"{day:%A %d %b %Y}", action=plan.note)
        tally.add("not_checked", f"{day:%A %d %b %Y}", action=f"{plan.note} Counted in days.")
    if plan.spans:
        outside, early = _outside(series, plan)
        keep = ~outside
        if outside.any():
            _tell(series, outside, "after_close", tally, local)
        if not (keep & ~early).any():
            return None
        if series.grain == "snapshots":
            old = early & keep
            if old.any():
                _tell(series, old, "old_snapshot", tally, local)
                keep &= ~old
        wild = _wild(series, early, keep)
        if wild.any():
            _tell(series, wild, "wild_preopen", tally, local)
            keep &= ~wild
        if (early & keep).any():
            _tell(series, early & keep, "before_open", tally, local)
        close = _closing(series, outside, keep & ~early)
        series, status, trading = series.picked(keep), status[keep], ~early[keep]
    if GRAIN_NS[series.grain] == 0:
        _hold_volume(series, status, tally, local)
    _holes(series, trading, plan, tally, local)
    if before is not None and series.instrument.kind == "INDEX":
        first = float(prices_of(series)[trading][0])
        if abs(first / before - 1) > _JUMP:
            example = f"{_row(series, int(np.argmax(trading)))} after a close of {before:.10g}"
            for each in (tally, local):
                each.add("price_jump", example, action="The opening is over 10 % from the day before; it was kept.")
    return _rows(series, day, status, trading, close, fingerprint, local, closed=False)


def _rows(
    series: Series,
    day: date,
    status: npt.NDArray[np.int8],
    trading: Mask,
    close: float,
    fingerprint: bytes,
    local: Tally,
    *,
    closed: bool,
) -> DayRows:
    return DayRows(
        instrument=series.instrument,
        day=day,
        grain=series.grain,
        lot=series.lot,
        time=series.time,
        line=series.line,
        mended=status == REPAIRED,
        columns=series.columns,
        trading=trading,
        close=close,
        fingerprint=fingerprint,
        closed=closed,
        faults=tuple(sorted(local.kinds())),
    )


def _outside(series: Series, plan: DayPlan) -> tuple[Mask, Mask]:
    """(rows after the close or between two parts of a special day, rows before the opening)."""
    time = series.time
    inside = np.zeros(len(time), dtype=np.bool_)
    grace = _CLOSING if GRAIN_NS[series.grain] == 0 else 0
    for span in plan.spans:
        inside |= (time >= span.start) & (time < span.end + grace)
    early = time < plan.spans[0].start
    return ~inside & ~early, early


def _wild(series: Series, early: Mask, keep: Mask) -> Mask:
    """Rows before the opening that lie far from it."""
    opening = prices_of(series)[keep & ~early][0]
    wild: Mask = early & (np.abs(prices_of(series) / opening - 1) > _WILD)
    return wild


def _closing(series: Series, outside: Mask, inside: Mask) -> float:
    """The value given after the close, when it is near the last price: the exchange's own closing value."""
    prices = prices_of(series)
    last = float(prices[inside][-1])
    end = series.time[inside][-1]
    after = prices[outside & (series.time > end)]
    given = float(after[-1]) if len(after) else last
    return given if abs(given / last - 1) <= _CLOSE_WITHIN else last


def _hold_volume(series: Series, status: npt.NDArray[np.int8], tally: Tally, local: Tally) -> None:
    volume = series.columns["volume"]
    held = np.maximum.accumulate(volume)
    fell = held > volume
    if fell.any():
        _tell(series, fell, "volume_fell", tally, local)
        series.columns["volume"] = held
        status[fell] = REPAIRED


def _holes(series: Series, trading: Mask, plan: DayPlan, tally: Tally, local: Tally) -> None:
    """Late start, early end, holes inside, and how much of the day is there at all."""
    if not plan.spans or series.grain == "snapshots":
        return
    length = GRAIN_NS[series.grain]
    time = series.time[trading]
    covered, whole = 0, sum(span.end - span.start for span in plan.spans)
    for span in plan.spans:
        here = time[(time >= span.start) & (time < span.end + _CLOSING)]
        if len(here) == 0:
            continue
        steps = np.diff(here)
        limit = max(_TICK_GAP, 20 * int(np.median(steps))) if not length and len(steps) else max(_TICK_GAP, 3 * length)
        holes = np.flatnonzero(steps > limit)
        for hole in holes:
            example = f"nothing from {text_of(int(here[hole]))} to {text_of(int(here[hole + 1]))[11:]}"
            for each in (tally, local):
                each.add("outage", f"{series.instrument.symbol}: {example}")
        end = min(int(here[-1]) + length, span.end)
        covered += end - max(int(here[0]), span.start) - int(steps[holes].sum())
    first, end = int(time[0]), int(time[-1]) + length
    for each in (tally, local):
        if first > plan.spans[0].start + _EDGE:
            each.add("late_start", f"{series.instrument.symbol}: first row {text_of(first)}")
        if end < plan.spans[-1].end - _EDGE:
            each.add("early_end", f"{series.instrument.symbol}: last row {text_of(int(time[-1]))}")
        if covered < _SHORT * whole:
            minutes = f"{covered // MINUTE} of {whole // MINUTE} minutes, {len(time)} rows"
            each.add("short_day", f"{series.instrument.symbol} {text_of(first)[:10]}: {minutes}")


def _tell(series: Series, which: Mask, fault: str, tally: Tally, local: Tally) -> None:
    at = np.flatnonzero(which)
    for each in (tally, local):
        each.add(fault, _row(series, int(at[0])), len(at))


def _fingerprint(series: Series) -> bytes:
    prices = prices_of(series)
    if len(np.unique(prices)) < _DISTINCT:
        return b""
    digest = blake2b(digest_size=16)
    digest.update(((series.time + IST_NS) % DAY_NS).tobytes())
    digest.update(prices.tobytes())
    return digest.digest()


def _row(series: Series, at: int) -> str:
    """A row for the report: its line and what it says."""
    values = (series.columns[name][at] for name in series.columns)
    shown = " ".join(f"{value:.10g}" if value != int(value) else f"{int(value)}" for value in values if value == value)
    return f"line {series.line[at]}: {text_of(int(series.time[at]))} {shown}"
