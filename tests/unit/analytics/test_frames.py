"""Chains out of quotes: a sound one, and every kind of bad one; nothing that is not a number reaches the figures."""

from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest

from server.analytics.contracts import ChainId, ChainRows, Snapshot
from server.analytics.frames import compute, layout_of
from server.analytics.view import ChainView
from server.api.stream_chains import chain_data
from server.options import black76

STRIKES = np.arange(24_000.0, 25_050.0, 50.0)
SPOT, YEARS, RATE, SIGMA = 24_510.0, 11 / 365, 0.065, 0.12
K = len(STRIKES)
CHAIN = ChainRows(
    id=ChainId("NIFTY", date(2026, 12, 1)),
    underlying="NSE_INDEX:NIFTY",
    title="NIFTY 50",
    strikes=STRIKES,
    call=np.arange(K),
    put=np.arange(K, 2 * K),
    lot=65,
    spot=2 * K,
    future=-1,
)


def quotes(**changes: Any) -> Snapshot:
    """A whole chain at one volatility, a tick wide, with open interest and volume."""
    forward = SPOT * np.exp(RATE * YEARS)
    is_call = np.repeat([True, False], K)
    fair = black76.price(forward, np.tile(STRIKES, 2), YEARS, RATE, SIGMA, is_call)
    base: dict[str, Any] = {
        "chains": (CHAIN,),
        "at_ns": 1_795_150_000_000_000_000,
        "version": 1,
        "source": "simulator",
        "bid": np.maximum(fair - 0.05, 0.05),
        "ask": fair + 0.05,
        "last": fair,
        "before": fair * 0.9,
        "oi": np.full(2 * K, 6_500.0),
        "volume": np.full(2 * K, 650.0),
        "spot": np.array([SPOT]),
        "future": np.array([np.nan]),
        "years": np.array([YEARS]),
        "rate": np.array([RATE]),
    }
    return Snapshot(**{**base, **changes})


def view(snap: Snapshot, before: float = 6_000.0) -> ChainView:
    (found,) = compute("sim", snap, layout_of([CHAIN]), np.full(2 * K, before), 1, 0.0)
    text = msgspec.json.encode(chain_data(found, 0))
    assert b"NaN" not in text
    assert b"Infinity" not in text
    return found


def test_chain_when_quotes_are_sound_then_every_figure_is_there() -> None:
    found = view(quotes())
    summary = found.summary
    assert summary.forward == pytest.approx(SPOT * np.exp(RATE * YEARS), rel=1e-5)
    assert (summary.forward_source, summary.atm_strike) == ("parity", 24_550.0)
    assert summary.atm_iv == pytest.approx(SIGMA, abs=1e-3)
    assert summary.pcr_oi == pytest.approx(1.0)
    assert summary.straddle is not None
    assert summary.expected_move == pytest.approx(SPOT * SIGMA * YEARS**0.5, rel=0.02)
    near = slice(5, 16)
    assert np.allclose(found.call.iv[near], SIGMA, atol=2e-3)
    assert np.allclose(found.call.delta[near] - found.put.delta[near], np.exp(-RATE * 0) * 1.0, atol=0.01)
    assert (found.call.oi_change == 500).all()
    assert found.fit.inside == pytest.approx(1.0)
    assert found.smile is not None
    assert found.notes == ()


def test_chain_when_only_one_strike_is_quoted_then_it_is_said_and_nothing_is_invented() -> None:
    alone = quotes()
    for name in ("bid", "ask", "last", "oi", "volume"):
        column = getattr(alone, name)
        keep = column[10], column[K + 10]
        column[:] = np.nan
        column[10], column[K + 10] = keep
    found = view(alone)
    assert any("Only one strike" in note for note in found.notes)
    assert found.fit.kind in ("flat", "none")
    assert found.fit.reason
    assert np.isfinite(found.call.iv[10])
    assert np.isnan(found.call.iv[9])


def test_chain_when_nothing_is_quoted_then_nulls_and_a_sentence() -> None:
    nothing = {name: np.full(2 * K, np.nan) for name in ("bid", "ask", "last", "oi", "volume", "before")}
    found = view(quotes(**nothing))
    assert found.summary.atm_iv is None
    assert found.summary.pcr_oi is None
    assert found.smile is None
    assert any("nothing to compute from" in note for note in found.notes)


def test_chain_when_a_quote_is_crossed_then_only_its_own_row_suffers() -> None:
    crossed = quotes()
    crossed.bid[10] = crossed.ask[10] + 5.0
    found, sound = view(crossed), view(quotes())
    assert any("crossed" in note for note in found.notes)
    others = [n for n in range(K) if n != 10]
    assert np.allclose(found.call.iv[others], sound.call.iv[others], equal_nan=True, atol=1e-4)


def test_chain_when_all_open_interest_is_zero_then_ratios_are_null_and_it_is_said() -> None:
    found = view(quotes(oi=np.zeros(2 * K)))
    assert found.summary.pcr_oi is None
    assert found.summary.gex is None
    assert any("Open interest is zero" in note for note in found.notes)


def test_chain_when_a_price_is_below_intrinsic_then_that_row_has_a_reason() -> None:
    odd = quotes()
    odd.bid[0], odd.ask[0], odd.last[0] = 100.0, 100.1, 100.05  # 510 in the money
    found = view(odd)
    assert np.isnan(found.call.iv[0])
    assert found.call.iv_reason[0] != 0
    assert np.isfinite(found.put.iv[0])


def test_chain_when_no_time_is_left_then_no_volatility_and_it_is_said() -> None:
    found = view(quotes(years=np.zeros(1)))
    assert found.summary.atm_iv is None
    assert any("no time is left" in note for note in found.notes)


def test_chain_when_the_spot_is_missing_then_parity_still_gives_the_forward() -> None:
    found = view(quotes(spot=np.array([np.nan])))
    assert found.summary.forward is not None
    assert found.summary.forward_source == "parity"
