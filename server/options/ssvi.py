"""One smile for all expiries: SSVI with the power law, free of arbitrage by its parameters.

w(k, theta) = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)), phi = eta / (theta^g (1 + theta)^(1 - g)),
where theta is the total variance at the money of the expiry. No butterfly or calendar has a negative price where theta
rises with time, 0 < g <= 1/2 and eta (1 + |rho|) <= 2 (J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility
surfaces", 2014, section 4). Three numbers for a whole surface: what thin expiries are filled in from.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from server.options import svi

__all__ = ("Ssvi", "fit", "rising")

F8 = npt.NDArray[np.float64]
_ROUNDS = 60
_BUMP = 1e-5


class Ssvi(msgspec.Struct, frozen=True):
    """Parameters of the surface."""

    rho: float
    eta: float
    gamma: float

    def slices(self, theta: npt.ArrayLike) -> F8:
        """Raw SVI parameters (S, 5) of expiries with total variance `theta` at the money."""
        at = np.atleast_1d(np.asarray(theta, float))
        phi = self.eta / (at**self.gamma * (1.0 + at) ** (1.0 - self.gamma))
        rest = 1.0 - self.rho**2
        return np.stack(
            [0.5 * at * rest, 0.5 * at * phi, np.full(at.size, self.rho), -self.rho / phi, np.sqrt(rest) / phi], 1
        )


def rising(theta: npt.ArrayLike) -> F8:
    """Total variances at the money, each at least a little above the one before."""
    highest = np.maximum.accumulate(np.asarray(theta, float))
    found: F8 = highest * (1.0 + 1e-9 * np.arange(highest.size))
    return found


def _from(x: F8) -> Ssvi:
    """Any three numbers made into allowed parameters."""
    rho = float(0.999 * np.tanh(x[0]))
    eta = float(2.0 / (1.0 + abs(rho)) / (1.0 + np.exp(-x[1])))
    gamma = float(0.5 / (1.0 + np.exp(-x[2])))
    return Ssvi(rho, eta, gamma)


def fit(k: F8, w: F8, weight: F8, theta: F8) -> tuple[Ssvi, F8]:
    """(parameters, sum of squares by expiry) for points (S, N), weight 0 where there is none, theta (S,) rising."""

    def errors(x: F8) -> F8:
        return ((svi.total_variance(_from(x).slices(theta), k) - w) * weight).ravel()

    best, least = np.zeros(3), np.inf
    for start in ((-0.3, 0.0, 1.5), (-0.8, 1.5, 3.0), (0.2, 0.0, 1.5)):
        x = np.array(start)
        e = errors(x)
        f, damping = float(e @ e), 1e-2
        for _ in range(_ROUNDS):
            slopes = np.stack([(errors(x + _BUMP * unit) - e) / _BUMP for unit in np.eye(3)], 1)
            gram = slopes.T @ slopes
            step = np.linalg.solve(gram + np.diag(damping * np.diag(gram) + 1e-12), -slopes.T @ e)
            trial = np.clip(x + np.clip(step, -1.0, 1.0), -8.0, 8.0)
            new = errors(trial)
            got = float(new @ new)
            if got < f:
                settled = f - got < 1e-7 * f
                x, e, f, damping = trial, new, got, max(0.2 * damping, 1e-9)
                if settled:
                    break
            else:
                damping *= 6.0
                if damping > 1e8:
                    break
        if f < least:
            best, least = x, f
    found = _from(best)
    return found, np.square((svi.total_variance(found.slices(theta), k) - w) * weight).sum(1)
