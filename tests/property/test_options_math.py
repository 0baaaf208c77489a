"""What must hold of option prices whatever the numbers: parity, bounds, monotony, scale, slopes, and the way back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from server.options import greeks, implied_volatility, implied_volatility_codes, price
from server.options.sensitivity import NAMES
from tests.options_reference import reference_greeks

SPOT = st.floats(10, 100_000)
MONEYNESS = st.floats(-0.6, 0.6)
YEARS = st.floats(1 / 525_600, 5)
RATE = st.floats(-0.02, 0.15)
YIELD = st.floats(0, 0.08)
SIGMA = st.floats(0.02, 3)
FLAG = st.sampled_from([1, -1])
SIGN = st.sampled_from([1.0, -1.0, 0.0, 7.0])
ANY = st.floats(allow_nan=True, allow_infinity=True)


@settings(deadline=None, max_examples=300)
@given(spot=SPOT, x=MONEYNESS, years=YEARS, r=RATE, q=YIELD, sigma=SIGMA)
def test_call_and_put_then_parity_holds(spot: float, x: float, years: float, r: float, q: float, sigma: float) -> None:
    strike = spot * np.exp(x)
    call, put = (price(spot, strike, years, r, sigma, f, q=q) for f in (1, -1))
    assert abs(call - put - (spot * np.exp(-q * years) - strike * np.exp(-r * years))) <= 4e-15 * (spot + strike)


@settings(deadline=None, max_examples=300)
@given(spot=SPOT, x=MONEYNESS, years=YEARS, r=RATE, q=YIELD, sigma=SIGMA, flag=FLAG)
def test_price_then_between_intrinsic_and_its_bound(
    spot: float, x: float, years: float, r: float, q: float, sigma: float, flag: int
) -> None:
    strike = spot * np.exp(x)
    value = float(price(spot, strike, years, r, sigma, flag, q=q))
    spot_now, strike_now = spot * np.exp(-q * years), strike * np.exp(-r * years)
    slack = 4e-15 * (spot + strike)
    assert max(flag * (spot_now - strike_now), 0.0) - slack <= value <= (spot_now if flag > 0 else strike_now) + slack


@settings(deadline=None, max_examples=200)
@given(spot=SPOT, x=MONEYNESS, years=YEARS, r=RATE, sigma=SIGMA, flag=FLAG, more=st.floats(1e-4, 0.5))
def test_price_when_volatility_rises_or_the_strike_moves_then_it_follows(
    spot: float, x: float, years: float, r: float, sigma: float, flag: int, more: float
) -> None:
    strike = spot * np.exp(x)
    slack = 4e-15 * (spot + strike)
    base = price(spot, strike, years, r, sigma, flag)
    assert price(spot, strike, years, r, sigma * (1 + more), flag) >= base - slack
    assert flag * (price(spot, strike * (1 + more), years, r, sigma, flag) - base) <= slack
    # butterfly: convex in the strike
    wings = sum(price(spot, k, years, r, sigma, flag) for k in (strike * (1 - more), strike * (1 + more)))
    assert wings - 2 * base >= -4 * slack


@settings(deadline=None, max_examples=200)
@given(spot=SPOT, x=MONEYNESS, years=YEARS, r=RATE, q=YIELD, sigma=SIGMA, flag=FLAG, scale=st.floats(1e-3, 1e3))
def test_everything_when_the_currency_changes_then_prices_scale_and_volatility_stays(
    spot: float, x: float, years: float, r: float, q: float, sigma: float, flag: int, scale: float
) -> None:
    strike = spot * np.exp(x)
    one = float(price(spot, strike, years, r, sigma, flag, q=q))
    other = float(price(spot * scale, strike * scale, years, r, sigma, flag, q=q))
    assert abs(other / scale - one) <= 1e-13 * (spot + strike)
    a = greeks(spot, strike, years, r, sigma, flag, q=q)
    b = greeks(spot * scale, strike * scale, years, r, sigma, flag, q=q)
    assert abs(a["delta"] - b["delta"]) <= 1e-10
    assert abs(a["vega"] * scale - b["vega"]) <= 1e-10 * scale * spot * np.sqrt(years)
    # Euler: a price of degree one in spot and strike
    found = implied_volatility(spot, strike, years, r, flag, one, q=q)
    again = implied_volatility(spot * scale, strike * scale, years, r, flag, one * scale, q=q)
    # what rounding of the price leaves unknown of the volatility
    unsure = 1e-14 * (spot + strike) / max(float(a["vega"]), 1e-300)
    if unsure < 1e-4 * sigma:
        assert abs(found - again) <= 1e-11 + 4 * unsure


@settings(deadline=None, max_examples=400)
@given(spot=SPOT, x=st.floats(-2, 2), years=YEARS, r=RATE, q=YIELD, sigma=SIGMA, flag=FLAG)
def test_implied_volatility_then_it_is_the_one_the_price_was_made_with(
    spot: float, x: float, years: float, r: float, q: float, sigma: float, flag: int
) -> None:
    strike = spot * np.exp(x)
    value = price(spot, strike, years, r, sigma, flag, q=q)
    slopes = greeks(spot, strike, years, r, sigma, flag, q=q)
    vega = float(slopes["vega"])
    found, why = implied_volatility_codes(spot, strike, years, r, flag, value, q=q)
    intrinsic = max(flag * (spot * np.exp(-q * years) - strike * np.exp(-r * years)), 0.0)
    # what the spot's own rounding does to the price
    moved = 4e-16 * spot * abs(float(slopes["delta"]))
    rounding = moved + (1e-15 * (spot + strike) if intrinsic > 0 else 1e-14 * float(value))
    # below that float64 itself has few digits left
    normal = vega > 1e-280 and value > 1e-290
    if normal and rounding / vega < 1e-3 * sigma and value - intrinsic > 10 * rounding:
        assert why == 0
        assert abs(found - sigma) <= 1e-11 + 1e-11 * sigma + 16 * rounding / vega
    else:
        assert np.isnan(found) == (why != 0)


@settings(deadline=None, max_examples=40)
@given(
    spot=st.floats(100, 50_000),
    x=st.floats(-0.3, 0.3),
    years=st.floats(0.01, 2),
    r=RATE,
    q=YIELD,
    sigma=st.floats(0.08, 1.5),
    flag=FLAG,
)
def test_greeks_then_they_are_the_derivatives_of_a_fifty_digit_price(
    spot: float, x: float, years: float, r: float, q: float, sigma: float, flag: int
) -> None:
    strike = spot * float(np.exp(x))
    found = greeks(spot, strike, years, r, sigma, flag, q=q)
    reference = reference_greeks(spot, strike, years, r, sigma, flag, q)
    total = sigma * years**0.5
    # of each Greek the size it has near the money, since its digits are lost where it passes through nought
    size = {
        "delta": 1.0,
        "gamma": 1 / (spot * total),
        "theta": spot * (sigma / years**0.5 + abs(r) + q),
        "vega": spot * years**0.5,
        "rho": strike * years,
        "vanna": 1 / sigma,
        "vomma": spot * years**0.5 / sigma,
        "charm": 1 / years,
        "speed": 1 / (spot * total) ** 2,
        "zomma": 1 / (spot * total * sigma),
        "veta": spot / years**0.5,
    }
    for name in NAMES:
        assert abs(found[name] - reference[name]) <= 1e-12 * size[name], name


@settings(deadline=None, max_examples=300)
@given(
    rows=st.lists(
        st.tuples(ANY, ANY, ANY, ANY, st.sampled_from([1.0, -1.0, 0.0, 7.0]), ANY, ANY), min_size=1, max_size=6
    )
)
def test_any_numbers_at_all_then_no_exception_no_infinity_and_a_code_wherever_there_is_none(
    rows: list[tuple[float, ...]],
) -> None:
    spot, strike, years, r, flag, value, q = (np.array(column) for column in zip(*rows, strict=True))
    found, why = implied_volatility_codes(spot, strike, years, r, flag, value, q=q)
    assert not np.isinf(found).any()
    assert np.array_equal(np.isnan(found), why != 0)
    codes = np.zeros(len(rows), np.int8)
    for line in greeks(spot, strike, years, r, value, flag, q=q, codes=codes).values():
        assert np.array_equal(np.isfinite(line), codes == 0)
    worth = price(spot, strike, years, r, value, flag, q=q, codes=codes)
    assert np.array_equal(np.isfinite(worth), codes == 0)
