"""Forwards from the chain: found to less than a spread, unmoved by stale quotes, replaced where parity says nothing."""

import numpy as np
import pytest

from server.core.errors import Invalid
from server.options import price
from server.options.forwards import CARRY, FUTURE, NONE, PARITY, Forwards, implied_forwards

RATE, SPOT = 0.065, 24_000.0
YEARS = np.array([2, 9, 30, 120]) / 365
TRUE = SPOT * np.exp(0.05 * YEARS)


def chain(seed: int = 1, width: float = 0.004) -> dict[str, np.ndarray]:
    """Quotes about Black-76 prices: spread grows with the price, the middle sits off by up to 0.4 of it."""
    rng = np.random.default_rng(seed)
    e = np.repeat(np.arange(len(YEARS)), 81)
    strike = np.tile(np.arange(22_000.0, 26_050.0, 50.0), len(YEARS))
    quotes: dict[str, np.ndarray] = {"expiry": e, "strike": strike}
    for name, flag in (("call", 1), ("put", -1)):
        value = price(TRUE[e], strike, YEARS[e], RATE, 0.13, flag, q=RATE)
        spread = np.maximum(0.05, width * value + rng.exponential(0.3, value.size))
        middle = value + rng.uniform(-0.4, 0.4, value.size) * spread
        quotes[f"{name}_bid"], quotes[f"{name}_ask"] = np.maximum(middle - spread / 2, 0), middle + spread / 2
    return quotes


def solve(quotes: dict[str, np.ndarray], **more: object) -> Forwards:
    terms: dict[str, object] = {"years": YEARS, "rate": RATE, "spot": SPOT}
    return implied_forwards(**quotes, **{**terms, **more})  # type: ignore[arg-type]


def test_forward_when_the_chain_is_sound_then_found_within_half_a_basis_point() -> None:
    found = solve(chain())
    assert (found.source == PARITY).all()
    assert np.abs(found.value / TRUE - 1).max() < 5e-5
    assert (found.pairs > 20).all()
    assert (found.low - 1 < TRUE).all()
    assert (found.high + 1 > TRUE).all()


def test_forward_when_narrow_quotes_are_stale_then_they_do_not_move_it() -> None:
    quotes = chain()
    for row in (40, 41, 121):
        quotes["call_bid"][row] += 400
        quotes["call_ask"][row] = quotes["call_bid"][row] + 0.05
    assert np.abs(solve(quotes).value / TRUE - 1).max() < 1e-4


def test_forward_when_one_side_or_crossed_or_missing_then_that_pair_does_not_count() -> None:
    quotes = chain()
    pairs = solve(quotes).pairs[0]
    near = np.flatnonzero((quotes["expiry"] == 0) & (np.abs(quotes["strike"] - SPOT) < 60))
    quotes["call_bid"][near[0]] = 0.0
    quotes["put_ask"][near[1]] = np.nan
    quotes["put_bid"][near[2]] = quotes["put_ask"][near[2]] + 5
    found = solve(quotes)
    assert found.pairs[0] <= pairs - 2
    assert np.abs(found.value / TRUE - 1).max() < 1e-4


def test_forward_when_trading_is_told_then_the_traded_pairs_count_more() -> None:
    quotes = chain(width=0.0)
    away = quotes["strike"] > SPOT + 100
    for name in ("call_bid", "call_ask"):
        quotes[name] = quotes[name] + np.where(away, 0.15, 0.0)
    traded = np.where(away, 0.0, 1e6)
    blind, seeing = solve(quotes), solve(quotes, liquidity=traded)
    assert (np.abs(seeing.value - TRUE) <= np.abs(blind.value - TRUE) + 1e-9).all()


def test_forward_when_nothing_is_quoted_then_the_future_else_the_carried_spot_else_none() -> None:
    quotes = {name: a[:0] for name, a in chain().items()}
    future = np.array([np.nan, 24_100.0, np.nan, np.nan])
    spot = np.array([SPOT, SPOT, np.nan, 0.0])
    found = solve(quotes, future=future, spot=spot, dividend=0.012)
    assert found.source.tolist() == [CARRY, FUTURE, NONE, NONE]
    assert found.value[0] == pytest.approx(SPOT * np.exp((RATE - 0.012) * YEARS[0]))
    assert found.value[1] == 24_100.0
    assert np.isnan(found.value[2:]).all()
    assert np.isnan(found.low).all()


def test_forward_when_a_single_strike_is_quoted_then_it_answers() -> None:
    quotes = {name: a[40:41] for name, a in chain().items()}
    found = solve(quotes)
    assert found.source.tolist() == [PARITY, CARRY, CARRY, CARRY]
    assert found.pairs.tolist() == [1, 0, 0, 0]


def test_forward_when_no_time_is_left_then_none() -> None:
    found = solve(chain(), years=np.array([0.0, *YEARS[1:]]))
    assert np.isnan(found.value[0])
    assert found.source[0] == NONE


def test_forward_when_the_quotes_are_absurd_then_not_believed() -> None:
    quotes = chain()
    for name in ("call_bid", "call_ask"):
        quotes[name] = quotes[name] + 5_000
    assert (solve(quotes).source == CARRY).all()


def test_forward_when_lengths_differ_then_invalid() -> None:
    quotes = chain()
    quotes["put_bid"] = quotes["put_bid"][:-1]
    with pytest.raises(Invalid, match="differ in number"):
        solve(quotes)


def test_forward_when_an_expiry_is_not_there_then_invalid() -> None:
    with pytest.raises(Invalid, match="not there"):
        solve(chain(), years=YEARS[:2])
