"""Volatility that clusters: GARCH(1,1) and GJR, fitted by the library `arch` (extra `volatility`).

Student-t innovations, constant mean, by maximum likelihood. Sources: T. Bollerslev (1986); L. Glosten, R. Jagannathan
and D. Runkle (1993), where falls raise volatility more than rises. Pure of I/O, but slow (tens of milliseconds and a
second of import): call it in a thread, once a day.
"""

import importlib.util
import math
import warnings
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid, Unavailable

__all__ = ("Garch", "available", "fit")

F8 = npt.NDArray[np.float64]
_LEAST: Final = 250
"""Returns below which the likelihood says too little."""
_SCALE: Final = 100.0
"""Returns go to the optimiser in per cent, where it behaves."""


class Garch(msgspec.Struct, frozen=True, kw_only=True):
    """variance(t+1) = omega + (alpha + gamma [return < 0]) return(t)^2 + beta variance(t), daily, of log returns."""

    kind: Literal["garch", "gjr"]
    omega: float
    alpha: float
    gamma: float
    beta: float
    freedom: float
    """Degrees of freedom of the Student-t innovations."""
    persistence: float
    """alpha + beta + gamma / 2: what of a shock is left after a day."""
    last_variance: float
    """Daily, forecast for the day after the last return."""
    periods: float
    log_likelihood: float
    observations: int
    converged: bool

    @property
    def long_run(self) -> float | None:
        """Annualised volatility it returns to; None where shocks never die out."""
        if self.persistence >= 1.0:
            return None
        return math.sqrt(self.omega / (1.0 - self.persistence) * self.periods)

    @property
    def half_life(self) -> float | None:
        """Days until half of a shock is gone; None where it never is."""
        return math.log(0.5) / math.log(self.persistence) if 0.0 < self.persistence < 1.0 else None

    def daily(self, days: int) -> F8:
        """Forecast daily variances of the next `days` days."""
        steps = np.arange(days)
        if self.persistence >= 1.0:
            return np.asarray(self.last_variance + self.omega * steps)
        mean = self.omega / (1.0 - self.persistence)
        return np.asarray(mean + self.persistence**steps * (self.last_variance - mean))

    def volatility(self, days: int) -> float:
        """Annualised, expected over the next `days` days."""
        if days < 1:
            raise Invalid("A forecast needs at least a day.", field="days")
        return math.sqrt(float(self.daily(days).mean()) * self.periods)


def available() -> bool:
    """Whether the library is installed."""
    return importlib.util.find_spec("arch") is not None


def fit(returns: Any, kind: Literal["garch", "gjr"] = "garch", *, periods: float = 252.0) -> Garch:
    """The model of log returns (oldest first, one a day; 250 at least, those that are not numbers are passed over).

    Invalid for too few returns or returns without variance, Unavailable without the library."""
    if kind not in ("garch", "gjr"):
        raise Invalid(f"There is no model {kind}.", field="kind", remedy="garch or gjr.")
    values = np.asarray(returns, float).ravel()
    values = values[np.isfinite(values)]
    if values.size < _LEAST:
        raise Invalid(
            f"{values.size} returns are too few for a GARCH model.",
            code="options.returns",
            field="returns",
            remedy=f"At least {_LEAST} days are needed.",
        )
    if not values.std() > 0.0:
        raise Invalid("The price never moved.", code="options.returns", field="returns")
    if not available():
        raise Unavailable(
            "GARCH needs a library that is not installed.",
            code="options.garch",
            remedy="Install the extra: pip install 'sauda[volatility]'.",
        )
    with warnings.catch_warnings():
        # what the optimiser has to say is in `converged`
        warnings.simplefilter("ignore")
        from arch import arch_model

        model = arch_model(values * _SCALE, mean="Constant", vol="GARCH", p=1, o=int(kind == "gjr"), q=1, dist="t")
        result = model.fit(disp="off", show_warning=False)
        ahead = result.forecast(horizon=1, reindex=False).variance.to_numpy()[-1, 0]
    found = result.params
    alpha, beta, gamma = (float(found.get(name, 0.0)) for name in ("alpha[1]", "beta[1]", "gamma[1]"))
    return Garch(
        kind=kind,
        omega=float(found["omega"]) / _SCALE**2,
        alpha=alpha,
        gamma=gamma,
        beta=beta,
        freedom=float(found["nu"]),
        persistence=alpha + beta + 0.5 * gamma,
        last_variance=float(ahead) / _SCALE**2,
        periods=periods,
        log_likelihood=float(result.loglikelihood),
        observations=int(values.size),
        converged=result.convergence_flag == 0,
    )
