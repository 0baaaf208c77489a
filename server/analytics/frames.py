"""From a snapshot of quotes to computed chains: pure, so that it may run on a thread."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from server.analytics.contracts import ChainRows, Snapshot
from server.analytics.smiles import fitted, quotes_of
from server.analytics.view import FORWARD_SOURCES, ChainView, Fit, Side, Summary, finite
from server.core.clock import from_ns
from server.options.chain import ChainFrame, Layout, Terms, Ticks, chain_frame
from server.options.codes import OK
from server.options.exposure import gamma_flip
from server.options.implied import implied_volatility
from server.options.legs import Term

__all__ = ("compute", "layout_of")

F8 = npt.NDArray[np.float64]
_DAYS = 365.0
_SMILE_SECONDS = 5.0
_SMILE_SHARE = 2.5
"""Seconds between two fits, so that many chains cost no more than few."""
_FEW = 2
"""Strikes quoted on both sides below which no smile and no forward by parity can be told."""


def layout_of(chains: Sequence[ChainRows]) -> Layout:
    """Contracts of several chains as `chain_frame` wants them: calls, then puts, chain by chain."""
    sizes = [len(chain.strikes) for chain in chains]
    return Layout.of(
        np.concatenate([np.full(2 * size, number) for number, size in enumerate(sizes)]),
        np.concatenate([np.tile(chain.strikes, 2) for chain in chains]),
        np.concatenate([np.repeat([True, False], size) for size in sizes]),
        np.concatenate([np.full(2 * size, chain.lot) for chain, size in zip(chains, sizes, strict=True)]),
    )


def compute(
    market: str,
    snap: Snapshot,
    layout: Layout,
    oi_before: F8,
    version: int,
    computed: float,
    before: Sequence[ChainView | None] = (),
    smiles: bool = True,
) -> list[ChainView]:
    """A view of each chain of the snapshot, in its order; without `smiles` none is fitted.

    Smiles of the views `before` are kept while they are young, and one a round is fitted anew: a smile moves slower
    than its quotes, and fitting one costs more than all the rest."""
    keep = _kept(before, len(snap.chains), computed)
    ticks = Ticks(
        bid=snap.bid,
        ask=snap.ask,
        last=snap.last,
        oi=snap.oi,
        oi_before=oi_before,
        last_before=snap.before,
        volume=snap.volume,
    )
    frame = chain_frame(layout, ticks, Terms(spot=snap.spot, years=snap.years, rate=snap.rate, future=snap.future))
    bid_iv, ask_iv = _quoted(layout, snap, frame)
    out, at = [], 0
    for number, chain in enumerate(snap.chains):
        size = len(chain.strikes)
        sides = [
            _side(frame, rows, slice(start, start + size), bid_iv, ask_iv)
            for rows, start in ((chain.call, at), (chain.put, at + size))
        ]
        at += 2 * size
        out.append(_view(market, snap, frame, number, sides, version, computed, keep[number], smiles))
    return out


def _kept(before: Sequence[ChainView | None], count: int, computed: float) -> list[ChainView | None]:
    """The views whose smiles stay, by chain."""
    kept = [old if old is not None and old.fitted else None for old in before] or [None] * count
    age = [computed - old.fitted if old is not None else 0.0 for old in kept]
    oldest = int(np.argmax(age))
    if age[oldest] >= max(_SMILE_SECONDS, _SMILE_SHARE * count):
        kept[oldest] = None
    return kept


def _quoted(layout: Layout, snap: Snapshot, frame: ChainFrame) -> tuple[F8, F8]:
    """Volatility at bid and at ask, a row a contract; NaN where the quote gives none."""
    chain = layout.expiry
    forward, years, rate = frame.expiries.forward[chain], snap.years[chain], snap.rate[chain]
    sign = np.where(layout.call, 1.0, -1.0)
    crossed = snap.bid > snap.ask
    with np.errstate(all="ignore"):
        found = [
            implied_volatility(forward, layout.strike, years, rate, sign, np.where(crossed, np.nan, quote), q=rate)
            for quote in (snap.bid, snap.ask)
        ]
    return found[0], found[1]


def _side(frame: ChainFrame, rows: npt.NDArray[np.int64], part: slice, bid_iv: F8, ask_iv: F8) -> Side:
    found = frame.rows
    return Side(
        rows=rows,
        iv=found.iv[part],
        iv_reason=found.iv_reason[part],
        mid=found.price[part],
        delta=found.delta[part],
        gamma=found.gamma[part],
        theta=found.theta[part],
        vega=found.vega[part],
        rho=found.rho[part],
        oi_change=found.oi_change[part],
        build_up=found.build_up[part],
        bid_iv=bid_iv[part],
        ask_iv=ask_iv[part],
    )


def _view(
    market: str,
    snap: Snapshot,
    frame: ChainFrame,
    number: int,
    sides: Sequence[Side],
    version: int,
    computed: float,
    old: ChainView | None,
    smiles: bool,
) -> ChainView:
    chain, whole = snap.chains[number], frame.expiries
    call, put = sides
    term = Term(float(snap.years[number]), float(whole.forward[number]), float(snap.rate[number]))
    start = sum(2 * len(one.strikes) for one in snap.chains[:number])
    part = slice(start, start + 2 * len(chain.strikes))
    bid, ask = snap.bid[part], snap.ask[part]
    if old is not None:
        smile, fit, when = old.smile, old.fit, old.fitted
    elif not smiles:
        smile, fit, when = None, Fit(), 0.0
    else:
        ((smile, fit),) = fitted([quotes_of(chain.strikes, bid, ask, term)])
        when = computed
    measures: dict[str, Any] = {} if smile is None else dict(smile.measures)
    summary = Summary(
        spot=finite(snap.spot[number]),
        future=finite(snap.future[number]),
        forward=finite(whole.forward[number]),
        forward_source=FORWARD_SOURCES[int(whole.forward_source[number])],
        atm_strike=finite(whole.atm_strike[number]),
        days_left=term.years * _DAYS,
        years=term.years,
        atm_iv=finite(whole.atm_iv[number]),
        straddle=finite(whole.straddle[number]),
        expected_move=finite(whole.expected_move[number]),
        pcr_oi=finite(whole.pcr_oi[number]),
        pcr_volume=finite(whole.pcr_volume[number]),
        max_pain=finite(whole.max_pain[number]),
        gex=finite(whole.gex[number]),
        gex_flip=_flip(snap, frame, number, part) if smiles else None,
        call_oi=finite(whole.call_oi[number]),
        put_oi=finite(whole.put_oi[number]),
        call_volume=finite(whole.call_volume[number]),
        put_volume=finite(whole.put_volume[number]),
        **measures,
    )
    return ChainView(
        market=market,
        id=chain.id,
        underlying=chain.underlying,
        title=chain.title,
        lot=chain.lot,
        version=version,
        at=from_ns(snap.at_ns),
        computed=computed,
        source=snap.source,
        strikes=chain.strikes,
        call=call,
        put=put,
        term=term,
        summary=summary,
        fit=fit,
        smile=smile,
        fitted=when,
        bid=bid,
        ask=ask,
        notes=tuple(_notes(chain, whole.oi_reason[number], call, put, summary, int((bid > ask).sum()))),
    )


def _flip(snap: Snapshot, frame: ChainFrame, number: int, part: slice) -> float | None:
    """Spot at which the chain's gamma exposure changes its sign."""
    layout = frame.layout
    return gamma_flip(
        float(snap.spot[number]),
        float(frame.expiries.forward[number]),
        layout.strike[part],
        float(snap.years[number]),
        frame.rows.sigma[part],
        snap.oi[part],
        layout.call[part],
    )


def _notes(chain: ChainRows, oi_reason: int, call: Side, put: Side, summary: Summary, crossed: int) -> list[str]:
    quoted = int((np.isfinite(call.mid) | np.isfinite(put.mid)).sum())
    out = []
    if summary.years <= 0:
        out.append(f"{chain.id.name} options of {chain.id.expiry:%d %b %Y} have stopped trading: no time is left.")
    elif quoted == 0:
        out.append("No strike of this chain is quoted yet: there is nothing to compute from.")
    elif quoted < _FEW:
        out.append("Only one strike is quoted: no smile can be fitted and the forward comes from elsewhere.")
    elif not ((call.iv_reason == OK) | (put.iv_reason == OK)).any():
        out.append("No quote of this chain has an implied volatility: prices are below intrinsic value or missing.")
    if oi_reason:
        out.append("Open interest is zero or not known: PCR, max pain and gamma exposure cannot be told.")
    if crossed:
        some = "One quote is" if crossed == 1 else f"{crossed} quotes are"
        out.append(f"{some} crossed (bid above ask): last prices are used there.")
    return out
