"""Gamma exposure: what dealers would have to trade when the underlying moves, if they hold the other side.

The usual sign convention is taken: customers sell calls and buy puts, so that dealers are long the calls' gamma and
short the puts'. It is a convention, not a measurement of who holds what. Rupees of underlying per one per cent of move.
"""

import numpy as np
import numpy.typing as npt

__all__ = ("gamma_exposure", "gamma_flip")

F8 = npt.NDArray[np.float64]
_POINTS = 41
_SQRT2PI = float(np.sqrt(2.0 * np.pi))


def gamma_exposure(gamma: npt.ArrayLike, oi: npt.ArrayLike, is_call: npt.ArrayLike, spot: npt.ArrayLike) -> F8:
    """By contract: gamma (per rupee of spot) x open interest (units) x spot^2 / 100, puts below zero; NaN counts 0."""
    signed = np.where(is_call, 1.0, -1.0)
    found: F8 = np.nan_to_num(np.asarray(gamma, float) * np.asarray(oi, float)) * signed * np.square(spot) * 0.01
    return found


def gamma_flip(
    spot: float,
    forward: float,
    strikes: npt.ArrayLike,
    years: float,
    sigma: npt.ArrayLike,
    oi: npt.ArrayLike,
    is_call: npt.ArrayLike,
    reach: float = 0.06,
) -> float | None:
    """Spot at which the gamma exposure of one expiry changes its sign, nearest to where it is; None where it does not
    within `reach` of it, or where nothing is known."""
    k, s, q = (np.asarray(a, float) for a in (strikes, sigma, oi))
    known = np.isfinite(s) & (s > 0) & np.isfinite(q) & (q > 0)
    if not known.any() or not (years > 0 and spot > 0 and forward > 0):
        return None
    k, s, q, call = k[known], s[known], q[known], np.asarray(is_call, bool)[known]
    spots = spot * np.linspace(1.0 - reach, 1.0 + reach, _POINTS)
    total = s * np.sqrt(years)
    d1 = np.log(spots[:, None] * (forward / spot) / k) / total + 0.5 * total
    gamma = np.exp(-0.5 * d1 * d1) / (_SQRT2PI * spots[:, None] * total)
    exposed = gamma_exposure(gamma, q, call, spots[:, None]).sum(1)
    turns = np.flatnonzero(exposed[:-1] * exposed[1:] < 0.0)
    if not turns.size:
        return None
    flips = spots[turns] - exposed[turns] * (spots[turns + 1] - spots[turns]) / (exposed[turns + 1] - exposed[turns])
    return float(flips[np.argmin(np.abs(flips - spot))])
