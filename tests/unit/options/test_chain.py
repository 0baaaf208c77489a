"""Frames of chains: prices, volatilities, Greeks and sums as by hand, and bad rows that harm no other."""

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from server.core.errors import Invalid
from server.options import black76, codes
from server.options.chain import (
    FORWARD_SOURCES,
    PRICE_SOURCES,
    REASONS,
    ChainFrame,
    Layout,
    Terms,
    Ticks,
    chain_frame,
)
from server.options.open_interest import max_pain
from tests.option_chain import FAR, NEAR, RATE, SPOT, smile, term

F8 = npt.NDArray[np.float64]
TERMS = [term(NEAR), term(FAR)]
STRIKES = np.arange(24_000, 25_650, 50.0)
NAN = float("nan")


def chain(**changed: object) -> tuple[Layout, Ticks, Terms]:
    """Two expiries, calls and puts, quoted half a rupee about the model's price."""
    expiry = np.repeat([0, 0, 1, 1], STRIKES.size)
    call = np.tile(np.repeat([True, False], STRIKES.size), 2)
    strike = np.tile(STRIKES, 4)
    forward = np.array([t.forward for t in TERMS])[expiry]
    years = np.array([t.years for t in TERMS])[expiry]
    fair = black76.price(forward, strike, years, RATE, smile(np.log(strike / forward)), call)
    rng = np.random.default_rng(1)
    columns: dict[str, F8] = {
        "bid": np.maximum(fair - 0.5, 0.05),
        "ask": fair + 0.5,
        "last": fair + 0.2,
        "oi": np.round(rng.uniform(1, 1e5, strike.size)),
        "oi_before": np.round(rng.uniform(1, 1e5, strike.size)),
        "last_before": fair * rng.uniform(0.8, 1.2, strike.size),
        "volume": np.round(rng.uniform(1, 1e6, strike.size)),
    }
    terms = {
        "spot": np.full(2, SPOT),
        "years": np.array([t.years for t in TERMS]),
        "rate": np.full(2, RATE),
        "future": np.full(2, NAN),
    }
    for name, value in changed.items():
        (terms if name in terms else columns)[name] = value  # type: ignore[assignment]
    return Layout.of(expiry, strike, call, 75), Ticks(**columns), Terms(**terms)


def frame(**changed: object) -> ChainFrame:
    return chain_frame(*chain(**changed))


def test_frame_then_prices_are_mids_and_volatilities_those_of_the_smile() -> None:
    found = frame()
    layout = found.layout
    forward = found.expiries.forward[layout.expiry]
    otm = np.where(layout.call, layout.strike >= forward, layout.strike < forward)
    sure = otm & (found.rows.price > 20)
    assert found.rows.iv[sure] == pytest.approx(smile(np.log(layout.strike / forward))[sure], abs=2e-3)
    assert found.expiries.forward == pytest.approx([t.forward for t in TERMS], abs=0.01)
    assert {FORWARD_SOURCES[c] for c in found.expiries.forward_source} == {"parity"}
    assert (found.rows.price_source == PRICE_SOURCES.index("mid")).all()
    assert found.rows.spread == pytest.approx(np.minimum(1.0, found.rows.price + 0.45), abs=0.6)


def test_frame_then_greeks_are_slopes_of_the_price() -> None:
    found = frame()
    row = int(np.flatnonzero((found.layout.strike == 25_000) & found.layout.call)[0])
    t = TERMS[0]
    sigma = float(found.rows.sigma[row])

    def price(spot: float = SPOT, years: float = t.years, vol: float = sigma, rate: float = RATE) -> float:
        f = float(found.expiries.forward[0]) * spot / SPOT
        return float(black76.price(f, 25_000, years, rate, vol, True))

    assert found.rows.delta[row] == pytest.approx((price(SPOT + 1) - price(SPOT - 1)) / 2, rel=1e-6)
    assert found.rows.gamma[row] == pytest.approx(price(SPOT + 1) - 2 * price() + price(SPOT - 1), rel=1e-4)
    assert found.rows.vega[row] == pytest.approx(
        (price(vol=sigma + 1e-5) - price(vol=sigma - 1e-5)) / 2e-5 / 100, rel=1e-6
    )
    assert found.rows.theta[row] == pytest.approx((price(years=t.years - 1e-6) - price()) / 1e-6 / 365, rel=1e-4)


def test_frame_then_call_and_put_of_a_strike_share_one_volatility() -> None:
    found = frame()
    layout = found.layout
    both = (layout.call_row >= 0) & (layout.put_row >= 0)
    assert both.all()
    assert (found.rows.sigma[layout.call_row] == found.rows.sigma[layout.put_row]).all()
    gamma = found.rows.gamma
    assert gamma[layout.call_row] == pytest.approx(gamma[layout.put_row])


def test_frame_then_sums_ratios_and_pain_as_by_hand() -> None:
    layout, ticks, terms = chain()
    found = chain_frame(layout, ticks, terms).expiries
    for e in (0, 1):
        calls, puts = ((layout.expiry == e) & (layout.call == c) for c in (True, False))
        assert found.call_oi[e] == ticks.oi[calls].sum()
        assert found.put_oi[e] == ticks.oi[puts].sum()
        assert found.pcr_oi[e] == pytest.approx(ticks.oi[puts].sum() / ticks.oi[calls].sum())
        assert found.pcr_volume[e] == pytest.approx(ticks.volume[puts].sum() / ticks.volume[calls].sum())
        assert found.call_oi_change[e] == pytest.approx((ticks.oi - ticks.oi_before)[calls].sum())
        assert found.max_pain[e] == max_pain(STRIKES, ticks.oi[calls], ticks.oi[puts])
    assert [REASONS[c] for c in (*found.oi_reason, *found.volume_reason, *found.iv_reason)] == [""] * 6


def test_frame_then_money_straddle_and_expected_move() -> None:
    found = frame()
    e = found.expiries
    assert e.atm_strike.tolist() == [24_850, 24_950]
    assert e.atm_iv == pytest.approx([0.13, 0.13], abs=5e-4)
    assert e.expected_move == pytest.approx(e.forward * e.atm_iv * np.sqrt([t.years for t in TERMS]))
    rows = np.flatnonzero((found.layout.strike == 24_850) & (found.layout.expiry == 0))
    assert e.straddle[0] == pytest.approx(found.rows.price[rows].sum())


def test_frame_when_rows_come_in_any_order_then_the_same_figures() -> None:
    layout, ticks, terms = chain()
    mix = np.random.default_rng(2).permutation(layout.strike.size)
    shuffled = Layout.of(layout.expiry[mix], layout.strike[mix], layout.call[mix], 75)
    moved = Ticks(**{n: getattr(ticks, n)[mix] for n in Ticks.__struct_fields__})
    straight, mixed = chain_frame(layout, ticks, terms), chain_frame(shuffled, moved, terms)
    for name in ("price", "iv", "delta", "gex", "build_up"):
        assert getattr(mixed.rows, name) == pytest.approx(getattr(straight.rows, name)[mix], nan_ok=True)
    assert mixed.expiries.max_pain.tolist() == straight.expiries.max_pain.tolist()


def test_frame_when_all_open_interest_is_zero_then_nan_with_a_reason() -> None:
    found = frame(oi=np.zeros(4 * STRIKES.size)).expiries
    for name in ("pcr_oi", "max_pain", "gex"):
        assert np.isnan(getattr(found, name)).all(), name
    assert [REASONS[c] for c in found.oi_reason] == ["no_open_interest"] * 2


def test_frame_when_nothing_was_traded_then_no_ratio_of_volume() -> None:
    found = frame(volume=np.zeros(4 * STRIKES.size)).expiries
    assert np.isnan(found.pcr_volume).all()
    assert [REASONS[c] for c in found.volume_reason] == ["no_volume"] * 2


def test_frame_when_quotes_are_crossed_then_the_last_trade_and_it_says_so() -> None:
    _, ticks, _ = chain()
    bid = ticks.bid.copy()
    bid[10] = ticks.ask[10] + 5
    found = frame(bid=bid)
    assert PRICE_SOURCES[found.rows.price_source[10]] == "crossed"
    assert found.rows.price[10] == ticks.last[10]
    assert np.isnan(found.rows.spread[10])
    untouched = np.delete(np.arange(bid.size), 10)
    assert found.rows.iv[untouched] == pytest.approx(frame().rows.iv[untouched], abs=1e-4)


def test_frame_when_a_row_has_neither_quote_nor_trade_then_that_row_alone_is_nan() -> None:
    _, ticks, _ = chain()
    gone = {n: np.where(np.arange(ticks.bid.size) == 7, NAN, getattr(ticks, n)) for n in ("bid", "ask", "last")}
    found = frame(**gone)
    assert np.isnan(found.rows.price[7])
    assert np.isnan(found.rows.iv[7])
    assert found.rows.iv_reason[7] == codes.NOT_A_NUMBER
    assert PRICE_SOURCES[found.rows.price_source[7]] == "none"
    # the put of that strike still gives its Greeks
    assert np.isfinite(found.rows.delta[7])
    assert np.isfinite(np.delete(found.rows.iv, 7)).all()


def test_frame_when_one_strike_is_quoted_then_its_money_is_known_and_the_rest_is_nan() -> None:
    layout, ticks, _ = chain()
    only = (layout.strike == 24_850) & (layout.expiry == 0)
    blank = {n: np.where(only, getattr(ticks, n), NAN) for n in ("bid", "ask", "last")}
    found = frame(**blank)
    assert found.expiries.atm_iv[0] == pytest.approx(0.13, abs=2e-3)
    assert np.isfinite(found.expiries.straddle[0])
    assert np.isnan(found.expiries.atm_iv[1])
    assert np.isnan(found.expiries.straddle[1])
    assert REASONS[found.expiries.iv_reason[1]] == "no_quotes"
    assert FORWARD_SOURCES[found.expiries.forward_source[1]] == "carry"


def test_frame_when_nothing_is_quoted_then_the_future_says_the_forward() -> None:
    blank = {n: np.full(4 * STRIKES.size, NAN) for n in ("bid", "ask", "last")}
    found = frame(**blank, future=np.array([24_900.0, NAN])).expiries
    assert [FORWARD_SOURCES[c] for c in found.forward_source] == ["future", "carry"]
    assert found.forward[0] == 24_900


def test_frame_when_an_expiry_is_past_then_nan_and_the_other_is_whole() -> None:
    found = frame(years=np.array([0.0, TERMS[1].years]))
    assert np.isnan(found.expiries.atm_iv[0])
    assert REASONS[found.expiries.iv_reason[0]] == "no_time"
    assert np.isfinite(found.expiries.atm_iv[1])
    late = found.layout.expiry == 1
    assert np.isfinite(found.rows.delta[late]).all()


def test_frame_when_the_spot_is_unknown_then_parity_still_gives_the_forward() -> None:
    found = frame(spot=np.full(2, NAN)).expiries
    assert found.forward == pytest.approx([t.forward for t in TERMS], abs=0.05)


def test_frame_when_a_strike_has_no_put_then_the_calls_are_all_right() -> None:
    layout, ticks, terms = chain()
    kept = np.flatnonzero(layout.call | (layout.strike != 25_000))
    thin = Layout.of(layout.expiry[kept], layout.strike[kept], layout.call[kept], 75)
    found = chain_frame(thin, Ticks(**{n: getattr(ticks, n)[kept] for n in Ticks.__struct_fields__}), terms)
    assert np.isfinite(found.rows.iv).all()
    assert np.isfinite(found.expiries.atm_iv).all()


def test_layout_then_refuses_what_is_no_chain() -> None:
    with pytest.raises(Invalid, match="at least one"):
        Layout.of([], [], [])
    with pytest.raises(Invalid, match="twice"):
        Layout.of([0, 0], [100, 100], [True, True])
    with pytest.raises(Invalid, match="length"):
        Layout.of([0, 0], [100], [True, False])
    with pytest.raises(Invalid, match="numbered"):
        Layout.of([0, 2], [100, 100], [True, True])


def test_frame_when_quotes_do_not_fit_the_contracts_then_invalid() -> None:
    layout, ticks, terms = chain()
    with pytest.raises(Invalid):
        chain_frame(layout, msgspec.structs.replace(ticks, bid=ticks.bid[:5]), terms)
