"""The last minutes of all but options, kept in memory: what settlement prices and closing averages are made of."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt

from server.core.clock import to_ns
from server.market.catalogue import KINDS, Catalogue
from server.market.slots import Slots

__all__ = ("MinuteWindow",)

_MINUTE = 60_000_000_000
_KEPT = 90
_ENOUGH = 0.8
_PAISA = Decimal("0.01")
_KINDS = [KINDS.index(kind) for kind in ("INDEX", "EQUITY", "FUTURE")]


class MinuteWindow:
    """Samples price and volume of every index, share and future, one value a market minute (the minute's last look)."""

    def __init__(self, catalogue: Catalogue, slots: Slots) -> None:
        self._catalogue = catalogue
        self._slots = slots
        self._minutes: dict[int, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]] = {}

    def sample(self, now: datetime) -> None:
        """Take the present minute's values."""
        minute = to_ns(now) // _MINUTE
        rows = self._rows()
        quotes = self._slots.quotes[rows]
        self._minutes[minute] = (quotes["ltp"].copy(), quotes["volume"].copy())
        for old in sorted(self._minutes)[:-_KEPT]:
            del self._minutes[old]

    def mean(self, key: str, window: tuple[datetime, datetime]) -> Decimal | None:
        """Mean price over [start, end), weighted by the minutes' volume where there is any, to the paisa.

        None when fewer than four in five of the window's minutes were seen."""
        points = self._points(key, window)
        if points is None:
            return None
        prices = np.array([price for price, _ in points])
        traded = _volumes(points)
        weights = traded if traded.min() >= 0 and traded.sum() > 0 else np.ones(len(points))
        return Decimal(repr(float(np.average(prices, weights=weights)))).quantize(_PAISA, ROUND_HALF_UP)

    def traded(self, key: str, window: tuple[datetime, datetime]) -> bool | None:
        """Whether `key` traded in [start, end); None when too little of it was seen."""
        points = self._points(key, window)
        return None if points is None else bool(_volumes(points).any())

    def _points(self, key: str, window: tuple[datetime, datetime]) -> list[tuple[float, float]] | None:
        """(price, day's volume) of each minute seen; None when fewer than four in five were."""
        row = self._catalogue.find(key)
        if row is None:
            return None
        place = int(np.searchsorted(self._rows(), row))
        first, last = to_ns(window[0]) // _MINUTE, to_ns(window[1]) // _MINUTE
        seen = [self._minutes[m] for m in range(first, last) if m in self._minutes]
        points = [(float(p[place]), float(v[place])) for p, v in seen if place < len(p) and p[place] > 0]
        return points if len(points) >= _ENOUGH * (last - first) else None

    def _rows(self) -> npt.NDArray[np.intp]:
        kind = self._catalogue.kind
        return np.flatnonzero(np.isin(kind, _KINDS))


def _volumes(points: list[tuple[float, float]]) -> npt.NDArray[np.float64]:
    """Units traded in each minute but the first."""
    return np.diff([volume for _, volume in points], prepend=points[0][1])
