"""Where implied volatility stands in its own year: rank, percentile, regime."""

from typing import Any, Final, Literal

import msgspec
import numpy as np

__all__ = ("Rank", "Regime", "rank")

Regime = Literal["low", "normal", "high", "extreme"]
YEAR: Final = 252
_LEAST: Final = 20
"""Observations below which a rank says nothing."""
_EDGES: Final = ((0.25, "low"), (0.75, "normal"), (0.95, "high"))


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """Volatility against the last year's."""

    now: float
    rank: float | None
    """0 at the year's lowest, 100 at its highest; None when there was no range."""
    percentile: float
    """Part of the days below now, half of those equal, in per cent."""
    lowest: float
    highest: float
    observations: int
    regime: Regime
    """By percentile: below 25 low, to 75 normal, to 95 high."""


def rank(history: Any, now: float, *, days: int = YEAR) -> Rank | None:
    """Of `now` among the last `days` values of `history` (VIX, or at-the-money volatility, oldest first, now not among
    them). Values that are missing or not positive are passed over; None when fewer than 20 remain, or `now` is no
    volatility."""
    values = np.asarray(history, float).ravel()[-days:]
    values = values[np.isfinite(values) & (values > 0.0)]
    if values.size < _LEAST or not (np.isfinite(now) and now > 0.0):
        return None
    lowest, highest = float(min(values.min(), now)), float(max(values.max(), now))
    below = float(np.mean(values < now) + 0.5 * np.mean(values == now))
    regime: Regime = "extreme"
    for edge, name in _EDGES:
        if below < edge:
            regime = name  # type: ignore[assignment]
            break
    return Rank(
        now=float(now),
        rank=100.0 * (now - lowest) / (highest - lowest) if highest > lowest else None,
        percentile=100.0 * below,
        lowest=lowest,
        highest=highest,
        observations=int(values.size),
        regime=regime,
    )
