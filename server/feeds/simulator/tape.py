"""One simulated day as batches of ticks, step by step.

A step is a quarter of a second. Spots print once a second each, in a quarter of their own, at every speed, so their
minute bars never depend on it. Derivatives are quoted at random steps; when the market is played fast, several steps
make one batch, and of each batch's derivatives only the first and the last step are quoted (so a minute's open and
close are right, and its range is a little short).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from server.feeds.simulator.derivatives import DerivativeTape
from server.feeds.simulator.schedule import STEP, STEPS, DaySchedule
from server.feeds.simulator.spots import SpotTape
from server.market.ports import DepthBatch, TickBatch

__all__ = ("SOURCE", "Tape", "join")

I8 = npt.NDArray[np.int64]
I4 = npt.NDArray[np.int32]

SOURCE: Final = "simulator"
_BOOST: Final = 8.0
"""At most how much likelier a row is quoted when many steps share a batch."""


class Tape:
    """Steps count from the opening; `rows` gives the market's row of each row of the day's listing."""

    def __init__(self, plan: DaySchedule, spots: SpotTape, derivatives: DerivativeTape, rows: I4, count: int) -> None:
        """`count`: spots with VIX."""
        self._plan, self._spots, self._derivatives = plan, spots, derivatives
        self._rows, self._count = rows, count
        self._auction = None if plan.auction is None else -(-(plan.auction - plan.open) // STEP)
        self._fno_steps = (plan.fno_close - plan.open) // STEP
        self._index_steps = (plan.index_end - plan.open) // STEP
        self.steps = max(self._fno_steps, spots.seconds * STEPS, (self._auction or 0) + 1)
        """Steps of the day; the last print is before or at `steps - 1`."""

    def batch(self, step: int, length: int, intensity: float) -> TickBatch | None:
        """Ticks of the steps [step, step + length) in time order; None when there are none."""
        parts: list[TickBatch] = []
        for at in range(max(0, step), min(step + length, self.steps)):
            if at == self._auction:
                parts.append(self._spots.auction_batch(SOURCE, self._rows, self._plan.open + at * STEP))
            spots = self._spot_rows(at)
            if len(spots):
                parts.append(self._spots.batch(SOURCE, self._rows[spots], spots, self._time(at), at // STEPS, at))
            if at in (step, step + length - 1, self._fno_steps - 1) and at < self._fno_steps:
                derivatives = self._derivative_rows(at, intensity * min(_BOOST, max(1.0, length / 2)))
                if len(derivatives):
                    parts.append(
                        self._derivatives.batch(SOURCE, self._rows[derivatives + self._count], derivatives, at)
                    )
        return join(parts)

    def everything(self, step: int) -> TickBatch | None:
        """The state at a step as one batch: the last print of each row that has traded today, oldest first."""
        if step < 0:
            return None
        step = min(step, self.steps - 1)
        parts: list[TickBatch] = []
        spots = np.arange(self._count, dtype=np.int64)
        at = min(step, self._spots.seconds * STEPS - 1)
        parts.append(self._spots.batch(SOURCE, self._rows[spots], spots, self._time(at), at // STEPS, at))
        if self._auction is not None and step >= self._auction:
            parts.append(self._spots.auction_batch(SOURCE, self._rows, self._time(self._auction)))
        last = min(step, self._fno_steps - 1)
        own = min(step, self._index_steps - 1)
        if own > at:
            vix = spots[-1:]
            parts.append(self._spots.batch(SOURCE, self._rows[vix], vix, self._time(own), own // STEPS, own))
        rows = np.flatnonzero(self._derivatives.trading(last))
        parts.append(self._derivatives.batch(SOURCE, self._rows[rows + self._count], rows, last))
        parts.sort(key=lambda part: int(part.time_ns[0]))
        return join(parts)

    def _time(self, step: int) -> int:
        return self._plan.open + step * STEP

    def _spot_rows(self, step: int) -> I8:
        if step >= max(self._index_steps, self._spots.seconds * STEPS):
            return np.zeros(0, dtype=np.int64)
        rows = np.arange(step % STEPS, self._count, STEPS, dtype=np.int64)
        # VIX goes on through the closing auction
        return rows if step < self._spots.seconds * STEPS else rows[rows == self._count - 1]

    def _derivative_rows(self, step: int, boost: float) -> I8:
        if step in (0, self._fno_steps - 1):
            # the opening and the closing touch every contract
            return np.flatnonzero(self._derivatives.trading(step))
        return self._derivatives.chosen(step, boost)


def join(parts: Sequence[TickBatch]) -> TickBatch | None:
    """Several batches as one, in the order given; None for none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    ladders = [p.depth for p in parts if p.depth is not None]
    columns = ("rows", "time_ns", "ltp", "bid", "ask", "bid_qty", "ask_qty", "volume", "oi")
    depth = None
    if ladders:
        names = ("rows", "bid_px", "bid_qty", "ask_px", "ask_qty")
        depth = DepthBatch(**{name: np.concatenate([getattr(d, name) for d in ladders]) for name in names})
    return TickBatch(
        source=parts[0].source,
        depth=depth,
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in columns},
    )
