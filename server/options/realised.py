"""Realised volatility from bars: five estimators, their cone over horizons, and what implied paid over them.

All are annualised by the square root of `periods` bars a year. Sources: M. Parkinson (1980), M. Garman and M. Klass
(1980), L. Rogers and S. Satchell (1991), D. Yang and Q. Zhang (2000). Parkinson and Garman-Klass assume no drift and no
gaps between bars; Rogers-Satchell allows drift; Yang-Zhang allows both and is the least noisy of those that do.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid

__all__ = ("ESTIMATORS", "Cone", "Estimator", "Premium", "cone", "implied_over_realised", "realised", "rolling")

F8 = npt.NDArray[np.float64]
Estimator = Literal["close", "parkinson", "garman_klass", "rogers_satchell", "yang_zhang"]
ESTIMATORS: Final[tuple[Estimator, ...]] = ("close", "parkinson", "garman_klass", "rogers_satchell", "yang_zhang")
_LEAST_BARS: Final = {"close": 3, "yang_zhang": 3}
"""Bars an estimator needs: where it looks at the close before or takes a sample variance, one more each."""
_LN2: Final = float(np.log(2.0))


class Cone(msgspec.Struct, frozen=True, kw_only=True):
    """Volatility by horizon: the range it kept to, and where it stands."""

    windows: tuple[int, ...]
    """Bars."""
    least: tuple[float, ...]
    quarter: tuple[float, ...]
    median: tuple[float, ...]
    three_quarters: tuple[float, ...]
    most: tuple[float, ...]
    now: tuple[float, ...]
    observations: tuple[int, ...]
    """Windows counted; they overlap."""


class Premium(msgspec.Struct, frozen=True, kw_only=True):
    """What implied volatility asked over the volatility that came; 0.01 is one point."""

    now: float | None
    """Implied now less realised over the window behind."""
    mean: float
    median: float
    above: float
    """Part of the days on which implied lay above what came."""
    observations: int
    window: int


def realised(
    kind: Estimator,
    opens: Any,
    highs: Any,
    lows: Any,
    closes: Any,
    *,
    periods: float = 252.0,
) -> float:
    """Annualised volatility of all bars given (at least 2, 3 for `close` and `yang_zhang`), NaN where a price is
    missing, not positive, or a high lies below a low. Invalid when there are too few."""
    bars = _bars(opens, highs, lows, closes)
    need = _LEAST_BARS.get(kind, 2)
    if bars.shape[1] < need:
        raise Invalid(
            f"{bars.shape[1]} bars are too few for volatility.",
            code="options.bars",
            field="bars",
            remedy=f"At least {need} are needed.",
        )
    return float(rolling(kind, bars.shape[1], *bars, periods=periods)[-1])


def rolling(
    kind: Estimator,
    window: int,
    opens: Any,
    highs: Any,
    lows: Any,
    closes: Any,
    *,
    periods: float = 252.0,
) -> F8:
    """Annualised volatility of the last `window` bars at each bar; NaN until there are enough, and where one of them
    is not a sound bar."""
    o, h, lo, c = _bars(opens, highs, lows, closes)
    need = _LEAST_BARS.get(kind, 2)
    if window < need:
        raise Invalid(f"A window of {window} bars is too short.", field="window", remedy=f"At least {need}.")
    with np.errstate(all="ignore"):
        sound = (lo > 0.0) & (h >= np.maximum(o, c)) & (lo <= np.minimum(o, c)) & np.isfinite(o + h + lo + c)
        o, h, lo, c = (np.log(np.where(sound, a, np.nan)) for a in (o, h, lo, c))
        up, down, whole = h - o, lo - o, c - o
        if kind == "close":
            variance = _variance(np.diff(c, prepend=np.nan), window, 1)
        elif kind == "parkinson":
            variance = _mean(np.square(h - lo) / (4.0 * _LN2), window)
        elif kind == "garman_klass":
            variance = _mean(0.5 * np.square(h - lo) - (2.0 * _LN2 - 1.0) * np.square(whole), window)
        elif kind == "rogers_satchell":
            variance = _mean(up * (up - whole) + down * (down - whole), window)
        elif kind == "yang_zhang":
            gaps = o - np.concatenate(([np.nan], c[:-1]))
            n = window - 1
            share = 0.34 / (1.34 + (n + 1) / (n - 1)) if n > 1 else 0.0
            inside = up * (up - whole) + down * (down - whole)
            inside[:1] = np.nan
            whole = whole.copy()
            whole[:1] = np.nan
            variance = (
                _variance(gaps, window, 1)
                + share * _variance(whole, window, 1)
                + (1.0 - share) * _mean(inside, window, 1)
            )
        else:
            raise Invalid(f"There is no estimator {kind}.", field="kind", remedy=", ".join(ESTIMATORS))
        result: F8 = np.sqrt(np.maximum(variance, 0.0) * periods)
    return result


def cone(
    kind: Estimator,
    opens: Any,
    highs: Any,
    lows: Any,
    closes: Any,
    *,
    windows: Sequence[int] = (5, 10, 21, 42, 63, 126, 252),
    periods: float = 252.0,
) -> Cone:
    """Quartiles of rolling volatility by window, and its value at the last bar. Windows longer than the history are
    left out."""
    rows = []
    for window in windows:
        if window >= len(np.atleast_1d(np.asarray(closes))):
            continue
        line = rolling(kind, window, opens, highs, lows, closes, periods=periods)
        known = line[np.isfinite(line)]
        if known.size:
            rows.append((window, *np.percentile(known, (0, 25, 50, 75, 100)).tolist(), float(known[-1]), known.size))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 8
    return Cone(
        windows=columns[0],
        least=columns[1],
        quarter=columns[2],
        median=columns[3],
        three_quarters=columns[4],
        most=columns[5],
        now=columns[6],
        observations=columns[7],
    )


def implied_over_realised(implied: Any, closes: Any, *, window: int = 21, periods: float = 252.0) -> Premium | None:
    """Implied volatility of each day (annualised: 0.13) against what the closes then did over `window` days; both
    oldest first, day by day the same days. None when no day has both. Invalid when they differ in number."""
    quoted, price = (np.atleast_1d(np.asarray(a, float)) for a in (implied, closes))
    if quoted.shape != price.shape or quoted.ndim != 1:
        raise Invalid("Volatilities and closes differ in number.", code="options.shape", field="implied")
    if window < 2:
        raise Invalid("A window of one day has no volatility.", field="window", remedy="At least 2.")
    with np.errstate(all="ignore"):
        moves = np.diff(np.log(np.where(price > 0.0, price, np.nan)))
        if len(moves) < window:
            return None
        known = np.sqrt(_windows(moves, window).var(axis=1, ddof=1) * periods)
        gap = quoted[: len(known)] - known
    gap = gap[np.isfinite(gap)]
    last = quoted[-1] - known[-1]
    if not gap.size:
        return None
    return Premium(
        now=float(last) if np.isfinite(last) else None,
        mean=float(gap.mean()),
        median=float(np.median(gap)),
        above=float(np.mean(gap > 0.0)),
        observations=int(gap.size),
        window=window,
    )


def _bars(*columns: Any) -> F8:
    arrays = [np.atleast_1d(np.asarray(a, float)) for a in columns]
    if any(a.shape != arrays[0].shape or a.ndim != 1 for a in arrays):
        raise Invalid("Open, high, low and close differ in number.", code="options.shape", field="bars")
    return np.stack(arrays)


def _windows(a: F8, window: int) -> F8:
    views: F8 = np.lib.stride_tricks.sliding_window_view(a, window)
    return views


def _mean(a: F8, window: int, skip: int = 0) -> F8:
    """Rolling mean of the last `window - skip` values, at the places where `window` bars lie behind."""
    out = np.full(len(a), np.nan)
    if len(a) >= window:
        out[window - 1 :] = _windows(a[skip:], window - skip).mean(axis=1)
    return out


def _variance(a: F8, window: int, skip: int) -> F8:
    out = np.full(len(a), np.nan)
    if len(a) >= window:
        out[window - 1 :] = _windows(a[skip:], window - skip).var(axis=1, ddof=1)
    return out
