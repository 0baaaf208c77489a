"""Any smile and any quotes: distributions are distributions, slices obey their bounds, fits hold no free money."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.options import arbitrage, open_interest, ssvi, svi
from server.options.smile import Smile, strike_at_delta
from server.options.surface import fit_surface
from tests.option_chain import FAR, NEAR, quotes

surfaces = st.builds(ssvi.Ssvi, st.floats(-0.9, 0.9), st.floats(0.1, 1.0), st.floats(0.1, 0.5))
thetas = st.floats(1e-5, 0.2)
LOOK = np.linspace(-1.5, 1.5, 1501)


@settings(deadline=None, max_examples=80)
@given(surfaces, thetas)
def test_ssvi_then_no_butterfly_and_a_distribution(surface: ssvi.Ssvi, theta: float) -> None:
    slices = surface.slices(theta)
    assert svi.total_variance(slices, np.zeros(1))[0, 0] == pytest.approx(theta)
    assert arbitrage.butterfly(slices, LOOK)[0] >= -1e-9
    a, b, rho, m, s = slices[0].tolist()
    smile = Smile(forward=100.0, years=0.1, kind="ssvi", parameters=(a, b, rho, m, s))
    x = 100 * np.exp(np.linspace(-40, 40, 4001) * np.sqrt(theta))
    chance = smile.cdf(x)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.diff(chance) >= -1e-9).all()
    assert (smile.density(x) >= -1e-9).all()
    assert np.trapezoid(smile.density(x), x) == pytest.approx(float(chance[-1] - chance[0]), abs=2e-3)


@settings(deadline=None, max_examples=40)
@given(surfaces, thetas, st.floats(1.01, 4))
def test_ssvi_when_time_passes_then_total_variance_rises(surface: ssvi.Ssvi, theta: float, longer: float) -> None:
    near, far = svi.total_variance(surface.slices([theta, theta * longer]), LOOK)
    assert (far >= near - 1e-12).all()


@settings(deadline=None, max_examples=60)
@given(surfaces, thetas, st.integers(9, 60), st.floats(1.0, 8.0))
def test_svi_when_points_lie_on_a_slice_then_it_goes_through_them(
    surface: ssvi.Ssvi, theta: float, count: int, deviations: float
) -> None:
    reach = deviations * float(np.sqrt(theta))
    k = np.linspace(-reach, 0.8 * reach, count)[None]
    w = svi.total_variance(surface.slices(theta), k)
    found, _ = svi.fit(k, w, np.ones_like(w))
    # squares of variances are fitted: what counts is the highest volatility, not the all but zero foot of a steep slice
    near = 1e-2 * float(np.sqrt(w.max()))
    assert np.sqrt(svi.total_variance(found, k)) == pytest.approx(np.sqrt(w), abs=near)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(5, 40), st.floats(0.001, 0.3))
def test_svi_when_points_are_anything_then_bounds_hold(seed: int, count: int, reach: float) -> None:
    rng = np.random.default_rng(seed)
    k = np.sort(rng.uniform(-reach, reach, (3, count)), 1)
    found, left = svi.fit(k, rng.lognormal(-7, 1, k.shape), rng.uniform(0.1, 10, k.shape))
    assert np.isfinite(found).all()
    assert np.isfinite(left).all()
    assert (found[:, 1] >= 0).all()
    assert (np.abs(found[:, 2]) < 1).all()
    assert (found[:, 4] > 0).all()
    assert (svi.total_variance(found, LOOK) > 0).all()


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.02), st.floats(0.05, 1.0), st.booleans())
def test_surface_when_quotes_are_shaken_and_holed_then_no_free_money(
    seed: int, noise: float, kept: float, refine: bool
) -> None:
    rng = np.random.default_rng(seed)
    shaken = []
    for expiry in (NEAR, FAR):
        q = quotes(expiry, half=0.01)
        columns = {}
        for name in ("call_bid", "call_ask", "put_bid", "put_ask"):
            moved = getattr(q, name) * (1 + noise * rng.standard_normal(q.strike.size))
            columns[name] = np.where(rng.random(q.strike.size) < kept, moved, np.nan)
        shaken.append(msgspec.structs.replace(q, **columns))
    found = fit_surface(shaken, refine=refine)
    for smile, fit in zip(found.smiles, found.fits, strict=True):
        if smile is None:
            assert fit.reason
            continue
        assert fit.butterfly >= -1e-9
        assert fit.calendar <= 0.01
        x = smile.forward * np.exp(np.linspace(-6, 6, 801) * smile.total)
        assert smile.density(x).min() >= -1e-9
        assert (np.diff(smile.cdf(x)) >= -1e-9).all()
        assert np.isfinite(smile.iv(x)).all()


@settings(deadline=None, max_examples=40)
@given(surfaces, thetas, st.floats(0.05, 0.95))
def test_strike_at_delta_then_its_call_has_that_delta(surface: ssvi.Ssvi, theta: float, delta: float) -> None:
    from server.options.normal import cdf

    a, b, rho, m, s = surface.slices(theta)[0].tolist()
    smile = Smile(forward=100.0, years=0.1, kind="ssvi", parameters=(a, b, rho, m, s))
    strike = strike_at_delta(smile, delta)
    if strike is not None:
        k = float(np.log(strike / 100))
        root = float(np.sqrt(smile.total_variance(k)[0]))
        assert float(cdf(-k / root + 0.5 * root)) == pytest.approx(delta, abs=5e-3)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=40))
def test_max_pain_then_no_strike_pays_less(held: list[tuple[int, int]]) -> None:
    strikes = np.arange(len(held)) * 50.0 + 20_000
    calls, puts = (np.array(side, float) for side in zip(*held, strict=True))
    paid = (np.maximum(strikes[:, None] - strikes, 0) @ calls) + (np.maximum(strikes - strikes[:, None], 0) @ puts)
    found = open_interest.max_pain(strikes, calls, puts)
    if not (calls.any() or puts.any()):
        assert found is None
    else:
        assert found is not None
        assert paid[strikes == found][0] == pytest.approx(paid.min(), rel=1e-9, abs=1e-3)
