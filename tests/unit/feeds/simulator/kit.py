"""Reading ticks in tests."""

from typing import Any

import numpy as np

from server.feeds.simulator.feed import Simulator
from server.market.ports import TickBatch

__all__ = ("COLUMNS", "row_of", "same", "table")

COLUMNS = ("rows", "time_ns", "ltp", "bid", "ask", "bid_qty", "ask_qty", "volume", "oi")


def same(left: TickBatch | None, right: TickBatch | None) -> bool:
    """Whether two batches are equal to the last bit, depth included."""
    if left is None or right is None:
        return left is right
    if not all(np.array_equal(getattr(left, c), getattr(right, c), equal_nan=c in ("bid", "ask")) for c in COLUMNS):
        return False
    if left.depth is None or right.depth is None:
        return left.depth is right.depth
    names = ("rows", "bid_px", "bid_qty", "ask_px", "ask_qty")
    return all(
        np.array_equal(getattr(left.depth, c), getattr(right.depth, c), equal_nan=c.endswith("px")) for c in names
    )


def row_of(simulator: Simulator, key: str) -> int:
    """The market's row of an instrument."""
    return next(row for row, i in enumerate(simulator.instruments()) if i.key == key)


def table(simulator: Simulator, batch: TickBatch | None) -> dict[str, dict[str, Any]]:
    """Last tick of each instrument in a batch, by key."""
    assert batch is not None
    instruments = simulator.instruments()
    out: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(batch.rows.tolist()):
        out[instruments[row].key] = {c: getattr(batch, c)[number] for c in COLUMNS}
    return out
