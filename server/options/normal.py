"""The normal distribution over arrays: density, cumulative probability, quantile, scaled complementary error function.

Needs NumPy alone: importing SciPy for these costs a start 0.2 s and 20 MB, and its functions do not vectorise. One
expansion serves both sides and all sizes, after M. M. Shepherd and J. G. Laframboise, "Chebyshev approximation of
(1 + 2x) exp(x^2) erfc x" (1981), in another variable and worked out anew in 60 digits; the error is 1e-15 of the value
at most. The quantile is M. J. Wichura's algorithm AS 241 (1988), good to 1e-15.
"""

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ("ERFCX", "cdf", "erfcx", "inverse_cdf", "ndtr", "ndtri", "pdf", "positive_erfcx")

F8 = npt.NDArray[np.float64]
_FEW = 24
"""Up to so many numbers, Python's own erfc is quicker than passes over an array."""
_SQRT2 = math.sqrt(2.0)
_PHI: Final = 0.3989422804014327
ERFCX: Final = (
    1.095995661000491,
    -0.9765487290808824,
    0.7732087022652306,
    -0.5408538313131976,
    0.33085158787831587,
    -0.1740109372408923,
    0.07638151490371081,
    -0.026370053329181024,
    0.006112055708386392,
    -0.0002809589359391201,
    -0.00045505297165692805,
    0.0001768130806560407,
    -3.6342038149469713e-06,
    -1.8861473378981353e-05,
    4.692383913754639e-06,
    1.4249464173304702e-06,
    -8.436516120561793e-07,
    -7.596899328669503e-08,
    1.225288207064525e-07,
    8.238240856147602e-10,
    -1.527528889990648e-08,
    2.654454508348017e-10,
    1.2073816594065525e-09,
)
"""(z + 4) erfcx(z) as a polynomial in (z - 4) / (z + 4), lowest power first, for z >= 0."""
_DOWN: Final = ERFCX[-2::-1]
_A = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
_B = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
_C = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
_D = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)
_E = (
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
)
_F = (
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
)


def positive_erfcx(z: F8, out: F8, spare: F8) -> F8:
    """exp(z^2) erfc(z) for z >= 0, into `out`; `spare` is scratch of the same shape, `z` is left as it is."""
    np.add(z, 4.0, out=spare)
    np.reciprocal(spare, out=spare)
    t = np.multiply(spare, -8.0)
    t += 1.0
    np.multiply(t, ERFCX[-1], out=out)
    for coefficient in _DOWN[:-1]:
        out += coefficient
        out *= t
    out += _DOWN[-1]
    out *= spare
    return out


def pdf(x: Any) -> F8:
    """Density of the standard normal distribution."""
    x = np.asarray(x, float)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(_PHI * np.exp(-0.5 * x * x))


def ndtr(x: Any) -> F8:
    """Probability that a standard normal variable lies below `x`."""
    x = np.asarray(x, float)
    if x.size <= _FEW:
        return np.array([0.5 * math.erfc(-v / _SQRT2) for v in x.ravel().tolist()]).reshape(x.shape)
    size = np.abs(x)
    tail = _right(size / _SQRT2)
    tail *= 0.5 * np.exp(-0.5 * size * size)
    value: F8 = np.where(x < 0.0, tail, 1.0 - tail)
    return value


def erfcx(x: Any) -> F8:
    """exp(x^2) erfc(x), which neither overflows nor vanishes on the right; infinite below about -26.6."""
    x = np.asarray(x, float)
    if x.size <= _FEW:
        return np.array([_erfcx(v) for v in x.ravel().tolist()]).reshape(x.shape)
    value = _right(np.abs(x))
    left = x < 0.0
    if left.any():
        with np.errstate(over="ignore"):
            value = np.where(left, 2.0 * np.exp(x * x) - value, value)
    return value


def ndtri(p: Any) -> F8:
    """The `x` with `ndtr(x) == p`; -inf at 0, inf at 1, NaN outside."""
    p = np.asarray(p, float)
    with np.errstate(all="ignore"):
        middle = p - 0.5
        near = 0.180625 - middle * middle
        value = middle * _ratio(_A, _B, near)
        root = np.sqrt(-np.log(np.minimum(p, 1.0 - p)))
        far = np.where(root <= 5.0, _ratio(_C, _D, root - 1.6), _ratio(_E, _F, root - 5.0))
        value = np.where(np.abs(middle) <= 0.425, value, np.copysign(far, middle))
        value = np.where((p == 0.0) | (p == 1.0), np.copysign(np.inf, middle), value)
    result: F8 = np.where((p >= 0.0) & (p <= 1.0), value, np.nan)
    return result


def _right(x: F8) -> F8:
    """erfcx where x >= 0."""
    return positive_erfcx(x, np.empty_like(x), np.empty_like(x))


def _erfcx(x: float) -> float:
    if x < 0.0:
        square = x * x
        return math.inf if square > 709.0 else 2.0 * math.exp(square) - _erfcx(-x)
    w = 1.0 / (x + 4.0)
    t, total = 1.0 - 8.0 * w, 0.0
    for c in reversed(ERFCX):
        total = total * t + c
    return total * w


def _ratio(above: tuple[float, ...], below: tuple[float, ...], x: F8) -> F8:
    top, bottom = np.full_like(x, above[-1]), np.full_like(x, below[-1])
    for a, b in zip(above[-2::-1], below[-2::-1], strict=True):
        top = top * x + a
        bottom = bottom * x + b
    return top / bottom


cdf = ndtr
inverse_cdf = ndtri
"""The names the rest of the house reads more easily."""
