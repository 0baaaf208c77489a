"""From ticks to the frame of an option chain: one expiry or all listed index options in one pass.

A `Layout` is made once for a set of contracts; `chain_frame` then turns their quotes into arrays with a row a contract
(price, volatility, Greeks, open interest, build-up) and a row an expiry (forward, money, straddle, ratios, exposure).
What cannot be told is NaN, with a code that says why; one bad quote spoils nothing but its own row.
"""

from typing import Final, Self

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import exposure, open_interest
from server.options.device import display_greeks
from server.options.forwards import SOURCES, implied_forwards
from server.options.implied import implied_volatility

__all__ = (
    "FORWARD_SOURCES",
    "PRICE_SOURCES",
    "REASONS",
    "ChainFrame",
    "ExpiryFrame",
    "Layout",
    "Rows",
    "Terms",
    "Ticks",
    "chain_frame",
)

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]
I8 = npt.NDArray[np.int64]

PRICE_SOURCES: Final = ("none", "mid", "last", "crossed")
"""Where a row's price comes from; `crossed`: the bid was above the ask, so the last trade was taken, if any."""
FORWARD_SOURCES: Final = SOURCES
REASONS: Final = ("", "no_open_interest", "no_call_open_interest", "no_volume", "no_quotes", "no_time", "no_spot")
"""Why a figure of an expiry is NaN; the UI's catalogue key is `options.reason.<word>`."""

_WIDE = 0.5
"""Spread as a share of the mid above which a last price between bid and ask says more than the mid."""
_PARITY_REACH = 0.05
_PERCENT = 0.01
_DAYS = 365.0


class Layout(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Where each contract stands: pairs of call and put by expiry and strike, laid end to end, strikes ascending."""

    expiry: I8
    strike: F8
    call: npt.NDArray[np.bool_]
    lot: F8
    pair: I8
    """(n,) pair of each contract."""
    pair_expiry: I8
    pair_strike: F8
    call_row: I8
    """(P,) row of the pair's call; -1 where it is not listed."""
    put_row: I8
    starts: I8
    """(E,) first pair of each expiry."""

    @classmethod
    def of(cls, expiry: npt.ArrayLike, strike: npt.ArrayLike, call: npt.ArrayLike, lot: npt.ArrayLike = 1.0) -> Self:
        """`expiry` numbers expiries from 0, each used at least once (of several underlyings too); the rest has a row a
        contract. Raises Invalid for no contracts, lengths that differ, and a contract listed twice."""
        e, k, c = np.asarray(expiry, np.int64), np.asarray(strike, float), np.asarray(call, bool)
        if not e.size:
            raise Invalid("A chain needs at least one contract.", code="options.no_contracts", field="strike")
        if not (e.shape == k.shape == c.shape and e.ndim == 1):
            raise Invalid("Expiry, strike and right differ in length.", code="options.shape", field="strike")
        order = np.lexsort((k, e))
        fresh = np.ones(e.size, bool)
        fresh[1:] = (np.diff(e[order]) != 0) | (np.diff(k[order]) != 0)
        pair = np.empty(e.size, np.int64)
        pair[order] = np.cumsum(fresh) - 1
        first = order[fresh]
        count = first.size
        rows = np.full((2, count), -1, np.int64)
        rows[c.astype(np.int64), pair] = np.arange(e.size)
        if (rows >= 0).sum() != e.size:
            raise Invalid("A contract is listed twice in the chain.", code="options.twice", field="strike")
        of_pair = e[first]
        starts = np.flatnonzero(np.append(True, np.diff(of_pair) != 0))
        if not np.array_equal(of_pair[starts], np.arange(starts.size)):
            raise Invalid("Expiries are numbered from 0 without gaps.", code="options.expiries", field="expiry")
        return cls(
            expiry=e,
            strike=k,
            call=c,
            lot=np.broadcast_to(np.asarray(lot, float), e.shape),
            pair=pair,
            pair_expiry=of_pair,
            pair_strike=k[first],
            call_row=rows[1],
            put_row=rows[0],
            starts=starts,
        )

    @property
    def expiries(self) -> int:
        """How many."""
        return self.starts.size

    def side(self, column: F8, rows: I8) -> F8:
        """A column of contracts by pair; NaN where the pair lacks that side."""
        return np.where(rows >= 0, column[rows], np.nan)

    def total(self, column: F8) -> F8:
        """Sum of a column of contracts by expiry; NaN counts as nothing."""
        return np.asarray(np.bincount(self.expiry, np.nan_to_num(column), self.expiries), np.float64)


class Ticks(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Quotes, a row a contract; NaN = not known. Open interest in units of the underlying."""

    bid: F8
    ask: F8
    last: F8
    oi: F8
    oi_before: F8
    last_before: F8
    """Close of the day before."""
    volume: F8


class Terms(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The expiries: arrays of length E."""

    spot: F8
    years: F8
    rate: F8
    future: F8
    """Price of the future of that expiry; NaN where there is none."""


class Rows(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A row a contract, in the order of the layout. Greeks of one unit by rupee of spot, calendar day, point of
    volatility and per cent of interest; volatilities as fractions."""

    price: F8
    price_source: I1
    spread: F8
    iv: F8
    iv_reason: I1
    """Code of `codes`: why `iv` is NaN."""
    sigma: F8
    """What Greeks are worked out at: the volatility of the strike's out-of-the-money side, else of the other."""
    delta: F8
    gamma: F8
    theta: F8
    vega: F8
    rho: F8
    oi: F8
    oi_change: F8
    build_up: I1
    change: F8
    """Of the last price against the day before."""
    volume: F8
    intrinsic: F8
    gex: F8
    """Gamma exposure of this contract's open interest, rupees per per cent."""


class ExpiryFrame(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A row an expiry."""

    forward: F8
    forward_source: I1
    atm_strike: F8
    atm_iv: F8
    straddle: F8
    expected_move: F8
    """One standard deviation of the spot until the expiry, rupees."""
    call_oi: F8
    put_oi: F8
    call_oi_change: F8
    put_oi_change: F8
    call_volume: F8
    put_volume: F8
    pcr_oi: F8
    pcr_volume: F8
    max_pain: F8
    gex: F8
    oi_reason: I1
    """Of REASONS: why `pcr_oi`, `max_pain` and `gex` are NaN."""
    volume_reason: I1
    iv_reason: I1
    """Of REASONS: why `atm_iv`, `straddle` and `expected_move` are NaN."""


class ChainFrame(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a chain shows."""

    layout: Layout
    rows: Rows
    expiries: ExpiryFrame
    pair_iv: F8
    """(P,) volatility by strike: the smile as quoted."""


def chain_frame(layout: Layout, ticks: Ticks, terms: Terms) -> ChainFrame:
    """Frame of all contracts of `layout`. Raises Invalid only where arrays do not fit together."""
    if ticks.bid.shape != layout.strike.shape or terms.spot.shape != (layout.expiries,):
        raise Invalid("Quotes and contracts differ in number.", code="options.shape", field="bid")
    with np.errstate(all="ignore"):
        return _frame(layout, ticks, terms)


def _frame(layout: Layout, ticks: Ticks, terms: Terms) -> ChainFrame:
    price, source, spread = _prices(ticks)
    found = implied_forwards(
        layout.pair_expiry,
        layout.pair_strike,
        *(layout.side(c, layout.call_row) for c in (ticks.bid, ticks.ask)),
        *(layout.side(c, layout.put_row) for c in (ticks.bid, ticks.ask)),
        years=terms.years,
        rate=terms.rate,
        spot=terms.spot,
        future=terms.future,
    )
    forward, forward_source = found.value, found.source
    e, sign = layout.expiry, np.where(layout.call, 1.0, -1.0)
    f, years, rate, spot = forward[e], terms.years[e], terms.rate[e], terms.spot[e]
    why = np.empty(e.size, np.int8)
    iv = implied_volatility(f, layout.strike, years, rate, sign, price, q=rate, codes=why)
    pair_iv, quoted = _by_strike(layout, iv, price, forward)
    sigma = np.where(np.isfinite(pair_iv[layout.pair]), pair_iv[layout.pair], iv)
    # a row without volatility gets a harmless one, so that its Greeks cost no more than others'
    known = np.isfinite(sigma)
    g = display_greeks(f, layout.strike, years, rate, np.where(known, sigma, np.nan), sign, q=rate)
    with_spot = f / spot
    gamma = g["gamma"] * with_spot * with_spot
    oi_change, change = ticks.oi - ticks.oi_before, ticks.last - ticks.last_before
    gex = exposure.gamma_exposure(gamma, ticks.oi, layout.call, spot)
    rows = Rows(
        price=price,
        price_source=source,
        spread=spread,
        iv=iv,
        iv_reason=why,
        sigma=sigma,
        delta=g["delta"] * with_spot,
        gamma=gamma,
        theta=g["theta"] / _DAYS,
        vega=g["vega"] * _PERCENT,
        rho=-years * np.where(np.isfinite(price), price, np.nan) * _PERCENT + years * g["delta"] * f * _PERCENT,
        oi=ticks.oi,
        oi_change=oi_change,
        build_up=open_interest.build_up(change, oi_change),
        change=change,
        volume=ticks.volume,
        intrinsic=np.maximum(sign * (spot - layout.strike), 0.0),
        gex=gex,
    )
    return ChainFrame(
        layout=layout,
        rows=rows,
        expiries=_expiries(layout, rows, terms, forward, forward_source, quoted),
        pair_iv=pair_iv,
    )


def _prices(ticks: Ticks) -> tuple[F8, I1, F8]:
    """(price, its source, spread): the middle of the market, the last trade where that says more or is all there is."""
    two_sided = (ticks.bid > 0.0) & (ticks.ask >= ticks.bid)
    crossed = (ticks.bid > 0.0) & (ticks.ask > 0.0) & (ticks.ask < ticks.bid)
    traded = ticks.last > 0.0
    spread = np.where(two_sided, ticks.ask - ticks.bid, np.nan)
    mid = 0.5 * (ticks.bid + ticks.ask)
    inside = traded & (ticks.last >= ticks.bid) & (ticks.last <= ticks.ask)
    by_mid = two_sided & ~(inside & (spread > _WIDE * mid))
    price = np.where(by_mid, mid, np.where(traded, ticks.last, np.where(two_sided, mid, np.nan)))
    source = np.where(crossed, 3, np.where(by_mid, 1, np.where(traded, 2, 0))).astype(np.int8)
    return price, source, spread


def _by_strike(layout: Layout, iv: F8, price: F8, forward: F8) -> tuple[F8, F8]:
    """(volatility, price of call and put together) by pair; the out-of-the-money side's volatility comes first."""
    call, put = layout.side(iv, layout.call_row), layout.side(iv, layout.put_row)
    above = layout.pair_strike >= forward[layout.pair_expiry]
    first, second = np.where(above, call, put), np.where(above, put, call)
    both = layout.side(price, layout.call_row) + layout.side(price, layout.put_row)
    return np.where(np.isfinite(first), first, second), both


def _expiries(layout: Layout, rows: Rows, terms: Terms, forward: F8, source: I1, straddles: F8) -> ExpiryFrame:
    call, put = layout.call, ~layout.call
    sums = {
        name: (layout.total(np.where(call, column, 0.0)), layout.total(np.where(put, column, 0.0)))
        for name, column in (("oi", rows.oi), ("change", rows.oi_change), ("volume", rows.volume))
    }
    call_oi, put_oi = sums["oi"]
    call_volume, put_volume = sums["volume"]
    some = (call_oi + put_oi) > 0
    place, atm_iv = _money(layout, rows, forward)
    live = np.isfinite(forward)
    straddle = straddles[place]
    pain = open_interest.max_pains(
        layout.pair_strike,
        np.nan_to_num(layout.side(rows.oi, layout.call_row)),
        np.nan_to_num(layout.side(rows.oi, layout.put_row)),
        layout.starts,
    )
    iv_reason = np.select(
        [~(terms.years > 0), source == 0, ~np.isfinite(atm_iv) & ~np.isfinite(straddle)], [5, 6, 4], 0
    )
    return ExpiryFrame(
        forward=forward,
        forward_source=source,
        atm_strike=np.where(live, layout.pair_strike[place], np.nan),
        atm_iv=atm_iv,
        straddle=np.where(live, straddle, np.nan),
        expected_move=forward * atm_iv * np.sqrt(terms.years),
        call_oi=call_oi,
        put_oi=put_oi,
        call_oi_change=sums["change"][0],
        put_oi_change=sums["change"][1],
        call_volume=call_volume,
        put_volume=put_volume,
        pcr_oi=open_interest.ratio(put_oi, call_oi),
        pcr_volume=open_interest.ratio(put_volume, call_volume),
        max_pain=pain,
        gex=np.where(some & (layout.total(np.abs(rows.gex)) > 0), layout.total(rows.gex), np.nan),
        oi_reason=np.select([~some, call_oi == 0], [1, 2], 0).astype(np.int8),
        volume_reason=np.where(call_volume > 0, 0, 3).astype(np.int8),
        iv_reason=iv_reason.astype(np.int8),
    )


def _money(layout: Layout, rows: Rows, forward: F8) -> tuple[I8, F8]:
    """(pair nearest to the forward, volatility there: between the two strikes about the forward that have one)."""
    sigma = layout.side(rows.sigma, np.where(layout.call_row >= 0, layout.call_row, layout.put_row))
    k, e, starts = layout.pair_strike, layout.pair_expiry, layout.starts
    f = forward[e]
    away = np.where(np.isfinite(f), np.abs(k - f), np.inf)
    place = open_interest.first_of(away == np.minimum.reduceat(away, starts)[e], starts)
    # the volatility at the forward lies between the two nearest strikes, one on each side, that have one
    known = np.isfinite(sigma) & (away < _PARITY_REACH * f)
    lower = np.maximum.reduceat(np.where(known & (k <= f), k, -np.inf), starts)
    upper = np.minimum.reduceat(np.where(known & (k > f), k, np.inf), starts)
    low = sigma[open_interest.first_of(k == lower[e], starts)]
    high = sigma[open_interest.first_of(k == upper[e], starts)]
    share = np.where(np.isfinite(lower) & np.isfinite(upper), (forward - lower) / (upper - lower), 0.0)
    between = np.where(np.isfinite(lower), np.where(np.isfinite(upper), low + share * (high - low), low), high)
    return place, np.where(np.isfinite(lower) | np.isfinite(upper), between, np.nan)
