"""The straddle at the money through the day: which strike it stands at, and what it costs."""

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid

__all__ = ("StraddleSeries", "straddle_series")

F8 = npt.NDArray[np.float64]


class StraddleSeries(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A row a moment; NaN where the forward or the pair's prices are not known."""

    strike: F8
    call: F8
    put: F8
    premium: F8
    """Call and put together, rupees a unit."""
    rolled: npt.NDArray[np.bool_]
    """Where the strike changed: the premium jumps there without anybody having earned it."""


def straddle_series(
    strikes: npt.ArrayLike, calls: npt.ArrayLike, puts: npt.ArrayLike, forwards: npt.ArrayLike, hold: float = 0.1
) -> StraddleSeries:
    """Follow the money: strikes (K,) ascending, prices (T, K), forwards (T,).

    The strike is the one nearest to the forward at which both sides have a price; it is left only when another is
    nearer by more than `hold` of the distance between them, so that it does not flicker half-way. Raises Invalid
    where arrays do not fit together."""
    k, c, p, f = (np.asarray(a, float) for a in (strikes, calls, puts, forwards))
    if not (k.ndim == 1 and k.size and c.shape == p.shape == (f.size, k.size)):
        raise Invalid("Strikes, prices and forwards do not fit together.", code="options.shape", field="strikes")
    both = np.isfinite(c) & np.isfinite(p)
    away = np.where(both & np.isfinite(f)[:, None], np.abs(k - f[:, None]), np.inf)
    nearest = np.argmin(away, 1)
    known = np.isfinite(away.min(1))
    place = np.full(f.size, -1)
    held = -1
    for t in np.flatnonzero(known).tolist():
        other = int(nearest[t])
        gain = away[t, held] - away[t, other] if held >= 0 else np.inf
        if gain > hold * abs(k[other] - k[held]) or held < 0:
            held = other
        place[t] = held
    at = np.maximum(place, 0)
    rows = np.arange(f.size)
    call, put = (np.where(place >= 0, side[rows, at], np.nan) for side in (c, p))
    strike = np.where(place >= 0, k[at], np.nan)
    seen = strike[place >= 0]
    rolled = np.zeros(f.size, bool)
    rolled[np.flatnonzero(place >= 0)[1:]] = np.diff(seen) != 0.0
    return StraddleSeries(strike=strike, call=call, put=put, premium=call + put, rolled=rolled)
