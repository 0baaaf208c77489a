"""Open interest read: build-up by contract, put-call ratios and max pain by expiry. Unknown figures are NaN.

Build-up joins the change of the price with that of the open interest (both against the day before): long = both rise,
short = price falls and interest rises, covering = price rises and interest falls, unwinding = both fall.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ("BUILD_UP", "build_up", "first_of", "max_pain", "max_pains", "ratio")

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]
I8 = npt.NDArray[np.int64]

BUILD_UP: Final = ("none", "long", "short", "covering", "unwinding")
"""Names of the codes `build_up` gives."""


def build_up(price_change: npt.ArrayLike, oi_change: npt.ArrayLike) -> I1:
    """Code of each contract; 0 where either change is nothing or not known."""
    price, interest = np.asarray(price_change, float), np.asarray(oi_change, float)
    known = np.isfinite(price) & np.isfinite(interest) & (price != 0.0) & (interest != 0.0)
    code = np.where(interest > 0.0, np.where(price > 0.0, 1, 2), np.where(price > 0.0, 3, 4))
    return np.where(known, code, 0).astype(np.int8)


def ratio(puts: npt.ArrayLike, calls: npt.ArrayLike) -> F8:
    """Puts over calls; NaN where there are no calls."""
    below = np.asarray(calls, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: F8 = np.where(below > 0.0, np.asarray(puts, float) / below, np.nan)
    return found


def max_pain(strikes: npt.ArrayLike, call_oi: npt.ArrayLike, put_oi: npt.ArrayLike) -> float | None:
    """Strike at which all open options together would pay out least; None without open interest.

    Strikes ascend; unknown open interest counts as none."""
    k = np.asarray(strikes, float)
    if not k.size:
        return None
    found = float(max_pains(k, np.nan_to_num(call_oi), np.nan_to_num(put_oi), np.array([0]))[0])
    return found if np.isfinite(found) else None


def max_pains(strikes: F8, call_oi: F8, put_oi: F8, starts: I8) -> F8:
    """The same for many chains laid end to end: (E,), NaN without open interest. `starts` is where each begins."""
    of = np.repeat(np.arange(starts.size), np.diff(np.append(starts, strikes.size)))
    below, paid_below, above, held = (
        _running(c, starts, of) for c in (call_oi, strikes * call_oi, put_oi, strikes * put_oi)
    )
    last = np.append(starts[1:], strikes.size) - 1
    # settling at k pays calls struck below it and puts struck above it
    paid = strikes * below - paid_below + held[last][of] - held - strikes * (above[last][of] - above)
    least = np.minimum.reduceat(paid, starts)
    found = strikes[first_of(paid == least[of], starts)]
    return np.where((below[last] > 0.0) | (above[last] > 0.0), found, np.nan)


def first_of(wanted: npt.NDArray[np.bool_], starts: I8) -> I8:
    """Place of the first true entry of each chain; its start where there is none."""
    places = np.flatnonzero(wanted)
    if not places.size:
        return starts
    at = places[np.minimum(np.searchsorted(places, starts), places.size - 1)]
    ends = np.append(starts[1:], wanted.size)
    return np.where((at >= starts) & (at < ends), at, starts)


def _running(column: F8, starts: I8, of: I8) -> F8:
    """Running sum that begins anew with each chain."""
    total = np.cumsum(column)
    found: F8 = total - (total[starts] - column[starts])[of]
    return found
