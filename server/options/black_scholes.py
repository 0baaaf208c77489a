"""Price of European options on a spot with a dividend yield (Black and Scholes 1973, Merton 1973).

Worked out as intrinsic value plus the price of the out-of-the-money option in the normalised form of P. Jaeckel's
"Let's be rational" (2015): digits are kept deep in the tail, and parity holds to the last one.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import codes as reason
from server.options.normal import positive_erfcx
from server.options.rows import prepare, rows_of
from server.options.unsolved import reasons

__all__ = ("price",)

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]

_BLOCK: Final = 5120
_ROOT_HALF: Final = 0.7071067811865476
_MOST: Final = 700.0
"""Exponent beyond which float64 ends."""
_LEAST: Final = 1e-150
"""Total volatility taken where there is no time or no volatility: its square is still a number."""


def price(
    S: Any,  # noqa: N803 - the literature's names
    K: Any,  # noqa: N803
    T: Any,  # noqa: N803
    r: Any,
    sigma: Any,
    flag: Any,
    *,
    q: Any = 0.0,
    codes: I1 | None = None,
) -> F8:
    """Price; the discounted intrinsic value where T or sigma is 0. Arguments broadcast as in `implied_volatility`.

    Rows that make no sense (a spot or strike that is not positive, negative time or volatility, NaN) are NaN, and
    `codes` (int8, of the result's shape), if given, says why. Invalid when shapes do not broadcast."""
    shape, rows = prepare(S=S, K=K, T=T, r=r, sigma=sigma, flag=flag, q=q)
    if codes is not None and (codes.shape != shape or codes.dtype != np.int8):
        raise Invalid(
            f"codes is {codes.dtype} {codes.shape}; it must be int8 {shape}.", code="options.shape", field="codes"
        )
    n = rows_of(shape)
    out = np.empty(n)
    if codes is not None:
        codes[...] = reason.OK
    carried = bool(np.any(rows[-1]))
    scratch = np.empty((3, 2, min(n, _BLOCK)))
    with np.errstate(all="ignore"):
        for start in range(0, n, _BLOCK):
            cut = slice(start, min(start + _BLOCK, n))
            s, k, t, r, v, flag, q = (a if a.size == 1 else a[cut] for a in rows)
            _block(s, k, t, r, v, flag, q, carried, out[cut], scratch)
        bad = np.flatnonzero(~np.isfinite(out))
        if bad.size and codes is not None:
            codes.reshape(-1)[bad] = _why([np.broadcast_to(a, n)[bad] for a in rows])
        out[bad] = np.nan
    return out.reshape(shape)


def _why(rows: list[F8]) -> I1:
    s, k, t, r, sigma, flag, q = rows
    why = reasons(s, k, np.where(t == 0.0, 1.0, t), r, flag, q)
    fine = why == reason.OK
    why[fine] = reason.OUT_OF_RANGE
    why[fine & ~((sigma >= 0.0) & np.isfinite(sigma))] = reason.BAD_VOLATILITY
    why[np.isnan(sigma)] = reason.NOT_A_NUMBER
    return why


def _block(s: F8, k: F8, t: F8, r: F8, sigma: F8, flag: F8, q: F8, carried: bool, out: F8, scratch: F8) -> None:
    arguments, errors, spare = scratch[:, :, : len(out)]
    k_now = k * np.exp(-r * t)
    s_now = s * np.exp(-q * t) if carried else s
    # a square root per factor: a product of two negative ones must not pass for a positive
    root = np.sqrt(s_now) * np.sqrt(k_now)
    total = np.maximum(np.sqrt(t) * np.where(sigma >= 0.0, sigma, np.nan), _LEAST)
    distance = np.log(s / k)
    distance += (r - q) * t if carried else r * t
    h = np.divide(np.abs(distance), total)
    half = 0.5 * total
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
    h += half
    h *= -0.5
    near *= np.exp(h, out=h)
    near *= 0.5
    near *= root
    near += np.minimum(s_now, k_now) * inside
    distance = np.subtract(s_now, k_now)
    distance *= flag
    np.maximum(distance, 0.0, out=distance)
    np.maximum(near, 0.0, out=near)
    np.add(near, distance, out=out)
    sound = (s > 0.0) & (k > 0.0) & (flag * flag == 1.0) & (np.abs(r * t) < _MOST) & (np.abs(q * t) < _MOST)
    out[~np.broadcast_to(sound, out.shape)] = np.nan
