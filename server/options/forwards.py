"""The forward of each expiry, as the option chain itself implies it by put-call parity.

Every strike with both sides quoted says F = K + (C - P) exp(rT), to within its two spreads. Narrow and much traded
pairs count most; a pair whose whole band lies off the rest is a stale quote and counts nothing. Where parity says
nothing the future of that expiry does, else the spot carried at the rate less dividends.
"""

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid

__all__ = ("CARRY", "FUTURE", "NONE", "PARITY", "SOURCES", "Forwards", "implied_forwards")

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]
I8 = npt.NDArray[np.int64]

NONE: Final = 0
PARITY: Final = 1
FUTURE: Final = 2
CARRY: Final = 3
SOURCES: Final = ("none", "parity", "future", "carry")
_REACH: Final = 0.06
"""How far from the spot a strike may lie, and a forward from the spot carried, per square root of a year beyond the
first month; further out one of the pair is all intrinsic value and hardly quoted."""
_MONTH: Final = 1 / 12
_LEAST_BAND: Final = 0.05
"""Rupees: no pair is surer than a tick."""


class Forwards(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One entry an expiry."""

    value: F8
    """NaN where there is neither chain, future nor spot, or no time left."""
    low: F8
    """Highest of the pairs' lower bounds: below it somebody could trade against the quotes. NaN without parity."""
    high: F8
    """Lowest of the upper bounds; below `low` where quotes contradict each other."""
    pairs: I8
    """Strikes that counted."""
    source: I1
    """NONE, PARITY, FUTURE or CARRY."""


def implied_forwards(
    expiry: I8,
    strike: F8,
    call_bid: F8,
    call_ask: F8,
    put_bid: F8,
    put_ask: F8,
    *,
    years: Any,
    rate: Any,
    spot: Any,
    future: Any = np.nan,
    dividend: Any = 0.0,
    liquidity: F8 | None = None,
) -> Forwards:
    """Forwards of E expiries from P pairs of a call and a put at one strike.

    `expiry` (P,): which expiry a pair belongs to, 0 to E - 1; strikes and quotes (P,) in rupees, NaN or 0 = none;
    `years`, `rate`, `spot`, `future`, `dividend` one an expiry, or a scalar; E is the length of `years`. `liquidity`
    (P,): anything that grows with trading (volume or open interest of the thinner side).
    Invalid when lengths differ."""
    years = np.atleast_1d(np.asarray(years, float))
    count = len(years)
    strike, call_bid, call_ask, put_bid, put_ask = pairs = [
        np.asarray(a, float) for a in (strike, call_bid, call_ask, put_bid, put_ask)
    ]
    expiry = np.asarray(expiry, np.int64)
    if any(a.shape != expiry.shape for a in pairs) or (liquidity is not None and liquidity.shape != expiry.shape):
        raise Invalid("The quotes of the pairs differ in number.", code="options.shape", field="expiry")
    if expiry.size and not 0 <= expiry.min() <= expiry.max() < count:
        raise Invalid("A pair belongs to an expiry that is not there.", code="options.shape", field="expiry")
    with np.errstate(all="ignore"):
        rate, spot, future, dividend = (
            np.broadcast_to(np.asarray(a, float), (count,)) for a in (rate, spot, future, dividend)
        )
        terms = years, rate, spot, future, dividend
        return _forwards(expiry, strike, call_bid, call_ask, put_bid, put_ask, terms, liquidity)


def _forwards(
    e: I8,
    strike: F8,
    call_bid: F8,
    call_ask: F8,
    put_bid: F8,
    put_ask: F8,
    terms: tuple[F8, F8, F8, F8, F8],
    liquidity: F8 | None,
) -> Forwards:
    years, rate, spot, future, dividend = terms
    count = len(years)
    grown = np.exp(rate * years)
    carried = spot * np.exp((rate - dividend) * years)
    centre = np.where(carried > 0.0, carried, future)
    reach = _REACH * np.sqrt(np.maximum(years / _MONTH, 1.0))
    fit = (call_bid > 0) & (put_bid > 0) & (call_ask >= call_bid) & (put_ask >= put_bid) & (strike > 0)
    fit &= ~(np.abs(strike / centre[e] - 1.0) > reach[e])
    at = np.flatnonzero(fit)
    e, strike, growth = e[at], strike[at], grown[e[at]]
    low = strike + (call_bid[at] - put_ask[at]) * growth
    high = strike + (call_ask[at] - put_bid[at]) * growth
    middle, band = 0.5 * (low + high), np.maximum(high - low, _LEAST_BAND)
    weight = 1.0 / np.square(band)
    if liquidity is not None:
        much = np.nan_to_num(np.maximum(liquidity[at], 0.0))
        usual = np.bincount(e, much, count) / np.maximum(np.bincount(e, minlength=count), 1)
        # saturating: twice the usual trading does not make a quote twice as sure
        weight *= np.where(usual[e] > 0.0, 0.02 + much / (much + usual[e]), 1.0)
    value = _weighted_median(e, middle, weight, count)
    agrees = np.abs(middle - value[e]) <= 0.5 * band + np.maximum(0.5 * band, 1e-4 * value[e])
    counted = np.where(agrees, weight, 0.0)
    value = np.bincount(e, counted * middle, count) / np.bincount(e, counted, count)
    number = np.bincount(e[agrees], minlength=count)
    sane = (value > 0.0) & ~(np.abs(value / centre - 1.0) > reach)
    source = np.select([sane, future > 0.0, carried > 0.0], [PARITY, FUTURE, CARRY], NONE).astype(np.int8)
    source[~(years > 0.0)] = NONE
    found = np.select([source == PARITY, source == FUTURE, source == CARRY], [value, future, carried], np.nan)
    floor, ceiling = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(floor, e[agrees], low[agrees])
    np.minimum.at(ceiling, e[agrees], high[agrees])
    by_parity = source == PARITY
    return Forwards(
        value=found,
        low=np.where(by_parity, floor, np.nan),
        high=np.where(by_parity, ceiling, np.nan),
        pairs=np.where(by_parity, number, 0),
        source=source,
    )


def _weighted_median(group: I8, value: F8, weight: F8, count: int) -> F8:
    """Of each group; NaN where it is empty."""
    order = np.lexsort((value, group))
    group, value = group[order], value[order]
    running = np.cumsum(weight[order])
    ends = np.searchsorted(group, np.arange(count), side="right")
    starts = np.searchsorted(group, np.arange(count), side="left")
    before = np.where(starts > 0, running[np.maximum(starts - 1, 0)], 0.0) if running.size else np.zeros(count)
    out = np.full(count, np.nan)
    some = ends > starts
    total = running[ends[some] - 1] - before[some]
    place = np.searchsorted(running, before[some] + 0.5 * total)
    out[some] = value[np.clip(place, starts[some], ends[some] - 1)]
    return out
