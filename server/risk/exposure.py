"""What an account is exposed to, by underlying, and how alike underlyings move.

Exposure counts what a move of the underlying acts on: shares and futures their value, an option sold the value of its
underlying, an option bought its premium (no more can be lost). Puts count the other way. Not a measure of margin, which
knows hedges (`margin.py`): it is the crude number that a limit on leverage needs.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from server.domain.instruments import Instrument

__all__ = ("ALIKE", "Correlations", "correlations", "exposure_of", "exposures", "together")

F8 = npt.NDArray[np.float64]

ALIKE = 0.7
"""Correlation of daily returns from which two underlyings count as one bet."""
_LEAST_DAYS = 40

Correlations = Mapping[tuple[str, str], float]
"""Correlation by (underlying key, underlying key), both ways round; pairs that are not known are absent."""


def exposure_of(instrument: Instrument, size: int | Decimal, price: float, under: float) -> float:
    """Money, signed: above 0 gains when the underlying rises; NaN when a price it needs is missing. `size` is a
    quantity as the exchange counts it (units x unit)."""
    quantity = float(size)
    if instrument.kind != "OPTION":
        return quantity * price
    way = 1.0 if instrument.right == "CE" else -1.0
    return way * quantity * (price if quantity > 0 else under)


def exposures(held: Iterable[tuple[Instrument, int | Decimal]], last: Callable[[str], float]) -> dict[str, float]:
    """Net exposure in rupees by underlying key (a share is its own underlying); what has no price is left out."""
    out: dict[str, float] = {}
    for instrument, size in held:
        under = instrument.underlying or instrument.key
        worth = exposure_of(instrument, size, last(instrument.key), last(under))
        if not math.isnan(worth):
            out[under] = out.get(under, 0.0) + worth
    return out


def together(by_underlying: Mapping[str, float], under: str, known: Correlations) -> float:
    """Rupees exposed the same way as `under` is, in it and in all that moves with it."""
    way = math.copysign(1.0, by_underlying.get(under, 0.0))
    total = abs(by_underlying.get(under, 0.0))
    for other, worth in by_underlying.items():
        rho = known.get((under, other))
        if other != under and rho is not None and abs(rho) >= ALIKE and worth * rho * way > 0:
            total += abs(worth)
    return total


def correlations(keys: Sequence[str], closes: F8) -> dict[tuple[str, str], float]:
    """Correlation of daily log returns, `closes` of shape (days, keys) with NaN where there is none; pairs with fewer
    than 40 common days are left out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.diff(np.log(closes), axis=0)
    moves[~np.isfinite(moves)] = np.nan
    good = np.isfinite(moves)
    filled = np.where(good, moves - np.nanmean(np.where(good, moves, np.nan), axis=0), 0.0) if len(moves) else moves
    days = good.T.astype(float) @ good.astype(float)
    scale = np.sqrt((filled**2).T @ good)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = (filled.T @ filled) / (scale * scale.T)
    return {
        (keys[a], keys[b]): float(rho[a, b])
        for a in range(len(keys))
        for b in range(len(keys))
        if a != b and days[a, b] >= _LEAST_DAYS and np.isfinite(rho[a, b])
    }
