"""One-minute bars of indices, shares and India VIX, from the very prints that the live market sends."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from server.feeds.simulator.schedule import SECOND, DaySchedule
from server.feeds.simulator.spots import SpotTape
from server.market.ports import BarColumns

__all__ = ("columns", "day_bars")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_CHUNK: Final = 1_800
"""Seconds handled at once."""


def day_bars(
    spots: SpotTape, plan: DaySchedule, first: int = 0, stop: int | None = None
) -> Iterator[tuple[I8, BarColumns]]:
    """One-minute bars of minutes [first, stop) of a day as (local row of each bar, bars), half an hour at a time.

    After the shares' close only VIX, and in the auction's minute the auction. Volume is that of the minute."""
    last = np.iinfo(np.int64).max if stop is None else stop * 60
    after = -(-spots.seconds // 60) * 60
    everything = np.arange(spots.count, dtype=np.int64)
    for begin, until, rows in ((0, spots.seconds, everything), (after, spots.vix_seconds, everything[-1:])):
        end = min(until, last)
        for chunk in range(max(begin, first * 60), end, _CHUNK):
            yield _bars(spots, plan, rows, chunk, min(chunk + _CHUNK, end))
    if spots.auction is not None and first <= spots.auction // 60 < (last + 59) // 60:
        yield _auction_bar(spots, plan, everything[:-1])


def columns(start: int | I8, opened: F8, high: F8, low: F8, close: F8, volume: I8, oi: I8 | None = None) -> BarColumns:
    """Bars with one start or one each; open interest 0 where there is none."""
    return BarColumns(
        start_ns=np.full(len(opened), start, dtype=np.int64) if isinstance(start, int) else start,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume.astype(np.int64),
        oi=np.zeros(len(opened), dtype=np.int64) if oi is None else oi,
    )


def _bars(spots: SpotTape, plan: DaySchedule, rows: I8, first: int, stop: int) -> tuple[I8, BarColumns]:
    """Bars of the seconds [first, stop), minute by minute; the last minute may be short."""
    minutes = -(-(stop - first) // 60)
    price = spots.prices(first, stop)[:, rows]
    if short := minutes * 60 - len(price):
        price = np.concatenate([price, np.repeat(price[-1:], short, axis=0)])
    block = price.reshape(minutes, 60, len(rows))
    at = np.minimum(first + 60 * np.arange(minutes + 1) - 1, stop - 1)
    done = spots.volumes(np.maximum(at, 0))[:, rows]
    if first == 0:
        done[0] = 0
    start = np.repeat(plan.open + (first + 60 * np.arange(minutes)) * SECOND, len(rows))
    return np.tile(rows, minutes), columns(
        start,
        block[:, 0].ravel(),
        block.max(axis=1).ravel(),
        block.min(axis=1).ravel(),
        block[:, -1].ravel(),
        np.diff(done, axis=0).ravel(),
    )


def _auction_bar(spots: SpotTape, plan: DaySchedule, rows: I8) -> tuple[I8, BarColumns]:
    batch = spots.auction_batch("", np.arange(spots.count, dtype=np.int32), 0)
    begin = plan.open + (int(spots.auction or 0) // 60) * 60 * SECOND
    before = spots.volumes(np.array([spots.seconds - 1]))[0][:-1]
    price = batch.ltp
    return rows, columns(begin, price, price, price, price, np.maximum(0, batch.volume - before))
