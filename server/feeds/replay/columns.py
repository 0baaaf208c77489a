"""Rows of a file on their way into columns: growing buffers, series by instrument, stamps and numbers.

Times are nanoseconds since the epoch, UTC; files write India's time. A number that is absent is NaN, a count 0.
"""

from array import array
from datetime import date, datetime
from math import isfinite, nan
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.domain.recordings import Grain

__all__ = (
    "BAR_FLOATS",
    "BAR_INTS",
    "DAY_NS",
    "IST_NS",
    "MAX_ROWS",
    "TICK_FLOATS",
    "TICK_INTS",
    "BadRow",
    "Buffer",
    "Buffers",
    "Series",
    "count",
    "day_of",
    "midnight",
    "number",
    "stamp",
    "text_of",
    "too_many",
)

IST_NS = 19_800_000_000_000
DAY_NS = 86_400_000_000_000
MAX_ROWS = 3_000_000
"""Most rows of one file: some 200 MB of columns."""
TICK_FLOATS = ("price", "bid", "ask")
TICK_INTS = ("volume", "oi", "bid_qty", "ask_qty")
BAR_FLOATS = ("open", "high", "low", "close")
BAR_INTS = ("volume", "oi")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST, _LAST = date(1990, 1, 1).toordinal(), date(2100, 1, 1).toordinal()
_MOST = 2**53

I8 = npt.NDArray[np.int64]


class BadRow(Exception):
    """A row that cannot be read; its text says what of it."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one instrument in a file, as they came. Arrays are of one length."""

    instrument: Instrument
    grain: Grain
    time: I8
    line: I8
    """Line of the file each row stood on."""
    columns: dict[str, npt.NDArray[Any]]
    """`TICK_*` or `BAR_*` by name; for bars `time` is the start and `volume` that of the bar."""
    lot: int | None = None
    """Lot where the file states one."""

    def __len__(self) -> int:
        return len(self.time)

    def picked(self, pick: Any) -> "Series":
        """Some of the rows, by index, mask or slice."""
        columns = {name: column[pick] for name, column in self.columns.items()}
        return msgspec.structs.replace(self, time=self.time[pick], line=self.line[pick], columns=columns)


class Buffer:
    """Columns that grow row by row."""

    def __init__(self, floats: tuple[str, ...], ints: tuple[str, ...]) -> None:
        self.floats, self.ints = floats, ints
        self.time, self.line = array("q"), array("q")
        self._floats = [array("d") for _ in floats]
        self._ints = [array("q") for _ in ints]

    def add(self, line: int, time: int, floats: tuple[float, ...], ints: tuple[int, ...]) -> None:
        """Append one row; values in the order of the names."""
        self.time.append(time)
        self.line.append(line)
        for column, value in zip(self._floats, floats, strict=True):
            column.append(value)
        for whole, amount in zip(self._ints, ints, strict=True):
            whole.append(amount)

    def series(self, instrument: Instrument, grain: Grain, lot: int | None = None) -> Series:
        """What was gathered."""
        columns: dict[str, npt.NDArray[Any]] = {}
        for name, column in zip(self.floats, self._floats, strict=True):
            columns[name] = np.frombuffer(column, dtype=np.float64).copy() if column else np.empty(0)
        for name, whole in zip(self.ints, self._ints, strict=True):
            columns[name] = np.frombuffer(whole, dtype=np.int64).copy() if whole else np.empty(0, dtype=np.int64)
        time = np.array(self.time, dtype=np.int64)
        return Series(
            instrument=instrument,
            grain=grain,
            time=time,
            line=np.array(self.line, dtype=np.int64),
            columns=columns,
            lot=lot,
        )


class Buffers:
    """Buffers by instrument, of one form."""

    def __init__(self, floats: tuple[str, ...] = TICK_FLOATS, ints: tuple[str, ...] = TICK_INTS) -> None:
        self._form = (floats, ints)
        self._kept: dict[str, tuple[Instrument, Buffer]] = {}

    def of(self, instrument: Instrument) -> Buffer:
        """The buffer of an instrument."""
        found = self._kept.get(instrument.key)
        if found is None:
            found = self._kept[instrument.key] = (instrument, Buffer(*self._form))
        return found[1]

    def series(self, grain: Grain) -> list[Series]:
        """All of them."""
        return [buffer.series(instrument, grain) for instrument, buffer in self._kept.values()]


def stamp(text: str) -> int:
    """Nanoseconds UTC of a file's time: India's unless it names a zone. Raises BadRow."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadRow(f"{text[:40]!r} is not a time") from None
    ordinal = moment.toordinal()
    if not _FIRST <= ordinal <= _LAST:
        raise BadRow(f"{text[:40]!r} is not a time of this market")
    seconds = (ordinal - _EPOCH_DAY) * 86_400 + moment.hour * 3_600 + moment.minute * 60 + moment.second
    offset = moment.utcoffset()
    shift = IST_NS if offset is None else round(offset.total_seconds()) * 1_000_000_000
    return seconds * 1_000_000_000 + moment.microsecond * 1_000 - shift


def number(text: str) -> float:
    """A number with or without thousands commas; NaN for an empty field or a dash. Raises BadRow."""
    text = text.strip()
    if text in ("", "-"):
        return nan
    try:
        value = float(text.replace(",", "")) if "," in text else float(text)
    except ValueError:
        raise BadRow(f"{text[:40]!r} is not a number") from None
    if not isfinite(value):
        raise BadRow(f"{text[:40]!r} is not a number")
    return value


def count(text: str) -> int:
    """A whole number, rounded where a file writes fractions; 0 for an empty field. Raises BadRow."""
    value = number(text)
    if value != value:
        return 0
    if abs(value) > _MOST:
        raise BadRow(f"{text[:40]!r} is too large")
    return round(value)


def day_of(time: int) -> date:
    """India's date of a moment."""
    return date.fromordinal((time + IST_NS) // DAY_NS + _EPOCH_DAY)


def midnight(day: date) -> int:
    """Nanoseconds UTC of 00:00 of a day in India."""
    return (day.toordinal() - _EPOCH_DAY) * DAY_NS - IST_NS


def text_of(time: int) -> str:
    """India's date and time of a moment, for reports."""
    seconds, rest = divmod(time + IST_NS, 1_000_000_000)
    moment = datetime.fromordinal(_EPOCH_DAY + seconds // 86_400)
    clock = seconds % 86_400
    text = f"{moment:%Y-%m-%d} {clock // 3600:02d}:{clock // 60 % 60:02d}:{clock % 60:02d}"
    return f"{text}.{rest // 1_000:06d}" if rest else text


def too_many() -> Invalid:
    """The error of a file with more rows than are taken."""
    return Invalid(
        f"The file was not taken: it has more than {MAX_ROWS:,} rows.",
        code="import.rows",
        field="file",
        limit=MAX_ROWS,
        remedy="Cut it into files of a month or a day.",
    )
