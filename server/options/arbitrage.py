"""Free money in a fitted surface: where it would be, and SVI slices bent until there is none.

Butterflies: the density factor g(k) of each slice is nowhere below zero, and no wing rises faster than 2 (R. Lee).
Calendars: at every log-moneyness total variance does not fall with time. Both are looked at on a grid far beyond the
quotes; between its points and beyond it slices are smooth and nearly straight.
"""

import numpy as np
import numpy.typing as npt

from server.options import svi

__all__ = ("butterfly", "calendar", "grid", "repaired", "wings")

F8 = npt.NDArray[np.float64]
_POINTS = 241
_ROUNDS = 80
_BUMP = 1e-6
_FAIR = 4.0
"""Times the squares of the free fit that a bent one may leave before another start is tried."""
_MARGIN = 2e-3
"""What a repaired slice keeps clear of zero density by, so that rounding does not undo it."""


def grid(reach: float, spread: float) -> F8:
    """Log-moneyness looked at for one slice: past its quotes, and to eight total volatilities, where no option is
    worth a thousandth of a tick; closer about the money."""
    end = min(max(1.25 * reach, 8.0 * spread), 3.0)
    even = np.linspace(-1.0, 1.0, _POINTS)
    found: F8 = end * (0.5 * even + 0.5 * even**3)
    return found


def butterfly(parameters: F8, k: F8) -> F8:
    """Least g(k) of each slice (S,): below zero where butterflies would have a negative price."""
    found: F8 = svi.density_factor(*svi.with_slopes(parameters, k), k).min(1)
    return found


def wings(parameters: F8) -> F8:
    """Steepest wing of each slice (S,): above 2 no distribution is left."""
    found: F8 = parameters[:, 1] * (1.0 + np.abs(parameters[:, 2]))
    return found


def calendar(near: F8, far: F8) -> float:
    """Largest fall of total variance from one expiry to the next, as a share of the later: above zero is free money."""
    bound = np.where(np.isfinite(far), far, 1e300)
    return float(np.max((near - bound) / np.maximum(bound, 1e-12)))


def repaired(parameters: F8, k: F8, w: F8, weight: F8, over: F8, under: F8, look: F8, safe: F8) -> tuple[F8, bool]:
    """(parameters (5,) without arbitrage, whether the fit had to be bent). `over` and `under` are the total variances
    of the expiries before and after on the grid `look`, 0 and infinite where they bind nothing; `safe` are parameters
    known to be free: the last resort.

    The fit is repeated with what breaks a condition as errors beside those of the quotes, ever heavier."""
    if _free(parameters, look, over, under):
        return parameters, False
    scale = max(float(np.sqrt(np.mean(np.square(weight * w)))), 1e-300)
    level = max(float(np.median(w[weight > 0])) if (weight > 0).any() else 1e-4, 1e-8)

    def missed(p: F8) -> float:
        return float(np.square(weight * (svi.total_variance(p[None], k)[0] - w)).sum())

    best, least, raw = safe, missed(safe) if _free(safe, look, over, under) else np.inf, missed(parameters)
    for start in (parameters, safe):
        if least <= _FAIR * raw:
            break
        x = _loose(start)
        for heavy in (3.0, 30.0, 300.0):
            x = _bend(x, k, w, weight / scale, over, under, look, heavy, level)
            found = _tight(x)
            if _free(found, look, over, under):
                if missed(found) < least:
                    best, least = found, missed(found)
                break
    return best, True


def _free(parameters: F8, look: F8, over: F8, under: F8) -> bool:
    one = parameters[None]
    if butterfly(one, look)[0] < 0.0 or wings(one)[0] > 2.0 or parameters[1] < 0:
        return False
    w = svi.total_variance(one, look)[0]
    return bool(w.min() > 0.0) and calendar(over, w) <= 0.0 and calendar(w, under) <= 0.0


def _loose(p: F8) -> F8:
    return np.array(
        [p[0], np.log(max(p[1], 1e-9)), np.arctanh(np.clip(p[2], -0.9989, 0.9989)), p[3], np.log(max(p[4], 1e-7))]
    )


def _tight(x: F8) -> F8:
    return np.stack([x[..., 0], np.exp(x[..., 1]), np.tanh(x[..., 2]), x[..., 3], np.exp(x[..., 4])], -1)


def _bend(x: F8, k: F8, w: F8, weight: F8, over: F8, under: F8, look: F8, heavy: float, level: float) -> F8:
    """Damped Gauss-Newton from x, slopes by differences."""
    high = np.minimum(under, 1e3)
    count = np.sqrt(max((weight > 0).sum(), 1))

    def errors(at: F8) -> F8:
        """(B, R) for points (B, 5)."""
        p = _tight(at)
        inside, slope, bend = svi.with_slopes(p, look)
        clear = svi.density_factor(np.maximum(inside, 1e-3 * level), slope, bend, look)
        parts = [
            weight * (svi.total_variance(p, k) - w) / count,
            heavy * np.minimum(clear - _MARGIN, 0.0) / 5.0,
            heavy * np.minimum(inside / level - 1e-3, 0.0),
            heavy * np.maximum(wings(p) - 1.99, 0.0)[:, None],
            heavy * np.minimum((inside - over * 1.0005) / np.maximum(over, level), 0.0),
            heavy * np.minimum((high * 0.9995 - inside) / np.maximum(high, level), 0.0),
        ]
        return np.concatenate(parts, 1)

    e = errors(x[None])[0]
    f, damping = float(e @ e), 1e-3
    sizes = _BUMP * np.maximum(np.abs(x), np.array([level, 1.0, 1.0, 0.01, 1.0]))
    for _ in range(_ROUNDS):
        slopes = ((errors(x + np.diag(sizes)) - e) / sizes[:, None]).T
        gram = slopes.T @ slopes
        step = np.linalg.solve(gram + np.diag(damping * np.diag(gram) + 1e-14), -slopes.T @ e)
        trial = x + np.clip(step, [-5 * level, -1.0, -0.5, -0.1, -1.0], [5 * level, 1.0, 0.5, 0.1, 1.0])
        trial[2] = np.clip(trial[2], -3.8, 3.8)
        trial[3] = np.clip(trial[3], look[0], look[-1])
        new = errors(trial[None])[0]
        got = float(new @ new)
        if np.isfinite(got) and got < f:
            settled = f - got < 1e-7 * f
            x, e, f, damping = trial, new, got, max(0.2 * damping, 1e-10)
            if settled:
                break
        else:
            damping *= 8.0
            if damping > 1e9:
                break
    return x
