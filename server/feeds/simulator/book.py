"""From a fair price to a quote: bid and ask on the tick with the fair price between them, last price, five levels.

The fair price always lies inside the spread, so calls, puts and futures of one expiry agree within their spreads.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.market.ports import DepthBatch

__all__ = ("LEVELS", "Touch", "depth", "on_tick", "reach", "size", "touch")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
I4 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint64]
B1 = npt.NDArray[np.bool_]

LEVELS: Final = 5
_GROWTH: Final = np.array([1.0, 1.5, 1.9, 2.2, 2.4])


class Touch(msgspec.Struct, frozen=True):
    """Best prices in ticks (0 = no such side), last price in ticks, sizes in units."""

    bid: F8
    ask: F8
    last: F8
    bid_qty: I8
    ask_qty: I8

    def pick(self, mask: B1) -> "Touch":
        """The rows where `mask` holds."""
        return Touch(self.bid[mask], self.ask[mask], self.last[mask], self.bid_qty[mask], self.ask_qty[mask])


def on_tick(ticks: F8, tick: F8) -> F8:
    """Price of a number of ticks, as the double whose shortest form is the exact price."""
    price: F8 = np.round(ticks * tick, 4)
    return price


def touch(
    fair: F8, tick: F8, spread: F8, lots: F8, lot: I8, missing: F8, least: F8, key: U8, epoch: int, slow: int
) -> Touch:
    """Quotes of some rows at one step.

    `fair` in rupees, `spread` in ticks (at least 1), `lots` the median size at the touch, `missing` the
    share of time a side is empty, `least` the lowest bid in ticks (someone always bids a tick for index options);
    `epoch` is the step, `slow` a coarser count for what lasts (an empty side, where the quote leans)."""
    at = fair / tick
    width = np.maximum(1.0, np.rint(spread))
    lean = 0.5 + 0.25 * (noise.uniform(key, slow, 21) - 0.5)
    bid = np.floor(at - np.where(width > 1.5, (width - 1.0) * lean, 0.0) + 1e-9)
    ask = np.maximum(bid + width, np.floor(at + 1e-9) + 1.0)
    bid = np.maximum(bid, least)
    ask = np.maximum(ask, bid + 1.0)
    side = noise.uniform(key, epoch, 22)
    last = np.where(width < 2.5, np.where(side < 0.5, bid, ask), np.rint(at + (2.0 * side - 1.0) * reach(width, at)))
    last = np.maximum(1.0, np.clip(last, bid, ask))
    gone = noise.uniform(key, slow, 23)
    bid = np.where(gone < 0.5 * missing, 0.0, bid)
    ask = np.where(gone > 1.0 - 0.5 * missing, 0.0, ask)
    bid_qty = size(lots, lot, key, epoch, 24)
    ask_qty = size(lots, lot, key, epoch, 25)
    return Touch(bid, ask, last, np.where(bid > 0, bid_qty, 0), np.where(ask > 0, ask_qty, 0))


def reach(width: F8, at: F8) -> F8:
    """How far from the fair price `at` trades happen, in ticks: near it, however wide the quote."""
    out: F8 = np.minimum(0.5 * width, 1.0 + 0.003 * at)
    return out


def depth(rows: I4, quote: Touch, tick: F8, spread: F8, lots: F8, lot: I8, key: U8, epoch: int) -> DepthBatch:
    """Five levels a side: the touch, then levels a tick or a part of the spread further out, and larger."""
    step = np.maximum(1.0, np.rint(0.12 * spread))[:, None] * np.arange(LEVELS)
    wide = key[:, None] + np.arange(LEVELS, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bids, asks = quote.bid[:, None] - step, quote.ask[:, None] + step
    has_bid = (quote.bid[:, None] > 0) & (bids > 0)
    has_ask = np.broadcast_to(quote.ask[:, None] > 0, asks.shape)
    bid_qty = size(lots[:, None] * _GROWTH, lot[:, None], wide, epoch, 26)
    ask_qty = size(lots[:, None] * _GROWTH, lot[:, None], wide, epoch, 27)
    bid_qty[:, 0], ask_qty[:, 0] = quote.bid_qty, quote.ask_qty
    return DepthBatch(
        rows=rows,
        bid_px=np.where(has_bid, on_tick(bids, tick[:, None]), np.nan),
        bid_qty=np.where(has_bid, bid_qty, 0),
        ask_px=np.where(has_ask, on_tick(asks, tick[:, None]), np.nan),
        ask_qty=np.where(has_ask, ask_qty, 0),
    )


def size(lots: F8, lot: I8, key: U8, epoch: int, stream: int) -> I8:
    """Units on offer at one level: log-normal about `lots`, at least one lot."""
    scale = np.exp(0.7 * noise.normal(key, epoch, stream))
    out: I8 = np.maximum(1.0, np.rint(lots * scale)).astype(np.int64) * lot
    return out
