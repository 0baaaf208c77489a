"""A Kite frame as one batch for the hub: tokens to rows by one search, no object per packet.

Packets of instruments that have no row are left out. Prices are rounded to what the wire can say, so that dividing by
100 leaves no float noise.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from server.brokers.zerodha.packets import Columns
from server.market.ports import DepthBatch, TickBatch

__all__ = ("Rows", "batch_of")

I4 = npt.NDArray[np.int32]


class Rows:
    """Row of each token; made anew when the watched set changes.

    Args:
        tokens: Kite tokens with their canonical keys.
        row: the hub's row of a key, or None.
    """

    def __init__(self, tokens: Iterable[tuple[str, str]], row: Callable[[str], int | None]) -> None:
        pairs = sorted((int(token), found) for token, key in tokens if (found := row(key)) is not None)
        self._tokens = np.array([token for token, _ in pairs], dtype=np.int64)
        self._rows = np.array([found for _, found in pairs], dtype=np.int32)

    def find(self, tokens: npt.NDArray[np.int64]) -> I4:
        """Row of each token, -1 where there is none."""
        if len(self._tokens) == 0:
            return np.full(len(tokens), -1, dtype=np.int32)
        at = np.searchsorted(self._tokens, tokens)
        at[at == len(self._tokens)] = 0
        return np.where(self._tokens[at] == tokens, self._rows[at], np.int32(-1)).astype(np.int32)


def batch_of(columns: Columns, rows: Rows, wall_ns: int, source: str) -> TickBatch | None:
    """The ticks of one group of packets.

    Args:
        columns: packets of one length.
        rows: where they go.
        wall_ns: wall time of receipt, for packets without a time of their own.
        source: the account's name.
    """
    found = rows.find(columns.tokens)
    keep = np.flatnonzero((found >= 0) & (columns.last > 0))
    if len(keep) == 0:
        return None
    found = found[keep]
    count = len(keep)
    if columns.market_ns is None:
        times = np.full(count, wall_ns, dtype=np.int64)
    else:
        times = np.where(columns.market_ns[keep] > 0, columns.market_ns[keep], wall_ns)
    empty, none = np.full(count, np.nan), np.zeros(count, dtype=np.int64)
    bid, ask, bid_quantity, ask_quantity = empty, empty, none, none
    depth = None
    if columns.bid_prices is not None and columns.ask_prices is not None:
        assert columns.bid_quantities is not None and columns.ask_quantities is not None
        bids, asks = columns.bid_prices[keep], columns.ask_prices[keep]
        bid_sizes, ask_sizes = columns.bid_quantities[keep], columns.ask_quantities[keep]
        bids, asks = np.where(bids > 0, bids, np.nan), np.where(asks > 0, asks, np.nan)
        depth = DepthBatch(found, bids, bid_sizes, asks, ask_sizes)
        bid, ask, bid_quantity, ask_quantity = bids[:, 0], asks[:, 0], bid_sizes[:, 0], ask_sizes[:, 0]
    return TickBatch(
        source=source,
        rows=found,
        time_ns=times,
        ltp=columns.last[keep],
        bid=bid,
        ask=ask,
        bid_qty=bid_quantity,
        ask_qty=ask_quantity,
        volume=none if columns.volume is None else columns.volume[keep],
        oi=none if columns.oi is None else columns.oi[keep],
        depth=depth,
    )
