"""Bars as ticks, and ticks as bars: how a day of which only bars are known is shown moving, and how charts see it.

A bar is walked open, low, high, close when it rose and open, high, low, close when it fell, at its start, one third,
two thirds and its last second. The four prices are in the file; the order of high and low and their moments are not
known, and the screen says that the day is made from bars.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ("cumulative", "fold", "walk")

I8 = npt.NDArray[np.int64]
F8 = npt.NDArray[np.float64]
SECOND = 1_000_000_000
_MINUTE = 60 * SECOND


def walk(start: I8, columns: dict[str, npt.NDArray[Any]], length: int) -> tuple[I8, F8, I8, I8]:
    """(time, price, volume, oi) of four ticks a bar.

    Args:
        start: starts of the bars, ascending, nanoseconds UTC.
        columns: `open high low close volume oi` by bar; volume is that of the bar.
        length: of a bar, nanoseconds.

    The volume given back is cumulative; the first tick of a bar adds none of it, so that a listener who joins at a
    bar's first tick counts the whole bar.
    """
    count = len(start)
    rose = columns["close"] >= columns["open"]
    prices = np.empty((count, 4))
    prices[:, 0] = columns["open"]
    prices[:, 1] = np.where(rose, columns["low"], columns["high"])
    prices[:, 2] = np.where(rose, columns["high"], columns["low"])
    prices[:, 3] = columns["close"]
    times = start[:, None] + np.array([0, length // 3, 2 * length // 3, length - SECOND], dtype=np.int64)
    before = np.cumsum(columns["volume"]) - columns["volume"]
    parts = columns["volume"][:, None] * np.array([0, 1, 2, 3], dtype=np.int64) // 3
    volume = before[:, None] + parts
    oi = np.repeat(columns["oi"], 4)
    return times.ravel(), prices.ravel(), volume.ravel().astype(np.int64), oi


def cumulative(volume: I8, *, whole: bool) -> I8:
    """Units traded since the tick before, of a volume that counts up through the day; `whole` = the first tick's volume
    is counted too, for the recording begins with the day."""
    traded = np.diff(volume, prepend=0)
    if not whole:
        traded[:1] = 0
    return np.maximum(traded, 0)


def fold(time: I8, price: F8, traded: I8, oi: I8) -> tuple[I8, dict[str, npt.NDArray[Any]]]:
    """One-minute bars (start, columns) of ticks in order of time; ticks without a price are passed over."""
    known = ~np.isnan(price)
    time, price, traded, oi = time[known], price[known], traded[known], oi[known]
    if len(time) == 0:
        return time, {name: np.empty(0) for name in ("open", "high", "low", "close", "volume", "oi")}
    starts = time - time % _MINUTE
    first = np.concatenate(([0], np.flatnonzero(np.diff(starts)) + 1))
    last = np.append(first[1:], len(time)) - 1
    return starts[first], {
        "open": price[first],
        "high": np.maximum.reduceat(price, first),
        "low": np.minimum.reduceat(price, first),
        "close": price[last],
        "volume": np.add.reduceat(traded, first),
        "oi": oi[last],
    }
