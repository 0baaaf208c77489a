"""Black 76: prices that hold by arbitrage, delta as a slope, volatility found again, and none where there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.options import black76
from tests.shared import shared


def test_price_when_at_the_money_then_it_is_the_textbook_figure() -> None:
    # one year, 20 %, no interest: 100 * (2 N(0.1) - 1)
    assert black76.price(100, 100, 1, 0, 0.2, True) == pytest.approx(7.965567455405804, abs=1e-12)


def test_price_when_no_time_is_left_then_intrinsic_value() -> None:
    values = black76.price(np.array([110.0, 90.0]), 100, 0, 0.06, 0.3, np.array([True, True]))
    assert values == pytest.approx([10, 0], abs=1e-9)


def test_price_then_arguments_broadcast() -> None:
    assert black76.price(np.array([[100.0], [101.0]]), 100, 0.1, 0.06, np.array([0.1, 0.2, 0.3]), True).shape == (2, 3)


@settings(deadline=None, max_examples=200)
@given(
    forward=st.floats(50, 200),
    years=st.floats(0.002, 3),
    rate=st.floats(0, 0.12),
    sigma=st.floats(0.05, 1.5),
)
def test_call_and_put_then_parity_holds(forward: float, years: float, rate: float, sigma: float) -> None:
    call = black76.price(forward, 100, years, rate, sigma, True)
    put = black76.price(forward, 100, years, rate, sigma, False)
    assert call - put == pytest.approx(np.exp(-rate * years) * (forward - 100), abs=1e-9)


@settings(deadline=None, max_examples=100)
@given(forward=st.floats(80, 125), years=st.floats(0.01, 2), sigma=st.floats(0.05, 1), call=st.booleans())
def test_delta_then_it_is_the_slope_of_the_price(forward: float, years: float, sigma: float, call: bool) -> None:
    step = 1e-4
    up, down = (black76.price(forward + s, 100, years, 0.06, sigma, call) for s in (step, -step))
    assert black76.delta(forward, 100, years, 0.06, sigma, call) == pytest.approx((up - down) / (2 * step), abs=1e-6)


@settings(deadline=None, max_examples=300)
@given(
    forward=st.floats(60, 160),
    years=st.floats(0.002, 3),
    sigma=st.floats(0.03, 2),
    call=st.booleans(),
)
def test_implied_volatility_when_the_price_has_time_value_then_it_is_found_again(
    forward: float, years: float, sigma: float, call: bool
) -> None:
    value = black76.price(forward, 100, years, 0.06, sigma, call)
    intrinsic = np.exp(-0.06 * years) * max(forward - 100 if call else 100 - forward, 0)
    if value - intrinsic < 1e-5:  # fewer digits of time value than the answer needs
        return
    found = black76.implied_volatility(value, forward, 100, years, 0.06, call)
    assert found == pytest.approx(sigma, rel=1e-7)


@pytest.mark.parametrize(
    ("value", "forward", "years"),
    [
        (0.0, 90.0, 0.1),
        (-1.0, 100.0, 0.1),
        (10.0 * np.exp(-0.006), 110.0, 0.1),
        (5.0, 110.0, 0.1),
        (110.0, 110.0, 0.1),
        (float("nan"), 100.0, 0.1),
        (5.0, float("nan"), 0.1),
        (5.0, 0.0, 0.1),
        (5.0, 100.0, 0.0),
        (5.0, 100.0, -1.0),
    ],
)
def test_implied_volatility_when_there_is_none_then_nan(value: float, forward: float, years: float) -> None:
    assert np.isnan(black76.implied_volatility(value, forward, 100, years, 0.06, True))


def test_implied_volatility_when_some_cannot_be_solved_then_the_others_still_are() -> None:
    value = black76.price(100, 100, 0.1, 0.06, 0.2, True)
    found = black76.implied_volatility(np.array([-1.0, value]), 100, 100, 0.1, 0.06, True)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(0.2)


def test_implied_volatility_when_laid_beside_fifty_digit_references_then_it_sits_on_the_error_floor() -> None:
    batch = np.load(shared("data/quant/chain10k.npz"))
    forward = batch["S"] * np.exp(batch["r"] * batch["T"])
    found = black76.implied_volatility(batch["price"], forward, batch["K"], batch["T"], batch["r"], batch["flag"] > 0)
    solvable = ~np.isnan(batch["iv_ref"])
    assert np.array_equal(np.isnan(found), ~solvable)
    errors = np.abs(found - batch["iv_ref"])[solvable]
    assert errors.max() <= 5e-10
    assert np.percentile(errors, 99) <= 1e-11
