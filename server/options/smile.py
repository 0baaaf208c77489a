"""One fitted smile: volatilities, prices, the distribution of the spot it implies, and the figures it is known by.

Every smile has raw SVI parameters (a flat one has no slope and no bend); a refined one has a density besides, fitted
into the market's bids and asks, and answers from that wherever it has mass.
"""

from math import sqrt
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.options import black76, svi
from server.options.density import LinearDensity
from server.options.normal import cdf, pdf

__all__ = ("Smile", "SmileKind", "SmileMeasures", "measures", "strike_at_delta")

F8 = npt.NDArray[np.float64]
SmileKind = Literal["refined", "svi", "ssvi", "flat"]
_GRID = 801


class Smile(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Of one expiry. Spots and strikes in rupees; nothing is discounted."""

    forward: float
    years: float
    kind: SmileKind
    parameters: tuple[float, float, float, float, float]
    """Raw SVI (a, b, rho, m, s) of total variance in log(K / F)."""
    refined: LinearDensity | None = None

    @property
    def mean(self) -> float:
        """The forward."""
        return self.forward

    @property
    def total(self) -> float:
        """Total volatility at the money."""
        return sqrt(float(self.total_variance(0.0)[0]))

    def _svi(self, k: F8) -> tuple[F8, F8, F8]:
        flat = np.asarray(k, float)
        w, slope, bend = (
            part.reshape(flat.shape) for part in svi.with_slopes(np.asarray(self.parameters), flat.ravel())
        )
        return np.maximum(w, 1e-12), slope, bend

    def total_variance(self, k: npt.ArrayLike) -> F8:
        """w at log-moneyness k."""
        x = np.atleast_1d(np.asarray(k, float))
        w = self._svi(x)[0]
        if self.refined is None:
            return w
        strikes = self.forward * np.exp(x)
        value = np.where(x >= 0.0, self.refined.call(strikes), self.refined.put(strikes))
        sigma = black76.implied_volatility(value, self.forward, strikes, 1.0, 0.0, x >= 0.0)
        # in tails whose value float64 cannot tell from nothing the parametric smile goes on
        known = np.isfinite(sigma) & (value > 1e-11 * self.forward)
        return np.where(known, np.square(np.where(known, sigma, 0.0)), w)

    def iv(self, strikes: npt.ArrayLike) -> F8:
        """Annualised volatility at strikes."""
        k = np.log(np.asarray(strikes, float) / self.forward)
        found: F8 = np.sqrt(self.total_variance(k) / self.years)
        return found

    def cdf(self, x: npt.ArrayLike) -> F8:
        """Chance that the spot ends at or below x."""
        if self.refined is not None:
            return self.refined.cdf(x)
        spots = np.asarray(x, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.log(spots / self.forward)
            w, slope, _ = self._svi(np.where(np.isfinite(k), k, 0.0))
            root = np.sqrt(w)
            d2 = -k / root - 0.5 * root
            below = cdf(-d2) + pdf(d2) * slope / (2.0 * root)
        return np.clip(np.where(spots > 0.0, below, 0.0), 0.0, 1.0)

    def density(self, x: npt.ArrayLike) -> F8:
        """Density of the spot, per rupee."""
        if self.refined is not None:
            return self.refined.density(x)
        spots = np.asarray(x, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.log(spots / self.forward)
            w, slope, bend = self._svi(np.where(np.isfinite(k), k, 0.0))
            root = np.sqrt(w)
            found = svi.density_factor(w, slope, bend, k) * pdf(-k / root - 0.5 * root) / (root * spots)
        return np.where(spots > 0.0, found, 0.0)

    def put(self, x: npt.ArrayLike) -> F8:
        """Expected max(x - spot, 0)."""
        if self.refined is not None:
            return self.refined.put(x)
        strikes = np.asarray(x, float)
        k = np.log(np.maximum(strikes, 1e-9) / self.forward)
        found = black76.price(self.forward, np.maximum(strikes, 1e-9), 1.0, 0.0, np.sqrt(self._svi(k)[0]), False)
        return np.where(strikes > 0.0, found, 0.0)

    def quantile(self, p: npt.ArrayLike) -> F8:
        """Spot below which the chance is p."""
        if self.refined is not None:
            return self.refined.quantile(p)
        grid = self.forward * np.exp(np.linspace(-10.0, 10.0, _GRID) * self.total)
        # a chance below what the grid tells apart takes its end
        found: F8 = np.interp(np.asarray(p, float), np.maximum.accumulate(self.cdf(grid)), grid)
        return found


class SmileMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one smile; volatilities as fractions. None where the smile is too narrow for a 25-delta strike."""

    atm_iv: float
    """At the forward."""
    skew: float
    """Slope of volatility at the money, per unit of log-moneyness: below zero where puts are dearer."""
    put_25: float | None
    """Volatility of the put whose delta is -0.25."""
    call_25: float | None
    risk_reversal_25: float | None
    """Call less put."""
    butterfly_25: float | None
    """Their mean less the volatility at the money."""
    put_25_strike: float | None
    call_25_strike: float | None
    expected_move: float
    """One standard deviation until the expiry, rupees."""
    low: float
    """Spots between which the smile puts 68.27 % of the chance."""
    high: float


def strike_at_delta(smile: Smile, delta: float) -> float | None:
    """Strike of the call of forward delta `delta`, or of the put where it is below zero; None where there is none."""
    total = smile.total
    k = np.linspace(-6.0, 6.0, _GRID) * total
    root = np.sqrt(smile.total_variance(k))
    call = cdf(-k / root + 0.5 * root)
    target = delta if delta > 0 else 1.0 + delta
    # delta falls as the strike rises; the crossing nearest to the money counts
    cross = np.flatnonzero((call[:-1] - target) * (call[1:] - target) <= 0.0)
    if not cross.size:
        return None
    i = int(cross[np.argmin(np.abs(k[cross]))])
    share = (call[i] - target) / (call[i] - call[i + 1]) if call[i] != call[i + 1] else 0.0
    return smile.forward * float(np.exp(k[i] + share * (k[i + 1] - k[i])))


def measures(smile: Smile) -> SmileMeasures:
    """Level, tilt and bend of a smile."""
    step = 0.1 * smile.total
    around = np.sqrt(smile.total_variance([-step, 0.0, step]) / smile.years)
    atm = float(around[1])
    put, call = strike_at_delta(smile, -0.25), strike_at_delta(smile, 0.25)
    put_iv = float(smile.iv([put])[0]) if put is not None else None
    call_iv = float(smile.iv([call])[0]) if call is not None else None
    reversal = butterfly = None
    if put_iv is not None and call_iv is not None:
        reversal, butterfly = call_iv - put_iv, 0.5 * (call_iv + put_iv) - atm
    low, high = smile.quantile([0.5 - 0.34135, 0.5 + 0.34135]).tolist()
    return SmileMeasures(
        atm_iv=atm,
        skew=float(around[2] - around[0]) / (2.0 * step),
        put_25=put_iv,
        call_25=call_iv,
        risk_reversal_25=reversal,
        butterfly_25=butterfly,
        put_25_strike=put,
        call_25_strike=call,
        expected_move=smile.forward * atm * sqrt(smile.years),
        low=low,
        high=high,
    )
