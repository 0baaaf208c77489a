"""Indices, shares and India VIX of one day: one print a second each, and the closing auction's.

Prints are a pure function of the path and the second, so live ticks and history are the same numbers.
"""

import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.book import Touch, depth, on_tick, size
from server.feeds.simulator.factors import DayPath
from server.feeds.simulator.facts import SpotFacts
from server.feeds.simulator.schedule import SECOND, DaySchedule
from server.feeds.simulator.shares import INDICES
from server.market.ports import DepthBatch, TickBatch

__all__ = ("AUCTION_VOLUME", "SpotTape")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

AUCTION_VOLUME = 0.03
"""Part of a usual day's volume that trades in the closing auction."""


class SpotTape:
    """Prints of the listing's first rows: indices, shares, VIX last."""

    def __init__(self, plan: DaySchedule, path: DayPath, facts: SpotFacts) -> None:
        self._n = len(facts.levels)
        self.count = self._n + 1
        """Spots with VIX."""
        self._indices = len(INDICES)
        self._tick, self._key = facts.tick, facts.key
        self._path = path
        self._facts = facts
        self.seconds = (plan.spot_close - plan.open) // SECOND
        """Length of continuous trading."""
        self.vix_seconds = (plan.index_end - plan.open) // SECOND
        """How long India VIX prints."""
        self.auction = None if plan.auction is None else (plan.auction - plan.open) // SECOND
        self._minutes = self._volume_minutes()

    def prices(self, first: int, stop: int) -> F8:
        """Prints of seconds [first, stop), on the tick: shape (seconds, spots + 1)."""
        n, k = self._n, self._indices
        level = self._facts.levels * np.exp(self._path.log[first:stop].astype(np.float64))
        level[:, :k] *= np.exp(self._path.prints[first:stop, None].astype(np.float64))
        ticks = np.empty((stop - first, n + 1))
        ticks[:, :n] = level / self._tick[:n]
        ticks[:, n] = np.exp(self._path.vix[first:stop]) / self._tick[n]
        # a share's trade is at its bid or its ask
        second = np.arange(first, stop, dtype=np.uint64)[:, None]
        half = 0.5 * self._facts.width[k:n]
        side = noise.uniform(self._key[None, k:n], second, 11)
        ticks[:, k:n] += np.where(side < 0.5, -half, half)
        return on_tick(np.maximum(1.0, np.rint(ticks)), self._tick)

    def volumes(self, at: I8) -> I8:
        """Shares traded today by the end of each of the seconds `at`: (seconds, spots + 1)."""
        done, last = self._path.activity, self._path.last
        minute = np.minimum(at // 60, len(self._minutes) - 2)
        begin, end = done[np.minimum(minute * 60, last)], done[np.minimum(minute * 60 + 60, last)]
        share = (done[np.minimum(at + 1, last)] - begin) / np.maximum(end - begin, 1e-12)
        low, high = self._minutes[minute], self._minutes[minute + 1]
        volume: I8 = np.floor(low + (high - low) * np.clip(share, 0.0, 1.0)[:, None]).astype(np.int64)
        return volume

    def auction_prices(self) -> F8:
        """The one price of the closing auction, for each spot; VIX is not auctioned and prints as usual."""
        second = self.seconds if self.auction is None else self.auction
        out: F8 = self.prices(second, second + 1)[0]
        level = self._facts.levels * np.exp(self._path.log[second].astype(np.float64))
        out[: self._n] = on_tick(np.rint(level / self._tick[: self._n]), self._tick[: self._n])
        return out

    def closes(self) -> F8:
        """Official closes: the auction's price, or the last print where there is no auction; VIX's last print."""
        last: F8 = self.prices(self.seconds - 1, self.seconds)[0]
        out = last if self.auction is None else self.auction_prices()
        out[self._n] = self.prices(self.vix_seconds - 1, self.vix_seconds)[0][self._n]
        return out

    def batch(
        self, source: str, rows: npt.NDArray[np.int32], local: I8, time_ns: int, second: int, step: int
    ) -> TickBatch:
        """One continuous print of the spots `local` (market rows `rows`) at a step, with quotes for shares."""
        price = self.prices(second, second + 1)[0][local]
        tick, key = self._tick[local], self._key[local]
        share = (local >= self._indices) & (local < self._n)
        width, lots = self._facts.width[local], self._facts.lots[local]
        at = np.rint(price / tick)
        low = at - np.where(noise.uniform(key, second, 11) < 0.5, 0.0, width)
        one = np.ones(len(local), dtype=np.int64)
        quote = Touch(
            np.where(share, low, 0.0),
            np.where(share, low + width, 0.0),
            at,
            np.where(share, size(lots, one, key, step, 24), 0),
            np.where(share, size(lots, one, key, step, 25), 0),
        )
        ladder: DepthBatch | None = None
        if share.any():
            ladder = depth(
                rows[share], quote.pick(share), tick[share], width[share], lots[share], one[share], key[share], step
            )
        return TickBatch(
            source=source,
            rows=rows,
            time_ns=np.full(len(local), time_ns, dtype=np.int64),
            ltp=price,
            bid=np.where(share, on_tick(quote.bid, tick), np.nan),
            ask=np.where(share, on_tick(quote.ask, tick), np.nan),
            bid_qty=quote.bid_qty,
            ask_qty=quote.ask_qty,
            volume=self.volumes(np.array([second]))[0][local],
            oi=np.zeros(len(local), dtype=np.int64),
            depth=ladder,
        )

    def auction_batch(self, source: str, rows: npt.NDArray[np.int32], time_ns: int) -> TickBatch:
        """The closing auction's print of all indices and shares (`rows` in local order, VIX left out)."""
        n = self._n
        nothing = np.full(n, np.nan)
        none = np.zeros(n, dtype=np.int64)
        volume = np.floor(self._minutes[-1][:n] + AUCTION_VOLUME * self._facts.turnover[:n]).astype(np.int64)
        return TickBatch(
            source=source,
            rows=rows[:n],
            time_ns=np.full(n, time_ns, dtype=np.int64),
            ltp=self.auction_prices()[:n],
            bid=nothing,
            ask=nothing,
            bid_qty=none,
            ask_qty=none,
            volume=volume,
            oi=none,
        )

    def _volume_minutes(self) -> F8:
        """Volume done at the start of each minute, (minutes + 1, spots + 1)."""
        minutes = -(-self._path.last // 60)
        edge = np.minimum(np.arange(minutes + 1) * 60, self._path.last)
        done = np.diff(self._path.activity[edge]) * (edge[:-1] < self.seconds)
        number = np.arange(minutes, dtype=np.uint64)[:, None]
        burst = np.exp(0.55 * noise.normal(self._key[None, :], number, 12) - 0.15)
        volume = self._facts.turnover * done[:, None] * burst
        return np.concatenate([np.zeros((1, self._n + 1)), np.cumsum(volume, axis=0)])
