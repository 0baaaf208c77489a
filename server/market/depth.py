"""Five-level books: written from a batch where they are sound, read as exact levels."""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.domain.money import exact
from server.domain.quotes import Depth, Level
from server.market.pipeline import Screened
from server.market.ports import DepthBatch, TickBatch
from server.market.slots import Slots

__all__ = ("depth_of", "write_depth")


def depth_of(slots: Slots, row: int) -> Depth | None:
    """The last known book of a row, best first; None when none was ever sent."""
    if slots.depth_changed[row] == 0:
        return None
    record = slots.depth[row]
    return Depth(_levels(record["bid_px"], record["bid_qty"]), _levels(record["ask_px"], record["ask_qty"]))


def write_depth(slots: Slots, batch: TickBatch, ticks: Screened, version: int) -> tuple[int, int]:
    """Write the batch's books, except bad ones and those whose ticks in this batch were all refused.

    A tick dropped as a copy does not hold its book back: a deeper level may be new. Returns (bad books, rows written).
    """
    depth = batch.depth
    if depth is None:
        return 0, 0
    good = (depth.rows >= 0) & (depth.rows < slots.size) & _sound(depth)
    refused = len(good) - int(np.count_nonzero(good))
    if refused:
        depth = _pick(depth, good)
    if len(ticks) < len(batch.rows):
        depth = _pick(depth, _supported(slots, batch, ticks, depth.rows))
    rows, table = depth.rows, slots.depth
    table["market_ms"][rows] = slots.quotes["market_ms"][rows]
    table["bid_px"][rows] = depth.bid_px
    table["bid_qty"][rows] = depth.bid_qty
    table["ask_px"][rows] = depth.ask_px
    table["ask_qty"][rows] = depth.ask_qty
    slots.depth_changed[rows] = version
    return refused, len(rows)


def _supported(slots: Slots, batch: TickBatch, ticks: Screened, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which of `rows` have a good tick in the batch, a copy of the last good one, or no tick at all."""
    sent = (batch.rows >= 0) & (batch.rows < slots.size)
    ticked, times = batch.rows[sent], batch.time_ns[sent]
    mark = slots.scratch
    mark[ticked] = 1
    mark[ticks.rows] = 0
    mark[ticked[times == slots.time_ns[ticked]]] = 0
    found: npt.NDArray[np.bool_] = mark[rows] == 0
    mark[ticked] = 0
    return found


def _sound(depth: DepthBatch) -> npt.NDArray[np.bool_]:
    """Books whose prices are positive or absent, quantities not negative, and sides not crossed."""
    with np.errstate(invalid="ignore"):
        bad = ((depth.bid_px <= 0) | np.isinf(depth.bid_px) | (depth.ask_px <= 0) | np.isinf(depth.ask_px)).any(axis=1)
        bad |= ((depth.bid_qty < 0) | (depth.ask_qty < 0)).any(axis=1)
        bad |= depth.bid_px[:, 0] > depth.ask_px[:, 0]
    return ~bad


def _pick(depth: DepthBatch, which: npt.NDArray[np.bool_]) -> DepthBatch:
    return DepthBatch(*(getattr(depth, name)[which] for name in DepthBatch.__struct_fields__))


def _levels(prices: Any, quantities: Any) -> tuple[Level, ...]:
    return tuple(
        [
            Level(exact(price), int(quantity))
            for price, quantity in zip(prices.tolist(), quantities.tolist(), strict=True)
            if price == price  # not NaN
        ]
    )
