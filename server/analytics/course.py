"""The straddle of a chain through the present day, minute by minute, with its volatility: made from the minute bars of
its contracts, so that it is there for any chain of any market, also after a restart."""

import asyncio
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from server.analytics.chains import Chains
from server.analytics.underlyings import Underlying
from server.core.clock import from_ns
from server.core.errors import NotFound
from server.market.market import Market
from server.market.sessions import midnight_ns
from server.options import black76
from server.rulebook import Rulebook

__all__ = ("Straddle", "straddle_course")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
_MOST = 500
_MOST_STRIKES = 24
"""Strikes that were at the money during one day, at most."""


class Straddle(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Columns by minute, oldest first; NaN = one leg did not trade yet."""

    strike: float | None
    t_ns: I8
    straddle: F8
    iv: F8
    spot: F8
    strikes: F8


async def straddle_course(
    chains: Chains, rulebook: Rulebook, market: Market, found: Underlying, expiry: date, strike: float | None
) -> Straddle:
    """Call and put of one strike, or of the strike at the money in each minute; raises NotFound for a strike that is
    not listed."""
    _, chain = chains.find(market.id, found.key, expiry)
    lines = market.catalogue.chain(chain.name, chain.expiry)
    listed = np.array([float(line.strike) for line in lines])
    if strike is not None and not np.isclose(listed, strike).any():
        raise NotFound(
            f"There is no strike {strike:g} in this chain.",
            code="options.no_strike",
            field="strike",
            value=strike,
            remedy="Choose a listed strike.",
        )
    start = midnight_ns(market.day)
    spot = await market.hub.bars(found.key, "1m", None, _MOST)
    today = spot.start_ns >= start
    times, spots = spot.start_ns[today], spot.close[today]
    empty = np.empty(0)
    if not len(times):
        return Straddle(strike=strike, t_ns=times, straddle=empty, iv=empty, spot=empty, strikes=empty)
    if strike is not None:
        chosen = np.full(len(times), strike)
    else:
        chosen = listed[np.abs(listed[None, :] - spots[:, None]).argmin(axis=1)]
    wanted = np.unique(chosen)
    if len(wanted) > _MOST_STRIKES:
        # a wild day: the strikes of most minutes are kept
        values, counts = np.unique(chosen, return_counts=True)
        wanted = np.sort(values[np.argsort(-counts)[:_MOST_STRIKES]])
    call, put = np.full(len(times), np.nan), np.full(len(times), np.nan)
    for one in wanted:
        line = lines[int(np.argmin(np.abs(listed - one)))]
        mask = chosen == one
        for row, into in ((line.call, call), (line.put, put)):
            if row is not None:
                into[mask] = (await _closes(market, row, times, start))[mask]
        await asyncio.sleep(0)
    years = np.array([rulebook.year_fraction(from_ns(int(t) + 60_000_000_000), chain.expiry) for t in times])
    view = chains.latest(market.id, chain)
    rate = view.term.rate if view is not None else 0.065
    iv = await asyncio.to_thread(_volatility, call, put, chosen, years, rate)
    return Straddle(strike=strike, t_ns=times, straddle=call + put, iv=iv, spot=spots, strikes=chosen)


async def _closes(market: Market, row: int, times: I8, start: int) -> F8:
    """Last price of a contract at the end of each minute; NaN before its first trade of the day."""
    bars = await market.hub.bars(market.catalogue.key(row), "1m", None, _MOST)
    today = bars.start_ns >= start
    at, closes = bars.start_ns[today], bars.close[today]
    if not len(at):
        return np.full(len(times), np.nan)
    place = np.searchsorted(at, times, side="right") - 1
    return np.where(place >= 0, closes[np.maximum(place, 0)], np.nan)


def _volatility(call: F8, put: F8, strike: F8, years: F8, rate: float) -> F8:
    """Mean of both legs' volatilities on the forward that their prices imply."""
    with np.errstate(all="ignore"):
        forward = strike + (call - put) * np.exp(rate * years)
        legs = [
            black76.implied_volatility(price, forward, strike, years, rate, is_call)
            for price, is_call in ((call, True), (put, False))
        ]
        found: F8 = 0.5 * (legs[0] + legs[1])
    return found
