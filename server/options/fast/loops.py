"""What `engine` hands out when the compiled path is ready: the same two calls that the NumPy path has inside."""

import numpy as np
import numpy.typing as npt

from server.options.fast import kernels

__all__ = ("greeks", "implied")

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]
Rows = npt.NDArray[np.int64]

_NONE: Rows = np.empty(0, dtype=np.int64)


def implied(rows: list[F8], carried: bool, out: F8, codes: I1 | None) -> Rows:
    """Volatilities into `out`; returns the rows whose fate is still to be found out. `codes` gets what is known."""
    n = len(out)
    full = [_full(a, n) for a in rows]
    state = np.empty(n, dtype=np.int8) if codes is None else codes.reshape(-1)
    left = kernels.fill_implied(*full, carried, out, state)
    return np.flatnonzero(state == kernels.LOOK) if left else _NONE


def greeks(rows: list[F8], carried: bool, out: F8) -> Rows:
    """Greeks into the lines of `out`; returns the rows that have none."""
    n = out.shape[1]
    s, k, t, r, sigma, flag, q = (_full(a, n) for a in rows)
    signed = np.empty(n)
    kernels.fill_signed(k, flag, signed)
    left = kernels.fill_greeks(s, signed, t, r, sigma, q, carried, out)
    return np.flatnonzero(np.isnan(out[0])) if left else _NONE


def _full(a: F8, n: int) -> F8:
    return np.full(n, a[0]) if a.size != n else a
