"""Columns on their way to the tick database: checked and copied when they come, joined when they are written."""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.core.errors import Fault
from server.market.ports import BarColumns, TickBatch

__all__ = ("BarChunk", "TickChunk", "join")

Columns = dict[str, npt.NDArray[Any]]
_TICK = ("time_ns", "ltp", "bid", "ask", "volume", "oi")
_WHOLE = ("time_ns", "start_ns", "volume", "oi")


class _Chunk:
    """Columns of one length, and the instrument keys their rows belong to."""

    def __init__(self, market: str, keys: list[str], columns: Columns) -> None:
        wrong = [name for name, column in columns.items() if column.shape != (len(keys),)]
        if wrong:
            # one chunk that does not fit would hold up all that come after it
            raise Fault(f"{len(keys)} keys do not go with {columns[wrong[0]].shape} rows of {wrong[0]}")
        self.market = market
        self.keys = list(keys)
        self.columns = columns

    def __len__(self) -> int:
        return len(self.keys)


class TickChunk(_Chunk):
    """Ticks of one batch. Their arrays are copied: a feed may use its own again."""

    def __init__(self, market: str, keys: list[str], batch: TickBatch) -> None:
        super().__init__(market, keys, {name: _own(name, getattr(batch, name)) for name in _TICK})


class BarChunk(_Chunk):
    """Bars of one length."""

    def __init__(self, market: str, span: int, keys: list[str], bars: BarColumns) -> None:
        columns: Columns = {"span": np.full(len(keys), span, dtype=np.int32)}
        columns |= {name: _own(name, getattr(bars, name)) for name in BarColumns.__struct_fields__}
        super().__init__(market, keys, columns)


def join(chunks: list[Any], series: list[npt.NDArray[np.int32]]) -> Columns:
    """All chunks as one set of columns, with their series numbers in front."""
    out: Columns = {"series": np.concatenate(series)}
    for name in chunks[0].columns:
        out[name] = np.concatenate([chunk.columns[name] for chunk in chunks])
    return out


def _own(name: str, column: Any) -> npt.NDArray[Any]:
    return np.array(column, dtype=np.int64 if name in _WHOLE else np.float64)
