"""Reader of plain price tables: bars or ticks, one row a line.

What a row cannot say by itself (a file without a name, a token nobody has named) is settled at the end, for then the
prices are known.
"""

from typing import Final

import msgspec
import numpy as np

from server.domain.instruments import Instrument
from server.domain.recordings import Grain
from server.feeds.replay.columns import BAR_FLOATS, BAR_INTS, BadRow, Buffer, Series, count, number, stamp
from server.feeds.replay.found import Found, Import, Token
from server.feeds.replay.reading import refuse

__all__ = ("PriceTable", "grain_of")

_GRAINS: Final[dict[int, Grain]] = {1: "1m", 5: "5m", 15: "15m"}
_MOST_NAMES: Final = 2_000
_MINUTE: Final = 60_000_000_000
_NOBODY: Final = Instrument(symbol="?", exchange="NSE", kind="EQUITY", name="?", segment="CASH_NON_FNO")


class PriceTable:
    """Reads bars or ticks.

    Args:
        context: the import.
        columns: where each field stands: `stamp` (or `date` and `time`), `claim` (what names the instrument, if
            anything does), `open` ... `close` for bars or `price` for ticks, `volume`, `oi`.
    """

    def __init__(self, context: Import, columns: dict[str, int]) -> None:
        self._context = context
        self._at = columns
        self._bars = "close" in columns
        self._floats = BAR_FLOATS if self._bars else ("price",)
        self._ints = BAR_INTS if self._bars else ("volume",)
        self._width = max(columns[name] for name in columns if name not in ("volume", "oi"))
        self._buffers: dict[str, Buffer] = {}
        self.kind = "bars" if self._bars else "ticks"

    def row(self, cells: list[str], line: int) -> None:
        """Take one row; raises BadRow."""
        at = self._at
        if len(cells) <= self._width:
            raise BadRow(f"it has {len(cells)} fields")
        time = stamp(
            cells[at["stamp"]] if "stamp" in at else f"{cells[at['date']].strip()}T{cells[at['time']].strip()}"
        )
        floats = tuple(number(cells[at[name]]) for name in self._floats)
        ints = tuple(self._whole(cells, name) for name in self._ints)
        key = cells[at["claim"]].strip() if "claim" in at else ""
        self._buffer(key).add(line, time, floats, ints)

    def finish(self) -> Found:
        """All series, each under its instrument."""
        context = self._context
        called = context.names.file(context.name) if len(self._buffers) == 1 else None
        out = []
        for key, buffer in self._buffers.items():
            token = context.token(int(key)) if key.isdigit() else None
            written = token.instrument if token is not None else context.names.symbol(key) if key else None
            if written is None and key and called is None:
                context.tally.add("unknown_instrument", f"line {buffer.line[0]}: {key}", len(buffer.time))
                continue
            grain = grain_of(buffer) if self._bars else "ticks"
            settled = context.settle(written, called, buffer.series(_NOBODY, grain))
            out.append(_with_lot(settled, token))
        if not out and self._buffers:
            what = ", ".join(list(self._buffers)[:3])
            raise refuse(
                f"nobody has named the instrument {what}", "Import the instruments file that came with it first."
            )
        if self._bars and out:
            self.kind = f"{_WORDS[out[0].grain]} bars of {_sort_of(out[0].instrument)}"
        elif out:
            self.kind = f"ticks of {_sort_of(out[0].instrument)}"
        return Found(series=out)

    def _whole(self, cells: list[str], name: str) -> int:
        place = self._at.get(name)
        return max(0, count(cells[place])) if place is not None and place < len(cells) else 0

    def _buffer(self, key: str) -> Buffer:
        buffer = self._buffers.get(key)
        if buffer is None:
            if len(self._buffers) >= _MOST_NAMES:
                raise BadRow(f"the file names more than {_MOST_NAMES:,} instruments")
            buffer = self._buffers[key] = Buffer(self._floats, self._ints)
        return buffer


_WORDS: Final[dict[Grain, str]] = {"1m": "one-minute", "5m": "five-minute", "15m": "fifteen-minute"}


def grain_of(buffer: Buffer) -> Grain:
    """Length of bars: the distance between starts that is found most often. Raises Invalid for other lengths."""
    times = np.unique(np.array(buffer.time, dtype=np.int64))
    if len(times) < 2:
        return "1m"
    steps, found = np.unique(np.diff(times), return_counts=True)
    minutes = float(steps[np.argmax(found)]) / _MINUTE
    if minutes >= 24 * 60:
        raise refuse("it holds one row a day, which cannot be replayed", "Import minutes or ticks, or a bhavcopy.")
    if minutes not in _GRAINS:
        raise refuse(f"its bars are {minutes:g} minutes long", "Import bars of 1, 5 or 15 minutes.")
    return _GRAINS[int(minutes)]


def _with_lot(series: Series, token: Token | None) -> Series:
    if token is None or token.lot <= 0 or token.instrument.key != series.instrument.key:
        return series
    return msgspec.structs.replace(series, lot=token.lot)


def _sort_of(instrument: Instrument) -> str:
    words: dict[str, str] = {"INDEX": "an index", "EQUITY": "a share", "OPTION": "an option", "FUTURE": "a future"}
    return words[instrument.kind]
