"""Implied volatility of European options, whole chains at once.

The out-of-the-money option with the same time value is inverted: its price keeps all its digits. The time value is
taken as (price - (S - K)) - K (1 - exp(-rT)), each part exact or small, not as the price less a rounded intrinsic
value: deep in the money that is worth three digits more than any solver we know of reaches. A first guess comes
from inverting the normal (Bachelier) model in closed form, as P. Jaeckel does in "Implied normal volatility" (2017),
with one rational function of our own, and a map from normal to lognormal volatility (Hagan's expansion, its terms
fitted anew): 2e-5 off for |log(F/K)| < 0.6 and total volatilities below 1. One fourth-order step on the price's
logarithm then lands on float64's own limit. Rows for which that does not hold are searched within brackets.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import engine
from server.options.normal import positive_erfcx
from server.options.rows import prepare, rows_of
from server.options.unsolved import finish

__all__ = ("CURVE", "LOWER", "NEAR", "UPPER", "implied_volatility", "implied_volatility_codes")

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]

_BLOCK: Final = 5120
"""Rows at a time: few calls of NumPy, and scratch that stays in the second cache."""
UPPER: Final = (0.3930516277260133, -0.14979189315624578, 0.045575123456425504, 0.004604233969867671,
                0.00023950414031343736)  # fmt: skip
LOWER: Final = (1.0, -0.4131450455937847, 0.15250317233311142, -0.010701802769032879, 0.007494378756275941)
"""|log moneyness| in normal deviations, over w = log(1 + distance / time value), is UPPER(v) / LOWER(v) with
v = sqrt(1 + w), lowest power first; fitted in 40 digits for w up to 25, 1.2e-5 off at most."""
CURVE: Final = (0.04169765, 0.00352797, 0.00053339, -0.00043481)
"""Lognormal total volatility = y (1 + y2 (c0 + c1 y2 + c2 y2^2 + c3 x^2)) of the normal one, y; y2 = y^2."""
NEAR: Final = 2e-4
"""Relative error of the first guess up to which one step is enough."""
_ROOT_HALF: Final = 0.7071067811865476
_PHI: Final = 0.3989422804014327


def implied_volatility(
    S: Any,  # noqa: N803 - the literature's names
    K: Any,  # noqa: N803
    T: Any,  # noqa: N803
    r: Any,
    flag: Any,
    price: Any,
    *,
    q: Any = 0.0,
    codes: I1 | None = None,
) -> F8:
    """Annualised volatility at which Black-Scholes gives `price`; arguments broadcast, the result is float64.

    S, K, price in the same currency; T years; r and the dividend yield q continuously compounded; flag +1 call, -1 put.
    Rows without an answer are NaN, and `codes` (int8, of the result's shape), if given, says why (`codes.py`);
    they raise nothing and touch no other row. Invalid when shapes do not broadcast. For options on a forward F give
    S = F and q = r."""
    shape, rows = prepare(S=S, K=K, T=T, r=r, flag=flag, price=price, q=q)
    if codes is not None and (codes.shape != shape or codes.dtype != np.int8):
        raise Invalid(
            f"codes is {codes.dtype} {codes.shape}; it must be int8 {shape}.", code="options.shape", field="codes"
        )
    n = rows_of(shape)
    out = np.empty(n)
    why = np.zeros(n, dtype=np.int8) if codes is not None else None
    if n:
        carried = bool(np.any(rows[-1]))
        fast = engine.kernels()
        with np.errstate(all="ignore"):
            left = _all_blocks(rows, carried, out) if fast is None else fast.implied(rows, carried, out, why)
            if left.size:
                out[left], found = finish(*(np.broadcast_to(a, n)[left] for a in rows))
                if why is not None:
                    why[left] = found
        engine.answered(n)
    if codes is not None and why is not None:
        codes[...] = why.reshape(shape)
    return out.reshape(shape)


def implied_volatility_codes(
    S: Any,  # noqa: N803
    K: Any,  # noqa: N803
    T: Any,  # noqa: N803
    r: Any,
    flag: Any,
    price: Any,
    *,
    q: Any = 0.0,
) -> tuple[F8, I1]:
    """Implied volatility, and the reason code of every row (0 = solved)."""
    shape = np.broadcast_shapes(*(np.shape(a) for a in (S, K, T, r, flag, price, q)))
    codes = np.zeros(shape, dtype=np.int8)
    return implied_volatility(S, K, T, r, flag, price, q=q, codes=codes), codes


def _all_blocks(rows: list[F8], carried: bool, out: F8) -> npt.NDArray[np.int64]:
    """Solve block by block into `out`; returns the rows left over."""
    n = len(out)
    scratch = np.empty((6, 2, min(n, _BLOCK)))
    left = []
    for start in range(0, n, _BLOCK):
        cut = slice(start, min(start + _BLOCK, n))
        s, k, t, r, flag, value, q = (a if a.size == 1 else a[cut] for a in rows)
        done = _block(s, k, t, r, flag, value, q if carried else None, out[cut], scratch)
        if not done.all():
            left.append(np.flatnonzero(~done) + start)
    return np.concatenate(left) if left else np.empty(0, dtype=np.int64)


def _block(
    s: F8, k: F8, t: F8, r: F8, flag: F8, value: F8, q: F8 | None, out: F8, scratch: F8
) -> npt.NDArray[np.bool_]:
    """One pass over a block in place; returns which rows are solved."""
    scratch = scratch[:, :, : len(out)]
    arguments, errors, spare = scratch[:3]
    (k_now, root), (time_value, ratio), (x2, w) = scratch[3:]
    # discounting as a difference: what is not lost to rounding here is what deep options in the money are solved from
    np.multiply(r, t, out=k_now)
    np.negative(k_now, out=k_now)
    shift = np.expm1(k_now, out=w)
    shift *= k
    np.add(k, shift, out=k_now)
    s_now = s
    if q is not None:
        fall = s * np.expm1(-q * t)
        shift -= fall
        s_now = s + fall
    ahead = np.subtract(s, k, out=ratio)
    distance = np.subtract(ahead, shift)
    in_money = flag * distance > 0.0
    ahead *= flag
    np.subtract(value, ahead, out=time_value)
    shift *= flag
    time_value += shift
    np.copyto(time_value, value, where=~in_money)
    np.abs(distance, out=distance)
    least = np.minimum(s_now, k_now)
    np.multiply(s_now, k_now, out=root)
    np.sqrt(root, out=root)
    np.divide(s_now, k_now, out=ratio)
    x = np.log(ratio)
    np.abs(x, out=x)
    np.multiply(x, x, out=x2)
    # normal volatility in closed form
    np.multiply(time_value, 1e-9, out=w)
    np.maximum(distance, w, out=distance)
    np.divide(distance, time_value, out=w)
    w += 1.0
    np.log(w, out=w)
    v = np.add(w, 1.0)
    np.sqrt(v, out=v)
    over = v * LOWER[4]
    under = v * UPPER[4]
    for n in (3, 2, 1):
        over += LOWER[n]
        over *= v
        under += UPPER[n]
        under *= v
    over += LOWER[0]
    under += UPPER[0]
    over *= distance
    under *= w
    under *= root
    # sqrt(F K) x / (F - K) as a series in x
    np.multiply(x2, 1 / 1920, out=w)
    w += 1 / 24
    w *= x2
    w += 1.0
    under *= w
    over /= under
    # lognormal volatility
    np.multiply(over, over, out=w)
    sigma = np.multiply(w, CURVE[2], out=v)
    sigma += CURVE[1]
    sigma *= w
    sigma += CURVE[0]
    np.multiply(x2, CURVE[3], out=under)
    sigma += under
    sigma *= w
    sigma += 1.0
    sigma *= over
    # the price there, and its slope
    h = np.divide(x, sigma, out=x)
    half = np.multiply(sigma, 0.5, out=over)
    below, above = arguments
    np.subtract(h, half, out=below)
    np.add(h, half, out=above)
    inside = below < 0.0
    np.abs(below, out=below)
    arguments *= _ROOT_HALF
    positive_erfcx(arguments, errors, spare)
    near, far = errors
    np.negative(near, out=near, where=inside)
    near -= far
    h *= h
    half *= half
    np.add(h, half, out=far)
    far *= -0.5
    np.exp(far, out=far)  # normalised vega, but for a constant
    near *= far
    near *= 0.5
    least_over_root = np.divide(least, root, out=below)
    least_over_root *= inside
    near += least_over_root
    slope = np.divide(far, near, out=far)
    slope *= _PHI
    near *= root
    near /= time_value
    np.log(near, out=near)
    newton = np.divide(near, slope, out=near)
    # fourth-order step on the logarithm; `newton` is the step's negative
    bend = np.subtract(h, half, out=half)
    bend /= sigma
    third = np.multiply(sigma, sigma, out=below)
    np.divide(h, third, out=h)
    h *= -3.0
    h -= 0.25
    np.multiply(bend, bend, out=above)
    h += above
    first = np.subtract(bend, slope, out=above)
    bend *= -3.0
    slope *= 2.0
    bend += slope
    slope *= 0.5
    bend *= slope
    h += bend
    h *= newton
    h /= -6.0
    h += first
    h *= newton
    np.subtract(1.0, h, out=h)
    first *= newton
    first *= -0.5
    first += 1.0
    first *= newton
    first /= h
    np.sqrt(t, out=w) if t.size > 1 else w.fill(np.sqrt(t[0]))
    np.subtract(sigma, first, out=out)
    out /= w
    sigma *= NEAR
    np.abs(newton, out=newton)
    done: npt.NDArray[np.bool_] = np.less_equal(newton, sigma)
    done &= time_value < least
    k_now *= 1e-15
    done &= time_value > k_now
    done &= t > 0.0
    done &= flag * flag == 1.0
    return done
