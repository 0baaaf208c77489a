"""Smiles of one expiry as raw SVI: total variance w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + s^2)), k = log(K / F).

For fixed m and s the rest is linear least squares, so that only two numbers are searched for, by damped Gauss-Newton
steps, for all slices of a batch at once. Sources: J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility
surfaces" (2014), also for the density factor g(k); Zeliade Systems, "Quasi-explicit calibration of Gatheral's SVI
model" (2009), for the split into an inner and an outer problem; G. Golub and V. Pereyra for its Jacobian.
Parameters are rows (a, b, rho, m, s) of an array (S, 5).
"""

import numpy as np
import numpy.typing as npt

__all__ = ("density_factor", "fit", "total_variance", "with_slopes")

F8 = npt.NDArray[np.float64]
_STARTS = (
    (-0.5, 0.15),
    (-0.5, 0.7),
    (0.0, 0.15),
    (0.0, 0.7),
    (0.5, 0.15),
    (0.5, 0.7),
    (0.0, 2.5),
    (1.0, 0.7),
    (-1.0, 0.7),
)
"""(m, s) in half-widths of the data about its middle."""
_FEW = 8
_ROUNDS = 40
_CLOSE = 1e-7
_STEEPEST = 0.999
_RHO = np.tanh(np.linspace(-3.8, 3.8, 77))
_TILTS = np.stack([-np.sqrt(1.0 - _RHO**2), _RHO, np.ones_like(_RHO)], 1)
"""(level, tilt, curve) of slices that touch zero."""
_NARROWEST, _WIDEST = 3e-3, 20.0
"""Bounds of s in half-widths of the data."""


def total_variance(parameters: F8, k: F8) -> F8:
    """w(k): (S, N) for parameters (S, 5) and k (S, N) or (N,)."""
    a, b, rho, m, s = (parameters[..., i, None] for i in range(5))
    x = k - m
    found: F8 = a + b * (rho * x + np.sqrt(x * x + s * s))
    return found


def with_slopes(parameters: F8, k: F8) -> tuple[F8, F8, F8]:
    """(w, w', w'') at k."""
    a, b, rho, m, s = (parameters[..., i, None] for i in range(5))
    x = k - m
    root = np.sqrt(x * x + s * s)
    return a + b * (rho * x + root), b * (rho + x / root), b * s * s / root**3


def density_factor(w: F8, slope: F8, bend: F8, k: F8) -> F8:
    """g(k): below zero exactly where the density of the spot would be, that is where butterflies have a price below
    zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: F8 = np.square(1.0 - 0.5 * k * slope / w) - 0.25 * np.square(slope) * (1.0 / w + 0.25) + 0.5 * bend
    return found


def fit(k: F8, w: F8, weight: F8, reach: float = 3.0) -> tuple[F8, F8]:
    """Least-squares slices: (parameters (S, 5), sum of squares (S,)) for arrays (S, N).

    `weight` multiplies the error of w before it is squared; 0 marks a place without a point. Each slice needs five
    points; `reach` is how far from the middle of its points m may lie, in half-widths. b >= 0, |rho| < 1 and w > 0
    hold; freedom from arbitrage is not asked for here (see `surface`)."""
    there = weight > 0.0
    far = np.where(there, k, -np.inf).max(1)
    near = np.where(there, k, np.inf).min(1)
    middle, half = 0.5 * (far + near), np.maximum(0.5 * (far - near), 1e-6)
    x = np.where(there, (k - middle[:, None]) / half[:, None], 0.0)
    scale = np.sqrt(np.sum(np.square(weight * w), 1) / np.maximum(there.sum(1), 1))
    wt = np.where(there, weight, 0.0) / np.maximum(scale, 1e-300)[:, None]
    target = np.where(there, w, 0.0) * wt
    # the two best of some fixed starts are both followed: valleys are narrow, and the lower is not always the deeper
    count = len(k)
    fs = _first(x, target, wt)
    ranked = np.argsort(fs, 0)[:2].ravel()
    starts = np.array(_STARTS)[ranked]
    twice = [np.concatenate([part, part]) for part in (x, target, wt)]
    linear, f, m, u = _search(twice[0], twice[1], twice[2], starts[:, 0].copy(), np.log(starts[:, 1]), reach)
    better = np.arange(count) + np.where(f[count:] < f[:count], count, 0)
    linear, f, m, u = linear[better], f[better], m[better], u[better]
    s = np.exp(u)
    level, tilt, curve = linear.T
    b = curve / s / half
    rho = np.clip(tilt / np.maximum(curve, 1e-300), -_STEEPEST, _STEEPEST)
    found = np.stack([level, b, np.where(curve > 0, rho, 0.0), middle + half * m, half * s], 1)
    # rounding may leave the least of w, a + b s sqrt(1 - rho^2), a hair below zero
    bottom = found[:, 0] + found[:, 1] * found[:, 4] * np.sqrt(1.0 - found[:, 2] ** 2)
    found[:, 0] += np.maximum(1e-9 - bottom, 0.0)
    return found, f * np.square(scale)


def _first(x: F8, target: F8, wt: F8) -> F8:
    """Sums of squares (starts, S) at the fixed starts: of few slices all at once, for calls cost more than numbers."""
    count, begin = len(x), np.array(_STARTS, dtype=np.float64)
    m, u = begin[:, 0], np.asarray(np.log(begin[:, 1]), np.float64)
    if count <= _FEW:
        many = [np.tile(part, (len(begin), 1)) for part in (x, target, wt)]
        found: F8 = _inner(many[0], many[1], many[2], np.repeat(m, count), np.repeat(u, count))[1]
        return found.reshape(len(begin), count)
    return np.stack([_inner(x, target, wt, np.full(count, a), np.full(count, b))[1] for a, b in zip(m, u, strict=True)])


def _basis(x: F8, wt: F8, m: F8, u: F8) -> tuple[F8, F8, F8]:
    """(y, root, weighted basis (S, 3, N)): w = level + tilt y + curve sqrt(y^2 + 1)."""
    y = (x - m[:, None]) * np.exp(-u)[:, None]
    root = np.sqrt(y * y + 1.0)
    return y, root, np.stack([wt, wt * y, wt * root], 1)


def _inner(x: F8, target: F8, wt: F8, m: F8, u: F8) -> tuple[F8, F8, F8, F8, F8]:
    """Best (level, tilt, curve) for fixed m and u = log s, sum of squares, y, root and weighted basis."""
    y, root, basis = _basis(x, wt, m, u)
    gram = basis @ basis.transpose(0, 2, 1)
    right = (basis @ target[:, :, None])[:, :, 0]
    linear = _solve(gram, right)
    # outside |tilt| <= curve (b < 0 or |rho| > 1) the best lies on an edge: tilt = curve, tilt = -curve, or flat
    wrong = np.abs(linear[:, 1]) > _STEEPEST * linear[:, 2]
    if wrong.any():
        linear[wrong] = _edge(gram[wrong], right[wrong])
    # the least of w is level + sqrt(curve^2 - tilt^2): where it would be below zero it is held at zero
    sunk = linear[:, 0] + np.sqrt(np.maximum(linear[:, 2] ** 2 - linear[:, 1] ** 2, 0.0)) < 0.0
    if sunk.any():
        linear[sunk] = _grounded(gram[sunk], right[sunk])
    residual = (linear[:, None, :] @ basis)[:, 0] - target
    return linear, np.einsum("ij,ij->i", residual, residual), y, root, basis


def _solve(gram: F8, right: F8) -> F8:
    size = gram.shape[-1]
    ridge = 1e-13 * np.einsum("ijj->i", gram) + 1e-300
    lifted = gram + ridge[:, None, None] * np.eye(size)
    found: F8 = np.linalg.solve(lifted, right[:, :, None])[:, :, 0]
    return found


def _edge(gram: F8, right: F8) -> F8:
    best = np.zeros((len(gram), 3))
    best[:, 0] = right[:, 0] / gram[:, 0, 0]
    gain = right[:, 0] * best[:, 0]
    for side in (_STEEPEST, -_STEEPEST):
        lift = np.array([[1.0, 0.0, 0.0], [0.0, side, 1.0]])
        small = _solve(lift @ gram @ lift.T, right @ lift.T)
        won = np.einsum("ij,ij->i", small, right @ lift.T)
        better = (small[:, 1] > 0.0) & (won > gain)
        gain = np.where(better, won, gain)
        best[better] = (small @ lift)[better]
    return best


def _grounded(gram: F8, right: F8) -> F8:
    """Best with a least w of zero: one free number for each of some tilts."""
    along = gram @ _TILTS.T
    top = np.maximum(right @ _TILTS.T, 0.0)
    size = top / np.einsum("ij,sji->si", _TILTS, along)
    best = np.argmax(size * top, 1)
    found: F8 = _TILTS[best] * np.take_along_axis(size, best[:, None], 1)
    return found


def _search(x: F8, target: F8, wt: F8, m: F8, u: F8, reach: float) -> tuple[F8, F8, F8, F8]:
    """Damped Gauss-Newton over m and u, the linear part solved anew at each."""
    damping = np.full(len(x), 1e-3)
    linear, f, y, root, basis = _inner(x, target, wt, m, u)
    live = np.arange(len(x))
    for _ in range(_ROUNDS):
        step = _step(linear[live], y[live], root[live], basis[live], wt[live], target[live], u[live], damping[live])
        trial_m = np.clip(m[live] + step[:, 0], -reach, reach)
        trial_u = np.clip(u[live] + step[:, 1], np.log(_NARROWEST), np.log(_WIDEST))
        new = _inner(x[live], target[live], wt[live], trial_m, trial_u)
        better = new[1] < f[live]
        gained = np.where(better, f[live] - new[1], 0.0)
        taken = live[better]
        m[taken], u[taken] = trial_m[better], trial_u[better]
        done = (
            (better & (gained <= _CLOSE * f[live]) & (damping[live] < 0.1))
            | (~better & (damping[live] > 1e6))
            | (f[live] < 1e-28)
        )
        linear[taken], f[taken], y[taken], root[taken], basis[taken] = (part[better] for part in new)
        damping[live] = np.clip(np.where(better, 0.2 * damping[live], 8.0 * damping[live]), 1e-9, 1e8)
        live = live[~done]
        if not live.size:
            break
    return linear, f, m, u


def _step(linear: F8, y: F8, root: F8, basis: F8, wt: F8, target: F8, u: F8, damping: F8) -> F8:
    """Step of (m, u): the joint normal equations of all five numbers, damped in these two alone."""
    residual = target - (linear[:, None, :] @ basis)[:, 0]
    slope = wt * (linear[:, 1, None] + linear[:, 2, None] * y / root)
    edge = np.abs(linear[:, 1]) >= (_STEEPEST - 1e-9) * linear[:, 2]
    if edge.any():
        # on an edge of the inner problem tilt and curve move together
        basis = basis.copy()
        basis[edge, 1] = np.sign(linear[edge, 1])[:, None] * _STEEPEST * basis[edge, 1] + basis[edge, 2]
        basis[edge, 2] = 0.0
    both = np.concatenate([basis, -slope[:, None], -(y * slope)[:, None]], 1)
    gram = both @ both.transpose(0, 2, 1)
    right = (both @ residual[:, :, None])[:, :, 0]
    for i in (3, 4):
        gram[:, i, i] *= 1.0 + damping
    found = _solve(gram, right)
    # the fourth column is the derivative by m / s
    step: F8 = np.clip(found[:, 3:] * np.stack([np.exp(u), np.ones_like(u)], 1), -1.0, 1.0)
    return step
