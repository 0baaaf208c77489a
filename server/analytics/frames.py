"""From a snapshot of quotes to computed chains: pure, so that it may run on a thread."""

import numpy as np
import numpy.typing as npt

from server.analytics.contracts import Snapshot
from server.analytics.view import ChainView, Fit, Side, Summary, finite
from server.core.clock import from_ns
from server.options import black76
from server.options.legs import Term

__all__ = ("compute",)

F8 = npt.NDArray[np.float64]


def compute(market: str, snap: Snapshot, oi_before: F8, version: int, computed: float) -> list[ChainView]:
    """A view of each chain of the snapshot, in its order."""
    out, at = [], 0
    for index, chain in enumerate(snap.chains):
        k = len(chain.strikes)
        part = slice(at, at + 2 * k)
        at += 2 * k
        bid, ask, last = snap.bid[part], snap.ask[part], snap.last[part]
        oi, volume = snap.oi[part], snap.volume[part]
        good = (bid > 0) & (ask >= bid)
        mid = np.where(good, 0.5 * (bid + ask), last)
        T, r, S = float(snap.years[index]), float(snap.rate[index]), float(snap.spot[index])
        K = chain.strikes
        gap = np.abs(mid[:k] - mid[k:])
        F, src = S * np.exp(r * T), "carry"
        if np.isfinite(gap).any():
            near = np.argsort(np.where(np.isfinite(gap), gap, np.inf))[:5]
            near = near[np.isfinite(gap[near])]
            F, src = float(np.median(K[near] + (mid[:k] - mid[k:])[near] * np.exp(r * T))), "parity"
        call = np.repeat([True, False], k)
        KK = np.concatenate((K, K))
        with np.errstate(all="ignore"):
            iv = black76.implied_volatility(mid, F, KK, T, r, call)
            iv_b = black76.implied_volatility(bid, F, KK, T, r, call)
            iv_a = black76.implied_volatility(ask, F, KK, T, r, call)
            delta = black76.delta(F, KK, T, r, iv, call)
            root = iv * np.sqrt(T)
            d1 = np.log(F / KK) / root + root / 2
            pdf = np.exp(-0.5 * d1 * d1) / np.sqrt(2 * np.pi) * np.exp(-r * T)
            gamma, vega = pdf / (F * root), F * pdf * np.sqrt(T) / 100
            theta = -F * pdf * iv / (2 * np.sqrt(T)) / 365
        a = int(np.argmin(np.abs(K - F))) if np.isfinite(F) else 0
        atm = finite(np.nanmean([iv[a], iv[k + a]])) if np.isfinite([iv[a], iv[k + a]]).any() else None
        change = oi - oi_before[part]
        nan = np.full(2 * k, np.nan)

        def side(which: slice) -> Side:
            return Side(
                rows=chain.rows[which],
                iv=iv[which],
                iv_reason=np.zeros(k, np.int8),
                mid=mid[which],
                delta=delta[which],
                gamma=gamma[which],
                theta=theta[which],
                vega=vega[which],
                rho=nan[which],
                oi_change=change[which],
                build_up=np.zeros(k, np.int8),
                bid_iv=iv_b[which],
                ask_iv=iv_a[which],
            )

        out.append(
            ChainView(
                market=market,
                id=chain.id,
                underlying=chain.underlying,
                title=chain.title,
                lot=chain.lot,
                version=version,
                at=from_ns(snap.at_ns),
                computed=computed,
                source=snap.source,
                strikes=K,
                call=side(slice(0, k)),
                put=side(slice(k, 2 * k)),
                term=Term(T, F, r),
                summary=Summary(
                    spot=finite(S),
                    future=finite(snap.future[index]),
                    forward=finite(F),
                    forward_source=src,
                    atm_strike=finite(K[a]),
                    days_left=T * 365,
                    years=T,
                    atm_iv=atm,
                    straddle=finite(mid[a] + mid[k + a]),
                    call_oi=float(np.nansum(oi[:k])),
                    put_oi=float(np.nansum(oi[k:])),
                    call_volume=float(np.nansum(volume[:k])),
                    put_volume=float(np.nansum(volume[k:])),
                ),
                fit=Fit(),
                smile=None,
                notes=(),
            )
        )
    return out
