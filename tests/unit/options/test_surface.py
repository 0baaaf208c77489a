"""Smiles fitted: the curve found again, no free money left, quotes kept, thin expiries filled in and said so."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from server.core.errors import Invalid
from server.options import arbitrage, ssvi, svi
from server.options.density import LinearDensity, call_rows, put_rows, weights
from server.options.smile import Smile, measures, strike_at_delta
from server.options.surface import SmileQuotes, Surface, fit_surface
from tests.bench.bench_surface import quotes as real_quotes
from tests.option_chain import FAR, NEAR, NEXT, SPOT, quotes, smile, term
from tests.real_chains import chain_2023, with_forwards
from tests.shared import shared

ALL = (NEAR, NEXT, FAR)
TRUE = np.array([[0.0004, 0.02, -0.4, 0.005, 0.02], [0.001, 0.03, 0.2, -0.01, 0.05], [0.002, 0.05, -0.7, 0.02, 0.1]])


@pytest.fixture(scope="module")
def refined() -> Surface:
    return fit_surface([quotes(e) for e in ALL])


@pytest.fixture(scope="module")
def plain() -> Surface:
    return fit_surface([quotes(e) for e in ALL], refine=False)


def blanked(q: SmileQuotes, kept: np.ndarray) -> SmileQuotes:
    """Quotes at the strikes in `kept` only."""
    columns = {n: np.where(kept, getattr(q, n), np.nan) for n in ("call_bid", "call_ask", "put_bid", "put_ask")}
    return msgspec.structs.replace(q, **columns)


def calendars(surface: Surface) -> float:
    """Worst calendar spread, in rupees: what an earlier option is dearer than the same of a later expiry."""
    found = [s for s in surface.smiles if s is not None]
    k = np.linspace(-0.12, 0.12, 601)
    worst = 0.0
    for near, far in pairwise(found):
        values = [s.put(s.forward * np.exp(k)) / s.forward for s in (near, far)]
        worst = max(worst, float((values[0] - values[1]).max()) * near.forward)
    return worst


def test_svi_when_the_points_lie_on_one_then_it_is_found_again() -> None:
    k = np.linspace(-0.1, 0.08, 41)[None].repeat(3, 0)
    w = svi.total_variance(TRUE, k)
    found, left = svi.fit(k, w, np.ones_like(w))
    assert svi.total_variance(found, k) == pytest.approx(w, rel=1e-5)
    assert (left < 1e-12).all()


def test_svi_when_slices_differ_in_length_then_each_is_fitted_by_its_own_points() -> None:
    k = np.linspace(-0.1, 0.08, 41)[None].repeat(3, 0)
    w = svi.total_variance(TRUE, k)
    weight = np.ones_like(w)
    weight[1, 20:] = 0.0
    w[1, 20:] = 99.0
    found, _ = svi.fit(k, w, weight)
    assert svi.total_variance(found[:1], k[:1]) == pytest.approx(w[:1], rel=1e-5)
    assert svi.total_variance(found[1:2], k[1:2])[:, :20] == pytest.approx(w[1:2, :20], rel=1e-5)


def test_svi_when_points_are_noise_then_still_a_curve_that_is_one() -> None:
    rng = np.random.default_rng(3)
    k = np.sort(rng.uniform(-0.1, 0.1, (20, 12)), 1)
    found, _ = svi.fit(k, rng.uniform(1e-4, 1e-2, k.shape), np.ones_like(k))
    assert np.isfinite(found).all()
    assert (found[:, 1] >= 0).all()
    assert (np.abs(found[:, 2]) < 1).all()
    assert (svi.total_variance(found, np.linspace(-1, 1, 500)) > 0).all()


def test_svi_slopes_then_they_are_those_of_the_curve() -> None:
    k, h = np.linspace(-0.1, 0.1, 11), 1e-5
    w, slope, bend = svi.with_slopes(TRUE, k)
    up, down = svi.total_variance(TRUE, k + h), svi.total_variance(TRUE, k - h)
    assert slope == pytest.approx((up - down) / (2 * h), rel=1e-6)
    assert bend == pytest.approx((up - 2 * w + down) / h**2, rel=1e-3)


def test_ssvi_then_found_again_and_free_of_arbitrage() -> None:
    true = ssvi.Ssvi(-0.4, 1.1, 0.4)
    theta = np.array([0.0004, 0.0012, 0.004, 0.02])
    k = np.linspace(-0.15, 0.12, 31)[None].repeat(4, 0)
    found, left = ssvi.fit(k, svi.total_variance(true.slices(theta), k), np.ones_like(k), theta)
    assert (found.rho, found.eta, found.gamma) == pytest.approx((-0.4, 1.1, 0.4), abs=1e-3)
    assert left.max() < 1e-10
    look = np.linspace(-2, 2, 2001)
    slices = found.slices(theta)
    assert arbitrage.butterfly(slices, look).min() >= 0
    levels = svi.total_variance(slices, look)
    assert (np.diff(levels, axis=0) >= 0).all()


def test_repaired_when_a_slice_holds_a_butterfly_then_none_is_left() -> None:
    # the classic example of Axel Vogt: a smooth smile whose density dips below zero
    bad = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])
    k = np.linspace(-1.2, 1.2, 49)
    w = svi.total_variance(bad[None], k)[0]
    look = np.linspace(-1.5, 1.5, 241)
    assert arbitrage.butterfly(bad[None], look)[0] < 0
    free, full = np.zeros(look.size), np.full(look.size, np.inf)
    safe = np.array([float(np.median(w)), 0.0, 0.0, 0.0, 0.1])
    found, bent = arbitrage.repaired(bad, k, w, np.ones_like(w), free, full, look, safe)
    assert bent
    assert arbitrage.butterfly(found[None], np.linspace(-1.5, 1.5, 5001))[0] > -1e-3
    assert np.abs(np.sqrt(svi.total_variance(found[None], k)[0]) - np.sqrt(w)).max() < 0.03


def test_surface_then_within_the_quotes_and_by_its_own_word(refined: Surface) -> None:
    for q, s, fit in zip([quotes(e) for e in ALL], refined.smiles, refined.fits, strict=True):
        assert fit.kind == "refined"
        assert fit.reason == ""
        assert fit.inside is not None
        assert fit.inside >= 0.97
        assert s is not None
        k = np.log(q.strike / q.forward)
        near = np.abs(k) < 0.04
        assert s.iv(q.strike[near]) == pytest.approx(smile(k[near]), abs=2e-3)


@pytest.mark.parametrize("which", ["refined", "plain"])
def test_surface_then_no_free_money_is_left(which: str, request: pytest.FixtureRequest) -> None:
    surface: Surface = request.getfixturevalue(which)
    assert calendars(surface) < 0.002
    for s, fit in zip(surface.smiles, surface.fits, strict=True):
        assert s is not None
        x = s.forward * np.exp(np.linspace(-0.15, 0.12, 4001))
        assert s.density(x).min() >= -1e-12
        assert fit.butterfly >= 0
        assert fit.calendar < 0.002


@pytest.mark.parametrize("which", ["refined", "plain"])
def test_smile_then_its_distribution_is_one(which: str, request: pytest.FixtureRequest) -> None:
    s = request.getfixturevalue(which).smiles[1]
    x = np.linspace(0.6 * SPOT, 1.4 * SPOT, 200_001)
    d = s.density(x)
    assert np.trapezoid(d, x) == pytest.approx(1, abs=1e-4)
    assert np.trapezoid(d * x, x) == pytest.approx(s.mean, rel=1e-4)
    assert np.trapezoid(d * np.maximum(25_000 - x, 0), x) == pytest.approx(float(s.put(25_000.0)), rel=1e-3)
    assert np.gradient(s.cdf(x), x)[1000:-1000:5000] == pytest.approx(d[1000:-1000:5000], abs=2e-6)
    p = np.array([0.05, 0.5, 0.95])
    assert s.cdf(s.quantile(p)) == pytest.approx(p, abs=2e-3)


def test_surface_between_expiries_then_total_variance_rises(refined: Surface) -> None:
    years = np.linspace(term(NEAR).years / 2, term(FAR).years * 1.5, 20)
    levels = np.stack([refined.total_variance([-0.03, 0.0, 0.03], t) for t in years])
    assert (np.diff(levels, axis=0) > 0).all()
    assert refined.iv(0.0, term(NEXT).years)[0] == pytest.approx(0.13, abs=1e-3)
    with pytest.raises(Invalid):
        refined.iv(0.0, 0.0)


def test_surface_then_term_structure_and_slope(refined: Surface) -> None:
    assert [t for t, _ in refined.term_structure()] == [term(e).years for e in ALL]
    assert [v for _, v in refined.term_structure()] == pytest.approx([0.13] * 3, abs=5e-4)
    assert refined.slope() == "flat"
    assert fit_surface([quotes(NEAR)], refine=False).slope() is None


def test_measures_then_the_smile_it_was_made_from(refined: Surface) -> None:
    found = refined.measures()[2]
    assert found is not None
    assert found.atm_iv == pytest.approx(0.13, abs=5e-4)
    assert found.skew == pytest.approx(-0.15, abs=0.03)
    assert found.risk_reversal_25 is not None
    assert found.risk_reversal_25 < 0
    assert found.butterfly_25 is not None
    assert found.put_25 is not None
    assert found.put_25_strike is not None
    assert found.call_25_strike is not None
    assert found.put_25_strike < SPOT < found.call_25_strike
    assert found.put_25 == pytest.approx(float(smile(np.log(found.put_25_strike / term(FAR).forward))), abs=1e-3)
    assert found.expected_move == pytest.approx(term(FAR).forward * 0.13 * np.sqrt(term(FAR).years), rel=5e-3)
    assert found.low < SPOT < found.high


def test_strike_at_delta_of_a_flat_smile_then_the_textbooks() -> None:
    flat = Smile(forward=100.0, years=1.0, kind="flat", parameters=(0.04, 0.0, 0.0, 0.0, 0.1))
    # N(d1) = 0.25 at d1 = -0.6745, so log(F/K) = -0.6745 * 0.2 - 0.02
    assert strike_at_delta(flat, 0.25) == pytest.approx(100 * np.exp(0.67449 * 0.2 + 0.02), rel=1e-3)
    assert strike_at_delta(flat, -0.25) == pytest.approx(100 * np.exp(-0.67449 * 0.2 + 0.02), rel=1e-3)
    found = measures(flat)
    assert found.skew == pytest.approx(0, abs=1e-9)
    assert found.risk_reversal_25 == pytest.approx(0, abs=1e-9)


def test_surface_when_an_expiry_is_thin_then_filled_in_from_the_common_smile_and_said_so() -> None:
    middle = quotes(NEXT)
    kept = np.isin(middle.strike, [24_700.0, 24_850.0, 25_000.0])
    found = fit_surface([quotes(NEAR), blanked(middle, kept), quotes(FAR)])
    assert (found.fits[1].kind, found.fits[1].reason, found.fits[1].points) == ("ssvi", "few_strikes", 3)
    s = found.smiles[1]
    assert s is not None
    assert s.iv([24_850.0])[0] == pytest.approx(0.13, abs=3e-3)
    assert calendars(found) < 0.002


def test_surface_when_one_strike_is_quoted_in_all_then_flat_and_said_so() -> None:
    q = quotes(NEAR)
    found = fit_surface([blanked(q, q.strike == 24_850.0)])
    assert (found.fits[0].kind, found.fits[0].reason) == ("flat", "one_strike")
    s = found.smiles[0]
    assert s is not None
    assert s.iv([24_000.0, 24_850.0, 26_000.0]) == pytest.approx([0.13] * 3, abs=2e-3)
    assert found.ssvi is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"years": 0.0}, "no_time"),
        ({"years": float("nan")}, "no_time"),
        ({"forward": float("nan")}, "no_forward"),
    ],
)
def test_surface_when_an_expiry_cannot_be_fitted_then_it_is_empty_and_harms_no_other(
    change: dict[str, float], reason: str
) -> None:
    found = fit_surface([msgspec.structs.replace(quotes(NEAR), **change), quotes(NEXT)], refine=False)
    empty = found.smiles.index(None)
    assert found.fits[empty].reason == reason
    assert found.fits[1 - empty].kind == "svi"


def test_surface_when_nothing_is_quoted_then_no_smile_and_a_sentence() -> None:
    q = quotes(NEAR)
    found = fit_surface([blanked(q, np.zeros(q.strike.size, bool))])
    assert found.fits[0].reason == "no_quotes"
    with pytest.raises(Invalid, match="quotes"):
        found.iv(0.0, 0.1)


def test_surface_when_quotes_are_crossed_then_those_strikes_are_left_out() -> None:
    q = quotes(NEAR)
    bid = q.put_bid.copy()
    bid[30] = q.put_ask[30] + 20
    found = fit_surface([msgspec.structs.replace(q, put_bid=bid)], refine=False)
    assert found.fits[0].points == fit_surface([q], refine=False).fits[0].points - 1


def test_surface_of_nothing_or_of_ragged_arrays_then_invalid() -> None:
    with pytest.raises(Invalid):
        fit_surface([])
    with pytest.raises(Invalid):
        fit_surface([msgspec.structs.replace(quotes(NEAR), call_bid=np.zeros(3))])


def test_density_then_rows_and_distribution_agree() -> None:
    rng = np.random.default_rng(5)
    nodes = np.sort(rng.uniform(0.5, 1.5, 30))
    heights = rng.uniform(0, 1, 30)
    mass, moment = weights(nodes)
    heights /= mass @ heights
    mean = float(moment @ heights)
    found = LinearDensity(mean, nodes / mean, heights * mean)
    x = np.linspace(0.4, 1.6, 25)
    assert call_rows(x, nodes) @ heights == pytest.approx(found.call(x), abs=1e-12)
    assert put_rows(x, nodes) @ heights == pytest.approx(found.put(x), abs=1e-12)
    assert found.call(x) - found.put(x) == pytest.approx(mean - x, abs=1e-12)
    chance = np.linspace(0, 1, 21)
    assert found.cdf(found.quantile(chance)) == pytest.approx(chance, abs=1e-12)


def test_surface_when_a_far_wing_falls_under_its_neighbour_then_the_smile_is_led_clear_of_it_not_given_up() -> None:
    path = shared("data/option_chain/json/nse_option_chain_BANKNIFTY_2023-05-03.json.gz")
    rows = with_forwards(chain_2023(path))
    surface = fit_surface([real_quotes(part) for _, part in rows.groupby("expiry")][:2])
    day, week = surface.fits
    # one place 24 % below the money, worth less than a paisa, once cost the whole smile of the last day
    assert (day.kind, week.kind) == ("refined", "refined")
    assert day.inside is not None and day.inside > 0.8
    assert max(day.calendar, week.calendar) < 0.002
