"""A smile led between bids and asks: the density nearest to the SVI one whose option values lie within the quotes.

Five numbers cannot follow a market that quotes a tick wide; a density of straight lines can, and stays free of
butterflies because it stays above zero. Where quotes contradict each other (a butterfly quoted below zero) the dearer
bands give way to the fewer. Values are multiples of the forward, undiscounted.
"""

import numpy as np
import numpy.typing as npt

from server.options import svi
from server.options.bands import within_bands
from server.options.density import LinearDensity, call_rows, put_rows, weights
from server.options.normal import pdf

__all__ = ("ATTEMPTS", "refined")

F8 = npt.NDArray[np.float64]
_CLOSE = 1e-4
"""Weight of staying near the SVI density."""
ATTEMPTS = ((0.1, 1e-2), (1e-4, 1e-3))
"""(weight of a smooth ratio to the SVI density, share of that density kept everywhere): as smooth as costs no strike
its place between bid and ask; where that holds free money, hardly bound at all."""
_MARGIN = 2e-3
"""Share of a bound kept clear of, for what lies between the points where it is looked at."""
_DENSE = 2.5
"""Total volatilities about the money within which nodes also stand midway between strikes."""
_GROW = 1.3
_MOST_TAIL = 28


def refined(
    parameters: F8,
    tails: F8,
    forward: float,
    x: F8,
    low: F8,
    high: F8,
    cost: F8,
    bounds: tuple[F8, F8, F8] | None = None,
    smoothness: float = ATTEMPTS[0][0],
    floor: float = ATTEMPTS[0][1],
) -> LinearDensity | None:
    """Density of the spot; None where no answer was found.

    The starting density is that of `parameters` where there are quotes and of `tails` beyond them (both raw SVI).
    `x` are strikes as multiples of the forward, ascending, `low` and `high` the bands of their out-of-the-money options
    (puts below 1), `cost` what missing each by its width costs. `bounds` is (x, least, most value there): what the
    expiries before and after are worth, so that no calendar has a negative price."""
    total = float(np.sqrt(svi.total_variance(parameters[None], np.zeros(1))[0, 0]))
    nodes = _nodes(x, total)
    prior = np.where((nodes < x[0]) | (nodes > x[-1]), _density(tails, nodes), _density(parameters, nodes))
    mass, moment = weights(nodes)
    share = mass * prior
    if not (np.isfinite(share).all() and share.sum() > 0.0):
        return None
    rows, below, above, price = _rows(x, nodes), low, high, cost
    width = np.maximum(high - low, 1e-9)
    if bounds is not None:
        at, least, most = bounds
        # only where the bound is near what the prior is worth does it bind
        ahead = _rows(at, nodes)
        worth = ahead @ (prior / share.sum())
        near = (worth > 0.3 * most) | (worth < 3.0 * least)
        rows = np.vstack([rows, ahead[near]])
        below, above = np.append(below, least[near] * (1.0 + _MARGIN)), np.append(above, most[near] * (1.0 - _MARGIN))
        width = np.append(width, np.maximum(1e-2 * np.where(np.isfinite(most), most, least)[near], 1e-8))
        price = np.append(price, np.full(int(near.sum()), 30.0))
    share = np.maximum(share, 1e-6)
    bends = np.diff(np.eye(nodes.size), 2, axis=0) * np.sqrt(share[1:-1])[:, None]
    smooth = _CLOSE * np.diag(share) + smoothness * bends.T @ bends
    equal = np.stack([mass * prior, moment * prior])
    q, fine = within_bands(
        smooth, rows * prior / width[:, None], below / width, above / width, price, floor, equal, np.ones(2)
    )
    if not fine:
        return None
    heights = prior * np.maximum(q, 0.0)
    heights /= mass @ heights
    mean = float(moment @ heights)
    # what rounding left of the mean goes into the scale, which keeps every value above zero
    return LinearDensity(forward, nodes / mean, heights * mean)


def _nodes(x: F8, total: float) -> F8:
    """Strikes, midpoints near the money, and tails that widen until nothing is left to put there."""
    near = np.abs(np.log(x)) < _DENSE * total
    middles = 0.5 * (x[1:] + x[:-1])[near[1:] & near[:-1]]
    down, up = (
        _tail(float(x[0]), float(x[0] - x[1]), float(np.exp(-12.0 * total))),
        _tail(float(x[-1]), float(x[-1] - x[-2]), float(np.exp(12.0 * total))),
    )
    return np.sort(np.concatenate([x, middles, down, up]))


def _tail(start: float, step: float, end: float) -> list[float]:
    found: list[float] = []
    at = start
    while (at > max(end, 0.05) if step < 0 else at < end) and len(found) < _MOST_TAIL:
        step *= _GROW
        at += step
        if at <= 0.02:
            break
        found.append(at)
    return found


def _density(parameters: F8, nodes: F8) -> F8:
    """SVI's density per multiple of the forward."""
    k = np.log(nodes)
    w, slope, bend = (part[0] for part in svi.with_slopes(parameters[None], k))
    root = np.sqrt(np.maximum(w, 1e-12))
    clear = np.maximum(svi.density_factor(np.maximum(w, 1e-12), slope, bend, k), 1e-2)
    found: F8 = np.maximum(clear * pdf(-k / root - 0.5 * root) / (root * nodes), 1e-12)
    return found


def _rows(x: F8, nodes: F8) -> F8:
    return np.where((x < 1.0)[:, None], put_rows(x, nodes), call_rows(x, nodes))
