"""How liquid each contract is: quoted spread, size at the touch, one-sided quotes, open interest, turnover.

Tables by class of contract (rows) and signed moneyness (columns; + is out of the money, in log strike over spot of
NIFTY: other names are scaled by their volatility). They are medians of NSE's NIFTY chains of 20 days, Oct-Dec 2025
(the same files as FIDELITY's table): nearest weekly, second, third, fourth, fifth; nearest monthly, later monthly,
distant. The last row is for shares, set by judgement.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ("DISTANT", "MONTHLY", "SHARE", "classify", "look_up", "place")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_AT: Final = np.array([-0.045, -0.022, -0.010, 0.0, 0.010, 0.022, 0.045])

NEAREST: Final = 0
MONTHLY: Final = 5
LATER_MONTH: Final = 6
DISTANT: Final = 7
SHARE: Final = 8

_SPREAD: Final = [
    [191, 35, 11, 3, 1, 1, 1],
    [400, 52, 19, 8, 4, 2, 2],
    [800, 222, 42, 22, 16, 11, 19],
    [6035, 617, 187, 67, 60, 47, 79],
    [16282, 7646, 706, 196, 172, 289, 514],
    [225, 57, 18, 8, 4, 2, 1],
    [360, 60, 28, 16, 10, 6.5, 4.5],
    [900, 400, 200, 120, 110, 100, 90],
    [80, 30, 12, 7, 5, 4, 4],
]
_SPREAD_90: Final = [
    [400, 56, 17, 6, 1.3, 1.3, 1.3],
    [600, 210, 34, 13, 7, 4, 4],
    [1310, 680, 145, 39, 29, 26, 144],
    [11400, 10008, 1344, 201, 171, 709, 686],
    [28856, 17820, 10888, 2177, 2005, 3260, 1755],
    [690, 123, 32, 12, 6, 3, 2],
    [600, 240, 69, 27, 17, 12, 30],
    [2400, 1200, 700, 500, 450, 450, 450],
    [220, 80, 30, 16, 12, 11, 12],
]
_TOUCH_LOTS: Final = [
    [1.2, 2, 3.5, 14.5, 147, 750, 2500],
    [1.2, 1.2, 2, 3, 5, 8, 15],
    [1.1, 1.1, 1.2, 2, 2, 2, 2.5],
    [1.1, 1.1, 1.1, 1.1, 1.1, 1.2, 2],
    [1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.6],
    [1.2, 1.3, 2, 3, 5, 11, 26],
    [1.1, 1.2, 1.5, 2.3, 2.8, 3.2, 4.5],
    [1.1, 1.1, 1.2, 1.5, 1.5, 1.5, 1.5],
    [1.2, 1.5, 2, 3, 4, 6, 8],
]
_MISSING: Final = [  # share of quotes with at least one side empty
    [0, 0, 0, 0, 0, 0.01, 0.02],
    [0, 0, 0, 0, 0, 0, 0],
    [0.01, 0, 0, 0, 0, 0, 0],
    [0.15, 0.11, 0, 0, 0, 0, 0],
    [0.9, 0.56, 0.06, 0, 0.04, 0.06, 0.02],
    [0, 0, 0, 0, 0, 0, 0.01],
    [0.01, 0, 0, 0, 0, 0, 0],
    [0.3, 0.2, 0.05, 0.03, 0.03, 0.05, 0.08],
    [0.3, 0.12, 0.03, 0.01, 0.01, 0.02, 0.06],
]
# open interest over that at the money, by moneyness
_OPEN_SHAPE: Final = [0.0006, 0.008, 0.09, 1.0, 0.92, 0.52, 0.2]
_OPEN_SHAPE_MONTH: Final = [0.02, 0.06, 0.25, 1.0, 0.95, 0.7, 0.35]

_SD_90: Final = 1.2816


def _tables() -> dict[str, F8]:
    spread = np.log(np.array(_SPREAD, dtype=np.float64))
    spread_sd = (np.log(np.array(_SPREAD_90, dtype=np.float64)) - spread) / _SD_90
    touch = np.log(np.array(_TOUCH_LOTS))
    missing = np.array(_MISSING)
    weekly, monthly = np.log(_OPEN_SHAPE), np.log(_OPEN_SHAPE_MONTH)
    opened = np.array([weekly] * 5 + [monthly] * 4)
    return {"spread": spread, "spread_sd": spread_sd, "touch": touch, "missing": missing, "open": opened}


_TABLES: Final = _tables()


def classify(rank: int, weekly: bool, days: float, index: bool) -> int:
    """Row of the tables. `rank` counts the name's expiries from 0, `days` are to expiry."""
    if not index:
        return SHARE
    if days > 100:
        return DISTANT
    if rank == 0:
        return NEAREST
    if weekly:
        return min(rank, 4)
    return MONTHLY if days <= 14 else LATER_MONTH


def place(moneyness: F8) -> tuple[I8, F8]:
    """Where a signed moneyness lies among the columns: the column left of it, and the share of the way on."""
    at = np.clip(np.interp(moneyness, _AT, np.arange(7.0)), 0.0, 5.999999)
    left = at.astype(np.int64)
    return left, at - left


def look_up(kind: str, table: I8, spot: tuple[I8, F8]) -> F8:
    """Interpolated `spread` (log of ticks), `spread_sd`, `touch` (log of lots), `missing` (probability) or `open`
    (log of open interest over that at the money) for the classes `table` at the places `spot`."""
    left, share = spot
    values = _TABLES[kind]
    low, high = values[table, left], values[table, left + 1]
    out: F8 = low + (high - low) * share
    return out
