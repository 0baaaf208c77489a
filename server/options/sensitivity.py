"""Greeks of European options, whole chains at once: five of the first order, six of the second and third.

Black-Scholes with a dividend yield q; for options on a forward (Black 1976) give S = F and q = r, and delta, gamma and
their kin are those by the forward. Formulas as in E. Haug, "The Complete Guide to Option Pricing Formulas" (2007),
chapter 2.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import codes as reason
from server.options import engine
from server.options.normal import positive_erfcx
from server.options.rows import prepare, rows_of
from server.options.unsolved import reasons

__all__ = ("NAMES", "greeks", "per_day", "per_percent", "why_none")

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]

NAMES: Final = (
    "delta",
    "gamma",
    "theta",
    "vega",
    "rho",
    "vanna",
    "vomma",
    "charm",
    "speed",
    "zomma",
    "veta",
)
_BLOCK: Final = 5120
_ROOT_HALF: Final = 0.7071067811865476
_PHI: Final = 0.3989422804014327
_DAYS: Final = 365.0
_MOST: Final = 700.0
"""Exponent beyond which float64 ends."""
_TIMES: Final = {"theta": 1, "charm": 1, "veta": 1}
_VOLS: Final = {"vega": 1, "rho": 1, "vanna": 1, "vomma": 2, "zomma": 1, "veta": 1}


def greeks(
    S: Any,  # noqa: N803 - the literature's names
    K: Any,  # noqa: N803
    T: Any,  # noqa: N803
    r: Any,
    sigma: Any,
    flag: Any,
    *,
    q: Any = 0.0,
    codes: I1 | None = None,
) -> dict[str, F8]:
    """All eleven, by the names in NAMES; arguments broadcast as in `implied_volatility`.

    delta dV/dS, gamma d2V/dS2, speed d3V/dS3; theta and charm: change of V and of delta as time passes, per year;
    vega dV/dsigma and rho dV/dr per 1.00; vanna d2V/dS dsigma, vomma d2V/dsigma2, zomma d3V/dS2 dsigma per 1.00;
    veta: change of vega with the time left, per year and 1.00. Rows without time, volatility or sense are NaN, and
    `codes` (int8, of the result's shape), if given, says why. Invalid when shapes do not broadcast."""
    shape, rows = prepare(S=S, K=K, T=T, r=r, sigma=sigma, flag=flag, q=q)
    if codes is not None and (codes.shape != shape or codes.dtype != np.int8):
        raise Invalid(
            f"codes is {codes.dtype} {codes.shape}; it must be int8 {shape}.", code="options.shape", field="codes"
        )
    n = rows_of(shape)
    out = np.empty((len(NAMES), n))
    if codes is not None:
        codes[...] = reason.OK
    if n:
        carried = bool(np.any(rows[-1]))
        fast = engine.kernels()
        with np.errstate(all="ignore"):
            bad = fast.greeks(rows, carried, out) if fast is not None else _all_blocks(rows, carried, out)
            if bad.size:
                out[:, bad] = np.nan
                if codes is not None:
                    codes.reshape(-1)[bad] = why_none([np.broadcast_to(a, n)[bad] for a in rows])
        engine.answered(n)
    return {name: line.reshape(shape) for name, line in zip(NAMES, out, strict=True)}


def per_day(values: Mapping[str, F8]) -> dict[str, F8]:
    """Greeks with theta, charm and veta per calendar day instead of per year."""
    return {name: value / _DAYS if name in _TIMES else value for name, value in values.items()}


def per_percent(values: Mapping[str, F8]) -> dict[str, F8]:
    """Greeks per point of volatility or of interest (0.01) instead of per 1.00; vomma per point squared."""
    return {name: value / 100.0 ** _VOLS.get(name, 0) for name, value in values.items()}


def why_none(rows: list[F8]) -> I1:
    """Codes of rows without Greeks: S, K, T, r, sigma, flag, q."""
    s, k, t, r, sigma, flag, q = rows
    why = reasons(s, k, t, r, flag, q)
    fine = why == reason.OK
    why[fine] = reason.OUT_OF_RANGE
    why[fine & ~((sigma > 0.0) & np.isfinite(sigma))] = reason.BAD_VOLATILITY
    why[np.isnan(sigma)] = reason.NOT_A_NUMBER
    return why


def _all_blocks(rows: list[F8], carried: bool, out: F8) -> npt.NDArray[np.int64]:
    """Fill `out` (Greeks, rows) block by block; returns the rows that have none."""
    n = out.shape[1]
    scratch = np.empty((3, 2, min(n, _BLOCK)))
    left = []
    for start in range(0, n, _BLOCK):
        cut = slice(start, min(start + _BLOCK, n))
        s, k, t, r, sigma, flag, q = (a if a.size == 1 else a[cut] for a in rows)
        done = _block(s, k, t, r, sigma, flag, q, carried, out[:, cut], scratch)
        if not done.all():
            left.append(np.flatnonzero(~done) + start)
    return np.concatenate(left) if left else np.empty(0, dtype=np.int64)


def _block(
    s: F8, k: F8, t: F8, r: F8, sigma: F8, flag: F8, q: F8, carried: bool, out: F8, scratch: F8
) -> npt.NDArray[np.bool_]:
    scratch = scratch[:, :, : out.shape[1]]
    d, tail, spare = scratch
    delta, gamma, theta, vega, rho, vanna, vomma, charm, speed, zomma, veta = out
    root = np.sqrt(t)
    total = sigma * root
    inverse = 1.0 / total
    rate = r * t
    discount = np.exp(-rate)
    k_now = k * discount
    d1, d2 = d
    carry = rate - q * t if carried else rate
    np.log(s / k, out=d1)
    d1 += carry
    d1 *= inverse
    np.multiply(total, 0.5, out=d2)
    d1 += d2
    np.subtract(d1, total, out=d2)
    size = np.abs(d)
    size *= _ROOT_HALF
    positive_erfcx(size, tail, spare)
    density, _ = size
    np.multiply(d1, d1, out=density)
    density *= -0.5
    np.exp(density, out=density)
    density *= _PHI
    if carried:
        dividend = np.exp(-q * t)
        density *= dividend  # from here on, as every formula has it
    # N(flag d1) and N(flag d2), each times what it is paid in; phi(d2) K e^-rT = phi(d1) S e^-qT
    tail *= 0.5 / _PHI
    tail *= density
    n1, n2 = tail
    n2 *= s
    _upper(n1, d1, flag, dividend if carried else 1.0)
    _upper(n2, d2, flag, k_now)
    np.multiply(n1, flag, out=delta)
    np.multiply(n2, t, out=rho)
    rho *= flag
    paid = np.multiply(density, s, out=spare[0])
    np.multiply(paid, root, out=vega)
    both = np.multiply(d1, d2, out=spare[1])
    np.multiply(density, inverse, out=gamma)
    gamma /= s
    np.multiply(paid, sigma, out=theta)
    theta /= root
    theta *= -0.5
    n2 *= r
    n2 *= flag
    theta -= n2
    over = 1.0 / sigma
    np.multiply(density, d2, out=vanna)
    vanna *= over
    np.negative(vanna, out=vanna)
    np.multiply(vega, both, out=vomma)
    vomma *= over
    # dd1/dT
    turn = np.multiply(carry, inverse, out=n2)
    d2 *= 0.5
    turn -= d2
    turn /= t
    np.multiply(density, turn, out=charm)
    np.negative(charm, out=charm)
    np.multiply(d1, inverse, out=speed)
    speed += 1.0
    speed *= gamma
    speed /= s
    np.negative(speed, out=speed)
    np.subtract(both, 1.0, out=zomma)
    zomma *= gamma
    zomma *= over
    np.divide(0.5, t, out=veta)
    turn *= d1
    veta -= turn
    if carried:
        n1 *= q
        n1 *= flag
        charm += n1
        veta -= q
        n1 *= s
        theta += n1
    veta *= vega
    done: npt.NDArray[np.bool_] = np.isfinite(np.add.reduce(out, axis=0))
    done &= (t > 0.0) & (sigma > 0.0) & (s > 0.0) & (k > 0.0) & (flag * flag == 1.0) & (np.abs(rate) < _MOST)
    if carried:
        done &= np.abs(carry - rate) < _MOST
    return done


def _upper(tail: F8, d: F8, flag: F8, most: F8 | float) -> None:
    """Turn `most` x N(-|d|) into `most` x N(flag d), in place."""
    np.subtract(most, tail, out=tail, where=d * flag > 0.0)
