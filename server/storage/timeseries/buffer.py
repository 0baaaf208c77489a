"""Columns on their way to the tick database: copied when they come, joined when they are written."""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.market.ports import BarColumns, TickBatch

__all__ = ("BarChunk", "TickChunk", "join")

Columns = dict[str, npt.NDArray[Any]]


class _Chunk:
    """Columns of one length, and the instrument keys their rows belong to."""

    def __init__(self, market: str, keys: list[str], columns: Columns) -> None:
        self.market = market
        self.keys = keys
        self.columns = columns

    def __len__(self) -> int:
        return len(self.keys)


class TickChunk(_Chunk):
    """Ticks of one batch. Their arrays are copied: a feed may use its own again."""

    def __init__(self, market: str, keys: list[str], batch: TickBatch) -> None:
        columns = {
            "time_ns": batch.time_ns,
            "ltp": batch.ltp,
            "bid": batch.bid,
            "ask": batch.ask,
            "volume": batch.volume,
            "oi": batch.oi,
        }
        super().__init__(market, keys, {name: np.array(column) for name, column in columns.items()})


class BarChunk(_Chunk):
    """Bars of one length."""

    def __init__(self, market: str, span: int, keys: list[str], bars: BarColumns) -> None:
        columns = {name: np.array(getattr(bars, name)) for name in BarColumns.__struct_fields__}
        super().__init__(market, keys, {"span": np.full(len(keys), span, dtype=np.int32), **columns})


def join(chunks: list[Any], series: list[npt.NDArray[np.int32]]) -> Columns:
    """All chunks as one set of columns, with their series numbers in front."""
    out: Columns = {"series": np.concatenate(series)}
    for name in chunks[0].columns:
        out[name] = np.concatenate([chunk.columns[name] for chunk in chunks])
    return out
